"""What is proven before, during and after a charge, and what happens where it cannot be: lock, cable, contacts, residual current."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.domain.events import FaultCleared, Offered, ResidualMeasured, StepDone
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import SimulatedStation, simulated_station
from cc613hal.board import BoardDescription, load_board
from cc613hal.clock import run_virtual
from cc613hal.interfaces import ControlPilot, PilotOutput
from cc613hal.plant import Simulation

NO_LOCK_FEEDBACK = '[device.lock1]\noptions = { feedback = "none" }\n'
NO_CONTACTOR_FEEDBACK = '[device.contactor1]\noptions = { feedback = "none" }\nlines = { mains_sense = "" }\n'
MEASURING = '[device.rcd1]\ndriver = "bender.rcmb104-measuring"\nbus = "spi0"\nselect = 1\n'


def board_with(folder: Path, text: str) -> BoardDescription:
    overlay = folder / "overlay.toml"
    overlay.write_text(f"schema = 1\n{text}")
    return load_board("bender.cc613", overlays=[overlay])


def play(
    story: Callable[[SimulatedStation], Awaitable[None]],
    *,
    board: str | BoardDescription = "bender.cc613",
    before: Callable[[Simulation], None] | None = None,
    **connector,
) -> None:
    async def main() -> None:
        settings = StationSettings(connector=ConnectorSettings(**connector))
        async with simulated_station(board, settings, before=before) as made:
            await story(made)

    run_virtual(main())


# -- the lock ---------------------------------------------------------------------------------------------------------------------------


def test_after_a_fault_the_customer_gets_the_plug_back() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.residual_dc_ma.set(8.0)
        await made.until_state(State.FAULTED)
        assert made.outlet.bolt_locked.value == 1.0
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, within_s=8.0)
        assert made.outlet.contacts.value == 0
        made.outlet.residual_dc_ma.set(0.0)
        made.unplug()
        await made.until_state(State.AVAILABLE)

    play(story)


def test_a_fault_that_goes_again_at_once_leaves_nobody_with_a_locked_plug() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.station.connector.raise_fault(Fault(name=FaultName.TILTED, detail="for a moment"))
        await made.until_state(State.FAULTED)
        await made.sleep(0.5)
        made.station.connector.clear_fault(FaultName.TILTED, "it stands again")
        await made.until_state(State.CONNECTED)
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, within_s=8.0)
        assert made.state is State.CONNECTED
        await made.tap()
        await made.until_state(State.CHARGING)

    play(story)


def test_a_customer_who_begins_again_in_time_keeps_the_plug_locked() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.station.connector.raise_fault(Fault(name=FaultName.TILTED, detail="for a moment"))
        await made.until_state(State.FAULTED)
        await made.sleep(0.5)
        made.station.connector.clear_fault(FaultName.TILTED, "it stands again")
        await made.until_state(State.CONNECTED)
        made.station.connector.accept(Token(id="04A1", source=TokenSource.CARD))
        await made.until_state(State.CHARGING)
        await made.sleep(30.0)
        assert made.state is State.CHARGING
        assert made.outlet.bolt_locked.value == 1.0

    play(story)


def test_a_pilot_error_releases_the_plug_without_waiting() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.pilot_shorted.set(True)
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, within_s=3.0)

    play(story)


@pytest.mark.parametrize("why", ["supply fails", "mains away", "residual"])
def test_a_plug_whose_contactor_hangs_stays_locked_whatever_wants_it_released(why: str) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.welded.set(True)
        match why:
            case "supply fails":
                made.plant.cabinet.supply_v.set(9.0)
            case "mains away":
                made.outlet.mains_v.set((0.0, 0.0, 0.0))
            case _:
                made.outlet.residual_dc_ma.set(8.0)
        await made.until_state(State.FAULTED)
        for _ in range(300):
            await made.sleep(0.1)
            assert made.outlet.bolt_locked.value == 1.0
        assert FaultName.CONTACTOR_WELDED in made.faults
        made.outlet.welded.set(False)
        await made.sleep(1.0)

    play(story)


def test_a_failing_supply_releases_the_plug_only_when_the_contacts_are_seen_open() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        moved: list[tuple[str, float]] = []
        made.outlet.contacts.on(lambda closed: moved.append(("contacts", float(closed))))
        made.outlet.bolt_locked.on(lambda out: moved.append(("bolt", out)))
        made.plant.cabinet.supply_v.set(7.0)
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, within_s=5.0)
        assert moved[0] == ("contacts", 0.0)
        assert "contactor-off" in made.steps

    play(story)


def test_what_the_emergency_opener_did_is_told() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.plant.cabinet.supply_v.set(7.0)
        await made.until(lambda: "emergency-release" in made.steps, within_s=10.0)
        assert made.outlet.bolt_locked.value == 0.0

    play(story)


def test_a_plug_that_the_emergency_opener_could_not_release_is_a_fault() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.bolt_blocked.set(True)
        made.plant.cabinet.supply_v.set(7.0)
        await made.until(lambda: FaultName.UNLOCK_FAILED in made.faults, within_s=30.0)
        assert made.outlet.contacts.value == 0
        made.outlet.bolt_blocked.set(False)
        made.plant.cabinet.supply_v.set(12.0)
        await made.sleep(1.0)

    play(story)


def test_a_plug_that_is_stuck_is_tried_again_and_the_fault_goes_when_it_moves() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(5.0)
        made.outlet.bolt_blocked.set(True)
        made.station.connector.stop("enough")
        await made.until(lambda: FaultName.UNLOCK_FAILED in made.faults, within_s=60.0)
        assert made.outlet.contacts.value == 0
        await made.sleep(20.0)
        made.outlet.bolt_blocked.set(False)
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, within_s=120.0)
        await made.until(lambda: FaultName.UNLOCK_FAILED in [each.fault.name for each in made.of(FaultCleared)])

    play(story)


def test_tries_to_release_a_stuck_plug_are_bounded() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.bolt_blocked.set(True)
        made.station.connector.stop("enough")
        await made.until(lambda: FaultName.UNLOCK_FAILED in made.faults, within_s=60.0)
        await made.sleep(300.0)
        made.outlet.bolt_blocked.set(False)
        await made.sleep(600.0)
        assert made.outlet.bolt_locked.value == 1.0, "somebody has to look"
        assert [fault.name for fault in made.station.connector.faults] == [FaultName.UNLOCK_FAILED]

    play(story, unlock_retries=2)


def test_a_plug_that_a_power_cut_left_locked_is_released_at_the_start() -> None:
    def before(simulation: Simulation) -> None:
        simulation.plant.outlet(1).bolt_locked.set(1.0)

    async def story(made: SimulatedStation) -> None:
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, within_s=5.0)
        assert made.state is State.AVAILABLE
        await made.charge()

    play(story, before=before)


def test_a_cable_of_the_station_stays_locked_at_the_start_and_after_a_fault() -> None:
    def before(simulation: Simulation) -> None:
        simulation.plant.outlet(1).bolt_locked.set(1.0)

    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.residual_dc_ma.set(8.0)
        await made.until_state(State.FAULTED)
        await made.sleep(30.0)
        assert made.outlet.bolt_locked.value == 1.0
        assert made.steps.count("unlock") == 1, "the one that shows that the contact works"

    play(story, before=before, lock_permanent=True)


@pytest.mark.parametrize(("believed", "expected"), [(False, State.FAULTED), (True, State.CHARGING)])
def test_a_bolt_without_feedback_is_believed_only_where_somebody_decided_so(tmp_path: Path, believed: bool, expected: State) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug()
        await made.until_state(expected)
        assert (FaultName.LOCK_FAILED in made.faults) is not believed

    play(story, board=board_with(tmp_path, NO_LOCK_FEEDBACK), lock_unproven=believed)


# -- the cable --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ohm", "after_s"), [(None, 3.0), (1500.0, 3.0), (20.0, 3.0)])
def test_a_cable_that_changes_in_the_charge_is_a_fault(ohm: float | None, after_s: float) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(5.0)
        made.outlet.cable_ohm.set(ohm)
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=after_s)
        await made.until_state(State.FAULTED)
        assert made.faults == [FaultName.CABLE_FAULT]

    play(story)


def test_one_odd_look_at_the_cable_ends_no_charge() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(5.0)
        made.outlet.cable_ohm.set(None)
        await made.sleep(0.7)
        made.outlet.cable_ohm.set(220.0)
        await made.sleep(10.0)
        assert made.state is State.CHARGING

    play(story)


@pytest.mark.parametrize(("ohm", "expected"), [(1500.0, State.FAULTED), (680.0, State.CHARGING)])
def test_a_cable_that_carries_too_little_is_refused_where_that_is_set(ohm: float, expected: State) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug(cable_ohm=ohm)
        await made.until_state(expected)
        assert (FaultName.CABLE_FAULT in made.faults) is (expected is State.FAULTED)

    play(story, cable_min_a=20.0)


def test_no_limit_of_anybody_lifts_what_the_cable_carries() -> None:
    async def story(made: SimulatedStation) -> None:
        made.station.limits.set("installation", 63.0)
        for source in ("load management", "ISO 15118", "backend profile"):
            made.station.limits.set(source, 63.0)
        await made.tap()
        made.plug(cable_ohm=1500.0, follows=1.6, max_current_a=20.0)
        await made.until_state(State.CHARGING)
        assert (made.of(Offered)[-1].offer.current_a, made.of(Offered)[-1].offer.source) == (13.0, "cable")
        await made.until(lambda: FaultName.OVER_CURRENT in made.faults, within_s=30.0)
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=0.2)

    play(story)


# -- the contacts -----------------------------------------------------------------------------------------------------------------------


def test_the_contacts_are_seen_open_before_every_closing() -> None:
    async def story(made: SimulatedStation) -> None:
        vehicle = await made.charge()
        for _ in range(2):
            await made.sleep(10.0)
            vehicle.stop_energy()
            await made.until_state(State.READY)
            vehicle.request_energy()
            await made.until_state(State.CHARGING)
        steps = [each for each in made.of(StepDone) if each.step in {"weld-check", "contactor-on"}]
        closings = [index for index, each in enumerate(steps) if each.step == "contactor-on"]
        assert len(closings) == 3
        assert all("before closing" in steps[index - 1].detail for index in closings)

    play(story)


def test_contacts_that_hang_when_the_vehicle_asks_again_are_found_before_closing() -> None:
    async def story(made: SimulatedStation) -> None:
        vehicle = made.plug(automatic=False)
        await made.tap()
        await made.until_state(State.READY)
        made.outlet.welded.set(True)
        made.outlet.contacts.set(3)
        await made.sleep(1.0)
        vehicle.request_energy()
        await made.until_state(State.FAULTED)
        assert FaultName.CONTACTOR_WELDED in made.faults
        made.outlet.welded.set(False)
        await made.sleep(1.0)

    play(story, wake_up=False)


def test_a_vehicle_that_never_stops_drawing_is_switched_off_after_six_seconds() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge(stop_s=60.0)
        await made.sleep(10.0)
        stopped_s = made.board.clock.monotonic_s()
        made.station.connector.stop("enough")
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=10.0)
        assert 6.0 <= made.board.clock.monotonic_s() - stopped_s < 6.3
        assert (await made.board.get(ControlPilot).read()).output is PilotOutput.STEADY

    play(story)


def test_state_f_stands_for_its_time_although_the_fault_is_gone_at_once() -> None:
    async def story(made: SimulatedStation) -> None:

        output: list[tuple[float, float]] = []
        made.outlet.pilot_high_v.on(lambda volts: output.append((made.board.clock.monotonic_s(), volts)))
        made.station.connector.raise_fault(Fault(name=FaultName.MCB_TYPE2, detail="for a moment"))
        await made.sleep(0.01)
        made.station.connector.clear_fault(FaultName.MCB_TYPE2, "closed again")
        await made.until_state(State.AVAILABLE)
        await made.sleep(1.0)
        (began_s, low), (ended_s, high) = output
        assert (low < 0.0, high > 0.0) == (True, True)
        assert ended_s - began_s >= 0.3

    play(story)


# -- residual current -------------------------------------------------------------------------------------------------------------------


def test_values_of_the_residual_current_are_told_when_they_move_and_at_a_trip(tmp_path: Path) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(5.0)
        told = len(made.of(ResidualMeasured))
        for dc_ma in (0.3, 2.5, 2.7):
            made.outlet.residual_dc_ma.set(dc_ma)
            await made.sleep(3.0)
        moved = made.of(ResidualMeasured)[told:]
        assert [round(each.dc_ma or 0.0, 1) for each in moved] == [pytest.approx(2.5, abs=0.2)]
        made.outlet.residual_dc_ma.set(9.0)
        await made.until_state(State.FAULTED)
        await made.sleep(0.5)
        tripped = made.of(ResidualMeasured)[-1]
        assert tripped.tripped
        assert tripped.dc_ma == pytest.approx(9.0, abs=0.3)

    play(story, board=board_with(tmp_path, MEASURING))
