"""Sessions with their samples and intervals."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.store.errors import StoreConflict
from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import Sample, Session, SessionInterval
from cc613hal.clock import ClockState

__all__ = ["Sessions", "StoredInterval", "StoredSample", "StoredSession"]


@frozen(kw_only=True)
class StoredSession:
    """A session as it is on disk.

    Attributes:
        number: never repeats in one database.
        uid: never repeats at all.
        connector: where.
        token: who.
        started: when its begin value was taken, UTC.
        clock_state: how far the wall clock could be trusted then.
        begin_wh: import register then, Wh; ``None`` if there was none.
        ended: when it ended, UTC; ``None`` while it is open.
        end_wh: import register at the end, Wh; ``None`` if it could not be read.
        duration_s: on the monotonic clock, s; ``None`` while it is open, or if a restart lies between.
        highest_current_a: highest current of any phase, A.
        reason: why it ended, in words.
    """

    number: int
    uid: str
    connector: int
    token: Token
    started: datetime
    clock_state: ClockState
    begin_wh: Decimal | None
    ended: datetime | None = None
    end_wh: Decimal | None = None
    duration_s: float | None = None
    highest_current_a: float = 0.0
    reason: str = ""

    @property
    def energy_wh(self) -> Decimal | None:
        """Energy between the registers, Wh; ``None`` if one is missing."""
        return None if self.begin_wh is None or self.end_wh is None else self.end_wh - self.begin_wh


@frozen(kw_only=True)
class StoredSample:
    """A stored reading.

    Attributes:
        seq: counted in the session; storing the same twice is refused.
        at: when, UTC.
        power_w: W.
        current_a: per phase, A.
        register_wh: import register, Wh.
    """

    seq: int
    at: datetime
    power_w: float
    current_a: tuple[float, ...]
    register_wh: Decimal


@frozen(kw_only=True)
class StoredInterval:
    """A part of a session in one state.

    Attributes:
        state: ``charging``, ``suspended-ev`` or ``suspended-evse``.
        started: UTC.
        ended: UTC.
        begin_wh: import register at its start, Wh.
        end_wh: import register at its end, Wh.
    """

    state: str
    started: datetime
    ended: datetime
    begin_wh: Decimal
    end_wh: Decimal


class Sessions:
    """The functions of the session tables.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def begin(
        self, *, connector: int, token: Token, started: datetime, clock_state: ClockState, begin_wh: Decimal | None, uid: str | None = None
    ) -> StoredSession:
        """Open a session.

        Args:
            connector: where.
            token: who.
            started: UTC.
            clock_state: how far ``started`` can be trusted.
            begin_wh: import register, Wh.
            uid: for a caller that may have to ask twice; made up if omitted.

        Raises:
            StoreConflict: one is open on that connector.
        """
        uid = uid or str(uuid.uuid4())
        number = self._queries.run(
            Session.insert(
                uid=uid,
                connector=connector,
                token=_token_text(token),
                started=started,
                clock_state=clock_state.value,
                begin_wh=begin_wh,
            )
        )
        return StoredSession(
            number=number, uid=uid, connector=connector, token=token, started=started, clock_state=clock_state, begin_wh=begin_wh
        )

    def sample(self, number: int, sample: StoredSample) -> None:
        """Keep a reading.

        Raises:
            StoreConflict: that session has a sample of this ``seq``, or there is no such session.
        """
        self._queries.run(
            Sample.insert(
                session=number,
                seq=sample.seq,
                at=sample.at,
                power_w=sample.power_w,
                current_a=json.dumps(sample.current_a),
                register_wh=sample.register_wh,
            )
        )

    def interval(self, number: int, interval: StoredInterval) -> None:
        """Append a part."""
        last = self._queries.execute("SELECT coalesce(max(seq), 0) FROM session_interval WHERE session = ?", number)[0][0]
        self._queries.run(
            SessionInterval.insert(
                session=number,
                seq=last + 1,
                state=interval.state,
                started=interval.started,
                ended=interval.ended,
                begin_wh=interval.begin_wh,
                end_wh=interval.end_wh,
            )
        )

    def end(
        self,
        number: int,
        *,
        ended: datetime,
        end_wh: Decimal | None,
        reason: str,
        duration_s: float | None = None,
        highest_current_a: float = 0.0,
    ) -> StoredSession:
        """Close a session.

        Raises:
            StoreConflict: there is no such session, or it has ended already.
        """
        changed = self._queries.run(
            Session.update(ended=ended, end_wh=end_wh, reason=reason, duration_s=duration_s, highest_current_a=highest_current_a).where(
                (Session.number == number) & Session.ended.is_null()
            )
        )
        if changed != 1:
            raise StoreConflict(f"session {number} is not open", device="store", hint="a session ends once")
        return self.get(number)

    def get(self, number: int) -> StoredSession:
        """One session.

        Raises:
            StoreConflict: there is none of that number.
        """
        row = self._queries.first(Session.select().where(Session.number == number))
        if row is None:
            raise StoreConflict(f"there is no session {number}", device="store", hint="`cc613-chargepoint sessions` lists them")
        return _session(row)

    def by_uid(self, uid: str) -> StoredSession | None:
        """The session of an identifier."""
        row = self._queries.first(Session.select().where(Session.uid == uid))
        return None if row is None else _session(row)

    def open(self) -> Sequence[StoredSession]:
        """Those that have not ended: what runs now, or what a crash left."""
        return [_session(row) for row in self._queries.rows(Session.select().where(Session.ended.is_null()).order_by(Session.number))]

    def recent(self, limit: int = 50, *, before: int | None = None) -> Sequence[StoredSession]:
        """The latest sessions, newest first.

        Args:
            limit: at most so many.
            before: only those with a smaller number, to page on.
        """
        query = Session.select().order_by(Session.number.desc()).limit(limit)
        if before is not None:
            query = query.where(Session.number < before)
        return [_session(row) for row in self._queries.rows(query)]

    def between(self, start: datetime, end: datetime) -> Sequence[StoredSession]:
        """Those that started in a span of time, oldest first."""
        query = Session.select().where((Session.started >= start) & (Session.started < end)).order_by(Session.number)
        return [_session(row) for row in self._queries.rows(query)]

    def samples(self, number: int) -> Sequence[StoredSample]:
        """The readings of a session, in order."""
        rows = self._queries.rows(Sample.select().where(Sample.session == number).order_by(Sample.seq))
        return [
            StoredSample(
                seq=row["seq"],
                at=row["at"],
                power_w=row["power_w"],
                current_a=tuple(json.loads(row["current_a"])),
                register_wh=row["register_wh"],
            )
            for row in rows
        ]

    def last_sample(self, number: int) -> StoredSample | None:
        """The latest reading of a session: what is left of it after a power cut."""
        row = self._queries.first(Sample.select().where(Sample.session == number).order_by(Sample.seq.desc()))
        if row is None:
            return None
        current_a = tuple(json.loads(row.pop("current_a")))
        row.pop("session")
        return StoredSample(current_a=current_a, **row)

    def intervals(self, number: int) -> Sequence[StoredInterval]:
        """The parts of a session, in order."""
        rows = self._queries.rows(SessionInterval.select().where(SessionInterval.session == number).order_by(SessionInterval.seq))
        names = ("state", "started", "ended", "begin_wh", "end_wh")
        return [StoredInterval(**{name: row[name] for name in names}) for row in rows]


def _token_text(token: Token) -> str:
    return json.dumps({"id": token.id, "source": token.source.value, "technology": token.technology, "security": token.security})


def _session(row: dict[str, Any]) -> StoredSession:
    token = json.loads(row.pop("token"))
    clock_state = ClockState(row.pop("clock_state"))
    return StoredSession(token=Token(**{**token, "source": TokenSource(token["source"])}), clock_state=clock_state, **row)
