"""Digital inputs and outputs as devices, wherever their pin is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = ["DigitalInput", "DigitalOutput", "DigitalReading"]


@frozen(kw_only=True)
class DigitalReading(Reading):
    """A logical level; polarity is already applied.

    Attributes:
        active: the meaning of the line is true.
    """

    active: bool


@runtime_checkable
class DigitalInput(Protocol):
    """One input (optocoupler, switch, auxiliary contact)."""

    @abstractmethod
    async def read_input(self) -> DigitalReading:
        """The level now."""

    @property
    @abstractmethod
    def changes(self) -> Events[DigitalReading]:
        """Debounced changes."""


@runtime_checkable
class DigitalOutput(Protocol):
    """One output that drives nothing dangerous."""

    @abstractmethod
    async def write_output(self, active: bool) -> None:
        """Set the level."""

    @property
    @abstractmethod
    def output(self) -> bool:
        """The level that was last set."""
