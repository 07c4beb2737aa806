"""Platinum resistance thermometers: Callendar–Van Dusen, both ways. Pure.

R(t) = R0·(1 + A·t + B·t²) from 0 °C up, and R0·(1 + A·t + B·t² + C·(t − 100 °C)·t³) below (IEC 60751).
"""

from __future__ import annotations

import math

__all__ = ["HIGHEST_C", "LOWEST_C", "celsius", "ohm"]

A = 3.9083e-3
B = -5.775e-7
C = -4.183e-12
"""Coefficients of IEC 60751 (industrial platinum, 3851 ppm/K)."""

LOWEST_C, HIGHEST_C = -200.0, 850.0
"""Where the curve is defined."""


def ohm(temperature_c: float, r0_ohm: float) -> float:
    """Resistance at a temperature, Ω.

    Args:
        temperature_c: °C.
        r0_ohm: at 0 °C: 100 for a PT100, 1000 for a PT1000.
    """
    t = temperature_c
    return r0_ohm * (1 + A * t + B * t * t + (C * (t - 100) * t**3 if t < 0 else 0.0))


def celsius(resistance_ohm: float, r0_ohm: float) -> float:
    """Temperature of a resistance, °C; minus infinity or infinity beyond the curve.

    Args:
        resistance_ohm: Ω.
        r0_ohm: at 0 °C.
    """
    if resistance_ohm < ohm(LOWEST_C, r0_ohm):
        return -math.inf
    if resistance_ohm > ohm(HIGHEST_C, r0_ohm):
        return math.inf
    ratio = resistance_ohm / r0_ohm
    t = (-A + math.sqrt(A * A - 4 * B * (1 - ratio))) / (2 * B)
    if t >= 0:
        return t + 0.0  # −0 is 0
    for _ in range(4):  # Newton: the quadratic is 2 K off at the cold end, and each step squares that
        slope = A + 2 * B * t + C * (4 * t**3 - 300 * t * t)
        t -= (1 + A * t + B * t * t + C * (t - 100) * t**3 - ratio) / slope
    return t
