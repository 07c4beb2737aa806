"""Recorded dialogues of every part, played back: the driver says the same again, byte for byte, and understands the same.

They were recorded from the emulated parts (``python drivers/hmi/tests/test_replay.py`` records them anew); a real part's has the same form.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cc613hal.board import open_board
from cc613hal.bus.replay import RecordingBuses, ReplayBuses, ReplayMismatchError
from cc613hal.bus.replay.recording import Recording
from cc613hal.clock import Clock, run_virtual
from cc613hal.interfaces import Beep, Colour, Motion, Pattern
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, board_for
from cc613hal.testing.replays import record_part, replay_part

DIALOGUES = Path(__file__).parent / "dialogues"
BLUE, WHITE = Colour(0, 0, 1), Colour(1, 1, 1)


async def lights(device, colour=BLUE):
    await device.show(Pattern(colours=(colour,), motion=Motion.BLINK, period_s=2.0))
    await asyncio.sleep(2.5)
    await device.show(Pattern(colours=(WHITE,)))
    assert (await device.identify()).model
    await device.dark()


async def text(device):
    await device.show_text(["Frei", "22 kW"])
    await device.show_text(["Frei", "21 kW"])


async def tone(device):
    await device.play((Beep(0.1, 0.1, 2000), Beep(0.2, 0.0, 1000)))


async def panel(device):
    await lights(device)
    await text(device)
    await tone(device)
    assert (await device.read_input()).active is False


STORIES = {
    "hmi.pca9685": lights,
    "hmi.pca9633": lights,
    "hmi.pca9552": lights,
    "hmi.is31fl32xx": lights,
    "hmi.lp5562": lights,
    "hmi.usb": panel,
    "hmi.hd44780": text,
    "hmi.ssd1306": text,
    "hmi.buzzer": tone,
}


def file_of(driver):
    return DIALOGUES / f"{driver.removeprefix('hmi.')}.jsonl"


def replay(driver, story):
    async def main():
        async with ReplayBuses.from_file(file_of(driver)) as buses, open_board(board_for(driver), buses, clock=Clock()) as board:
            await story(board.devices[PART])

    run_virtual(main())


@pytest.mark.parametrize("driver", STORIES)
def test_the_driver_says_what_it_said_before(driver):
    replay(driver, STORIES[driver])


@pytest.mark.parametrize("driver", ["hmi.pca9685", "hmi.lp5562", "hmi.is31fl32xx"])
def test_a_driver_that_says_something_else_is_found_out(driver):
    with pytest.raises(ReplayMismatchError):
        replay(driver, lambda device: lights(device, Colour(0, 1, 0)))


async def pressed(bench):
    """A press whose contact bounces, a second one, and a disturbance that is none."""
    presses = []
    bench.device.changes.on(lambda reading: presses.append(reading.active))
    for press_s, pause_s in ((0.004, 0.004), (0.2, 1.0), (0.2, 1.0), (0.01, 1.0)):
        if bench.simulation is not None:
            bench.simulation.plant.parts[PART].press()
        await asyncio.sleep(press_s)
        if bench.simulation is not None:
            bench.simulation.plant.parts[PART].release()
        await asyncio.sleep(pause_s)
    assert presses == [True, False, True, False]


def test_the_button_is_understood_as_it_was_recorded():
    replay_part("hmi.button", file_of("hmi.button"), pressed)


def record(driver):
    async def main():
        description = board_for(driver)
        async with Simulation(description) as simulation:
            with Recording(file_of(driver)) as recording:
                buses = RecordingBuses(simulation.buses, recording)
                async with open_board(description, buses, clock=simulation.clock) as board:
                    await STORIES[driver](board.devices[PART])

    run_virtual(main())


if __name__ == "__main__":
    for each in STORIES:
        record(each)
    record_part("hmi.button", file_of("hmi.button"), pressed)
