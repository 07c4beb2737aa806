"""A yes or no that has to last before it counts: buttons, parking bays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define, field

from cc613hal.clock import Clock
from cc613hal.errors import BusError

__all__ = ["Debounce", "DebouncedLevel"]


@define
class Debounce:
    """A yes or no that changes only after it held for its delay. Knows no clock: the time comes with every call.

    Args:
        on_s: how long ``True`` must last, s.
        off_s: how long ``False`` must last, s.
    """

    on_s: float
    off_s: float
    state: bool | None = field(default=None, init=False)
    _pending: bool | None = field(default=None, init=False)
    _since_s: float = field(default=0.0, init=False)

    def feed(self, value: bool, now_s: float) -> bool:
        """Take what is seen now; whether the debounced state changed."""
        if value == self.state:
            self._pending = None
            return False
        if value != self._pending:
            self._pending, self._since_s = value, now_s
        due_s = self.due_s
        if due_s is None or now_s < due_s:
            return False
        self.state, self._pending = value, None
        return True

    @property
    def due_s(self) -> float | None:
        """When the state will change if nothing else happens; ``None`` if it will not."""
        if self._pending is None:
            return None
        return self._since_s + (self.on_s if self._pending else self.off_s)

    def forget(self) -> None:
        """Nothing is known any more."""
        self.state = self._pending = None


class DebouncedLevel:
    """A level that is debounced by the clock: fed with edges, it looks again when a delay is over. Costs nothing while nothing changes.

    Args:
        debounce: the delays.
        clock: the board's clock.
        look: reads the level; may raise :class:`~cc613hal.errors.BusError`.
        changed: is told that the debounced state changed.
        lost: is told that the level could not be read when a delay was over; nothing is known then.
    """

    def __init__(
        self,
        debounce: Debounce,
        clock: Clock,
        look: Callable[[], bool],
        *,
        changed: Callable[[], None],
        lost: Callable[[BusError], None],
    ) -> None:
        self._debounce = debounce
        self._clock = clock
        self._look = look
        self._changed = changed
        self._lost = lost
        self._timer: asyncio.TimerHandle | None = None

    @property
    def state(self) -> bool | None:
        """The debounced state; ``None`` while it is not known."""
        return self._debounce.state

    def refresh(self) -> None:
        """Look now.

        Raises:
            BusError: the level cannot be read.
        """
        self.take(self._look())

    def take(self, level: bool) -> None:
        """Take a level that is seen now."""
        self.stop()
        now_s = self._clock.monotonic_s()
        if self._debounce.feed(level, now_s):
            self._changed()
        elif self._debounce.due_s is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, self._debounce.due_s - now_s) + 1e-6, self._due)

    def forget(self) -> None:
        """Stop waiting; nothing is known any more."""
        self.stop()
        self._debounce.forget()

    def stop(self) -> None:
        """Stop waiting for a delay."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        try:
            self.refresh()
        except BusError as error:
            self._debounce.forget()
            self._lost(error)
