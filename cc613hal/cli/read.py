"""``cc613hal read``: one reading of everything that can be read, with how long it took."""

from __future__ import annotations

import argparse
from typing import Any

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import plain, short, to_json
from cc613hal.cli.readers import Answer, read_all
from cc613hal.cli.session import add_board_arguments, add_json_argument, open_session
from cc613hal.cli.session import run as run_loop
from cc613hal.cli.terminal import bad, faint, table

HELP = "read everything a board can tell, once, and say how long each reading took"
EXAMPLE = "cc613hal read meter1 temp-internal --board bender.cc613 --sim"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("devices", nargs="*", metavar="DEVICE", help="devices to read (default: all)")
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read; exit 3 if a device did not answer."""
    return run_loop(_read(arguments))


async def _read(arguments: argparse.Namespace) -> int:
    async with open_session(arguments) as session:
        answers = [answer async for answer in read_all(session, arguments.devices)]
    if arguments.json:
        print(to_json([as_data(answer) for answer in answers]))
    else:
        table(
            (
                answer.device,
                f"{answer.capability}.{answer.question}",
                f"{answer.took_s * 1000:.1f} ms",
                bad(str(answer.error)) if answer.error else short(answer.value) if answer.value is not None else faint("–"),
            )
            for answer in answers
        )
    return ExitCode.DEVICE if any(answer.error for answer in answers) else ExitCode.OK


def as_data(answer: Answer) -> dict[str, Any]:
    """An answer as plain data."""
    return {
        "device": answer.device,
        "capability": answer.capability,
        "question": answer.question,
        "value": plain(answer.value),
        "error": answer.error.as_dict() if answer.error else None,
        "took_s": round(answer.took_s, 6),
    }
