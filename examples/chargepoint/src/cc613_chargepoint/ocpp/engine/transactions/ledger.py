"""Transactions: what is owed about them, committed with the session itself, and the names that the backend gave them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import define, evolve, field

from cc613_chargepoint.domain.events import (
    ChargingEnded,
    Decided,
    ReservationUsed,
    SessionBegan,
    SessionRecovered,
    StateChanged,
    StationEvent,
)
from cc613_chargepoint.domain.token import TokenSource
from cc613_chargepoint.ocpp.engine.owed.facts import (
    BEGAN,
    CLOSED,
    ENDED,
    MEASURED,
    QUEUE,
    SHIFTED,
    STEPPED,
    Measured,
    Quantity,
    Reading,
    Shifted,
    SignedValue,
    Standing,
    StopReason,
    TransactionBegan,
    TransactionClosed,
    TransactionEnded,
    TransactionStepped,
    packed,
    unpacked,
)
from cc613_chargepoint.ocpp.engine.transactions.extent import Extents
from cc613_chargepoint.ocpp.engine.transactions.measurands import DEFAULT, register_text
from cc613_chargepoint.ocpp.engine.transactions.reasons import reason_of
from cc613_chargepoint.store import OutboxMessage, SignedRecord, Store, StoredSession, Transaction

__all__ = ["IN_BETWEEN", "LOST", "Ledger", "Running"]

IN_BETWEEN = frozenset({"Sample.Periodic", "Sample.Clock", "Trigger"})
"""Contexts of signed values between begin and end: they are told when they are taken, and with the samples of an end."""
LOST = -1
"""The name of a transaction whose begin the backend never took (OCPP 1.6 errata, 3.18)."""
_ROOM = "ocpp"


@define
class Running:
    """A transaction that runs.

    Attributes:
        session: its key.
        connector: where.
        token: who began it.
        sampled: its readings so far, for the backend that wants them with the end.
    """

    session: int
    connector: int
    token: str
    sampled: list[Reading] = field(factory=list[Reading])


class Ledger:
    """Writes what is owed into the outbox.

    :meth:`along` runs inside the transaction that begins or ends a session, so that session and message are both on the disk, or
    neither is. The rest of what a message needs (who stopped, a reservation) is known in memory by then.

    Args:
        store: the station's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.running: dict[int, Running] = {}
        self._reserved: dict[int, int] = {}
        self._deciding: dict[int, str] = {}
        self._remote: dict[int, tuple[int, str]] = {}
        self.with_end: bool = False
        self.extents: Extents | None = None
        """The transactions that are more than their sessions, for backends that know such."""
        self.online: Callable[[], bool] = lambda: False
        """Whether the backend can be told now what happens now."""

    @property
    def transactions(self) -> set[int]:
        """The connectors where a transaction runs, with or without a session."""
        return set(self.running) | (set() if self.extents is None else set(self.extents.running))

    def remote(self, connector: int, token: str) -> int | None:
        """The number of the request that started somebody from afar there, if it is this customer's: not one that nobody came for."""
        number, asked = self._remote.get(connector, (None, ""))
        return number if asked == token.casefold() else None

    def reserved(self, connector: int) -> int | None:
        """The reservation that was used there."""
        return self._reserved.get(connector)

    def hear(self, news: StationEvent) -> None:
        """Keep track of who begins, runs and stops where."""
        match news:
            case ReservationUsed():
                self._reserved[news.connector] = news.number
            case Decided() if news.verdict.accepted and not news.verdict.master and news.verdict.token.source is not TokenSource.REMOTE:
                self._deciding[news.connector] = news.verdict.token.id
            case SessionBegan():
                self.running[news.connector] = Running(session=news.number, connector=news.connector, token=news.token.id)
                self._reserved.pop(news.connector, None)
                self._remote.pop(news.connector, None)
            case Decided() if not news.verdict.accepted and news.verdict.token.source is TokenSource.REMOTE:
                self._remote.pop(news.connector, None)
            case StateChanged() if news.after == "available" and news.connector not in self.running:
                self._reserved.pop(news.connector, None)  # who was accepted has not plugged in: the next one is somebody else
                self._remote.pop(news.connector, None)
            case ChargingEnded() | SessionRecovered():
                self.running.pop(news.connector, None)
                self._deciding.pop(news.connector, None)
            case _:
                pass

    def along(self, tx: Transaction, session: StoredSession) -> None:
        """See :data:`cc613_chargepoint.records.Along`."""
        if session.ended is None:
            extent = None if self.extents is None else self.extents.at_begin(tx, session)
            began = TransactionBegan(
                session=session.number,
                connector=session.connector,
                token=session.token.id,
                started=session.started,
                begin_wh=register_text(session.begin_wh),
                reservation=self._reserved.get(session.connector),
                uid=session.uid if extent is None else extent.uid,
                source=session.token.source.value,
                remote=self.remote(session.connector, session.token.id),
                offline=not self.online(),
                goes_on=extent is not None,
                register_told=extent is not None and extent.register_told,
            )
            tx.outbox.put(queue=QUEUE, kind=BEGAN, payload=packed(began), created=session.started, session=session.number)
        else:
            ended = self._ended(tx, session)
            if self.extents is not None:
                ended = self.extents.at_end(tx, ended)
            tx.outbox.put(queue=QUEUE, kind=ENDED, payload=packed(ended), created=session.ended, session=session.number)

    def _ended(self, tx: Transaction, session: StoredSession) -> TransactionEnded:
        reason, running = reason_of(session.reason), self.running.get(session.connector)
        ended = session.ended or session.started
        begin_wh, end_wh = (register_text(each) for each in (session.begin_wh, session.end_wh))
        signed = tuple(
            _signed_value(each, begin_wh if each.context == "Transaction.Begin" else end_wh)
            for each in tx.signed.of_session(session.number)
            if each.context not in IN_BETWEEN
        )
        readings: tuple[Reading, ...] = ()
        if self.with_end:
            sampled = running.sampled if running is not None and running.session == session.number else []
            readings = (
                *_register("Transaction.Begin", session.started, begin_wh),
                *sampled,
                *_register("Transaction.End", ended, end_wh),
            )
        return TransactionEnded(
            session=session.number,
            connector=session.connector,
            token=self._stopper(session, reason),
            started=session.started,
            begin_wh=begin_wh,
            ended=max(ended, self._latest(tx, session.number) or ended),  # a power cut leaves the last stored sample, and that may be older
            end_wh=end_wh,
            reason=reason,
            readings=readings,
            signed=signed,
            uid=self.uid(tx, session.number),
            offline=not self.online(),
        )

    def _stopper(self, session: StoredSession, reason: StopReason) -> str | None:
        """Who ended it: a card did, if the last that was accepted there came to stop; the station names nobody."""
        if reason is not StopReason.LOCAL or "card" not in session.reason:
            return None
        return self._deciding.get(session.connector, session.token.id)

    async def measured(
        self,
        connector: int,
        session: int | None,
        readings: Sequence[Reading],
        *,
        keep: int,
        droppable: bool = True,
        standing: Standing | None = None,
    ) -> bool:
        """Owe values. Those of a transaction that has ended meanwhile are not owed any more; whether these were.

        Args:
            connector: where.
            session: of the transaction; ``None`` outside of one.
            readings: what was measured.
            keep: how many values may wait.
            droppable: whether they may be left out where too many wait; those of a begin may not.
            standing: see :class:`~cc613_chargepoint.ocpp.engine.owed.facts.Measured`.
        """
        extents = self.extents if session is None else None
        extent = None if extents is None else extents.running.get(connector)
        bare = Measured(session=session, connector=connector, readings=tuple(readings), offline=not self.online(), standing=standing)

        def work(tx: Transaction) -> bool:
            if session is not None and tx.sessions.get(session).ended is not None:
                return False
            inside = extent is not None and extents is not None and extents.runs(tx, extent.uid)
            fact = evolve(bare, uid=extent.uid) if inside and extent is not None else bare
            tx.outbox.put(queue=QUEUE, kind=MEASURED, payload=packed(fact), created=readings[0].at, session=session, droppable=droppable)
            if session is not None:
                self._heard_of(tx, session, readings[0].at)
            tx.outbox.thin(QUEUE, keep)
            return True

        return await self._store.write(work, "keeping meter values for the backend")

    async def shifted(self, session: int, connector: int, at: datetime, standing: Standing, *, rate: bool = False) -> bool:
        """Owe a change of how a transaction charges; not of one that has ended meanwhile. Whether it is owed."""
        fact = Shifted(session=session, connector=connector, at=at, standing=standing, offline=not self.online(), rate=rate)

        def work(tx: Transaction) -> bool:
            if tx.sessions.get(session).ended is not None:
                return False
            tx.outbox.put(queue=QUEUE, kind=SHIFTED, payload=packed(fact), created=at, session=session)
            self._heard_of(tx, session, at)
            return True

        return await self._store.write(work, "keeping a change of a transaction for the backend")

    def asked_from_afar(self, connector: int, number: int, token: str) -> None:
        """The next session of a connector answers the backend's request of this number, if it is this customer's."""
        self._remote[connector] = number, token.casefold()

    async def refuse(self, session: int) -> None:
        """The backend has refused the customer of a transaction: that outlives a restart."""
        await self._store.write(lambda tx: tx.memory.put(_ROOM, f"refused:{session}", True), "noting that a customer was refused")

    async def is_refused(self, session: int) -> bool:
        """Whether the backend has refused the customer of a transaction."""
        return bool(await self._store.read(lambda tx: tx.memory.get(_ROOM, f"refused:{session}"), "looking whether a customer was refused"))

    def running_session(self, connector: int) -> Running | None:
        """What runs at a connector."""
        return self.running.get(connector)

    # The backend's names, inside transactions of the store.

    @staticmethod
    def name(tx: Transaction, session: int, name: int) -> None:
        """The backend has named a transaction, or will never do (:data:`LOST`)."""
        tx.memory.put(_ROOM, f"transaction:{session}", name)

    @staticmethod
    def uid(tx: Transaction, session: int) -> str:
        """What the station calls the transaction of a session: as the session, unless it had begun before."""
        found = tx.memory.get(_ROOM, f"uid:{session}")
        return tx.sessions.get(session).uid if found is None else str(found)

    @staticmethod
    def _heard_of(tx: Transaction, session: int, at: datetime) -> None:
        """Something is said of a transaction as of a moment: it cannot have ended before."""
        tx.memory.put(_ROOM, f"latest:{session}", at.isoformat())

    @staticmethod
    def _latest(tx: Transaction, session: int) -> datetime | None:
        """The latest moment of which something was said of a transaction."""
        found = tx.memory.get(_ROOM, f"latest:{session}")
        return None if found is None else datetime.fromisoformat(str(found))

    @staticmethod
    def key_told(tx: Transaction, session: int) -> None:
        """The public key of a transaction's signed values has been told."""
        tx.memory.put(_ROOM, f"key:{session}", True)

    async def key_was_told(self, session: int) -> None:
        """As :meth:`key_told`, of values that were told out of the queue's turn."""
        await self._store.write(lambda tx: self.key_told(tx, session), "noting that a key was told")

    async def has_key(self, session: int) -> bool:
        """Whether the public key of a transaction's signed values has been told."""
        return bool(await self._store.read(lambda tx: tx.memory.get(_ROOM, f"key:{session}"), "looking whether the key was told"))

    async def begin_of(self, session: int) -> tuple[SignedValue | None, bool]:
        """The signed begin of a transaction, as far as there is one by now; and whether the transaction has ended."""

        def work(tx: Transaction) -> tuple[SignedValue | None, bool]:
            stored = tx.sessions.get(session)
            found = next((each for each in tx.signed.of_session(session) if each.context == "Transaction.Begin"), None)
            begin_wh = register_text(stored.begin_wh)
            return None if found is None else _signed_value(found, begin_wh), stored.ended is not None

        return await self._store.read(work, "looking for a signed begin")

    @staticmethod
    def forget(tx: Transaction, session: int | None, uid: str) -> None:
        """The last message about a transaction was answered."""
        if session is not None:
            tx.memory.forget(_ROOM, f"transaction:{session}")
            tx.memory.forget(_ROOM, f"uid:{session}")
            tx.memory.forget(_ROOM, f"key:{session}")
            tx.memory.forget(_ROOM, f"refused:{session}")
            tx.memory.forget(_ROOM, f"latest:{session}")
        tx.memory.forget(_ROOM, f"told:{uid}")

    @staticmethod
    def passed(tx: Transaction, uid: str) -> None:
        """A message about a transaction was taken, or given up: the next one has the next number."""
        tx.memory.put(_ROOM, f"told:{uid}", int(tx.memory.get(_ROOM, f"told:{uid}") or 0) + 1)

    @staticmethod
    def given_up(tx: Transaction, message: OutboxMessage) -> None:
        """A message is not told any more; those behind it are, with their own numbers."""
        if message.kind == STEPPED:
            Ledger.passed(tx, unpacked(TransactionStepped, message.payload).uid)
        elif message.kind == CLOSED:
            closed = unpacked(TransactionClosed, message.payload)
            Ledger.forget(tx, None if closed.session is None else closed.session.session, closed.uid)
        elif message.session is None:
            if uid := unpacked(Measured, message.payload).uid:
                Ledger.passed(tx, uid)
        elif message.kind == ENDED and not unpacked(TransactionEnded, message.payload).goes_on:
            Ledger.forget(tx, message.session, Ledger.uid(tx, message.session))
        else:
            Ledger.passed(tx, Ledger.uid(tx, message.session))
            if message.kind == BEGAN:
                Ledger.name(tx, message.session, LOST)

    async def uid_of(self, session: int) -> str:
        """What the station itself calls a transaction."""
        return await self._store.read(lambda tx: self.uid(tx, session), "looking a transaction up")

    async def session_of_uid(self, uid: str) -> int | None:
        """The session of the transaction that the station calls so; ``None`` if there is none."""

        def look(tx: Transaction) -> int | None:
            named = [name for name, value in tx.memory.all(_ROOM).items() if name.startswith("uid:") and value == uid]
            found = tx.sessions.by_uid(uid)
            return int(named[0].partition(":")[2]) if named else None if found is None else found.number

        return await self._store.read(look, "looking a transaction up")

    async def connector_of_uid(self, uid: str) -> int | None:
        """Where the transaction that the station calls so runs."""
        extent = None if self.extents is None else self.extents.named(uid)
        if extent is not None:
            return extent.connector
        session = await self.session_of_uid(uid)
        return next((each.connector for each in self.running.values() if each.session == session), None)

    async def told(self, uid: str) -> int:
        """How many messages about a transaction have passed."""
        return int(await self._store.read(lambda tx: tx.memory.get(_ROOM, f"told:{uid}"), "counting what was told") or 0)

    async def owed(self, uid: str | None = None) -> bool:
        """Whether something is owed still: about one transaction, or about any."""
        if uid is None:
            return await self._store.read(lambda tx: tx.outbox.count(QUEUE), "counting what is owed") > 0
        session = await self.session_of_uid(uid)

        def look(tx: Transaction) -> bool:
            return (session is not None and bool(tx.outbox.of_session(session))) or tx.outbox.mentions(QUEUE, uid)

        return await self._store.read(look, "looking what is owed")

    async def name_of(self, session: int) -> int | None:
        """The backend's name of a transaction; ``None`` while it has given none."""
        found = await self._store.read(lambda tx: tx.memory.get(_ROOM, f"transaction:{session}"), "looking a transaction up")
        return None if found is None else int(found)

    async def connector_named(self, name: int, within_s: float = 1.0) -> int | None:
        """Where a transaction of a name runs; a name that was given a moment ago may still be on its way to the disk.

        Args:
            name: the backend's.
            within_s: how long it may be on its way, s.
        """
        for _ in range(max(1, round(within_s / 0.05))):
            found = await self.connector_of(name)
            names = [await self.name_of(running.session) for running in tuple(self.running.values())]
            if found is not None or None not in names:
                return found
            await asyncio.sleep(0.05)
        return None

    async def connector_of(self, name: int) -> int | None:
        """Where a transaction of a name runs."""
        for connector, running in tuple(self.running.items()):
            if await self.name_of(running.session) == name:
                return connector
        return None


def _signed_value(record: SignedRecord, register_wh: str | None) -> SignedValue:
    return SignedValue(
        context=record.context,
        format=record.format,
        record=record.record,
        public_key=record.public_key,
        at=record.created,
        register_wh=register_wh,
    )


def _register(context: str, at: datetime, value_wh: str | None) -> tuple[Reading, ...]:
    if value_wh is None:
        return ()
    return (Reading(at=at, context=context, quantities=(Quantity(measurand=DEFAULT, value=value_wh, unit="Wh"),)),)
