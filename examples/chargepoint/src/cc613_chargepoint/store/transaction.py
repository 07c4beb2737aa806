"""One transaction on the database: every table's functions, and how they run their queries."""

from __future__ import annotations

import functools
from typing import Any

import peewee

from cc613_chargepoint.store.audit import AuditLog
from cc613_chargepoint.store.charging_profiles import ChargingProfiles
from cc613_chargepoint.store.faults import FaultHistory
from cc613_chargepoint.store.memory import RoomMemory
from cc613_chargepoint.store.outbox import OutboxQueue
from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.sessions import Sessions
from cc613_chargepoint.store.setting_rows import SettingRows
from cc613_chargepoint.store.signed import SignedRecords
from cc613_chargepoint.store.tokens import TokenCache, TokenList

__all__ = ["Transaction"]


class Transaction:
    """What a function given to :meth:`Store.write` or :meth:`Store.read` works on.

    Everything it does becomes durable together, or not at all. It is called on the store's thread, and called again if it shared a
    transaction with others that failed: it must do nothing but read and write here, and return what the caller needs.
    """

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._queries = Queries(database)

    @functools.cached_property
    def sessions(self) -> Sessions:
        """Sessions with their samples and intervals."""
        return Sessions(self._queries)

    @functools.cached_property
    def outbox(self) -> OutboxQueue:
        """Messages owed to backends, in order."""
        return OutboxQueue(self._queries)

    @functools.cached_property
    def signed(self) -> SignedRecords:
        """Signed meter records and their pages."""
        return SignedRecords(self._queries)

    @functools.cached_property
    def faults(self) -> FaultHistory:
        """Faults that stand and stood."""
        return FaultHistory(self._queries)

    @functools.cached_property
    def audit(self) -> AuditLog:
        """Who changed what."""
        return AuditLog(self._queries)

    @functools.cached_property
    def settings(self) -> SettingRows:
        """The values of the layers that change."""
        return SettingRows(self._queries)

    @functools.cached_property
    def token_list(self) -> TokenList:
        """The local authorization list."""
        return TokenList(self._queries)

    @functools.cached_property
    def token_cache(self) -> TokenCache:
        """What backends said about tokens."""
        return TokenCache(self._queries)

    @functools.cached_property
    def charging_profiles(self) -> ChargingProfiles:
        """Charging profiles of backends."""
        return ChargingProfiles(self._queries)

    @functools.cached_property
    def memory(self) -> RoomMemory:
        """What rooms remember for themselves."""
        return RoomMemory(self._queries)

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement as it is, for maintenance; what it returns."""
        return self._queries.execute(sql, *values)
