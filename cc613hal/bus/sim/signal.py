"""Values of the simulated world that others may watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from cc613hal.events import Subscription

__all__ = ["Signal", "set_together"]

T = TypeVar("T")


class Signal(Generic[T]):
    """A value with listeners that are called, at once, when it changes.

    Args:
        value: the first value.
    """

    def __init__(self, value: T) -> None:
        self._value = value
        self._listeners: list[Callable[[T], None]] = []

    @property
    def value(self) -> T:
        """The present value."""
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        self.set(value)

    def set(self, value: T) -> None:
        """Change the value; listeners hear only real changes."""
        if value != self._value:
            self._value = value
            for listener in tuple(self._listeners):
                listener(value)

    def on(self, listener: Callable[[T], None], *, now: bool = False) -> Subscription:
        """Call ``listener`` with every new value; with ``now`` also with the present one."""
        self._listeners.append(listener)
        if now:
            listener(self._value)
        return Subscription(lambda: self._listeners.remove(listener))

    def _change(self, value: T) -> bool:
        """Take a value without telling anybody; whether it is another one."""
        changed, self._value = value != self._value, value
        return changed

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener(self._value)


def set_together(changes: Sequence[tuple[Signal[T], T]]) -> None:
    """Change several signals at the same moment: whoever hears of one finds all of them changed."""
    changed = [signal for signal, value in changes if signal._change(value)]  # pyright: ignore[reportPrivateUsage]
    for signal in changed:
        signal._tell()  # pyright: ignore[reportPrivateUsage]
