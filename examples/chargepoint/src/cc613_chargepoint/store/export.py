"""Sessions as files that others read: CSV for people with spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from cc613_chargepoint.store.sessions import StoredInterval, StoredSample, StoredSession

__all__ = ["harmless", "session_dict", "sessions_csv", "sessions_json"]

COLUMNS = (
    "number", "uid", "connector", "token", "token_source", "started", "ended", "clock_state", "duration_s", "begin_wh", "end_wh",
    "energy_wh", "highest_current_a", "reason",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def sessions_csv(sessions: Iterable[StoredSession]) -> str:
    """One row per session, RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe in front."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for session in sessions:
        row = session_dict(session)
        writer.writerow({name: harmless(row[name]) for name in COLUMNS})
    return out.getvalue()


def sessions_json(sessions: Iterable[StoredSession]) -> str:
    """A list of sessions; energies are decimal text, digit for digit."""
    return json.dumps([session_dict(session) for session in sessions], indent=2) + "\n"


def session_dict(session: StoredSession, samples: Sequence[StoredSample] = (), intervals: Sequence[StoredInterval] = ()) -> dict[str, Any]:
    """A session as plain data, with its samples and intervals if given."""
    data: dict[str, Any] = {
        "number": session.number,
        "uid": session.uid,
        "connector": session.connector,
        "token": session.token.id,
        "token_source": session.token.source.value,
        "started": session.started.isoformat(),
        "ended": None if session.ended is None else session.ended.isoformat(),
        "clock_state": session.clock_state.value,
        "duration_s": session.duration_s,
        "begin_wh": _digits(session.begin_wh),
        "end_wh": _digits(session.end_wh),
        "energy_wh": _digits(session.energy_wh),
        "highest_current_a": session.highest_current_a,
        "reason": session.reason,
    }
    if samples:
        data["samples"] = [
            {
                "at": each.at.isoformat(),
                "power_w": each.power_w,
                "current_a": list(each.current_a),
                "register_wh": _digits(each.register_wh),
            }
            for each in samples
        ]
    if intervals:
        data["intervals"] = [
            {
                "state": each.state,
                "started": each.started.isoformat(),
                "ended": each.ended.isoformat(),
                "begin_wh": _digits(each.begin_wh),
                "end_wh": _digits(each.end_wh),
            }
            for each in intervals
        ]
    return data


def _digits(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def harmless(value: Any) -> Any:
    """A value for a cell: text that a spreadsheet would run as a formula gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
