"""Sessions and signed records from the slave's store into the master's: each exactly once, whatever breaks in between.

The slave owes a session from the very commit that stores it, and owes it until the master has said that it is on its disk. The master
knows sessions by their ``uid`` and signed records by their number in the slave's store, so what is told twice changes nothing.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime

from attrs import frozen

from cc613_chargepoint.pairing.messages import SessionTold, SignedTold, session_of, session_text
from cc613_chargepoint.records import POWER_LOSS, Along
from cc613_chargepoint.store import SignedRecord, Store, StoredSession, Transaction

__all__ = [
    "QUEUE",
    "ROOM",
    "TakenRecord",
    "TakenSession",
    "identity_of",
    "next_owed",
    "open_session",
    "owing",
    "paid",
    "take_record",
    "take_session",
]

_log = logging.getLogger(__name__)

ROOM = "pairing"
"""Of the store's memory."""
QUEUE = "master"
"""Of the slave's outbox."""
REPLACED = "its controller was replaced before it told the end"
BEGIN, END = "Transaction.Begin", "Transaction.End"


# -- at the slave ------------------------------------------------------------------------------------------------------------------------


def owing(tx: Transaction, session: StoredSession) -> None:
    """Owe the master a session's begin or end, in the transaction that stores it."""
    kind = "begun" if session.ended is None else "recovered" if session.reason == POWER_LOSS else "ended"
    created = session.ended or session.started
    tx.outbox.put(queue=QUEUE, kind=kind, payload=session_text(session), session=session.number, created=created)


async def identity_of(store: Store) -> str:
    """What the records of a store are counted by: made at the first call, lost with the file."""

    def work(tx: Transaction) -> str:
        known = tx.memory.get(ROOM, "store")
        if known is None:
            known = str(uuid.uuid4())
            tx.memory.put(ROOM, "store", known)
        return str(known)

    return await store.write(work, "looking at the store's identity")


async def next_owed(store: Store) -> SessionTold | SignedTold | None:
    """What the slave owes next: sessions first, because signed records name them."""

    def work(tx: Transaction) -> SessionTold | SignedTold | None:
        message = tx.outbox.head(QUEUE)
        if message is not None:
            return SessionTold(id=message.id, kind=message.kind, session=session_of(message.payload))
        for record in tx.signed.owed(1):
            uid = None if record.session is None else tx.sessions.get(record.session).uid
            return SignedTold(record=record, uid=uid)
        return None

    return await store.read(work, "looking for what the master is owed")


async def paid(store: Store, told: SessionTold | SignedTold, at: datetime) -> None:
    """The master has it on its disk."""

    def work(tx: Transaction) -> None:
        if isinstance(told, SessionTold):
            tx.outbox.remove(told.id)
        else:
            tx.signed.delivered(told.record.id, at)

    await store.write(work, "noting what the master has taken")


# -- at the master -----------------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class TakenSession:
    """A session as the master has it now.

    Attributes:
        session: with the master's number.
        begun: whether this told the begin.
        ended: whether this told the end.
    """

    session: StoredSession
    begun: bool
    ended: bool


@frozen(kw_only=True)
class TakenRecord:
    """A signed record that was not known before.

    Attributes:
        record: as the master has it.
        with_begin: it ends a session that has no record of its begin.
    """

    record: SignedRecord
    with_begin: bool


async def take_session(store: Store, told: StoredSession, connector: int, at: datetime, along: Along | None = None) -> TakenSession:
    """Store what the slave told about a session.

    Args:
        store: the master's.
        told: as the slave has it.
        connector: the slave's connector at the master.
        at: now, UTC, for the audit.
        along: is called in the transaction for a begin and an end that is new.
    """

    def note(tx: Transaction, session: StoredSession) -> StoredSession:
        if along is not None:
            along(tx, session)
        return session

    def work(tx: Transaction) -> TakenSession:
        known = tx.sessions.by_uid(told.uid)
        fresh = known is None
        if known is None:
            for other in [each for each in tx.sessions.open() if each.connector == connector]:
                note(tx, tx.sessions.end(other.number, ended=told.started, end_wh=None, reason=REPLACED))
            begun = {"connector": connector, "token": told.token, "started": told.started, "clock_state": told.clock_state}
            known = note(tx, tx.sessions.begin(**begun, begin_wh=told.begin_wh, uid=told.uid))  # type: ignore[arg-type]  # by their names
        if told.ended is None:
            return TakenSession(session=known, begun=fresh, ended=False)
        if known.ended is not None:
            if known.reason == REPLACED:  # given up for lost, and found: it is kept for people, because its end was told already
                subject = f"session {known.number}, {known.uid}"
                tx.audit.add(at=at, actor="slave", role="station", action="late end", subject=subject, after=session_text(told))
            return TakenSession(session=known, begun=fresh, ended=False)
        ended = tx.sessions.end(
            known.number,
            ended=told.ended,
            end_wh=told.end_wh,
            reason=told.reason,
            duration_s=told.duration_s,
            highest_current_a=told.highest_current_a,
        )
        return TakenSession(session=note(tx, ended), begun=fresh, ended=True)

    return await store.write(work, "taking a session of the slave")


async def open_session(store: Store, connector: int) -> StoredSession | None:
    """The session of the slave that has not ended, as far as the master was told."""

    def work(tx: Transaction) -> StoredSession | None:
        return next((each for each in tx.sessions.open() if each.connector == connector), None)

    return await store.read(work, "looking for the slave's session")


async def take_record(store: Store, slave: str, told: SignedTold, connector: int) -> TakenRecord | None:
    """Store a signed record of the slave, byte for byte; ``None`` if it is there already.

    Args:
        store: the master's.
        slave: identity of the slave's store.
        told: as the slave has it.
        connector: the slave's connector at the master.

    Raises:
        StoreConflict: its page carries another record.
    """
    record = told.record

    def work(tx: Transaction) -> TakenRecord | None:
        if tx.memory.get(ROOM, f"signed {slave}") is not None and record.id <= tx.memory.get(ROOM, f"signed {slave}"):
            return None
        session = None if told.uid is None else tx.sessions.by_uid(told.uid)
        number = None if session is None else session.number
        with_begin = record.context == END and number is not None and all(each.context != BEGIN for each in tx.signed.of_session(number))
        kept = tx.signed.add(
            session=number,
            connector=connector,
            context=record.context,
            format=record.format,
            record=record.record,
            public_key=record.public_key,
            counter=f"slave {slave} {record.counter}",
            page=record.page,
            created=record.created,
        )
        tx.memory.put(ROOM, f"signed {slave}", record.id)
        return TakenRecord(record=kept, with_begin=with_begin)

    return await store.write(work, "taking a signed record of the slave")
