"""Whose turn it is to have a call outstanding: the most urgent first, within a priority the one who came first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from types import TracebackType
from typing import Self

__all__ = ["Turn", "Turns"]


class Turns:
    """A lock with priorities. A waiter that is cancelled gives its turn to the next."""

    def __init__(self) -> None:
        self._held = False
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    def turn(self, priority: int) -> Turn:
        """To be entered; the smallest number goes first."""
        return Turn(self, priority)

    async def take(self, priority: int) -> None:
        """Wait for the turn."""
        if not self._held:
            self._held = True
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.give()  # the turn had come already
            raise

    def give(self) -> None:
        """The turn is over."""
        while self._waiting:
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                waiter.set_result(None)
                return
        self._held = False


class Turn:
    """One turn, as an async context manager."""

    def __init__(self, turns: Turns, priority: int) -> None:
        self._turns, self._priority = turns, priority

    async def __aenter__(self) -> Self:
        await self._turns.take(self._priority)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._turns.give()
