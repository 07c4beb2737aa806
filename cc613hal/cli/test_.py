"""``cc613hal test``: checks a board's hardware, device by device, and leaves a record: JUnit XML for CI, JSON for the file of the unit."""

from __future__ import annotations

import argparse
import platform
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from cc613hal import __version__
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.hardware_checks import Check, check_device
from cc613hal.cli.junit import junit_xml
from cc613hal.cli.plain import to_json
from cc613hal.cli.session import Session, add_board_arguments, add_json_argument, describe, open_session
from cc613hal.cli.session import run as run_loop
from cc613hal.cli.terminal import ask, bad, faint, good, interactive, table
from cc613hal.errors import SafetyRefused

HELP = "check the hardware of a board, device by device; writes JUnit XML and a JSON record"
EXAMPLE = "cc613hal test --board bender.cc613 --sim --active --yes --junit test.xml --record test.json"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("devices", nargs="*", metavar="DEVICE", help="devices to check (default: all)")
    parser.add_argument("--active", action="store_true", help="also move things: lock and unlock, RCD self-test, lights, contactor")
    parser.add_argument("--yes", action="store_true", help="do not ask before active checks")
    parser.add_argument(
        "--energise-real-hardware", action="store_true", help="let active checks switch contactors and relays that are not simulated"
    )
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML")
    parser.add_argument("--record", metavar="FILE", type=Path, help="write a JSON record")
    parser.add_argument("--serial-number", metavar="TEXT", default="", help="of the unit under test, for the record")
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check; exit 1 if a check failed."""
    describe(arguments)
    if arguments.active and not arguments.yes and not (interactive() and ask("active checks move locks and switch contacts. Go on?")):
        raise SafetyRefused("active checks were not confirmed", hint="add --yes")
    return run_loop(_test(arguments))


async def _test(arguments: argparse.Namespace) -> int:
    async with open_session(arguments) as session:
        started = session.board.clock.wall()
        checks = [check async for check in _checks(session, arguments)]
        record = _record(session, arguments, started.isoformat(), checks)
    if arguments.junit:
        arguments.junit.write_text(junit_xml(session.description.name, started, checks), encoding="utf-8")
    if arguments.record:
        arguments.record.write_text(to_json(record) + "\n", encoding="utf-8")
    if arguments.json:
        print(to_json(record))
    else:
        _show(checks)
    return ExitCode.FAILED if record["failed"] else ExitCode.OK


async def _checks(session: Session, arguments: argparse.Namespace) -> AsyncIterator[Check]:
    energise = arguments.active and (arguments.sim or arguments.energise_real_hardware)
    for device in arguments.devices or session.description.devices:
        async for check in check_device(session, device, active=arguments.active, energise=energise):
            yield check


def _record(session: Session, arguments: argparse.Namespace, started: str, checks: list[Check]) -> dict[str, Any]:
    return {
        "schema": 1,
        "unit": arguments.serial_number,
        "board": session.description.name,
        "simulated": session.simulation is not None,
        "started": started,
        "clock": session.board.clock.state.value,
        "cc613hal": __version__,
        "python": platform.python_version(),
        "host": platform.machine(),
        "passed": sum(check.outcome == "passed" for check in checks),
        "failed": sum(check.outcome == "failed" for check in checks),
        "skipped": sum(check.outcome == "skipped" for check in checks),
        "checks": checks,
    }


def _show(checks: list[Check]) -> None:
    colour = {"passed": good, "failed": bad, "skipped": faint}
    table(
        (check.device, check.name, colour[check.outcome](check.outcome), f"{check.took_s * 1000:.1f} ms", check.detail) for check in checks
    )
    failed = sum(check.outcome == "failed" for check in checks)
    text = f"{len(checks)} checks, {failed} failed"
    print(bad(text) if failed else good(text))
