"""Current limits: each with a source and an expiry; the smallest valid one wins and is named."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

__all__ = ["Limit", "Offer", "effective"]

MIN_OFFER_A = 6.0
"""Below this there is no duty cycle: less means pause (IEC 61851-1 Annex A)."""


@frozen(kw_only=True)
class Limit:
    """A current limit.

    Attributes:
        source: who sets it, as web, log and people shall read it.
        current_a: per phase, A.
        until_s: monotonic time when it ends; ``None`` for no end.
    """

    source: str
    current_a: float
    until_s: float | None = None

    def valid_at(self, now_s: float) -> bool:
        """Whether it still counts."""
        return self.until_s is None or now_s < self.until_s


@frozen(kw_only=True)
class Offer:
    """What the vehicle may draw.

    Attributes:
        current_a: per phase, A; 0 for a pause.
        source: whose limit it is.
    """

    current_a: float
    source: str

    @property
    def pauses(self) -> bool:
        """Too little to be offered."""
        return self.current_a < MIN_OFFER_A


def effective(limits: Iterable[Limit], now_s: float) -> Offer:
    """The smallest valid limit and who set it. Without any, nothing is offered: a station that knows no limit has none to give.

    Args:
        limits: all that were set.
        now_s: monotonic time, s.
    """
    valid = [limit for limit in limits if limit.valid_at(now_s)]
    if not valid:
        return Offer(current_a=0.0, source="no valid limit")
    smallest = min(valid, key=lambda limit: limit.current_a)
    return Offer(current_a=max(0.0, smallest.current_a), source=smallest.source)
