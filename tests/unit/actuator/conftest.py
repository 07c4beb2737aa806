"""One part on a simulated bench, on virtual time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from cc613hal.board import Board, open_board, parse_board
from cc613hal.bus.sim.gpio import Wire
from cc613hal.plant.simulation import Simulation
from cc613hal.plant.world import Outlet


@frozen
class Bench:
    """An open board with one device called ``part``."""

    part: Any
    emulated: Any
    outlet: Outlet
    simulation: Simulation
    board: Board

    def wire(self, role: str) -> Wire:
        return self.simulation.line(role.upper())

    @property
    def health(self) -> str:
        return self.board.health()["part"].state.value


OpenBench = Callable[..., AbstractAsyncContextManager[Bench]]


def toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(entry)}" for key, entry in value.items()) + " }"
    return json.dumps(value)


@pytest.fixture
def bench(tmp_path: Path) -> OpenBench:
    """``async with bench("bender.contactor", "coil", "mirror", options={...}, before=break_something) as it:``"""

    @asynccontextmanager
    async def open_bench(
        driver: str,
        *roles: str,
        options: Mapping[str, object] | None = None,
        spi: bool = False,
        low: tuple[str, ...] = (),
        before: Callable[[Simulation], None] | None = None,
    ) -> AsyncIterator[Bench]:
        gpio = {role.upper(): f"gpiochip0:{number}" for number, role in enumerate(roles) if role != "pwm"}
        lines = {role: {"name": role.upper(), "active_low": True} if role in low else role.upper() for role in roles}
        text = "\n".join(
            [
                'schema = 1\nname = "bench"\nsummary = "one part"',
                f'[bus.gpio]\ntype = "gpio"\nchips = ["/dev/gpiochip0"]\nlines = {toml(gpio)}',
                '[bus.pwm]\ntype = "pwm"\npath = "/sys/class/pwm/pwmchip0"\nchannels = { PWM = 0 }',
                '[bus.spi]\ntype = "spi"\npath = "/dev/spidev0"' if spi else "",
                f'[device.part]\ndriver = "{driver}"\nconnector = 1\nlines = {toml(lines)}\noptions = {toml(options or {})}',
                'bus = "spi"\nselect = 0' if spi else "",
            ]
        )
        description = parse_board(text, file="bench.toml")
        async with Simulation(description) as simulation:
            if before is not None:
                before(simulation)
            async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                yield Bench(board.devices["part"], simulation.plant.parts["part"], simulation.plant.outlet(1), simulation, board)

    return open_bench
