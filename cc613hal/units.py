"""Conversions of the field: pilot duty cycle and current, proximity resistor and cable, gravity.

Pure functions; every figure carries its source.
"""

from __future__ import annotations

import math

__all__ = [
    "GRAVITY_M_S2",
    "MIN_CURRENT_A",
    "current_for_duty",
    "duty_for_current",
    "rtu_character_s",
    "rtu_silence_s",
    "tilt_deg",
]

GRAVITY_M_S2 = 9.80665
"""Standard gravity (ISO 80000-3)."""

MIN_CURRENT_A = 6.0
"""Smallest current a duty cycle can offer; anything less is a pause (IEC 61851-1 Annex A, as published in J1772 references)."""

_LOW_SLOPE_A = 0.6
"""A per % from 10 % to 85 % (OpenEVSE, "Basics of SAE J1772")."""
_HIGH_SLOPE_A = 2.5
"""A per % above 64 %, from 85 % to 96 % (same source)."""


def duty_for_current(current_a: float) -> float | None:
    """The pilot duty cycle, in percent, that offers ``current_a``; ``None`` if it is too small to be offered at all.

    Between 51 A and 52.5 A there is no duty cycle: 85 % (51 A) is returned. Above 80 A the result stays at 96 %.

    Args:
        current_a: amperes per phase.
    """
    if not current_a >= MIN_CURRENT_A:  # not a number is no offer either
        return None
    if current_a <= 85.0 * _LOW_SLOPE_A:
        return min(current_a / _LOW_SLOPE_A, 85.0)
    if current_a < _HIGH_SLOPE_A * (85.0 - 64.0):
        return 85.0
    return min(current_a / _HIGH_SLOPE_A + 64.0, 96.0)


def current_for_duty(duty_percent: float) -> float | None:
    """The current a vehicle may draw at a duty cycle, in A; 0 where charging is not allowed, ``None`` where the digital
    protocol (ISO 15118, 3 % to 7 %) decides.

    Args:
        duty_percent: 0 to 100.
    """
    if duty_percent < 3.0:
        return 0.0
    if duty_percent <= 7.0:
        return None
    if duty_percent < 8.0:
        return 0.0
    if duty_percent < 10.0:
        return MIN_CURRENT_A
    if duty_percent <= 85.0:
        return duty_percent * _LOW_SLOPE_A
    if duty_percent <= 96.0:
        return (duty_percent - 64.0) * _HIGH_SLOPE_A
    return 80.0 if duty_percent <= 97.0 else 0.0


def rtu_character_s(baud: int, *, parity: bool = False, stop_bits: int = 1, data_bits: int = 8) -> float:
    """Seconds one character takes on a serial line: start, data, parity and stop bits at ``baud``."""
    return (1 + data_bits + int(parity) + stop_bits) / baud


def rtu_silence_s(baud: int) -> float:
    """The silence that separates Modbus RTU frames, in seconds.

    3.5 characters of 11 bits up to 19200 Bd, fixed 1.75 ms above (MODBUS over Serial Line V1.02, section 2.5.1.1).
    """
    return 3.5 * 11 / baud if baud <= 19200 else 0.00175


def tilt_deg(gravity: tuple[float, float, float], reference: tuple[float, float, float]) -> float:
    """The angle between two gravity vectors, in degrees (0 to 180).

    Args:
        gravity: what the sensor measures now, any unit.
        reference: what it measured when mounted, same unit.

    Raises:
        ValueError: one of the vectors has no length.
    """
    length = math.hypot(*gravity) * math.hypot(*reference)
    if length == 0.0:
        raise ValueError("a gravity vector without length has no direction")
    cosine = math.fsum(a * b for a, b in zip(gravity, reference, strict=True)) / length
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
