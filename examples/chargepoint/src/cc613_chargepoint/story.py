"""What happens around the simulated station: a customer with a card and a vehicle, and a neighbour's load that changes the limit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from attrs import frozen

from cc613_chargepoint.app import Station
from cc613_chargepoint.domain.events import SessionEnded, StateChanged, StationEvent
from cc613_chargepoint.domain.limit import LOAD_MANAGEMENT
from cc613_chargepoint.evse.transitions import State
from cc613hal.clock import Clock
from cc613hal.plant import FieldCard, Plant
from cc613hal.plant.vehicle import Vehicle

__all__ = ["Story", "Visit"]


@frozen(kw_only=True)
class Visit:
    """One customer.

    Attributes:
        card: identifier of the card.
        limits: what load management allows, one after the other: (seconds charged until then, A per phase).
        charge_s: how long the vehicle charges before it has enough, s.
        phases: phases of the vehicle's charger.
    """

    card: bytes = bytes.fromhex("04A2B3C4D5E680")
    limits: tuple[tuple[float, float], ...] = ((7.0, 10.0), (14.0, 13.0))
    charge_s: float = 24.0
    phases: int = 3


class Story:
    """Plays customers at a simulated station.

    Args:
        plant: the world.
        station: who is watched, so that the story waits for what the station does, as people do.
        tell: where the story says what happens outside the station.
        clock: the station's clock.
    """

    def __init__(self, plant: Plant, station: Station, tell: Callable[[str], None], clock: Clock) -> None:
        self._plant = plant
        self._station = station
        self._tell = tell
        self._clock = clock
        self._states: asyncio.Queue[str] = asyncio.Queue()
        self.sessions_ended = 0
        station.news.on(self._hear)

    async def visit(self, visit: Visit) -> None:
        """One customer, from the card to the empty bay.

        Raises:
            TimeoutError: the station did not do its part in time.
        """
        outlet = self._plant.outlet(self._station.connector.number)
        vehicle = Vehicle(outlet, phases=visit.phases)
        self._plant.cabinet.bay_distance_mm.set(900.0)
        self._tell("a vehicle parks")
        await self._clock.sleep(0.5)
        self._tell("the driver holds a card to the reader")
        self._plant.cabinet.cards.set((FieldCard(uid=visit.card, sak=0x00, atqa=0x0044),))
        await self._until(State.AUTHORISED)
        self._plant.cabinet.cards.set(())
        await self._clock.sleep(1.0)
        self._tell("the driver plugs in a 32 A cable")
        vehicle.plug_in(cable_ohm=220.0)
        await self._until(State.CHARGING)
        charged_s = 0.0
        for at_s, current_a in visit.limits:
            await self._clock.sleep(max(0.0, at_s - charged_s))
            charged_s = at_s
            self._tell(f"the neighbour's load changes: load management allows {current_a:g} A")
            self._station.limits.set(LOAD_MANAGEMENT, current_a)
        await self._clock.sleep(max(0.0, visit.charge_s - charged_s))
        self._tell("the vehicle has enough and stops asking")
        vehicle.stop_energy()
        await self._until(State.READY)
        await self._clock.sleep(1.0)
        self._tell("the driver ends the charge with the card")
        self._plant.cabinet.cards.set((FieldCard(uid=visit.card, sak=0x00, atqa=0x0044),))
        await self._until(State.FINISHING)
        self._plant.cabinet.cards.set(())
        await self._unlocked()
        self._tell("the driver unplugs and leaves")
        ended = self.sessions_ended
        vehicle.unplug()
        await self._until(State.AVAILABLE)
        async with asyncio.timeout(10.0):
            while self.sessions_ended == ended:
                await self._clock.sleep(0.1)
        self._plant.cabinet.bay_distance_mm.set(6000.0)
        self._station.limits.withdraw(LOAD_MANAGEMENT)

    async def more_visits(self) -> None:
        """Further customers, every so often, until cancelled."""
        dice = random.Random(613)
        while True:
            await self._clock.sleep(dice.uniform(10.0, 20.0))
            card = bytes([0x04, *dice.randbytes(6)])
            await self.visit(
                Visit(card=card, charge_s=dice.uniform(15.0, 60.0), phases=dice.choice((1, 3)), limits=((8.0, 8.0), (12.0, 16.0)))
            )

    def _hear(self, news: StationEvent) -> None:
        if isinstance(news, StateChanged):
            self._states.put_nowait(news.after)
        elif isinstance(news, SessionEnded):
            self.sessions_ended += 1

    async def _until(self, state: State, *, within_s: float = 30.0) -> None:
        try:
            async with asyncio.timeout(within_s):
                while (seen := await self._states.get()) != state.value:
                    if seen == State.FAULTED.value:
                        faults = "; ".join(f"{fault.name.word}: {fault.detail}" for fault in self._station.connector.faults)
                        raise TimeoutError(f"the station is faulted instead of {state.value}: {faults}")
        except TimeoutError as error:
            raise TimeoutError(str(error) or f"the station did not become {state.value} within {within_s:g} s") from error

    async def _unlocked(self, *, within_s: float = 15.0) -> None:
        bolt = self._plant.outlet(self._station.connector.number).bolt_locked
        async with asyncio.timeout(within_s):
            while bolt.value > 0.0:
                await self._clock.sleep(0.1)
        await self._clock.sleep(1.0)
