"""Whole charges on the simulated board, in virtual time: the board, the drivers and the charge code that hardware would use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from attrs import define, field

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.authorization.policy import AuthorizationSettings, Mode
from cc613_chargepoint.domain.events import (
    ChargingEnded,
    FaultCleared,
    FaultRaised,
    Offered,
    Sampled,
    SessionEnded,
    StateChanged,
    StationEvent,
    StepDone,
)
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.domain.session import SessionRecord
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613hal.board import Board, load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.interfaces import Contactor, ContactorState, ControlPilot, PilotOutput
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plant.vehicle import Vehicle
from cc613hal.plant.world import Outlet

CARD = FieldCard(uid=bytes.fromhex("04A2B3C4D5E680"), sak=0x00, atqa=0x0044)


@define
class Scene:
    """A running station and the world around it."""

    simulation: Simulation
    board: Board
    station: Station
    news: list[StationEvent] = field(factory=list)

    @property
    def outlet(self) -> Outlet:
        return self.simulation.plant.outlet(1)

    @property
    def state(self) -> State:
        return self.station.connector.state

    async def sleep(self, seconds: float) -> None:
        await self.board.clock.sleep(seconds)

    async def until(self, condition: Callable[[], bool], within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await self.sleep(0.01)

    async def tap(self) -> None:
        self.simulation.plant.cabinet.cards.set((CARD,))
        await self.sleep(1.0)
        self.simulation.plant.cabinet.cards.set(())
        await self.sleep(4.0)

    async def charging(self, vehicle: Vehicle) -> None:
        await self.tap()
        vehicle.plug_in(cable_ohm=220.0)
        await self.until(lambda: self.state is State.CHARGING)

    async def repaired(self) -> None:
        """Somebody was there: a board that is left with a weld says so, loudly."""
        self.outlet.welded.set(False)
        await self.sleep(1.0)

    def of(self, kind: type) -> list:
        return [each for each in self.news if isinstance(each, kind)]

    @property
    def steps(self) -> list[str]:
        return [each.step for each in self.of(StepDone)]

    @property
    def sessions(self) -> list[SessionRecord]:
        return [each.record for each in self.of(ChargingEnded)]

    @property
    def faults(self) -> list[FaultName]:
        return [each.fault.name for each in self.of(FaultRaised)]


@asynccontextmanager
async def scene(settings: StationSettings | None = None, board_name: str = "bender.cc613") -> AsyncIterator[Scene]:
    simulation = Simulation(load_board(board_name))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        station = Station(board, settings or StationSettings())
        made = Scene(simulation, board, station)
        station.news.on(made.news.append)
        serving = asyncio.create_task(station.run())
        await made.sleep(1.0)
        try:
            yield made
            if serving.done():
                serving.result()
        finally:
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await serving


def play(story: Callable[[Scene], Awaitable[None]], **arguments) -> None:
    async def main() -> None:
        async with scene(**arguments) as made:
            await story(made)

    run_virtual(main())


@pytest.mark.parametrize("board_name", ["bender.cc613", "bender.cc613-phoenix"])
def test_one_complete_charge(board_name: str) -> None:
    async def story(made: Scene) -> None:
        vehicle = Vehicle(made.outlet)
        await made.charging(vehicle)
        await made.sleep(600.0)
        vehicle.stop_energy()
        await made.until(lambda: made.state is State.READY)
        await made.tap()
        await made.until(lambda: made.state is State.FINISHING)
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0)
        delivered_wh = made.outlet.energy_now_wh()
        vehicle.unplug()
        await made.until(lambda: made.state is State.AVAILABLE)
        order = [made.steps.index(step) for step in ("cable", "lock", "rcd-self-test", "diode", "contactor-on", "contactor-off", "unlock")]
        assert order == sorted(order)
        await made.until(lambda: made.of(SessionEnded) != [])
        kinds = [each.step if isinstance(each, StepDone) else type(each) for each in made.news]
        assert "weld-check" in kinds[kinds.index("unlock") : kinds.index(SessionEnded)], "judged after the vehicle left, before the summary"
        (record,) = made.sessions
        assert record.reason == "card presented again"
        assert record.token.id == "04A2B3C4D5E680"
        assert record.energy_wh is not None
        assert abs(record.energy_wh - Decimal(delivered_wh)) < 15, "the register's resolution is 10 Wh at most"
        assert record.energy_wh > 1500
        assert made.faults == []
        assert made.outlet.contacts.value == 0

    play(story, board_name=board_name)


def test_current_follows_the_smallest_limit_and_raises_wait() -> None:
    async def story(made: Scene) -> None:
        await made.charging(Vehicle(made.outlet))
        await made.sleep(20.0)
        made.station.limits.set("load management", 10.0)
        await made.sleep(0.1)
        assert made.of(Offered)[-1].offer.current_a == 10.0
        assert made.of(Offered)[-1].offer.source == "load management"
        lowered_s = made.board.clock.monotonic_s()
        made.station.limits.set("load management", 13.0)
        await made.sleep(0.1)
        assert made.of(Offered)[-1].offer.current_a == 10.0, "a raise waits"
        await made.until(lambda: made.of(Offered)[-1].offer.current_a == 13.0)
        assert made.board.clock.monotonic_s() - lowered_s >= 4.8
        await made.sleep(10.0)
        drawn_a = max(made.of(Sampled)[-1].sample.current_a)
        assert 11.5 < drawn_a <= 13.0

    play(story)


def test_the_cable_limits_the_offer() -> None:
    async def story(made: Scene) -> None:
        await made.tap()
        Vehicle(made.outlet).plug_in(cable_ohm=1500.0)
        await made.until(lambda: made.state is State.CHARGING)
        assert made.of(Offered)[-1].offer.current_a == 13.0
        assert made.of(Offered)[-1].offer.source == "cable"

    play(story)


def test_too_little_to_offer_is_a_pause_with_an_open_contactor_and_charging_goes_on_later() -> None:
    async def story(made: Scene) -> None:
        await made.charging(Vehicle(made.outlet))
        await made.sleep(10.0)
        made.station.limits.set("load management", 0.0)
        await made.until(lambda: made.state is State.PAUSED)
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=7.0)
        made.station.limits.set("load management", 16.0)
        await made.until(lambda: made.state is State.CHARGING)
        assert made.faults == []
        assert made.sessions == [], "it is still the same session"

    play(story)


def test_residual_current_opens_the_contactor_and_the_fault_goes_with_the_plug() -> None:
    async def story(made: Scene) -> None:
        vehicle = Vehicle(made.outlet)
        await made.charging(vehicle)
        await made.sleep(10.0)
        made.outlet.residual_dc_ma.set(8.0)
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=0.6)
        await made.until(lambda: made.state is State.FAULTED)
        await made.until(lambda: made.sessions != [])
        assert made.faults == [FaultName.RESIDUAL_CURRENT]
        assert made.sessions[0].reason == "fault: residual-current"
        made.outlet.residual_dc_ma.set(0.0)
        await made.sleep(30.0)
        assert made.outlet.contacts.value == 0, "it stays off while the plug is in"
        vehicle.unplug(force=True)
        await made.until(lambda: made.state is State.AVAILABLE)
        assert [each.fault.name for each in made.of(FaultCleared)] == [FaultName.RESIDUAL_CURRENT]

    play(story)


def test_a_vehicle_that_stops_asking_is_off_within_100_ms() -> None:
    async def story(made: Scene) -> None:
        vehicle = Vehicle(made.outlet)
        await made.charging(vehicle)
        await made.sleep(10.0)
        vehicle.stop_energy()
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=0.1)

    play(story)


def test_a_plug_torn_out_is_dead_at_once_and_the_session_is_closed() -> None:
    async def story(made: Scene) -> None:
        vehicle = Vehicle(made.outlet)
        await made.charging(vehicle)
        await made.sleep(10.0)
        vehicle.unplug(force=True)
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=0.1)
        await made.until(lambda: made.of(SessionEnded) != [])
        assert made.sessions[0].reason == "vehicle unplugged"
        assert made.sessions[0].energy_wh is not None

    play(story)


@pytest.mark.parametrize(
    ("prepare", "fault"),
    [
        pytest.param(lambda made, vehicle: made.outlet.bolt_blocked.set(True), FaultName.LOCK_FAILED, id="bolt blocked"),
        pytest.param(lambda made, vehicle: made.outlet.stuck_open.set(True), FaultName.CONTACTOR_FAILED, id="contactor does not close"),
        pytest.param(lambda made, vehicle: setattr(vehicle, "diode", False), FaultName.DIODE_MISSING, id="no diode"),
        pytest.param(lambda made, vehicle: setattr(vehicle, "ventilation", True), FaultName.VENTILATION_REFUSED, id="ventilation"),
        pytest.param(lambda made, vehicle: made.outlet.welded.set(True), FaultName.CONTACTOR_WELDED, id="welded"),
    ],
)
def test_what_is_not_proven_does_not_charge(prepare: Callable[[Scene, Vehicle], object], fault: FaultName) -> None:
    async def story(made: Scene) -> None:
        vehicle = Vehicle(made.outlet)
        prepare(made, vehicle)
        await made.tap()
        vehicle.plug_in(cable_ohm=220.0)
        await made.until(lambda: made.state is State.FAULTED, within_s=60.0)
        assert fault in made.faults
        assert State.CHARGING.value not in [each.after for each in made.of(StateChanged)]
        assert (await made.board.get(ControlPilot).read()).output is PilotOutput.FAULT
        assert made.sessions == [] or made.sessions[0].energy_wh == 0
        await made.repaired()

    play(story)


def test_a_weld_at_the_end_keeps_the_plug_locked() -> None:
    async def story(made: Scene) -> None:
        vehicle = Vehicle(made.outlet)
        await made.charging(vehicle)
        await made.sleep(10.0)
        made.outlet.welded.set(True)
        vehicle.stop_energy()
        await made.until(lambda: made.state is State.FAULTED)
        await made.sleep(20.0)
        assert FaultName.CONTACTOR_WELDED in made.faults
        assert made.outlet.bolt_locked.value == 1.0
        await made.repaired()

    play(story)


def test_nobody_charges_without_a_card() -> None:
    async def story(made: Scene) -> None:
        Vehicle(made.outlet).plug_in(cable_ohm=220.0)
        await made.sleep(60.0)
        assert made.state is State.CONNECTED
        assert (await made.board.get(Contactor).sense()).state is ContactorState.OFF
        await made.tap()
        await made.until(lambda: made.state is State.CHARGING)

    play(story)


def test_a_card_that_is_not_on_the_list_is_refused_with_a_reason() -> None:
    async def story(made: Scene) -> None:
        await made.tap()
        assert made.state is State.AVAILABLE

    play(story, settings=StationSettings(authorization=AuthorizationSettings(mode=Mode.LIST, cards=("DEADBEEF",))))


def test_an_accepted_customer_without_a_vehicle_is_forgotten() -> None:
    async def story(made: Scene) -> None:
        await made.tap()
        assert made.state is State.AUTHORISED
        await made.sleep(60.0)
        assert made.state is State.AVAILABLE
        assert made.station.connector.token is None

    play(story)


@pytest.mark.parametrize("after_s", [0.0, 0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("card", ["04A2B3C4D5E680", "04FFEEDDCCBBAA"])
def test_a_customer_who_comes_while_the_plug_is_still_being_released_is_the_next_one(after_s: float, card: str) -> None:
    """Found with a calendar that jumped: the plug of the one before was forgotten together with the one who came."""

    async def story(made: Scene) -> None:
        vehicle = Vehicle(made.outlet)
        await made.charging(vehicle)
        await made.sleep(10.0)
        vehicle.unplug(force=True)
        await made.sleep(0.06 + after_s)
        made.station.connector.accept(Token(id=card, source=TokenSource.CARD))
        await made.until(lambda: made.state is State.AUTHORISED)
        vehicle.plug_in(cable_ohm=220.0)
        await made.until(lambda: made.state is State.CHARGING)
        assert made.station.connector.token is not None
        assert made.station.connector.token.id == card
        assert len(made.sessions) == 1

    play(story)


def test_a_silent_meter_ends_the_charge() -> None:
    async def story(made: Scene) -> None:
        await made.charging(Vehicle(made.outlet))
        await made.sleep(10.0)
        made.simulation.faults("meter1").silence = True
        await made.until(lambda: made.state is State.FAULTED)
        await made.until(lambda: made.sessions != [])
        assert FaultName.METER_LOST in made.faults
        assert made.outlet.contacts.value == 0
        assert made.sessions[0].energy_wh is None, "no energy is claimed that no register shows"

    play(story)


def test_leaving_the_board_in_the_middle_of_a_charge_reaches_the_safe_state() -> None:
    seen: list[Outlet] = []

    async def story(made: Scene) -> None:
        await made.charging(Vehicle(made.outlet))
        seen.append(made.outlet)
        assert made.outlet.contacts.value == 3

    play(story)
    assert not seen[0].coil.value


def test_with_a_fixed_cable_the_pilot_shows_that_the_vehicle_left_although_a_fault_stood() -> None:
    async def story(made: Scene) -> None:
        vehicle = Vehicle(made.outlet)
        await made.tap()
        vehicle.plug_in(cable_ohm=None)
        await made.until(lambda: made.state is State.CHARGING)
        made.outlet.residual_dc_ma.set(8.0)
        await made.until(lambda: made.state is State.FAULTED)
        made.outlet.residual_dc_ma.set(0.0)
        await made.sleep(10.0)
        assert made.state is State.FAULTED
        vehicle.unplug()
        await made.until(lambda: made.state is State.AVAILABLE)

    play(story, board_name="bender.cc613-tethered")
