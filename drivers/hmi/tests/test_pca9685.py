"""Lights as one sees them, and what they cost."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager

import pytest

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusError, ConfigError, ConnectFailed
from cc613hal.interfaces import BLACK, Colour, Identified, Indicator, Motion, Pattern
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, board_for
from cc613hal_hmi import status_patterns
from cc613hal_hmi.frames import stills

GREEN, YELLOW, BLUE = Colour(0, 1, 0), Colour(1, 0.6, 0), Colour(0, 0, 1)


class Bench:
    def __init__(self, simulation, board):
        self.simulation, self.board = simulation, board
        self.lights = board.get(Indicator, PART)
        self.chip = simulation.plant.parts[PART]

    def seen(self):
        return [light.value for light in self.chip.lights]


@asynccontextmanager
async def bench(**options):
    description = board_for("hmi.pca9685", options=options)
    async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
        yield Bench(simulation, board)


def test_a_steady_pattern_is_written_once_and_then_the_bus_is_quiet():
    async def main():
        async with bench() as b:
            before = b.chip.writes
            await b.lights.show(Pattern(colours=(GREEN,), lights=3))
            await b.lights.show(Pattern(colours=(GREEN,), lights=3))
            await asyncio.sleep(600)
            assert b.seen() == [GREEN] * 3 + [BLACK] * 2
            assert b.chip.writes == before + 1

    run_virtual(main())


def test_blinking_alternates_at_its_period():
    async def main():
        async with bench() as b:
            await b.lights.show(Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=2.0))
            changes = []
            b.chip.lights[0].on(lambda colour: changes.append((round(b.simulation.clock.monotonic_s(), 2), colour)))
            await asyncio.sleep(10.5)
            times = [at for at, _ in changes]
            assert len(changes) == 10
            assert all(abs(later - earlier - 1.0) < 0.01 for earlier, later in itertools.pairwise(times))

    run_virtual(main())


def test_rotating_lights_one_after_the_other():
    pictures = stills(Pattern(colours=(GREEN,), motion=Motion.ROTATE, period_s=1.0), 5)
    assert [still.lights.index(GREEN) for still in pictures] == [0, 1, 2, 3, 4]
    assert all(still.lights.count(GREEN) == 1 and still.duration_s == pytest.approx(0.2) for still in pictures)


def test_all_colours_together_take_a_light_each_and_follow_each_other_where_there_is_one_light():
    together = Pattern(colours=(GREEN, YELLOW, BLUE), motion=Motion.TOGETHER)
    assert stills(together, 5)[0].lights == (GREEN, YELLOW, BLUE, BLACK, BLACK)
    assert [still.lights for still in stills(together, 1)] == [(GREEN,), (YELLOW,), (BLUE,)]


def test_brightness_and_colour_reach_the_light():
    async def main():
        async with bench(brightness=0.5) as b:
            await b.lights.show(Pattern(colours=(YELLOW,)))
            light = b.seen()[0]
            assert (light.red, light.green, light.blue) == pytest.approx((0.5, 0.3, 0.0), abs=0.001)
            assert b.chip.frequency_hz == pytest.approx(200, rel=0.03)

    run_virtual(main())


def test_dark_and_leaving_the_board_switch_everything_off():
    async def main():
        async with bench() as b:
            await b.lights.show(Pattern(colours=(GREEN,)))
            await b.lights.dark()
            assert b.seen() == [BLACK] * 5
            assert b.lights.shown is None
            await b.lights.show(Pattern(colours=(BLUE,), motion=Motion.BLINK))
            chip = b.chip
        assert [light.value for light in chip.lights] == [BLACK] * 5

    run_virtual(main())


def test_a_chip_that_lost_its_supply_shines_again():
    async def main():
        async with bench() as b:
            await b.lights.show(Pattern(colours=(GREEN,)))
            b.chip.power_cycle()
            assert b.seen() == [BLACK] * 5
            await asyncio.sleep(31)
            assert b.seen() == [GREEN] * 5

    run_virtual(main())


def test_unplugged_and_back_the_pattern_asked_for_meanwhile_is_shown():
    async def main():
        async with bench() as b:
            b.simulation.faults(PART).unplug()
            for _ in range(4):
                with pytest.raises(BusError):
                    await b.lights.show(Pattern(colours=(BLUE,)))
            b.chip.power_cycle()
            b.simulation.faults(PART).plug()
            await asyncio.sleep(60)
            assert b.seen() == [BLUE] * 5

    run_virtual(main())


def test_another_chip_and_an_absent_one_are_told_apart():
    async def main(break_it):
        description = board_for("hmi.pca9685")
        async with Simulation(description) as simulation:
            break_it(simulation)
            async with open_board(description, simulation.buses, clock=simulation.clock):
                pass

    def other(simulation):
        simulation.plant.parts[PART].mode2_stuck = 0xFF

    with pytest.raises(ConnectFailed, match="MODE2 reads 0xFF"):
        run_virtual(main(other))
    with pytest.raises(ConnectFailed, match="nobody answers"):
        run_virtual(main(lambda simulation: simulation.faults(PART).unplug()))


def test_identity_is_what_the_chip_can_prove():
    async def main():
        async with bench() as b:
            assert (await b.board.get(Identified, PART).identify()).model == "PCA9685"

    run_virtual(main())


@pytest.mark.parametrize("channels", [[[0, 1]], [[0, 1, 16]], [[0, 1, 1]], []])
def test_a_wiring_that_cannot_be_is_refused(channels):
    with pytest.raises(BoardFileError):
        board_for("hmi.pca9685", options={"channels": channels})


def test_a_white_label_language_replaces_it_and_its_mistakes_are_all_told(tmp_path):
    bad = tmp_path / "brand.toml"
    bad.write_text('[colours]\nred = [2, 0, 0]\n[states.free]\ncolours = ["pink"]\nmotion = "jump"\n')
    with pytest.raises(ConfigError) as told:
        status_patterns(bad)
    for part in ("colours.red", "pink", "jump", "'charging'"):
        assert part in str(told.value)
    with pytest.raises(ConfigError, match="cannot read"):
        status_patterns(tmp_path / "none.toml")
    bad.write_text("= nonsense")
    with pytest.raises(ConfigError):
        status_patterns(bad)


def test_a_pattern_that_cannot_be_shown_is_refused():
    async def main():
        async with bench() as b:
            with pytest.raises(ConfigError, match="at least one colour"):
                await b.lights.show(Pattern(colours=()))
            with pytest.raises(ConfigError, match="too fast"):
                await b.lights.show(Pattern(colours=(GREEN,), motion=Motion.BLINK, period_s=0.01))

    run_virtual(main())
