"""What a room must remember over a restart and nobody else reads: availability, accepted boots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import Memory

__all__ = ["RoomMemory"]


class RoomMemory:
    """The functions of the rooms' memory. Values are whatever JSON can hold.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def get(self, room: str, name: str) -> Any:
        """What was put there; ``None`` if nothing was."""
        row = self._queries.first(Memory.select().where((Memory.room == room) & (Memory.name == name)))
        return None if row is None else json.loads(row["value"])

    def put(self, room: str, name: str, value: Any) -> None:
        """Remember."""
        self._queries.run(Memory.insert(room=room, name=name, value=json.dumps(value)).on_conflict("REPLACE"))

    def forget(self, room: str, name: str) -> None:
        """Remember no more."""
        self._queries.run(Memory.delete().where((Memory.room == room) & (Memory.name == name)))

    def all(self, room: str) -> Mapping[str, Any]:
        """Everything a room remembers."""
        return {row["name"]: json.loads(row["value"]) for row in self._queries.rows(Memory.select().where(Memory.room == room))}
