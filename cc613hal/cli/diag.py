"""``cc613hal diag``: one file for whoever has to help: versions, board, health, traces; secrets and customers' cards left out."""

from __future__ import annotations

import argparse
import platform
import re
import sys
import time
import zipfile
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from cc613hal import __version__
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.info import collect
from cc613hal.cli.plain import plain, to_json
from cc613hal.cli.read import as_data
from cc613hal.cli.readers import read_all
from cc613hal.cli.session import Session, add_board_arguments, add_json_argument, describe, open_session
from cc613hal.cli.session import run as run_loop
from cc613hal.cli.trace import frames_of
from cc613hal.errors import HalError

if TYPE_CHECKING:
    from cc613hal.board import BoardDescription

HELP = "collect versions, board, health, statistics and traces in a zip file, without secrets and card numbers"
EXAMPLE = "cc613hal diag --board bender.cc613 --sim --output help.zip"

_SECRET = re.compile(r"pass|secret|token|pin$|(^|_)key|uid|imei|iccid|serial_number", re.IGNORECASE)
_PERSONAL = {"CardReader", "SecureCardReader", "Modem", "PlcModem"}
"""Capabilities whose frames and readings show customers, subscriber numbers or keys."""
HIDDEN = "(left out)"
"""What stands where something was left out."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--output", type=Path, metavar="FILE", help="the zip file (default: cc613hal-diag-TIME.zip)")
    parser.add_argument("--no-board", action="store_true", help="do not open the board, only collect versions and files")
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Collect; what fails is written into the bundle instead of ending it."""
    files: dict[str, str] = {"versions.json": to_json(_versions()), "plugins.json": to_json(_plugins())}
    if not arguments.no_board:
        description = describe(arguments)
        files["board.json"] = to_json(redact(board_data(description)))
        files.update(run_loop(_collect(arguments, description)))
    output = arguments.output or Path(f"cc613hal-diag-{time.strftime('%Y%m%d-%H%M%S')}.zip")
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in files.items():
            bundle.writestr(name, text + "\n")
    print(to_json({"file": output, "holds": list(files)}) if arguments.json else f"{output}: {', '.join(files)}")
    return ExitCode.OK


async def _collect(arguments: argparse.Namespace, description: BoardDescription) -> dict[str, str]:
    try:
        async with open_session(arguments, description) as session:
            answers = [as_data(answer) async for answer in read_all(session)]
            private = {device.id for device in description.devices.values() if _PERSONAL & set(device.driver.capabilities)}
            return {
                "info.json": to_json(redact(collect(session))),
                "readings.json": to_json(
                    redact([{**answer, "value": HIDDEN} if answer["device"] in private else answer for answer in answers])
                ),
                "trace.jsonl": trace_text(session).rstrip("\n"),
            }
    except HalError as error:
        return {"error.json": to_json(redact(error.as_dict()))}


def trace_text(session: Session) -> str:
    """The traces of all buses, with the bytes of personal devices left out."""
    private = {
        device.bus
        for device in session.description.devices.values()
        if device.bus is not None and _PERSONAL & set(device.driver.capabilities)
    }
    frames = frames_of(session, [])
    return "".join((evolve(frame, data=b"", note=HIDDEN) if frame.bus in private else frame).line() + "\n" for frame in frames)


def board_data(description: BoardDescription) -> dict[str, Any]:
    """A board description as plain data, with driver names instead of their announcements."""
    return {
        "name": description.name,
        "sources": list(description.sources),
        "buses": {name: {"type": options.kind, **plain(options)} for name, options in description.buses.items()},
        "devices": {
            name: {"driver": device.driver.name, "bus": device.bus, "address": device.address, "connector": device.connector}
            | {"lines": plain(device.lines), "uses": dict(device.uses), "options": plain(device.options)}
            for name, device in description.devices.items()
        },
    }


def redact(value: Any) -> Any:
    """Plain data with every value left out whose key sounds like a secret or a person."""
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {key: HIDDEN if _SECRET.search(key) and not isinstance(item, dict | list) else redact(item) for key, item in table.items()}
    if isinstance(value, list):
        items: list[Any] = cast("Any", value)
        return [redact(item) for item in items]
    return value


def _versions() -> dict[str, Any]:
    return {
        "cc613hal": __version__,
        "python": sys.version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {item.name: item.version for item in sorted(distributions(), key=lambda item: item.name.lower())},
    }


def _plugins() -> dict[str, Any]:
    from cc613hal.plugins.manager import Plugins

    plugins = Plugins.discover()
    return {
        "drivers": sorted(plugins.drivers),
        "boards": sorted(plugins.boards),
        "problems": [str(problem) for problem in plugins.problems],
    }
