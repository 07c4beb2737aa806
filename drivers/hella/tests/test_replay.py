"""A recorded dialogue, played back: the driver moves the same lines in the same order again.

It was recorded from the emulated actuator (``python drivers/hella/tests/test_replay.py`` records it anew); one
from a real actuator takes the same form.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cc613hal.bus.replay import ReplayMismatchError
from cc613hal.interfaces import LockPosition, OpenerState
from cc613hal.testing.replays import record_part, replay_part

DRIVER = "hella.micro-actuator-1"
RECORDING = Path(__file__).parent / "recordings" / "lock-and-unlock.jsonl"
LINES = {"current_limit": None}


async def lock_and_unlock(bench):
    assert (await bench.device.opener()).state is OpenerState.CHARGED
    locked = await bench.device.lock()
    assert (locked.position, locked.verified, locked.attempts) == (LockPosition.LOCKED, True, 1)
    unlocked = await bench.device.unlock()
    assert (unlocked.position, unlocked.verified) == (LockPosition.UNLOCKED, True)


def test_the_driver_does_what_was_recorded():
    replay_part(DRIVER, RECORDING, lock_and_unlock, lines=LINES)


def test_a_driver_that_drives_another_way_is_found_out():
    with pytest.raises(ReplayMismatchError):
        replay_part(DRIVER, RECORDING, lock_and_unlock, lines=LINES, options={"invert": True})


if __name__ == "__main__":
    RECORDING.parent.mkdir(exist_ok=True)
    record_part(DRIVER, RECORDING, lock_and_unlock, lines=LINES)
