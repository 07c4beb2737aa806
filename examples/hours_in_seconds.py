"""Two hours of charging at 11 kW on the virtual clock, the meter read every minute."""

from __future__ import annotations

import time

from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.interfaces import Contactor, ControlPilot, SnapshotMeter
from cc613hal.plant import Simulation
from cc613hal.plant.vehicle import Vehicle
from cc613hal.units import duty_for_current


async def main() -> None:
    """Charge for two hours and print the energy."""
    simulation = Simulation(load_board("bender.cc613"))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        meter, clock = board.get(SnapshotMeter), board.clock
        vehicle = Vehicle(simulation.plant.outlet(1))
        vehicle.plug_in()
        await board.get(ControlPilot).offer(duty_for_current(16.0) or 0.0)
        await clock.sleep(2.0)
        await board.get(Contactor).switch_on()
        for _ in range(120):
            await clock.sleep(60.0)
            reading = await meter.read_all()
        energy = reading.energy.imported.kwh if reading.energy else None
        print(f"{reading.total_power_w / 1000:.2f} kW; meter {energy} kWh, battery {vehicle.drawn_wh / 1000:.2f} kWh")
        await board.get(Contactor).switch_off(under_load=True)


started = time.perf_counter()
run_virtual(main())
print(f"two hours took {time.perf_counter() - started:.1f} s")
