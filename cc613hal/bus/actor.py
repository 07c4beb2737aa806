"""One owner per physical bus: whose turn it is, how long to stay silent, and whom to leave alone for a while.

Every transfer of every device on a wire passes through its :class:`BusActor`. Waiting transfers are served by priority
(safety > control > telemetry > diagnostics), first come first served within one; the wire stays silent as long as its timing asks;
a unit that keeps failing is suspended so that it does not cost the others their rate.

The turn is passed from caller to caller instead of to a task of its own: an idle bus costs no task switch, and on an in-process
bus a transfer ends in the same loop iteration (``docs/explanation/decisions``).
"""

from __future__ import annotations

import asyncio
import enum
import heapq
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from typing import Protocol, TypeVar

from attrs import Factory, define, field, frozen

from cc613hal.bus.trace import Trace
from cc613hal.clock import Clock
from cc613hal.errors import BusClosed, BusError, BusSuspended, BusTimeout, DeviceRefused, NoAnswer

__all__ = ["BreakerPolicy", "BusActor", "BusStatistics", "Observer", "Priority", "Timing"]

T = TypeVar("T")


class Priority(enum.IntEnum):
    """Who goes first on a shared wire."""

    SAFETY = 0
    CONTROL = 1
    TELEMETRY = 2
    DIAGNOSTICS = 3


class Observer(Protocol):
    """Who is told how a device's transfers go; :class:`cc613hal.health.Health` is one."""

    def succeeded(self) -> None:
        """A transfer worked."""

    def failed(self, error: Exception) -> None:
        """A transfer failed."""


@frozen(kw_only=True)
class Timing:
    """Silence a wire needs.

    Attributes:
        silence_s: between the end of one frame and the start of the next, s.
        settle_s: in addition when the unit changes, s (transceivers and slow meters).
    """

    silence_s: float = 0.0
    settle_s: float = 0.0


@frozen(kw_only=True)
class BreakerPolicy:
    """When a silent unit is left alone.

    Attributes:
        failures: silent transfers in a row that suspend a unit; 0 never suspends.
        pause_s: first suspension, s; doubles with every failed trial.
        max_pause_s: longest suspension, s.
    """

    failures: int = 3
    pause_s: float = 1.0
    max_pause_s: float = 30.0


@define
class BusStatistics:
    """Counters since the bus was opened.

    Attributes:
        transfers: finished transfers, failed ones included.
        busy_s: time the wire was in use, silence included.
        waited_s: time callers waited for their turn.
        errors: failed transfers by error kind.
        suspended: transfers refused by the breaker.
        discarded_frames: late or foreign frames that were thrown away.
    """

    transfers: int = 0
    busy_s: float = 0.0
    waited_s: float = 0.0
    errors: Counter[str] = field(factory=Counter)
    suspended: int = 0
    discarded_frames: int = 0


@define
class _Breaker:
    failures: int = 0
    pause_s: float = 0.0
    until_s: float = 0.0


@define(order=True)
class _Waiter:
    priority: int
    number: int
    turn: asyncio.Future[None] = field(order=False)


