"""What a device that speaks of its own accord said last, and when: age decides whether it still counts."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from cc613hal.clock import Clock, Stamp
from cc613hal.errors import BusError

__all__ = ["Latest"]

T = TypeVar("T")


class Latest(Generic[T]):
    """The last thing heard.

    Args:
        clock: the board's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: tuple[T, Stamp] | None = None
        self._error: BusError | None = None
        self._changed: asyncio.Future[None] | None = None

    def put(self, value: T, stamp: Stamp) -> None:
        """Something was heard."""
        self._held, self._error = (value, stamp), None
        self._wake()

    def fail(self, error: BusError) -> None:
        """Nothing will be heard any more; who waits learns of it at once."""
        self._held, self._error = None, error
        self._wake()

    def forget(self) -> None:
        """Start again: what was heard before does not count."""
        self._held, self._error = None, None

    async def get(self, age_s: float) -> tuple[T, Stamp] | None:
        """What was heard no longer than ``age_s`` ago; without it, what is heard within the next ``age_s``, or ``None``.

        Raises:
            BusError: what :meth:`fail` was told.
        """
        until_s = self._clock.monotonic_s() + age_s
        while True:
            if self._error is not None:
                raise self._error
            now_s = self._clock.monotonic_s()
            if self._held is not None and now_s - self._held[1].monotonic_s <= age_s:
                return self._held
            if now_s >= until_s:
                return None
            await self._wait(until_s - now_s)

    async def _wait(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._changed is None or self._changed.done():
            self._changed = loop.create_future()
        await asyncio.wait((self._changed,), timeout=seconds)

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
