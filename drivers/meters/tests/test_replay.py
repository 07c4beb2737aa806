"""Recorded dialogues of every meter, played back: the driver asks for the same in the same order, and reads the same.

They were recorded from the emulated meters (``python drivers/meters/tests/test_replay.py`` records them anew); one of a real meter takes
the same form.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cc613hal.bus.replay import ReplayMismatchError
from cc613hal.testing.replays import Replayed, record_part, replay_part
from cc613hal_meters.catalogue import model_names

RECORDINGS = Path(__file__).parent / "recordings"
ASKED = sorted({*model_names(), "gsh01"})


async def a_station_reads(bench: Replayed) -> None:
    """All values twice, and who it is."""
    first = await bench.device.read_all()
    await asyncio.sleep(10.0)
    second = await bench.device.read_all()
    assert first.energy is not None
    assert second.energy is not None
    assert second.energy.imported.wh >= first.energy.imported.wh
    identity = await bench.device.identify()
    assert identity.vendor or identity.model


@pytest.mark.parametrize("model", ASKED)
def test_the_driver_asks_and_understands_what_was_recorded(model: str) -> None:
    replay_part(f"meters.{model}", RECORDINGS / f"{model}.jsonl", a_station_reads)


def test_a_driver_that_reads_otherwise_is_found_out() -> None:
    with pytest.raises(ReplayMismatchError):
        replay_part("meters.sdm630", RECORDINGS / "sdm630.jsonl", a_station_reads, options={"planning": "fewest-reads"})


if __name__ == "__main__":
    RECORDINGS.mkdir(exist_ok=True)
    for each in ASKED:
        record_part(f"meters.{each}", RECORDINGS / f"{each}.jsonl", a_station_reads)
