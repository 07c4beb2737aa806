"""Readings: what was measured, when, by whom, and how good it is.

A reading is a frozen value. The unit is in the field's name (``power_w``); positive power and current flow towards the vehicle;
a value that is not available is ``None``, never NaN and never zero. Energy for billing is :class:`decimal.Decimal` together with
the raw register it came from.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from decimal import Decimal

from attrs import field, frozen

from cc613hal.clock import Stamp
from cc613hal.errors import ImplausibleReading

__all__ = ["Energy", "PhaseValues", "Quality", "Reading", "finite"]


class Quality(enum.Enum):
    """How far a reading can be used."""

    GOOD = "good"
    """Measured now, inside the part's range."""
    STALE = "stale"
    """True once, older than its source should deliver."""
    SUSPECT = "suspect"
    """Measured, but something about it is doubtful; the source's documentation says what."""
    BAD = "bad"
    """Not to be used for any decision but a safe one."""


@frozen(kw_only=True)
class Reading:
    """Base of all readings.

    Attributes:
        stamp: when it was measured (monotonic and wall time with clock state).
        source: the device as the board file names it.
        quality: how far it can be used.
    """

    stamp: Stamp
    source: str
    quality: Quality = Quality.GOOD


@frozen
class PhaseValues:
    """One value per phase conductor, in the unit of the field that holds it; ``None`` where not measured."""

    l1: float | None = None
    l2: float | None = None
    l3: float | None = None

    def known(self) -> tuple[float, ...]:
        """The values that are present."""
        return tuple(value for value in (self.l1, self.l2, self.l3) if value is not None)

    def total(self) -> float | None:
        """Sum of the present values; ``None`` if there is none."""
        known = self.known()
        return math.fsum(known) if known else None

    def highest(self) -> float | None:
        """Largest magnitude among the present values; ``None`` if there is none."""
        known = self.known()
        return max(map(abs, known)) if known else None


def _words(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(values)


@frozen
class Energy:
    """A billing-grade energy counter.

    Attributes:
        wh: the counter in watt hours, exact.
        raw: the register words it came from, in wire order; empty where the source has none.
        register: which register, as the register map names it.
    """

    wh: Decimal
    raw: tuple[int, ...] = field(default=(), converter=_words)
    register: str = ""

    @property
    def kwh(self) -> Decimal:
        """The counter in kilowatt hours, exact."""
        return self.wh.scaleb(-3)


def finite(value: float, *, what: str, device: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A value that is a number and inside its physical range.

    Args:
        value: the measured value.
        what: the quantity with its unit, for the message.
        device: who measured.
        low: smallest value the part can measure.
        high: largest value the part can measure.

    Raises:
        ImplausibleReading: NaN, infinite, or outside the range.
    """
    if math.isfinite(value) and low <= value <= high:
        return value
    raise ImplausibleReading(
        f"{what} reads {value!r}, possible is {low:g} to {high:g}",
        device=device,
        hint="check the sensor and its wiring for an open or short circuit",
    )
