"""From a path to a sound, current database: pragmas, integrity, migrations, and what to do with a damaged file."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import peewee
from attrs import field, frozen
from playhouse.migrations import Runner  # type: ignore[import-untyped]  # its stubs cover peewee itself alone

from cc613_chargepoint.store.errors import StoreDamaged, StoreError, StoreTooNew, translated
from cc613_chargepoint.store.queries import statement
from cc613_chargepoint.store.salvage import columns_of, reads_back, salvaged

__all__ = ["MIGRATIONS", "Opening", "connected", "opened"]

_log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
APPLICATION_ID = 0x0CC61300
"""Written into the file's header, so that a foreign database is never migrated."""
PAGE_BYTES = 4096
_NEEDED = {"setting": "", "memory": "", "session": " WHERE ended IS NULL", "fault": " WHERE cleared IS NULL", "page_counter": ""}
"""What is read at every start: table → which rows."""


@frozen(kw_only=True)
class Opening:
    """How the file was found.

    Attributes:
        created: it is new.
        migrated: the migrations that were applied.
        damaged_copy: where the file lies that was damaged; ``None`` if it was sound. Page counters and whatever was owed are then
            only in that copy.
        damage: what was wrong with it.
        rescued: table → rows that could still be read of it, and are in the new one.
    """

    created: bool
    migrated: tuple[str, ...] = ()
    damaged_copy: Path | None = None
    damage: str = ""
    rescued: Mapping[str, int] = field(factory=dict[str, int])


