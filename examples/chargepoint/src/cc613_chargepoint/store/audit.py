"""Who changed what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import Audit

__all__ = ["AuditEntry", "AuditLog"]


@frozen(kw_only=True)
class AuditEntry:
    """One change.

    Attributes:
        id: rises with every entry.
        at: UTC.
        actor: who: a user, a backend, a program.
        role: in which role.
        action: what was done: ``set``, ``reset``, ``start`` …
        subject: to what.
        before: the old value as text; secrets are never written.
        after: the new value as text.
    """

    id: int
    at: datetime
    actor: str
    role: str
    action: str
    subject: str
    before: str | None = None
    after: str | None = None


class AuditLog:
    """The functions of the audit.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def add(
        self, *, at: datetime, actor: str, role: str, action: str, subject: str, before: str | None = None, after: str | None = None
    ) -> None:
        """Append an entry."""
        self._queries.run(Audit.insert(at=at, actor=actor, role=role, action=action, subject=subject, before=before, after=after))

    def recent(self, limit: int = 100) -> Sequence[AuditEntry]:
        """The latest, newest first."""
        return [AuditEntry(**row) for row in self._queries.rows(Audit.select().order_by(Audit.id.desc()).limit(limit))]
