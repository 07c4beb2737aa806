"""The light languages: complete, replaceable, and drawn from their data."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.errors import ConfigError
from cc613hal.interfaces import Colour, Motion, Pattern
from cc613hal_hmi.language import FRONT_STATES, LANGUAGES, STATES, parse_language, pattern_of, status_patterns
from cc613hal_hmi.pictures import timeline_svg

GREEN, YELLOW, BLUE, WHITE = Colour(0, 1, 0), Colour(1, 0.6, 0), Colour(0, 0, 1), Colour(1, 1, 1)
ORANGE, RED = Colour(1, 0.35, 0), Colour(1, 0, 0)
STEADY, BLINK, ROTATE, TOGETHER = Motion.STEADY, Motion.BLINK, Motion.ROTATE, Motion.TOGETHER


@pytest.mark.parametrize(
    ("state", "colours", "motion", "lights"),
    [  # Bender's documentation of the HMI and RFID modules, line by line
        ("free", (GREEN,), STEADY, 3),
        ("reserved", (YELLOW,), STEADY, 0),
        ("authorising", (WHITE,), ROTATE, 5),
        ("authorised", (BLUE,), BLINK, 0),
        ("charging", (BLUE,), BLINK, 0),
        ("rejected", (GREEN, YELLOW, BLUE), BLINK, 0),
        ("out-of-order", (GREEN, YELLOW, BLUE), TOGETHER, 0),
        ("update", (GREEN, YELLOW, BLUE), BLINK, 0),
    ],
)
def test_benders_language_says_what_benders_page_says(state, colours, motion, lights):
    pattern = status_patterns("bender")[state]
    assert (pattern.colours, pattern.motion, pattern.lights) == (colours, motion, lights)


@pytest.mark.parametrize(
    ("state", "colours", "motion"),
    [  # Bender's documentation of the LEDs on the front
        ("power-on", (ORANGE,), STEADY),
        ("system-starting", (BLUE,), STEADY),
        ("firmware-starting", (GREEN,), STEADY),
        ("ready", (GREEN,), BLINK),
        ("system-error", (RED,), BLINK),
        ("usb-working", (ORANGE, BLUE, GREEN, RED), BLINK),
        ("usb-done", (GREEN,), BLINK),
    ],
)
def test_the_front_led_says_what_benders_page_says(state, colours, motion):
    pattern = status_patterns("bender-front")[state]
    assert (pattern.colours, pattern.motion) == (colours, motion)


def test_fast_is_faster_than_slow_and_states_are_told_apart():
    bender, front = status_patterns("bender"), status_patterns("bender-front")
    assert bender["authorised"].period_s < bender["charging"].period_s
    assert bender["rejected"].period_s < bender["update"].period_s
    assert front["usb-done"].period_s < front["ready"].period_s
    for language in LANGUAGES:
        patterns = list(status_patterns(language).values())
        assert all(patterns.count(pattern) == 1 for pattern in patterns), language


@pytest.mark.parametrize(("kind", "states"), [("station", STATES), ("front", FRONT_STATES)])
def test_a_table_of_ones_own_needs_every_state_of_its_kind(kind, states):
    text = f'kind = "{kind}"\n[colours]\nteal = [0, 0.8, 0.6]\n' + "".join(f'[states.{state}]\ncolours = ["teal"]\n' for state in states)
    assert set(parse_language(text, "acme")) == set(states)
    with pytest.raises(ConfigError, match=f"no pattern for the state '{states[0]}'"):
        parse_language(text.replace(f"states.{states[0]}]", "states.more]"), "acme")
    with pytest.raises(ConfigError, match="kind: 'roof' is none of"):
        parse_language(text.replace(kind, "roof", 1), "acme")


def test_a_state_the_language_does_not_have_is_told_with_those_it_has():
    with pytest.raises(ConfigError, match="dancing") as told:
        pattern_of(status_patterns("generic"), "dancing", "leds")
    assert "charging" in told.value.hint


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pattern_has_its_picture(language):
    for state, pattern in status_patterns(language).items():
        picture = ET.fromstring(timeline_svg(pattern, title=state))  # our own text
        fills = {rect.get("fill") for rect in picture.iter("{http://www.w3.org/2000/svg}rect")}
        wanted = {"#" + "".join(f"{round(255 * part):02x}" for part in (c.red, c.green, c.blue)) for c in pattern.colours}
        assert wanted <= fills, state


@given(
    st.lists(st.sampled_from([GREEN, YELLOW, BLUE]), min_size=1, max_size=6),
    st.sampled_from(list(Motion)),
    st.floats(0.1, 10),
    st.integers(0, 8),
    st.integers(1, 8),
)
def test_a_picture_covers_its_time_without_gaps(colours, motion, period_s, taking_part, lights):
    pattern = Pattern(colours=tuple(colours), motion=motion, period_s=period_s, lights=taking_part)
    picture = ET.fromstring(timeline_svg(pattern, lights=lights, seconds=2.0))  # our own text
    rects = list(picture.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    for row in {rect.get("y") for rect in rects}:
        covered = sum(float(rect.get("width")) for rect in rects if rect.get("y") == row)
        assert covered == pytest.approx(200, abs=0.1 * len(rects))
