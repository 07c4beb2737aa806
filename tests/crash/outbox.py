"""``python -m tests.crash.outbox``: kill the station while it tells a central system what it owes, and look at what that one has heard.

Every message must have been heard, in order, under one message id of its own: so each counts once. Where a kill took the answer, OCPP 1.6
cannot ask whether the message had arrived; it is said again, once per kill, as the first thing over the next connection, with the same
content under the same message id. Anything else that is heard twice is a finding.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.facade import Facade
from cc613_chargepoint.facade.commands import Answer, ConnectorStatus, GetStatus, SetAvailability, StationStatus, WithdrawLimit
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.owed.facts import MEASURED, QUEUE, Measured, Quantity, Reading, packed
from cc613_chargepoint.ocpp.engine.transactions.ledger import Ledger
from cc613_chargepoint.ocpp.engine.transactions.reasons import REMOTE_STOP
from cc613_chargepoint.ocpp.rpc.backoff import Backoff
from cc613_chargepoint.ocpp.service import backend_of
from cc613_chargepoint.settings import Actor, Settings
from cc613_chargepoint.store import Store, Transaction
from cc613hal.clock import Clock, ClockState
from cc613hal.events import EventSource

ROOT = Path(__file__).parents[2]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
Told = tuple[str, Mapping[str, Any]]


class Broken(Exception):  # noqa: N818 - it is a finding
    """A message was lost, heard twice, or out of turn."""


def owe(tx: Transaction, ledger: Ledger, number: int, *, values: bool) -> None:
    """Everything about one transaction, as it is owed when it happens."""
    at = BEGIN + timedelta(minutes=number)
    token = Token(id=f"T{number:06}", source=TokenSource.CARD)
    begun = tx.sessions.begin(
        connector=1, token=token, started=at, clock_state=ClockState.SYNCHRONISED, begin_wh=Decimal(number), uid=f"S{number:06}"
    )
    ledger.along(tx, begun)
    if values:
        reading = Reading(at=at, context="Sample.Periodic", quantities=(Quantity(measurand="Voltage", value=str(number), unit="V"),))
        measured = packed(Measured(session=begun.number, connector=1, readings=(reading,)))
        tx.outbox.put(queue=QUEUE, kind=MEASURED, payload=measured, created=at, session=begun.number)
    ledger.along(tx, tx.sessions.end(begun.number, ended=at, end_wh=Decimal(number + 1), reason=REMOTE_STOP))


async def fill(database: Path, port: int, transactions: int, *, values: bool = True, version: str = "1.6") -> None:
    """A store that owes everything, with or without meter values, and settings that connect."""
    async with await Store.open(database) as store:
        settings = await Settings.load(store, Clock())
        wanted = {"ocpp.url": f"ws://127.0.0.1:{port}/", "ocpp.identity": "crash", "ocpp.queued_samples": 1_000_000}
        await settings.set({**wanted, "ocpp.versions": [version]}, actor=Actor(name="crash", role=Role.MANUFACTURER))
        ledger = Ledger(store)

        def work(tx: Transaction) -> None:
            for number in range(1, transactions + 1):
                owe(tx, ledger, number, values=values)

        await store.write(work)


async def left(database: Path) -> int:
    """How many messages still wait."""
    async with await Store.open(database) as store:
        await store.check()
        return await store.read(lambda tx: tx.outbox.count())


async def live(database: Path) -> None:
    """One life of the station's side of the conversation, until nothing is owed any more."""
    async with conversing(database) as engine:
        await engine.sender.drained()


async def live_beside(database: Path) -> tuple[float, float]:
    """How long it takes to tell everything, and how long a card waits for its answer meanwhile, s."""
    async with conversing(database) as engine:
        started, card = time.monotonic(), Token(id="A1", source=TokenSource.CARD)
        await engine.wait_online()
        waits: list[float] = []
        drained = asyncio.create_task(engine.sender.drained())
        while not drained.done():
            asked = time.monotonic()
            await engine.authorize(card)
            waits.append(time.monotonic() - asked)
            await asyncio.wait([drained], timeout=1.0)
        return time.monotonic() - started, max(waits)


