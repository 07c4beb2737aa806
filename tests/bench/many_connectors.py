"""A car park in one process: 250 stations with a vehicle charging at each, in virtual time, for tests of what manages many of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time

from attrs import frozen

from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import SimulatedStation, simulated_station
from cc613_chargepoint.simulating.actions import Plug
from cc613_chargepoint.simulating.world import World
from cc613hal.board import load_board
from cc613hal.clock import run_virtual

CONNECTORS, VIRTUAL_S = 250, 60.0
TARGET = 10.0


@frozen
class Outcome:
    """What it came to.

    Attributes:
        charging: connectors whose vehicle drew current all the time.
        wall_s: for :data:`VIRTUAL_S`, s.
        busy_s: processor time of it, s.
        build_s: processor time until all of them charged, s.
    """

    charging: int
    wall_s: float
    busy_s: float
    build_s: float


async def _arrive(made: SimulatedStation) -> None:
    await World(made.simulation, lambda _: made.state.value, lambda _: None).do(Plug())
    await made.until_state(State.CONNECTED)
    made.station.connector.accept(Token(id="BENCH", source=TokenSource.REMOTE))
    await made.until_state(State.CHARGING, within_s=60.0)


async def _park(count: int) -> Outcome:
    build_s, board = time.process_time(), load_board("bender.cc613")
    async with contextlib.AsyncExitStack() as stack:
        places = [await stack.enter_async_context(simulated_station(board, settle_s=0.0)) for _ in range(count)]
        await asyncio.gather(*(_arrive(each) for each in places))
        await places[0].sleep(10.0)
        gc.collect()
        gc.freeze()  # what lives as long as the test need not be looked through again and again
        gc.set_threshold(100_000, 50, 50)
        wall_s, busy_s = time.monotonic(), time.process_time()
        before = [each.outlet.energy_now_wh() for each in places]
        await places[0].sleep(VIRTUAL_S)
        delivered = [each.outlet.energy_now_wh() - begun for each, begun in zip(places, before, strict=True)]
        full_wh = 3 * 230.0 * 15.2 * VIRTUAL_S / 3600.0
        return Outcome(
            charging=sum(wh > 0.99 * full_wh for wh in delivered),
            wall_s=time.monotonic() - wall_s,
            busy_s=time.process_time() - busy_s,
            build_s=busy_s - build_s,
        )


def measure(count: int = CONNECTORS) -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    thresholds = gc.get_threshold()
    try:
        outcome = run_virtual(_park(count))
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
    speed = VIRTUAL_S / outcome.busy_s  # the loop never waits: on a machine of its own, this is what the clock on the wall shows
    return [
        (
            f"{count} simulated connectors in one process, each board polled, {outcome.charging} of them charging",
            f"{speed:.1f} × real time by processor time, {VIRTUAL_S / outcome.wall_s:.1f} × on the wall",
            f"at least {TARGET:g} ×",
            speed >= TARGET and outcome.charging == count,
        )
    ]
