"""Messages that are owed to somebody: written before they are sent, removed when they were answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import peewee
from attrs import frozen

from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import Outbox

__all__ = ["OutboxMessage", "OutboxQueue"]


@frozen(kw_only=True)
class OutboxMessage:
    """A message that waits.

    Attributes:
        id: rises with every message of the store and is never used again: the order.
        queue: whose turn it shares: ``transactions``, ``security`` …
        kind: name of the message.
        payload: its content, as the sender encodes it.
        session: number of the session it belongs to.
        droppable: whether thinning may remove it (a sample between begin and end).
        created: when it was recorded, UTC.
        attempts: how often it was sent and might have been answered; the same attempt over again is none.
        last_attempt: when it was last sent, UTC.
        sent_as: the name under which it went out, while nobody knows whether it arrived; empty before, and once it was refused.
    """

    id: int
    queue: str
    kind: str
    payload: str
    session: int | None
    droppable: bool
    created: datetime
    attempts: int = 0
    last_attempt: datetime | None = None
    sent_as: str = ""


class OutboxQueue:
    """The functions of the outbox.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def put(
        self, *, queue: str, kind: str, payload: str, created: datetime, session: int | None = None, droppable: bool = False
    ) -> OutboxMessage:
        """Append a message."""
        number = self._queries.run(
            Outbox.insert(queue=queue, kind=kind, payload=payload, created=created, session=session, droppable=droppable)
        )
        return OutboxMessage(id=number, queue=queue, kind=kind, payload=payload, session=session, droppable=droppable, created=created)

    def head(self, queue: str) -> OutboxMessage | None:
        """Whose turn it is."""
        row = self._queries.first(Outbox.select().where(Outbox.queue == queue).order_by(Outbox.id))
        return None if row is None else OutboxMessage(**row)

    def waiting(self, queue: str, limit: int = 1000) -> Sequence[OutboxMessage]:
        """The messages of a queue, in order."""
        query = Outbox.select().where(Outbox.queue == queue).order_by(Outbox.id).limit(limit)
        return [OutboxMessage(**row) for row in self._queries.rows(query)]

    def of_session(self, session: int) -> Sequence[OutboxMessage]:
        """What is still owed about a session, in order."""
        query = Outbox.select().where(Outbox.session == session).order_by(Outbox.id)
        return [OutboxMessage(**row) for row in self._queries.rows(query)]

    def count(self, queue: str | None = None) -> int:
        """How many wait."""
        query = Outbox.select()
        return self._queries.count(query if queue is None else query.where(Outbox.queue == queue))

    def sending(self, number: int, at: datetime, sent_as: str) -> OutboxMessage | None:
        """It is being sent; recorded first, so that a crash does not forget the attempt, nor its name.

        Where nobody knows what became of the last attempt (the connection went, or the process), this is that attempt over again, under
        the name it had: whoever heard it can tell.

        Args:
            number: the message's.
            at: now, UTC.
            sent_as: its name, for an attempt of its own.

        Returns:
            It, as it goes out; ``None`` if it does not wait any more: thinning has taken it.
        """
        name = peewee.Case(None, [(Outbox.sent_as == "", sent_as)], Outbox.sent_as)
        attempts = Outbox.attempts + peewee.Case(None, [(Outbox.sent_as == "", 1)], 0)
        self._queries.run(Outbox.update(attempts=attempts, last_attempt=at, sent_as=name).where(Outbox.id == number))
        row = self._queries.first(Outbox.select().where(Outbox.id == number))
        return None if row is None else OutboxMessage(**row)

    def mentions(self, queue: str, text: str) -> bool:
        """Whether something that waits and belongs to no session mentions a text."""
        sql = "SELECT 1 FROM outbox WHERE queue = ? AND session IS NULL AND instr(payload, ?) LIMIT 1"
        return bool(self._queries.execute(sql, queue, text))

    def refused(self, number: int) -> None:
        """The attempt is over without success: the next one has a name of its own."""
        self._queries.run(Outbox.update(sent_as="").where(Outbox.id == number))

    def rewrite(self, number: int, payload: str) -> None:
        """Give it another content: an identifier that has become known."""
        self._queries.run(Outbox.update(payload=payload).where(Outbox.id == number))

    def remove(self, number: int) -> bool:
        """It was answered, or given up; whether it was still there."""
        return self._queries.run(Outbox.delete().where(Outbox.id == number)) == 1

    def thin(self, queue: str, keep: int) -> int:
        """Where more droppable messages wait than ``keep``, every second one of the fullest session goes, until they fit.

        Begin and end of a session are never droppable, so what is left still spans it evenly.

        Returns:
            How many were removed.
        """
        removed = 0
        while (over := self._droppable(queue) - keep) > 0:
            fullest = self._queries.execute(
                "SELECT session FROM outbox WHERE queue = ? AND droppable GROUP BY session ORDER BY count(*) DESC, session LIMIT 1", queue
            )[0][0]
            ids = [
                row[0]
                for row in self._queries.execute(
                    "SELECT id FROM outbox WHERE queue = ? AND droppable AND session IS ? ORDER BY id", queue, fullest
                )
            ]
            victims = (ids[1::2] or ids)[:over]
            removed += self._queries.run(Outbox.delete().where(Outbox.id.in_(victims[:500])))
        return removed

    def _droppable(self, queue: str) -> int:
        return self._queries.count(Outbox.select().where((Outbox.queue == queue) & Outbox.droppable))
