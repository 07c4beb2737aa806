"""Charging profiles without the words of one OCPP version: 1.6 and 2.0.1 are two spellings of these values."""

from __future__ import annotations

import enum
import math
from datetime import datetime

from attrs import frozen

__all__ = ["Charge", "Installed", "Kind", "Outlet", "Period", "Profile", "Purpose", "Recurrence", "Schedule", "Unit"]


class Purpose(enum.Enum):
    """What a profile limits."""

    STATION_MAX = "station-max"
    """The whole station (1.6 ``ChargePointMaxProfile``, 2.0.1 ``ChargingStationMaxProfile``)."""
    EXTERNAL = "external"
    """What another system than the backend has set (2.0.1 ``ChargingStationExternalConstraints``)."""
    TX_DEFAULT = "tx-default"
    """A transaction that has no profile of its own."""
    TX = "tx"
    """One transaction."""


class Kind(enum.Enum):
    """From when the periods of a profile count."""

    ABSOLUTE = "absolute"
    """From the schedule's start; without one, from the start of charging."""
    RECURRING = "recurring"
    """From the schedule's start, again every day or week at the same time on the station's clock."""
    RELATIVE = "relative"
    """From the start of charging."""


class Recurrence(enum.Enum):
    """How often a recurring profile begins again; the value is in days."""

    DAILY = 1
    WEEKLY = 7


class Unit(enum.Enum):
    """What a limit is given in."""

    AMPERE = "A"
    """Per phase."""
    WATT = "W"
    """Over all phases."""


@frozen(kw_only=True)
class Period:
    """A limit from some second of the schedule until the next period.

    Attributes:
        start_s: after the start of the schedule, s.
        limit: A per phase or W over all phases, as the schedule says.
        phases: over which it is meant, 1 … 3; ``None`` where nothing was said.
        phase: on which to charge, where it is for one; ``None`` where nothing was said.
    """

    start_s: int
    limit: float
    phases: int | None = None
    phase: int | None = None


@frozen(kw_only=True)
class Schedule:
    """The periods of a profile.

    Attributes:
        unit: of every limit.
        periods: in order; the last one holds until the end of the schedule.
        start: from when they count; see :class:`Kind`.
        duration_s: how long the schedule lasts; ``None`` for ever.
        min_rate: below this the vehicle charges badly, in ``unit``; a hint.
        id: what the backend calls the schedule; ``None`` where it has no name of its own (1.6).
    """

    unit: Unit
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration_s: int | None = None
    min_rate: float | None = None
    id: int | None = None


@frozen(kw_only=True)
class Profile:
    """A charging profile.

    Attributes:
        id: the backend's number for it.
        stack_level: of several that hold at a time the highest counts.
        purpose: what it limits.
        kind: from when its periods count.
        schedule: the periods.
        recurrence: of a recurring one.
        valid_from: before, it does not count.
        valid_to: from then on, it does not count any more.
        transaction: the transaction it is for, as the backend names it; ``None`` for whichever runs.
    """

    id: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedule: Schedule
    recurrence: Recurrence | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str | None = None


@frozen(kw_only=True)
class Installed:
    """A profile and where it counts.

    Attributes:
        connector: 0 for the station.
        profile: what counts there.
    """

    connector: int
    profile: Profile


@frozen(kw_only=True)
class Charge:
    """A running transaction.

    Attributes:
        started: since when, UTC: what relative profiles count from.
        transaction: as the backend names it; ``None`` while it has not answered yet.
    """

    started: datetime
    transaction: str | None = None


@frozen(kw_only=True)
class Outlet:
    """What the arithmetic must know of a connector.

    Attributes:
        number: of the connector, from 1.
        local_a: what everything but the backend allows now (cable, fuse, temperature, energy manager), A per phase.
        phases: in use, 1 … 3.
        voltage_v: phase to neutral, V.
        assumed_phases: over how many phases a limit in W is meant that does not say so (OCPP: 3).
        switches_phases: the connector can charge on one phase when a profile says so. Where it cannot, a limit in W for one phase is
            spread over all that are in use, so that the sum is kept.
        charge: the running transaction; ``None`` to ask what one that began now would get.
    """

    number: int
    local_a: float
    phases: int = 3
    voltage_v: float = 230.0
    assumed_phases: int = 3
    switches_phases: bool = False
    charge: Charge | None = None

    def __attrs_post_init__(self) -> None:
        if not (math.isfinite(self.local_a) and self.local_a >= 0.0):
            raise ValueError(f"a local limit of {self.local_a} A makes no sense")
        if not (math.isfinite(self.voltage_v) and self.voltage_v > 0.0):
            raise ValueError(f"a voltage of {self.voltage_v} V makes no sense")
        if self.phases not in {1, 2, 3} or self.assumed_phases not in {1, 2, 3}:
            raise ValueError("a connector has 1, 2 or 3 phases")
