"""Sessions of the charge into the store, and what a restart owes to the sessions that it cut."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from attrs import frozen

from cc613_chargepoint.domain.events import SessionRecovered
from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.session_keeper import OpenSession
from cc613_chargepoint.store import Store, StoredSample, StoredSession, Transaction
from cc613hal.clock import Clock

__all__ = ["Along", "Interrupted", "StoreRecorder", "close_interrupted", "interrupted", "record_of"]

_log = logging.getLogger(__name__)
POWER_LOSS = "the station lost power or was restarted"

Along = Callable[[Transaction, StoredSession], None]
"""What else is committed together with a session's begin or end: whoever is owed the news finds it owed after any crash."""


class StoreRecorder:
    """Puts the connectors' sessions into the store.

    Args:
        store: open.
        clock: the station's clock.
        every_s: between stored samples of a session, s; begin and end are always stored.
        along: is called in the transaction of every begin and end.
    """

    def __init__(self, store: Store, clock: Clock, *, every_s: float = 60.0, along: Along | None = None) -> None:
        self._store = store
        self._clock = clock
        self.every_s = every_s
        self.along = along
        self._stored_s: dict[int, float] = {}

    async def begin(self, connector: int, token: Token, started: datetime, first: Sample) -> int:
        """On the disk before the contactor closes."""

        def work(tx: Transaction) -> StoredSession:
            session = tx.sessions.begin(
                connector=connector, token=token, started=started, clock_state=self._clock.state, begin_wh=first.register_wh
            )
            if self.along is not None:
                self.along(tx, session)
            return session

        session = await self._store.write(work, "beginning a session")
        self._stored_s[session.number] = first.at_s
        return session.number

    async def sample(self, number: int, seq: int, at: datetime, sample: Sample) -> None:
        """On the disk, if the last one is old enough."""
        if sample.at_s - self._stored_s.get(number, float("-inf")) < self.every_s:
            return
        stored = StoredSample(seq=seq, at=at, power_w=sample.power_w, current_a=sample.current_a, register_wh=sample.register_wh)
        await self._store.write(lambda tx: tx.sessions.sample(number, stored), f"storing a sample of session {number}")
        self._stored_s[number] = sample.at_s

    async def end(self, record: SessionRecord) -> None:
        """On the disk before anybody is told."""

        def work(tx: Transaction) -> StoredSession:
            session = tx.sessions.end(
                record.number,
                ended=record.ended,
                end_wh=record.end_wh,
                reason=record.reason,
                duration_s=record.duration_s,
                highest_current_a=record.highest_current_a,
            )
            if self.along is not None:
                self.along(tx, session)
            return session

        await self._store.write(work, f"ending session {record.number}")
        self._stored_s.pop(record.number, None)

    async def probe(self) -> None:
        """One small write."""
        await self._store.write(lambda tx: tx.memory.put("store", "probe", self._clock.wall().isoformat()), "trying the store")


@frozen(kw_only=True)
class Interrupted:
    """A session that a power cut or crash left open.

    Attributes:
        connector: where.
        session: as far as it was recorded.
        last: when something was last recorded of it, UTC.
    """

    connector: int
    session: OpenSession
    last: datetime


async def interrupted(store: Store) -> Sequence[Interrupted]:
    """The sessions that are open after a start; one without a begin register cannot go on and is not among them."""

    def work(tx: Transaction) -> list[Interrupted]:
        found: list[Interrupted] = []
        for session in tx.sessions.open():
            if session.begin_wh is None:
                continue
            samples = tx.sessions.samples(session.number)
            last = samples[-1] if samples else None
            opened = OpenSession(
                number=session.number,
                token=session.token,
                started=session.started,
                begin_wh=session.begin_wh,
                last_wh=session.begin_wh if last is None else last.register_wh,
                samples=0 if last is None else last.seq,
                highest_current_a=max((max(each.current_a, default=0.0) for each in samples), default=0.0),
            )
            found.append(Interrupted(connector=session.connector, session=opened, last=session.started if last is None else last.at))
        return found

    return await store.read(work, "looking for sessions that a restart has cut")


async def close_interrupted(
    store: Store, clock: Clock, *, spared: Collection[int] = (), keep: Collection[int] = (), along: Along | None = None
) -> Sequence[SessionRecovered]:
    """End the sessions that a power cut or crash left open, with what is known of them: time and register of the last stored sample.

    Args:
        store: open.
        clock: the station's clock.
        spared: connectors whose sessions go on wherever they are.
        keep: numbers of those that go on.
        along: is called in the transaction for every session that is ended.

    Returns:
        One piece of news for each.
    """

    def work(tx: Transaction) -> list[SessionRecovered]:
        news = []
        for session in tx.sessions.open():
            if session.connector in spared or session.number in keep:
                continue
            last = tx.sessions.last_sample(session.number)
            ended = tx.sessions.end(
                session.number,
                ended=session.started if last is None else last.at,
                end_wh=session.begin_wh if last is None else last.register_wh,
                reason=POWER_LOSS,
                highest_current_a=max((max(each.current_a, default=0.0) for each in tx.sessions.samples(session.number)), default=0.0),
            )
            if along is not None:
                along(tx, ended)
            news.append(SessionRecovered(connector=ended.connector, record=record_of(ended)))
        return news

    found = await store.write(work, "ending what a restart has cut")
    for each in found:
        _log.warning("session %d was cut by a restart at %s and is ended now", each.record.number, clock.wall().isoformat())
    return found


def record_of(session: StoredSession) -> SessionRecord:
    """What is told of a session that is over, from what is stored of it."""
    ended = session.ended or session.started
    between_s = max(0.0, (ended - session.started).total_seconds())
    return SessionRecord(
        number=session.number,
        connector=session.connector,
        token=session.token,
        started=session.started,
        ended=ended,
        duration_s=between_s if session.duration_s is None else session.duration_s,
        begin_wh=session.begin_wh,
        end_wh=session.end_wh,
        highest_current_a=session.highest_current_a,
        reason=session.reason,
    )
