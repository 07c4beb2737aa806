"""Recorded dialogues, played back: the drivers ask for the same again and understand the same.

They were recorded from the emulated parts (``python drivers/banner/tests/test_replay.py`` records them anew); one of a real sensor or
gateway takes the same form.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cc613hal.errors import ConnectFailed
from cc613hal.testing.replays import record_part, replay_part

RECORDINGS = Path(__file__).parent / "recordings"
PARTS = {
    "discrete": ("banner.discrete", {}),
    "modbus-distance": ("banner.modbus-distance", {"type": "u32", "status_register": 40}),
    "dx80-state": ("banner.dx80", {"node": 2}),
    "dx80-distance": ("banner.dx80", {"meaning": "distance", "signal_input": 2}),
}


async def a_car_parks(bench):
    heard = []
    bench.device.changes.on(lambda reading: heard.append(reading.occupied))
    await asyncio.sleep(12)
    if bench.simulation is not None:
        bench.simulation.plant.cabinet.bay_distance_mm.set(900.0)
    await asyncio.sleep(5)
    assert heard == [False, True]


@pytest.mark.parametrize("name", PARTS)
def test_the_driver_does_what_was_recorded(name):
    driver, options = PARTS[name]
    replay_part(driver, RECORDINGS / f"{name}.jsonl", a_car_parks, options=options)


def test_a_driver_that_asks_another_node_is_found_out():
    with pytest.raises(ConnectFailed, match="another one than recorded"):
        replay_part("banner.dx80", RECORDINGS / "dx80-state.jsonl", a_car_parks, options={"node": 3})


if __name__ == "__main__":
    RECORDINGS.mkdir(exist_ok=True)
    for label, (part, settings) in PARTS.items():
        record_part(part, RECORDINGS / f"{label}.jsonl", a_car_parks, options=settings)