@define
class BusActor:
    """The owner of one physical bus.

    Args:
        name: as the board file names it.
        clock: the board's clock.
        timing: silence the wire needs.
        breaker: when to leave a silent unit alone.
        trace: where frames are recorded.
    """

    name: str
    clock: Clock
    timing: Timing = Factory(Timing)
    breaker: BreakerPolicy = Factory(BreakerPolicy)
    trace: Trace = Factory(Trace)
    statistics: BusStatistics = Factory(BusStatistics)
    _taken: bool = field(default=False, init=False)
    _closed: BaseException | None = field(default=None, init=False)
    _waiting: list[_Waiter] = field(factory=list, init=False)
    _numbers: itertools.count[int] = field(factory=itertools.count, init=False)
    _breakers: dict[Hashable, _Breaker] = field(factory=dict, init=False)
    _quiet_from_s: float = field(default=float("-inf"), init=False)
    _last_unit: Hashable = field(default=None, init=False)

    async def run(
        self,
        unit: Hashable,
        operation: Callable[[], Awaitable[T]],
        *,
        priority: Priority = Priority.TELEMETRY,
        observer: Observer | None = None,
    ) -> T:
        """Carry out one transfer when it is its turn.

        Args:
            unit: whom it is for (address, unit number, chip select).
            operation: the transfer on the adapter.
            priority: who goes first.
            observer: is told the outcome.

        Raises:
            BusSuspended: the breaker keeps this unit quiet (never for ``Priority.SAFETY``).
            BusError: what the transfer raised.
        """
        if self._breakers:
            self._refuse_suspended(unit, priority)
        started_s = await self._acquire(priority) if self._taken else self._take()
        used = False
        try:
            if self._closed is not None:
                raise BusClosed(f"{self.name} is closed", device=self.name) from self._closed
            if self._breakers:
                self._refuse_suspended(unit, priority)  # it may have fallen silent while this one waited for its turn
            if (wait_s := self._quiet_until_s(unit) - started_s) > 0.0:
                await self.clock.sleep(wait_s)
            used = True
            result = await operation()
        except BusError as error:
            if used or self._closed is not None:
                self._failed(unit, error, observer)
            raise
        except DeviceRefused:
            self._answered(unit, observer)  # an exception response proves the unit alive
            raise
        else:
            self._answered(unit, observer)
            return result
        finally:
            if used:
                ended_s = self.clock.monotonic_s()
                self.statistics.transfers += 1
                self.statistics.busy_s += ended_s - started_s
                self._quiet_from_s, self._last_unit = ended_s, unit
            self._release()

    def close(self, reason: BaseException) -> None:
        """Refuse everything from now on, also what is waiting; :meth:`reopen` undoes it."""
        self._closed = reason

    def reopen(self) -> None:
        """Serve again, with every breaker closed."""
        self._closed = None
        self._breakers.clear()

    def _refuse_suspended(self, unit: Hashable, priority: Priority) -> None:
        breaker = self._breakers.get(unit)
        if breaker is None or priority is Priority.SAFETY:
            return
        left_s = breaker.until_s - self.clock.monotonic_s()
        if left_s > 0.0:
            self.statistics.suspended += 1
            raise BusSuspended(
                f"unit {unit} on {self.name} has been silent and is left alone for {left_s:.1f} s",
                device=self.name,
                hint="check its supply, wiring and address",
            )

    def _quiet_until_s(self, unit: Hashable) -> float:
        """How long the wire stays silent before a transfer of this unit."""
        return self._quiet_from_s + self.timing.silence_s + (self.timing.settle_s if unit != self._last_unit else 0.0)

    def _answered(self, unit: Hashable, observer: Observer | None) -> None:
        if self._breakers:
            self._breakers.pop(unit, None)
        if observer is not None:
            observer.succeeded()

    def _failed(self, unit: Hashable, error: BusError, observer: Observer | None) -> None:
        if observer is not None:
            observer.failed(error)
        self.statistics.errors[error.kind] += 1
        if not self.breaker.failures or not isinstance(error, BusTimeout | NoAnswer):
            return
        breaker = self._breakers.setdefault(unit, _Breaker())
        breaker.failures += 1
        if breaker.failures >= self.breaker.failures:
            breaker.pause_s = min(breaker.pause_s * 2 or self.breaker.pause_s, self.breaker.max_pause_s)
            breaker.until_s = self.clock.monotonic_s() + breaker.pause_s

    def _take(self) -> float:
        """Take the turn of a free wire; returns when."""
        self._taken = True
        return self.clock.monotonic_s()

    async def _acquire(self, priority: Priority) -> float:
        """Wait behind whoever has the turn; returns when it came."""
        asked_s = self.clock.monotonic_s()
        waiter = _Waiter(int(priority), next(self._numbers), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiter)
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled():
                self._release()  # the turn arrived together with the cancellation: pass it on
            raise
        turn_s = self.clock.monotonic_s()
        self.statistics.waited_s += turn_s - asked_s
        return turn_s

    def _release(self) -> None:
        while self._waiting:
            waiter = heapq.heappop(self._waiting)
            if not waiter.turn.done():
                waiter.turn.set_result(None)
                return
        self._taken = False
