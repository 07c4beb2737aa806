"""A plug that is kept for its owner: what the keeper of the plug does where parts are silent, missing or stuck."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.domain.events import ChargingEnded, FaultRaised, SessionEnded, StepDone
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.evse.connector import Connector
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import CARD, SimulatedStation, simulated_station
from cc613hal.clock import run_virtual
from cc613hal.interfaces import CableState, ProximityReading

OTHER = "04FFEEDDCCBBAA"
STROKE_S = 5.0
"""Longer than the bolt takes, s."""
KEEPS = ConnectorSettings(unlock_on_ev_side=False, plug_in_s=20.0)


def play(story: Callable[[SimulatedStation], Awaitable[None]], board: str = "bender.cc613", connector: ConnectorSettings = KEEPS) -> None:
    async def main() -> None:
        async with simulated_station(board, StationSettings(connector=connector)) as made:
            await story(made)

    run_virtual(main())


async def charging(made: SimulatedStation) -> None:
    made.plug()
    await made.until_state(State.CONNECTED)
    await made.tap(CARD)
    await made.until_state(State.CHARGING)
    await made.sleep(60.0)


def locked(made: SimulatedStation) -> bool:
    return made.outlet.bolt_locked.value > 0.5


def test_a_vehicle_that_leaves_its_cable_ends_the_charge_at_once_and_the_session_when_the_cable_goes() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        made.vehicles[1].let_go_of_cable()
        await made.sleep(0.1)
        assert not made.outlet.coil.value
        await made.until_state(State.HELD)
        await made.sleep(3600.0)
        assert (made.state, locked(made), made.outlet.contacts.value) == (State.HELD, True, 0)
        assert made.of(ChargingEnded)[0].record.reason == "vehicle unplugged"
        assert not made.of(SessionEnded)
        await made.tap(CARD)
        await made.until_state(State.FINISHING)
        await made.sleep(3600.0)
        assert (made.state, locked(made)) == (State.FINISHING, False), "the plug is still in the socket"
        made.vehicles[1].take_cable()
        await made.until_state(State.AVAILABLE)
        await made.sleep(STROKE_S)
        assert len(made.of(SessionEnded)) == 1

    play(story)


def test_the_next_customer_begins_after_the_cable_has_gone_and_not_before() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        made.vehicles[1].let_go_of_cable()
        await made.until_state(State.HELD)
        await made.tap(OTHER)
        assert (made.state, locked(made)) == (State.HELD, True)
        await made.tap(CARD)
        await made.until_state(State.FINISHING)
        made.vehicles[1].take_cable()
        await made.until_state(State.AVAILABLE)
        made.plug()
        await made.until_state(State.CONNECTED)
        await made.tap(OTHER)
        await made.until_state(State.CHARGING)

    play(story)


@pytest.mark.parametrize("how", ["stop", "master", "unlock"])
def test_whoever_operates_the_station_gives_the_plug_back(how: str) -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        made.vehicles[1].let_go_of_cable()
        await made.until_state(State.HELD)
        made.station.connector.stop(how)
        await made.until_state(State.FINISHING)
        await made.sleep(STROKE_S)
        assert not locked(made)

    play(story)


def test_the_contacts_are_looked_at_when_the_plug_is_held_and_a_welded_contactor_is_a_fault() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        made.outlet.welded.set(True)
        made.vehicles[1].let_go_of_cable()
        await made.until_state(State.FAULTED)
        await made.sleep(60.0)
        assert FaultName.CONTACTOR_WELDED in [each.fault.name for each in made.of(FaultRaised)]
        assert locked(made), "a plug that may be live is given to nobody"
        await made.tap(CARD)
        assert locked(made)
        made.outlet.welded.set(False)

    play(story)


def test_a_held_plug_that_is_stuck_when_its_owner_comes_is_a_fault_and_is_tried_again() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        made.vehicles[1].let_go_of_cable()
        await made.until_state(State.HELD)
        made.outlet.bolt_blocked.set(True)
        await made.tap(CARD)
        await made.until_state(State.FAULTED)
        assert made.of(FaultRaised)[-1].fault.name is FaultName.UNLOCK_FAILED
        made.outlet.bolt_blocked.set(False)
        await made.sleep(120.0)
        assert not locked(made)
        made.vehicles[1].take_cable()
        await made.until_state(State.AVAILABLE)

    play(story)


def test_a_fault_ends_the_holding_whoever_finds_the_station_in_f_can_take_the_plug() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        made.vehicles[1].let_go_of_cable()
        await made.until_state(State.HELD)
        made.outlet.residual_dc_ma.set(20.0)
        await made.until_state(State.FAULTED)
        await made.sleep(30.0)
        assert not locked(made)

    play(story)


def test_a_proximity_pilot_that_cannot_be_read_lets_go_of_nothing() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        proximity = made.station.connector.parts.proximity  # type: ignore[attr-defined]
        read = proximity.read_cable
        silent = True

        async def sometimes() -> ProximityReading:
            if silent:
                raise ValueError("the converter floats")
            found: ProximityReading = await read()
            return found

        proximity.read_cable = sometimes
        made.vehicles[1].let_go_of_cable()
        await made.until_state(State.HELD)
        made.vehicles[1].take_cable(force=True)
        await made.sleep(600.0)
        assert (made.state, locked(made)) == (State.HELD, True), "not known is not gone"
        silent = False
        await made.until_state(State.AVAILABLE)
        await made.sleep(5.0)
        assert not locked(made)
        assert (await read()).cable is CableState.NO_CABLE

    play(story)


@pytest.mark.parametrize("permanent", [False, True])
def test_a_cable_of_the_stations_own_is_kept_for_nobody(permanent: bool) -> None:
    settings = ConnectorSettings(unlock_on_ev_side=False, lock_permanent=permanent)

    async def story(made: SimulatedStation) -> None:
        vehicle = made.plug(cable_ohm=220.0 if permanent else None)
        await made.until_state(State.CONNECTED)
        await made.tap(CARD)
        await made.until_state(State.CHARGING)
        made.station.connector.stop("deauthorised by the backend", keep_plug=True)
        await made.until_state(State.FINISHING)
        vehicle.let_go_of_cable()
        await made.until_state(State.AVAILABLE)
        assert State.HELD.value not in [getattr(each, "after", "") for each in made.news]

    play(story, "bender.cc613" if permanent else "bender.cc613-tethered", settings)


def test_a_refused_customer_whose_vehicle_does_not_stop_drawing_is_cut_off_in_time_and_the_plug_stays() -> None:
    async def story(made: SimulatedStation) -> None:
        made.plug(stop_s=60.0)
        await made.until_state(State.CONNECTED)
        await made.tap(CARD)
        await made.until_state(State.CHARGING)
        made.station.connector.stop("deauthorised by the backend", keep_plug=True)
        await made.until_state(State.REFUSING)
        assert made.outlet.contacts.value == 3, "the vehicle is given its time"
        await made.until_state(State.HELD)
        await made.sleep(STROKE_S)
        assert (made.outlet.contacts.value, locked(made)) == (0, True)
        assert [each.step for each in made.of(StepDone)].count("unlock") == 0

    play(story)


def test_a_refused_customer_who_shows_the_card_while_the_charge_ends_has_the_plug_at_its_end() -> None:
    async def story(made: SimulatedStation) -> None:
        made.plug(stop_s=5.0)
        await made.until_state(State.CONNECTED)
        await made.tap(CARD)
        await made.until_state(State.CHARGING)
        made.station.connector.stop("deauthorised by the backend", keep_plug=True)
        made.station.connector.stop("card presented again")
        await made.until_state(State.FINISHING)
        await made.sleep(STROKE_S)
        assert not locked(made)

    play(story)


def test_a_release_that_was_asked_for_before_a_charge_never_moves_the_bolt_in_it() -> None:
    """Strokes take seconds where the bolt is stuck: what waited for its turn is asked again whether it is still wanted."""

    async def story(made: SimulatedStation) -> None:
        released: list[int] = []
        made.outlet.bolt_locked.on(lambda out: released.append(made.outlet.contacts.value) if out < 0.5 else None)
        made.plug(simplified=True)
        await made.until_state(State.CONNECTED)
        await made.tap(CARD)
        await made.until_state(State.CHARGING)
        await made.tap(CARD)
        made.outlet.bolt_blocked.set(True)
        await made.until_state(State.FAULTED)
        assert made.of(FaultRaised)[-1].fault.name is FaultName.UNLOCK_FAILED
        await made.sleep(12.7)  # a further try is under way, and another one waits behind it
        made.outlet.bolt_blocked.set(False)
        made.station.connector.clear_fault(FaultName.UNLOCK_FAILED, "looked at")
        await made.tap(CARD)
        await made.until_state(State.CHARGING)
        await made.sleep(60.0)
        assert (made.state, locked(made)) == (State.CHARGING, True)
        assert not any(released), "never under power"

    play(story, connector=ConnectorSettings(unlock_again_s=3.0))


def test_what_is_not_wanted_any_more_when_its_turn_comes_is_not_done() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        connector = made.station.connector
        assert isinstance(connector, Connector)
        made.vehicles[1].let_go_of_cable()
        await made.until_state(State.HELD)
        await connector._plug.release(lambda: False)
        await connector._plug.release_after_fault(lambda: False)
        assert locked(made)
        await connector._recovery._unlock_again()  # no plug is stuck: nobody wants that
        assert locked(made)

    play(story)
