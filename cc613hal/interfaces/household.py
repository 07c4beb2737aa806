"""Household sockets (CEE 7): no pilot, no proximity; the station sees switches and breakers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = ["HouseholdReading", "HouseholdSocket"]


@frozen(kw_only=True)
class HouseholdReading(Reading):
    """The socket as seen.

    Attributes:
        plugged: a plug is in; ``None`` without a plug switch.
        flap_closed: the flap is closed; ``None`` without a flap switch.
        breaker_ok: the upstream MCB is closed; ``None`` without an auxiliary contact.
        rcd_ok: the upstream RCD is closed; ``None`` without an auxiliary contact.
    """

    plugged: bool | None
    flap_closed: bool | None
    breaker_ok: bool | None
    rcd_ok: bool | None


@runtime_checkable
class HouseholdSocket(Protocol):
    """A household socket with its auxiliary contacts; its contactor is a device of its own."""

    @property
    @abstractmethod
    def max_current_a(self) -> float:
        """What the socket may carry continuously, A."""

    @abstractmethod
    async def read_socket(self) -> HouseholdReading:
        """The contacts now."""

    @property
    @abstractmethod
    def changes(self) -> Events[HouseholdReading]:
        """Every debounced change."""