@asynccontextmanager
async def conversing(database: Path) -> AsyncIterator[Engine]:
    """The station's side of the conversation, with a facade that knows one connector."""

    async def status(command: object, actor: object) -> Answer:
        return StationStatus(board="crash", connectors=(ConnectorStatus(number=1, state="available"),))

    news: EventSource[StationEvent] = EventSource("crash")
    facade = Facade(dict.fromkeys((GetStatus, SetAvailability, WithdrawLimit), status), news)
    async with await Store.open(database) as store:
        clock = Clock()
        settings = await Settings.load(store, clock)
        engine = backend_of(settings, store, clock, board="crash", data=database.parent, backoff=Backoff(first_s=0.02, longest_s=0.2))
        assert engine is not None
        running = asyncio.create_task(engine.run(facade))
        await engine.listening.wait()
        try:
            yield engine
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def lives(database: Path, dice: random.Random, kills: int, share: Callable[[], float]) -> int:
    """Fork lives and kill them, the last one excepted; how many kills there were.

    Args:
        database: of the station.
        dice: say when.
        kills: how many are wanted.
        share: how much was heard so far, 0 to 1: lives become shorter or longer, so that kills and messages last equally long.
    """
    longest_s = 0.3
    for kill in range(kills + 1):
        longest_s = min(2.0, max(0.05, longest_s * (0.9 if share() > kill / max(1, kills) else 1.1)))
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(live(database))
            finally:
                os._exit(0)
        if kill < kills:
            time.sleep(dice.uniform(0.0, longest_s))
            os.kill(child, signal.SIGKILL)
        _, how = os.waitpid(child, 0)
        if not os.WIFSIGNALED(how):
            return kill
    return kills


def compare(book: Path, transactions: int) -> tuple[int, int]:
    """Hold the book against what was owed; how many messages, and how many of them were heard again.

    Raises:
        Broken: with the first difference.
    """
    heard = [json.loads(line) for line in book.read_text().splitlines()]
    told = [each for each in heard if each[0] in {"StartTransaction", "MeterValues", "StopTransaction", "TransactionEvent"}]
    once: dict[str, Told] = {}
    names: dict[int, int] = {}
    for before, (action, payload, name, identifier, connection) in itertools.pairwise([["", {}, None, "", 0], *told]):
        if identifier in once:
            if before[3] != identifier or before[4] == connection or once[identifier] != (action, payload):
                raise Broken(f"{action} {payload} was heard again, not as the repetition of what a kill had cut off")
            continue
        once[identifier] = action, payload
        if name is not None:
            names[int(payload["idTag"][1:])] = name
    wanted = [(step, number) for number in range(1, transactions + 1) for step in range(3)]
    for place, (found, owed) in enumerate(itertools.zip_longest(once.values(), wanted, fillvalue=("nothing", {}))):
        if _place(found, names) != owed:
            raise Broken(f"message {place + 1}: heard {found}, owed was step {owed[0]} of transaction {owed[1]}")
    return len(once), len(told) - len(once)


def _place(found: Told, names: Mapping[int, int]) -> tuple[int, int]:
    """Which step of which transaction a message says, if it names that transaction rightly."""
    action, payload = found
    match action:
        case "StartTransaction":
            return 0, int(payload["meterStart"])
        case "MeterValues":
            number = int(payload["meterValue"][0]["sampledValue"][0]["value"])
            return (1 if payload["transactionId"] == names[number] else -1), number
        case "StopTransaction":
            number = int(payload["meterStop"]) - 1
            return (2 if payload["transactionId"] == names[number] else -1), number
        case "TransactionEvent":
            step = {"Started": 0, "Updated": 1, "Ended": 2}[payload["eventType"]]
            return (step if payload["seqNo"] == step else -1), int(payload["transactionInfo"]["transactionId"][1:])
        case _:
            return -1, 0


def _heard(book: Path) -> int:
    return book.read_bytes().count(b"\n") if book.exists() else 0


def main() -> int:
    """Run; 0 if everything was heard as owed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, help="in the outbox (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=1000, help="spread over them (default: %(default)s)")
    parser.add_argument("--version", choices=("1.6", "2.0.1"), default="1.6", help="of OCPP (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    dice, started, transactions = random.Random(seed), time.monotonic(), max(1, -(-arguments.messages // 3))
    with tempfile.TemporaryDirectory() as place:
        book, database = Path(place) / "book", Path(place) / "station.db"
        command = [sys.executable, "-m", "tests.crash.backend", str(book), str(seed), arguments.version]
        backend = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert backend.stdout is not None
        try:
            asyncio.run(fill(database, int(backend.stdout.readline()), transactions, version=arguments.version))
            kills = lives(database, dice, arguments.kills, lambda: _heard(book) / (3 * transactions))
            waiting = asyncio.run(left(database))
            count, again = compare(book, transactions)
        except Broken as broken:
            print(f"seed {seed}: {broken}", file=sys.stderr)
            return 1
        finally:
            backend.kill()
            backend.wait()
            backend.stdout.close()
    print(
        f"OCPP {arguments.version}: {kills} kills, {count} messages heard in order, each under one message id; {waiting} left; "
        f"none lost, none doubled, none out of order; {again} were cut off by a kill before the answer, and said again under their id; "
        f"{time.monotonic() - started:.0f} s (seed {seed})"
    )
    return 0 if waiting == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
