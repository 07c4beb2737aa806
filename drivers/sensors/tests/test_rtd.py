"""Platinum: the curve of IEC 60751 at points that tables print, and both ways for every temperature."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal_sensors import rtd

TABLE = [  # °C and Ω of a PT100, as tables of IEC 60751 print them
    (-190.0, 22.83), (-100.0, 60.26), (-40.0, 84.27), (-20.0, 92.16), (0.0, 100.0), (10.0, 103.90), (25.0, 109.73), (50.0, 119.40),
    (60.0, 123.24), (85.0, 132.80), (100.0, 138.51), (150.0, 157.33), (400.0, 247.09), (850.0, 390.48),
]  # fmt: skip


@pytest.mark.parametrize(("celsius", "ohm"), TABLE)
@pytest.mark.parametrize("r0_ohm", [100.0, 1000.0])
def test_the_printed_table(celsius, ohm, r0_ohm):
    assert rtd.ohm(celsius, r0_ohm) == pytest.approx(ohm * r0_ohm / 100, abs=0.006 * r0_ohm / 100)
    assert rtd.celsius(ohm * r0_ohm / 100, r0_ohm) == pytest.approx(celsius, abs=0.025)


@given(st.floats(-200.0, 850.0), st.sampled_from([100.0, 500.0, 1000.0]))
def test_both_ways(celsius, r0_ohm):
    assert rtd.celsius(rtd.ohm(celsius, r0_ohm), r0_ohm) == pytest.approx(celsius, abs=1e-6)


@given(st.floats(-200.0, 850.0), st.floats(-200.0, 850.0))
def test_warmer_is_more_resistance(one, other):
    if abs(one - other) > 1e-6:
        assert (one < other) is (rtd.ohm(one, 1000.0) < rtd.ohm(other, 1000.0))


@given(st.floats(allow_nan=False, min_value=0.0))
def test_any_resistance_is_a_temperature_or_beyond_the_curve(ohm):
    celsius = rtd.celsius(ohm, 1000.0)
    assert math.isinf(celsius) or -200.001 <= celsius <= 850.001


def test_ice_water_is_no_negative_zero():
    assert str(rtd.celsius(1000.0, 1000.0)) == "0.0"
