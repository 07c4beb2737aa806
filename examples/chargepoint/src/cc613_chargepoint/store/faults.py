"""Faults that stand and stood."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import FaultRow

__all__ = ["FaultEntry", "FaultHistory"]


@frozen(kw_only=True)
class FaultEntry:
    """One standing of a fault.

    Attributes:
        id: rises with every one.
        name: word of the catalogue.
        connector: where; 0 for the station.
        severity: word of the catalogue.
        detail: what was seen.
        raised: UTC.
        cleared: UTC; ``None`` while it stands.
        cleared_by: what ended it, in words.
    """

    id: int
    name: str
    connector: int
    severity: str
    detail: str
    raised: datetime
    cleared: datetime | None = None
    cleared_by: str = ""


class FaultHistory:
    """The functions of the fault history.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def begin(self, *, name: str, connector: int, severity: str, detail: str, raised: datetime) -> None:
        """It stands from now on; that it stood already changes nothing."""
        self._queries.run(
            FaultRow.insert(name=name, connector=connector, severity=severity, detail=detail, raised=raised).on_conflict("IGNORE")
        )

    def end(self, *, name: str, connector: int, cleared: datetime, by: str) -> bool:
        """It is gone; whether it stood."""
        which = (FaultRow.name == name) & (FaultRow.connector == connector) & FaultRow.cleared.is_null()
        return self._queries.run(FaultRow.update(cleared=cleared, cleared_by=by).where(which)) == 1

    def standing(self) -> Sequence[FaultEntry]:
        """What stands, oldest first."""
        return [FaultEntry(**row) for row in self._queries.rows(FaultRow.select().where(FaultRow.cleared.is_null()).order_by(FaultRow.id))]

    def recent(self, limit: int = 100) -> Sequence[FaultEntry]:
        """The latest, newest first."""
        return [FaultEntry(**row) for row in self._queries.rows(FaultRow.select().order_by(FaultRow.id.desc()).limit(limit))]
