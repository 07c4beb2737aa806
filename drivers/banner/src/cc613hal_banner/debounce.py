"""Occupancy that has to last before it counts; shared by the drivers of this package."""

from __future__ import annotations

from attrs import define, field

__all__ = ["Debounce"]


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
