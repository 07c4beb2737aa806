"""``cc613hal schema``: the JSON Schema of board files with the installed drivers, for editors."""

from __future__ import annotations

import argparse

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import to_json

HELP = "print the JSON Schema of board files, with the options of the installed drivers, for editors"
EXAMPLE = "cc613hal schema > board.schema.json"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--json", action="store_true", help="as without: the schema is JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    from cc613hal.board import board_schema
    from cc613hal.plugins.manager import Plugins

    del arguments
    print(to_json(board_schema(Plugins.discover())))
    return ExitCode.OK
