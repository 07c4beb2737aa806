"""Readings: frozen, finite, exact where money depends on them."""

from __future__ import annotations

import math
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import Clock
from cc613hal.errors import ImplausibleReading
from cc613hal.readings import Energy, PhaseValues, Quality, Reading, finite

numbers = st.one_of(st.none(), st.floats(min_value=-1e6, max_value=1e6))


def test_a_reading_is_good_unless_its_source_says_otherwise_and_cannot_be_changed() -> None:
    reading = Reading(stamp=Clock().stamp(), source="meter1")
    assert reading.quality is Quality.GOOD
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        reading.source = "other"  # type: ignore[misc]  # the point of the test


def test_phases_that_are_not_measured_do_not_count() -> None:
    single = PhaseValues(l1=-230.0)
    assert single.known() == (-230.0,)
    assert single.total() == -230.0
    assert single.highest() == 230.0


def test_no_phase_measured_is_not_zero() -> None:
    assert (PhaseValues().total(), PhaseValues().highest(), PhaseValues().known()) == (None, None, ())


@given(numbers, numbers, numbers)
def test_the_total_is_the_sum_of_what_is_known(l1: float | None, l2: float | None, l3: float | None) -> None:
    values = PhaseValues(l1, l2, l3)
    known = [value for value in (l1, l2, l3) if value is not None]
    assert values.total() == (math.fsum(known) if known else None)
    assert values.highest() == (max(map(abs, known)) if known else None)


def test_energy_is_exact_in_both_units() -> None:
    energy = Energy(Decimal("12345678901234.567"), raw=[0x0001, 0xE240], register="total import")
    assert energy.kwh == Decimal("12345678901.234567")
    assert energy.raw == (1, 0xE240)


@given(st.decimals(min_value=0, max_value=10**15, places=3))
def test_kilowatt_hours_lose_nothing(wh: Decimal) -> None:
    assert Energy(wh).kwh * 1000 == wh


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -60.0, 130.0])
def test_a_value_the_part_cannot_measure_is_refused_with_the_next_step(value: float) -> None:
    with pytest.raises(ImplausibleReading, match=r"temp-relay: temperature .* reads .*possible is -55 to 125 \(check") as caught:
        finite(value, what="temperature in °C", device="temp-relay", low=-55.0, high=125.0)
    assert caught.value.device == "temp-relay"


@given(st.floats(min_value=-55.0, max_value=125.0))
def test_a_value_in_range_passes_unchanged(value: float) -> None:
    assert finite(value, what="temperature in °C", device="temp-relay", low=-55.0, high=125.0) == value
