"""The mechanism all motor locks share, shown on one of them."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.actuator import ActuatorPreset, FeedbackSense, MotorLockOptions
from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed
from cc613hal.interfaces import LockPosition, OpenerState

DRIVER = "phoenix_contact.ev-t2m3s"
LINES = ("in1", "in2", "feedback")


def test_a_board_file_changes_only_what_it_names():
    preset = ActuatorPreset(name="x", drive_s=0.6, attempts=5, feedback=FeedbackSense.CLOSED_WHEN_UNLOCKED)
    changed = preset.with_options(MotorLockOptions(drive_s=0.5, invert=True, pause_s=0.0))
    assert (changed.drive_s, changed.invert, changed.pause_s, changed.attempts) == (0.5, True, 0.0, 5)
    assert changed.feedback is FeedbackSense.CLOSED_WHEN_UNLOCKED


def test_without_feedback_the_position_is_unknown_then_believed(open_part):
    async def main():
        async with open_part(DRIVER, "in1", "in2", options={"feedback": "none"}) as it:
            assert (await it.device.position()).position is LockPosition.UNKNOWN
            result = await it.device.lock()
            assert (result.position, result.verified, result.attempts) == (LockPosition.LOCKED, False, 1)
            again = await it.device.lock()
            assert again.attempts == 1  # nothing proves that it is still there
            assert (await it.device.opener()).state is OpenerState.NOT_FITTED

    run_virtual(main())


def test_a_lock_that_is_proven_locked_is_not_driven_again(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.lock()
            assert (await it.device.lock()).attempts == 0
            assert it.emulated.motor.strokes == [1]

    run_virtual(main())


def test_swapped_wires_are_swapped_back(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, options={"invert": True}) as it:
            await it.device.lock()
            assert it.outlet.bolt_locked.value == 1.0

    run_virtual(main())


@pytest.mark.parametrize(("brake", "level"), [(True, True), (False, False)])
def test_after_a_stroke_both_wires_are_equal_so_nothing_drives(open_part, brake, level):
    async def main():
        async with open_part(DRIVER, *LINES, options={"brake": brake}) as it:
            await it.device.lock()
            assert (it.wire("in1").level.value, it.wire("in2").level.value) == (level, level)
            assert not it.emulated.motor.powered
            wires = it.wire("in1"), it.wire("in2")
        assert not any(wire.level.value for wire in wires)

    run_virtual(main())


def test_a_cancelled_stroke_is_finished_and_the_motor_is_off(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            locking = asyncio.create_task(it.device.lock())
            await asyncio.sleep(0.2)
            locking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await locking
            assert not it.emulated.motor.powered
            assert it.outlet.bolt_locked.value == 1.0
            assert it.emulated.motor.longest_drive_s == pytest.approx(0.6)

    run_virtual(main())


def test_the_reading_says_moving_while_it_moves_and_nothing_unexpected_happened(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            seen = []
            it.device.unexpected.on(seen.append)
            locking = asyncio.create_task(it.device.lock())
            await asyncio.sleep(0.2)
            assert (await it.device.position()).position is LockPosition.MOVING
            await locking
            assert not seen

    run_virtual(main())


def test_a_bolt_turned_by_hand_is_reported(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.lock()
            seen = []
            it.device.unexpected.on(seen.append)
            it.outlet.bolt_locked.set(0.0)
            assert [reading.position for reading in seen] == [LockPosition.UNLOCKED]
            assert it.health == "fault"
            assert (await it.device.lock()).attempts == 1

    run_virtual(main())


def test_a_dead_motor_is_a_failure_and_the_deadline_limits_the_tries(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.emulated.motor.dead = True
            with pytest.raises(CommandFailed, match="after 1 stroke "):
                await it.device.lock(deadline_s=1.0)
            with pytest.raises(CommandFailed, match=r"after 0 strokes.*deadline"):
                await it.device.lock(deadline_s=0.5)

    run_virtual(main())


def test_the_safe_state_leaves_the_bolt_or_drives_it_back_once(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.lock()
            await it.device.make_safe()
            assert it.outlet.bolt_locked.value == 1.0
        async with open_part(DRIVER, *LINES, options={"unlock_when_safe": True}) as it:
            await it.device.lock()
            await it.device.make_safe()
            assert it.outlet.bolt_locked.value == 0.0
            assert not it.emulated.motor.powered

    run_virtual(main())


def test_strokes_are_counted_across_restarts(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.lock()
        async with open_part(DRIVER, *LINES) as it:
            it.outlet.bolt_locked.set(0.0)
            await it.device.lock()
            assert it.device.cycles == 2

    run_virtual(main())
