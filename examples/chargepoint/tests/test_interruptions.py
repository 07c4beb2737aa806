"""What interrupts a charge: a lost meter, a power cut, a calendar that jumps by years, a limit on the phases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.events import FaultCleared, Offered, SessionBegan, SessionRecovered, SessionResumed
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.domain.session import SessionRecord
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.records import POWER_LOSS
from cc613_chargepoint.simulated import SimulatedStation, simulated_station
from cc613_chargepoint.store import Store
from cc613hal.board import load_board, open_board
from cc613hal.clock import ClockState, run_virtual
from cc613hal.plant import Simulation

YEARS = [timedelta(days=365 * 20), timedelta(days=-365 * 20), timedelta(days=365), timedelta(hours=-1)]


def play(story: Callable[[SimulatedStation], Awaitable[None]], *, board: str = "bender.cc613", **connector) -> None:
    async def main() -> None:
        async with simulated_station(board, StationSettings(connector=ConnectorSettings(**connector))) as made:
            await story(made)

    run_virtual(main())


# -- the meter --------------------------------------------------------------------------------------------------------------------------


def test_a_fault_of_the_meter_stays_until_the_meter_answers() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.simulation.faults("meter1").silence = True
        await made.until_state(State.FAULTED, within_s=10.0)
        made.unplug(force=True)
        await made.sleep(120.0)
        assert [fault.name for fault in made.station.connector.faults] == [FaultName.METER_LOST]
        made.simulation.faults("meter1").silence = False
        await made.until_state(State.AVAILABLE, within_s=40.0)

    play(story)


def test_where_nothing_is_billed_a_charge_goes_on_without_its_meter_and_claims_no_energy_it_did_not_see() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(10.0)
        made.simulation.faults("meter1").silence = True
        await made.sleep(120.0)
        assert made.state is State.CHARGING
        assert made.faults == [FaultName.METER_SILENT], "told once"
        made.unplug(force=True)
        await made.until(lambda: bool(made.sessions))
        assert made.sessions[0].energy_wh is None
        assert [each.fault.name for each in made.of(FaultCleared)] == [FaultName.METER_SILENT]

    play(story, meter_lost_policy="continue")


def test_a_meter_that_comes_back_has_counted_all_the_while() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(10.0)
        made.simulation.faults("meter1").silence = True
        await made.sleep(600.0)
        made.simulation.faults("meter1").silence = False
        await made.until(lambda: bool(made.of(FaultCleared)), within_s=60.0)
        delivered_wh = made.outlet.energy_now_wh()
        made.unplug(force=True)
        await made.until(lambda: bool(made.sessions))
        assert made.sessions[0].energy_wh == pytest.approx(Decimal(delivered_wh), abs=Decimal(25))

    play(story, meter_lost_policy="continue")


def test_a_silent_meter_behind_a_residual_current_device_is_reported_as_that() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.simulation.faults("meter1").silence = True
        await made.until_state(State.FAULTED, within_s=10.0)
        assert made.faults == [FaultName.RCD_SUSPECTED]
        assert FaultName.RCD_SUSPECTED.kind.info == "RCD may be triggered (OCPP meter power loss)"
        made.unplug(force=True)
        await made.sleep(60.0)
        assert made.state is State.FAULTED
        made.simulation.faults("meter1").silence = False
        await made.until_state(State.AVAILABLE, within_s=40.0)

    play(story, meter_behind_rcd=True)


# -- the power --------------------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def powered(
    store: Store, simulation: Simulation, before: SimulatedStation | None = None, **connector
) -> AsyncIterator[SimulatedStation]:
    """A station with a store; leaving it is a power cut: nobody ends anything."""
    async with open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        settings = StationSettings(store_sample_s=5.0, connector=ConnectorSettings(**connector))
        station = Station(board, settings, store=store)
        made = SimulatedStation(simulation, board, station)
        if before is not None:
            made.vehicles.update(before.vehicles)
        station.news.on(made.news.append)
        serving = asyncio.create_task(station.run())
        await made.sleep(1.0)
        try:
            yield made
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


@pytest.mark.parametrize("gone_s", [1.0, 300.0, 700.0])
def test_a_session_goes_on_after_a_power_cut_where_that_is_wanted_and_it_was_not_too_long(gone_s: float, tmp_path: Path) -> None:
    async def main() -> tuple[list[SessionRecord], int, int, float]:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, await Store.open(tmp_path / "station.db") as store:
            async with powered(store, simulation, after_power_loss="resume") as made:
                await made.charge()
                await made.sleep(60.0)
            await simulation.clock.sleep(gone_s)
            async with powered(store, simulation, made, after_power_loss="resume") as again:
                if gone_s < 600.0:
                    await again.until_state(State.CHARGING)
                await again.sleep(60.0)
                again.unplug(force=True)
                await again.sleep(10.0)
                delivered_wh = simulation.plant.outlet(1).energy_now_wh()
            return again.sessions, len(again.of(SessionResumed)), len(again.of(SessionRecovered)), delivered_wh

    sessions, resumed, recovered, delivered_wh = run_virtual(main())
    if gone_s < 600.0:
        assert (len(sessions), resumed, recovered) == (1, 1, 0)
        assert sessions[0].number == 1
        assert sessions[0].energy_wh == pytest.approx(Decimal(delivered_wh), abs=Decimal(25)), "one session, all of its energy"
        assert sessions[0].reason == "vehicle unplugged"
        assert sessions[0].duration_s == pytest.approx(120.0 + gone_s, abs=30.0)
    else:
        assert (sessions, resumed, recovered) == ([], 0, 1)


def test_a_session_ends_where_it_was_if_that_is_the_policy(tmp_path: Path) -> None:
    async def main() -> tuple[int, list[SessionRecovered]]:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, await Store.open(tmp_path / "station.db") as store:
            async with powered(store, simulation) as made:
                await made.charge()
                await made.sleep(60.0)
            simulation.plant.outlet(1).bolt_locked.set(1.0)  # the cut came so fast that the emergency opener did nothing
            async with powered(store, simulation, made) as again:
                await again.until(lambda: simulation.plant.outlet(1).bolt_locked.value == 0.0, within_s=10.0)
                assert again.state is State.CONNECTED, "another card begins another session"
            return len(again.of(SessionResumed)), again.of(SessionRecovered)

    resumed, (recovered,) = run_virtual(main())
    assert resumed == 0
    assert recovered.record.reason == POWER_LOSS


def test_a_vehicle_that_left_in_the_power_cut_has_its_session_ended_with_the_meters_register(tmp_path: Path) -> None:
    async def main() -> tuple[SessionRecord, float]:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, await Store.open(tmp_path / "station.db") as store:
            async with powered(store, simulation, after_power_loss="resume") as made:
                await made.charge()
                await made.sleep(63.0)
            made.unplug(force=True)
            delivered_wh = simulation.plant.outlet(1).energy_now_wh()
            async with powered(store, simulation, made, after_power_loss="resume") as again:
                await again.sleep(5.0)
                assert again.state is State.AVAILABLE
            (record,) = again.sessions
            assert await store.read(lambda tx: tx.sessions.open()) == []
            return record, delivered_wh

    record, delivered_wh = run_virtual(main())
    assert record.reason == POWER_LOSS
    assert record.energy_wh == pytest.approx(Decimal(delivered_wh), abs=Decimal(25))


def test_a_second_power_cut_in_the_same_session_loses_nothing_either(tmp_path: Path) -> None:
    async def main() -> tuple[list[SessionRecord], float]:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, await Store.open(tmp_path / "station.db") as store:
            async with powered(store, simulation, after_power_loss="resume") as made:
                await made.charge()
                await made.sleep(30.0)
            for _ in range(2):
                async with powered(store, simulation, made, after_power_loss="resume") as again:
                    await again.until_state(State.CHARGING)
                    await again.sleep(30.0)
            async with powered(store, simulation, made, after_power_loss="resume") as last:
                await last.until_state(State.CHARGING)
                last.unplug(force=True)
                await last.sleep(10.0)
                return last.sessions, simulation.plant.outlet(1).energy_now_wh()

    sessions, delivered_wh = run_virtual(main())
    assert [each.number for each in sessions] == [1]
    assert sessions[0].energy_wh == pytest.approx(Decimal(delivered_wh), abs=Decimal(25))


# -- the calendar -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", YEARS, ids=str)
def test_a_calendar_that_jumps_in_a_charge_changes_neither_energy_nor_duration_nor_limits(jump: timedelta, tmp_path: Path) -> None:
    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, await Store.open(tmp_path / "station.db") as store, powered(store, simulation) as made:
            await made.charge()
            made.station.limits.set("energy manager", 10.0, for_s=60.0)
            await made.sleep(30.0)
            simulation.clock.offset += jump
            await made.sleep(20.0)
            assert made.of(Offered)[-1].offer.source == "energy manager"
            await made.sleep(40.0)
            assert made.of(Offered)[-1].offer.source == "installation", "it counted for sixty seconds, whatever the calendar said"
            delivered_wh = made.outlet.energy_now_wh()
            made.unplug(force=True)
            await made.until(lambda: bool(made.sessions))
            (record,) = made.sessions
            assert record.duration_s == pytest.approx(90.0, abs=5.0)
            assert record.energy_wh == pytest.approx(Decimal(delivered_wh), abs=Decimal(15))
            assert made.faults == []
            (stored,) = await store.read(lambda tx: tx.sessions.recent())
            assert stored.energy_wh == record.energy_wh
            assert len(await store.read(lambda tx: tx.sessions.samples(stored.number))) >= 15
            await made.charge()

    run_virtual(main())


@pytest.mark.parametrize("jump", YEARS, ids=str)
def test_after_a_power_cut_with_a_calendar_that_jumped_the_session_ends_and_the_next_begins(jump: timedelta, tmp_path: Path) -> None:
    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, await Store.open(tmp_path / "station.db") as store:
            async with powered(store, simulation, after_power_loss="resume") as made:
                await made.charge()
                await made.sleep(60.0)
            simulation.clock.offset += jump
            async with powered(store, simulation, made, after_power_loss="resume") as again:
                assert len(again.of(SessionRecovered)) == 1, "how long ago it was cannot be told"
                again.unplug(force=True)
                await again.until_state(State.AVAILABLE)
                await again.charge()
                assert [each.number for each in again.of(SessionBegan)] == [2]

    run_virtual(main())


@pytest.mark.parametrize(("state", "kept"), [(ClockState.UNKNOWN, 1), (ClockState.SYNCHRONISED, 0)])
def test_a_calendar_that_jumped_ahead_throws_no_session_away_unless_it_is_known_to_be_right(
    state: ClockState, kept: int, tmp_path: Path
) -> None:
    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, await Store.open(tmp_path / "station.db") as store, powered(store, simulation) as made:
            await made.charge()
            await made.sleep(60.0)
            made.unplug(force=True)
            await made.until(lambda: bool(made.sessions))
            simulation.clock.offset += timedelta(days=365 * 20)
            simulation.clock.state = state
            await made.sleep(700.0)
            assert len(await store.read(lambda tx: tx.sessions.recent())) == kept

    run_virtual(main())


# -- the phases -------------------------------------------------------------------------------------------------------------------------


def test_a_limit_on_the_phases_is_followed_before_a_charge_without_pause_or_budget() -> None:
    async def story(made: SimulatedStation) -> None:
        made.station.limits.set("energy manager", 16.0, phases=1)
        await made.charge()
        assert made.outlet.contacts.value == 1
        assert made.station.limits.phases == (1,)

    play(story, board="bender.cc613-phases", phase_switching=False)


def test_a_limit_on_the_phases_is_followed_in_a_charge_where_that_is_allowed() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(10.0)
        made.station.limits.set("energy manager", 16.0, phases=1)
        await made.until_state(State.PAUSED)
        await made.until_state(State.CHARGING, within_s=40.0)
        assert made.outlet.contacts.value == 1
        made.station.limits.withdraw("energy manager")
        await made.until_state(State.PAUSED)
        await made.until_state(State.CHARGING, within_s=40.0)
        assert made.outlet.contacts.value == 3
        assert made.station.limits.phases == (1, 2, 3)

    play(story, board="bender.cc613-phases", phase_switching=True)


@pytest.mark.parametrize("board", ["bender.cc613", "bender.cc613-phases"])
def test_where_phases_cannot_be_changed_in_a_charge_it_goes_on_as_it_was(board: str) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(10.0)
        made.station.limits.set("energy manager", 10.0, phases=1)
        await made.sleep(30.0)
        assert made.state is State.CHARGING
        assert made.outlet.contacts.value == 3
        assert made.of(Offered)[-1].offer.current_a == 10.0, "its current counts all the same"

    play(story, board=board, phase_switching=False)


def test_on_one_phase_only_what_is_left_on_that_phase_counts() -> None:
    async def story(made: SimulatedStation) -> None:
        made.station.limits.set("load management", 32.0, per_phase_a=(14.0, 0.0, 7.0), phases=1)
        await made.charge()
        await made.sleep(6.0)
        offer = made.of(Offered)[-1].offer
        assert (offer.current_a, offer.source, offer.phases) == (14.0, "load management", 1)

    play(story, board="bender.cc613-phases")
