"""How two controllers share one supply. Pure: amperes and times in, amperes out.

What one side was allowed counts as drawn until it cannot be any more: its vehicle has had its time to follow, or the lease has ended. Only
what is left is given to the other side. So whatever the link does, both together never get more than the supply.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field

from cc613_chargepoint.domain.limit import MIN_OFFER_A

__all__ = ["SETTLE_S", "SharedSupply"]

SETTLE_S = 5.0
"""How long a vehicle may take to follow a lower duty cycle (IEC 61851-1 Table A.6 sequence 6, as public implementations cite it)."""


@define
class _Own:
    """What a connector of the master is allowed, and what it may still draw from before."""

    now_a: float = 0.0
    before: list[tuple[float, float]] = field(factory=list[tuple[float, float]])

    def set(self, current_a: float, now_s: float) -> None:
        if current_a < self.now_a:
            self.before.append((self.now_a, now_s + SETTLE_S))
        self.now_a = current_a

    def at_most(self, now_s: float) -> float:
        self.before = [each for each in self.before if each[1] > now_s]
        return max([self.now_a, *(amount for amount, _ in self.before)])


@define
class _Grant:
    number: int
    current_a: float
    until_s: float


class SharedSupply:
    """Divides a supply between the master's own connectors and its slave's.

    Args:
        total_a: of the supply, A per phase.
        own: numbers of the master's connectors.
        remote: number of the slave's connector.
        safe_a: what the slave draws at most without a master, A per phase: always kept for it.
        until_s: monotonic time until which a slave may still obey a lease of the last run, whatever that was, s.
    """

    def __init__(self, total_a: float, own: Iterable[int], remote: int, *, safe_a: float, until_s: float) -> None:
        self.total_a = total_a
        self.safe_a = min(safe_a, total_a)
        self._own = {number: _Own() for number in own}
        self._remote = remote
        self._grants: list[_Grant] = [_Grant(0, total_a, until_s)]

    # -- what is known of the slave -------------------------------------------------------------------------------------------------------

    def remote_at_most(self, now_s: float) -> float:
        """What the slave may draw now, A per phase."""
        self._grants = [grant for grant in self._grants if grant.until_s > now_s]
        return max([self.safe_a, *(grant.current_a for grant in self._grants)])

    def met(self, allowed_a: float, now_s: float, until_s: float) -> None:
        """A conversation begins, and no older lease is on its way any more.

        Args:
            allowed_a: what the slave says it may draw by one that it has, A per phase.
            now_s: monotonic time, s.
            until_s: when that is over at the latest, s.
        """
        for grant in self._grants:
            grant.number = 0
            if grant.current_a > allowed_a:
                grant.until_s = min(grant.until_s, now_s + SETTLE_S)
        self._grants.append(_Grant(0, allowed_a, until_s))

    def granted(self, number: int, current_a: float, until_s: float) -> None:
        """A lease goes out."""
        last = self._grants[-1] if self._grants else None
        if last is not None and last.number > 0 and last.current_a == current_a:
            last.number, last.until_s = number, max(last.until_s, until_s)
        else:
            self._grants.append(_Grant(number, current_a, until_s))

    def obeyed(self, number: int, now_s: float) -> None:
        """The slave obeys this lease; its vehicle has its time to follow."""
        for grant in self._grants:
            if grant.number < number:
                grant.until_s = min(grant.until_s, now_s + SETTLE_S)

    # -- the division ---------------------------------------------------------------------------------------------------------------------

    def divide(self, wanting: Sequence[int], now_s: float) -> Mapping[int, float]:
        """What each connector may have now, A per phase; look again every second, because it may be more when others have followed.

        Args:
            wanting: the connectors that charge or want to, in the order in which they came.
            now_s: monotonic time, s.
        """
        targets = self._targets(wanting)
        for number, own in self._own.items():
            others = sum(each.at_most(now_s) for key, each in self._own.items() if key != number)
            own.set(_floor(min(targets[number], self.total_a - others - self.remote_at_most(now_s))), now_s)
        left_a = self.total_a - sum(each.at_most(now_s) for each in self._own.values())
        return {
            **{number: own.now_a for number, own in self._own.items()},
            self._remote: max(self.safe_a, _floor(min(targets[self._remote], left_a))),
        }

    def _targets(self, wanting: Sequence[int]) -> dict[int, float]:
        """What each shall have in the end: as many as can be given a charge, in the order in which they came, share alike."""
        known = [number for number in wanting if number in self._own or number == self._remote]
        for count in range(len(known), 0, -1):
            shares = self._alike(known[:count])
            if all(shares[number] >= MIN_OFFER_A for number in known[:count]):
                return shares
        alone = [self._remote] if self._remote in known else known[:1]
        return self._alike(alone)

    def _alike(self, served: Sequence[int]) -> dict[int, float]:
        own = [number for number in served if number != self._remote]
        remote_a = self.safe_a if self._remote not in served else max(self.safe_a, self.total_a / len(served))
        share_a = (self.total_a - remote_a) / len(own) if own else 0.0
        return {**dict.fromkeys(self._own, 0.0), **dict.fromkeys(own, share_a), self._remote: remote_a}


def _floor(current_a: float) -> float:
    """Down to a tenth of an ampere, never below zero."""
    return max(0.0, math.floor(current_a * 10.0 + 1e-6) / 10.0)
