"""The rules of tilting, without any chip: tables of angle and time, and what must hold for any course of events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal_sensors.tilt_rules import Shocks, Stillness, TiltLatch, TiltOptions, stored_vector


@pytest.mark.parametrize(
    ("options", "course", "verdicts"),
    [  # angle at each second; tilted after it
        ({}, [0, 16, 16, 16], "..TT"),
        ({}, [16, 14, 16, 16], "...T"),
        ({"hold_s": 0.0}, [16, 0, 0], "TTT"),
        ({"hold_s": 0.0, "clear_s": 2.0}, [16, 9, 9, 9, 9], "TTT.."),
        ({"hold_s": 0.0, "clear_s": 2.0}, [16, 9, 11, 9, 9, 9], "TTTTT."),
        ({"hold_s": 0.0, "clear_s": 0.0}, [16, 12, 10, 9], "TTT."),
        ({"hold_s": 0.0, "clear_s": 0.0, "latch": True}, [16, 0, 0, 0], "TTTT"),
        ({"hold_s": 0.0, "threshold_deg": 5, "clear_deg": 5, "clear_s": 0.0}, [5, 6, 5, 4], ".TT."),
    ],
)
def test_courses(options, course, verdicts):
    latch = TiltLatch(TiltOptions(**options))
    told = ""
    for second, angle_deg in enumerate(course):
        before = latch.tilted
        changed = latch.follow(angle_deg, float(second))
        assert changed is (before is not latch.tilted)
        told += "T" if latch.tilted else "."
    assert told == verdicts


angles = st.lists(st.tuples(st.floats(0, 180), st.floats(0.01, 5)), max_size=60)


@given(angles)
def test_once_latched_nothing_but_a_new_reference_ends_it(course):
    latch, now_s, was = TiltLatch(TiltOptions(latch=True, hold_s=0.5)), 0.0, False
    for angle_deg, pause_s in course:
        latch.follow(angle_deg, now_s)
        assert latch.tilted or not was
        was, now_s = latch.tilted, now_s + pause_s
    assert latch.reset() is was
    assert not latch.tilted


@given(angles)
def test_tilted_only_after_the_whole_hold_time_above_the_threshold(course):
    options = TiltOptions()
    latch, now_s, above_since = TiltLatch(options), 0.0, None
    for angle_deg, pause_s in course:
        above_since = (now_s if above_since is None else above_since) if angle_deg > options.threshold_deg else None
        if latch.follow(angle_deg, now_s) and latch.tilted:
            assert above_since is not None
            assert now_s - above_since >= options.hold_s
        now_s += pause_s


def test_samples_close_together_are_one_shock_and_an_endless_one_is_a_defect():
    shocks = Shocks(TiltOptions(shock_limit_s=5.0))
    assert shocks.is_shock((0.0, 0.0, 1.2))
    assert shocks.is_shock((0.0, 0.0, 0.0))
    assert not shocks.is_shock((0.0, 0.0, 0.9))
    assert [shocks.reject(at_s) for at_s in (0.0, 0.5, 1.0)] == [None] * 3
    assert shocks.count == 1
    assert shocks.accept()
    assert not shocks.accept()
    assert shocks.reject(3.0) is None
    assert shocks.count == 2
    assert shocks.reject(8.0) == 5.0


@given(st.lists(st.binary(min_size=1, max_size=2), max_size=50), st.integers(0, 5))
def test_frozen_is_as_many_repetitions_as_said(course, limit):
    still = Stillness(TiltOptions(frozen_samples=limit))
    run = 0
    for before, raw in zip([None, *course], course, strict=False):
        still.see(raw)
        run = run + 1 if raw == before else 0
        assert still.frozen is (limit > 0 and run >= limit)


@given(st.none() | st.text() | st.integers() | st.lists(st.floats() | st.integers() | st.booleans() | st.text(), max_size=4))
def test_a_stored_reference_is_a_vector_of_about_1_g_or_none(stored):
    vector = stored_vector(stored)
    if vector is not None:
        assert 0.5 < sum(axis * axis for axis in vector) ** 0.5 < 1.5


def test_a_good_reference_is_taken():
    assert stored_vector([0, 0.6, -0.8]) == (0.0, 0.6, -0.8)
