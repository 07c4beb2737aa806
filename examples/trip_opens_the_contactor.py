"""8 mA of smooth direct current leak: the trip arrives as an event and the coil is released inside it."""

from __future__ import annotations

from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.interfaces import Contactor, ImmediateOff, ResidualCurrentMonitor
from cc613hal.plant import Simulation


async def main() -> None:
    """Close, leak, see it open."""
    simulation = Simulation(load_board("bender.cc613"))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        contactor, drop, monitor = board.get(Contactor), board.get(ImmediateOff), board.get(ResidualCurrentMonitor)
        test = await monitor.self_test()
        print("self-test:", "passed" if test.passed else "failed")
        monitor.trips.on(lambda trip: (drop.off_now(), print(f"trip: {trip.cause.value}")))
        print(await contactor.switch_on())
        simulation.plant.outlet(1).residual_dc_ma.set(8.0)
        await board.clock.sleep(1.0)
        print("contacts:", (await contactor.sense()).state.value)


run_virtual(main())
