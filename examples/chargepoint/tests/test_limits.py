"""Limits: the smallest valid one wins and is named; raises wait, reductions do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.domain.limit import Limit, Offer, effective
from cc613_chargepoint.evse.supervision import OverCurrentWatch
from cc613_chargepoint.limits import LimitBook, OfferPacing
from cc613hal.clock import Clock, run_virtual

amps = st.floats(0.0, 80.0)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), amps, st.none() | st.floats(0, 100)), min_size=1), st.floats(0, 100))
def test_the_smallest_valid_limit_wins_and_names_its_source(rows: list[tuple[str, float, float | None]], now_s: float) -> None:
    limits = [Limit(source=source, current_a=current, until_s=until) for source, current, until in rows]
    valid = [limit for limit in limits if limit.until_s is None or now_s < limit.until_s]
    offer = effective(limits, now_s)
    if valid:
        assert offer.current_a == min(limit.current_a for limit in valid)
        assert any(limit.source == offer.source and limit.current_a == offer.current_a for limit in valid)
    else:
        assert offer.pauses
        assert offer.source == "no valid limit"


def test_less_than_six_ampere_is_a_pause() -> None:
    assert effective([Limit(source="a", current_a=5.9)], 0.0).pauses
    assert not effective([Limit(source="a", current_a=6.0)], 0.0).pauses


def test_a_limit_ends_by_itself() -> None:
    async def story() -> list[float]:
        book, seen = LimitBook(Clock()), []
        book.set("installation", 16.0)
        book.set("energy manager", 8.0, for_s=60.0)
        seen.append(book.effective().current_a)
        await Clock().sleep(61.0)
        seen.append(book.effective().current_a)
        return seen

    assert run_virtual(story()) == [8.0, 16.0]


def test_listeners_hear_every_change_of_the_effective_limit() -> None:
    async def story() -> list[tuple[float, str]]:
        book, heard = LimitBook(Clock()), []
        book.changes.on(lambda offer: heard.append((offer.current_a, offer.source)))
        book.set("installation", 16.0)
        book.set("cable", 13.0)
        book.withdraw("cable")
        book.withdraw("cable")
        return heard

    assert run_virtual(story()) == [(16.0, "installation"), (13.0, "cable"), (16.0, "installation")]


@pytest.mark.parametrize("nonsense", [-1.0, float("nan"), float("inf"), float("-inf")])
def test_a_nonsensical_limit_is_refused(nonsense: float) -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        LimitBook(Clock()).set("somebody", nonsense)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"then_a": 6.0}, "has no end, so nothing comes then: say for how long"),
        ({"for_s": 60.0, "then_a": -1.0}, "makes no sense"),
        ({"for_s": 60.0, "then_a": float("nan")}, "makes no sense"),
        ({"for_s": 0.0}, "leave the time out"),
        ({"for_s": -5.0}, "leave the time out"),
        ({"for_s": float("nan")}, "leave the time out"),
        ({"for_s": float("inf")}, "leave the time out"),
        ({"phases": 2}, "a charge has 1 or 3"),
        ({"phases": 0}, "a charge has 1 or 3"),
        ({"per_phase_a": ()}, "there are one to three"),
        ({"per_phase_a": (16.0, 16.0, 16.0, 16.0)}, "there are one to three"),
        ({"per_phase_a": (16.0, -1.0)}, "make no sense"),
        ({"per_phase_a": (float("nan"),)}, "make no sense"),
    ],
)
def test_a_limit_that_contradicts_itself_is_refused_and_the_one_before_stands(more: dict[str, Any], words: str) -> None:
    async def main() -> None:
        book = LimitBook(Clock())
        book.set("energy manager", 10.0)
        with pytest.raises(ValueError, match=words):
            book.set("energy manager", 16.0, **more)
        assert book.effective() == Offer(current_a=10.0, source="energy manager")

    run_virtual(main())


@pytest.mark.parametrize("phases", [(), (0,), (4,), (1, 5)])
def test_a_connector_feeds_phases_that_there_are(phases: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="phases 1 to 3"):
        LimitBook(Clock()).use(phases)


def test_a_source_that_falls_silent_leaves_its_failsafe_value_until_it_speaks_again() -> None:
    async def main() -> None:
        clock = Clock()
        book, heard = LimitBook(clock), []
        book.set("installation", 32.0)
        book.changes.on(lambda offer: heard.append((clock.monotonic_s(), offer.current_a, offer.source)))
        book.set("load management", 20.0, for_s=30.0, then_a=8.0)
        await clock.sleep(100.0)
        book.set("load management", 20.0, for_s=30.0, then_a=8.0)
        book.withdraw("load management")
        assert heard == [
            (0.0, 20.0, "load management"),
            (30.0, 8.0, "load management (silent: fail-safe)"),
            (100.0, 20.0, "load management"),
            (100.0, 32.0, "installation"),
        ]

    run_virtual(main())


def test_a_failsafe_value_may_be_more_than_what_was_allowed_before() -> None:
    async def main() -> None:
        book = LimitBook(Clock())
        book.set("installation", 32.0)
        book.set("energy manager", 0.0, for_s=60.0, then_a=16.0)
        assert book.effective().pauses
        await Clock().sleep(61.0)
        assert book.effective() == Offer(current_a=16.0, source="energy manager (silent: fail-safe)")
        (fallen, installed) = book.limits
        assert (fallen.failsafe, installed.failsafe) == (True, False)

    run_virtual(main())


@pytest.mark.parametrize(("phases", "expected_a"), [((1, 2, 3), 6.5), ((1,), 16.0), ((2,), 6.5), ((3,), 10.0), ((1, 3), 10.0)])
def test_only_the_phases_in_use_count(phases: tuple[int, ...], expected_a: float) -> None:
    book = LimitBook(Clock())
    book.set("load management", 20.0, per_phase_a=(16.0, 6.5, 10.0))
    book.use(phases)
    assert book.effective() == Offer(current_a=expected_a, source="load management")


def test_a_phase_that_is_not_named_may_carry_what_all_may() -> None:
    book = LimitBook(Clock())
    book.set("load management", 20.0, per_phase_a=(32.0,))
    assert book.effective().current_a == 20.0, "no phase gets more than all may carry"


def test_a_change_of_phases_is_told_like_a_change_of_a_limit() -> None:
    book, heard = LimitBook(Clock()), []
    book.set("load management", 20.0, per_phase_a=(16.0, 6.5, 10.0))
    book.changes.on(lambda offer: heard.append(offer.current_a))
    book.use((1,))
    book.use((1,))
    book.use((3, 2, 1))
    assert heard == [16.0, 6.5]


def test_the_fewest_phases_that_anybody_allows_count_whoever_limits_the_current() -> None:
    book = LimitBook(Clock())
    book.set("installation", 16.0)
    assert book.effective().phases is None
    book.set("backend profile", 32.0, phases=3)
    book.set("energy manager", 20.0, phases=1)
    assert book.effective() == Offer(current_a=16.0, source="installation", phases=1)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), amps, st.none() | st.floats(1.0, 60.0), st.none() | amps, st.floats(0.0, 40.0)), max_size=20
    )
)
def test_the_book_never_allows_more_than_any_source_that_counts(
    steps: list[tuple[str, float, float | None, float | None, float]],
) -> None:
    """A model beside it: what each source said last, when that ends, and what then."""

    async def main() -> None:
        clock, model = Clock(), {"installation": (32.0, float("inf"), None)}
        book = LimitBook(clock)
        book.set("installation", 32.0)
        for source, current_a, for_s, then_a, pause_s in steps:
            book.set(source, current_a, for_s=for_s, then_a=then_a if for_s else None)
            model[source] = (current_a, clock.monotonic_s() + (for_s or float("inf")), then_a if for_s else None)
            await clock.sleep(pause_s)
            now_s = clock.monotonic_s()
            counting = [said if now_s < until_s else then for said, until_s, then in model.values()]
            assert book.effective().current_a == min(each for each in counting if each is not None)

    run_virtual(main())


def test_a_raise_waits_five_seconds_and_a_reduction_does_not() -> None:
    pacing = OfferPacing()
    assert pacing.wait_s(10.0, 100.0) == 0.0, "the first offer waits for nothing"
    pacing.shown(10.0, 100.0)
    assert pacing.wait_s(16.0, 102.0) == pytest.approx(3.0)
    assert pacing.wait_s(6.0, 102.0) == 0.0
    pacing.shown(6.0, 102.0)
    assert pacing.wait_s(16.0, 106.9) == pytest.approx(0.1)
    assert pacing.wait_s(16.0, 107.0) == 0.0


@given(st.lists(st.tuples(st.floats(0, 32), st.floats(0.0, 20.0)), max_size=40))
def test_no_two_raises_are_closer_than_five_seconds_to_the_change_before(wishes: list[tuple[float, float]]) -> None:
    pacing, now_s, shown_a, changed_s = OfferPacing(), 0.0, 0.0, float("-inf")
    for wanted_a, pause_s in wishes:
        now_s += pause_s
        if pacing.wait_s(wanted_a, now_s) > 0.0:
            continue
        assert wanted_a <= shown_a or now_s - changed_s >= 5.0 - 1e-9
        if wanted_a != shown_a:
            shown_a, changed_s = wanted_a, now_s
        pacing.shown(wanted_a, now_s)


def test_over_current_must_last_seven_seconds() -> None:
    watch = OverCurrentWatch()
    bound_a = watch.bound_a(16.0)
    assert bound_a == pytest.approx(18.15)
    assert not watch.exceeded(bound_a + 0.1, 16.0, 0.0)
    assert not watch.exceeded(bound_a + 0.1, 16.0, 6.9)
    assert watch.exceeded(bound_a + 0.1, 16.0, 7.0)


def test_a_moment_below_the_bound_starts_the_time_anew() -> None:
    watch = OverCurrentWatch()
    assert not watch.exceeded(20.0, 16.0, 0.0)
    assert not watch.exceeded(16.0, 16.0, 5.0)
    assert not watch.exceeded(20.0, 16.0, 6.0)
    assert not watch.exceeded(20.0, 16.0, 12.9)
    assert watch.exceeded(20.0, 16.0, 13.0)


def test_the_end_of_a_limit_is_told_when_it_comes_and_not_when_something_else_happens() -> None:
    async def main() -> None:
        clock = Clock()
        book = LimitBook(clock)
        book.set("installation", 16.0)
        heard: list[tuple[float, float]] = []
        book.changes.on(lambda offer: heard.append((clock.monotonic_s(), offer.current_a)))
        book.set("load management", 8.0, for_s=10.0)
        await clock.sleep(5.0)
        book.set("load management", 10.0, for_s=10.0)  # renewed: the first end no longer counts
        await clock.sleep(60.0)
        assert heard == [(0.0, 8.0), (5.0, 10.0), (15.0, 16.0)]
        book.set("backend", 6.0, for_s=5.0)
        book.withdraw("backend")
        heard.clear()
        await clock.sleep(10.0)
        assert heard == []
        assert [limit.source for limit in book.limits] == ["installation"]

    run_virtual(main())
