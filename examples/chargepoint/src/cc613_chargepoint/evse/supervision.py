"""What is watched while the contactor is on."""

from __future__ import annotations

__all__ = ["OverCurrentWatch"]


class OverCurrentWatch:
    """Tells when a vehicle draws more than it was offered, for too long.

    The bound is (offer + 0.5 A) × 1.10, sustained for 7 s; a vehicle has 5 s to follow a reduction (public figures of EVerest's
    EvseManager; IEC 61851-1 leaves the switch-off to the station).
    """

    MARGIN_A = 0.5
    FACTOR = 1.10
    SUSTAINED_S = 7.0

    def __init__(self) -> None:
        self._since_s: float | None = None

    def bound_a(self, offered_a: float) -> float:
        """The current that may be exceeded only briefly, A."""
        return (offered_a + self.MARGIN_A) * self.FACTOR

    def exceeded(self, drawn_a: float, offered_a: float, now_s: float) -> bool:
        """Whether the vehicle has been over the bound for the whole time.

        Args:
            drawn_a: highest phase current, A.
            offered_a: what the pilot offers, A.
            now_s: monotonic time of the measurement, s.
        """
        if drawn_a <= self.bound_a(offered_a):
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = now_s
        return now_s - self._since_s >= self.SUSTAINED_S

    def start_over(self) -> None:
        """Forget the past: another vehicle, or the contactor was off."""
        self._since_s = None
