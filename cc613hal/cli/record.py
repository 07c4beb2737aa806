"""``cc613hal record``: everything that goes over the buses while a board is read, in a file that ``replay`` plays back."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.numbers import rounds
from cc613hal.cli.read import as_data
from cc613hal.cli.readers import read_all
from cc613hal.cli.session import add_board_arguments, add_json_argument, describe, open_session
from cc613hal.cli.session import run as run_loop

if TYPE_CHECKING:
    from cc613hal.bus.factory import BusFactory

HELP = "record what goes over the buses while the board is read"
EXAMPLE = "cc613hal record bench.trace --board my-board.toml --rounds 10"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="file for the frames; an existing one is overwritten")
    parser.add_argument("--rounds", type=rounds, default=1, metavar="N", help="read everything N times (default 1)")
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Record; exit 6 if the file could not be written to its end."""
    return run_loop(_record(arguments), virtual=arguments.sim)


async def _record(arguments: argparse.Namespace) -> int:
    from contextlib import AsyncExitStack

    from cc613hal.bus.linux.factory import LinuxBuses
    from cc613hal.bus.replay.recording import Recording
    from cc613hal.bus.replay.tap import RecordingBuses

    description = describe(arguments)
    readings = 0
    inner: BusFactory = LinuxBuses()
    with Recording(arguments.file) as recording:
        async with AsyncExitStack() as stack:
            if arguments.sim:
                from cc613hal.plant import Simulation

                simulation = await stack.enter_async_context(Simulation(description))
                inner = simulation.buses
            session = await stack.enter_async_context(open_session(arguments, description, buses=RecordingBuses(inner, recording)))
            for _ in range(arguments.rounds):
                async for answer in read_all(session):
                    readings += 1
                    if arguments.json:
                        print(json.dumps(as_data(answer), ensure_ascii=False))
    if not arguments.json:
        print(f"{recording.frames} frames of {readings} readings in {arguments.file}")
    if recording.problem:
        print(f"cc613hal: {recording.problem}", file=sys.stderr)
        return ExitCode.OUTPUT
    return ExitCode.OK
