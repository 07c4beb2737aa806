"""One SQLite file: sessions, outbox, signed records, faults, audit, settings, tokens. What it acknowledges is on the disk."""

from __future__ import annotations

from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.store.audit import AuditEntry
from cc613_chargepoint.store.errors import StoreClosed, StoreConflict, StoreDamaged, StoreError, StoreFull, StoreLocked, StoreTooNew
from cc613_chargepoint.store.faults import FaultEntry
from cc613_chargepoint.store.opening import Opening
from cc613_chargepoint.store.outbox import OutboxMessage
from cc613_chargepoint.store.retention import Retention
from cc613_chargepoint.store.sessions import StoredInterval, StoredSample, StoredSession
from cc613_chargepoint.store.signed import SignedRecord
from cc613_chargepoint.store.station_store import Store, StoreSize
from cc613_chargepoint.store.transaction import Transaction

__all__ = [
    "AuditEntry",
    "FaultEntry",
    "KnownToken",
    "Opening",
    "OutboxMessage",
    "Retention",
    "SignedRecord",
    "Store",
    "StoreClosed",
    "StoreConflict",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreSize",
    "StoreTooNew",
    "StoredInterval",
    "StoredSample",
    "StoredSession",
    "Transaction",
]
