"""What happens around a charge: wake-up, toggles, self-test by interval, heat, tilt, supply, breakers, a lock that moves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.domain.events import BayChanged, FaultCleared, Offered, StepDone, Toggled
from cc613_chargepoint.domain.fault import Clearing, FaultName
from cc613_chargepoint.evse.heat import ClimateMode, HeatSettings
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.surroundings import BreakerInput, SurroundingsSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.limits import DeratingCurve
from cc613_chargepoint.simulated import SimulatedStation, simulated_station
from cc613hal.clock import run_virtual
from cc613hal.errors import SafetyRefused
from cc613hal.interfaces import ControlPilot, PilotOutput, Relay, TiltSensor


def play(story: Callable[[SimulatedStation], Awaitable[None]], *, board: str = "bender.cc613", **settings) -> None:
    async def main() -> None:
        async with simulated_station(board, StationSettings(**settings)) as made:
            await story(made)

    run_virtual(main())


# -- the vehicle ------------------------------------------------------------------------------------------------------------------------


def test_a_sleeping_vehicle_is_woken_once_by_a_pulse_of_f() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug(asleep=True)
        await made.until_state(State.READY)
        await made.until_state(State.CHARGING, within_s=45.0)
        assert made.steps.count("wake-up") == 1

    play(story)


def test_a_vehicle_that_does_not_want_to_charge_is_left_alone_after_one_pulse() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug(automatic=False)
        await made.until_state(State.READY)
        await made.sleep(200.0)
        assert made.steps.count("wake-up") == 1
        assert (await made.board.get(ControlPilot).read()).output is PilotOutput.PWM, "the offer stands again"
        assert made.state is State.READY

    play(story)


def test_the_wake_up_pulse_can_be_switched_off_for_hybrids_that_take_it_for_a_fault() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug(asleep=True)
        await made.until_state(State.READY)
        await made.sleep(60.0)
        assert made.state is State.READY
        assert "wake-up" not in made.steps

    play(story, connector=ConnectorSettings(wake_up=False))


def test_unplugging_during_the_wake_up_pulse_ends_in_a_free_station() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug(automatic=False)
        await made.until_state(State.READY)
        await made.sleep(31.0)
        assert made.outlet.pilot_high_v.value < 0.0, "in the pulse"
        made.unplug(force=True)
        await made.until_state(State.AVAILABLE)
        assert (await made.board.get(ControlPilot).read()).output is PilotOutput.STEADY

    play(story)


def test_a_toggle_is_told_and_does_not_move_the_contactor() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        vehicle = made.plug(automatic=False)
        await made.until_state(State.READY)
        for _ in range(2):
            vehicle.toggle()
            await made.sleep(0.3)
            vehicle.toggle()
            await made.sleep(0.3)
        assert [0.2 < each.lasted_s < 0.45 for each in made.of(Toggled)] == [True, True]
        assert "contactor-on" not in made.steps
        assert made.state is State.READY

    play(story)


def test_a_vehicle_with_the_simplified_pilot_charges_within_its_limit() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug(simplified=True)
        await made.until_state(State.CHARGING)
        await made.sleep(10.0)
        offer = made.of(Offered)[-1].offer
        assert (offer.current_a, offer.source) == (10.0, "simplified pilot")

    play(story, connector=ConnectorSettings(simplified_pilot_a=10.0))


@pytest.mark.parametrize(("ventilated", "expected"), [(False, State.FAULTED), (True, State.CHARGING)])
def test_ventilation_is_refused_unless_the_place_has_it(ventilated: bool, expected: State) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug(ventilation=True)
        await made.until_state(expected)
        assert (FaultName.VENTILATION_REFUSED in made.faults) is not ventilated

    play(story, connector=ConnectorSettings(ventilation=ventilated))


def test_a_stop_while_the_contactor_rests_keeps_it_open() -> None:
    """Found by random lives: after a toggle the contactor rests for two seconds, and closed after the stop."""

    async def story(made: SimulatedStation) -> None:
        vehicle = await made.charge()
        closed: list[int] = []
        vehicle.toggle()
        await made.until_state(State.READY)
        made.outlet.contacts.on(closed.append)
        vehicle.toggle()
        await made.until_state(State.ENERGISING)
        await made.sleep(0.6)
        made.station.connector.stop("changed their mind")
        await made.until_state(State.FINISHING)
        await made.sleep(5.0)
        assert not any(closed)

    play(story)


def test_a_limit_of_nothing_while_the_contactor_rests_keeps_it_open() -> None:
    async def story(made: SimulatedStation) -> None:
        vehicle = await made.charge()
        vehicle.toggle()
        await made.until_state(State.READY)
        vehicle.toggle()
        await made.until_state(State.ENERGISING)
        closed: list[int] = []
        made.outlet.contacts.on(closed.append)
        made.station.limits.set("load management", 0.0)
        await made.until_state(State.PAUSED)
        await made.sleep(3.0)
        assert not any(closed)
        made.station.limits.withdraw("load management")
        await made.until_state(State.CHARGING)

    play(story)


# -- proofs that expire, parts that move ------------------------------------------------------------------------------------------------


def test_a_long_charge_is_paused_for_another_self_test_and_goes_on_by_itself() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(3 * 3600.0 + 120.0)
        assert made.steps.count("rcd-self-test") == 4, "one before the charge, three during it"
        assert made.state is State.CHARGING
        pauses = [each.offer.source for each in made.of(Offered) if each.offer.pauses]
        assert pauses == ["residual current self-test"] * 3

    play(story, connector=ConnectorSettings(rcd_test_interval_s=3600.0))


def test_a_bolt_that_moves_by_itself_opens_the_contactor() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.bolt_locked.set(0.0)
        await made.until(lambda: made.outlet.contacts.value == 0, 1.0)
        await made.until_state(State.FAULTED)
        assert made.faults[0] is FaultName.UNLOCKED_WHILE_CHARGING

    play(story)


def test_without_a_plug_nothing_is_locked() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap()
        made.plug(cable_ohm=None)
        await made.until_state(State.FAULTED)
        assert made.faults == [FaultName.LOCKED_WITHOUT_PLUG]
        assert "lock" not in made.steps

    play(story)


def test_a_residual_current_that_stays_is_reset_a_bounded_number_of_times() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.residual_dc_ma.set(20.0)
        await made.until_state(State.FAULTED)
        made.unplug(force=True)
        await made.sleep(120.0)
        assert made.state is State.FAULTED
        made.outlet.residual_dc_ma.set(0.0)
        await made.sleep(120.0)
        assert made.state is State.FAULTED, "the attempts are used up: somebody has to look"
        made.plug()
        await made.sleep(1.0)
        made.unplug(force=True)
        await made.until_state(State.AVAILABLE, within_s=15.0)

    play(story, connector=ConnectorSettings(rcd_resets=3))


# -- heat -------------------------------------------------------------------------------------------------------------------------------


def test_heat_lowers_the_offer_then_stops_and_names_the_sensor() -> None:
    curve = DeratingCurve(points=((60.0, 16.0), (70.0, 6.0), (80.0, 0.0)), hysteresis_c=3.0)

    async def story(made: SimulatedStation) -> None:
        await made.charge()
        inside = made.plant.cabinet.temperature("internal")
        seen = []
        for celsius in (50.0, 65.0, 80.0):
            inside.set(celsius)
            await made.sleep(30.0)
            offer = made.of(Offered)[-1].offer
            seen.append((round(offer.current_a), offer.source, made.state))
        assert seen == [
            (16, "installation", State.CHARGING),
            (11, "temperature (temp-internal)", State.CHARGING),
            (0, "temperature (temp-internal)", State.PAUSED),
        ]
        inside.set(40.0)
        await made.until_state(State.CHARGING, within_s=60.0)

    play(story, heat=HeatSettings(curves={"temp-internal": curve}))


def test_a_sensor_that_is_not_known_any_more_means_the_safe_current() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.simulation.faults("temp-relay").nack = True
        await made.sleep(100.0)
        offer = made.of(Offered)[-1].offer
        assert (offer.current_a, offer.source) == (6.0, "temperature (temp-relay) unknown")
        made.simulation.faults("temp-relay").nack = False
        await made.sleep(60.0)
        assert made.of(Offered)[-1].offer.source == "installation"

    play(story)


@pytest.mark.parametrize(
    ("mode", "temperatures", "expected"),
    [
        (ClimateMode.FAN, (44.0, 46.0, 41.0, 39.0), (False, True, True, False)),
        (ClimateMode.HEATER, (6.0, 4.0, 9.0, 11.0), (False, True, True, False)),
        (ClimateMode.OFF, (80.0, -20.0), (False, False)),
    ],
)
def test_fan_and_heater_follow_their_thresholds_with_a_band(
    mode: ClimateMode, temperatures: tuple[float, ...], expected: tuple[bool, ...]
) -> None:
    async def story(made: SimulatedStation) -> None:
        relay, seen = made.board.get(Relay), []
        for celsius in temperatures:
            made.plant.cabinet.temperature("internal").set(celsius)
            await made.sleep(15.0)
            seen.append(relay.is_on)
        assert tuple(seen) == expected

    play(story, heat=HeatSettings(climate=mode, climate_sensor="temp-internal"))


# -- tilt, supply, breakers, parking ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("latched", [False, True])
def test_a_tilted_station_stops_and_serves_again_when_it_stands_unless_latched(latched: bool) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.board.get(TiltSensor).take_reference()
        await made.charge()
        upright = made.plant.cabinet.gravity_g.value
        made.plant.cabinet.gravity_g.set((0.7, 0.0, 0.7))
        await made.until_state(State.FAULTED)
        assert made.faults[-1] is (FaultName.TILTED_UNTIL_RESTART if latched else FaultName.TILTED)
        await made.until(lambda: made.outlet.contacts.value == 0, 0.2)
        made.plant.cabinet.gravity_g.set(upright)
        await made.sleep(60.0)
        assert (made.state is State.FAULTED) is latched

    play(story, surroundings=SurroundingsSettings(tilt_until_reboot=latched))


def test_a_failing_supply_opens_the_contactor_and_releases_the_plug() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.plant.cabinet.supply_v.set(7.0)
        await made.until(lambda: made.outlet.contacts.value == 0, 0.2)
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, 5.0)
        assert made.faults[-1] is FaultName.SUPPLY_FAILING
        await made.until(lambda: len(made.sessions) == 1, 5.0)
        made.plant.cabinet.supply_v.set(12.0)
        await made.until(lambda: bool(made.of(FaultCleared)), 5.0)

    play(story)


@pytest.mark.parametrize("release", [True, False])
def test_lost_mains_ends_the_charge_and_releases_the_plug_by_policy(release: bool) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.outlet.mains_v.set((0.0, 0.0, 0.0))
        await made.until_state(State.FAULTED, within_s=5.0)
        await made.sleep(5.0)
        assert FaultName.NO_POWER in made.faults
        assert (made.outlet.bolt_locked.value == 0.0) is release
        made.outlet.mains_v.set((230.0, 230.0, 230.0))
        await made.until(lambda: made.state is not State.FAULTED, 10.0)

    play(story, surroundings=SurroundingsSettings(release_on_mains_loss=release))


def test_an_open_breaker_keeps_the_connector_out_of_order_until_it_is_closed() -> None:
    async def story(made: SimulatedStation) -> None:
        contact = made.simulation.line("OPTO1").drive()
        assert made.state is State.FAULTED, "the auxiliary contact is open from the start"
        contact.set(False)  # active low: closed
        await made.until_state(State.AVAILABLE)
        await made.charge()
        contact.set(True)
        await made.until(lambda: made.outlet.contacts.value == 0, 1.0)
        assert made.faults[-1] is FaultName.RCD_TRIPPED

    play(story, surroundings=SurroundingsSettings(breaker_inputs={"input1": BreakerInput(fault=FaultName.RCD_TRIPPED)}))


@pytest.mark.parametrize(
    "fault",
    [
        FaultName.MCB_TYPE2,
        FaultName.EARTH_MISSING,
        FaultName.PHASE_ROTATION,
        FaultName.WRONG_WIRING,
        FaultName.SAFETY_PROCESSOR,
    ],
    ids=lambda name: name.word,
)
def test_an_input_that_watches_the_installation_keeps_the_connector_out_of_order_with_that_fault(fault: FaultName) -> None:
    async def story(made: SimulatedStation) -> None:
        contact = made.simulation.line("OPTO1").drive()
        assert [each.name for each in made.station.connector.faults] == [fault]
        await made.tap()
        made.plug()
        await made.sleep(20.0)
        assert "contactor-on" not in made.steps
        contact.set(False)
        await made.sleep(1.0)
        if fault.clearing is Clearing.SERVICE:  # wires do not mend themselves
            assert made.station.connector.faults
            made.station.connector.clear_fault(fault, "somebody has been there")
        await made.until(lambda: not made.station.connector.faults)
        await made.until(lambda: made.state is not State.FAULTED)

    play(story, surroundings=SurroundingsSettings(breaker_inputs={"input1": BreakerInput(fault=fault)}))


def test_an_input_that_the_board_does_not_have_is_told_with_those_it_has() -> None:
    async def story(_: SimulatedStation) -> None:
        pytest.fail("the station must not start")

    with pytest.raises(ValueError, match=r"no digital input mcb; it has: input1"):
        play(story, surroundings=SurroundingsSettings(breaker_inputs={"mcb": BreakerInput()}))


def test_a_bay_that_is_taken_without_charging_is_told_once() -> None:
    async def story(made: SimulatedStation) -> None:
        made.plant.cabinet.bay_distance_mm.set(800.0)
        await made.sleep(700.0)
        told = [(each.occupied, each.blocked) for each in made.of(BayChanged)]
        assert told == [(True, False), (True, True)]

    play(story, surroundings=SurroundingsSettings(parked_too_long_s=600.0))


def test_every_step_of_a_charge_has_its_evidence() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        assert all(step.detail and step.elapsed_s >= 0.0 for step in made.of(StepDone))

    play(story)


# -- one and three phases ---------------------------------------------------------------------------------------------------------------


def test_phases_are_changed_in_a_pause_and_the_charge_goes_on() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        await made.sleep(5.0)
        opened: list[float] = []
        made.outlet.contacts.on(lambda closed: opened.append(made.board.clock.monotonic_s()))
        made.station.connector.use_phases(1)
        await made.until_state(State.PAUSED)
        await made.until_state(State.CHARGING, within_s=40.0)
        await made.sleep(5.0)
        assert made.outlet.contacts.value == 1
        assert [bool(each) for each in made.outlet.current_a.value] == [True, False, False]
        assert opened[1] - opened[0] >= 10.0, "the vehicle had its pause"
        assert made.steps.count("phases") == 1

    play(story, board="bender.cc613-phases", connector=ConnectorSettings(phase_switching=True))


def test_the_budget_of_phase_changes_is_per_session() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        for phases in (1, 3):
            made.station.connector.use_phases(phases)
            await made.until_state(State.PAUSED)
            await made.until_state(State.CHARGING, within_s=40.0)
        with pytest.raises(SafetyRefused, match="2 times in this session"):
            made.station.connector.use_phases(1)
        made.station.connector.use_phases(3)  # nothing to change

    play(story, board="bender.cc613-phases", connector=ConnectorSettings(phase_switching=True, phase_budget=2))


@pytest.mark.parametrize(
    ("board", "allowed", "phases", "error"),
    [
        ("bender.cc613-phases", False, 1, SafetyRefused),
        ("bender.cc613-phases", True, 2, ValueError),
    ],
)
def test_phases_that_may_not_be_changed_are_refused_at_once(board: str, allowed: bool, phases: int, error: type[Exception]) -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        with pytest.raises(error):
            made.station.connector.use_phases(phases)
        assert made.state is State.CHARGING

    play(story, board=board, connector=ConnectorSettings(phase_switching=allowed))


def test_with_one_contactor_for_all_phases_the_charge_goes_on_as_it_was() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.station.connector.use_phases(1)
        await made.until_state(State.PAUSED)
        await made.until_state(State.CHARGING, within_s=40.0)
        assert made.outlet.contacts.value == 3
        assert not made.faults

    play(story, connector=ConnectorSettings(phase_switching=True))


def test_unplugging_during_a_change_of_phases_leaves_no_limit_behind() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.station.connector.use_phases(1)
        await made.until_state(State.PAUSED)
        await made.sleep(3.0)
        made.unplug(force=True)
        await made.until_state(State.AVAILABLE)
        await made.until(lambda: made.station.limits.current_a("phase change") is None, 1.0)

    play(story, board="bender.cc613-phases", connector=ConnectorSettings(phase_switching=True))
