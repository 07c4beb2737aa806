"""The store: one SQLite file, transactions in, values out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from attrs import frozen

from cc613_chargepoint.store.errors import StoreDamaged, StoreError, translated
from cc613_chargepoint.store.opening import PAGE_BYTES, Opening, connected, opened
from cc613_chargepoint.store.queries import statement
from cc613_chargepoint.store.retention import STEP, Belief, Retention, pruning, weighed
from cc613_chargepoint.store.runners import InlineRunner, Runner, ThreadRunner
from cc613_chargepoint.store.transaction import Transaction
from cc613hal.clock import VirtualTimeLoop

__all__ = ["Store", "StoreSize"]

_log = logging.getLogger(__name__)

T = TypeVar("T")


@frozen(kw_only=True)
class StoreSize:
    """How big the store is.

    Attributes:
        used_bytes: of the file, in use.
        free_bytes: of the file, to be used again.
        limit_bytes: the file never grows beyond.
    """

    used_bytes: int
    free_bytes: int
    limit_bytes: int


class Store:
    """The station's database. Get one from :meth:`open`; it is an async context manager.

    ``write`` and ``read`` take a function of a :class:`Transaction` and give back what it returns. After ``write`` has returned, it is
    on the disk: the write-ahead log is flushed with every commit. Nothing blocks the loop: one thread writes, another one reads.
    """

    def __init__(self, path: Path, opening: Opening, writer: Runner, reader: Runner, retention: Retention) -> None:
        self.path = path
        self.opening = opening
        self.retention = retention
        self._writer = writer
        self._reader = reader
        self._damage: StoreDamaged | None = None
        self._found_damaged = asyncio.Event()

    @classmethod
    async def open(
        cls, path: Path, *, retention: Retention | None = None, busy_s: float = 5.0, recover: bool = True, migrate: bool = True
    ) -> Self:
        """Open or begin the database; a damaged one is kept aside, see :attr:`opening`.

        Args:
            path: of the file.
            retention: what is kept.
            busy_s: how long to wait for another program's lock, s.
            recover: whether a damaged file is recovered.
            migrate: whether a file of an earlier version is brought up to date.

        Raises:
            StoreError: as :func:`cc613_chargepoint.store.opening.opened` says.
        """
        retention = retention or Retention()
        limit = retention.size_limit_bytes
        if isinstance(asyncio.get_running_loop(), VirtualTimeLoop):
            database, opening = opened(path, size_limit_bytes=limit, busy_s=busy_s, recover=recover, migrate=migrate)
            inline = InlineRunner(database)
            return cls(path, opening, inline, inline, retention)
        database, opening = await asyncio.to_thread(opened, path, size_limit_bytes=limit, busy_s=busy_s, recover=recover, migrate=migrate)
        writer = ThreadRunner(database, "store writer", writes=True)
        reading = connected(path, size_limit_bytes=limit, busy_s=busy_s)
        statement(reading, "PRAGMA query_only = ON")
        reader = ThreadRunner(reading, "store reader", writes=False)
        return cls(path, opening, writer, reader, retention)

    async def write(self, work: Callable[[Transaction], T], what: str = "writing") -> T:
        """Carry out a transaction.

        Args:
            work: does everything on the transaction it is given and has no other effect: it may be called twice.
            what: for messages: ``beginning a session``.

        Returns:
            What ``work`` returned, once it is on disk.

        Raises:
            StoreFull: no room; nothing was changed.
            StoreLocked: another program holds the database; nothing was changed.
            StoreConflict: it contradicts what is stored; nothing was changed.
            StoreError: anything else; nothing was changed.
        """
        with self._noting_damage():
            return await self._writer.run(work, what)

    async def read(self, work: Callable[[Transaction], T], what: str = "reading") -> T:
        """Look at one consistent state of the database, beside the writer.

        Args:
            work: reads only.
            what: for messages.
        """
        with self._noting_damage():
            return await self._reader.run(work, what)

    @contextlib.contextmanager
    def _noting_damage(self) -> Iterator[None]:
        try:
            yield
        except StoreDamaged as error:
            self._damage = error
            self._found_damaged.set()
            raise

    async def damaged(self) -> StoreDamaged:
        """Wait until the file turns out to be damaged; what was found first."""
        await self._found_damaged.wait()
        assert self._damage is not None
        return self._damage

    async def prune(self, now: datetime, *, sure: bool = False) -> Mapping[str, int]:
        """Remove what retention does not keep, in small steps between which others have their turn.

        A clock that has leapt is not believed for a month, see :func:`cc613_chargepoint.store.retention.weighed`: nothing is removed by its
        age meanwhile.

        Args:
            now: UTC.
            sure: somebody vouches for the clock.

        Returns:
            Table → rows removed.
        """
        removed: dict[str, int] = {}
        belief = await self.write(lambda tx: _weigh(tx, now, sure=sure), "looking whether the clock has leapt")
        for table, step in pruning(self.retention, now, by_age=not belief.doubts).items():
            removed[table] = 0
            while count := await self.write(step, f"pruning {table}"):
                removed[table] += count
                if count < STEP:
                    break
        await self.write(lambda tx: tx.execute("PRAGMA incremental_vacuum(256)"), "giving room back")
        return removed

    async def copy(self, path: Path) -> None:
        """Write a consistent copy of the whole database, beside whoever else uses it.

        Args:
            path: of the copy; it must not exist.

        Raises:
            StoreError: there is something, or it cannot be written.
        """
        await asyncio.to_thread(_copied, self.path, path)

    async def limit_size(self) -> None:
        """Make the database obey the limit of :attr:`retention` from now on."""
        pages = self.retention.size_limit_bytes // PAGE_BYTES
        await self.write(lambda tx: tx.execute(f"PRAGMA max_page_count = {pages}"), "limiting the size")

    async def size(self) -> StoreSize:
        """How big it is."""

        def look(tx: Transaction) -> StoreSize:
            page, pages, free = (int(tx.execute(f"PRAGMA {name}")[0][0]) for name in ("page_size", "page_count", "freelist_count"))
            return StoreSize(used_bytes=page * (pages - free), free_bytes=page * free, limit_bytes=self.retention.size_limit_bytes)

        return await self.read(look, "measuring")

    async def check(self) -> None:
        """Examine the whole file.

        Raises:
            StoreDamaged: with what is wrong.
        """
        problems = [str(row[0]) for row in await self.read(lambda tx: tx.execute("PRAGMA integrity_check(10)"), "checking")]
        if problems != ["ok"]:
            with self._noting_damage():
                raise StoreDamaged(f"{self.path} is damaged: {'; '.join(problems)}", device="store")

    async def aclose(self) -> None:
        """Finish what was asked for and close the file; may be called twice."""
        await self._reader.aclose()
        await self._writer.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()


def _weigh(tx: Transaction, now: datetime, *, sure: bool) -> Belief:
    kept = tx.memory.get("retention", "clock") or {}
    before: Belief | None
    if kept:
        before = Belief(datetime.fromisoformat(kept["last"]), int(kept["doubts"]))
    else:  # the first time: the latest session tells when it cannot have been long ago
        newest = tx.sessions.recent(1)
        before = Belief(newest[0].started) if newest else None
    belief = weighed(None if sure else before, now)
    if belief.doubts == 1:
        _log.warning("the clock has leapt from %s to %s: nothing is removed by its age until that has proven true", belief.last, now)
    tx.memory.put("retention", "clock", {"last": belief.last.isoformat(), "doubts": belief.doubts})
    return belief


def _copied(path: Path, copy: Path) -> None:
    if copy.exists():
        raise StoreError(f"{copy} is there already", device="store", hint="name a new file")
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=5.0)) as own:
            own.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        copy.unlink(missing_ok=True)
        raise translated(error, f"copying to {copy}") or error from error
