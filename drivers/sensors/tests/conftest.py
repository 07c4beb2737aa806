"""One sensor on a simulated bus, on virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import settings

from cc613hal.board import Board, open_board
from cc613hal.bus.sim.faults import Faults
from cc613hal.health import Health
from cc613hal.plant import Simulation
from cc613hal.plant.world import Cabinet
from cc613hal.testing.bench import PART, board_for

settings.register_profile("any-machine", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("any-machine")


@frozen
class Bench:
    part: Any
    chip: Any
    simulation: Simulation
    board: Board

    @property
    def cabinet(self) -> Cabinet:
        return self.simulation.plant.cabinet

    @property
    def faults(self) -> Faults:
        return self.simulation.faults(PART)

    @property
    def health(self) -> Health:
        return self.board.health()[PART]

    def wire_log(self) -> str:
        """The transfers so far, one line each."""
        return "\n".join(frame.line() for frame in self.board.buses[f"{PART}-bus"][0].trace)

    async def sleep(self, seconds: float) -> None:
        await self.board.clock.sleep(seconds)


OpenBench = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def bench(tmp_path: Path) -> OpenBench:
    """``async with bench("sensors.lm75", variant="tmp117", before=break_something) as it:``; the rest are the driver's options."""

    @asynccontextmanager
    async def open_bench(
        driver: str, *, before: Callable[[Simulation], None] | None = None, address: int | None = None, **options: object
    ) -> AsyncIterator[Bench]:
        async with Simulation(board_for(driver, address=address, options=options)) as simulation:
            if before is not None:
                before(simulation)
            async with open_board(simulation.description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                yield Bench(board.devices[PART], simulation.plant.parts[PART], simulation, board)

    return open_bench
