"""Why a charging profile is refused, in words. OCPP 1.6 ed. 2 §3.13 and §5.16 with its errata; 2.0.1 where :class:`Rules` says so."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import evolve, field, frozen

from cc613_chargepoint.ocpp.smart_charging.book import replaced_by
from cc613_chargepoint.ocpp.smart_charging.model import Installed, Kind, Profile, Purpose, Unit

__all__ = ["Objection", "Refusal", "Rules", "refusal", "refusal_at_start"]


class Objection(enum.Enum):
    """What kind of thing speaks against a profile; a version that has codes for refusals gives each its own."""

    CONNECTOR = "connector"
    """There is no such connector."""
    PROFILE = "profile"
    """Purpose, kind or place do not go together."""
    PARAMETER = "parameter"
    """Something that must be said is missing."""
    TRANSACTION = "transaction"
    """The transaction does not run there."""
    LEVEL = "level"
    """No such stack level."""
    UNIT = "unit"
    """Limits in this unit are not taken."""
    SCHEDULE = "schedule"
    """The schedule makes no sense."""
    LENGTH = "length"
    """More periods than fit."""
    PHASE = "phase"
    """The phase cannot be chosen."""
    DUPLICATE = "duplicate"
    """Another profile holds that place."""
    ROOM = "room"
    """No more profiles fit."""


@frozen
class Refusal:
    """Why a profile is refused.

    Attributes:
        kind: what kind of thing speaks against it.
        words: the same in words.
    """

    kind: Objection
    words: str

    def __str__(self) -> str:
        return self.words


_LARGEST_ID = 2**63 - 1
"""What a 64-bit number holds; OCPP names no limit."""


@frozen(kw_only=True)
class Rules:
    """What the station takes; each is a read-only key of OCPP.

    Attributes:
        max_stack_level: ``ChargeProfileMaxStackLevel``.
        max_profiles: ``MaxChargingProfilesInstalled``.
        max_periods: ``ChargingScheduleMaxPeriods``.
        units: ``ChargingScheduleAllowedChargingRateUnit``.
        needs_transaction: a profile of a transaction must name it (2.0.1; in 1.6 the number is not known while the backend has not
            answered, and many backends leave it out).
        refuses_duplicates: a second profile of the same purpose, level and place whose validity overlaps is refused (2.0.1) instead of
            taking the first one's place (1.6).
        refuses_relative_maximum: a maximum of the station that counts from the start of a charge is refused (2.0.1).
        exact_start: what is absolute must have a start, what is relative must not (2.0.1; in 1.6 both may leave it out or bring it).
        refuses_phase: a profile that names the phase to charge on is refused: none of these stations can choose it (2.0.1).
        falls_back: where the transaction's own profiles have run out, its default counts again (2.0.1; in 1.6 nothing does).
    """

    max_stack_level: int = 99
    max_profiles: int = 100
    max_periods: int = 100
    units: frozenset[Unit] = field(default=frozenset(Unit), converter=frozenset)
    needs_transaction: bool = False
    refuses_duplicates: bool = False
    refuses_relative_maximum: bool = False
    exact_start: bool = False
    refuses_phase: bool = False
    falls_back: bool = False

    def later(self) -> Rules:
        """The same limits with the rules of OCPP 2.0.1, use case K01, that 1.6 does not have."""
        return evolve(
            self,
            needs_transaction=True,
            refuses_duplicates=True,
            refuses_relative_maximum=True,
            exact_start=True,
            refuses_phase=True,
            falls_back=True,
        )


def refusal(
    profile: Profile,
    connector: int,
    *,
    rules: Rules,
    running: Mapping[int, str | None],
    installed: Iterable[Installed] = (),
    now: datetime | None = None,
) -> Refusal | None:
    """Why a profile that the backend sets is refused; ``None`` if it is taken.

    Args:
        profile: what it sets.
        connector: where; 0 for the station.
        rules: what the station takes.
        running: every connector of the station → its transaction as the backend names it; ``None`` for a connector without one, the
            empty text for one whose name is not known yet.
        installed: what counts already.
        now: what was valid until before then holds no place any more; ``None`` where nothing is known to be over.
    """
    present = tuple(installed)
    holding = [each for each in present if now is None or each.profile.valid_to is None or each.profile.valid_to > now]
    return (
        _place(profile, connector, running, rules)
        or _number(profile)
        or _form(profile, rules)
        or _periods(profile, rules)
        or _phases(profile, rules)
        or _duplicate(profile, connector, rules, holding)
        or _room(profile, connector, rules, present)
    )


def refusal_at_start(
    profile: Profile, *, rules: Rules, installed: Iterable[Installed] = (), connector: int | None = None
) -> Refusal | None:
    """Why a profile that comes with a remote start is refused; ``None`` if it is taken.

    Args:
        profile: what came along.
        rules: what the station takes.
        installed: what counts already.
        connector: where the charge will run, if that is known.
    """
    if profile.purpose is not Purpose.TX:
        return Refusal(Objection.PROFILE, "a profile that comes with a remote start must be one of the transaction")
    if profile.transaction is not None:
        return Refusal(Objection.PROFILE, "a profile that comes with a remote start cannot name a transaction: there is none yet")
    present = tuple(installed)
    return (
        _number(profile)
        or _form(profile, rules)
        or _periods(profile, rules)
        or _phases(profile, rules)
        or _room(profile, connector or 0, rules, present)
    )


def _place(profile: Profile, connector: int, running: Mapping[int, str | None], rules: Rules) -> Refusal | None:
    if connector != 0 and connector not in running:
        return Refusal(Objection.CONNECTOR, f"there is no connector {connector}")
    if profile.purpose is Purpose.EXTERNAL:
        return Refusal(Objection.PROFILE, "a limit of an external system cannot be set by the backend")
    if profile.purpose is Purpose.STATION_MAX and connector != 0:
        return Refusal(Objection.PROFILE, "a maximum of the station counts for connector 0 only")
    if profile.purpose is Purpose.STATION_MAX and profile.kind is Kind.RELATIVE and rules.refuses_relative_maximum:
        return Refusal(Objection.PROFILE, "a maximum of the station cannot count from the start of a charge")
    if profile.purpose is not Purpose.TX:
        return None if profile.transaction is None else Refusal(Objection.PROFILE, "only a profile of a transaction can name one")
    return _transaction(profile, connector, running, rules)


def _transaction(profile: Profile, connector: int, running: Mapping[int, str | None], rules: Rules) -> Refusal | None:
    if connector == 0:
        return Refusal(Objection.PROFILE, "a profile of a transaction needs the connector on which that runs")
    if running[connector] is None:
        return Refusal(Objection.TRANSACTION, f"no transaction runs on connector {connector}")
    if profile.transaction is None:
        return Refusal(Objection.PARAMETER, "a profile of a transaction must name it") if rules.needs_transaction else None
    if profile.transaction != running[connector]:
        return Refusal(Objection.TRANSACTION, f"transaction {profile.transaction} does not run on connector {connector}")
    return None


def _number(profile: Profile) -> Refusal | None:
    return None if abs(profile.id) <= _LARGEST_ID else Refusal(Objection.PROFILE, f"{profile.id} is no number of a profile")


def _form(profile: Profile, rules: Rules) -> Refusal | None:
    schedule = profile.schedule
    if not 0 <= profile.stack_level <= rules.max_stack_level:
        return Refusal(Objection.LEVEL, f"stack level {profile.stack_level} is not between 0 and {rules.max_stack_level}")
    if schedule.unit not in rules.units:
        return Refusal(Objection.UNIT, f"limits in {schedule.unit.value} are not taken")
    if profile.kind is Kind.RECURRING:
        if profile.recurrence is None:
            return Refusal(Objection.PARAMETER, "a recurring profile must say how often it recurs")
        if schedule.start is None:
            return Refusal(Objection.SCHEDULE, "a recurring profile needs the start of its schedule")
    elif profile.recurrence is not None:
        return Refusal(Objection.PROFILE, f"a profile that is {profile.kind.value} cannot recur")
    if rules.exact_start and (schedule.start is None) is not (profile.kind is Kind.RELATIVE):
        needs = "needs a" if schedule.start is None else "has no"
        return Refusal(Objection.SCHEDULE, f"a profile that is {profile.kind.value} {needs} start of its schedule")
    if profile.valid_from is not None and profile.valid_to is not None and profile.valid_to <= profile.valid_from:
        return Refusal(Objection.PROFILE, "its validity ends before it begins")
    return None


def _periods(profile: Profile, rules: Rules) -> Refusal | None:
    schedule = profile.schedule
    if not schedule.periods:
        return Refusal(Objection.SCHEDULE, "a schedule needs a period")
    if len(schedule.periods) > rules.max_periods:
        return Refusal(Objection.LENGTH, f"{len(schedule.periods)} periods are more than {rules.max_periods}")
    if schedule.periods[0].start_s != 0:
        return Refusal(Objection.SCHEDULE, f"the first period must start at 0, not at {schedule.periods[0].start_s}")
    if any(later.start_s <= earlier.start_s for earlier, later in zip(schedule.periods, schedule.periods[1:], strict=False)):
        return Refusal(Objection.SCHEDULE, "each period must start after the one before it")
    if any(not math.isfinite(period.limit) or period.limit < 0.0 for period in schedule.periods):
        return Refusal(Objection.SCHEDULE, "a limit must not be negative")
    if schedule.duration_s is not None and schedule.duration_s < 0:
        return Refusal(Objection.SCHEDULE, "a duration must not be negative")
    return None


def _phases(profile: Profile, rules: Rules) -> Refusal | None:
    periods = profile.schedule.periods
    if any(period.phases not in {None, 1, 2, 3} for period in periods):
        return Refusal(Objection.SCHEDULE, "a limit is for 1, 2 or 3 phases")
    if rules.refuses_phase and any(period.phase is not None for period in periods):
        return Refusal(Objection.PHASE, "on which phase is charged cannot be chosen here")
    return None


def _duplicate(profile: Profile, connector: int, rules: Rules, installed: Iterable[Installed]) -> Refusal | None:
    for other in installed:
        theirs = other.profile
        if theirs.id == profile.id and theirs.purpose is Purpose.EXTERNAL:
            return Refusal(Objection.DUPLICATE, f"profile {theirs.id} is the limit of an external system")
        if not rules.refuses_duplicates:
            continue
        if (theirs.purpose, theirs.stack_level) != (profile.purpose, profile.stack_level) or theirs.id == profile.id:
            continue
        everywhere = profile.purpose is Purpose.TX_DEFAULT and (connector == 0) is not (other.connector == 0)  # K01.FR.52 and .53
        overlap = profile.purpose is Purpose.TX or _overlap(
            profile, theirs
        )  # K01.FR.39: of one transaction none twice, whenever it is valid
        if everywhere or (other.connector == connector and overlap):
            return Refusal(Objection.DUPLICATE, f"profile {theirs.id} holds level {profile.stack_level} at the same time")
    return None


def _overlap(one: Profile, other: Profile) -> bool:
    ends_before = one.valid_to is not None and other.valid_from is not None and one.valid_to <= other.valid_from
    starts_after = one.valid_from is not None and other.valid_to is not None and other.valid_to <= one.valid_from
    return not ends_before and not starts_after


def _room(profile: Profile, connector: int, rules: Rules, installed: Iterable[Installed]) -> Refusal | None:
    kept = [each for each in installed if not replaced_by(each, profile, connector, by_level=not rules.refuses_duplicates)]
    if len(kept) >= rules.max_profiles:
        return Refusal(Objection.ROOM, f"{rules.max_profiles} profiles are installed, more do not fit")
    return None
