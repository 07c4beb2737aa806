"""Facts that were recorded before the station knew the time: corrected once it does. Pure, and the store's part of it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from cc613_chargepoint.store import Transaction

__all__ = ["latest", "shift_outbox", "shifted"]

_TIMES = frozenset({"at", "started", "ended"})
"""Members of facts that are times."""


def shifted(payload: str, by: timedelta) -> str:
    """A fact with every time in it moved."""
    return json.dumps(_moved(json.loads(payload), by))


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {
            name: (datetime.fromisoformat(each) + by).isoformat() if name in _TIMES and isinstance(each, str) else _moved(each, by)
            for name, each in value.items()
        }
    return [_moved(each, by) for each in value] if isinstance(value, list) else value


def latest(tx: Transaction) -> int:
    """The number of the last message that was ever put into the outbox."""
    found = tx.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
    return int(found[0][0]) if found else 0


def shift_outbox(tx: Transaction, after: int, by: timedelta) -> int:
    """Move the times of what was put into the outbox after a message; their order is their number, and stays.

    Args:
        tx: the transaction.
        after: the last message that is left as it is.
        by: how far.

    Returns:
        How many were moved.
    """
    found = tx.execute("SELECT id, payload FROM outbox WHERE id > ? ORDER BY id", after)
    for number, payload in found:
        tx.outbox.rewrite(int(number), shifted(str(payload), by))
    return len(found)
