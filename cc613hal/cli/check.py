"""``cc613hal check``: all mistakes of a board file at once, each with its line."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import to_json
from cc613hal.cli.session import add_board_arguments, add_json_argument, board_or_path, describe
from cc613hal.cli.terminal import good
from cc613hal.errors import BoardFileError

if TYPE_CHECKING:
    from cc613hal.board import BoardDescription

HELP = "check a board file: every mistake at once, with line and hint"
EXAMPLE = "cc613hal check my-board.toml --overlay site.toml"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("file", nargs="?", help="board file or board name (instead of --board)")
    add_board_arguments(parser, simulation=False)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check it; exit 2 if it has mistakes."""
    if arguments.file is not None:
        arguments.board = str(board_or_path(arguments.file))
    try:
        description = describe(arguments)
    except BoardFileError as error:
        if arguments.debug:
            raise
        if arguments.json:
            print(to_json({"ok": False, "problems": list(error.problems)}))
        for problem in error.problems:
            print(problem, file=sys.stderr)
        count = len(error.problems)
        print(f"cc613hal: {count} mistake{'s' if count != 1 else ''} in {arguments.board}", file=sys.stderr)
        return ExitCode.USAGE
    if arguments.json:
        print(to_json({"ok": True, "board": description.name, "problems": [], "devices": list(description.devices)}))
    else:
        print(good(_praise(description)))
    return ExitCode.OK


def _praise(description: BoardDescription) -> str:
    return f"{description.name}: {len(description.devices)} devices on {len(description.buses)} buses, no mistakes"
