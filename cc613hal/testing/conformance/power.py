"""Suites of what stands between the mains and the vehicle: contactor, weld check, plug lock, residual current monitor."""

from __future__ import annotations

import pytest

from cc613hal.errors import CommandFailed, SafetyRefused, Unsupported
from cc613hal.interfaces import (
    Contactor,
    ContactorState,
    EmergencyOpener,
    EmergencyRelease,
    LockPosition,
    OpenerState,
    PhaseSwitching,
    PlugLock,
    ReleaseReport,
    ResidualCurrentMonitor,
    ResidualTrip,
    SafeState,
    WeldCheck,
    WeldState,
)
from cc613hal.plant import Outlet
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = [
    "ContactorSuite",
    "EmergencyOpenerSuite",
    "EmergencyReleaseSuite",
    "PhaseSwitchingSuite",
    "PlugLockSuite",
    "ResidualCurrentMonitorSuite",
    "WeldCheckSuite",
]


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


class EmergencyOpenerSuite(Suite):
    """A lock that knows whether it could be opened on a power cut."""

    capability = "EmergencyOpener"

    @scenario
    async def test_a_charged_store_is_told(self, bench: Bench) -> None:
        opener: EmergencyOpener = bench.device
        reading = await opener.opener()
        assert reading.source == bench.name
        assert reading.state in {OpenerState.CHARGED, OpenerState.NOT_FITTED}

    @scenario
    async def test_what_cannot_be_opened_is_not_locked(self, bench: Bench) -> None:
        opener: EmergencyOpener = bench.device
        if (await opener.opener()).state is OpenerState.NOT_FITTED:
            pytest.skip(f"{self.driver} does not see its store")
        assert isinstance(opener, PlugLock)
        bench.plant.outlet(1).opener_v.set(2.0)
        assert (await opener.opener()).state in {OpenerState.CHARGING, OpenerState.FAULT}
        with pytest.raises(SafetyRefused):
            await opener.lock()
        assert bench.plant.outlet(1).bolt_locked.value == pytest.approx(0.0)

    @scenario
    async def test_a_store_that_does_not_charge_is_a_fault(self, bench: Bench) -> None:
        opener: EmergencyOpener = bench.device
        if (await opener.opener()).state is OpenerState.NOT_FITTED:
            pytest.skip(f"{self.driver} does not see its store")
        bench.plant.outlet(1).opener_v.set(2.0)

        async def fault() -> bool:
            return (await opener.opener()).state is OpenerState.FAULT

        assert await eventually(fault, bench, within_s=3600.0, every_s=10.0)

    @scenario
    async def test_unlocking_asks_for_no_stored_energy(self, bench: Bench) -> None:
        opener: EmergencyOpener = bench.device
        assert isinstance(opener, PlugLock)
        await opener.lock()
        bench.plant.outlet(1).opener_v.set(2.0)
        assert (await opener.unlock()).position is LockPosition.UNLOCKED


class EmergencyReleaseSuite(Suite):
    """A lock that tells what became of the plug when the supply failed. The bench's board has a supply monitor for it."""

    capability = "EmergencyRelease"

    @scenario
    async def test_a_released_plug_is_reported_as_far_as_anything_tells(self, bench: Bench) -> None:
        (report,) = await self._after_a_power_cut(bench)
        assert bench.plant.outlet(1).bolt_locked.value == pytest.approx(0.0)
        assert report.released is not False
        assert report.source == bench.name

    @scenario
    async def test_a_plug_that_is_not_released_is_never_called_released(self, bench: Bench) -> None:
        bench.plant.outlet(1).bolt_blocked.set(False)
        (report,) = await self._after_a_power_cut(bench, blocked=True)
        assert not report.released
        assert bench.health == "fault"

    @scenario
    async def test_an_open_lock_has_nothing_to_report(self, bench: Bench) -> None:
        lock: EmergencyRelease = bench.device
        assert isinstance(lock, PlugLock)
        await lock.unlock()
        heard: list[ReleaseReport] = []
        with lock.releases.on(heard.append):
            bench.plant.cabinet.supply_v.set(2.0)
            await bench.board.clock.sleep(60.0)
        assert not heard
        assert lock.last_release is None

    async def _after_a_power_cut(self, bench: Bench, *, blocked: bool = False) -> list[ReleaseReport]:
        lock: EmergencyRelease = bench.device
        assert isinstance(lock, PlugLock)
        await lock.lock()
        heard: list[ReleaseReport] = []
        with lock.releases.on(heard.append):
            bench.plant.outlet(1).bolt_blocked.set(blocked)
            bench.plant.cabinet.supply_v.set(2.0)
            await bench.board.clock.sleep(60.0)
        assert [lock.last_release] == heard
        return heard


class PhaseSwitchingSuite(Suite):
    """A contactor pair that feeds one or three phases."""

    capability = "PhaseSwitching"

    @scenario
    async def test_the_next_switch_on_feeds_what_was_chosen(self, bench: Bench) -> None:
        switching: PhaseSwitching = bench.device
        assert isinstance(switching, Contactor)
        for phases in (1, 3, 1):
            try:
                await switching.select_phases(phases)
            except Unsupported:
                pytest.skip(f"{self.driver} feeds {switching.phases} phases only")
            assert switching.phases == phases
            await switching.switch_on()
            assert bench.plant.outlet(1).contacts.value == phases
            await switching.switch_off()

    @scenario
    async def test_nothing_is_chosen_under_load(self, bench: Bench) -> None:
        switching: PhaseSwitching = bench.device
        assert isinstance(switching, Contactor)
        await switching.switch_on()
        other = 4 - switching.phases
        with pytest.raises((SafetyRefused, Unsupported)):
            await switching.select_phases(other)
        assert switching.phases != other

    @scenario
    async def test_there_are_one_or_three_phases(self, bench: Bench) -> None:
        switching: PhaseSwitching = bench.device
        for phases in (0, 2, 4):
            with pytest.raises(Unsupported):
                await switching.select_phases(phases)


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
