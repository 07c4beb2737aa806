"""Typed event channels: a callback for what must not wait, a stream for everything else."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["EventSource", "EventStream", "Events", "Subscription"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_log = logging.getLogger(__name__)


class Subscription:
    """A standing subscription; ``cancel`` ends it and may be called twice."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel: Callable[[], None] | None = cancel

    def cancel(self) -> None:
        """End the subscription."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cancel()


class Events(Generic[T_co]):
    """What a capability offers to listeners; drivers hold the publishing side, :class:`EventSource`.

    ``on`` calls back in the very loop iteration in which the event arrived: this is the path of a residual current trip.
    ``stream`` queues for a task that reads at its own pace; a slow reader loses the oldest events, counted in ``dropped``.
    """

    def __init__(self, name: str = "events") -> None:
        self.name = name
        self._listeners: list[Callable[[T_co], None]] = []

    def on(self, listener: Callable[[T_co], None]) -> Subscription:
        """Call ``listener`` with every event, at once. It must not block; what it raises is logged and hurts nobody else."""
        self._listeners.append(listener)
        return Subscription(lambda: self._listeners.remove(listener))

    def stream(self, size: int = 256) -> EventStream[T_co]:
        """Events from now on, as an async iterator that keeps at most ``size`` of them."""
        return EventStream(self, size)


class EventSource(Events[T]):
    """The publishing side of an event channel, held by the driver."""

    def publish(self, event: T) -> None:
        """Hand an event to every listener, in the order they subscribed."""
        for listener in tuple(self._listeners):
            if listener not in self._listeners:
                continue  # cancelled by a listener before it: after cancel nobody is called
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - whatever a listener does, the others must hear of a trip; it is logged with its traceback
                _log.exception("%s: a listener failed on %r", self.name, event)


class EventStream(AsyncIterator[T_co]):
    """Queued events of one channel; a context manager and an async iterator, which ends after :meth:`cancel` with what was queued.

    Args:
        events: the channel.
        size: how many events are kept, at least 1.

    Raises:
        ValueError: no room for a single event.
    """

    def __init__(self, events: Events[T_co], size: int) -> None:
        if size < 1:
            raise ValueError(f"a stream keeps at least one event, not {size}")
        self._ended = False
        self._queue: deque[T_co] = deque(maxlen=size)
        self._wake = asyncio.Event()
        self.dropped = 0
        self._subscription = events.on(self._receive)

    def _receive(self, event: T_co) -> None:  # type: ignore[misc]  # a covariant value enters here, as in every queue's private side
        if len(self._queue) == self._queue.maxlen:
            self.dropped += 1
        self._queue.append(event)
        self._wake.set()

    async def __anext__(self) -> T_co:
        while not self._queue:
            if self._ended:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._queue.popleft()

    def cancel(self) -> None:
        """Stop receiving; who waits for the next event is released."""
        self._ended = True
        self._subscription.cancel()
        self._wake.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cancel()
