"""``cc613hal replay``: the drivers against a recording instead of hardware."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.numbers import rounds
from cc613hal.cli.plain import short, to_json
from cc613hal.cli.read import as_data
from cc613hal.cli.readers import Answer, read_all
from cc613hal.cli.session import add_board_arguments, add_json_argument, describe, open_session
from cc613hal.cli.session import run as run_loop
from cc613hal.cli.terminal import bad, table

HELP = "read the board from a recording instead of hardware; complains where the drivers ask something else than recorded"
EXAMPLE = "cc613hal replay bench.trace --board my-board.toml --rounds 10"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a file that cc613hal record or trace --json wrote")
    parser.add_argument("--rounds", type=rounds, default=1, metavar="N", help="read everything N times, as it was recorded (default 1)")
    add_board_arguments(parser, simulation=False)
    add_json_argument(parser)
    parser.set_defaults(sim=False, state_dir=None)


def run(arguments: argparse.Namespace) -> int:
    """Play it; exit 1 if the drivers did something else than recorded."""
    return run_loop(_replay(arguments), virtual=True)


async def _replay(arguments: argparse.Namespace) -> int:
    from cc613hal.bus.replay.replay import ReplayBuses

    description = describe(arguments)
    buses = ReplayBuses.from_file(arguments.file, order="unit")
    answers: list[Answer] = []
    differences: list[str] = []
    try:
        async with open_session(arguments, description, buses=buses) as session:
            for _ in range(arguments.rounds):
                answers += [answer async for answer in read_all(session)]
    except AssertionError as error:  # the replay's own complaint, on purpose no HalError: no driver may take it for a fault of a wire
        differences.append(str(error))
    differences += [line for line in [*buses.complaints, *buses.leftovers()] if line not in differences]
    if arguments.json:
        print(to_json({"readings": [as_data(answer) for answer in answers], "differences": differences}))
    else:
        table(
            (answer.device, f"{answer.capability}.{answer.question}", bad(str(answer.error)) if answer.error else short(answer.value))
            for answer in answers
        )
        for line in differences:
            print(f"cc613hal: {line}", file=sys.stderr)
    return ExitCode.FAILED if differences else ExitCode.OK
