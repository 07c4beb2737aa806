"""What every motor lock of the first-party drivers does alike; what a model does on its own is tested in its package."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed, SafetyRefused
from cc613hal.interfaces import LockPosition, OpenerState

LOCKS = [("hella.micro-actuator-1", 0.4), ("phoenix_contact.ev-t2m3s", 0.6)]
"""Driver and how long its preset drives the motor, in seconds."""

ALL_LINES = ("in1", "in2", "feedback", "energy_ok")


@pytest.mark.parametrize(("driver", "drive_s"), LOCKS)
def test_a_stroke_lasts_as_long_as_the_preset_says_and_is_confirmed(open_part, driver, drive_s):
    async def main():
        async with open_part(driver, *ALL_LINES, low=("feedback",)) as it:
            assert (await it.device.position()).position is LockPosition.UNLOCKED
            locked = await it.device.lock()
            assert (locked.position, locked.verified, locked.attempts) == (LockPosition.LOCKED, True, 1)
            assert it.outlet.bolt_locked.value == 1.0
            assert it.emulated.motor.longest_drive_s == pytest.approx(drive_s)
            unlocked = await it.device.unlock()
            assert (unlocked.position, unlocked.verified, unlocked.attempts) == (LockPosition.UNLOCKED, True, 1)
            assert it.outlet.bolt_locked.value == 0.0

    run_virtual(main())


@pytest.mark.parametrize("driver", [driver for driver, _ in LOCKS])
def test_the_motor_rests_between_strokes(open_part, driver):
    async def main():
        async with open_part(driver, *ALL_LINES) as it:
            await it.device.lock()
            first_s = it.simulation.clock.monotonic_s()
            await it.device.unlock()
            assert it.simulation.clock.monotonic_s() - first_s >= 3.0

    run_virtual(main())


@pytest.mark.parametrize(("driver", "drive_s"), LOCKS)
def test_a_jammed_bolt_is_tried_freed_and_reported_with_evidence(open_part, driver, drive_s):
    async def main():
        async with open_part(driver, *ALL_LINES) as it:
            it.outlet.bolt_blocked.set(True)
            with pytest.raises(CommandFailed, match="not locked after 3 strokes") as failure:
                await it.device.lock()
            assert failure.value.evidence.jammed
            assert it.emulated.motor.strokes == [1, 1, 1, -1]
            assert it.emulated.motor.longest_drive_s == pytest.approx(drive_s)
            assert it.health == "fault"
            it.outlet.bolt_blocked.set(False)
            assert (await it.device.lock()).position is LockPosition.LOCKED
            assert not (await it.device.position()).jammed
            assert it.health == "ok"

    run_virtual(main())


@pytest.mark.parametrize("driver", [driver for driver, _ in LOCKS])
def test_a_bolt_that_cannot_be_pulled_back_is_stuck(open_part, driver):
    async def main():
        async with open_part(driver, *ALL_LINES) as it:
            await it.device.lock()
            it.outlet.bolt_blocked.set(True)
            with pytest.raises(CommandFailed, match="not unlocked"):
                await it.device.unlock()
            assert (await it.device.position()).position is LockPosition.LOCKED

    run_virtual(main())


@pytest.mark.parametrize("driver", [driver for driver, _ in LOCKS])
def test_what_cannot_be_opened_on_a_power_cut_is_not_locked(open_part, driver):
    async def main():
        async with open_part(driver, *ALL_LINES) as it:
            it.outlet.opener_v.set(7.0)
            assert (await it.device.opener()).state is OpenerState.CHARGING
            with pytest.raises(SafetyRefused, match="still charging") as refusal:
                await it.device.lock()
            assert refusal.value.transient
            assert not it.emulated.motor.strokes
            await asyncio.sleep(61)
            assert (await it.device.opener()).state is OpenerState.FAULT
            with pytest.raises(SafetyRefused, match="not charged"):
                await it.device.lock()
            it.outlet.opener_v.set(12.0)
            await it.device.lock()

    run_virtual(main())


@pytest.mark.parametrize("driver", [driver for driver, _ in LOCKS])
def test_unlocking_needs_no_stored_energy(open_part, driver):
    async def main():
        async with open_part(driver, *ALL_LINES) as it:
            await it.device.lock()
            it.outlet.opener_v.set(0.0)
            assert (await it.device.unlock()).position is LockPosition.UNLOCKED

    run_virtual(main())


@pytest.mark.parametrize("driver", [driver for driver, _ in LOCKS])
def test_the_emergency_opener_shows_as_an_unexpected_movement(open_part, driver):
    async def main():
        async with open_part(driver, *ALL_LINES) as it:
            await it.device.lock()
            seen = []
            it.device.unexpected.on(lambda reading: seen.append(reading.position))
            it.simulation.plant.cabinet.supply_v.set(5.0)
            await asyncio.sleep(1.0)
            assert seen == [LockPosition.UNLOCKED]
            assert it.outlet.bolt_locked.value == 0.0

    run_virtual(main())
