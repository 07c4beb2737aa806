"""``cc613-chargepoint store``: look after the database of a data directory, and take out what it holds."""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import asdict

from cc613_chargepoint.configuring import DATABASE
from cc613_chargepoint.store import AuditEntry, FaultEntry, Store, StoredSession, StoreError, Transaction
from cc613_chargepoint.store.export import harmless, session_dict, sessions_csv
from cc613hal.errors import ConfigError

__all__ = ["add_store", "keep"]

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write 2026-03-01 or 2026-03-01T12:00:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def add_store(verbs: Any) -> None:
    """Add the verb to a parser."""
    parser = verbs.add_parser(
        "store",
        help="export sessions, faults and changes; check and copy the database",
        description="Look after the database of a data directory, also while a station runs on it.",
        epilog="example: cc613-chargepoint store sessions --data /var/lib/station --format csv --from 2026-03-01 --out march.csv",
    )
    parser.set_defaults(debug=False, log="text")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, summary: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
        made.add_argument("--data", type=Path, required=True, metavar="DIR", help="data directory of the station")
        made.add_argument("--json", action="store_true", help="answer in JSON")
        return made

    sessions = action("sessions", "sessions as a file, oldest first")
    sessions.add_argument("--samples", action="store_true", help="with every stored reading and interval; needs JSON")
    faults, audit = action("faults", "faults as a file, oldest first"), action("audit", "who changed what, as a file, oldest first")
    for each in (sessions, faults, audit):
        each.add_argument("--format", choices=["csv", "json"], help="default: csv, or json with --json or --samples")
        each.add_argument("--from", dest="since", type=_moment, default=_FIRST, metavar="DATE", help="begun then or later, UTC")
        each.add_argument("--to", dest="until", type=_moment, default=_LAST, metavar="DATE", help="begun before, UTC")
        each.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to the standard output")
    action("check", "examine the whole file")
    action("size", "how big the database is")
    copy = action("copy", "a consistent copy of the whole database, secrets included")
    copy.add_argument("file", type=Path, help="a new file")


def keep(arguments: argparse.Namespace) -> int:
    """Carry out the verb; returns the exit code."""
    database = arguments.data / DATABASE
    if not database.exists():
        raise ConfigError(f"{arguments.data} has no {DATABASE}", hint="`run --data` begins one")
    if getattr(arguments, "samples", False) and arguments.format == "csv":
        raise ConfigError("--samples does not go into CSV", hint="use --format json")
    asyncio.run(_keep(database, arguments))
    return 0


async def _keep(database: Path, arguments: argparse.Namespace) -> None:
    async with await Store.open(database, recover=False, migrate=False) as store:
        await _ACTIONS[arguments.action](store, arguments)


def _tell(arguments: argparse.Namespace, text: str, **plain: Any) -> None:
    print(json.dumps(plain) if arguments.json else text)


async def _check(store: Store, arguments: argparse.Namespace) -> None:
    await store.check()
    _tell(arguments, f"{store.path} is sound", sound=True)


async def _size(store: Store, arguments: argparse.Namespace) -> None:
    size = await store.size()
    text = f"{size.used_bytes / 1e6:.1f} MB used, {size.free_bytes / 1e6:.1f} MB free in the file"
    _tell(arguments, text, used_bytes=size.used_bytes, free_bytes=size.free_bytes)


async def _copy(store: Store, arguments: argparse.Namespace) -> None:
    await store.copy(arguments.file)
    _tell(arguments, f"copied to {arguments.file}", file=str(arguments.file))


def _wants_json(arguments: argparse.Namespace) -> bool:
    return bool(arguments.format == "json" or (arguments.format is None and (arguments.json or getattr(arguments, "samples", False))))


async def _sessions(store: Store, arguments: argparse.Namespace) -> None:
    def look(tx: Transaction) -> Sequence[StoredSession]:
        return tx.sessions.between(arguments.since, arguments.until)

    found = sorted(await store.read(look, "listing sessions"), key=lambda each: each.number)
    if not _wants_json(arguments):
        _write(arguments, sessions_csv(found))
        return
    made: list[dict[str, Any]] = []
    for each in found:

        def parts(tx: Transaction, number: int = each.number) -> tuple[Any, Any]:
            return tx.sessions.samples(number), tx.sessions.intervals(number)

        samples, intervals = await store.read(parts, "reading a session") if arguments.samples else ((), ())
        made.append(session_dict(each, samples, intervals))
    _write(arguments, json.dumps(made, indent=2, ensure_ascii=False) + "\n")


async def _faults(store: Store, arguments: argparse.Namespace) -> None:
    found = await store.read(lambda tx: tx.faults.recent(1_000_000), "listing faults")
    _write_rows(arguments, [each for each in reversed(found) if arguments.since <= each.raised < arguments.until], FaultEntry)


async def _audit(store: Store, arguments: argparse.Namespace) -> None:
    found = await store.read(lambda tx: tx.audit.recent(1_000_000), "listing changes")
    _write_rows(arguments, [each for each in reversed(found) if arguments.since <= each.at < arguments.until], AuditEntry)


def _write_rows(arguments: argparse.Namespace, entries: Sequence[FaultEntry | AuditEntry], kind: type[FaultEntry | AuditEntry]) -> None:
    rows = [{name: each.isoformat() if isinstance(each, datetime) else each for name, each in asdict(entry).items()} for entry in entries]
    if _wants_json(arguments):
        _write(arguments, json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return
    out = io.StringIO()
    writer = csv.DictWriter(out, [each.name for each in kind.__attrs_attrs__])
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in row.items()} for row in rows)
    _write(arguments, out.getvalue())


def _write(arguments: argparse.Namespace, text: str) -> None:
    if arguments.out is None:
        sys.stdout.write(text)
        return
    try:
        arguments.out.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise StoreError(f"{arguments.out} cannot be written: {error}", hint="name a file in a directory that you may write to") from error


_ACTIONS: dict[str, Callable[[Store, argparse.Namespace], Awaitable[None]]] = {
    "sessions": _sessions,
    "faults": _faults,
    "audit": _audit,
    "check": _check,
    "size": _size,
    "copy": _copy,
}
