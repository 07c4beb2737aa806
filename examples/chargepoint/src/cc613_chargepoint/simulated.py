"""A simulated station that can be told what happens around it: plug in, hold a card, pull the mains, tilt, freeze.

The board, the drivers and the charge code are the ones hardware would use; only the buses are simulated. Under
:func:`cc613hal.clock.run_virtual` days pass in seconds::

    async def main() -> None:
        async with simulated_station() as made:
            await made.tap()
            made.plug()
            await made.until_state(State.CHARGING)
            await made.sleep(3600.0)

    run_virtual(main())
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.authorization.rules import Backend
from cc613_chargepoint.domain.events import ChargingEnded, FaultRaised, StationEvent, StepDone
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.domain.session import SessionRecord
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.store import Store
from cc613hal.board import Board, BoardDescription, load_board, open_board
from cc613hal.plant import FieldCard, Outlet, Plant, Simulation
from cc613hal.plant.vehicle import Vehicle

__all__ = ["CARD", "SimulatedStation", "simulated_station"]

CARD = "04A2B3C4D5E680"
"""The card a customer holds if nothing else is said."""

T = TypeVar("T", bound=StationEvent)


@define
class SimulatedStation:
    """A running station and the world around it.

    Attributes:
        simulation: the simulated buses and the plant.
        board: the open board.
        station: the application.
        news: everything the station has told so far.
        vehicles: what stands at each connector, by number.
    """

    simulation: Simulation
    board: Board
    station: Station
    news: list[StationEvent] = field(factory=list[StationEvent])
    vehicles: dict[int, Vehicle] = field(factory=dict[int, Vehicle])

    @property
    def plant(self) -> Plant:
        """The simulated world."""
        return self.simulation.plant

    @property
    def outlet(self) -> Outlet:
        """The outlet of the first connector."""
        return self.plant.outlet(self.station.connector.number)

    @property
    def state(self) -> State:
        """Where the first connector is."""
        return self.station.connector.state

    # -- what people and weather do -------------------------------------------------------------------------------------------------

    async def tap(self, card: str = CARD, *, hold_s: float = 1.0, rest_s: float = 4.0) -> None:
        """Hold a card to the reader.

        Args:
            card: its identifier, hexadecimal.
            hold_s: how long, s.
            rest_s: how long to wait afterwards, s; the same card is another presentation only after a while.
        """
        cards = self.plant.cabinet.cards
        cards.set((FieldCard(uid=bytes.fromhex(card), sak=0x00, atqa=0x0044),))
        await self.sleep(hold_s)
        cards.set(())
        await self.sleep(rest_s)

    def vehicle(self, connector: int = 1, **properties: Any) -> Vehicle:
        """A vehicle at a connector, not yet plugged in; the one from before if nothing is said about it.

        Args:
            connector: where.
            properties: of :class:`cc613hal.plant.vehicle.Vehicle`.
        """
        if properties or connector not in self.vehicles:
            self.vehicles[connector] = Vehicle(self.plant.outlet(connector), **properties)
        return self.vehicles[connector]

    def plug(self, connector: int = 1, *, cable_ohm: float | None = 220.0, **properties: Any) -> Vehicle:
        """Plug a vehicle in.

        Args:
            connector: where.
            cable_ohm: the plug's proximity resistor, Ω; ``None`` for a tethered cable.
            properties: of the vehicle.
        """
        vehicle = self.vehicle(connector, **properties)
        vehicle.plug_in(cable_ohm=cable_ohm)
        return vehicle

    def unplug(self, connector: int = 1, *, force: bool = False) -> None:
        """Pull the plug out; see :meth:`cc613hal.plant.vehicle.Vehicle.unplug`."""
        self.vehicle(connector).unplug(force=force)

    async def charge(self, connector: int = 1, **properties: Any) -> Vehicle:
        """Card, plug, and wait until the vehicle charges."""
        await self.tap()
        vehicle = self.plug(connector, **properties)
        await self.until(lambda: self.station.connectors[connector].state is State.CHARGING)
        return vehicle

    # -- time, and what came of it ----------------------------------------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        """Let time pass, s."""
        await self.board.clock.sleep(seconds)

    async def until(self, condition: Callable[[], bool], within_s: float = 30.0) -> None:
        """Wait for something, looking every 10 ms.

        Raises:
            TimeoutError: it did not happen in time.
        """
        async with asyncio.timeout(within_s):
            while not condition():
                await self.sleep(0.01)

    async def until_state(self, state: State, connector: int | None = None, within_s: float = 30.0) -> None:
        """Wait until a connector (the first if omitted) is in a state.

        Raises:
            TimeoutError: it did not get there in time.
        """
        number = self.station.connector.number if connector is None else connector
        await self.until(lambda: self.station.connectors[number].state is state, within_s)

    def of(self, kind: type[T]) -> list[T]:
        """The news of one kind, oldest first."""
        return [each for each in self.news if isinstance(each, kind)]

    @property
    def steps(self) -> list[str]:
        """The steps that reached their effect, oldest first."""
        return [each.step for each in self.of(StepDone)]

    @property
    def faults(self) -> list[FaultName]:
        """Every fault that was raised, oldest first."""
        return [each.fault.name for each in self.of(FaultRaised)]

    @property
    def sessions(self) -> list[SessionRecord]:
        """The sessions whose charging ended, oldest first."""
        return [each.record for each in self.of(ChargingEnded)]


@asynccontextmanager
async def simulated_station(
    board: str | BoardDescription = "bender.cc613",
    settings: StationSettings | None = None,
    *,
    state_dir: Path | None = None,
    backend: Backend | None = None,
    store: Store | None = None,
    before: Callable[[Simulation], None] | None = None,
    settle_s: float = 1.0,
) -> AsyncIterator[SimulatedStation]:
    """Open a board on simulated buses and run a station on it; both are gone, and the contactors off, at the end.

    Args:
        board: by name, or described.
        settings: the station's.
        state_dir: where devices keep what outlives them.
        backend: who is asked for tokens.
        store: where sessions and faults are kept; nowhere without one.
        before: changes the world before the board opens.
        settle_s: time the station gets before anything happens, s.
    """
    description = load_board(board) if isinstance(board, str) else board
    simulation = Simulation(description)
    async with simulation:
        if before is not None:
            before(simulation)
        async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=state_dir) as opened:
            station = Station(opened, settings or StationSettings(), backend=backend, store=store)
            made = SimulatedStation(simulation, opened, station)
            station.news.on(made.news.append)
            serving = asyncio.create_task(station.run())
            try:
                await made.sleep(settle_s)
                yield made
                if serving.done():
                    serving.result()
            finally:
                serving.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await serving
