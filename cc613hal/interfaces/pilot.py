"""Control pilot (IEC 61851-1): raw levels, state A–F, and what the station puts on the wire.

What the station *sends* (:class:`PilotOutput`) and what it *sees* (:class:`PilotState`) are two things and stay two types.
"""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = ["ControlPilot", "PilotOutput", "PilotReading", "PilotState"]


class PilotState(enum.Enum):
    """What the pilot's level says about the vehicle."""

    A = "A"
    """No vehicle (+12 V)."""
    B = "B"
    """Connected, not ready (+9 V)."""
    C = "C"
    """Requests energy (+6 V)."""
    D = "D"
    """Requests energy with ventilation (+3 V)."""
    E = "E"
    """Shorted to PE, or the generator is dead (0 V)."""
    F = "F"
    """The station itself signals a fault (−12 V)."""
    UNKNOWN = "unknown"
    """Between the windows since the start: no valid state has been seen yet."""

    @property
    def connected(self) -> bool:
        """A vehicle is plugged in (B, C or D)."""
        return self in {PilotState.B, PilotState.C, PilotState.D}

    @property
    def wants_energy(self) -> bool:
        """The vehicle closed its S2 (C or D)."""
        return self in {PilotState.C, PilotState.D}


class PilotOutput(enum.Enum):
    """What the station puts on the pilot."""

    STEADY = "X1"
    """+12 V without PWM: not ready."""
    PWM = "X2"
    """PWM: ready, the duty cycle is the offer."""
    FAULT = "F"
    """−12 V: not available."""


@frozen(kw_only=True)
class PilotReading(Reading):
    """The pilot as seen now.

    Attributes:
        state: filtered state; between two windows the last valid one stays.
        high_v: positive level, V.
        low_v: negative level while PWM runs, V; ``None`` without PWM.
        output: what the station sends.
        duty_percent: duty cycle while PWM runs, else ``None``.
        diode_ok: whether the vehicle's diode was proven (low level stays at −12 V); ``None`` without PWM or without a vehicle.
        undefined_s: how long the level has been outside every window.
    """

    state: PilotState
    high_v: float
    low_v: float | None
    output: PilotOutput
    duty_percent: float | None
    diode_ok: bool | None
    undefined_s: float = 0.0


@runtime_checkable
class ControlPilot(Protocol):
    """Generates and measures the control pilot of one connector."""

    @abstractmethod
    async def read(self) -> PilotReading:
        """Levels and state now."""

    @property
    @abstractmethod
    def changes(self) -> Events[PilotReading]:
        """Every change of the filtered state, including short C pulses (B-C-B toggles)."""

    @abstractmethod
    async def offer(self, duty_percent: float) -> None:
        """Run PWM with this duty cycle (X2).

        Args:
            duty_percent: 3 to 97; see :func:`cc613hal.units.duty_for_current`.

        Raises:
            ConfigError: outside 3 to 97 %; the output is left as it was.
        """

    @abstractmethod
    async def steady(self) -> None:
        """Stop PWM, hold +12 V (X1)."""

    @abstractmethod
    async def fault(self) -> None:
        """Hold −12 V (F)."""

    @abstractmethod
    async def check_diode(self) -> bool:
        """Whether the low level stays at −12 V.

        Raises:
            CommandFailed: PWM is not running, so nothing can be proven.
        """
