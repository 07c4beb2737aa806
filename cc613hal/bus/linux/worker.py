"""One thread for one bus whose system calls block (I2C, SPI).

Each bus owns its thread: a bus that hangs holds up nobody else, and switching a contactor off never waits for a thread pool. The
thread is a daemon, because a transfer that hangs in the kernel must not keep the process from ending.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from cc613hal.errors import BusClosed, BusTimeout

__all__ = ["Worker"]

T = TypeVar("T")
_Job = tuple[Callable[..., Any], tuple[Any, ...], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Worker:
    """A thread that carries out blocking calls one after the other.

    Args:
        name: the bus's name, for errors and the thread.
        deadline_s: longest wait for one call, s. The kernel's own time-outs are shorter (i2c-core: 1 s); this one is for drivers that hang.
    """

    def __init__(self, name: str, *, deadline_s: float = 5.0) -> None:
        self.name = name
        self._deadline_s = deadline_s
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"cc613hal-{name}", daemon=True)
        self._thread.start()

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call ``function`` on the thread. A cancelled call ends before the cancellation is passed on.

        Raises:
            BusClosed: after :meth:`aclose`.
            BusTimeout: the call has not ended by the deadline; the thread is still in it.
        """
        if self._closed:
            raise BusClosed(f"{self.name} is closed", device=self.name)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((function, arguments, loop, future))
        cancelled: asyncio.CancelledError | None = None
        until_s = loop.time() + self._deadline_s
        while not future.done() and (left_s := until_s - loop.time()) > 0.0:
            try:
                await asyncio.wait((future,), timeout=left_s)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            if future.done():
                future.exception()  # looked at: the caller left, and what the transfer raised leaves with it
            raise cancelled
        if not future.done():
            raise BusTimeout(
                f"the kernel did not finish a transfer within {self._deadline_s:g} s",
                device=self.name,
                hint="the controller hangs: look at the kernel log; a stuck bus may need a power cycle",
            )
        return future.result()

    async def aclose(self, last: Callable[[], None]) -> None:
        """Call ``last`` on the thread after everything that waits, and end it."""
        if not self._closed:
            try:
                await self.run(last)
            finally:
                self._closed = True
                self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            function, arguments, loop, future = job
            try:
                result, failure = function(*arguments), None
            except BaseException as error:  # noqa: BLE001 - everything belongs to the caller in the loop, who gets it re-raised
                result, failure = None, error
            try:
                loop.call_soon_threadsafe(_finish, future, result, failure)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more
            del job, future, result, failure


def _finish(future: asyncio.Future[Any], result: object, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
