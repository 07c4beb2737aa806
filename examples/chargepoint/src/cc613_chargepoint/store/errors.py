"""What can go wrong with the store, as one tree under the library's error base.

::

    StoreError (OSError)
    ├── StoreFull        no room on the disk, or the store's own limit is reached
    ├── StoreLocked      another program holds the database
    ├── StoreDamaged     the file is no sound database
    ├── StoreTooNew      a later version of the application has written it
    ├── StoreConflict    the change contradicts what is stored
    └── StoreClosed      used after ``aclose``
"""

# ruff: noqa: N818 - the base class says that these are errors; each name says what happened

from __future__ import annotations

import sqlite3
from typing import ClassVar

import peewee

from cc613hal.errors import HalError

__all__ = ["StoreClosed", "StoreConflict", "StoreDamaged", "StoreError", "StoreFull", "StoreLocked", "StoreTooNew", "translated"]


class StoreError(HalError, OSError):
    """The store could not do what was asked; nothing of it was acknowledged, and nothing of it is half on disk."""

    kind: ClassVar[str] = "store"


class StoreFull(StoreError):
    """No room on the disk, or the store's own limit is reached."""

    kind: ClassVar[str] = "store-full"
    default_transient: ClassVar[bool] = True


class StoreLocked(StoreError):
    """Another program holds the database for longer than the store waits."""

    kind: ClassVar[str] = "store-locked"
    default_transient: ClassVar[bool] = True


class StoreDamaged(StoreError):
    """The file is no sound database."""

    kind: ClassVar[str] = "store-damaged"


class StoreTooNew(StoreError):
    """A later version of the application has written the file."""

    kind: ClassVar[str] = "store-too-new"


class StoreConflict(StoreError):
    """The change contradicts what is stored: a second open session on a connector, a page used twice, an end without a begin."""

    kind: ClassVar[str] = "store-conflict"


class StoreClosed(StoreError):
    """Used after ``aclose``."""

    kind: ClassVar[str] = "store-closed"


_BY_NAME: dict[str, tuple[type[StoreError], str]] = {
    "SQLITE_FULL": (StoreFull, "free space on the disk, or raise store.size_limit_mb"),
    "SQLITE_BUSY": (StoreLocked, "end the other program that has the database open"),
    "SQLITE_LOCKED": (StoreLocked, "end the other program that has the database open"),
    "SQLITE_CORRUPT": (StoreDamaged, "restart: the damaged file is kept aside and a new one begun"),
    "SQLITE_NOTADB": (StoreDamaged, "restart: the damaged file is kept aside and a new one begun"),
    "SQLITE_READONLY": (StoreError, "make the data directory writable for the station's user"),
    "SQLITE_CANTOPEN": (StoreError, "the data directory must exist and be writable for the station's user"),
    "SQLITE_IOERR": (StoreError, "check the disk: reading or writing it failed"),
    "SQLITE_CONSTRAINT": (StoreConflict, "the same thing was recorded before"),
}


def translated(error: Exception, what: str) -> StoreError | None:
    """The store's own error for one of the database's; ``None`` if it is none of the database's.

    Args:
        error: what was raised.
        what: what was tried, for the message.
    """
    if isinstance(error, UnicodeDecodeError | MemoryError):
        # what the database says of its own damage quotes the damage; a damaged length asks for more memory than there is
        return StoreDamaged(f"{what}: the file is damaged ({error!r})", device="store", hint=_BY_NAME["SQLITE_CORRUPT"][1])
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, sqlite3.Error):
        cause = cause.__cause__ or cause.__context__
    if cause is None or not isinstance(error, sqlite3.Error | peewee.PeeweeException):
        return None
    name = getattr(cause, "sqlite_errorname", None) or ""
    if not name and "decode" in str(cause):  # of the driver, not of the database: a text that is none
        name = "SQLITE_CORRUPT"
    for prefix, (kind, hint) in _BY_NAME.items():
        if name.startswith(prefix):
            return kind(f"{what}: {cause}", device="store", hint=hint)
    return StoreError(f"{what}: {cause}", device="store")
