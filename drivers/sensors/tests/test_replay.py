"""Recorded dialogues of every part, played back: the driver says the same again, byte for byte, and understands the same.

They were recorded from the emulated parts (``python drivers/sensors/tests/test_replay.py`` records them anew); one from a real part takes
the same form.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cc613hal.errors import ConnectFailed
from cc613hal.testing.replays import record_part, replay_part

RECORDINGS = Path(__file__).parent / "recordings"


async def tilt(bench):
    """Put up, hit, straightened: the whole story of a station that somebody drove into."""
    await bench.device.take_reference()
    for gravity_g, seconds in (((0.5, 0.0, 0.866), 2), ((0.0, 0.0, 1.0), 11)):
        if bench.simulation is not None:
            bench.simulation.plant.cabinet.gravity_g.set(gravity_g)
        for _ in range(seconds):
            await asyncio.sleep(1.0)
            reading = await bench.device.read_tilt()
        assert reading.tilted is (gravity_g[0] > 0)
        assert reading.tilt_deg == pytest.approx(30.0 if gravity_g[0] else 0.0, abs=0.5)
    assert (await bench.device.identify()).model


async def temperature(bench):
    """Two temperatures above zero and one below."""
    for celsius in (25.0, 70.0, -20.0):
        if bench.simulation is not None:
            for place in bench.simulation.plant.cabinet.temperature_c.values():
                place.set(celsius)
        await asyncio.sleep(2.0)
        assert (await bench.device.read()).temperature_c == pytest.approx(celsius, abs=0.5)
    assert (await bench.device.identify()).model


STORIES = {
    "lm75b": ("sensors.lm75", temperature, {}),
    "tmp117": ("sensors.lm75", temperature, {"variant": "tmp117"}),
    "mcp9808": ("sensors.mcp9808", temperature, {}),
    "max31865": ("sensors.max31865", temperature, {"wires": 3}),
    "ads1115": ("sensors.ads1115", temperature, {"supply_input": 3}),
    "lis2dh12": ("sensors.lis2dh12", tilt, {}),
    "adxl345": ("sensors.adxl345", tilt, {}),
    "mma8451": ("sensors.mma8451", tilt, {}),
    "scl3300": ("sensors.scl3300", tilt, {}),
}


def file_of(name):
    return RECORDINGS / f"{name}.jsonl"


@pytest.mark.parametrize("name", STORIES)
def test_the_driver_says_what_it_said_before(name):
    driver, story, options = STORIES[name]
    replay_part(driver, file_of(name), story, options=options)


@pytest.mark.parametrize(("name", "other"), [("lm75b", {"variant": "tmp102"}), ("scl3300", {"mode": 2})])
def test_a_driver_that_says_something_else_is_found_out(name, other):
    driver, story, _ = STORIES[name]
    with pytest.raises(ConnectFailed, match="than recorded"):
        replay_part(driver, file_of(name), story, options=other)


if __name__ == "__main__":
    RECORDINGS.mkdir(exist_ok=True)
    for each, (part, told, chosen) in STORIES.items():
        record_part(part, file_of(each), told, options=chosen)
