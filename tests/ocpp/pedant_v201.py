"""What must hold of everything a station says in OCPP 2.0.1, whoever asks what in which order: the rules that no schema knows.

A rule looks at all the calls of a story and names what breaks it. The letters are those of the specification's part 2.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from attrs import define
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tests.ocpp.central import Central, Heard

__all__ = ["Pedant", "broken_order"]

ANSWER_S = 30.0
"""How long a station waits for an answer before it may call again (MessageTimeout), s."""

READ_S = 5.0
"""How long reading a meter may take, s."""


@define(eq=False)
class Pedant(Central):
    """A central system that may think before it answers.

    Attributes:
        slow_s: for how long, s.
    """

    slow_s: float = 0.0

    def _impatient(self, heard: Heard) -> list[str]:
        before = self.heard[-1] if self.heard else None
        if (
            before is None
            or before.connection != heard.connection
            or before.answer is not None
            or heard.at_s - before.at_s > ANSWER_S - 1.0
        ):
            return []
        return [f"{heard.action} came while {before.action} was not answered"]

    async def _answer(self, connection: ServerConnection, heard: Heard) -> None:
        if not self.slow_s:
            await Central._answer(self, connection, heard)
            return
        task = asyncio.create_task(self._slowly(connection, heard))
        self._slow.add(task)
        task.add_done_callback(self._slow.discard)

    async def _slowly(self, connection: ServerConnection, heard: Heard) -> None:
        await asyncio.sleep(self.slow_s)
        with contextlib.suppress(ConnectionClosed):
            await Central._answer(self, connection, heard)


def broken_order(heard: Sequence[Heard]) -> list[str]:
    """What breaks a rule, in words; nothing if all is well."""
    events = [each for each in heard if each.action == "TransactionEvent"]
    names = dict.fromkeys(each.payload["transactionInfo"]["transactionId"] for each in events)
    found = [f"{name[:8]}: {what}" for name in names for what in _transaction([each for each in events if _name(each) == name])]
    return [*found, *_starts(events), *_unregistered(heard)]


def _unregistered(heard: Sequence[Heard]) -> Iterator[str]:
    """Until the boot is accepted nothing else is said (B01 to B03)."""
    accepted = False
    for each in heard:
        if each.action == "BootNotification":
            accepted = isinstance(each.answer, dict) and each.answer["status"] == "Accepted"
        elif not accepted:
            yield f"{each.action} before the boot was accepted"


def _name(each: Heard) -> str:
    name: str = each.payload["transactionInfo"]["transactionId"]
    return name


def _once(events: list[Heard]) -> list[Heard]:
    """Each message once: what was said again, because its answer was lost or refused, is the same."""
    kept: dict[int, Heard] = {}
    for each in events:
        kept.setdefault(each.payload["seqNo"], each)
    return list(kept.values())


def _transaction(events: list[Heard]) -> Iterator[str]:
    """What is wrong with one transaction."""
    said: dict[int, dict[str, Any]] = {}
    for each in events:
        number = each.payload["seqNo"]
        if said.setdefault(number, each.payload) != each.payload:
            yield f"two messages have number {number}: {said[number]} and {each.payload}"
    once = _once(events)
    numbers = [each.payload["seqNo"] for each in once]
    if numbers != list(range(len(numbers))):
        yield f"the numbers are {numbers}"
    kinds = [each.payload["eventType"] for each in once]
    if kinds[0] != "Started" or kinds.count("Started") != 1:
        yield f"it begins with {kinds[:3]}"
    if kinds[-1] != "Ended" or kinds.count("Ended") != 1:
        yield f"it ends with {kinds[-3:]}"
    times = [datetime.fromisoformat(each.payload["timestamp"]) for each in once]
    if times != sorted(times):
        yield f"its times run backwards: {[each.isoformat() for each in times]}"
    yield from _parts(once)


def _parts(once: list[Heard]) -> Iterator[str]:
    """What is wrong with the members of a transaction's events."""
    registers: list[float] = []
    tokens = 0
    for each in once:
        payload, info = each.payload, each.payload["transactionInfo"]
        kind = payload["eventType"]
        if kind == "Started" and "evse" not in payload:
            yield "its outlet is not said"
        if (kind == "Ended") is not ("stoppedReason" in info):
            yield f"{kind} has a reason to stop: {'stoppedReason' in info}"
        if payload["triggerReason"] == "ChargingStateChanged" and "chargingState" not in info:
            yield "a change of state without the state"
        tokens += "idToken" in payload
        for value in payload.get("meterValue", []):
            later_s = (datetime.fromisoformat(value["timestamp"]) - datetime.fromisoformat(payload["timestamp"])).total_seconds()
            if later_s > READ_S:
                yield f"{kind}: values from {later_s:g} s after the event"
            if kind != "Ended":
                registers += _registers(value)
    if tokens > 2:
        yield f"its customers are told {tokens} times"
    if registers != sorted(registers):
        yield f"its register runs backwards: {registers}"


def _registers(value: dict[str, Any]) -> list[float]:
    return [each["value"] for each in value["sampledValue"] if each.get("measurand") == "Energy.Active.Import.Register"]


def _starts(events: list[Heard]) -> Iterator[str]:
    """No request to start answers for two transactions."""
    answered: dict[int, str] = {}
    for each in events:
        number = each.payload["transactionInfo"].get("remoteStartId")
        if number is not None and answered.setdefault(number, _name(each)) != _name(each):
            yield f"the remote start {number} has two transactions"
