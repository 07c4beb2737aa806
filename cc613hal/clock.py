"""Time: one clock for durations, one for the calendar, and a loop on which hours pass in seconds.

Durations, deadlines and time-outs always use the monotonic clock. The wall clock is only ever *written down*, together with
how far it can be trusted. Under :class:`VirtualTimeLoop` every ``asyncio.sleep`` and every time-out runs on simulated time, so the
same drivers and the same application go through a day in seconds, without a mock.
"""

from __future__ import annotations

import asyncio
import enum
import heapq
import itertools
import math
import selectors
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

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

    Attributes:
        offset: added to the system's wall clock, for a controller that gets its time from another one and may not set its own.
    """

    def __init__(self, state: ClockState = ClockState.UNKNOWN) -> None:
        self.state = state
        self.offset = timedelta()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._virtual: VirtualTimeLoop | None = None

    def monotonic_s(self) -> float:
        """Seconds on the loop's monotonic clock."""
        virtual = self._virtual  # every transfer looks at the clock several times: on virtual time, looking is most of what it costs
        if virtual is not None and virtual.turning:
            return virtual.hands.now_s
        loop = self._running()
        return time.monotonic() if loop is None else loop.time()

    def wall(self) -> datetime:
        """The calendar time in UTC."""
        self._running()
        return (datetime.now(UTC) if self._virtual is None else self._virtual.wall()) + self.offset

    def _running(self) -> asyncio.AbstractEventLoop | None:
        """The loop that runs now; it is the clock's until it ends: asking for it costs a system call in Python 3.11."""
        loop = self._loop
        if loop is None or not loop.is_running():
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                loop = None
            self._loop, self._virtual = loop, loop if isinstance(loop, VirtualTimeLoop) else None
        return loop

    def stamp(self) -> Stamp:
        """Both clocks, read together."""
        return Stamp(self.monotonic_s(), self.wall(), self.state)

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Wait on the loop's clock; to be awaited."""
        self._running()
        return asyncio.sleep(seconds) if self._virtual is None else self._virtual.sleep(seconds)


_LOOK_EVERY = 32
"""Instants of a virtual loop between looks at its wake-up pipe (signals, calls from other threads)."""


class _SkippingSelector(selectors.DefaultSelector):
    """A selector that, where nothing is ready, does not wait: it moves the virtual clock instead.

    Sleepers are kept here and not among the loop's timers: one that is woken in ``select`` goes on in the same pass of the loop, which
    halves what a simulated day costs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self._unlooked = 0
        self._descriptors = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._tidy_at = 64

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch a descriptor."""
        key = super().register(fileobj, events, data)
        self._descriptors += 1
        return key

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """Watch a descriptor no longer."""
        key = super().unregister(fileobj)
        self._descriptors -= 1
        return key

    def add_sleeper(self, until_s: float, sleeper: asyncio.Future[None]) -> None:
        """Wake ``sleeper`` at a time; those of the same moment wake in the order in which they lay down."""
        if len(self._sleepers) >= self._tidy_at:  # who was cancelled is still lying there
            self._sleepers = [each for each in self._sleepers if not each[2].done()]
            heapq.heapify(self._sleepers)
            self._tidy_at = 2 * len(self._sleepers) + 64
        heapq.heappush(self._sleepers, (until_s, next(self._numbers), sleeper))

    def _jump(self, timeout: float | None) -> None:
        """Move the clock to the next sleeper, or to the loop's next timer if that comes earlier."""
        sleepers = self._sleepers
        while sleepers and sleepers[0][2].done():
            heapq.heappop(sleepers)
        if timeout is not None and not (sleepers and sleepers[0][0] <= self.now_s + timeout):
            self.now_s += timeout
            return
        self.now_s = max(self.now_s, sleepers[0][0])
        while sleepers and sleepers[0][0] <= self.now_s:
            sleeper = heapq.heappop(sleepers)[2]
            if not sleeper.done():
                sleeper.set_result(None)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Ready descriptors; with none ready, time jumps by ``timeout`` or to the next sleeper at once.

        With no timer armed and nobody asleep the loop really waits: something outside the process must wake it.
        """
        if timeout is None and all(sleeper.done() for _, _, sleeper in self._sleepers):
            return super().select(None)
        self._unlooked += 1
        if self._descriptors <= 1 and self._unlooked < _LOOK_EVERY:
            # only the loop's own wake-up pipe is there: a system call per virtual instant would cost more than the instant
            ready: list[tuple[selectors.SelectorKey, int]] = []
        else:
            self._unlooked = 0
            ready = super().select(0)
        if not ready and timeout != 0:
            self._jump(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer whenever nothing is left to do.

    Meant for in-process buses. Work on threads, ptys and sockets keeps real time, so do not mix the two.

    Args:
        start: the wall clock at virtual time zero.

    Attributes:
        hands: where the virtual time stands.
        turning: whether the loop runs.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self.hands = _SkippingSelector()
        self.turning = False
        self._start = self._told = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._told_s = 0.0
        super().__init__(self.hands)

    def run_forever(self) -> None:
        """Run until stopped."""
        self.turning = True
        try:
            super().run_forever()
        finally:
            self.turning = False

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.hands.now_s

    async def sleep(self, seconds: float) -> None:
        """As :func:`asyncio.sleep`, on virtual time, at half its cost.

        Raises:
            ValueError: ``seconds`` is not a number.
        """
        if math.isnan(seconds):
            raise ValueError("cannot sleep for a time that is not a number")
        if seconds <= 0.0:
            await asyncio.sleep(0)
            return
        sleeper: asyncio.Future[None] = self.create_future()
        self.hands.add_sleeper(self.hands.now_s + seconds, sleeper)
        await sleeper

    def wall(self) -> datetime:
        """The simulated calendar time."""
        if self.hands.now_s != self._told_s:  # many look at one moment
            self._told_s = self.hands.now_s
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
