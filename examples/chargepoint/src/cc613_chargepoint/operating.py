"""The verbs that speak to a running station: status, sessions, signed, public-key, start, stop, unlock, limit, fault, watch."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from cc613_chargepoint.facade.client import SOCKET, FacadeClient
from cc613_chargepoint.facade.codec import packed
from cc613_chargepoint.facade.commands import (
    Answer,
    ClearFault,
    Command,
    Done,
    FaultList,
    GetStatus,
    ListFaults,
    ListSessions,
    SessionList,
    SetLimit,
    StartCharge,
    StationStatus,
    StopCharge,
    Unlock,
    WithdrawLimit,
)
from cc613_chargepoint.narrator import Narrator
from cc613_chargepoint.signed_verbs import add_signed, ask_public_key, ask_signed
from cc613hal.clock import Clock

__all__ = ["VERBS", "add_verbs", "operate"]


def add_verbs(verbs: Any) -> None:
    """Add the verbs to a parser."""

    def verb(name: str, summary: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
        made.add_argument("--data", type=Path, required=True, metavar="DIR", help="data directory of the running station")
        made.add_argument("--json", action="store_true", help="answer in JSON")
        made.set_defaults(debug=False, log="text")
        return made

    def connector(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--connector", type=int, default=1, metavar="N", help="default: %(default)s")

    verb("status", "how the running station is")
    sessions = verb("sessions", "the latest sessions")
    sessions.add_argument("--limit", type=_count, default=20, metavar="N", help="at most so many (default: %(default)s)")
    key = add_signed(verb)
    start = verb("start", "accept a customer, as a card would")
    start.add_argument("token", help="identifier of the customer")
    stop = verb("stop", "end a session")
    stop.add_argument("--reason", default="stopped by the operator", help="for the record")
    unlock = verb("unlock", "release the plug; a session that runs is ended first")
    limit = verb("limit", "set or withdraw a current limit")
    limit.add_argument("current", type=_amperes, metavar="A", help="amperes per phase, or `none` to withdraw")
    limit.add_argument("--source", default="command line", help="whose limit it is (default: %(default)s)")
    limit.add_argument("--for", dest="for_s", type=_seconds, metavar="S", help="how long it counts, in seconds (default: until withdrawn)")
    limit.add_argument("--then", dest="then_a", type=_amperes, metavar="A", help="what counts after that time if nothing new was said")
    limit.add_argument("--phases", type=int, choices=(1, 3), help="how many phases may be used (default: all)")
    for each in (key, start, stop, unlock, limit):
        connector(each)
    fault = verb("fault", "faults that stand and stood, or clear one that needs service")
    fault.add_argument("--clear", metavar="NAME", help="somebody has been there: clear this fault")
    fault.add_argument("--limit", type=_count, default=20, metavar="N", help="at most so many (default: %(default)s)")
    connector(fault)
    watch = verb("watch", "everything that happens, until Ctrl-C")
    watch.add_argument("--count", type=_count, metavar="N", help="end after so many events")


def _command(arguments: argparse.Namespace) -> Command:
    match arguments.verb:
        case "status":
            return GetStatus()
        case "sessions":
            return ListSessions(limit=arguments.limit)
        case "start":
            return StartCharge(connector=arguments.connector, token=arguments.token)
        case "stop":
            return StopCharge(connector=arguments.connector, reason=arguments.reason)
        case "unlock":
            return Unlock(connector=arguments.connector)
        case "limit":
            return _limit(arguments)
        case "fault" if arguments.clear:
            return ClearFault(connector=arguments.connector, name=arguments.clear)
        case _:
            return ListFaults(limit=arguments.limit)


def _limit(arguments: argparse.Namespace) -> Command:
    if arguments.current is None:
        return WithdrawLimit(connector=arguments.connector, source=arguments.source)
    return SetLimit(
        connector=arguments.connector,
        source=arguments.source,
        current_a=arguments.current,
        for_s=arguments.for_s,
        then_a=arguments.then_a,
        phases=arguments.phases,
    )


def _amperes(text: str) -> float | None:
    if text == "none":
        return None
    value = _number(text)
    if not 0.0 <= value <= 1000.0:
        raise argparse.ArgumentTypeError(f"must be 0 to 1000 A, or `none` to withdraw, not {text}")
    return value


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text}")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"must be 1 to 1000, not {text}")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


async def _ask(arguments: argparse.Namespace) -> None:
    async with FacadeClient(arguments.data / SOCKET) as client:
        answer = await client.ask(_command(arguments))
    if arguments.json:
        print(json.dumps(packed(answer)["data"], indent=2, ensure_ascii=False))
    else:
        print("\n".join(_lines(answer)))


def _lines(answer: Answer) -> list[str]:
    match answer:
        case Done(detail=detail):
            return [detail]
        case StationStatus():
            return _status_lines(answer)
        case SessionList(sessions=sessions):
            return [
                f"{each['number']:>6}  connector {each['connector']}  {each['token']:<20} {each['started'][:19]}  "
                + (f"{each['energy_wh'] or 'unknown'} Wh  {each['reason']}" if each["ended"] else "running")
                for each in sessions
            ] or ["no sessions"]
        case FaultList(faults=faults):
            return [
                f"{each.raised:%Y-%m-%d %H:%M:%S}  {f'connector {each.connector}' if each.connector else 'station    '}  {each.name:<24} "
                f"{'stands' if each.cleared is None else f'cleared {each.cleared:%Y-%m-%d %H:%M:%S}'}  {each.detail}"
                for each in faults
            ] or ["no faults"]
        case _:
            return [str(answer)]


def _status_lines(status: StationStatus) -> list[str]:
    lines = [status.board]
    for each in status.connectors:
        power = "" if each.power_w is None else f", {each.power_w / 1000:.2f} kW, {each.energy_wh or 0.0:.1f} Wh"
        lines.append(f"connector {each.number}: {each.state}{f', {each.token}' if each.token else ''}{power}")
        lines.append(f"  offer: {each.offer_a:g} A{f' by {each.offer_source}' if each.offer_source else ''}")
        lines += [f"  limit: {limit.current_a:g} A by {limit.source}" for limit in each.limits]
        lines += [f"  fault: {fault.name}: {fault.detail}" for fault in each.faults]
    if status.backend:
        lines.append(f"backend: {status.backend}")
    lines += [f"station: fault {fault.name}: {fault.detail}" for fault in status.faults]
    lines += [f"device {name}: {state}" for name, state in status.devices.items() if state != "ok"]
    return lines


async def _watch(arguments: argparse.Namespace) -> None:
    narrator = None if arguments.json else Narrator(Clock())
    seen = 0
    async with FacadeClient(arguments.data / SOCKET) as client:
        async for news in client.watch():
            if isinstance(news, int):
                print(json.dumps({"gap": news}) if arguments.json else f"… {news} events were missed", flush=True)
                continue
            if narrator is None:
                print(json.dumps(packed(news), ensure_ascii=False), flush=True)
            else:
                narrator.hear(news)
            seen += 1
            if arguments.count is not None and seen >= arguments.count:
                return


VERBS: dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, None]]] = {
    **dict.fromkeys(("status", "sessions", "start", "stop", "unlock", "limit", "fault"), _ask),
    "signed": ask_signed,
    "public-key": ask_public_key,
    "watch": _watch,
}
"""Verb → what carries it out."""


def operate(arguments: argparse.Namespace) -> int:
    """Carry out a verb; returns the exit code."""
    asyncio.run(VERBS[arguments.verb](arguments))
    return 0
