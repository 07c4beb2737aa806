"""The local authorization list and the authorization cache."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cc613_chargepoint.domain.known_token import ACCEPTED, KnownToken
from cc613_chargepoint.store.memory import RoomMemory
from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import CachedToken, ListedToken

__all__ = ["TokenCache", "TokenList"]


class TokenList:
    """The functions of the local list.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._memory = RoomMemory(queries)

    @property
    def version(self) -> int:
        """Of the list; 0 for an empty list that nobody has sent."""
        return int(self._memory.get("token-list", "version") or 0)

    def find(self, identifier: str) -> KnownToken | None:
        """The entry of a token."""
        row = self._queries.first(ListedToken.select().where(ListedToken.folded == identifier.casefold()))
        return None if row is None else _known(row)

    def all(self) -> Sequence[KnownToken]:
        """Every entry, by identifier."""
        return [_known(row) for row in self._queries.rows(ListedToken.select().order_by(ListedToken.folded))]

    def count(self) -> int:
        """How many entries there are."""
        return self._queries.count(ListedToken.select())

    def replace(self, entries: Iterable[KnownToken], *, version: int) -> None:
        """A full list instead of the present one."""
        self._queries.run(ListedToken.delete())
        self.update(entries, (), version=version)

    def update(self, entries: Iterable[KnownToken], removed: Iterable[str], *, version: int) -> None:
        """Add, change and remove entries."""
        for identifier in removed:
            self._queries.run(ListedToken.delete().where(ListedToken.folded == identifier.casefold()))
        for entry in entries:
            values = {"id": entry.id, "status": entry.status, "expires": entry.expires, "parent": entry.parent}
            self._queries.run(ListedToken.insert(folded=entry.id.casefold(), **values).on_conflict("REPLACE"))
        self._memory.put("token-list", "version", version)


class TokenCache:
    """The functions of the cache.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def find(self, identifier: str) -> KnownToken | None:
        """What was last heard of a token."""
        row = self._queries.first(CachedToken.select().where(CachedToken.folded == identifier.casefold()))
        return None if row is None else _known(row)

    def put(self, token: KnownToken, *, heard: datetime, limit: int) -> None:
        """Keep what was heard; where that makes too many, entries that let nobody charge go first, then the oldest.

        Args:
            token: what was heard.
            heard: when, UTC.
            limit: how many entries the cache may have.
        """
        values = {"id": token.id, "status": token.status, "expires": token.expires, "parent": token.parent, "heard": heard}
        self._queries.run(CachedToken.insert(folded=token.id.casefold(), **values).on_conflict("REPLACE"))
        over = self.count() - limit
        if over > 0:
            self._queries.execute(
                "DELETE FROM cached_token WHERE folded IN (SELECT folded FROM cached_token WHERE folded <> ?"
                " ORDER BY (status = ? AND (expires IS NULL OR expires > ?)), heard, folded LIMIT ?)",
                token.id.casefold(),
                ACCEPTED,
                CachedToken.heard.db_value(heard),
                over,
            )

    def all(self) -> Sequence[KnownToken]:
        """Every entry, latest first."""
        return [_known(row) for row in self._queries.rows(CachedToken.select().order_by(CachedToken.heard.desc()))]

    def count(self) -> int:
        """How many entries there are."""
        return self._queries.count(CachedToken.select())

    def forget(self, identifier: str) -> None:
        """Forget one."""
        self._queries.run(CachedToken.delete().where(CachedToken.folded == identifier.casefold()))

    def clear(self) -> None:
        """Forget all."""
        self._queries.run(CachedToken.delete())


def _known(row: dict[str, object]) -> KnownToken:
    row.pop("folded")
    return KnownToken(**row)  # type: ignore[arg-type]  # the columns are the attributes
