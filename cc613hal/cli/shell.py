"""``cc613hal shell``: a Python prompt with the board open and no ``await`` in sight."""

from __future__ import annotations

import argparse
import code
from importlib import import_module
from importlib.util import find_spec

from cc613hal import interfaces
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.session import add_board_arguments, describe

HELP = "a Python prompt with the open board as `board`; no await needed"
EXAMPLE = "cc613hal shell --board bender.cc613 --sim"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("-c", dest="command", metavar="CODE", help="run this instead of prompting")
    add_board_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the board and prompt; leaving the prompt reaches the safe state."""
    from cc613hal.sync import open_board

    description = describe(arguments)
    with open_board(description, sim=arguments.sim, state_dir=arguments.state_dir) as board:
        names = {name: getattr(interfaces, name) for name in interfaces.__all__}
        space = {**names, "board": board}
        if arguments.command is not None:
            exec(compile(arguments.command, "<command>", "exec"), space)  # noqa: S102  # running the caller's Python is what the verb is for
            return ExitCode.OK
        where = "simulated " if arguments.sim else ""
        banner = f"{where}board {description.name}: {', '.join(board.devices)}\ntry: board.get(EnergyMeter).read_energy()"
        if find_spec("readline") is not None:
            import_module("readline")  # gives the prompt history and editing, where Python has it
        code.interact(banner=banner, local=space, exitmsg="leaving; the board goes to its safe state")
    return ExitCode.OK
