"""Lines of limits over time, in whole seconds: what one profile says, what stacked profiles say, the lowest of several.

All functions are pure, and their cost grows with the number of periods, never with the number of seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import NamedTuple

from cc613_chargepoint.ocpp.smart_charging.model import Kind, Outlet, Period, Profile, Purpose, Unit

__all__ = ["Line", "Piece", "Rate", "View", "lowest", "over", "rate_of", "second", "stacked", "starts_at", "total"]

_NEVER = 1 << 62


class Rate(NamedTuple):
    """A limit that can be compared with others.

    Attributes:
        current_a: A per phase.
        basis: over how many phases it counts when it is told in W.
        phases: as the profile said; ``None`` where it said nothing.
        profile: the id of the profile that set it; ``None`` for what is local.
        purpose: of that profile.
    """

    current_a: float
    basis: int
    phases: int | None = None
    profile: int | None = None
    purpose: Purpose | None = None


class Piece(NamedTuple):
    """A rate from ``start`` (s since 1970) until before ``end``."""

    start: int
    end: int
    rate: Rate


class View(NamedTuple):
    """From where profiles are looked at.

    Attributes:
        outlet: for conversion.
        started: the second at which charging began.
        zone: of the station's clock, for what recurs.
        falls_back: where a transaction's own profiles have run out, its default counts again.
    """

    outlet: Outlet
    started: int
    zone: tzinfo
    falls_back: bool = False


Line = Sequence[Piece]
"""Pieces in order that do not overlap. Where there is none, nothing is limited."""


def second(moment: datetime) -> int:
    """The whole second of a moment, s since 1970."""
    return int(moment.timestamp() // 1)


def rate_of(period: Period, profile: Profile, outlet: Outlet) -> Rate:
    """A period's limit in A per phase.

    W are divided by the phases that the period names (or that are assumed), also where fewer are in use: the errata let the limit per
    phase stand (OCPP 1.6 errata 3.34). Where more are in use than named and the connector cannot change that, the division is by those.
    """
    named = period.phases or (outlet.assumed_phases if profile.schedule.unit is Unit.WATT else outlet.phases)
    basis = named if outlet.switches_phases else max(named, outlet.phases)
    current_a = period.limit / (outlet.voltage_v * basis) if profile.schedule.unit is Unit.WATT else period.limit
    return Rate(current_a, basis, period.phases, profile.id, profile.purpose)


def starts_at(profile: Profile, charge_start: int) -> int:
    """The second from which a profile says something for the first time."""
    start = profile.schedule.start
    begins = charge_start if profile.kind is Kind.RELATIVE or start is None else second(start)
    return begins if profile.valid_from is None else max(begins, second(profile.valid_from))


def stacked(profiles: Iterable[Profile], begin: int, end: int, view: View) -> Line:
    """What profiles of one purpose say together: at each second the highest level that says something.

    Args:
        profiles: of one purpose, no two of a level that hold at a time.
        begin: first second.
        end: the second after the last one.
        view: from where they are looked at.
    """
    gaps = [(begin, end)]
    pieces: list[Piece] = []
    for profile in sorted(profiles, key=lambda each: -each.stack_level):
        if not gaps:
            break
        spoken, gaps = _into(gaps, _pieces(profile, gaps[0][0], gaps[-1][1], view))
        pieces += spoken
    pieces.sort()
    return pieces


def lowest(one: Line, other: Line) -> Line:
    """At each second the lower of two lines. Of two equal rates the first line's stays, and the smaller number of phases counts."""
    result: list[Piece] = []
    places, lines = [0, 0], (one, other)
    at = -_NEVER
    while True:
        ahead: list[Piece] = []
        for number, line in enumerate(lines):
            while places[number] < len(line) and line[places[number]].end <= at:
                places[number] += 1
            if places[number] < len(line):
                ahead.append(line[places[number]])
        if not ahead:
            return result
        at = max(at, min(piece.start for piece in ahead))
        here = [piece for piece in ahead if piece.start <= at]
        until = min(piece.end if piece.start <= at else piece.start for piece in ahead)
        result.append(Piece(at, until, here[0].rate if len(here) == 1 else _lower(here[0].rate, here[1].rate)))
        at = until


