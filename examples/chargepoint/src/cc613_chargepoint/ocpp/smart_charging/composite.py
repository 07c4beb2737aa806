"""The composite schedule, what changes next, and the division of the station's maximum: pure functions of the installed profiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from attrs import frozen

from cc613_chargepoint.ocpp.smart_charging.model import Installed, Outlet, Profile, Purpose, Unit
from cc613_chargepoint.ocpp.smart_charging.timeline import Line, Piece, Rate, View, lowest, over, second, stacked, starts_at, total

__all__ = ["Composite", "Outlook", "Step", "composite", "divided", "outlook", "station_composite"]

LONGEST_S = 31 * 86_400
"""No composite schedule looks further ahead; one that recurs for decades would not fit into a message."""
LOOK_AHEAD_S = 8 * 86_400
"""A weekly profile changes within this time, if it ever does."""
MIN_OFFER_A = 6.0
"""Less cannot be offered (IEC 61851-1 Annex A)."""


@frozen(kw_only=True)
class Step:
    """A limit of a composite schedule, until the next step.

    Attributes:
        start_s: after the start of the composite schedule, s.
        limit: A per phase or W over all phases; one decimal.
        phases: where a profile named them.
        profile: the id of the profile that sets it; ``None`` for a local limit.
        purpose: of that profile.
    """

    start_s: int
    limit: float
    phases: int | None = None
    profile: int | None = None
    purpose: Purpose | None = None


@frozen(kw_only=True)
class Composite:
    """What will be allowed.

    Attributes:
        connector: 0 for the station.
        start: when it begins, UTC, whole seconds.
        duration_s: how far it looks.
        unit: of the limits.
        steps: the first one starts at 0, neighbours differ.
    """

    connector: int
    start: datetime
    duration_s: int
    unit: Unit
    steps: tuple[Step, ...]


@frozen(kw_only=True)
class Outlook:
    """What profiles allow now, and when to look again.

    Attributes:
        current_a: A per phase; ``None`` where no profile limits anything now.
        phases: on how many phases to charge; ``None`` where no profile says.
        profile: the id of the profile that limits.
        purpose: of that profile.
        look_again: when this may change, UTC.
    """

    current_a: float | None
    look_again: datetime
    phases: int | None = None
    profile: int | None = None
    purpose: Purpose | None = None


def composite(
    installed: Iterable[Installed],
    outlet: Outlet,
    *,
    now: datetime,
    duration_s: int,
    unit: Unit,
    zone: tzinfo = UTC,
    falls_back: bool = False,
) -> Composite:
    """What a connector may draw from now on: the lowest of its transaction's, the station's and the local limits.

    Args:
        installed: every installed profile.
        outlet: the connector.
        now: the beginning.
        duration_s: how far to look; 0 asks for the limit now; more than 31 days are cut.
        unit: of the answer.
        zone: of the station's clock, for profiles that recur.
        falls_back: see :class:`~cc613_chargepoint.ocpp.smart_charging.acceptance.Rules`.

    Raises:
        ValueError: a negative duration.
    """
    begin, length_s = second(now), _length(duration_s)
    end = begin + max(1, length_s)
    view = View(outlet, _started(outlet, begin), zone, falls_back)
    line = lowest(_local(outlet, begin, end), _profiles_of(installed, begin, end, view))
    return _told(line, outlet.number, begin, length_s, outlet.voltage_v if unit is Unit.WATT else None)


def station_composite(
    installed: Iterable[Installed],
    outlets: Sequence[Outlet],
    *,
    local_a: float,
    now: datetime,
    duration_s: int,
    unit: Unit,
    zone: tzinfo = UTC,
    falls_back: bool = False,
) -> Composite:
    """What the station may draw from the grid: the sum of its connectors, at most its own maximum and its local limit.

    A connector without a transaction counts with what a transaction that began now would get.

    Args:
        installed: every installed profile.
        outlets: every connector.
        local_a: what the station's supply allows, A per phase.
        now: the beginning.
        duration_s: as for :func:`composite`.
        unit: of the answer.
        zone: of the station's clock.
        falls_back: as for :func:`composite`.

    Raises:
        ValueError: a negative duration, or no connector.
    """
    if not outlets:
        raise ValueError("a station has at least one connector")
    present, begin, length_s = tuple(installed), second(now), _length(duration_s)
    end = begin + max(1, length_s)
    views = [View(outlet, _started(outlet, begin), zone, falls_back) for outlet in outlets]
    lines = [lowest(_local(view.outlet, begin, end), _profiles_of(present, begin, end, view)) for view in views]
    widest = max(outlets, key=lambda outlet: outlet.phases)
    line = lowest(total(lines, begin, end, widest.phases), [Piece(begin, end, Rate(local_a, widest.phases))])
    line = lowest(line, _station_line(present, begin, end, View(widest, _started(widest, begin), zone)))
    return _told(line, 0, begin, length_s, widest.voltage_v if unit is Unit.WATT else None)


def outlook(installed: Iterable[Installed], outlet: Outlet, *, now: datetime, zone: tzinfo = UTC, falls_back: bool = False) -> Outlook:
    """What the profiles alone allow a connector now, and when to ask again: what arms a timer.

    Args:
        installed: every installed profile.
        outlet: the connector.
        now: the moment.
        zone: of the station's clock.
        falls_back: as for :func:`composite`.
    """
    begin = second(now)
    end = begin + LOOK_AHEAD_S
    line = _profiles_of(installed, begin, end, View(outlet, _started(outlet, begin), zone, falls_back))
    if not line:
        return Outlook(current_a=None, look_again=_moment(end))
    if line[0].start > begin:
        return Outlook(current_a=None, look_again=_moment(line[0].start))
    rate = line[0].rate
    until = line[0].end
    for piece in line[1:]:
        if piece.start != until or piece.rate != rate:
            break
        until = piece.end
    return Outlook(current_a=rate.current_a, phases=rate.phases, profile=rate.profile, purpose=rate.purpose, look_again=_moment(until))


def divided(total_a: float, wanted_a: Sequence[float]) -> tuple[float, ...]:
    """Divide a current among connectors, none of which gets more than it wants, nor less than 6 A unless it gets nothing.

    Who was first is served first where 6 A for each are not there; what is left is divided evenly.

    Args:
        total_a: what there is, A per phase.
        wanted_a: what each connector could use, A per phase; the oldest charge first.

    Returns:
        A per phase for each, in the same order; never more than ``total_a`` together.
    """
    shares: list[float] = [0.0] * len(wanted_a)
    left = total_a
    for number, wanted in enumerate(wanted_a):
        if wanted >= MIN_OFFER_A and left >= MIN_OFFER_A:
            shares[number] = MIN_OFFER_A
            left -= MIN_OFFER_A
    hungry: list[int] = [number for number, share in enumerate(shares) if 0.0 < share < wanted_a[number]]
    while hungry and left > 1e-9:
        each = left / len(hungry)
        for number in hungry:
            more = min(each, wanted_a[number] - shares[number])
            shares[number] += more
            left -= more
        hungry = [number for number in hungry if wanted_a[number] - shares[number] > 1e-9]
    return tuple(shares)


def _length(duration_s: int) -> int:
    if duration_s < 0:
        raise ValueError(f"a duration of {duration_s} s makes no sense")
    return min(duration_s, LONGEST_S)


def _local(outlet: Outlet, begin: int, end: int) -> Line:
    return [Piece(begin, end, Rate(outlet.local_a, outlet.phases))]


def _started(outlet: Outlet, begin: int) -> int:
    """The second from which relative profiles count: without a charge, as if one began now."""
    return begin if outlet.charge is None else second(outlet.charge.started)


def _profiles_of(installed: Iterable[Installed], begin: int, end: int, view: View) -> Line:
    """The lowest of what transaction and station are allowed by profiles."""
    present = tuple(installed)
    return lowest(_transaction_line(present, begin, end, view), _station_line(present, begin, end, view))


def _station_line(installed: Iterable[Installed], begin: int, end: int, view: View) -> Line:
    """The station's maximum and what external systems set: each of the two is stacked for itself."""
    line: Line = []
    for purpose in (Purpose.STATION_MAX, Purpose.EXTERNAL):
        profiles = [each.profile for each in installed if each.connector in {0, view.outlet.number} and each.profile.purpose is purpose]
        if profiles:
            line = lowest(line, stacked(profiles, begin, end, view))
    return line


