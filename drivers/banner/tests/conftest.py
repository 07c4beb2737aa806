"""One parking sensor over a simulated bay, on virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from cc613hal.board import Board, open_board
from cc613hal.bus.sim.faults import Faults
from cc613hal.health import Health
from cc613hal.plant import Simulation
from cc613hal.plant.world import Cabinet
from cc613hal.testing.bench import PART, board_for


@frozen
class Bench:
    part: Any
    emulated: Any
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

    @property
    def now_s(self) -> float:
        return self.board.clock.monotonic_s()

    def see(self, distance_mm: float) -> None:
        """Something is this far away."""
        self.cabinet.bay_distance_mm.set(distance_mm)

    async def sleep(self, seconds: float) -> None:
        await self.board.clock.sleep(seconds)


OpenBench = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def bench(tmp_path: Path) -> OpenBench:
    """``async with bench("banner.discrete", on_delay_s=0.5, before=break_it) as it:``; more keywords are the driver's options."""

    @asynccontextmanager
    async def open_bench(
        driver: str,
        *,
        before: Callable[[Simulation], None] | None = None,
        address: int | None = None,
        lines: Mapping[str, Mapping[str, object]] | None = None,
        **options: object,
    ) -> AsyncIterator[Bench]:
        async with Simulation(board_for(driver, address=address, lines=lines, options=options)) as simulation:
            if before is not None:
                before(simulation)
            async with open_board(simulation.description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                yield Bench(board.devices[PART], simulation.plant.parts[PART], simulation, board)

    return open_bench
