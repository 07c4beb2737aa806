"""``cc613-chargepoint sim``: what happens around a simulated station that runs, over a socket that only a simulated one has."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from cc613_chargepoint.facade.client import FacadeClient, NoStation
from cc613_chargepoint.facade.codec import packed
from cc613_chargepoint.facade.commands import Done
from cc613_chargepoint.simulating.actions import Tap, Wait
from cc613_chargepoint.simulating.words import action_of, add_actions

__all__ = ["SIM_SOCKET", "add_sim", "sim"]

SIM_SOCKET = "sim.sock"
"""The second socket's name in a data directory; only ``run --sim`` makes it."""
_EPILOG = """\
example, in one terminal and in another:
  cc613-chargepoint run --sim --by-hand --data /tmp/station
  cc613-chargepoint sim tap --data /tmp/station
  cc613-chargepoint sim plug --data /tmp/station --cable 32
  cc613-chargepoint sim wait charging --data /tmp/station
The same words, with times before them, make a script for `run --sim --script FILE`."""


def add_sim(verbs: Any) -> None:
    """Add the verb to a parser."""
    parser = verbs.add_parser(
        "sim",
        help="what happens around a simulated station: plug, unplug, tap, fault, weather …",
        description="What people, vehicles, parts and weather do around a station that runs with --sim.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(debug=False, log="text")
    for action in add_actions(parser.add_subparsers(dest="action", required=True, metavar="ACTION")).values():
        action.add_argument("--data", type=Path, required=True, metavar="DIR", help="data directory of the running simulated station")
        action.add_argument("--json", action="store_true", help="answer in JSON")


def sim(arguments: argparse.Namespace) -> int:
    """Carry out the verb; returns the exit code."""
    asyncio.run(_ask(arguments))
    return 0


async def _ask(arguments: argparse.Namespace) -> None:
    action = action_of(arguments.action, arguments)
    lasts_s = action.within_s if isinstance(action, Wait) else action.hold_s if isinstance(action, Tap) else 0.0
    try:
        async with FacadeClient(arguments.data / SIM_SOCKET, timeout_s=30.0 + lasts_s) as client:
            answer = await client.ask(action)
    except NoStation as error:
        raise NoStation(
            f"no simulated station runs with {arguments.data}: {error.message}",
            hint=f"start one: cc613-chargepoint run --sim --by-hand --data {arguments.data}",
        ) from error
    if arguments.json:
        print(json.dumps(packed(answer)["data"], indent=2, ensure_ascii=False))
    elif isinstance(answer, Done):
        print(answer.detail)
