"""Meters on serial lines through real pseudo-terminals and the Linux adapter."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from cc613hal.board import Board, open_board
from cc613hal.errors import BusError
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, board_for
from cc613hal_meters.gsh01 import Gsh01Meter
from cc613hal_meters.sml_meter import SmlMeter


@contextlib.asynccontextmanager
async def telling(simulation: Simulation) -> AsyncIterator[None]:
    """The emulated meter pushes faster than a real one, so that the test need not wait."""

    async def tell() -> None:
        while True:
            simulation.plant.parts[PART].tell()
            await asyncio.sleep(0.05)

    task = asyncio.create_task(tell())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def load(simulation: Simulation) -> None:
    simulation.plant.outlet(1).contacts.set(3)
    simulation.plant.outlet(1).current_a.set((16.0, 0.0, 0.0))


async def power_of(board: Board, expected: float) -> float:
    """Power, once the change has arrived."""
    meter = board.devices[PART]
    assert isinstance(meter, SmlMeter | Gsh01Meter)
    for _ in range(300):
        if (await meter.read_power()).power_w == expected:
            break
        await asyncio.sleep(0.02)
    return (await meter.read_power()).power_w


@pytest.mark.parametrize("driver", ["meters.emh-ehz", "meters.easymeter-q3"])
async def test_telegrams_arrive_over_a_real_line(driver: str) -> None:
    description = board_for(driver)
    async with (
        Simulation(description, ptys=True) as simulation,
        telling(simulation),
        open_board(description, simulation.buses, clock=simulation.clock) as board,
    ):
        load(simulation)
        assert await power_of(board, 3680.0) == 3680.0
        meter = board.devices[PART]
        assert isinstance(meter, SmlMeter)
        assert meter.link.refused == 0


async def test_a_dialogue_over_a_real_line() -> None:
    description = board_for("meters.gsh01")
    async with (
        Simulation(description, ptys=True) as simulation,
        open_board(description, simulation.buses, clock=simulation.clock) as board,
    ):
        load(simulation)
        assert await power_of(board, 3680.0) == 3680.0
        simulation.plant.parts[PART].silent = True
        meter = board.devices[PART]
        assert isinstance(meter, Gsh01Meter)
        with pytest.raises(BusError, match=r"no answer within 1\.1 s"):
            await meter.read_power()
