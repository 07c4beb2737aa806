"""Parts that go away, fall silent or lie in the middle of a charge: the contactor opens, the fault has a name, the next charge works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from attrs import define, field

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.events import ChargingEnded, FaultRaised, StationEvent
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.evse.transitions import State
from cc613hal.board import Board, load_board, open_board
from cc613hal.bus.sim.faults import Faults
from cc613hal.clock import run_virtual
from cc613hal.interfaces import ControlPilot, PilotOutput
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plant.vehicle import Vehicle

CARD = FieldCard(uid=bytes.fromhex("04A2B3C4D5E680"), sak=0x00, atqa=0x0044)


@define
class Scene:
    """A station that charges a vehicle."""

    simulation: Simulation
    board: Board
    station: Station
    vehicle: Vehicle
    news: list[StationEvent] = field(factory=list)

    @property
    def state(self) -> State:
        return self.station.connector.state

    @property
    def on(self) -> bool:
        return self.simulation.plant.outlet(1).contacts.value != 0

    @property
    def faults(self) -> list[FaultName]:
        return [each.fault.name for each in self.news if isinstance(each, FaultRaised)]

    async def until(self, condition: Callable[[], bool], within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await self.board.clock.sleep(0.01)

    async def charge(self) -> None:
        cards = self.simulation.plant.cabinet.cards
        cards.set((CARD,))
        await self.board.clock.sleep(1.0)
        cards.set(())
        await self.board.clock.sleep(4.0)
        self.vehicle.plug_in(cable_ohm=220.0)
        await self.until(lambda: self.state is State.CHARGING)
        await self.board.clock.sleep(5.0)


@asynccontextmanager
async def charging() -> AsyncIterator[Scene]:
    simulation = Simulation(load_board("bender.cc613"))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        station = Station(board, StationSettings())
        made = Scene(simulation, board, station, Vehicle(simulation.plant.outlet(1)))
        station.news.on(made.news.append)
        serving = asyncio.create_task(station.run())
        await board.clock.sleep(1.0)
        try:
            await made.charge()
            yield made
            assert not serving.done(), "the station goes on serving"
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def play(story: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        async with charging() as made:
            await story(made)

    run_virtual(main())


@pytest.mark.parametrize(
    ("where", "what", "off_s", "fault"),
    [
        pytest.param("spi0", Faults.unplug, 1.5, FaultName.DEVICE_LOST, id="pilot's bus unplugged"),
        pytest.param("spi0", lambda faults: setattr(faults, "silence", True), 1.5, FaultName.DEVICE_LOST, id="pilot's bus hangs"),
        pytest.param("spi0", lambda faults: setattr(faults, "late_s", 3.0), 2.0, FaultName.DEVICE_LOST, id="pilot answers late"),
        pytest.param("pilot1", lambda faults: setattr(faults, "crc", True), 2.5, FaultName.PILOT_ERROR, id="pilot's converter lies"),
        pytest.param("pwm", Faults.unplug, 1.5, FaultName.DEVICE_LOST, id="pilot generator unplugged"),
        pytest.param("gpio", Faults.unplug, 0.1, FaultName.DEVICE_LOST, id="outputs unplugged"),
        pytest.param("meter", Faults.unplug, 6.0, FaultName.METER_LOST, id="meter's line unplugged"),
        pytest.param("meter1", lambda faults: setattr(faults, "silence", True), 6.0, FaultName.METER_LOST, id="meter silent"),
        pytest.param("meter1", lambda faults: setattr(faults, "crc", True), 6.0, FaultName.METER_LOST, id="meter garbled"),
    ],
)
def test_without_a_part_it_needs_the_charge_ends_and_the_next_one_works(
    where: str, what: Callable[[Faults], None], off_s: float, fault: FaultName
) -> None:
    async def story(made: Scene) -> None:
        faults = made.simulation.faults(where)
        what(faults)
        await made.until(lambda: not made.on, within_s=off_s)
        await made.until(lambda: made.state is State.FAULTED, within_s=5.0)
        assert fault in made.faults
        await made.until(lambda: any(isinstance(each, ChargingEnded) for each in made.news))
        faults.clear()
        await made.board.clock.sleep(40.0)
        assert not made.on, "it stays off while the plug is in"
        made.vehicle.unplug(force=True)
        await made.until(lambda: made.state is State.AVAILABLE, within_s=40.0)
        await made.board.clock.sleep(5.0)
        await made.charge()

    play(story)


@pytest.mark.parametrize("where", ["i2c0", "reader"])
def test_what_a_running_charge_does_not_need_may_go_and_come(where: str) -> None:
    async def story(made: Scene) -> None:
        made.simulation.faults(where).unplug()
        await made.board.clock.sleep(30.0)
        made.simulation.faults(where).plug()
        await made.board.clock.sleep(30.0)
        assert made.state is State.CHARGING
        assert made.faults == []

    play(story)


def test_noise_on_the_meters_line_costs_samples_and_not_the_session() -> None:
    async def story(made: Scene) -> None:
        made.simulation.faults("meter1").noise = 0.05
        await made.board.clock.sleep(120.0)
        assert made.state is State.CHARGING
        made.vehicle.unplug(force=True)
        await made.until(lambda: any(isinstance(each, ChargingEnded) for each in made.news))
        (ended,) = [each.record for each in made.news if isinstance(each, ChargingEnded)]
        assert ended.energy_wh is not None

    play(story)


def test_a_plug_that_leaves_while_its_sensor_is_lost_is_noticed_when_the_sensor_is_back() -> None:
    async def story(made: Scene) -> None:
        made.simulation.faults("spi0").unplug()
        await made.until(lambda: made.state is State.FAULTED)
        made.vehicle.unplug(force=True)
        await made.board.clock.sleep(60.0)
        assert made.state is State.FAULTED
        made.simulation.faults("spi0").plug()
        await made.until(lambda: made.state is State.AVAILABLE, within_s=60.0)

    play(story)


def test_in_a_fault_the_pilot_that_was_away_shows_f_again() -> None:
    async def story(made: Scene) -> None:
        made.simulation.faults("spi0").unplug()
        await made.until(lambda: made.state is State.FAULTED)
        made.simulation.faults("spi0").plug()
        await made.board.clock.sleep(60.0)
        assert made.state is State.FAULTED
        assert (await made.board.get(ControlPilot).read()).output is PilotOutput.FAULT

    play(story)


@pytest.mark.parametrize("where", ["spi0", "pwm", "pilot1"])
def test_a_station_whose_pilot_is_away_at_the_start_is_out_of_order_until_it_comes(where: str, tmp_path: Path) -> None:
    overlay = tmp_path / "pilot.toml"
    overlay.write_text("schema = 1\n[device.pilot1]\nrequired = false\n")

    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613", overlays=[overlay]))
        simulation.faults(where).unplug()
        async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
            station = Station(board, StationSettings())
            made = Scene(simulation, board, station, Vehicle(simulation.plant.outlet(1)))
            serving = asyncio.create_task(station.run())
            await board.clock.sleep(20.0)
            assert made.state is State.FAULTED
            assert [fault.name for fault in station.connector.faults] == [FaultName.DEVICE_LOST]
            simulation.faults(where).plug()
            await made.until(lambda: made.state is State.AVAILABLE, within_s=60.0)
            await made.charge()
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    run_virtual(main())
