"""The store: one SQLite file, transactions in, values out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from attrs import frozen

from cc613_chargepoint.store.errors import StoreDamaged
from cc613_chargepoint.store.opening import PAGE_BYTES, Opening, connected, opened
from cc613_chargepoint.store.queries import statement
from cc613_chargepoint.store.retention import STEP, Retention, pruning
from cc613_chargepoint.store.runners import InlineRunner, Runner, ThreadRunner
from cc613_chargepoint.store.transaction import Transaction
from cc613hal.clock import VirtualTimeLoop

__all__ = ["Store", "StoreSize"]

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

    @classmethod
    async def open(cls, path: Path, *, retention: Retention | None = None, busy_s: float = 5.0) -> Self:
        """Open or begin the database; a damaged one is kept aside, see :attr:`opening`.

        Args:
            path: of the file.
            retention: what is kept.
            busy_s: how long to wait for another program's lock, s.

        Raises:
            StoreError: as :func:`cc613_chargepoint.store.opening.opened` says.
        """
        retention = retention or Retention()
        limit = retention.size_limit_bytes
        if isinstance(asyncio.get_running_loop(), VirtualTimeLoop):
            database, opening = opened(path, size_limit_bytes=limit, busy_s=busy_s)
            inline = InlineRunner(database)
            return cls(path, opening, inline, inline, retention)
        database, opening = await asyncio.to_thread(opened, path, size_limit_bytes=limit, busy_s=busy_s)
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
        return await self._writer.run(work, what)

    async def read(self, work: Callable[[Transaction], T], what: str = "reading") -> T:
        """Look at one consistent state of the database, beside the writer.

        Args:
            work: reads only.
            what: for messages.
        """
        return await self._reader.run(work, what)

    async def prune(self, now: datetime) -> Mapping[str, int]:
        """Remove what retention does not keep, in small steps between which others have their turn.

        Returns:
            Table → rows removed.
        """
        removed: dict[str, int] = {}
        for table, step in pruning(self.retention, now).items():
            removed[table] = 0
            while count := await self.write(step, f"pruning {table}"):
                removed[table] += count
                if count < STEP:
                    break
        await self.write(lambda tx: tx.execute("PRAGMA incremental_vacuum(256)"), "giving room back")
        return removed

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
            raise StoreDamaged(f"{self.path} is damaged: {'; '.join(problems)}", device="store")

    async def aclose(self) -> None:
        """Finish what was asked for and close the file; may be called twice."""
        await self._reader.aclose()
        await self._writer.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()
