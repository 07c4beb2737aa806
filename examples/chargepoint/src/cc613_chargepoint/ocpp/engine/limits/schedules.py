"""A backend's charging schedule without its words: both versions spell it alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cc613_chargepoint.ocpp.messages import v16_types, v201_charging_types
from cc613_chargepoint.ocpp.smart_charging import Kind, Period, Recurrence, Schedule, Unit

__all__ = ["KINDS", "RECURRENCES", "schedule_of"]

KINDS: Mapping[Literal["Absolute", "Recurring", "Relative"], Kind] = {
    "Absolute": Kind.ABSOLUTE,
    "Recurring": Kind.RECURRING,
    "Relative": Kind.RELATIVE,
}
RECURRENCES: Mapping[Literal["Daily", "Weekly"], Recurrence] = {"Daily": Recurrence.DAILY, "Weekly": Recurrence.WEEKLY}


def schedule_of(said: v16_types.ChargingSchedule | v201_charging_types.ChargingSchedule) -> Schedule:
    """A schedule without its words; a name of its own and a phase to use are said in 2.0.1 alone."""
    return Schedule(
        id=said.id if isinstance(said, v201_charging_types.ChargingSchedule) else None,
        unit=Unit(said.charging_rate_unit),
        periods=tuple(
            Period(
                start_s=each.start_period,
                limit=each.limit,
                phases=each.number_phases,
                phase=each.phase_to_use if isinstance(each, v201_charging_types.ChargingSchedulePeriod) else None,
            )
            for each in said.charging_schedule_period
        ),
        start=said.start_schedule,
        duration_s=said.duration,
        min_rate=said.min_charging_rate,
    )
