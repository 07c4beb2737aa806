"""Chips with rules of their own: one that cannot be read, one with engines."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, ConnectFailed
from cc613hal.interfaces import BLACK, Colour, Motion, Pattern
from cc613hal.testing.bench import PART, open_part
from cc613hal_hmi.is31fl32xx import CHIPS, Part
from cc613hal_hmi.lp5562 import MOST_COUNTS, MOST_WAITS, blink_program

RED, GREEN, BLUE, WHITE = Colour(1, 0, 0), Colour(0, 1, 0), Colour(0, 0, 1), Colour(1, 1, 1)
YELLOW = Colour(1, 0.6, 0)
IS31, LP5562 = "hmi.is31fl32xx", "hmi.lp5562"


def play(driver, story, *, before=None, **options):
    async def main():
        async with open_part(driver, options=options, before=before) as bench:
            return await story(bench)

    return run_virtual(main())


def seen(bench):
    return [light.value for light in bench.emulated.lights]


@pytest.mark.parametrize("part", list(Part))
def test_every_chip_of_the_family_shows_its_first_and_its_last_light(part):
    channels = CHIPS[part].channels
    lights = [[0, 1, 2], [channels - 3, channels - 2, channels - 1]]

    async def story(b):
        await b.device.show(Pattern(colours=(RED, BLUE)))
        assert seen(b) == [RED, BLUE]
        assert (await b.device.identify()).model == part.name
        assert b.emulated.reads == 0, "the chip cannot be read"

    play(IS31, story, part=part.value, channels=lights)


def test_a_picture_shows_whole_with_the_update_and_costs_two_writes():
    async def story(b):
        before = b.emulated.writes
        pictures = []
        b.emulated.lights[5].on(lambda _: pictures.append(seen(b)))
        await b.device.show(Pattern(colours=(GREEN,)))
        assert pictures == [[GREEN] * 6], "never half a picture"
        assert b.emulated.writes == before + 2
        await asyncio.sleep(20)
        assert b.emulated.writes == before + 2

    play(IS31, story)


def test_a_chip_that_cannot_tell_that_it_lost_its_supply_shines_again():
    async def story(b):
        await b.device.show(Pattern(colours=(YELLOW,)))
        b.emulated.power_cycle()
        assert seen(b) == [BLACK] * 6
        await asyncio.sleep(31)
        assert seen(b)[5].green == pytest.approx(0.6, abs=0.005)
        assert b.health == "ok"

    play(IS31, story)


def test_writing_the_settings_again_is_not_seen():
    async def story(b):
        await b.device.show(Pattern(colours=(GREEN,)))
        changes = []
        b.emulated.lights[0].on(changes.append)
        await asyncio.sleep(100)
        assert changes == []

    play(IS31, story)


def test_the_current_is_divided_for_used_outputs_and_the_others_stay_off():
    async def story(b):
        await b.device.show(Pattern(colours=(WHITE,)))
        assert seen(b)[0].red == pytest.approx(0.25)
        assert b.emulated.register(CHIPS[Part.IS31FL3236].control) == 0b111
        assert b.emulated.register(CHIPS[Part.IS31FL3236].control + 20) == 0

    play(IS31, story, current_divider=4)


@pytest.mark.parametrize(
    ("options", "match"),
    [({"part": "is31fl3218", "channels": [[16, 17, 18]]}, "no output 18"), ({"part": "is31fl3218", "current_divider": 2}, "cannot divide")],
)
def test_what_the_chip_does_not_have_is_a_mistake(options, match):
    with pytest.raises(ConnectFailed, match=match):
        play(IS31, None, **options)


def test_an_output_no_chip_has_is_a_mistake_of_the_board_file():
    with pytest.raises(BoardFileError):
        play(IS31, None, channels=[[34, 35, 36]])


# -- engines ----------------------------------------------------------------------------------------------------------------------------


def test_blinking_is_a_program_and_then_the_bus_is_quiet():
    async def story(b):
        await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=2.0))
        assert seen(b) == [BLUE]
        assert b.emulated.period_s[0].value == pytest.approx(2.0, rel=0.02)
        before = b.emulated.writes
        await asyncio.sleep(3600)
        assert b.emulated.writes == before
        assert b.emulated.mishaps == []

    play(LP5562, story, check_s=0)


@pytest.mark.parametrize("colour", [RED, YELLOW, WHITE, Colour(0.1, 0.5, 0.9)])
def test_a_mixed_colour_blinks_as_one(colour):
    async def story(b):
        await b.device.show(Pattern(colours=(colour,), motion=Motion.BLINK, period_s=0.5))
        light = seen(b)[0]
        assert (light.red, light.green, light.blue) == pytest.approx((colour.red, colour.green, colour.blue), abs=0.003)
        assert b.emulated.period_s[0].value == pytest.approx(0.5, rel=0.05)
        levels = {level for level in (colour.red, colour.green, colour.blue) if level}
        running = b.emulated.register(0x00) & 0x3F
        assert running.bit_count() == len(levels), "engines of one level are one engine"
        assert b.emulated.mishaps == []

    play(LP5562, story)


def test_four_levels_are_one_too_many_and_are_written_change_by_change():
    async def story(b):
        await b.device.show(Pattern(colours=(Colour(0.9, 0.6, 0.3),), motion=Motion.BLINK, period_s=1.0))
        assert b.emulated.period_s[0].value == pytest.approx(1.0, rel=0.02), "white takes one, and leaves two levels"
        await b.device.show(Pattern(colours=(Colour(1.0, 0.7, 0.4),), motion=Motion.BLINK, period_s=60.0))
        assert b.emulated.period_s[0].value == 0.0
        changes = []
        b.emulated.lights[0].on(changes.append)
        await asyncio.sleep(31)
        assert changes[-1] == BLACK
        assert b.emulated.mishaps == []

    play(LP5562, story, white=True)


def test_from_blinking_to_steady_the_engines_stop():
    async def story(b):
        await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=1.0))
        await b.device.show(Pattern(colours=(GREEN,)))
        assert (seen(b), b.emulated.period_s[0].value) == ([GREEN], 0.0)
        assert b.emulated.register(0x00) == 0x40
        before = b.emulated.writes
        await b.device.show(Pattern(colours=(Colour(1, 1, 0),)))
        assert b.emulated.writes == before + 1, "only red differs"
        await b.device.dark()
        assert seen(b) == [BLACK]

    play(LP5562, story)


def test_an_lp5562_that_lost_its_supply_blinks_again():
    async def story(b):
        await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=1.0))
        b.emulated.power_cycle()
        assert seen(b) == [BLACK]
        await asyncio.sleep(31)
        assert (seen(b), b.emulated.period_s[0].value > 0) == ([BLUE], True)

    play(LP5562, story)


@pytest.mark.parametrize("register", [0x00, 0x07, 0x08], ids=["ENABLE", "CURRENT", "CONFIG"])
def test_a_chip_that_does_not_keep_what_is_written_is_another(register):
    with pytest.raises(ConnectFailed, match="cannot be read back"):
        play(LP5562, None, before=lambda simulation: simulation.plant.parts[PART].stuck.update({register: 0x12}))


@given(st.integers(0, 255), st.integers(1, MOST_WAITS * MOST_COUNTS))
def test_a_program_fits_its_engine_and_waits_as_long_as_it_should(level, counts):
    program = blink_program(level, counts)
    assert len(program) <= 32
    instructions = [int.from_bytes(program[place : place + 2], "big") for place in range(0, len(program), 2)]
    assert instructions[-1] == 0
    assert sum(instruction >> 8 & 0x3F for instruction in instructions) == 2 * counts
    assert [instruction & 0xFF for instruction in instructions[:-1] if not instruction & 0x3F00] == [level, 0]
