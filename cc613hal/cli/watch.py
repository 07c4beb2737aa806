"""``cc613hal watch``: the readings of a board again and again, on the terminal or as CSV."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.numbers import rounds, seconds
from cc613hal.cli.plain import flat, short
from cc613hal.cli.read import as_data
from cc613hal.cli.readers import Answer, questions, read_one
from cc613hal.cli.session import Session, add_board_arguments, add_json_argument, describe, open_session
from cc613hal.cli.session import run as run_loop
from cc613hal.cli.terminal import bad, faint
from cc613hal.errors import ConfigError

HELP = "read a board again and again until Ctrl-C; as CSV with --csv"
EXAMPLE = "cc613hal watch meter1 --board bender.cc613 --sim --interval 0.5 --csv meter.csv"
_COLUMNS = ("time", "device", "capability", "quantity", "value", "error")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("devices", nargs="*", metavar="DEVICE", help="devices to read (default: all)")
    parser.add_argument("--interval", type=seconds, default=1.0, metavar="S", help="seconds from one round to the next (default 1)")
    parser.add_argument("--count", type=rounds, default=0, metavar="N", help="stop after N rounds (default: Ctrl-C stops)")
    parser.add_argument(
        "--csv", nargs="?", const="-", metavar="FILE", help="write one line per quantity to this file, or to standard output without one"
    )
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Watch; exit 3 if the last round had a failed reading."""
    return run_loop(_watch(arguments))


async def _watch(arguments: argparse.Namespace) -> int:
    if arguments.csv in describe(arguments).devices:  # "--csv meter1" without a file would write over nothing, and watch everything
        raise ConfigError(f"{arguments.csv} is a device, not a file for --csv", hint=f"put the device first: watch {arguments.csv} --csv")
    with _destination(arguments.csv) as file:
        writer = csv.writer(file) if file else None
        if writer:
            writer.writerow(_COLUMNS)
        failed = False
        async with open_session(arguments) as session:
            asked = questions(session, arguments.devices)
            next_s = session.board.clock.monotonic_s()
            rounds = 0
            while not arguments.count or rounds < arguments.count:
                failed = False
                for question in asked:
                    answer = await read_one(session, *question)
                    failed |= answer.error is not None
                    _show(session, answer, writer, arguments.json)
                (file or sys.stdout).flush()
                rounds += 1
                # from the planned time, so that slow readings do not make the rhythm drift; rounds that are late are skipped
                now_s = session.board.clock.monotonic_s()
                next_s = max(next_s + arguments.interval, now_s)
                if not arguments.count or rounds < arguments.count:
                    await session.board.clock.sleep(next_s - now_s)
    return ExitCode.DEVICE if failed else ExitCode.OK


def _show(session: Session, answer: Answer, writer: Any | None, as_json: bool) -> None:
    time = session.board.clock.wall().isoformat(timespec="milliseconds")
    if writer:
        if answer.error:
            writer.writerow((time, answer.device, answer.capability, answer.question, "", answer.error.kind))
        else:
            writer.writerows((time, answer.device, answer.capability, name, value, "") for name, value in flat(answer.value))
    elif as_json:
        print(json.dumps({"time": time, **as_data(answer)}, ensure_ascii=False))
    else:
        text = bad(str(answer.error)) if answer.error else short(answer.value)
        print(f"{faint(time)}  {answer.device}  {answer.capability}: {text}")


@contextmanager
def _destination(name: str | None) -> Generator[TextIO | None]:
    if name is None:
        yield None
    elif name == "-":
        yield sys.stdout
    else:
        with Path(name).open("w", encoding="utf-8", newline="") as file:
            yield file
