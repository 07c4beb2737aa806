"""Duty cycle and current, frame silence, tilt: against published figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.units import current_for_duty, duty_for_current, rtu_character_s, rtu_silence_s, tilt_deg

PUBLISHED = [(6, 10.0), (10, 16.7), (13, 21.7), (16, 26.7), (20, 33.3), (32, 53.3), (51, 85.0), (63, 89.2), (80, 96.0)]
"""Amperes and percent, as J1772 and IEC 61851-1 tables in public charger documentation print them."""


@pytest.mark.parametrize(("current_a", "duty_percent"), PUBLISHED)
def test_duty_for_the_usual_currents(current_a: float, duty_percent: float) -> None:
    duty = duty_for_current(current_a)
    assert duty is not None
    assert round(duty, 1) == duty_percent


@pytest.mark.parametrize(("current_a", "duty_percent"), PUBLISHED)
def test_vehicles_read_the_usual_duties(current_a: float, duty_percent: float) -> None:
    assert current_for_duty(duty_percent) == pytest.approx(current_a, abs=0.15)


@pytest.mark.parametrize("current_a", [-1.0, 0.0, 5.999, math.nan])
def test_too_little_is_a_pause_not_a_small_duty(current_a: float) -> None:
    assert duty_for_current(current_a) is None


@pytest.mark.parametrize("current_a", [51.0, 51.01, 52.0, 52.499])
def test_the_gap_between_the_slopes_offers_51_a(current_a: float) -> None:
    assert duty_for_current(current_a) == 85.0


def test_the_upper_slope_begins_at_52_5_a() -> None:
    assert duty_for_current(52.5) == pytest.approx(85.0)
    assert duty_for_current(52.6) == pytest.approx(85.04)


@pytest.mark.parametrize("current_a", [80.0, 81.0, 1000.0, math.inf])
def test_the_offer_ends_at_80_a(current_a: float) -> None:
    assert duty_for_current(current_a) == 96.0


@given(st.floats(min_value=6.0, max_value=51.0) | st.floats(min_value=52.6, max_value=80.0))
def test_the_vehicle_reads_what_the_station_meant(current_a: float) -> None:
    duty = duty_for_current(current_a)
    assert duty is not None
    assert current_for_duty(duty) == pytest.approx(current_a)


@given(st.floats(min_value=0.0, max_value=200.0))
def test_an_offer_never_exceeds_what_was_meant(current_a: float) -> None:
    duty = duty_for_current(current_a)
    offered = 0.0 if duty is None else current_for_duty(duty)
    assert offered is not None
    assert offered <= current_a + 1e-9


@given(st.floats(min_value=6.0, max_value=80.0), st.floats(min_value=6.0, max_value=80.0))
def test_more_current_is_never_less_duty(one_a: float, other_a: float) -> None:
    low, high = sorted((one_a, other_a))
    assert (duty_for_current(low) or 0.0) <= (duty_for_current(high) or 0.0)


@pytest.mark.parametrize(
    ("duty_percent", "current_a"),
    [
        (0.0, 0.0),
        (2.9, 0.0),
        (3.0, None),
        (5.0, None),
        (7.0, None),
        (7.5, 0.0),
        (8.0, 6.0),
        (9.9, 6.0),
        (96.5, 80.0),
        (97.0, 80.0),
        (97.1, 0.0),
        (100.0, 0.0),
        (math.nan, 0.0),
    ],
)
def test_the_bands_around_the_slopes(duty_percent: float, current_a: float | None) -> None:
    assert current_for_duty(duty_percent) == current_a


def test_characters_and_silence_of_a_serial_line() -> None:
    assert rtu_character_s(9600) == pytest.approx(10 / 9600)
    assert rtu_character_s(9600, parity=True, stop_bits=2) == pytest.approx(12 / 9600)
    assert rtu_silence_s(9600) == pytest.approx(4.01e-3, rel=1e-3)
    assert rtu_silence_s(19200) == pytest.approx(2.005e-3, rel=1e-3)
    assert rtu_silence_s(115200) == 1.75e-3


@given(st.floats(min_value=0.0, max_value=180.0), st.floats(min_value=0.1, max_value=20.0))
def test_a_station_that_leans_reads_its_angle_whatever_the_scale(angle_deg: float, scale: float) -> None:
    leaning = (scale * math.sin(math.radians(angle_deg)), 0.0, scale * math.cos(math.radians(angle_deg)))
    assert tilt_deg(leaning, (0.0, 0.0, 1.0)) == pytest.approx(angle_deg, abs=1e-4)


def test_a_dead_tilt_sensor_has_no_direction() -> None:
    with pytest.raises(ValueError, match="no direction"):
        tilt_deg((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