def _transaction_line(installed: Iterable[Installed], begin: int, end: int, view: View) -> Line:
    """What the transaction's own profiles say from when the first of them begins; before, and without any, the defaults.

    Where its own have run out, the defaults count again in 2.0.1 (its certification case TC_K_41), and nothing does in 1.6 (TC_066).
    """
    outlet, charge = view.outlet, view.outlet.charge
    here = [each for each in installed if each.connector in {0, outlet.number}]
    own = [
        each.profile
        for each in here
        if each.profile.purpose is Purpose.TX
        and charge is not None
        and each.connector == outlet.number
        and each.profile.transaction in {None, charge.transaction}
    ]
    if view.falls_back:
        return over(stacked(own, begin, end, view), stacked(_defaults(here, outlet.number), begin, end, view), begin, end)
    taken_over = max(begin, min((starts_at(profile, view.started) for profile in own), default=end))
    line: list[Piece] = []
    if begin < taken_over:
        line += stacked(_defaults(here, outlet.number), begin, min(end, taken_over), view)
    if taken_over < end:
        line += stacked(own, taken_over, end, view)
    return line


def _defaults(here: Iterable[Installed], connector: int) -> list[Profile]:
    """The defaults of a connector: at a level where it has one of its own, the station's does not count."""
    defaults = [each for each in here if each.profile.purpose is Purpose.TX_DEFAULT]
    own = {each.profile.stack_level for each in defaults if each.connector == connector}
    return [each.profile for each in defaults if each.connector == connector or each.profile.stack_level not in own]


def _told(line: Line, connector: int, begin: int, length_s: int, voltage_v: float | None) -> Composite:
    """The line as an answer; in W where a voltage is given."""
    steps: list[Step] = []
    for start, _, rate in line:
        limit = round(rate.current_a if voltage_v is None else rate.current_a * voltage_v * rate.basis, 1)
        if not steps or (steps[-1].limit, steps[-1].phases) != (limit, rate.phases):
            steps.append(Step(start_s=start - begin, limit=limit, phases=rate.phases, profile=rate.profile, purpose=rate.purpose))
    unit = Unit.AMPERE if voltage_v is None else Unit.WATT
    return Composite(connector=connector, start=_moment(begin), duration_s=length_s, unit=unit, steps=tuple(steps))


def _moment(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
