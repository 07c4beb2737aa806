"""Recorded dialogues as tests: what a driver says on its wires is compared, byte for byte and edge for edge, with a recording.

::

    async def play(bench: Replayed) -> None:
        await bench.device.lock()

    record_part("acme.lock", Path("recordings/lock.jsonl"), play)   # once, on the simulation or in the same form from real hardware
    replay_part("acme.lock", Path("recordings/lock.jsonl"), play)   # in the test

A recording pins the driver's behaviour on the wire: a change of it shows as a :class:`~cc613hal.bus.replay.ReplayMismatchError` that
says what was expected. The recording of a real part takes the same form, see :mod:`cc613hal.bus.replay.recording`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from cc613hal.board import Board, open_board
from cc613hal.bus.replay import Recording, RecordingBuses, ReplayBuses
from cc613hal.clock import Clock, run_virtual
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, board_for

__all__ = ["Replayed", "record_part", "replay_part"]


@frozen
class Replayed:
    """The part on its board, while a recording is made or played.

    Attributes:
        device: the driver object.
        board: the open board.
        simulation: the world around it while recording; ``None`` while a recording is played, for then nothing can be changed.
    """

    device: Any
    board: Board
    simulation: Simulation | None


Play = Callable[[Replayed], Awaitable[None]]
Lines = Mapping[str, Mapping[str, object] | None]


def record_part(driver: str, file: Path, play: Play, *, options: Mapping[str, object] | None = None, lines: Lines | None = None) -> None:
    """Record what goes over the simulated wires while ``play`` runs.

    Args:
        driver: the driver's name.
        file: where the recording goes; an existing one is overwritten.
        play: what is done with the part.
        options: the driver's options.
        lines: see :func:`cc613hal.testing.bench.board_for`.
    """
    description = board_for(driver, options=options, lines=lines)

    async def main() -> None:
        with Recording(file) as recording:
            async with Simulation(description) as simulation:
                buses = RecordingBuses(simulation.buses, recording)
                async with open_board(description, buses, clock=simulation.clock) as board:
                    await play(Replayed(board.devices[PART], board, simulation))

    run_virtual(main())


def replay_part(driver: str, file: Path, play: Play, *, options: Mapping[str, object] | None = None, lines: Lines | None = None) -> None:
    """Run ``play`` against a recording; arguments as for :func:`record_part`.

    Raises:
        ReplayMismatchError: the driver said something else, or not all of it.
    """
    description = board_for(driver, options=options, lines=lines)

    async def main() -> None:
        async with ReplayBuses.from_file(file) as buses, open_board(description, buses, clock=Clock()) as board:
            await play(Replayed(board.devices[PART], board, None))

    run_virtual(main())
