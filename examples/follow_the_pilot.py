"""A vehicle plugs in, is offered 16 A, asks for energy, and leaves: the pilot's states as they come."""

from __future__ import annotations

from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.interfaces import ControlPilot
from cc613hal.plant import Simulation
from cc613hal.plant.vehicle import Vehicle
from cc613hal.units import duty_for_current


async def main() -> None:
    """Play the visit and print what the pilot tells."""
    simulation = Simulation(load_board("bender.cc613"))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        pilot, clock = board.get(ControlPilot), board.clock
        pilot.changes.on(
            lambda seen: print(f"{clock.monotonic_s():6.2f} s  {seen.state.value}  {seen.high_v:+5.1f} V  {seen.output.value}")
        )
        vehicle = Vehicle(simulation.plant.outlet(1))
        vehicle.plug_in(cable_ohm=220.0)
        await clock.sleep(2.0)
        await pilot.offer(duty_for_current(16.0) or 0.0)
        await clock.sleep(5.0)
        print(f"diode proven: {await pilot.check_diode()}")
        vehicle.stop_energy()
        await clock.sleep(2.0)
        vehicle.unplug()
        await clock.sleep(2.0)


run_virtual(main())
