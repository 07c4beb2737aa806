"""What a message that is owed was last sent as."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:  # noqa: ARG001 - the runner's signature
    """Add the column."""
    db.execute_sql("ALTER TABLE outbox ADD COLUMN sent_as TEXT NOT NULL DEFAULT ''")
