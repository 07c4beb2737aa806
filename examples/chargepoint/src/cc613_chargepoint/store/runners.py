"""Who carries transactions out: one thread per connection, or the loop itself where time is virtual."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import peewee
from attrs import define

from cc613_chargepoint.store.errors import StoreClosed, translated
from cc613_chargepoint.store.queries import statement
from cc613_chargepoint.store.transaction import Transaction

__all__ = ["InlineRunner", "Runner", "ThreadRunner"]

_log = logging.getLogger(__name__)

T = TypeVar("T")
GROUP = 64
"""Transactions that share one commit at most."""


class Runner(Protocol):
    """Carries transactions out, one after the other."""

    async def run(self, work: Callable[[Transaction], T], what: str) -> T:
        """Carry one out; what it returns, once it is on disk."""
        ...

    async def aclose(self) -> None:
        """Finish what was begun and close the connection."""
        ...


@define
class _Job:
    work: Callable[[Transaction], Any]
    what: str
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]

    def tell(self, result: Any, error: Exception | None) -> None:
        try:
            self.loop.call_soon_threadsafe(self._settle, result, error)
        except RuntimeError:  # its loop has ended; what was committed stays committed
            _log.debug("nobody waits for %s any more", self.what)

    def _settle(self, result: Any, error: Exception | None) -> None:
        if self.answer.done():
            return  # whoever asked was cancelled; the transaction was carried out all the same
        if error is None:
            self.answer.set_result(result)
        else:
            self.answer.set_exception(error)


class _Connection:
    """What both runners do with their connection."""

    def __init__(self, database: peewee.SqliteDatabase, *, writes: bool) -> None:
        self._database = database
        self._begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def together(self, works: list[Callable[[Transaction], Any]]) -> list[Any]:
        """Carry several out in one transaction: all or none."""
        statement(self._database, self._begin)
        try:
            results = [work(Transaction(self._database)) for work in works]
            statement(self._database, "COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return results

    def _roll_back(self) -> None:
        database: Any = self._database
        if database.connection().in_transaction:  # a full disk has rolled back by itself
            statement(self._database, "ROLLBACK")

    def alone(self, work: Callable[[Transaction], Any], what: str) -> tuple[Any, Exception | None]:
        """Carry one out by itself: its result or its error."""
        try:
            return self.together([work])[0], None
        except Exception as error:  # noqa: BLE001 - it goes to whoever asked, who must not wait for ever
            return None, translated(error, what) or error

    def close(self) -> None:
        """Close the connection; the write-ahead log goes into the file."""
        if not self._database.is_closed():
            self._database.close()


class ThreadRunner:
    """One thread that owns one connection. What waits when its turn comes shares a commit, and so a flush of the disk.

    Args:
        database: connected; nobody else uses it.
        name: of the thread.
        writes: whether transactions take the write lock at once.
    """

    def __init__(self, database: peewee.SqliteDatabase, name: str, *, writes: bool) -> None:
        self._connection = _Connection(database, writes=writes)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Transaction], T], what: str) -> T:
        """See :class:`Runner`. Cancelling the wait does not cancel the transaction."""
        if self._closed:
            raise StoreClosed(f"{what}: the store is closed", device="store")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, what, loop, answer))
        return await answer

    async def aclose(self) -> None:
        """Finish what was asked for; then the connection is closed."""
        if self._closed:
            return
        self._closed = True
        ended = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(lambda _: None, "closing", ended.get_loop(), ended))
        self._jobs.put(None)
        await ended
        self._thread.join()  # what is left is to close the connection

    def _serve(self) -> None:
        last = False
        while not last:
            jobs: list[_Job] = []
            job = self._jobs.get()
            while True:
                if job is None:
                    last = True
                    break
                jobs.append(job)
                if len(jobs) >= GROUP:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            if jobs:
                self._carry_out(jobs)
        self._connection.close()

    def _carry_out(self, jobs: list[_Job]) -> None:
        if len(jobs) > 1:
            try:
                results = self._connection.together([job.work for job in jobs])
            except Exception as error:  # noqa: BLE001 - each is tried alone, and whoever is to blame is told
                _log.debug("%d transactions did not go together: %s", len(jobs), error)
            else:
                for job, result in zip(jobs, results, strict=True):
                    job.tell(result, None)
                return
        for job in jobs:
            job.tell(*self._connection.alone(job.work, job.what))


class InlineRunner:
    """Carries transactions out at once in the loop: for virtual time, which must not pass while a disk works.

    Args:
        database: connected.
    """

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._connection = _Connection(database, writes=True)
        self._closed = False

    async def run(self, work: Callable[[Transaction], T], what: str) -> T:
        """See :class:`Runner`."""
        if self._closed:
            raise StoreClosed(f"{what}: the store is closed", device="store")
        result, error = self._connection.alone(work, what)
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]  # it is what ``work`` returned

    async def aclose(self) -> None:
        """Close the connection."""
        self._closed = True
        self._connection.close()
