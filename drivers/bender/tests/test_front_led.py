"""The status light on the front: its language, and on/off colours."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.interfaces import Colour, Motion, Pattern
from cc613hal_bender.front_led import front_language

DRIVER = "bender.front-led"
DARK, RED, GREEN, BLUE, ORANGE = (False,) * 3, (True, False, False), (False, True, False), (False, False, True), (True, True, False)


@pytest.mark.parametrize(
    ("word", "appearances"),
    [
        ("booting", [ORANGE]),
        ("system-starting", [BLUE]),
        ("firmware-starting", [GREEN]),
        ("ready", [GREEN, DARK, GREEN, DARK]),
        ("error", [RED, DARK, RED, DARK]),
    ],
)
def test_what_somebody_in_front_of_the_controller_sees(open_part, word, appearances):
    async def main():
        async with open_part(DRIVER) as it:
            it.emulated.seen.clear()
            await it.device.show(front_language()[word])
            await asyncio.sleep(1.9)
            assert it.emulated.seen == appearances
            assert it.device.shown == front_language()[word]

    run_virtual(main())


def test_colours_change_without_another_one_in_between(open_part):
    async def main():
        async with open_part(DRIVER, low=("red", "green", "blue")) as it:
            await it.device.show(front_language()["booting"])
            it.emulated.seen.clear()
            await it.device.show(front_language()["system-starting"])
            assert it.emulated.seen == [BLUE]

    run_virtual(main())


def test_several_colours_follow_one_another_on_the_only_light(open_part):
    async def main():
        async with open_part(DRIVER) as it:
            it.emulated.seen.clear()
            colours = (Colour(1.0, 0.0, 0.0), Colour(0.0, 0.0, 1.0))
            await it.device.show(Pattern(colours=colours, motion=Motion.ROTATE, period_s=1.0))
            await asyncio.sleep(1.2)
            assert it.emulated.seen == [RED, BLUE, RED]
            await it.device.dark()
            assert (it.emulated.colour, it.device.shown) == (DARK, None)

    run_virtual(main())


def test_leaving_the_board_makes_it_dark(open_part):
    async def main():
        async with open_part(DRIVER) as it:
            await it.device.show(front_language()["ready"])
            emulated = it.emulated
        assert emulated.colour == DARK

    run_virtual(main())


@pytest.mark.parametrize("word", ["booting", "ready"])
def test_when_its_lines_were_gone_it_shines_again_by_itself(open_part, word):
    async def main():
        async with open_part(DRIVER) as it:
            await it.device.show(front_language()[word])
            await asyncio.sleep(1.0)
            chip = it.simulation.faults("bench-gpio")
            chip.unplug()
            await asyncio.sleep(60)
            assert it.health == "offline", "nobody has to ask"
            chip.plug()
            it.emulated.seen.clear()
            await asyncio.sleep(60)
            assert it.health == "ok"
            assert it.emulated.seen[:1] == [ORANGE if word == "booting" else GREEN]

    run_virtual(main())


def test_without_a_check_nothing_is_written_while_nothing_changes(open_part):
    async def main():
        async with open_part(DRIVER, options={"check_s": 0.0}) as it:
            await it.device.show(front_language()["booting"])
            it.simulation.faults("bench-gpio").unplug()
            await asyncio.sleep(60)
            assert it.health == "ok"

    run_virtual(main())
