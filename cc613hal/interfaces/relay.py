"""Auxiliary relays (fan, heater, shunt release)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

__all__ = ["Relay"]


@runtime_checkable
class Relay(Protocol):
    """A relay for auxiliaries; a vehicle is fed by a contactor, never by this."""

    @abstractmethod
    async def switch_on(self) -> None:
        """Energise."""

    @abstractmethod
    async def switch_off(self) -> None:
        """De-energise."""

    @property
    @abstractmethod
    def is_on(self) -> bool:
        """What was last commanded."""
