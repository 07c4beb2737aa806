"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
from collections.abc import Callable

from attrs import define, field

__all__ = ["Backoff", "SetBackoff"]


@define
class Backoff:
    """Doubles from attempt to attempt, with jitter, so that a thousand stations do not return in the same second.

    Call :meth:`reset` once the connection is *stable*: a server that accepts and then drops would otherwise be asked without pause.

    Attributes:
        first_s: around which the first pause lies, s.
        longest_s: no pause is longer, s.
        chance: 0 to 1, for the jitter.
    """

    first_s: float = 2.0
    longest_s: float = 120.0
    chance: Callable[[], float] = random.random
    _failures: int = field(default=0, init=False)

    def next_s(self) -> float:
        """The pause before the next attempt: between half and the whole of what the number of failures makes, s."""
        whole_s = min(self.longest_s, self.first_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return whole_s * (0.5 + 0.5 * self.chance())

    def reset(self) -> None:
        """The connection is stable: the next failure is the first again."""
        self._failures = 0


@define
class SetBackoff(Backoff):
    """As backends set it (2.0.1: RetryBackOffWaitMinimum, RetryBackOffRepeatTimes, RetryBackOffRandomRange).

    Attributes:
        shape: the first pause, s; how often it doubles; how much may be added by chance, s. Asked anew each time.
    """

    shape: Callable[[], tuple[float, int, float]] = lambda: (2.0, 6, 5.0)

    def next_s(self) -> float:
        """The pause before the next attempt, s."""
        first_s, repeats, spread_s = self.shape()
        whole_s = first_s * 2.0 ** min(self._failures, repeats)
        self._failures += 1
        return whole_s + spread_s * self.chance()
