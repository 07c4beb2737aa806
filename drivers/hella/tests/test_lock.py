"""The Hella micro actuator: 400 ms strokes, contact closed when unlocked."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed, SafetyRefused
from cc613hal.interfaces import LockPosition, OpenerState

DRIVER = "hella.micro-actuator-1"
DRIVE_S = 0.4
LINES = ("in1", "in2", "feedback", "energy_ok")


def test_a_stroke_lasts_as_long_as_the_preset_says_and_is_confirmed(bench):
    async def main():
        async with bench(DRIVER, *LINES, low=("feedback",)) as it:
            assert (await it.part.position()).position is LockPosition.UNLOCKED
            locked = await it.part.lock()
            assert (locked.position, locked.verified, locked.attempts) == (LockPosition.LOCKED, True, 1)
            assert it.outlet.bolt_locked.value == 1.0
            assert it.emulated.motor.longest_drive_s == pytest.approx(DRIVE_S)
            unlocked = await it.part.unlock()
            assert (unlocked.position, unlocked.verified, unlocked.attempts) == (LockPosition.UNLOCKED, True, 1)
            assert it.outlet.bolt_locked.value == 0.0

    run_virtual(main())


def test_the_motor_rests_between_strokes(bench):
    async def main():
        async with bench(DRIVER, *LINES) as it:
            await it.part.lock()
            first_s = it.simulation.clock.monotonic_s()
            await it.part.unlock()
            assert it.simulation.clock.monotonic_s() - first_s >= 3.0

    run_virtual(main())


def test_a_jammed_bolt_is_tried_freed_and_reported_with_evidence(bench):
    async def main():
        async with bench(DRIVER, *LINES) as it:
            it.outlet.bolt_blocked.set(True)
            with pytest.raises(CommandFailed, match="not locked after 3 strokes") as failure:
                await it.part.lock()
            assert failure.value.evidence.jammed
            assert it.emulated.motor.strokes == [1, 1, 1, -1]
            assert it.emulated.motor.longest_drive_s == pytest.approx(DRIVE_S)
            assert it.health == "fault"
            it.outlet.bolt_blocked.set(False)
            assert (await it.part.lock()).position is LockPosition.LOCKED
            assert not (await it.part.position()).jammed
            assert it.health == "ok"

    run_virtual(main())


def test_a_bolt_that_cannot_be_pulled_back_is_stuck(bench):
    async def main():
        async with bench(DRIVER, *LINES) as it:
            await it.part.lock()
            it.outlet.bolt_blocked.set(True)
            with pytest.raises(CommandFailed, match="not unlocked"):
                await it.part.unlock()
            assert (await it.part.position()).position is LockPosition.LOCKED

    run_virtual(main())


def test_what_cannot_be_opened_on_a_power_cut_is_not_locked(bench):
    async def main():
        async with bench(DRIVER, *LINES) as it:
            it.outlet.opener_v.set(7.0)
            assert (await it.part.opener()).state is OpenerState.CHARGING
            with pytest.raises(SafetyRefused, match="still charging") as refusal:
                await it.part.lock()
            assert refusal.value.transient
            assert not it.emulated.motor.strokes
            await asyncio.sleep(61)
            assert (await it.part.opener()).state is OpenerState.FAULT
            with pytest.raises(SafetyRefused, match="not charged"):
                await it.part.lock()
            it.outlet.opener_v.set(12.0)
            await it.part.lock()

    run_virtual(main())


def test_unlocking_needs_no_stored_energy(bench):
    async def main():
        async with bench(DRIVER, *LINES) as it:
            await it.part.lock()
            it.outlet.opener_v.set(0.0)
            assert (await it.part.unlock()).position is LockPosition.UNLOCKED

    run_virtual(main())


def test_the_emergency_opener_shows_as_an_unexpected_movement(bench):
    async def main():
        async with bench(DRIVER, *LINES) as it:
            await it.part.lock()
            seen = []
            it.part.unexpected.on(lambda reading: seen.append(reading.position))
            it.simulation.plant.cabinet.supply_v.set(5.0)
            assert seen == [LockPosition.UNLOCKED]
            assert it.outlet.bolt_locked.value == 0.0

    run_virtual(main())


def test_a_broken_contact_wire_reads_locked_and_is_not_believed(bench):
    async def main():
        async with bench(DRIVER, *LINES, before=lambda simulation: simulation.plant.parts["part"].feedback.hold(False)) as it:
            reading = await it.part.position()
            assert (reading.position, reading.verified) == (LockPosition.LOCKED, False)
            result = await it.part.lock()
            assert (result.attempts, result.verified) == (1, False)
            with pytest.raises(CommandFailed, match="not unlocked"):
                await it.part.unlock()

    run_virtual(main())


def test_a_bolt_in_between_is_not_unlocked_but_reads_locked_on_this_single_contact(bench):
    async def main():
        async with bench(DRIVER, *LINES) as it:
            it.outlet.bolt_locked.set(0.5)
            assert (await it.part.position()).position is LockPosition.LOCKED  # a limit of the part, named in its README

    run_virtual(main())
