"""The mechanism all motor locks share, shown on one of them."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.actuator import ActuatorPreset, FeedbackSense, MotorLockOptions
from cc613hal.board.line_slots import OutputSlot
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


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("lock", [True, False])
def test_from_the_brake_to_off_the_motor_is_driven_in_no_direction(open_part, lock, invert):
    async def main():
        async with open_part(DRIVER, *LINES, options={"invert": invert}) as it:
            await it.device.lock()
            if not lock:
                await it.device.unlock()
            motor = it.emulated.motor
            before = list(motor.strokes)
            await it.device.make_safe()
            assert motor.strokes == before
        assert motor.strokes == before

    run_virtual(main())


def test_where_lines_cannot_change_together_what_is_driven_in_between_is_the_way_the_bolt_went(open_part, monkeypatch):
    async def main():
        monkeypatch.setattr(OutputSlot, "write_jointly", lambda self, levels: False)
        async with open_part(DRIVER, *LINES) as it:
            await it.device.lock()
            await it.device.make_safe()
            assert it.emulated.motor.strokes == [1, 1]
            assert it.outlet.bolt_locked.value == 1.0

    run_virtual(main())


def test_a_motor_at_its_current_limit_is_switched_off_before_the_drive_time_is_over(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, "current_limit", options={"inrush_s": 0.05, "stall_s": 0.03}) as it:
            locked = await it.device.lock()
            assert (locked.position, locked.verified) == (LockPosition.LOCKED, True)
            assert it.emulated.motor.longest_drive_s == pytest.approx(0.36 + 0.03)  # home after 0.36 s

    run_virtual(main())


def test_a_jam_is_felt_at_once_where_the_current_is_measured_and_tried_as_often(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, "current_limit", options={"inrush_s": 0.05, "stall_s": 0.03}) as it:
            it.outlet.bolt_blocked.set(True)
            with pytest.raises(CommandFailed, match="not locked after 3 strokes") as failure:
                await it.device.lock()
            assert failure.value.evidence.jammed
            assert it.emulated.motor.longest_drive_s == pytest.approx(0.08)

    run_virtual(main())


def test_the_inrush_of_a_starting_motor_is_no_stall(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, "current_limit", options={"inrush_s": 0.05, "stall_s": 0.03}) as it:
            locking = asyncio.create_task(it.device.lock())
            await asyncio.sleep(0.001)
            it.emulated.current_limit.set(True)
            await asyncio.sleep(0.045)
            it.emulated.current_limit.set(False)
            assert (await locking).attempts == 1
            assert it.emulated.motor.longest_drive_s == pytest.approx(0.39)

    run_virtual(main())
