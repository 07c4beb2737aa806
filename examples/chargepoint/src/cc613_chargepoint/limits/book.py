"""The limits of one connector."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cc613_chargepoint.domain.limit import Limit, Offer, effective
from cc613hal.clock import Clock
from cc613hal.events import Events, EventSource

__all__ = ["LimitBook"]


class LimitBook:
    """Limits by source; setting a source again replaces its limit.

    Args:
        clock: the station's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[str, Limit] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._source: EventSource[Offer] = EventSource("limits")

    @property
    def changes(self) -> Events[Offer]:
        """The effective limit after every change of any limit."""
        return self._source

    def set(self, source: str, current_a: float, *, for_s: float | None = None) -> None:
        """Set the limit of one source.

        Args:
            source: who sets it.
            current_a: A per phase; 0 pauses.
            for_s: how long it counts, s; when it is over, the change is published. ``None`` until it is replaced or withdrawn.

        Raises:
            ValueError: negative or not a number.
            RuntimeError: ``for_s`` is given and no loop runs that could tell when it is over.
        """
        if not current_a >= 0.0:
            raise ValueError(f"a limit of {current_a} A by {source} makes no sense")
        until_s = None if for_s is None else self._clock.monotonic_s() + for_s
        self._forget_timer(source)
        self._limits[source] = Limit(source=source, current_a=current_a, until_s=until_s)
        if for_s is not None:
            self._timers[source] = asyncio.get_running_loop().call_later(for_s, self._expired, source)
        self._source.publish(self.effective())

    def withdraw(self, source: str) -> None:
        """Remove the limit of one source, if it set one."""
        self._forget_timer(source)
        if self._limits.pop(source, None) is not None:
            self._source.publish(self.effective())

    @property
    def limits(self) -> Sequence[Limit]:
        """Every limit that counts now, smallest first."""
        now_s = self._clock.monotonic_s()
        return sorted((limit for limit in self._limits.values() if limit.valid_at(now_s)), key=lambda limit: limit.current_a)

    def _forget_timer(self, source: str) -> None:
        if (timer := self._timers.pop(source, None)) is not None:
            timer.cancel()

    def _expired(self, source: str) -> None:
        self._timers.pop(source, None)
        self._limits.pop(source, None)
        self._source.publish(self.effective())

    def current_a(self, source: str) -> float | None:
        """What one source allows, A per phase; ``None`` if it set nothing."""
        limit = self._limits.get(source)
        return None if limit is None else limit.current_a

    def effective(self) -> Offer:
        """The smallest valid limit and who set it."""
        return effective(self._limits.values(), self._clock.monotonic_s())
