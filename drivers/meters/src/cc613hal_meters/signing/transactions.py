"""What drivers of signing meters have in common: which transaction the meter was told, waiting for its results, and its calendar."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from attrs import asdict, evolve, frozen

from cc613hal.clock import Clock
from cc613hal.errors import BusError, CommandFailed, DeviceRefused, HalError
from cc613hal.interfaces import SignedTransaction, TransactionPhase, TransactionReading
from cc613hal.plugins import DeviceContext, Memory

__all__ = ["Told", "TransactionMemory", "local_offset_min", "ocmf_payload", "refuse_begin", "refuse_other", "refuse_release", "wait_for"]

T = TypeVar("T")

_RUNS = frozenset({TransactionPhase.RUNNING, TransactionPhase.INTERRUPTED})
_KEY = "transaction"
_BUSY = frozenset({5, 6})
"""Acknowledge (it will take long), device busy (MODBUS Application Protocol V1.1b3, section 7)."""


@frozen(kw_only=True)
class Told:
    """The transaction that the meter was told, as the driver keeps it across restarts.

    Attributes:
        id: which one; ``""`` for none.
        begun: the meter was seen to have it.
        mark: a counter of the meter's own at the begin, to notice what happened to it since.
        page: page of its record, once it was fetched.
        last_page: page of the record that was released before, so that an old record is never taken for a new one.
    """

    id: str = ""
    begun: bool = False
    mark: int = -1
    page: str = ""
    last_page: str = ""


class TransactionMemory:
    """Keeps :class:`Told` in the device's memory; written before the meter hears of it.

    Args:
        memory: of the device.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        stored: object = memory.load(_KEY, {})
        told = cast("dict[str, Any]", stored) if isinstance(stored, dict) else {}
        self.told = Told(
            id=str(told.get("id", "")),
            begun=bool(told.get("begun", False)),
            mark=int(told.get("mark", -1)),
            page=str(told.get("page", "")),
            last_page=str(told.get("last_page", "")),
        )

    def keep(self, **changes: Any) -> None:
        """Change and store."""
        self.told = evolve(self.told, **changes)
        self._memory.save(_KEY, asdict(self.told))

    def forget(self) -> None:
        """The record is released: the meter may be told another one."""
        self.keep(id="", begun=False, mark=-1, page="", last_page=self.told.page or self.told.last_page)


def refuse_other(told: Told, transaction: SignedTransaction, device: str) -> None:
    """Refuse a transaction that is not the one the meter was told.

    Raises:
        DeviceRefused: the meter holds another one.
    """
    if told.id and told.id != transaction.id:
        raise DeviceRefused(
            f"holds transaction {told.id}, not {transaction.id}",
            device=device,
            hint="end that one and release its record first; read_transaction tells what the meter holds",
        )


def refuse_begin(held: TransactionReading, transaction: SignedTransaction, device: str) -> bool:
    """Whether the meter has this transaction already; refuses while it holds another one, or this one's record.

    Raises:
        DeviceRefused: it does.
    """
    if held.phase is TransactionPhase.IDLE:
        return False
    if held.phase in _RUNS and held.transaction == transaction.id:
        return True
    raise DeviceRefused(
        f"cannot begin {transaction.id}: it holds {held.transaction or 'a transaction'} ({held.detail})",
        device=device,
        hint="end that one and release its record first; one that cannot be read has to be released too",
    )


def refuse_release(transaction: SignedTransaction, device: str, *, running: bool) -> None:
    """Refuse to forget a transaction that runs.

    Raises:
        DeviceRefused: it does.
    """
    if running:
        raise DeviceRefused(f"transaction {transaction.id} has begun and not ended", device=device, hint="end it first")


async def wait_for(
    look: Callable[[], Awaitable[T]],
    done: Callable[[T], bool],
    *,
    context: DeviceContext,
    what: str,
    deadline_s: float,
    every_s: float,
) -> T:
    """Look until it is done. A meter that is busy signing may be silent: what is transient on its line is looked over until the deadline.

    Args:
        look: reads the state.
        done: whether that is the awaited state; raises if it never can be.
        context: the device's.
        what: is awaited, for the message.
        deadline_s: longest wait, s.
        every_s: between looks, s.

    Raises:
        CommandFailed: it was not done by the deadline; the evidence is what was seen last.
    """
    clock: Clock = context.clock
    until_s = clock.monotonic_s() + deadline_s
    seen: T | None = None
    trouble: HalError | None = None
    while True:
        try:
            seen = await look()
            if done(seen):
                return seen
        except BusError as error:
            if not error.transient:
                raise
            trouble = error
        except DeviceRefused as refusal:
            if refusal.code not in _BUSY:
                raise
            trouble = refusal
        if clock.monotonic_s() + every_s > until_s:
            last = trouble.message if seen is None and trouble is not None else f"it says {seen}"
            raise CommandFailed(
                f"{what} is not there after {deadline_s:g} s ({last})",
                evidence=seen,
                device=context.device,
                hint="what the meter holds now is what read_transaction says",
            ) from trouble
        await clock.sleep(every_s)


def local_offset_min(zone: str, moment: datetime) -> int:
    """Minutes that local time is ahead of UTC at a moment, daylight saving time included."""
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)


def ocmf_payload(text: str, device: str) -> dict[str, Any]:
    """What the payload of a record says; the record itself is never written again from it.

    Args:
        text: the record, or its payload alone.
        device: who gave it.

    Raises:
        CommandFailed: it is no record.
    """
    parts = text.split("|")
    try:
        payload: object = json.loads(parts[1] if len(parts) > 1 else text)
    except ValueError as error:
        raise CommandFailed(f"gave a record that cannot be read: {error}", evidence=text, device=device) from error
    if not isinstance(payload, dict) or not {"RD", "PG"} <= payload.keys():
        raise CommandFailed("gave a record without readings or page", evidence=text, device=device)
    return cast("dict[str, Any]", payload)
