"""The Hella micro actuator: 400 ms strokes, contact closed when unlocked."""

from __future__ import annotations

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed
from cc613hal.interfaces import LockPosition

DRIVER = "hella.micro-actuator-1"
DRIVE_S = 0.4
LINES = ("in1", "in2", "feedback", "energy_ok")


def test_a_stroke_lasts_as_long_as_the_preset_says(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.lock()
            assert it.emulated.motor.longest_drive_s == pytest.approx(DRIVE_S)

    run_virtual(main())


def test_a_broken_contact_wire_reads_locked_and_is_not_believed(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, before=lambda simulation: simulation.plant.parts["part"].feedback.hold(False)) as it:
            reading = await it.device.position()
            assert (reading.position, reading.verified) == (LockPosition.LOCKED, False)
            result = await it.device.lock()
            assert (result.attempts, result.verified) == (1, False)
            with pytest.raises(CommandFailed, match="not unlocked"):
                await it.device.unlock()

    run_virtual(main())


def test_a_bolt_in_between_is_not_unlocked_but_reads_locked_on_this_single_contact(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.outlet.bolt_locked.set(0.5)
            assert (await it.device.position()).position is LockPosition.LOCKED  # a limit of the part, named in its README

    run_virtual(main())
