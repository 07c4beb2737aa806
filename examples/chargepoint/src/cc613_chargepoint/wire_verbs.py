"""The verbs ``ocpp trace`` and ``ocpp replay``: what went over the wire, shown, and said again to another central system."""

from __future__ import annotations

import argparse
import asyncio
import itertools
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
    trace = actions.add_parser(
        "trace",
        help="show the wire log",
        description="Show the wire log; ocpp.wire_log=on has the station write one. → was sent by the station, ← by the backend; "
        "= is an answer, ! a refusal. Passwords and keys are masked in the file already; identifiers of customers are not.",
    )
    trace.add_argument("--data", type=Path, required=True, metavar="DIR", help="data directory of the station, or a wire log itself")
    trace.add_argument("--all", action="store_true", help="begin with the file before the present one, which is kept as ocpp.log.1")
    trace.add_argument("--action", action="append", default=[], metavar="NAME", help="only these calls and their answers; may be repeated")
    trace.add_argument("--follow", action="store_true", help="go on as more is said, until Ctrl-C")
    trace.add_argument("--json", action="store_true", help="the lines as they are in the file")
    replay = actions.add_parser(
        "replay",
        help="say the station's calls of a wire log to another central system",
        description="Say the station's calls of a wire log to another central system, one after the other, and show its answers. "
        "Transactions get the names that this central system gives them. What was masked is said masked. "
        "Its own questions are shown, and answered with nothing. The exit code is 1 if a call was refused or not answered.",
    )
    replay.add_argument("file", type=Path, help="a wire log")
    replay.add_argument("--url", required=True, help="of the central system: ws(s):// without the identity, or http(s):// for SOAP")
    replay.add_argument("--identity", required=True, help="as whom")
    replay.add_argument(
        "--subprotocol",
        choices=["ocpp1.5", "ocpp1.6", "ocpp2.0.1"],
        help="what is spoken; default: as in the log's last conversation",
    )
    replay.add_argument("--password-file", type=Path, metavar="FILE", help="file with the password for HTTP Basic")
    replay.add_argument("--ca-file", type=Path, metavar="FILE", help="root certificates that the central system's must come from")
    replay.add_argument("--json", action="store_true", help="one JSON object per call, with its answer")


def ocpp_verb(arguments: argparse.Namespace) -> int:
    """Carry out a verb; returns the exit code."""
    if arguments.ocpp_action == "trace":
        return _trace(arguments)
    from cc613_chargepoint.wire_replay import replay  # noqa: PLC0415 - only who speaks loads it

    return asyncio.run(replay(arguments, _entries(arguments.file, [])))


def _entries(path: Path, actions: list[str]) -> list[dict[str, Any]]:
    from cc613_chargepoint.ocpp.rpc.wire_log import lines  # noqa: PLC0415 - only who looks at the wire loads it

    try:
        found = lines(path, actions)
        if not found and not actions and path.stat().st_size:
            raise ConfigError(f"{path} is no wire log", hint="ocpp.wire_log=on has the station write one, ocpp.log in its data directory")
    except OSError as error:
        raise ConfigError(f"there is no wire log: {error}", hint="ocpp.wire_log=on writes one from the next start on") from error
    return found


def _trace(arguments: argparse.Namespace) -> int:
    path = arguments.data if arguments.data.is_file() else arguments.data / "ocpp.log"
    older = path.with_suffix(path.suffix + ".1")
    before = _entries(older, arguments.action) if arguments.all and older.exists() else []
    nothing = True
    for entry in itertools.chain(before, _shown(path, arguments.action, follow=arguments.follow)):
        nothing = False
        print(json.dumps(entry, ensure_ascii=False) if arguments.json else _line(entry), flush=True)
    if nothing and arguments.action:
        called = sorted({str(each["frame"][2]) for each in _entries(path, []) if _is_call(each.get("frame"))})
        print(f"nothing of {', '.join(arguments.action)} is in it; it has {', '.join(called) or 'no calls'}", file=sys.stderr)
    return 0


def _is_call(frame: Any) -> bool:
    return isinstance(frame, list) and len(frame) > 3 and frame[0] == 2


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
