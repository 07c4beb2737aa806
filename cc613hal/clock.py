"""Time: one clock for durations, one for the calendar, and a loop on which hours pass in seconds.

Durations, deadlines and time-outs always use the monotonic clock. The wall clock is only ever *written down*, together with
how far it can be trusted. Under :class:`VirtualTimeLoop` every ``asyncio.sleep`` and every time-out runs on simulated time, so the
same drivers and the same application go through a day in seconds, without a mock.
"""

from __future__ import annotations

import asyncio
import enum
import selectors
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from attrs import frozen

__all__ = ["Clock", "ClockState", "Stamp", "VirtualTimeLoop", "run_virtual"]

T = TypeVar("T")


class ClockState(enum.Enum):
    """How far the wall clock can be trusted; the words of OCMF's time status."""

    UNKNOWN = "unknown"
    INFORMATIVE = "informative"
    SYNCHRONISED = "synchronised"
    RELATIVE = "relative"


@frozen
class Stamp:
    """When something was seen.

    Attributes:
        monotonic_s: seconds on the clock that never steps; only differences mean anything.
        wall: the calendar, in UTC.
        state: how far ``wall`` can be trusted.
    """

    monotonic_s: float
    wall: datetime
    state: ClockState = ClockState.UNKNOWN

    def age_s(self, now: Stamp) -> float:
        """Seconds from this stamp to ``now``."""
        return now.monotonic_s - self.monotonic_s


class Clock:
    """The clock a board and its drivers use: the running loop's time, and a wall clock.

    On an ordinary loop both are the system's clocks. On a :class:`VirtualTimeLoop` the wall clock advances with the loop from
    the moment the clock was made, so that records from a simulated day carry that day's times.

    Args:
        state: how far the wall clock can be trusted; the application changes it when time synchronisation reports.
    """

    def __init__(self, state: ClockState = ClockState.UNKNOWN) -> None:
        self.state = state
        self._loop: asyncio.AbstractEventLoop | None = None

    def monotonic_s(self) -> float:
        """Seconds on the loop's monotonic clock."""
        loop = self._loop  # asking for the running loop costs a system call in Python 3.11, and every transfer looks at the clock
        if loop is None or not loop.is_running():
            loop = self._running()
        return time.monotonic() if loop is None else loop.time()

    def wall(self) -> datetime:
        """The calendar time in UTC."""
        loop = self._loop
        if loop is None or not loop.is_running():
            loop = self._running()
        return loop.wall() if isinstance(loop, VirtualTimeLoop) else datetime.now(UTC)

    def _running(self) -> asyncio.AbstractEventLoop | None:
        """The loop that runs now; it is the clock's until it ends."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        return self._loop

    def stamp(self) -> Stamp:
        """Both clocks, read together."""
        return Stamp(self.monotonic_s(), self.wall(), self.state)

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Wait on the loop's clock; to be awaited."""
        return asyncio.sleep(seconds)


_LOOK_EVERY = 32
"""Instants of a virtual loop between looks at its wake-up pipe (signals, calls from other threads)."""


class _SkippingSelector(selectors.DefaultSelector):
    """A selector that, where nothing is ready, does not wait: it moves the virtual clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self._unlooked = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Ready descriptors; with none ready, time jumps by ``timeout`` at once.

        With no timer armed (``timeout is None``) the loop really waits: something outside the process must wake it.
        """
        if timeout is None:
            return super().select(None)
        self._unlooked += 1
        if len(self.get_map()) <= 1 and self._unlooked < _LOOK_EVERY:
            # only the loop's own wake-up pipe is there: a system call per virtual instant would cost more than the instant
            ready: list[tuple[selectors.SelectorKey, int]] = []
        else:
            self._unlooked = 0
            ready = super().select(0)
        if not ready and timeout > 0:
            self.now_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer whenever nothing is left to do.

    Meant for in-process buses. Work on threads, ptys and sockets keeps real time, so do not mix the two.

    Args:
        start: the wall clock at virtual time zero.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._skipping = _SkippingSelector()
        self._start = self._told = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._told_s = 0.0
        super().__init__(self._skipping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._skipping.now_s

    def wall(self) -> datetime:
        """The simulated calendar time."""
        if self._skipping.now_s != self._told_s:  # many look at one moment
            self._told_s = self._skipping.now_s
            self._told = self._start + timedelta(seconds=self._told_s)
        return self._told


def run_virtual(main: Coroutine[Any, Any, T], *, start: datetime | None = None) -> T:
    """Run a coroutine on a fresh :class:`VirtualTimeLoop`, like :func:`asyncio.run`.

    Args:
        main: the coroutine.
        start: the wall clock at virtual time zero (default 2026-01-01, UTC).
    """
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start)) as runner:
        return runner.run(main)
