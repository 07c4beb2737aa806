"""How fast an offer may follow a limit: down at once, up no more often than every five seconds."""

from __future__ import annotations

__all__ = ["OfferPacing"]

RAISE_SPACING_S = 5.0
"""Shortest time between a change of the duty cycle and the next raise (IEC 61851-1 Table A.6, as public implementations cite it)."""


class OfferPacing:
    """Decides when the pilot may show another current."""

    def __init__(self) -> None:
        self._shown_a = 0.0
        self._changed_s = float("-inf")

    def wait_s(self, wanted_a: float, now_s: float) -> float:
        """Seconds until ``wanted_a`` may be shown; 0 for now. A reduction never waits.

        Args:
            wanted_a: A per phase.
            now_s: monotonic time, s.
        """
        if wanted_a <= self._shown_a:
            return 0.0
        return max(0.0, self._changed_s + RAISE_SPACING_S - now_s)

    def shown(self, current_a: float, now_s: float) -> None:
        """Remember what is shown."""
        if current_a != self._shown_a:
            self._shown_a, self._changed_s = current_a, now_s

    def start_over(self) -> None:
        """A new vehicle: its first offer waits for nothing."""
        self._shown_a, self._changed_s = 0.0, float("-inf")
