"""What a backend asks in the profile Smart Charging."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.limits.schedules import KINDS, RECURRENCES, schedule_of
from cc613_chargepoint.ocpp.messages import encoded, v16
from cc613_chargepoint.ocpp.messages.v16_types import ChargingProfile, ChargingSchedule, ChargingSchedulePeriod
from cc613_chargepoint.ocpp.rpc import Reply
from cc613_chargepoint.ocpp.smart_charging import Composite, Criteria, Profile, Purpose, Unit

__all__ = ["SmartCharging16", "profile_of"]

_PURPOSES = {"ChargePointMaxProfile": Purpose.STATION_MAX, "TxDefaultProfile": Purpose.TX_DEFAULT, "TxProfile": Purpose.TX}


def profile_of(said: ChargingProfile) -> Profile:
    """A profile of 1.6 without its words."""
    return Profile(
        id=said.charging_profile_id,
        stack_level=said.stack_level,
        purpose=_PURPOSES[said.charging_profile_purpose],
        kind=KINDS[said.charging_profile_kind],
        schedule=schedule_of(said.charging_schedule),
        recurrence=None if said.recurrency_kind is None else RECURRENCES[said.recurrency_kind],
        valid_from=said.valid_from,
        valid_to=said.valid_to,
        transaction=None if said.transaction_id is None else str(said.transaction_id),
    )


class SmartCharging16:
    """Carries it out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Reply]]]:
        """Action → who carries it out."""
        return {
            "SetChargingProfile": self._set,
            "ClearChargingProfile": self._clear,
            "GetCompositeSchedule": self._composite,
        }

    async def _set(self, request: v16.SetChargingProfile) -> Reply:
        why = await self._engine.charging.install(profile_of(request.cs_charging_profiles), request.connector_id)
        return Reply(encoded(v16.SetChargingProfileResponse(status="Accepted" if why is None else "Rejected")))

    async def _clear(self, request: v16.ClearChargingProfile) -> Reply:
        purpose = request.charging_profile_purpose
        criteria = Criteria(
            id=request.id,
            connector=request.connector_id,
            purpose=None if purpose is None else _PURPOSES[purpose],
            stack_level=request.stack_level,
        )
        count = await self._engine.charging.clear(criteria)
        return Reply(encoded(v16.ClearChargingProfileResponse(status="Accepted" if count else "Unknown")))

    async def _composite(self, request: v16.GetCompositeSchedule) -> Reply:
        if request.connector_id not in {0, *self._engine.operations.connectors} or request.duration < 0:
            return Reply(encoded(v16.GetCompositeScheduleResponse(status="Rejected")))
        unit = Unit(request.charging_rate_unit or "A")
        found = await self._engine.charging.composite(request.connector_id, request.duration, unit)
        return Reply(encoded(_told(found)))


def _told(found: Composite) -> v16.GetCompositeScheduleResponse:
    periods = tuple(ChargingSchedulePeriod(start_period=each.start_s, limit=each.limit, number_phases=each.phases) for each in found.steps)
    return v16.GetCompositeScheduleResponse(
        status="Accepted",
        connector_id=found.connector,
        schedule_start=found.start,
        charging_schedule=ChargingSchedule(
            charging_rate_unit=found.unit.value, charging_schedule_period=periods, duration=found.duration_s
        ),
    )
