"""What the slave may draw: leased, and safe as soon as the lease is over, also when nothing of the link runs any more."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.domain.limit import effective
from cc613_chargepoint.limits import LimitBook
from cc613_chargepoint.pairing.allowance import Allowance
from cc613_chargepoint.pairing.messages import Lease
from cc613_chargepoint.pairing.timekeeping import GOOD_FOR_S, FollowedClock
from cc613_chargepoint.store import Store, StoreFull
from cc613hal.clock import Clock, ClockState, run_virtual

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def lease(current_a: float, **changes: Any) -> Lease:
    words: dict[str, Any] = {
        "lease": 1, "beat": 1, "answers": True, "source": "operator", "phases": None, "for_s": 10.0, "safe_a": 6.0, "wall": NOW,
        "clock": ClockState.UNKNOWN,
    }  # fmt: skip
    return Lease(current_a=current_a, **{**words, **changes})


class Scene:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock, self.book, self.over = store, clock, LimitBook(clock), 0
        self.book.set("installation", 32.0)
        self.allowance = Allowance(self.book, store, clock, self.ended)

    def ended(self) -> None:
        self.over += 1

    @property
    def current_a(self) -> float:
        return self.book.effective().current_a

    async def obey(self, current_a: float, *, age_s: float = 0.0, **changes: Any) -> bool:
        return await self.allowance.obey(lease(current_a, **changes), self.clock.monotonic_s() - age_s)


def play(story: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as place:
            async with await Store.open(Path(place) / "station.db") as store:
                await story(Scene(store, Clock()))

    run_virtual(main())


def test_before_any_master_was_heard_nothing_may_be_drawn() -> None:
    async def story(scene: Scene) -> None:
        await scene.allowance.begin(10.0)
        assert (scene.current_a, scene.allowance.safe_a, scene.allowance.allowed_a) == (0.0, 0.0, 0.0)
        await scene.clock.sleep(11.0)
        assert scene.over == 1

    play(story)


def test_the_safe_current_outlives_a_restart() -> None:
    async def story(scene: Scene) -> None:
        await scene.allowance.begin(10.0)
        await scene.obey(16.0, safe_a=8.0)
        again = Scene(scene.store, scene.clock)
        await again.allowance.begin(10.0)
        assert again.current_a == 8.0

    play(story)


def test_a_safe_current_that_cannot_be_stored_does_not_count() -> None:
    async def story(scene: Scene) -> None:
        await scene.allowance.begin(10.0)
        await scene.obey(16.0)
        write = scene.store.write

        async def full(work: Any, what: str = "") -> Any:
            raise StoreFull("no room")

        scene.store.write = full  # type: ignore[method-assign]
        await scene.obey(16.0, safe_a=20.0)
        assert scene.allowance.safe_a == 6.0
        await scene.clock.sleep(10.0)
        assert scene.current_a == 6.0
        scene.store.write = write  # type: ignore[method-assign]

    play(story)


@pytest.mark.parametrize(("age_s", "ends_after_s"), [(0.0, 10.0), (4.0, 6.0), (9.9, 0.1)])
def test_a_lease_counts_from_the_beat_that_it_answers(age_s: float, ends_after_s: float) -> None:
    async def story(scene: Scene) -> None:
        await scene.allowance.begin(60.0)
        assert await scene.obey(16.0, age_s=age_s)
        await scene.clock.sleep(ends_after_s - 0.05)
        assert (scene.current_a, scene.allowance.stands, scene.over) == (16.0, True, 0)
        await scene.clock.sleep(0.1)
        assert (scene.current_a, scene.allowance.stands, scene.over) == (6.0, False, 1)
        assert scene.book.effective().source == "master: operator (silent: fail-safe)"

    play(story)


def test_one_that_is_over_when_it_comes_changes_nothing_but_the_safe_current() -> None:
    async def story(scene: Scene) -> None:
        await scene.allowance.begin(60.0)
        assert not await scene.obey(16.0, age_s=10.0)
        assert scene.current_a == 0.0
        assert scene.allowance.safe_a == 6.0

    play(story)


def test_another_source_takes_the_place_of_the_one_before() -> None:
    async def story(scene: Scene) -> None:
        await scene.allowance.begin(60.0)
        await scene.obey(10.0, source="energy manager")
        await scene.obey(16.0, source="shared supply")
        assert [each.source for each in scene.book.limits] == ["master: shared supply", "installation"]
        assert scene.current_a == 16.0

    play(story)


def test_the_book_falls_by_itself_although_no_timer_has_run() -> None:
    """A loop that hangs runs no timers; whoever looks at the limits afterwards sees the safe current at once."""

    async def story(scene: Scene) -> None:
        await scene.allowance.begin(60.0)
        await scene.obey(16.0)
        later_s = scene.clock.monotonic_s() + 10.0
        standing = [limit if limit.valid_at(later_s) else limit.fallen() for limit in scene.book.limits]
        assert effective([each for each in standing if each is not None], later_s).current_a == 6.0

    play(story)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("lease"), st.floats(0.0, 32.0), st.floats(0.0, 12.0)),
        st.tuples(st.just("safe"), st.floats(0.0, 16.0), st.just(0.0)),
        st.tuples(st.just("wait"), st.floats(0.0, 15.0), st.just(0.0)),
    ),
    max_size=20,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_whatever_comes_late_or_never_more_than_the_last_word_is_never_allowed(steps: list[tuple[str, float, float]]) -> None:
    async def story(scene: Scene) -> None:
        await scene.allowance.begin(10.0)
        leased_a, until_s, safe_a = 0.0, float("-inf"), 0.0
        for what, value, age_s in steps:
            now_s = scene.clock.monotonic_s()
            if what == "wait":
                await scene.clock.sleep(value)
            elif what == "safe":
                await scene.obey(leased_a, safe_a=value, age_s=20.0)  # too late for its current, in time for this
                safe_a = value
            else:
                await scene.obey(value, safe_a=safe_a, age_s=age_s)
                if now_s - age_s + 10.0 > now_s:
                    leased_a, until_s = value, now_s - age_s + 10.0
            allowed_a = leased_a if scene.clock.monotonic_s() < until_s - 1e-6 else None
            if allowed_a is not None:
                assert scene.current_a <= max(allowed_a, safe_a) + 1e-9
                assert scene.allowance.allowed_a == pytest.approx(allowed_a)
            elif scene.clock.monotonic_s() > until_s + 1e-6:
                assert scene.allowance.allowed_a == safe_a

    play(story)


# -- the calendar -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(ClockState))
@pytest.mark.parametrize("ahead_s", [-1e8, -3.0, -0.05, 0.0, 0.05, 3.0, 1e8])
def test_the_masters_time_is_taken_with_its_state(state: ClockState, ahead_s: float) -> None:
    from datetime import timedelta

    async def main() -> None:
        clock = Clock()
        followed = FollowedClock(clock)
        sent_s, before = clock.monotonic_s(), clock.monotonic_s()
        wall = clock.wall() + timedelta(seconds=ahead_s)
        followed.heard(wall, state, sent_s)
        assert clock.monotonic_s() == before
        assert clock.state is state
        assert abs((clock.wall() - wall).total_seconds()) <= 0.1  # less is not stepped
        assert (clock.offset == timedelta()) == (abs(ahead_s) <= 0.1)

    run_virtual(main())


def test_half_of_the_round_trip_is_the_way_of_the_answer() -> None:
    from datetime import timedelta

    async def main() -> None:
        clock, sent_s = Clock(), 0.0
        told = clock.wall() + timedelta(seconds=100.4)  # the master's calendar, 100 s ahead, when the beat arrived after 0.4 s
        await clock.sleep(0.8)
        FollowedClock(clock).heard(told, ClockState.SYNCHRONISED, sent_s)
        assert clock.offset.total_seconds() == pytest.approx(100.0)

    run_virtual(main())


def test_a_clock_that_is_not_followed_any_more_loses_its_state_and_not_its_time() -> None:
    async def main() -> None:
        clock = Clock()
        followed = FollowedClock(clock)
        followed.heard(clock.wall(), ClockState.SYNCHRONISED, clock.monotonic_s())
        await clock.sleep(GOOD_FOR_S - 1.0)
        followed.look()
        assert clock.state is ClockState.SYNCHRONISED
        await clock.sleep(2.0)
        offset = clock.offset
        followed.look()
        assert clock.state is ClockState.INFORMATIVE
        assert clock.offset == offset
        followed.heard(clock.wall(), ClockState.SYNCHRONISED, clock.monotonic_s())
        assert clock.state is ClockState.SYNCHRONISED

    run_virtual(main())
