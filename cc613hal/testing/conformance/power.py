"""Suites of what stands between the mains and the vehicle: contactor, weld check, plug lock, residual current monitor."""

from __future__ import annotations

import pytest

from cc613hal.errors import CommandFailed
from cc613hal.interfaces import (
    Contactor,
    ContactorState,
    LockPosition,
    PlugLock,
    ResidualCurrentMonitor,
    ResidualTrip,
    SafeState,
    WeldCheck,
    WeldState,
)
from cc613hal.plant import Outlet
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = ["ContactorSuite", "PlugLockSuite", "ResidualCurrentMonitorSuite", "WeldCheckSuite"]


class ContactorSuite(Suite):
    """A contactor that believes its feedback and nothing else."""

    capability = "Contactor"

    @scenario
    async def test_switches_on_and_off_with_evidence(self, bench: Bench) -> None:
        contactor: Contactor = bench.device
        on = await contactor.switch_on()
        assert on.on
        assert bench.plant.outlet(1).contacts.value > 0
        off = await contactor.switch_off()
        assert not off.on
        assert bench.plant.outlet(1).contacts.value == 0
        if on.verified:
            assert (on.state, off.state) == (ContactorState.ON, ContactorState.OFF)
        else:
            assert on.state is ContactorState.UNKNOWN, "without feedback nothing can be known of the state"

    @scenario
    async def test_sensed_state_follows_the_contacts(self, bench: Bench) -> None:
        contactor: Contactor = bench.device
        before = await contactor.sense()
        if not before.verified:
            pytest.skip(f"{self.driver} has no feedback")
        assert before.state is ContactorState.OFF
        await contactor.switch_on()
        after = await contactor.sense()
        assert (after.state, after.commanded_on) == (ContactorState.ON, True)

    @scenario
    async def test_contacts_that_do_not_close_are_a_failure_and_the_coil_is_released(self, bench: Bench) -> None:
        contactor: Contactor = bench.device
        if not (await contactor.sense()).verified:
            pytest.skip(f"{self.driver} has no feedback")
        bench.plant.outlet(1).stuck_open.set(True)
        with pytest.raises(CommandFailed):
            await contactor.switch_on()
        assert not bench.plant.outlet(1).coil.value, "the coil must not stay energised"

    @scenario
    async def test_welded_contacts_are_a_failure_on_switching_off(self, bench: Bench) -> None:
        contactor: Contactor = bench.device
        if not (await contactor.sense()).verified:
            pytest.skip(f"{self.driver} has no feedback")
        await contactor.switch_on()
        bench.plant.outlet(1).welded.set(True)
        with pytest.raises(CommandFailed):
            await contactor.switch_off()
        bench.plant.outlet(1).welded.set(False)  # leaving the board with hanging contacts would be an error of its own

    @scenario
    async def test_operations_are_counted(self, bench: Bench) -> None:
        contactor: Contactor = bench.device
        before = contactor.counter.operations
        await contactor.switch_on()
        await contactor.switch_off()
        assert contactor.counter.operations == before + 1

    @scenario
    async def test_safe_state_is_off(self, bench: Bench) -> None:
        contactor: Contactor = bench.device
        assert isinstance(contactor, SafeState), "a contactor needs a safe state"
        await contactor.switch_on()
        await contactor.make_safe()
        assert not bench.plant.outlet(1).coil.value

    def test_leaving_the_board_switches_off(self) -> None:
        outlets: list[Outlet] = []

        @scenario
        async def leave_it_on(_: ContactorSuite, bench: Bench) -> None:
            outlets.append(bench.plant.outlet(1))
            await bench.device.switch_on()

        leave_it_on(self)
        assert not outlets[0].coil.value


class WeldCheckSuite(Suite):
    """A part that tells whether contacts hang."""

    capability = "WeldCheck"

    @scenario
    async def test_healthy_contacts_are_clear(self, bench: Bench) -> None:
        check: WeldCheck = bench.device
        assert (await check.check_weld()).state is WeldState.CLEAR

    @scenario
    async def test_hanging_contacts_are_found(self, bench: Bench) -> None:
        check: WeldCheck = bench.device
        outlet = bench.plant.outlet(1)
        if isinstance(check, Contactor):
            await check.switch_on()
            outlet.welded.set(True)
            with pytest.raises(CommandFailed):
                await check.switch_off()
        else:
            outlet.coil.set(True)
            await bench.board.clock.sleep(1.0)
            outlet.welded.set(True)
            outlet.coil.set(False)
            await bench.board.clock.sleep(1.0)
        reading = await check.check_weld()
        assert reading.state is WeldState.WELDED, reading.detail
        outlet.welded.set(False)  # leaving the board with hanging contacts would be an error of its own


