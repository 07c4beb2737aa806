"""Occupancy that has to last before it counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.debounce import Debounce

delays = st.floats(0.0, 100.0)
walks = st.lists(st.tuples(st.booleans(), st.floats(0.001, 50.0)), max_size=30)


def test_each_direction_has_its_own_delay():
    bay = Debounce(3.0, 10.0)
    assert not bay.feed(True, 0.0)
    assert bay.due_s == 3.0
    assert not bay.feed(True, 2.999)
    assert bay.feed(True, 3.0)
    assert (bay.state, bay.due_s) == (True, None)
    assert not bay.feed(False, 4.0)
    assert bay.due_s == 14.0
    assert bay.feed(False, 14.0)
    assert bay.state is False


@pytest.mark.parametrize("value", [True, False])
def test_nothing_is_known_before_the_first_delay(value):
    bay = Debounce(3.0, 10.0)
    bay.feed(value, 0.0)
    assert bay.state is None
    bay.feed(value, 20.0)
    assert bay.state is value


def test_a_glitch_starts_the_delay_anew():
    bay = Debounce(3.0, 10.0)
    bay.feed(False, 0.0)
    bay.feed(False, 10.0)
    for start_s in (20.0, 22.0, 24.0):
        bay.feed(True, start_s)
        bay.feed(False, start_s + 1.9)
        assert bay.due_s is None
    assert bay.state is False


def test_without_delay_it_follows_at_once():
    bay = Debounce(0.0, 0.0)
    assert [bay.feed(value, 1.0) for value in (True, False, False, True)] == [True, True, False, True]


def test_forgetting_is_knowing_nothing():
    bay = Debounce(0.0, 5.0)
    bay.feed(True, 0.0)
    bay.feed(False, 1.0)
    bay.forget()
    assert (bay.state, bay.due_s) == (None, None)
    assert not bay.feed(False, 100.0)
    assert bay.due_s == 105.0


@given(delays, delays, walks)
def test_the_state_is_always_one_that_lasted(on_s, off_s, walk):
    bay, now_s, since_s, seen = Debounce(on_s, off_s), 0.0, 0.0, None
    for value, pause_s in walk:
        if value != seen:
            seen, since_s = value, now_s
        before = bay.state
        changed = bay.feed(value, now_s)
        assert changed is (bay.state != before)
        if changed:
            assert bay.state is value
            assert now_s - since_s >= (on_s if value else off_s) - 1e-9
        if bay.state is not value:
            assert bay.due_s is not None
            assert bay.due_s > now_s
        now_s += pause_s
