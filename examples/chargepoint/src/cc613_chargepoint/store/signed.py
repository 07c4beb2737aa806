"""Signed meter records, byte for byte, and the pages they are counted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from cc613_chargepoint.store.errors import StoreConflict
from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import PageCounter, Session, Signed

__all__ = ["SignedRecord", "SignedRecords"]


@frozen(kw_only=True)
class SignedRecord:
    """A signed record.

    Attributes:
        id: rises with every record.
        session: number of the session; ``None`` outside sessions.
        connector: whose meter.
        context: what the values mean: ``Transaction.Begin``, ``Transaction.End``, ``Sample.Clock`` …
        format: ``OCMF``, ``EDL_40_P`` …
        record: the signed text as it was made; never re-serialised.
        public_key: of the signature, as the record's format prints it.
        counter: which pagination the page belongs to.
        page: its page; ``None`` where the signing part counts for itself.
        created: UTC.
        delivered: when the backend acknowledged it, UTC; ``None`` while it is owed.
    """

    id: int
    session: int | None
    connector: int
    context: str
    format: str
    record: str
    public_key: str
    counter: str
    page: int | None
    created: datetime
    delivered: datetime | None = None


class SignedRecords:
    """The functions of the signed records. The database itself refuses to change one, or to delete one that is still owed.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def next_page(self, counter: str) -> int:
        """Use a page: once this is committed, it is never given out again, whatever happens to the record that was to carry it.

        Args:
            counter: which pagination.

        Returns:
            The page, from 1.
        """
        row = self._queries.first(PageCounter.select().where(PageCounter.name == counter))
        page = 1 if row is None else int(row["page"]) + 1
        if row is None:
            self._queries.run(PageCounter.insert(name=counter, page=page))
        else:
            self._queries.run(PageCounter.update(page=page).where(PageCounter.name == counter))
        return page

    def set_page(self, counter: str, page: int) -> None:
        """Go on after a page that was used elsewhere; a service action after the counter's storage was lost.

        Raises:
            StoreConflict: that would use pages again.
        """
        used = self.pages().get(counter, 0)
        if page <= used:
            raise StoreConflict(f"page {page} of {counter} is not after page {used}", device="store", hint="pages only rise")
        self._queries.run(PageCounter.insert(name=counter, page=page).on_conflict("REPLACE"))

    def pages(self) -> Mapping[str, int]:
        """The last page used of each pagination; empty in a store that has never counted."""
        return {row["name"]: row["page"] for row in self._queries.rows(PageCounter.select())}

    def add(
        self,
        *,
        session: int | None,
        connector: int,
        context: str,
        format: str,  # noqa: A002 - the field's name in OCPP and the transparency file
        record: str,
        public_key: str,
        counter: str,
        page: int | None,
        created: datetime,
    ) -> SignedRecord:
        """Keep a record.

        Raises:
            StoreConflict: its page carries another record.
        """
        values = {
            "session": session,
            "connector": connector,
            "context": context,
            "format": format,
            "record": record,
            "public_key": public_key,
            "counter": counter,
            "page": page,
            "created": created,
        }
        return SignedRecord(id=self._queries.run(Signed.insert(**values)), **values)  # type: ignore[arg-type]  # each has its type above

    def of_session(self, session: int) -> Sequence[SignedRecord]:
        """The records of a session, in order."""
        return [SignedRecord(**row) for row in self._queries.rows(Signed.select().where(Signed.session == session).order_by(Signed.id))]

    def of_period(self, since: datetime | None, until: datetime | None, *, after: int = 0, limit: int = 1000) -> Sequence[SignedRecord]:
        """The records of the sessions that ended in a period, and those outside sessions that were made in it, in order.

        A session is never cut in two: its records are there together, or none of them.

        Args:
            since: first moment, UTC; ``None`` for the first there is.
            until: first moment that is not in it any more, UTC; ``None`` for no end.
            after: only those with a higher ``id``.
            limit: at most so many.
        """
        ended, made = Session.ended.is_null(False), Signed.session.is_null()
        if since is not None:
            ended, made = ended & (Session.ended >= since), made & (Signed.created >= since)
        if until is not None:
            ended, made = ended & (Session.ended < until), made & (Signed.created < until)
        query = Signed.select().where((Signed.id > after) & (Signed.session.in_(Session.select(Session.number).where(ended)) | made))
        return [SignedRecord(**row) for row in self._queries.rows(query.order_by(Signed.id).limit(limit))]

    def latest(self, connector: int) -> SignedRecord | None:
        """The last record of a connector's meter."""
        row = self._queries.first(Signed.select().where(Signed.connector == connector).order_by(Signed.id.desc()))
        return None if row is None else SignedRecord(**row)

    def owed(self, limit: int = 1000) -> Sequence[SignedRecord]:
        """What no backend has acknowledged, oldest first."""
        query = Signed.select().where(Signed.delivered.is_null()).order_by(Signed.id).limit(limit)
        return [SignedRecord(**row) for row in self._queries.rows(query)]

    def after(self, number: int, limit: int = 1000) -> Sequence[SignedRecord]:
        """Records with a higher ``id``, in order; 0 for all from the first."""
        query = Signed.select().where(Signed.id > number).order_by(Signed.id).limit(limit)
        return [SignedRecord(**row) for row in self._queries.rows(query)]

    def delivered(self, number: int, at: datetime) -> None:
        """The backend has acknowledged it; from now on retention may remove it."""
        self._queries.run(Signed.update(delivered=at).where((Signed.id == number) & Signed.delivered.is_null()))
