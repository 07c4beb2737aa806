"""Indicator lights: patterns as data, so that a white-label product changes a table, not code."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

__all__ = ["BLACK", "Colour", "Indicator", "Motion", "Pattern"]


@frozen
class Colour:
    """Brightness of each primary, 0 to 1."""

    red: float
    green: float
    blue: float


BLACK = Colour(0.0, 0.0, 0.0)


class Motion(enum.Enum):
    """How a pattern moves."""

    STEADY = "steady"
    BLINK = "blink"
    ROTATE = "rotate"
    """One light after the other."""
    TOGETHER = "together"
    """All colours at once, each on its own light."""


@frozen(kw_only=True)
class Pattern:
    """What the lights do.

    Attributes:
        colours: one colour for all lights, or one per light.
        motion: how they move.
        period_s: of one blink or one turn, s; ignored when steady.
        lights: how many lights take part; 0 for all.
    """

    colours: tuple[Colour, ...]
    motion: Motion = Motion.STEADY
    period_s: float = 1.0
    lights: int = 0


@runtime_checkable
class Indicator(Protocol):
    """One or more coloured lights."""

    @property
    @abstractmethod
    def lights(self) -> int:
        """How many lights there are."""

    @abstractmethod
    async def show(self, pattern: Pattern) -> None:
        """Show a pattern until the next call; the driver keeps it moving."""

    @property
    @abstractmethod
    def shown(self) -> Pattern | None:
        """The pattern that is shown; ``None`` before the first and after the lights went dark."""

    @abstractmethod
    async def dark(self) -> None:
        """Switch every light off."""
