"""``cc613hal trace``: what goes over the buses, frame by frame."""

from __future__ import annotations

import argparse
import sys

from cc613hal.bus.trace import Frame
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.numbers import seconds
from cc613hal.cli.readers import read_all
from cc613hal.cli.session import Session, add_board_arguments, add_json_argument, open_session
from cc613hal.cli.session import run as run_loop
from cc613hal.cli.terminal import faint
from cc613hal.errors import NotOnBoard

HELP = "read the board once and show every frame on its buses; --json prints the replay format"
EXAMPLE = "cc613hal trace --board bender.cc613 --sim --bus meter"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("devices", nargs="*", metavar="DEVICE", help="devices to read (default: all)")
    parser.add_argument("--bus", action="append", default=[], metavar="NAME", help="only this bus; may be repeated")
    parser.add_argument("--seconds", type=seconds, default=0.0, metavar="S", help="go on listening for S seconds")
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show it."""
    return run_loop(_trace(arguments))


async def _trace(arguments: argparse.Namespace) -> int:
    # on ptys, because Modbus frames exist only where real adapters make them
    async with open_session(arguments, ptys=True) as session:
        for bus in arguments.bus:
            if bus not in session.board.buses:
                raise NotOnBoard(f"{session.description.name} has no bus {bus}", hint=f"it has {', '.join(session.board.buses)}")
        async for _ in read_all(session, arguments.devices):
            pass  # what was read is not asked for here, only what it took on the wires; failures are frames too
        if arguments.seconds:
            await session.board.clock.sleep(arguments.seconds)
        frames = frames_of(session, arguments.bus)
    for frame in frames:
        sys.stdout.write(f"{frame.line()}\n" if arguments.json else f"{_text(frame)}\n")
    return ExitCode.OK


def frames_of(session: Session, only: list[str]) -> list[Frame]:
    """The frames that the buses remember, oldest first."""
    found = [frame for name, (actor, _) in session.board.buses.items() if not only or name in only for frame in actor.trace]
    return sorted(found, key=lambda frame: frame.at_s)


def _text(frame: Frame) -> str:
    note = f"  {frame.note}" if frame.note else ""
    return f"{faint(f'{frame.at_s:12.6f}')}  {frame.bus:10s} {frame.unit:5s} {frame.direction} {frame.data.hex(' ')}{note}".rstrip()
