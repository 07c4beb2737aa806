"""Types of smart charging in OCPP 2.0.1 (specification edition 3, part 2, chapter 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Range, Text
from cc613_chargepoint.ocpp.messages.v201_types import Extensible
from cc613_chargepoint.ocpp.messages.v201_words import (
    ChargingLimitSource,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    CostKind,
    EnergyTransferMode,
    RecurrencyKind,
)

__all__ = [
    "AcChargingParameters",
    "ChargingLimit",
    "ChargingNeeds",
    "ChargingProfile",
    "ChargingProfileCriterion",
    "ChargingSchedule",
    "ChargingSchedulePeriod",
    "CompositeSchedule",
    "ConsumptionCost",
    "Cost",
    "DcChargingParameters",
    "ProfilesToClear",
    "RelativeTimeInterval",
    "SalesTariff",
    "SalesTariffEntry",
]


@frozen(kw_only=True)
class AcChargingParameters(Extensible):
    """What the vehicle wants with alternating current."""

    energy_amount: int
    ev_min_current: int
    ev_max_current: int
    ev_max_voltage: int


@frozen(kw_only=True)
class ChargingLimit(Extensible):
    """Who limits."""

    charging_limit_source: ChargingLimitSource
    is_grid_critical: bool | None = None


@frozen(kw_only=True)
class DcChargingParameters(Extensible):
    """What the vehicle wants with direct current."""

    ev_max_current: int
    ev_max_voltage: int
    energy_amount: int | None = None
    ev_max_power: int | None = None
    state_of_charge: Annotated[int, Range(0.0, 100.0)] | None = None
    ev_energy_capacity: int | None = None
    full_so_c: Annotated[int, Range(0.0, 100.0)] | None = None
    bulk_so_c: Annotated[int, Range(0.0, 100.0)] | None = None


@frozen(kw_only=True)
class ChargingNeeds(Extensible):
    """What the vehicle wants."""

    requested_energy_transfer: EnergyTransferMode
    ac_charging_parameters: AcChargingParameters | None = None
    dc_charging_parameters: DcChargingParameters | None = None
    departure_time: datetime | None = None


@frozen(kw_only=True)
class ChargingSchedulePeriod(Extensible):
    """A limit from a second of the schedule on."""

    start_period: int
    limit: float
    number_phases: int | None = None
    phase_to_use: int | None = None


@frozen(kw_only=True)
class RelativeTimeInterval(Extensible):
    """From when, for how long, in seconds."""

    start: int
    duration: int | None = None


@frozen(kw_only=True)
class Cost(Extensible):
    """A cost of a kind."""

    cost_kind: CostKind
    amount: int
    amount_multiplier: int | None = None


@frozen(kw_only=True)
class ConsumptionCost(Extensible):
    """What a block of consumption costs."""

    start_value: float
    cost: Annotated[tuple[Cost, ...], Items(1, 3)]


@frozen(kw_only=True)
class SalesTariffEntry(Extensible):
    """A price from a time on."""

    relative_time_interval: RelativeTimeInterval
    e_price_level: Annotated[int, Range(0.0)] | None = None
    consumption_cost: Annotated[tuple[ConsumptionCost, ...], Items(1, 3)] | None = None


@frozen(kw_only=True)
class SalesTariff(Extensible):
    """Prices over time."""

    id: int
    sales_tariff_entry: Annotated[tuple[SalesTariffEntry, ...], Items(1, 1024)]
    sales_tariff_description: Annotated[str, Text(32)] | None = None
    num_e_price_levels: int | None = None


@frozen(kw_only=True)
class ChargingSchedule(Extensible):
    """Limits over time."""

    id: int
    charging_rate_unit: ChargingRateUnit
    charging_schedule_period: Annotated[tuple[ChargingSchedulePeriod, ...], Items(1, 1024)]
    start_schedule: datetime | None = None
    duration: int | None = None
    min_charging_rate: float | None = None
    sales_tariff: SalesTariff | None = None


@frozen(kw_only=True)
class ChargingProfile(Extensible):
    """Schedules, what they are for, and when they count."""

    id: int
    stack_level: int
    charging_profile_purpose: ChargingProfilePurpose
    charging_profile_kind: ChargingProfileKind
    charging_schedule: Annotated[tuple[ChargingSchedule, ...], Items(1, 3)]
    recurrency_kind: RecurrencyKind | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: Annotated[str, Text(36)] | None = None


@frozen(kw_only=True)
class ChargingProfileCriterion(Extensible):
    """Which profiles are meant."""

    charging_profile_purpose: ChargingProfilePurpose | None = None
    stack_level: int | None = None
    charging_profile_id: Annotated[tuple[int, ...], Items(1)] | None = None
    charging_limit_source: Annotated[tuple[ChargingLimitSource, ...], Items(1, 4)] | None = None


@frozen(kw_only=True)
class CompositeSchedule(Extensible):
    """What all profiles together allow."""

    charging_schedule_period: Annotated[tuple[ChargingSchedulePeriod, ...], Items(1)]
    evse_id: int
    duration: int
    schedule_start: datetime
    charging_rate_unit: ChargingRateUnit


@frozen(kw_only=True)
class ProfilesToClear(Extensible):
    """Which profiles go."""

    evse_id: int | None = None
    charging_profile_purpose: ChargingProfilePurpose | None = None
    stack_level: int | None = None