def connected(path: Path, *, size_limit_bytes: int, busy_s: float) -> peewee.SqliteDatabase:
    """A connection with the settings that every connection of the store has."""
    database = peewee.SqliteDatabase(
        str(path),
        pragmas=(
            ("busy_timeout", round(busy_s * 1000)),
            ("auto_vacuum", "INCREMENTAL"),
            ("journal_mode", "wal"),
            ("synchronous", "FULL"),
            ("foreign_keys", "ON"),
            ("temp_store", "MEMORY"),
            ("cache_size", -1024),
            ("journal_size_limit", 4 * 1024 * 1024),
            ("max_page_count", max(64, size_limit_bytes // PAGE_BYTES)),
        ),
        thread_safe=False,
        check_same_thread=False,
        autoconnect=False,
    )
    database.connect()
    return database


def opened(
    path: Path, *, size_limit_bytes: int, busy_s: float, recover: bool = True, migrate: bool = True
) -> tuple[peewee.SqliteDatabase, Opening]:
    """A sound, current database. A damaged file is kept under a dated name, and a new one begun with what can be read of it.

    Args:
        path: of the file; its directory is made if need be.
        size_limit_bytes: the file never grows beyond.
        busy_s: how long to wait for another program's lock, s.
        recover: whether a damaged file is recovered; whoever only looks must leave that, and its fault, to the station.
        migrate: whether a file of an earlier version is brought up to date.

    Raises:
        StoreDamaged: the file is damaged, and ``recover`` is not wanted.
        StoreTooNew: a later version has written it.
        StoreLocked: another program holds it.
        StoreFull: no room to begin it.
        StoreError: it cannot be opened, or it belongs to another application.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be made: {error}", device="store", hint="name a directory you may write to") from error
    created = not path.exists() or path.stat().st_size == 0
    try:
        database, migrated = _sound(path, size_limit_bytes, busy_s, migrate=migrate or created)
    except StoreDamaged as damaged:
        if not recover:
            raise
        kept = _put_aside(path)
        _log.critical("%s; the damaged file is kept as %s, and a new one begun", damaged.message, kept)
        database, migrated = _sound(path, size_limit_bytes, busy_s, migrate=True)
        rescued = salvaged(kept, database)
        _log.critical("read of the damaged file: %s", ", ".join(f"{count} × {name}" for name, count in rescued.items()) or "nothing")
        if "setting" not in rescued:
            _log.critical("no settings could be read of the damaged file: the factory's count until somebody sets them")
        return database, Opening(created=True, migrated=migrated, damaged_copy=kept, damage=damaged.message, rescued=rescued)
    return database, Opening(created=created, migrated=migrated)


def _sound(path: Path, size_limit_bytes: int, busy_s: float, *, migrate: bool) -> tuple[peewee.SqliteDatabase, tuple[str, ...]]:
    database: peewee.SqliteDatabase | None = None
    examining = True
    try:
        fresh = _is_fresh(path)
        database = connected(path, size_limit_bytes=size_limit_bytes, busy_s=busy_s)
        if fresh:
            statement(database, f"PRAGMA application_id = {APPLICATION_ID}")
        verdict = statement(database, "PRAGMA quick_check(1)")[0][0]
        if verdict != "ok":
            raise StoreDamaged(f"{path} is damaged: {verdict}", device="store")
        if not fresh:
            _look_through(database, path)
        examining = False
        return database, _current(database, path, migrate=migrate)
    except BaseException as error:
        if database is not None and not database.is_closed():
            database.close()
        if isinstance(error, Exception) and (ours := translated(error, f"opening {path}")) is not None:
            if examining and _is_nonsense(error, path):
                raise StoreDamaged(ours.message, device="store") from error
            raise ours from error
        raise


def _is_nonsense(error: Exception, path: Path) -> bool:
    """Whether a file that is only looked at makes statements fail that cannot be wrong: what it says of itself is damaged."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, sqlite3.Error):
        cause = cause.__cause__ or cause.__context__
    name = getattr(cause, "sqlite_errorname", "")
    return name == "SQLITE_ERROR" or (name.startswith("SQLITE_READONLY") and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _look_through(database: peewee.SqliteDatabase, path: Path) -> None:
    """Read what the station needs to start: a flipped bit in a text is sound to the database, and nonsense to whoever reads it.

    Raises:
        StoreDamaged: something does not read back.
    """
    there = {row[0] for row in statement(database, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, where in _NEEDED.items():
        if table not in there:
            continue  # of a later migration
        found = columns_of(table)
        for row in statement(database, f"SELECT {', '.join(each.column_name for each in found)} FROM {table}{where}"):  # noqa: S608 - constants
            if not reads_back(table, found, row):
                raise StoreDamaged(f"{path} is damaged: {table} holds {row!r}", device="store")


def _is_fresh(path: Path) -> bool:
    """Whether there is nothing yet. A foreign database is refused before anything is set in it: it is somebody's."""
    if not path.exists() or path.stat().st_size == 0:
        return True
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as looking:
        found = looking.execute("PRAGMA application_id").fetchone()[0]
        tables = looking.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if found not in {0, APPLICATION_ID} or (found == 0 and tables):
        raise StoreError(f"{path} is a database of another application", device="store", hint="name another data directory")
    return bool(found == 0)


def _current(database: peewee.SqliteDatabase, path: Path, *, migrate: bool) -> tuple[str, ...]:
    runner = Runner(database, str(MIGRATIONS), table_name="migration")
    known = {migration.name for migration in runner.migrations()}
    if later := sorted(set(runner.applied()) - known):
        raise StoreTooNew(
            f"{path} was written by a later version (it has {', '.join(later)})", device="store", hint="install that version again"
        )
    if not migrate and (missing := sorted(known - set(runner.applied()))):
        raise StoreError(
            f"{path} was written by an earlier version (it lacks {', '.join(missing)})",
            device="store",
            hint="restart the station: it brings the file up to date",
        )
    return tuple(runner.up())


def _put_aside(path: Path) -> Path:
    """Rename the file and what belongs to it; nothing of it is deleted."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    kept, count = path.with_name(f"{path.name}.damaged-{stamp}"), 1
    while kept.exists():
        count += 1
        kept = path.with_name(f"{path.name}.damaged-{stamp}-{count}")
    path.rename(kept)
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(kept.with_name(kept.name + suffix))
    return kept
