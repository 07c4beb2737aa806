"""Meters: power, energy, phases. Meters that sign what they say are in :mod:`cc613hal.interfaces.signed_meter`.

Positive is towards the vehicle (import from the grid's view). A driver offers the capabilities its meter has; a Modbus meter
usually has the first four.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.readings import Energy, PhaseValues, Reading

__all__ = [
    "EnergyMeter",
    "EnergyReading",
    "MeterReading",
    "PhaseMeter",
    "PhaseReading",
    "PowerMeter",
    "PowerReading",
    "SnapshotMeter",
]


@frozen(kw_only=True)
class PowerReading(Reading):
    """Active power, in W; positive towards the vehicle."""

    power_w: float


@frozen(kw_only=True)
class EnergyReading(Reading):
    """Energy counters.

    Attributes:
        imported: energy towards the vehicle since the meter was made.
        exported: energy back from the vehicle; ``None`` if the meter does not count it.
    """

    imported: Energy
    exported: Energy | None = None


@frozen(kw_only=True)
class PhaseReading(Reading):
    """Values per phase conductor.

    Attributes:
        voltage_v: to neutral, V.
        current_a: A; the sign follows the power where the meter tells.
        power_w: active power, W.
        frequency_hz: mains frequency; ``None`` if not measured.
    """

    voltage_v: PhaseValues
    current_a: PhaseValues
    power_w: PhaseValues
    frequency_hz: float | None = None


@frozen(kw_only=True)
class MeterReading(PhaseReading):
    """Everything a charging session needs, taken as one group with one time stamp.

    Attributes:
        total_power_w: active power of all phases, W.
        energy: the counters; ``None`` if the meter has none.
    """

    total_power_w: float
    energy: EnergyReading | None = None


@runtime_checkable
class PowerMeter(Protocol):
    """Measures active power."""

    @abstractmethod
    async def read_power(self) -> PowerReading:
        """Active power now, in W."""


@runtime_checkable
class EnergyMeter(Protocol):
    """Counts energy."""

    @abstractmethod
    async def read_energy(self) -> EnergyReading:
        """The counters now."""


@runtime_checkable
class PhaseMeter(Protocol):
    """Measures each phase."""

    @abstractmethod
    async def read_phases(self) -> PhaseReading:
        """Voltages, currents and powers now."""


@runtime_checkable
class SnapshotMeter(Protocol):
    """Reads everything a session needs in the fewest transactions, with one time stamp."""

    @abstractmethod
    async def read_all(self) -> MeterReading:
        """Phases, total power and energy as one group."""
