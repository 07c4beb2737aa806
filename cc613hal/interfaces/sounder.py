"""Sounders."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import field, frozen

__all__ = ["Beep", "Sounder"]


@frozen
class Beep:
    """A tone followed by a pause.

    Attributes:
        on_s: length of the tone, s.
        off_s: pause after it, s.
        frequency_hz: pitch; ignored by sounders that have one.
    """

    on_s: float = field(default=0.08)
    off_s: float = field(default=0.08)
    frequency_hz: float = field(default=2700.0)


@runtime_checkable
class Sounder(Protocol):
    """Makes short sounds."""

    @abstractmethod
    async def play(self, beeps: tuple[Beep, ...]) -> None:
        """Play a sequence to its end; silent again when cancelled."""
