"""Charging profiles of backends."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:  # noqa: ARG001 - the runner's signature
    """Make their table."""
    db.execute_sql(
        """CREATE TABLE charging_profile (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id INTEGER NOT NULL UNIQUE,
            connector INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT"""
    )
