"""How long what is kept. What is owed (outbox, signed records without an answer, open sessions) is never removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from attrs import frozen

from cc613_chargepoint.store.tables import to_utc
from cc613_chargepoint.store.transaction import Transaction

__all__ = ["DOUBTS", "Belief", "Retention", "pruning", "weighed"]

DOUBTS = 30
"""So many prunings in a row, one a day, must see a clock that has leapt before it is believed."""
LEAP = timedelta(days=45)
"""A station that was off for longer is treated like one whose clock has leapt: old records stay a month longer."""

STEP = 500
"""Rows removed per table and transaction, so that nobody waits long for their turn."""


@frozen(kw_only=True)
class Retention:
    """What is kept.

    Attributes:
        session_days: sessions, with their samples and their delivered signed records, d.
        sample_days: samples of ended sessions, d: they are most of the file.
        fault_rows: the latest faults.
        audit_rows: the latest changes.
        size_limit_bytes: the file never grows beyond.
    """

    session_days: int = 730
    sample_days: int = 90
    fault_rows: int = 10_000
    audit_rows: int = 20_000
    size_limit_bytes: int = 256 * 1024 * 1024


@frozen
class Belief:
    """How far the clock is believed where it would cost records.

    Attributes:
        last: the latest time that was believed.
        doubts: prunings in a row at which the clock was somewhere else.
    """

    last: datetime
    doubts: int = 0


def weighed(before: Belief | None, now: datetime) -> Belief:
    """What to believe at a pruning: a clock that leaps by years, ahead or back, must not cost two years of sessions.

    Args:
        before: at the last pruning; ``None`` at the first.
        now: UTC, as the clock has it.
    """
    if before is None or -timedelta(days=1) <= now - before.last <= LEAP or before.doubts + 1 >= DOUBTS:
        return Belief(now)
    return Belief(before.last, before.doubts + 1)


def pruning(retention: Retention, now: datetime, *, by_age: bool = True) -> Mapping[str, Callable[[Transaction], int]]:
    """One step of pruning per table: how many rows it removed; call it again while it is ``STEP``.

    Args:
        retention: what is kept.
        now: UTC.
        by_age: whether the clock is believed; without it only the number of rows counts.
    """
    sessions_before = to_utc(now - timedelta(days=retention.session_days))
    samples_before = to_utc(now - timedelta(days=retention.sample_days))
    old = "SELECT number FROM session s WHERE ended IS NOT NULL AND ended < ?"
    settled = (
        " AND NOT EXISTS (SELECT 1 FROM signed WHERE session = s.number AND delivered IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM outbox WHERE session = s.number)"
    )

    def delete(sql: str, *values: object) -> Callable[[Transaction], int]:
        def step(tx: Transaction) -> int:
            tx.execute(sql, *values)
            return int(tx.execute("SELECT changes()")[0][0])

        return step

    aged = {
        "sample": delete(
            f"DELETE FROM sample WHERE (session, seq) IN (SELECT session, seq FROM sample WHERE session IN ({old}) LIMIT {STEP})",  # noqa: S608 - constants
            samples_before,
        ),
        "signed": delete(
            "DELETE FROM signed WHERE id IN (SELECT id FROM signed WHERE delivered IS NOT NULL AND delivered < ?"  # noqa: S608 - constants
            f" AND created < ? LIMIT {STEP})",
            sessions_before,
            sessions_before,
        ),
        "session": delete(f"DELETE FROM session WHERE number IN ({old}{settled} LIMIT {STEP})", sessions_before),  # noqa: S608 - constants
    }
    counted = {
        "fault": delete(
            f"DELETE FROM fault WHERE id IN (SELECT id FROM fault WHERE cleared IS NOT NULL"  # noqa: S608 - constants
            f" AND id <= (SELECT max(id) FROM fault) - ? LIMIT {STEP})",
            retention.fault_rows,
        ),
        "audit": delete(
            f"DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id <= (SELECT max(id) FROM audit) - ? LIMIT {STEP})",  # noqa: S608 - constants
            retention.audit_rows,
        ),
    }
    return {**aged, **counted} if by_age else counted
