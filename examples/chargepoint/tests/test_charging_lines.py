"""Lines of limits, and the book of profiles, against the plainest thing that could be right: a dictionary of seconds, a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cc613_chargepoint.ocpp.smart_charging import (
    Charge,
    Criteria,
    Installed,
    Kind,
    Outlet,
    Period,
    Profile,
    ProfileBook,
    ProfileKeeper,
    Purpose,
    Schedule,
    Unit,
    composite,
    station_composite,
)
from cc613_chargepoint.ocpp.smart_charging.timeline import Line, Piece, Rate, lowest, total
from cc613_chargepoint.store import Store, StoreFull, Transaction

T0 = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SPAN = 40
currents = st.integers(0, 32).map(float)


@st.composite
def lines(draw: st.DrawFn, *, whole: bool = False) -> list[Piece]:
    """Pieces in order within the span; with ``whole`` every second has one."""
    marks = sorted(draw(st.sets(st.integers(1, SPAN - 1), max_size=6)) | {0, SPAN})
    pieces = []
    for start, end in pairwise(marks):
        if whole or draw(st.booleans()):
            pieces.append(Piece(start, end, Rate(draw(currents), 3, draw(st.sampled_from([None, 1, 3])))))
    return pieces


def by_second(line: Line) -> dict[int, Rate]:
    return {at: piece.rate for piece in line for at in range(piece.start, piece.end)}


def in_order(line: Line) -> bool:
    return all(piece.start < piece.end for piece in line) and all(a.end <= b.start for a, b in pairwise(line))


class TestLines:
    @given(lines(), lines())
    def test_the_lowest_is_the_lower_one_at_each_second(self, one: list[Piece], other: list[Piece]) -> None:
        line = lowest(one, other)
        seconds, first, second = by_second(line), by_second(one), by_second(other)
        assert in_order(line)
        assert seconds.keys() == first.keys() | second.keys()
        for at, rate in seconds.items():
            there = [each[at] for each in (first, second) if at in each]
            assert rate.current_a == min(each.current_a for each in there)
            named = [each.phases for each in there if each.phases is not None]
            assert rate.phases == (min(named) if named else None)

    @given(lines(), lines(), lines())
    def test_the_order_in_which_lines_are_laid_together_does_not_matter(self, a: list[Piece], b: list[Piece], c: list[Piece]) -> None:
        def currents_of(line: Line) -> dict[int, float]:
            return {at: rate.current_a for at, rate in by_second(line).items()}

        assert currents_of(lowest(lowest(a, b), c)) == currents_of(lowest(a, lowest(b, c))) == currents_of(lowest(c, lowest(b, a)))

    @given(lines())
    def test_a_line_laid_upon_itself_or_upon_nothing_stays(self, line: list[Piece]) -> None:
        assert by_second(lowest(line, line)) == by_second(lowest(line, [])) == by_second(lowest([], line)) == by_second(line)

    @given(st.lists(lines(whole=True), min_size=1, max_size=4))
    def test_the_sum_is_the_sum_at_each_second(self, summands: list[list[Piece]]) -> None:
        line = total(summands, 0, SPAN, 3)
        assert in_order(line)
        seconds = by_second(line)
        for at in range(SPAN):
            assert seconds[at].current_a == pytest.approx(sum(by_second(each)[at].current_a for each in summands))


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    purpose = draw(st.sampled_from(list(Purpose)))
    starts = sorted({0, *draw(st.sets(st.integers(1, 60), max_size=3))})
    schedule = Schedule(
        unit=Unit.AMPERE, periods=tuple(Period(start_s=start, limit=draw(currents)) for start in starts), start=T0,
        duration_s=draw(st.none() | st.integers(1, 90)),
    )  # fmt: skip
    return Profile(
        id=draw(st.integers(1, 6)),
        stack_level=draw(st.integers(0, 2)),
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        schedule=schedule,
        transaction=draw(st.sampled_from([None, "7"])) if purpose is Purpose.TX else None,
    )


class TestStation:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(profiles(), st.integers(0, 2)), max_size=6), st.floats(10, 80))
    def test_it_is_never_more_than_its_own_limits_nor_than_its_connectors_together(
        self, installed: list[tuple[Profile, int]], local_a: float
    ) -> None:
        book = ProfileBook()
        for profile, connector in installed:
            book = book.with_profile(profile, 0 if profile.purpose is Purpose.STATION_MAX else connector)
        outlets = [Outlet(number=n, local_a=32.0, charge=Charge(started=T0, transaction="7")) for n in (1, 2)]
        asked: dict[str, Any] = {"now": T0, "duration_s": 100, "unit": Unit.AMPERE}
        whole = spread(station_composite(book, outlets, local_a=local_a, **asked).steps)
        each = [spread(composite(book, outlet, **asked).steps) for outlet in outlets]
        for at in range(100):
            assert whole[at] <= round(local_a, 1)
            assert whole[at] <= sum(line[at] for line in each) + 0.1

    def test_what_it_may_draw_is_not_divided_by_the_number_of_connectors(self) -> None:
        outlets = [Outlet(number=n, local_a=16.0) for n in (1, 2, 3)]
        answer = station_composite(ProfileBook(), outlets, local_a=100.0, now=T0, duration_s=10, unit=Unit.WATT)
        assert [(step.limit, step.profile) for step in answer.steps] == [(3 * 16.0 * 3 * 230.0, None)]


def spread(steps: Any) -> list[float]:
    ends = [*[step.start_s for step in steps[1:]], 100]
    return [step.limit for step, end in zip(steps, ends, strict=True) for _ in range(step.start_s, end)]


class BookMachine(RuleBasedStateMachine):
    """Whatever a backend sets and clears: no two profiles share a key, and what is there is what was set last."""

    def __init__(self) -> None:
        super().__init__()
        self.book = ProfileBook()
        self.plain: list[tuple[int, Profile]] = []

    @rule(profile=profiles(), connector=st.integers(0, 2))
    def set(self, profile: Profile, connector: int) -> None:
        self.book = self.book.with_profile(profile, connector)
        key = (profile.purpose, profile.stack_level, connector)
        self.plain = [
            (where, each) for where, each in self.plain if each.id != profile.id and (each.purpose, each.stack_level, where) != key
        ]
        self.plain.append((connector, profile))

    @rule(
        id=st.none() | st.integers(1, 6),
        connector=st.none() | st.integers(0, 2),
        purpose=st.none() | st.sampled_from(list(Purpose)),
        level=st.none() | st.integers(0, 2),
    )
    def clear(self, id: int | None, connector: int | None, purpose: Purpose | None, level: int | None) -> None:  # noqa: A002
        criteria = Criteria(id=id, connector=connector, purpose=purpose, stack_level=level)
        self.book = self.book.without(self.book.select(criteria))

        def meant(where: int, each: Profile) -> bool:
            if id is not None:
                return each.id == id
            asked = [(connector, where), (purpose, each.purpose), (level, each.stack_level)]
            return all(wanted is None or wanted == there for wanted, there in asked)

        self.plain = [(where, each) for where, each in self.plain if not meant(where, each)]

    @invariant()
    def it_is_what_a_list_would_be(self) -> None:
        assert [(each.connector, each.profile) for each in self.book] == self.plain
        assert len({each.profile.id for each in self.book}) == len(self.book)
        keys = [(each.profile.purpose, each.profile.stack_level, each.connector) for each in self.book]
        assert len(set(keys)) == len(keys)


TestBook = BookMachine.TestCase
TestBook.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


async def test_a_profile_that_cannot_be_stored_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Profile(
        id=1, stack_level=0, purpose=Purpose.TX_DEFAULT, kind=Kind.ABSOLUTE,
        schedule=Schedule(unit=Unit.AMPERE, periods=(Period(start_s=0, limit=9.0),), start=T0 + timedelta(days=1)),
    )  # fmt: skip
    async with await Store.open(tmp_path / "s.db") as store:
        keeper = await ProfileKeeper.load(store)
        await keeper.install(first, 0, running={})

        def full(_: Transaction) -> None:
            raise StoreFull("no room", device="store")

        async def refuse(work: Any, what: str = "") -> Any:
            full(work)

        with monkeypatch.context() as patched:
            patched.setattr(store, "write", refuse)
            with pytest.raises(StoreFull):
                await keeper.install(attrs.evolve(first, id=2, stack_level=1), 0, running={})
            with pytest.raises(StoreFull):
                await keeper.clear(Criteria())
        assert [each.profile.id for each in keeper.book] == [1]
        assert (await ProfileKeeper.load(store)).book == ProfileBook((Installed(connector=0, profile=first),))


async def test_the_order_in_which_profiles_came_survives_a_restart(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "s.db") as store:
        keeper = await ProfileKeeper.load(store)
        schedule = Schedule(unit=Unit.AMPERE, periods=(Period(start_s=0, limit=9.0),))
        for number in (5, 3, 9, 3):
            profile = Profile(id=number, stack_level=number, purpose=Purpose.TX_DEFAULT, kind=Kind.RELATIVE, schedule=schedule)
            assert await keeper.install(profile, 0, running={}) is None
        assert [each.profile.id for each in (await ProfileKeeper.load(store)).book] == [5, 9, 3]