class PlugLockSuite(Suite):
    """A lock that says whether it locked."""

    capability = "PlugLock"

    @scenario
    async def test_locks_and_unlocks_with_evidence(self, bench: Bench) -> None:
        lock: PlugLock = bench.device
        locked = await lock.lock()
        assert locked.position is LockPosition.LOCKED
        assert locked.attempts >= 1
        assert bench.plant.outlet(1).bolt_locked.value == pytest.approx(1.0)
        unlocked = await lock.unlock()
        assert unlocked.position is LockPosition.UNLOCKED
        assert bench.plant.outlet(1).bolt_locked.value == pytest.approx(0.0)

    @scenario
    async def test_position_is_what_the_bolt_does(self, bench: Bench) -> None:
        lock: PlugLock = bench.device
        await lock.lock()
        assert (await lock.position()).position is LockPosition.LOCKED
        await lock.unlock()
        assert (await lock.position()).position is LockPosition.UNLOCKED

    @scenario
    async def test_a_blocked_bolt_is_a_failure(self, bench: Bench) -> None:
        lock: PlugLock = bench.device
        await lock.unlock()
        if not (await lock.position()).verified:
            pytest.skip(f"{self.driver} has no feedback")
        bench.plant.outlet(1).bolt_blocked.set(True)
        with pytest.raises(CommandFailed):
            await lock.lock()
        assert (await lock.position()).position is not LockPosition.LOCKED

    @scenario
    async def test_a_freed_bolt_locks_again(self, bench: Bench) -> None:
        lock: PlugLock = bench.device
        await lock.unlock()
        if not (await lock.position()).verified:
            pytest.skip(f"{self.driver} has no feedback")
        bench.plant.outlet(1).bolt_blocked.set(True)
        with pytest.raises(CommandFailed):
            await lock.lock()
        bench.plant.outlet(1).bolt_blocked.set(False)
        assert (await lock.lock()).position is LockPosition.LOCKED


class ResidualCurrentMonitorSuite(Suite):
    """A monitor whose trip cannot be missed."""

    capability = "ResidualCurrentMonitor"

    @scenario
    async def test_self_test_passes_and_publishes_no_trip(self, bench: Bench) -> None:
        monitor: ResidualCurrentMonitor = bench.device
        heard: list[ResidualTrip] = []
        with monitor.trips.on(heard.append):
            result = await monitor.self_test()
        assert result.passed, result.steps
        assert result.steps, "a self-test says what it expected"
        assert monitor.last_self_test == result
        assert not heard
        assert not monitor.latched

    @scenario
    async def test_direct_current_trips_and_latches(self, bench: Bench) -> None:
        monitor: ResidualCurrentMonitor = bench.device
        heard: list[ResidualTrip] = []
        with monitor.trips.on(heard.append):
            bench.plant.outlet(1).residual_dc_ma.set(10.0)
            assert await eventually(lambda: _latched(monitor), bench, within_s=10.0), "10 mA of direct current must trip"
        assert heard
        assert heard[0].source == bench.name

    @scenario
    async def test_the_latch_stays_until_the_current_has_gone(self, bench: Bench) -> None:
        monitor: ResidualCurrentMonitor = bench.device
        bench.plant.outlet(1).residual_dc_ma.set(10.0)
        assert await eventually(lambda: _latched(monitor), bench, within_s=10.0)
        with pytest.raises(CommandFailed):
            await monitor.reset()
        assert monitor.latched
        bench.plant.outlet(1).residual_dc_ma.set(0.0)
        await bench.board.clock.sleep(2.0)
        assert not (await monitor.reset()).latched


async def _latched(monitor: ResidualCurrentMonitor) -> bool:
    return monitor.latched
