"""The closed vocabulary of register maps: what a register may mean, in which unit, with which sign.

A map that uses another word is refused, so that ``energy_import`` means the same in every meter. Plausible ranges are wide on
purpose: they find a wrong word order or a wrong scale, not an overload.
"""

from __future__ import annotations

import enum
import math
from decimal import Decimal

from attrs import frozen

__all__ = ["CORE", "QUANTITIES", "UNIT_FACTORS", "Group", "Quantity", "Shape"]


class Shape(enum.Enum):
    """What kind of value a quantity has."""

    NUMBER = "number"
    """A float, in the quantity's unit."""
    COUNTER = "counter"
    """A :class:`~decimal.Decimal` that only grows."""
    INTEGER = "integer"
    """A whole number without unit: codes, exponents."""
    TEXT = "text"
    """Characters; a number in the register becomes its digits."""


class Group(enum.Enum):
    """How often a quantity is worth reading."""

    FAST = "fast"
    SLOW = "slow"
    ONCE = "once"


@frozen(kw_only=True)
class Quantity:
    """One word of the vocabulary.

    Attributes:
        name: the word.
        unit: its unit; ``""`` for none.
        shape: kind of value.
        group: how often it is worth reading, unless a map says otherwise.
        low: smallest value that can be true, in ``unit``.
        high: largest value that can be true, in ``unit``.
        directed: its sign turns when the meter is mounted the other way round.
        opposite: the quantity it changes places with when the meter is mounted the other way round; ``""`` for none.
        transformed: a current transformer in front of the meter scales it.
    """

    name: str
    unit: str = ""
    shape: Shape = Shape.NUMBER
    group: Group = Group.FAST
    low: float = -math.inf
    high: float = math.inf
    directed: bool = False
    opposite: str = ""
    transformed: bool = False


UNIT_FACTORS: dict[str, dict[str, Decimal]] = {
    "V": {"V": Decimal(1), "mV": Decimal("0.001"), "kV": Decimal(1000)},
    "A": {"A": Decimal(1), "mA": Decimal("0.001")},
    "W": {"W": Decimal(1), "kW": Decimal(1000), "mW": Decimal("0.001")},
    "var": {"var": Decimal(1), "kvar": Decimal(1000)},
    "VA": {"VA": Decimal(1), "kVA": Decimal(1000)},
    "Wh": {"Wh": Decimal(1), "kWh": Decimal(1000), "MWh": Decimal(1000000), "mWh": Decimal("0.001")},
    "varh": {"varh": Decimal(1), "kvarh": Decimal(1000)},
    "Hz": {"Hz": Decimal(1), "mHz": Decimal("0.001")},
    "°C": {"°C": Decimal(1)},
    "1": {"1": Decimal(1), "": Decimal(1), "%": Decimal("0.01")},
    "": {"": Decimal(1)},
}
"""Units a map may write for a quantity of a unit, and what multiplies them into it."""

_PHASES = ("_l1", "_l2", "_l3")
_POWER_LIMIT = 10e6
_EXPONENTS = (
    "current",
    "voltage",
    "power",
    "apparent_power",
    "reactive_power",
    "power_factor",
    "frequency",
    "energy",
    "energy_import",
    "energy_export",
)


def _vocabulary() -> dict[str, Quantity]:
    found: list[Quantity] = []
    for phase in _PHASES:
        found.append(Quantity(name=f"voltage{phase}", unit="V", low=0.0, high=1000.0))
        found.append(Quantity(name=f"current{phase}", unit="A", low=-10000.0, high=10000.0, transformed=True))
    found.extend(
        Quantity(name=f"voltage_{pair}", unit="V", low=0.0, high=1800.0) for pair in ("l1_l2", "l2_l3", "l3_l1", "mean_ln", "mean_ll")
    )
    found.append(Quantity(name="current_n", unit="A", low=-10000.0, high=10000.0, transformed=True))
    found.append(Quantity(name="current_mean", unit="A", low=-10000.0, high=10000.0, transformed=True))
    for phase in ("", *_PHASES):
        found.extend(_powers(phase))
        found.extend(_counters(phase))
    found.append(Quantity(name="energy_total", unit="Wh", shape=Shape.COUNTER, group=Group.SLOW, low=0.0, transformed=True))
    found.append(Quantity(name="frequency", unit="Hz", low=10.0, high=100.0))
    found.append(Quantity(name="temperature", unit="°C", group=Group.SLOW, low=-60.0, high=200.0))
    found.extend(Quantity(name=name, shape=Shape.INTEGER) for name in ("phase_sequence", *(f"exponent_{name}" for name in _EXPONENTS)))
    found.extend(Quantity(name=name, shape=Shape.INTEGER, group=Group.ONCE) for name in ("type_code", "application"))
    texts = ("vendor", "model", "serial_number", "firmware", "hardware")
    found.extend(Quantity(name=name, shape=Shape.TEXT, group=Group.ONCE) for name in texts)
    return {quantity.name: quantity for quantity in found}


def _powers(phase: str) -> list[Quantity]:
    limit = _POWER_LIMIT
    return [
        Quantity(name=f"power{phase}", unit="W", low=-limit, high=limit, directed=True, transformed=True),
        Quantity(name=f"power_import{phase}", unit="W", low=0.0, high=limit, opposite=f"power_export{phase}", transformed=True),
        Quantity(name=f"power_export{phase}", unit="W", low=0.0, high=limit, opposite=f"power_import{phase}", transformed=True),
        Quantity(name=f"reactive_power{phase}", unit="var", low=-limit, high=limit, directed=True, transformed=True),
        Quantity(name=f"apparent_power{phase}", unit="VA", low=-limit, high=limit, transformed=True),
        Quantity(name=f"power_factor{phase}", unit="1", low=-1.001, high=1.001),
    ]


def _counters(phase: str) -> list[Quantity]:
    made: list[Quantity] = []
    for word, unit in (("energy", "Wh"), ("reactive_energy", "varh")):
        for way, other in (("import", "export"), ("export", "import")):
            made.append(
                Quantity(
                    name=f"{word}_{way}{phase}",
                    unit=unit,
                    shape=Shape.COUNTER,
                    group=Group.SLOW,
                    low=0.0,
                    opposite=f"{word}_{other}{phase}",
                    transformed=True,
                )
            )
    return made


QUANTITIES: dict[str, Quantity] = _vocabulary()
"""Every word a register map may use."""

CORE: tuple[str, ...] = (
    *(f"{what}{phase}" for what in ("voltage", "current", "power") for phase in _PHASES),
    "power",
    "frequency",
    "energy_import",
    "energy_export",
)
"""What a charging session needs: voltage, current and power per phase, total power, frequency, both energy counters."""
