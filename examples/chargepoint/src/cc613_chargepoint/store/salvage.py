"""What can still be read of a damaged database, into the new one: settings above all, then sessions and what is owed.

Tables are read from both ends, so that a damaged page costs what lies on it and not what lies behind it. A row that the new tables
refuse, or that does not read back as what it should be, is left out. The damaged file itself is never touched.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import peewee

from cc613_chargepoint.store.queries import statement
from cc613_chargepoint.store.tables import ALL

__all__ = ["columns_of", "reads_back", "salvaged"]

_log = logging.getLogger(__name__)

_JSON = {("setting", "value"), ("memory", "value"), ("session", "token"), ("sample", "current_a")}
"""Columns that hold JSON."""
_GAP = 1000
"""Numbers left out after the last that could be read: those behind it may have been used and told to somebody."""


def salvaged(damaged: Path, database: peewee.SqliteDatabase) -> Mapping[str, int]:
    """Copy what can be read.

    Args:
        damaged: the file, kept aside; its write-ahead log lies beside it.
        database: the new one, with its tables.

    Returns:
        Table → rows, of tables from which something came.
    """
    scratch = damaged.with_name(f"{damaged.name}.reading")
    try:
        for suffix in ("", "-wal"):
            if damaged.with_name(damaged.name + suffix).exists():
                shutil.copyfile(damaged.with_name(damaged.name + suffix), scratch.with_name(scratch.name + suffix))
        with contextlib.closing(sqlite3.connect(scratch)) as reading:
            reading.execute("PRAGMA writable_schema = ON")  # entries of the schema that are damaged are then passed over
            return _all(reading, database)
    except (OSError, MemoryError, UnicodeDecodeError, sqlite3.Error) as error:
        _log.warning("nothing can be read of %s: %s", damaged, error)
        return {}
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            scratch.with_name(scratch.name + suffix).unlink(missing_ok=True)


def _all(reading: sqlite3.Connection, database: peewee.SqliteDatabase) -> dict[str, int]:
    found: dict[str, int] = {}
    statement(database, "BEGIN IMMEDIATE")
    for model in ALL:
        table = _table(model)
        fields = columns_of(table)
        insert = f"INSERT INTO {table} ({', '.join(each.column_name for each in fields)}) VALUES ({', '.join('?' * len(fields))})"  # noqa: S608 - constants
        count = 0
        for row in _rows(reading, table, fields):
            if reads_back(table, fields, row):
                with contextlib.suppress(peewee.PeeweeException, sqlite3.Error):  # one that contradicts, or came from both ends
                    statement(database, insert, *row)
                    count += 1
        if count:
            found[table] = count
    for (table,) in statement(database, "SELECT name FROM sqlite_sequence"):
        statement(database, "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?", _GAP, table)
    statement(database, "COMMIT")
    return found


def _rows(reading: sqlite3.Connection, table: str, fields: list[peewee.Field]) -> Iterator[tuple[Any, ...]]:
    columns = ", ".join(each.column_name for each in fields)
    keys = [each.column_name for each in fields if each.primary_key] or _keys(table)
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{key} {direction}" for key in keys)
        try:
            yield from reading.execute(f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608 - constants
        except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
            _log.info("%s is damaged: %s", table, error)
        else:
            return


def _keys(table: str) -> list[str]:
    composite = {
        "sample": ["session", "seq"],
        "session_interval": ["session", "seq"],
        "setting": ["layer", "key"],
        "memory": ["room", "name"],
    }
    return composite.get(table, ["rowid"])


def _table(model: type[peewee.Model]) -> str:
    meta: Any = model._meta  # peewee's documented place
    return str(meta.table_name)


def columns_of(table: str) -> list[peewee.Field]:
    """The columns of a table, as the queries see them."""
    meta: Any = next(model for model in ALL if _table(model) == table)._meta
    return list(meta.sorted_fields)


def reads_back(table: str, fields: list[peewee.Field], row: tuple[Any, ...]) -> bool:
    """Whether each value is what its column should hold: damage may leave a row that is there, and nonsense."""
    try:
        for each, value in zip(fields, row, strict=True):
            field: Any = each  # peewee's fields are not annotated
            field.python_value(value)
            if (table, field.column_name) in _JSON:
                json.loads(value)
    except (ValueError, TypeError, ArithmeticError):
        return False
    return True
