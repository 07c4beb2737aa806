"""How much current a temperature allows: a curve with hysteresis. Pure; who reads the sensor stands in the room ``evse``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from attrs import field, frozen, validators

__all__ = ["Derating", "DeratingCurve"]


def _points(_curve: object, _attribute: object, points: Sequence[tuple[float, float]]) -> None:
    if not points:
        raise ValueError("a derating curve needs at least one point (temperature in °C, current in A)")
    if any(later <= earlier for (earlier, _), (later, _) in pairwise(points)):
        raise ValueError("the temperatures of a derating curve must rise from point to point")
    if any(later > earlier for (_, earlier), (_, later) in pairwise(points)):
        raise ValueError("the currents of a derating curve must not rise with the temperature")
    if any(current < 0.0 for _, current in points):
        raise ValueError("the currents of a derating curve must not be negative")


@frozen(kw_only=True)
class DeratingCurve:
    """The current allowed at a temperature.

    Below the first point nothing is limited. Between two points the current follows the straight line, above the last it is the last
    point's. Two points at nearly the same temperature make a step.

    Attributes:
        points: (temperature in °C, current in A per phase), rising temperatures, falling currents.
        hysteresis_c: how much cooler it must get before more is allowed again, °C.
    """

    points: tuple[tuple[float, float], ...] = field(default=((60.0, 16.0), (75.0, 6.0), (75.1, 0.0)), validator=_points)
    hysteresis_c: float = field(default=3.0, validator=validators.ge(0.0))

    def allowed_a(self, temperature_c: float) -> float | None:
        """The current at a temperature, A per phase; ``None`` for no limit."""
        first_c, first_a = self.points[0]
        if temperature_c < first_c:
            return None
        for (low_c, low_a), (high_c, high_a) in pairwise(self.points):
            if low_c <= temperature_c < high_c:
                return low_a + (high_a - low_a) * (temperature_c - low_c) / (high_c - low_c)
        return self.points[-1][1] if len(self.points) > 1 else first_a


class Derating:
    """Follows a curve down at once, and up only when it got cooler by the hysteresis.

    Args:
        curve: the curve.
    """

    def __init__(self, curve: DeratingCurve) -> None:
        self._curve = curve
        self._judged_c: float | None = None

    def judge(self, temperature_c: float) -> float | None:
        """The current allowed now, A per phase; ``None`` for no limit.

        Args:
            temperature_c: measured now, °C.
        """
        if self._judged_c is None or temperature_c > self._judged_c:
            self._judged_c = temperature_c
        elif temperature_c < self._judged_c - self._curve.hysteresis_c:
            self._judged_c = temperature_c + self._curve.hysteresis_c
        return self._curve.allowed_a(self._judged_c)
