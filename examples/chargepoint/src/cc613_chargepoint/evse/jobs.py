"""Steps that take time run beside a connector's actor and report by events; each has a name, and a new one replaces the old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["Jobs"]


class Jobs:
    """The running jobs of one connector.

    Args:
        owner: whose they are, for the names of the tasks.
        failed: is told what a job raised, in the task of the job; what it raises itself ends the job for good.
    """

    def __init__(self, owner: str, failed: Callable[[Exception], None]) -> None:
        self._owner = owner
        self._failed = failed
        self._jobs: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` under a name; what ran under it before is cancelled."""
        self.cancel(name)
        job = asyncio.get_running_loop().create_task(self._guarded(work), name=f"{self._owner} {name}")
        job.add_done_callback(lambda _: work.close())  # cancelled before its first step, it would complain that nobody awaited it
        self._jobs[name] = job

    def running(self, name: str) -> bool:
        """Whether a job of that name is not done."""
        job = self._jobs.get(name)
        return job is not None and not job.done()

    def cancel(self, name: str) -> None:
        """Cancel a job, if it runs; a job never cancels itself."""
        if (job := self._jobs.pop(name, None)) is not None and job is not asyncio.current_task():
            job.cancel()

    async def end(self, *names: str) -> None:
        """Cancel the named jobs, or all, and wait until they are gone."""
        for name in names or tuple(self._jobs):
            job = self._jobs.pop(name, None)
            if job is not None and job is not asyncio.current_task():
                job.cancel()
                await asyncio.wait([job])  # not ``await job``: that could not be told from a cancellation of the caller

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the connector decides what it means, and raises again what it does not know
            self._failed(error)
