"""Presence sensors: is the parking bay taken?"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = ["PresenceReading", "PresenceSensor"]


@frozen(kw_only=True)
class PresenceReading(Reading):
    """The bay as seen.

    Attributes:
        occupied: debounced occupancy; ``None`` while it is not known.
        distance_mm: to the nearest object, where the sensor measures it.
        signal: strength as the sensor gives it, where it does.
    """

    occupied: bool | None
    distance_mm: float | None = None
    signal: float | None = None


@runtime_checkable
class PresenceSensor(Protocol):
    """Watches one parking bay."""

    @abstractmethod
    async def read_presence(self) -> PresenceReading:
        """The bay now."""

    @property
    @abstractmethod
    def changes(self) -> Events[PresenceReading]:
        """Debounced changes of occupancy."""
