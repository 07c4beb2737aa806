"""Chips that blink by themselves: what one sees, and how little it costs."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusError, ConfigError, ConnectFailed
from cc613hal.interfaces import BLACK, Colour, Identified, Motion, Pattern
from cc613hal.testing.bench import PART, open_part

GREEN, YELLOW, BLUE, WHITE = Colour(0, 1, 0), Colour(1, 0.6, 0), Colour(0, 0, 1), Colour(1, 1, 1)
BOTH = pytest.mark.parametrize("driver", ["hmi.pca9633", "hmi.pca9552"])


@BOTH
def test_blinking_costs_one_write_and_then_the_bus_is_quiet(driver):
    async def main():
        async with open_part(driver) as b:
            before = b.emulated.writes
            await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=0.5))
            await asyncio.sleep(600)
            assert b.emulated.lights[0].value == BLUE
            assert b.emulated.period_s[0].value == pytest.approx(0.5, rel=0.05)
            assert b.emulated.writes == before + 1

    run_virtual(main())


@BOTH
def test_from_blinking_to_steady_to_dark(driver):
    async def main():
        async with open_part(driver) as b:
            await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=2.0))
            assert b.emulated.period_s[0].value == pytest.approx(2.0, rel=0.05)
            await b.device.show(Pattern(colours=(GREEN,)))
            assert (b.emulated.lights[0].value, b.emulated.period_s[0].value) == (GREEN, 0.0)
            await b.device.dark()
            assert b.emulated.lights[0].value == BLACK
            assert b.device.shown is None

    run_virtual(main())


@BOTH
def test_a_period_the_chip_cannot_make_is_written_change_by_change(driver):
    async def main():
        async with open_part(driver) as b:
            await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=20.0))
            assert b.emulated.period_s[0].value == 0.0
            seen = []
            b.emulated.lights[0].on(seen.append)
            await asyncio.sleep(35)
            assert seen == [BLACK, BLUE, BLACK]

    run_virtual(main())


@BOTH
def test_without_hardware_blinking_the_same_is_seen(driver):
    async def main():
        async with open_part(driver, options={"hardware_blink": False}) as b:
            await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=1.0))
            seen = []
            b.emulated.lights[0].on(seen.append)
            await asyncio.sleep(1.75)
            assert seen == [BLACK, BLUE, BLACK]

    run_virtual(main())


@BOTH
def test_a_chip_that_lost_its_supply_blinks_again(driver):
    async def main():
        async with open_part(driver) as b:
            await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=0.5))
            b.emulated.power_cycle()
            assert b.emulated.lights[0].value == BLACK
            await asyncio.sleep(31)
            assert b.emulated.lights[0].value == BLUE
            assert b.emulated.period_s[0].value > 0

    run_virtual(main())


@BOTH
def test_unplugged_and_back_the_pattern_asked_for_meanwhile_is_shown(driver):
    async def main():
        async with open_part(driver) as b:
            b.simulation.faults(PART).unplug()
            for _ in range(4):
                with pytest.raises(BusError):
                    await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK))
            b.emulated.power_cycle()
            b.simulation.faults(PART).plug()
            await asyncio.sleep(90)
            assert b.emulated.lights[0].value == BLUE

    run_virtual(main())


@pytest.mark.parametrize(("driver", "stuck"), [("hmi.pca9633", {1: 0xFF}), ("hmi.pca9633", {0: 0x11}), ("hmi.pca9552", {6: 0x00})])
def test_another_chip_at_the_address_is_refused(driver, stuck):
    async def main():
        async with open_part(driver, before=lambda simulation: simulation.plant.parts[PART].stuck.update(stuck)):
            pass

    with pytest.raises(ConnectFailed, match="read"):
        run_virtual(main())


@BOTH
def test_identity_and_every_state_of_the_language(driver):
    async def main():
        async with open_part(driver) as b:
            assert f"hmi.{(await b.board.get(Identified, PART).identify()).model}".lower() == driver
            for state in b.device.patterns:
                await b.device.show_state(state)
                assert b.emulated.lights[0].value != BLACK, state
                await asyncio.sleep(3)
            with pytest.raises(ConfigError, match="no state"):
                await b.device.show_state("dancing")
            chip = b.emulated
        assert chip.lights[0].value == BLACK

    run_virtual(main())


def test_white_comes_from_the_white_led():
    async def main():
        async with open_part("hmi.pca9633", options={"white": 3, "brightness": 0.5}) as b:
            await b.device.show(Pattern(colours=(Colour(1.0, 0.6, 0.6),)))
            light = b.emulated.lights[0].value
            assert (light.red, light.green, light.blue) == pytest.approx((0.2, 0, 0), abs=0.01)
            assert b.emulated.white_level.value == pytest.approx(0.3, abs=0.01)

    run_virtual(main())


@pytest.mark.parametrize("options", [{"channels": [[0, 1, 4]]}, {"channels": [[0, 1]]}, {"white": 4}])
def test_a_wiring_that_cannot_be_is_refused(options):
    async def main():
        async with open_part("hmi.pca9633", options=options):
            pass

    with pytest.raises(BoardFileError):
        run_virtual(main())


def test_a_channel_cannot_be_white_and_red():
    async def main():
        async with open_part("hmi.pca9633", options={"white": 0}):
            pass

    with pytest.raises((ConfigError, ConnectFailed), match="both white and a colour"):
        run_virtual(main())


def test_a_switched_output_shows_what_is_bright_enough():
    async def main():
        async with open_part("hmi.pca9552", options={"threshold": 0.6}) as b:
            await b.device.show(Pattern(colours=(Colour(0.6, 0.59, 1.0),)))
            assert b.emulated.lights[0].value == Colour(1, 0, 1)

    run_virtual(main())


def test_the_two_rates_of_the_language_wait_in_the_chip_and_a_third_takes_the_older():
    async def main():
        async with open_part("hmi.pca9552") as b:
            chip = b.emulated
            assert [chip.register(2) + 1, chip.register(4) + 1] == [22, 88]
            before = chip.written_bytes
            await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=0.5))
            assert chip.written_bytes - before <= 5  # the address and four selectors: no rate
            await b.device.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=1.0))
            assert [chip.register(2) + 1, chip.register(4) + 1] == [22, 44]
            assert chip.period_s[0].value == pytest.approx(1.0)

    run_virtual(main())


def test_lights_behind_transistors():
    async def main():
        async with open_part("hmi.pca9552", options={"active_high": True}) as b:
            assert b.emulated.lights[0].value == BLACK
            await b.device.show(Pattern(colours=(WHITE,)))
            assert [light.value for light in b.emulated.lights] == [WHITE] * 5

    run_virtual(main())
