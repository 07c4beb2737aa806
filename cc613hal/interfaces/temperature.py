"""Temperature sensors."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.readings import Reading

__all__ = ["TemperatureReading", "TemperatureSensor"]


@frozen(kw_only=True)
class TemperatureReading(Reading):
    """A temperature, in °C."""

    temperature_c: float


@runtime_checkable
class TemperatureSensor(Protocol):
    """Measures one temperature."""

    @abstractmethod
    async def read(self) -> TemperatureReading:
        """The temperature now.

        Raises:
            ImplausibleReading: outside what the part can measure: open, shorted or unpowered, never weather.
        """
