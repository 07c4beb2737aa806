"""Tilt sensors: has somebody driven into the station?"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = ["TiltReading", "TiltSensor"]


@frozen(kw_only=True)
class TiltReading(Reading):
    """The station's attitude.

    Attributes:
        gravity_g: acceleration along the sensor's axes, in g.
        tilt_deg: angle to the mounting reference, degrees; ``None`` while no reference was taken.
        tilted: the angle has exceeded the threshold for the hold time.
    """

    gravity_g: tuple[float, float, float]
    tilt_deg: float | None
    tilted: bool


@runtime_checkable
class TiltSensor(Protocol):
    """Measures the angle against the mounting reference."""

    @abstractmethod
    async def read_tilt(self) -> TiltReading:
        """The attitude now."""

    @abstractmethod
    async def take_reference(self) -> TiltReading:
        """Make the present attitude the reference.

        Raises:
            CommandFailed: the sensor was not at rest (not 1 g).
        """

    @property
    @abstractmethod
    def changes(self) -> Events[TiltReading]:
        """``tilted`` changed. Published by reading; whoever owns the sensor polls it."""