def over(one: Line, other: Line, begin: int, end: int) -> Line:
    """One line, and another where the first says nothing between two seconds."""
    gaps: list[tuple[int, int]] = []
    at = begin
    for piece in one:
        if at < piece.start:
            gaps.append((at, piece.start))
        at = max(at, piece.end)
    if at < end:
        gaps.append((at, end))
    return sorted([*one, *_into(gaps, other)[0]])


def total(lines: Sequence[Line], begin: int, end: int, basis: int) -> Line:
    """The sum of lines that each cover every second from ``begin`` to ``end``."""
    marks = sorted({begin, end} | {piece.start for line in lines for piece in line})
    result: list[Piece] = []
    places = [0] * len(lines)
    for start, until in pairwise(marks):
        current_a = 0.0
        for number, line in enumerate(lines):
            while line[places[number]].end <= start:
                places[number] += 1
            current_a += line[places[number]].rate.current_a
        result.append(Piece(start, until, Rate(current_a, basis)))
    return result


def _lower(one: Rate, other: Rate) -> Rate:
    winner, loser = (one, other) if one.current_a <= other.current_a else (other, one)
    if loser.phases is None or (winner.phases is not None and winner.phases <= loser.phases):
        return winner
    return winner._replace(basis=min(winner.basis, loser.basis), phases=loser.phases)


def _into(gaps: Sequence[tuple[int, int]], pieces: Iterable[Piece]) -> tuple[list[Piece], list[tuple[int, int]]]:
    """Put pieces into gaps: what found room, and the gaps that are left."""
    placed: list[Piece] = []
    left: list[tuple[int, int]] = []
    open_gaps = list(reversed(gaps))
    for start, end, rate in pieces:
        while open_gaps and open_gaps[-1][0] < end:
            free_from, free_to = open_gaps.pop()
            begins, ends = max(free_from, start), min(free_to, end)
            if begins >= ends:  # the gap lies before the piece
                left.append((free_from, free_to))
                continue
            placed.append(Piece(begins, ends, rate))
            if free_from < begins:
                left.append((free_from, begins))
            if ends < free_to:
                open_gaps.append((ends, free_to))
                break
    return placed, left + open_gaps[::-1]


def _pieces(profile: Profile, begin: int, end: int, view: View) -> Iterator[Piece]:
    """What one profile says between two seconds."""
    schedule = profile.schedule
    begin = begin if profile.valid_from is None else max(begin, second(profile.valid_from))
    end = end if profile.valid_to is None else min(end, second(profile.valid_to))
    if begin >= end:
        return
    rates = [rate_of(period, profile, view.outlet) for period in schedule.periods]
    starts = [period.start_s for period in schedule.periods]
    ends = [*starts[1:], _NEVER]
    for run_start, run_end in _runs(profile, begin, end, view):
        stop = run_end if schedule.duration_s is None else min(run_end, run_start + schedule.duration_s)
        stop = min(stop, end)
        for start_s, end_s, rate in zip(starts, ends, rates, strict=True):
            from_, to = max(begin, run_start + start_s), min(stop, run_start + end_s)
            if from_ < to:
                yield Piece(from_, to, rate)


def _runs(profile: Profile, begin: int, end: int, view: View) -> Iterator[tuple[int, int]]:
    """When the schedule runs: from each of its starts until the next one."""
    anchor = profile.schedule.start
    if profile.kind is not Kind.RECURRING or profile.recurrence is None or anchor is None:
        yield (view.started if profile.kind is Kind.RELATIVE or anchor is None else second(anchor)), _NEVER
        return
    step, first = timedelta(days=profile.recurrence.value), second(anchor)
    local = anchor.astimezone(view.zone).replace(tzinfo=None)
    skipped = max(0, (max(begin, first) - first) // (86_400 * profile.recurrence.value) - 1)
    local += skipped * step  # at most two starts lie before what is asked for: clocks change by less than a day
    start = _instant(local, view.zone)
    while start < end:
        local += step
        following = _instant(local, view.zone)
        if following > begin:
            yield start, following
        start = following


def _instant(local: datetime, zone: tzinfo) -> int:
    """The second of a time on the station's clock; one that a clock change leaves out counts from before the change."""
    return second(local.replace(tzinfo=zone).astimezone(UTC))
