"""Proximity pilot: what cable is plugged in. A fault is not "no cable"."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.readings import Reading

__all__ = ["CableState", "ProximityPilot", "ProximityReading"]


class CableState(enum.Enum):
    """What the proximity resistor tells."""

    NO_CABLE = "no-cable"
    CABLE = "cable"
    FAULT = "fault"
    """Shorted, or a resistance that no cable has: do not charge."""


@frozen(kw_only=True)
class ProximityReading(Reading):
    """The cable as measured.

    Attributes:
        cable: what the resistance means.
        ampacity_a: what the cable may carry per phase, A; ``None`` without a valid cable.
        resistance_ohm: as measured, Ω; ``None`` if open.
    """

    cable: CableState
    ampacity_a: float | None
    resistance_ohm: float | None


@runtime_checkable
class ProximityPilot(Protocol):
    """Measures the proximity resistor of a type 2 plug."""

    @abstractmethod
    async def read_cable(self) -> ProximityReading:
        """The cable now."""
