"""The verbs ``ocpp trace`` and ``ocpp replay``: what went over the wire, shown, and said again to another central system."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cc613hal.errors import ConfigError

__all__ = ["add_ocpp", "ocpp_verb"]

FOLLOW_S = 0.5


def add_ocpp(verbs: Any) -> None:
    """Add the verbs to a parser."""
    ocpp = verbs.add_parser("ocpp", help="what went over the wire to the backend", description="What went over the wire to the backend.")
    ocpp.set_defaults(debug=False, log="text")
    actions = ocpp.add_subparsers(dest="ocpp_action", required=True)
    trace = actions.add_parser("trace", help="show the wire log", description="Show the wire log; ocpp.wire_log switches it on.")
    trace.add_argument("--data", type=Path, required=True, metavar="DIR", help="data directory of the station")
    trace.add_argument("--action", action="append", default=[], metavar="NAME", help="only these calls and their answers; may be repeated")
    trace.add_argument("--follow", action="store_true", help="go on as more is said, until Ctrl-C")
    trace.add_argument("--json", action="store_true", help="the lines as they are in the file")
    replay = actions.add_parser(
        "replay",
        help="say the station's calls of a wire log to another central system",
        description="Say the station's calls of a wire log to another central system, one after the other, and show its answers.",
    )
    replay.add_argument("file", type=Path, help="a wire log")
    replay.add_argument("--url", required=True, help="of the central system, without the identity")
    replay.add_argument("--identity", required=True, help="as whom")
    replay.add_argument("--subprotocol", default="ocpp1.6", help="default: %(default)s")


def ocpp_verb(arguments: argparse.Namespace) -> int:
    """Carry out a verb; returns the exit code."""
    if arguments.ocpp_action == "trace":
        return _trace(arguments)
    return asyncio.run(_replay(arguments))


def _entries(path: Path, actions: list[str]) -> list[dict[str, Any]]:
    from cc613_chargepoint.ocpp.rpc.wire_log import lines  # noqa: PLC0415 - only who looks at the wire loads it

    try:
        return lines(path, actions)
    except OSError as error:
        raise ConfigError(f"there is no wire log: {error}", hint="ocpp.wire_log=on writes one from the next start on") from error


def _trace(arguments: argparse.Namespace) -> int:
    path = arguments.data / "ocpp.log"
    for entry in _shown(path, arguments.action, follow=arguments.follow):
        print(json.dumps(entry, ensure_ascii=False) if arguments.json else _line(entry), flush=True)
    return 0


def _shown(path: Path, actions: list[str], *, follow: bool) -> Iterator[dict[str, Any]]:
    entries = _entries(path, actions)
    yield from entries
    last = entries[-1:] or [{}]
    while follow:
        time.sleep(FOLLOW_S)
        entries = _entries(path, actions)
        at = next((index for index in range(len(entries) - 1, -1, -1) if entries[index] == last[0]), -1)
        yield from entries[at + 1 :]
        last = entries[-1:] or last


def _line(entry: dict[str, Any]) -> str:
    at, way, frame = str(entry.get("at", ""))[:23], entry.get("way"), entry.get("frame")
    sign = {"sent": "→", "received": "←"}.get(str(way), "·")
    if not isinstance(frame, list) or len(frame) < 3:
        rest = {name: value for name, value in entry.items() if name not in {"at", "way"}}
        return f"{at} {sign} {way if sign == '·' else ''} {rest.get('text') or ' '.join(map(str, rest.values()))}".rstrip()
    words = {
        2: lambda: f"{frame[2]} {_json(frame[3])}",
        3: lambda: f"= {_json(frame[2])}",
        4: lambda: f"! {' '.join(map(str, frame[2:4]))}",
    }
    said = words.get(frame[0], lambda: _json(frame))()
    return f"{at} {sign} {str(frame[1])[-8:]} {said}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def _replay(arguments: argparse.Namespace) -> int:
    from cc613_chargepoint.ocpp.rpc import Call, Link, Reply, RpcError  # noqa: PLC0415 - only who speaks loads it
    from cc613_chargepoint.ocpp.rpc.connection import Endpoint, connected  # noqa: PLC0415 - likewise

    async def nobody(call: Call) -> Reply:
        print(f"← {call.action} {_json(call.payload)}")
        return Reply()

    calls = [each["frame"] for each in _entries(arguments.file, []) if each.get("way") == "sent" and isinstance(each.get("frame"), list)]
    refused = 0
    endpoint = Endpoint(url=arguments.url, identity=arguments.identity, subprotocols=(arguments.subprotocol,))
    async with connected(endpoint) as wire:
        link = Link(wire, nobody)
        running = asyncio.create_task(link.run())
        try:
            for frame in calls:
                if frame[0] != 2:
                    continue
                print(f"→ {frame[2]} {_json(frame[3])}")
                try:
                    print(f"  = {_json(await link.call(frame[2], frame[3]))}")
                except RpcError as error:
                    refused += 1
                    print(f"  ! {error.message}")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    if refused:
        print(f"{refused} calls were refused or not answered", file=sys.stderr)
    return 1 if refused else 0
