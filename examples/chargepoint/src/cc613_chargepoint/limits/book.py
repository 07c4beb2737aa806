"""The limits of one connector."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Collection, Sequence

from cc613_chargepoint.domain.limit import ALL_PHASES, Limit, Offer, effective
from cc613hal.clock import Clock
from cc613hal.events import Events, EventSource

__all__ = ["LimitBook"]

_log = logging.getLogger(__name__)


class LimitBook:
    """Limits by source; setting a source again replaces its limit.

    Args:
        clock: the station's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[str, Limit] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._phases: tuple[int, ...] = ALL_PHASES
        self._source: EventSource[Offer] = EventSource("limits")

    @property
    def changes(self) -> Events[Offer]:
        """The effective limit after every change of any limit."""
        return self._source

    @property
    def phases(self) -> tuple[int, ...]:
        """The phases that the connector feeds, 1 to 3; limits of others do not count."""
        return self._phases

    def use(self, phases: Collection[int]) -> None:
        """The connector feeds these phases from now on.

        Raises:
            ValueError: none, or one that there is not.
        """
        chosen = tuple(sorted(set(phases)))
        if not chosen or not set(chosen) <= set(ALL_PHASES):
            raise ValueError(f"a connector feeds some of the phases 1 to 3, not {sorted(phases)}")
        if chosen != self._phases:
            self._phases = chosen
            self._source.publish(self.effective())

    def set(
        self,
        source: str,
        current_a: float,
        *,
        for_s: float | None = None,
        then_a: float | None = None,
        per_phase_a: Sequence[float] | None = None,
        phases: int | None = None,
    ) -> None:
        """Set the limit of one source.

        Args:
            source: who sets it.
            current_a: A per phase; 0 pauses.
            for_s: how long it counts, s; when it is over, the change is published. ``None`` until it is replaced or withdrawn.
            then_a: what counts when ``for_s`` is over and nothing new was said, A per phase; ``None``: this source limits nothing then.
            per_phase_a: A of L1, L2, L3, where they differ.
            phases: how many phases may be used, 1 or 3; ``None`` for all.

        Raises:
            ValueError: a current that is negative or no number, a time that is none, or ``then_a`` of a limit that never ends.
            RuntimeError: ``for_s`` is given and no loop runs that could tell when it is over.
        """
        if for_s is not None and not (math.isfinite(for_s) and for_s > 0.0):
            raise ValueError(f"a limit by {source} cannot count for {for_s} s: leave the time out for one without an end")
        if then_a is not None:
            if for_s is None:
                raise ValueError(f"the limit by {source} has no end, so nothing comes then: say for how long it counts")
            if not (math.isfinite(then_a) and then_a >= 0.0):
                raise ValueError(f"a limit of {then_a} A by {source} makes no sense")
        until_s = None if for_s is None else self._clock.monotonic_s() + for_s
        each_a = None if per_phase_a is None else tuple(per_phase_a)
        limit = Limit(source=source, current_a=current_a, until_s=until_s, then_a=then_a, per_phase_a=each_a, phases=phases)
        self._forget_timer(source)
        self._limits[source] = limit
        if for_s is not None:
            self._timers[source] = asyncio.get_running_loop().call_later(for_s, self._expired, source)
        self._source.publish(self.effective())

    def withdraw(self, source: str) -> None:
        """Remove the limit of one source, if it set one, and its fail-safe value."""
        self._forget_timer(source)
        if self._limits.pop(source, None) is not None:
            self._source.publish(self.effective())

    @property
    def limits(self) -> Sequence[Limit]:
        """Every limit that counts now, smallest first."""
        return sorted(self._counting(), key=lambda limit: limit.on(self._phases))

    def current_a(self, source: str) -> float | None:
        """What one source allows, A per phase; ``None`` if it set nothing."""
        limit = self._limits.get(source)
        return None if limit is None else limit.current_a

    def effective(self) -> Offer:
        """The smallest valid limit and who set it."""
        return effective(self._counting(), self._clock.monotonic_s(), self._phases)

    def _counting(self) -> list[Limit]:
        """What counts now: also where a timer is late, the fail-safe value has taken over."""
        now_s = self._clock.monotonic_s()
        standing = (limit if limit.valid_at(now_s) else limit.fallen() for limit in self._limits.values())
        return [limit for limit in standing if limit is not None]

    def _forget_timer(self, source: str) -> None:
        if (timer := self._timers.pop(source, None)) is not None:
            timer.cancel()

    def _expired(self, source: str) -> None:
        self._timers.pop(source, None)
        ended = self._limits.pop(source, None)
        fallen = None if ended is None else ended.fallen()
        if fallen is not None:
            self._limits[source] = fallen
            _log.warning("%s has said nothing new: its fail-safe value of %g A counts", source, fallen.current_a)
        self._source.publish(self.effective())
