"""Eight hours of charging on the virtual clock: the whole board, the application, every device polled at its default rate."""

from __future__ import annotations

import asyncio
import contextlib
import time
from decimal import Decimal

from attrs import frozen

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.events import FaultRaised, Sampled, SessionEnded, StationEvent
from cc613_chargepoint.evse.transitions import State
from cc613hal.board import Board, load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plant.vehicle import Vehicle
from tests.bench._polling import Polling

HOURS = 8.0
TARGET_S = 10.0
READ_BY_THE_STATION = frozenset({"meter", "temperature", "tilt"})
CARD = FieldCard(uid=bytes.fromhex("04A2B3C4D5E680"), sak=0x00, atqa=0x0044)


@frozen
class Outcome:
    """What eight hours came to.

    Attributes:
        wall_s: what they took, s.
        busy_s: processor time of it, s; less than ``wall_s`` where others use the machine.
        virtual_s: how long they were, s.
        readings: values read by the application and by the polling.
        transfers: on all buses together.
        billed_wh: from the meter's registers, Wh.
        delivered_wh: what really flowed, Wh.
        faults: what the station complained of.
    """

    wall_s: float
    busy_s: float
    virtual_s: float
    readings: int
    transfers: int
    billed_wh: Decimal | None
    delivered_wh: float
    faults: tuple[str, ...]


async def charge(hours: float) -> Outcome:
    """One charge, from the card to the empty outlet."""
    started_s, busy_s = time.perf_counter(), time.process_time()
    simulation = Simulation(load_board("bender.cc613"))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        station, polling = Station(board, StationSettings()), Polling(board, READ_BY_THE_STATION)
        news: list[StationEvent] = []
        station.news.on(news.append)
        work = [asyncio.create_task(station.run()), asyncio.create_task(polling.run())]
        try:
            delivered_wh = await _visit(board, simulation, station, hours)
            for task in work:
                if task.done():
                    task.result()
        finally:
            for task in work:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        ended = [each.record for each in news if isinstance(each, SessionEnded)]
        return Outcome(
            wall_s=time.perf_counter() - started_s,
            busy_s=time.process_time() - busy_s,
            virtual_s=board.clock.monotonic_s(),
            readings=polling.readings.total() + sum(isinstance(each, Sampled) for each in news),
            transfers=sum(actor.statistics.transfers for actor, _ in board.buses.values()),
            billed_wh=ended[0].energy_wh if ended else None,
            delivered_wh=delivered_wh,
            faults=tuple(each.fault.name.word for each in news if isinstance(each, FaultRaised)),
        )


async def _visit(board: Board, simulation: Simulation, station: Station, hours: float) -> float:
    clock, cards, outlet = board.clock, simulation.plant.cabinet.cards, simulation.plant.outlet(1)

    async def tap() -> None:
        cards.set((CARD,))
        await clock.sleep(1.0)
        cards.set(())
        await clock.sleep(4.0)

    async def until(state: State) -> None:
        async with asyncio.timeout(60.0):
            while station.connector.state is not state:
                await clock.sleep(0.1)

    await clock.sleep(1.0)
    await tap()
    vehicle = Vehicle(outlet)
    vehicle.plug_in(cable_ohm=220.0)
    await until(State.CHARGING)
    await clock.sleep(hours * 3600.0)
    vehicle.stop_energy()
    await until(State.READY)
    await tap()
    delivered_wh = outlet.energy_now_wh()
    async with asyncio.timeout(30.0):
        while outlet.bolt_locked.value > 0.0:
            await clock.sleep(0.1)
    vehicle.unplug()
    await until(State.AVAILABLE)
    await clock.sleep(2.0)
    return delivered_wh


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    outcome = run_virtual(charge(HOURS))
    billed_wh = outcome.billed_wh
    right = billed_wh is not None and abs(float(billed_wh) - outcome.delivered_wh) <= 20.0 and not outcome.faults
    billed = "nothing" if billed_wh is None else f"{billed_wh / 1000:.2f} kWh"
    complaints = f", faults: {', '.join(outcome.faults)}" if outcome.faults else ""
    return [
        (
            f"{HOURS:g} h charge in virtual time, the whole board polled",
            f"{outcome.wall_s:.1f} s ({outcome.busy_s:.1f} s processor time; {outcome.readings} readings, {outcome.transfers} transfers)",
            f"at most {TARGET_S:g} s",
            outcome.wall_s <= TARGET_S,
        ),
        (
            f"energy billed after {outcome.virtual_s / 3600:.2f} h against energy delivered",
            f"{billed} of {outcome.delivered_wh / 1000:.2f} kWh{complaints}",
            "within 20 Wh, no fault",
            right,
        ),
    ]
