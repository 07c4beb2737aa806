"""Somebody drives into the station: a shock, then a lean that lasts, which stays on record until somebody has looked after it."""

from __future__ import annotations

import math

from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.interfaces import TiltSensor
from cc613hal.plant import Simulation


async def main() -> None:
    """Put the station up, let a car hit it, and print what its tilt sensor tells."""
    simulation = Simulation(load_board("bender.cc613"))
    gravity_g = simulation.plant.cabinet.gravity_g
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        sensor, clock = board.get(TiltSensor), board.clock
        sensor.changes.on(lambda reading: print(f"{clock.monotonic_s():5.1f} s  now {'TILTED' if reading.tilted else 'upright'}"))

        async def watch(seconds: int) -> None:
            """Poll ten times a second, as whoever owns the sensor does; print once a second."""
            for tick in range(10 * seconds):
                reading = await sensor.read_tilt()
                if tick % 10 == 9 and reading.tilt_deg is not None:
                    print(f"{clock.monotonic_s():5.1f} s  {reading.tilt_deg:4.1f}°  {reading.quality.value}")
                await clock.sleep(0.1)

        await sensor.take_reference()  # when it was put up, once; kept across restarts where the board has a state directory
        await watch(1)
        gravity_g.set((1.8, 0.4, 0.9))  # the blow: nothing that says anything about attitude
        await clock.sleep(0.2)
        await watch(1)
        gravity_g.set((math.sin(math.radians(22)), 0.0, math.cos(math.radians(22))))
        await watch(3)


run_virtual(main())
