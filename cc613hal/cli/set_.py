"""``cc613hal set``: does one thing to one device, after asking where it matters."""

from __future__ import annotations

import argparse
import asyncio
import sys

from cc613hal.cli.actions import ACTIONS, Action, Danger, find_action
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import plain, short, to_json
from cc613hal.cli.session import add_board_arguments, add_json_argument, capabilities, capability_named, describe, open_session
from cc613hal.cli.session import run as run_loop
from cc613hal.cli.terminal import ask, interactive
from cc613hal.errors import NotOnBoard, SafetyRefused

HELP = "do one thing to one device: switch, lock, offer, show, test; asks before it touches the power path"
EXAMPLE = "cc613hal set leds show green blink --board bender.cc613 --sim --hold 5"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    words = sorted({f"{action.word} {action.values}".strip() for action in ACTIONS})
    parser.add_argument("device", metavar="DEVICE", help="a device of the board")
    parser.add_argument("action", metavar="ACTION", help=f"one of: {'; '.join(words)}".replace("%", "%%"))
    parser.add_argument("values", nargs="*", metavar="VALUE", help="what the action needs")
    parser.add_argument("--yes", action="store_true", help="do not ask before touching the power path")
    parser.add_argument("--energise-real-hardware", action="store_true", help="allow putting voltage on something that is not simulated")
    parser.add_argument(
        "--hold",
        type=float,
        metavar="S",
        default=None,
        help="keep the board open for S seconds; leaving it makes devices safe (default: until Ctrl-C on a terminal, else 0)",
    )
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check, ask, do; exit 4 if refused."""
    description = describe(arguments)
    announced = [name for name, _ in capabilities(description, arguments.device)]
    action = find_action(arguments.device, announced, arguments.action)
    _permit(arguments, action)
    return run_loop(_set(arguments, action))


def _permit(arguments: argparse.Namespace, action: Action) -> None:
    """Refuse before anything is opened.

    Raises:
        SafetyRefused: a flag or a yes is missing.
    """
    if action.danger is Danger.NONE:
        return
    if action.danger is Danger.ENERGISES and not arguments.sim and not arguments.energise_real_hardware:
        raise SafetyRefused(
            f"{action.word} would energise real hardware",
            device=arguments.device,
            hint="make sure that nobody can touch it, then add --energise-real-hardware; or try it with --sim",
        )
    if arguments.yes:
        return
    if not interactive():
        raise SafetyRefused(f"{action.word} touches the power path and nobody can be asked", device=arguments.device, hint="add --yes")
    where = "simulated" if arguments.sim else "REAL"
    if not ask(f"{arguments.device} {action.word} ({action.help}) on {where} hardware?"):
        raise SafetyRefused("not confirmed, nothing was done", device=arguments.device)


async def _set(arguments: argparse.Namespace, action: Action) -> int:
    async with open_session(arguments) as session:
        found = session.board.all(capability_named(action.capability))
        if arguments.device not in found:
            raise NotOnBoard("is not connected", device=arguments.device, hint="see cc613hal info for its health")
        result = await action.does(found[arguments.device], arguments.values)
        if arguments.json:
            print(to_json({"device": arguments.device, "action": action.word, "result": plain(result)}), flush=True)
        else:
            print(f"{arguments.device}: {action.word}" + (f": {short(result)}" if result is not None else ""), flush=True)
        hold_s = arguments.hold
        if hold_s is None and action.lasts and sys.stdout.isatty():
            print("holding until Ctrl-C …", file=sys.stderr)
            await asyncio.Event().wait()
        elif hold_s:
            await session.board.clock.sleep(hold_s)
    return ExitCode.FAILED if getattr(result, "passed", True) is False else ExitCode.OK
