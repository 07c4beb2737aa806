"""What most verbs share: the arguments that name a board, loading it, and opening it on hardware or on a simulation."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from cc613hal import interfaces
from cc613hal.errors import ConfigError, NotOnBoard

if TYPE_CHECKING:
    from cc613hal.board import Board, BoardDescription
    from cc613hal.bus.factory import BusFactory
    from cc613hal.plant import Simulation
    from cc613hal.plugins.manager import Plugins

__all__ = [
    "BOARD_VARIABLE",
    "Session",
    "add_board_arguments",
    "add_json_argument",
    "board_or_path",
    "capabilities",
    "capability_named",
    "describe",
    "open_session",
    "run",
]

BOARD_VARIABLE = "CC613HAL_BOARD"
"""Environment variable with the board to use where ``--board`` is not given."""
_SIMULATED_DEFAULT = "bender.cc613"

T = TypeVar("T")


def add_board_arguments(parser: argparse.ArgumentParser, *, simulation: bool = True) -> None:
    """``--board``, ``--overlay`` and, where a board is opened, ``--sim`` and ``--state-dir``."""
    group = parser.add_argument_group("board")
    group.add_argument(
        "--board",
        metavar="NAME|FILE",
        default=os.environ.get(BOARD_VARIABLE),
        help=f"a board that a driver package ships, or a board file (default: ${BOARD_VARIABLE}; with --sim {_SIMULATED_DEFAULT})",
    )
    group.add_argument("--overlay", metavar="FILE", action="append", default=[], help="board file laid over it; may be repeated")
    if simulation:
        group.add_argument("--sim", action="store_true", help="simulated buses and parts instead of hardware")
        group.add_argument("--state-dir", metavar="DIR", type=Path, default=None, help="where devices keep their memory")


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def board_or_path(text: str) -> str | Path:
    """A board's name, or a path if it looks like one."""
    path = Path(text)
    return path if "/" in text or path.suffix == ".toml" else text


def describe(arguments: argparse.Namespace, plugins: Plugins | None = None) -> BoardDescription:
    """The board the arguments name.

    Raises:
        ConfigError: no board is named.
        BoardFileError: the board file has mistakes.
    """
    from cc613hal.board import load_board

    named: str | None = arguments.board or (_SIMULATED_DEFAULT if getattr(arguments, "sim", False) else None)
    if named is None:
        raise ConfigError(
            "no board is named", hint=f"give --board NAME or FILE, set {BOARD_VARIABLE}, or try --sim; cc613hal list shows boards"
        )
    return load_board(board_or_path(named), overlays=[board_or_path(overlay) for overlay in arguments.overlay], plugins=plugins)


@frozen
class Session:
    """An open board.

    Attributes:
        board: the board.
        simulation: what it is simulated by; ``None`` on hardware.
    """

    board: Board
    simulation: Simulation | None

    @property
    def description(self) -> BoardDescription:
        """What the board file says."""
        return self.board.description

    def device(self, name: str) -> Any:
        """The driver object of a device.

        Raises:
            NotOnBoard: there is none of this name.
        """
        for _, capability in capabilities(self.description, name):
            found = self.board.all(capability)
            if name in found:
                return found[name]
        raise NotOnBoard(f"{name} is not connected", device=name, hint="see cc613hal info for its health")


@asynccontextmanager
async def open_session(
    arguments: argparse.Namespace, description: BoardDescription | None = None, *, buses: BusFactory | None = None, ptys: bool = False
) -> AsyncGenerator[Session]:
    """Open the board the arguments name; leaving takes every device to its safe state."""
    from cc613hal.board import open_board

    board_description = description or describe(arguments)
    async with AsyncExitStack() as stack:
        simulation: Simulation | None = None
        if arguments.sim and buses is None:
            from cc613hal.plant import Simulation

            simulation = await stack.enter_async_context(Simulation(board_description, ptys=ptys))
            buses = simulation.buses
        board = await stack.enter_async_context(open_board(board_description, buses, state_dir=arguments.state_dir))
        yield Session(board, simulation)


def capabilities(description: BoardDescription, device: str) -> Iterator[tuple[str, Any]]:
    """Name and Protocol of every capability a device's driver announces.

    Raises:
        NotOnBoard: the board has no such device.
    """
    if device not in description.devices:
        boardlike = "." in device  # bender.cc613, station.toml: no device can be called so
        hint = f"a board is named with --board {device}" if boardlike else f"it has {', '.join(description.devices) or 'none'}"
        raise NotOnBoard(f"{description.name} has no device {device}", hint=hint)
    for name in description.devices[device].driver.capabilities:
        yield name, capability_named(name)


def capability_named(name: str) -> Any:
    """The Protocol of this name; ``None`` if the library has none."""
    return getattr(interfaces, name, None)


def run(main: Coroutine[Any, Any, T], *, virtual: bool = False) -> T:
    """Run a verb's coroutine; SIGTERM ends it as Ctrl-C does, through the board's safe state.

    Args:
        main: the coroutine.
        virtual: on virtual time, where nothing outside the process takes part: what runs beside it (a pilot is sampled all the time)
            then happens as often on a slow machine as on a fast one.

    Raises:
        KeyboardInterrupt: it was ended by either signal.
    """

    async def guarded() -> T:
        task = asyncio.ensure_future(main)
        terminated = False

        def terminate() -> None:
            nonlocal terminated
            terminated = True
            task.cancel()

        loop = asyncio.get_running_loop()
        try:
            loop.add_signal_handler(signal.SIGTERM, terminate)
        except (RuntimeError, ValueError):
            pass  # not on the main thread: whoever runs us there handles signals
        try:
            return await task
        except asyncio.CancelledError:
            if terminated:
                raise KeyboardInterrupt from None
            raise

    if virtual:
        from cc613hal.clock import run_virtual

        return run_virtual(guarded())
    return asyncio.run(guarded())
