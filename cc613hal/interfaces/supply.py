"""Supply monitors: brown-out and mains loss."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = ["SupplyMonitor", "SupplyReading", "SupplyState"]


class SupplyState(enum.Enum):
    """How the controller's supply is doing."""

    GOOD = "good"
    FAILING = "failing"
    """Below the threshold: seconds or less remain. Contactor off, then release the plug."""
    MAINS_LOST = "mains-lost"
    """The controller is fed, the vehicle's mains is gone."""


@frozen(kw_only=True)
class SupplyReading(Reading):
    """The supply as seen.

    Attributes:
        state: the verdict.
        supply_v: the controller's supply (12 V nominal); ``None`` if only a line tells.
        mains_present: mains at the contactor's input; ``None`` if not sensed.
    """

    state: SupplyState
    supply_v: float | None = None
    mains_present: bool | None = None


@runtime_checkable
class SupplyMonitor(Protocol):
    """Watches the controller's supply."""

    @abstractmethod
    async def read_supply(self) -> SupplyReading:
        """The supply now."""

    @property
    @abstractmethod
    def changes(self) -> Events[SupplyReading]:
        """Changes of state, in the loop iteration in which the edge arrives."""
