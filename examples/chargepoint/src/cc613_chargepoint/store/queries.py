"""Runs queries on the transaction's connection: the tables themselves belong to no database, several stores may live in one process."""

from __future__ import annotations

from typing import Any

import peewee

__all__ = ["Queries", "statement"]


def statement(database: peewee.SqliteDatabase, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement as it is on a connection; what it returns."""
    connection: Any = database
    return list(connection.execute_sql(sql, values).fetchall())


class Queries:
    """The connection of one transaction.

    Args:
        database: connected.
    """

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def rows(self, query: Any) -> list[dict[str, Any]]:
        """All rows of a select, by column."""
        return list(query.dicts().execute(self._database))

    def first(self, query: Any) -> dict[str, Any] | None:
        """The first row of a select."""
        rows = self.rows(query.limit(1))
        return rows[0] if rows else None

    def count(self, query: Any) -> int:
        """How many rows a select has."""
        return int(query.count(self._database))

    def run(self, query: Any) -> int:
        """Insert (the new row's number), update or delete (how many rows)."""
        return int(query.execute(self._database))

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement as it is; what it returns."""
        return statement(self._database, sql, *values)
