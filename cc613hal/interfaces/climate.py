"""Heaters and fans that keep the inside of a station within its limits."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = ["ClimateControl", "ClimateMode", "ClimateReading"]


class ClimateMode(enum.Enum):
    """What the relay feeds."""

    HEATING = "heating"
    """A heater: on when it is colder than a threshold."""
    VENTILATION = "ventilation"
    """A fan: on when it is warmer than a threshold."""


@frozen(kw_only=True)
class ClimateReading(Reading):
    """What the control does and why.

    Attributes:
        mode: what it feeds.
        on: whether it runs.
        temperature_c: what it was judged by, °C; ``None`` while no temperature is known.
    """

    mode: ClimateMode
    on: bool
    temperature_c: float | None


@runtime_checkable
class ClimateControl(Protocol):
    """Switches a heater or a fan by a temperature, with two thresholds."""

    @abstractmethod
    async def read_climate(self) -> ClimateReading:
        """What it does now."""

    @property
    @abstractmethod
    def switched(self) -> Events[ClimateReading]:
        """Every switching."""
