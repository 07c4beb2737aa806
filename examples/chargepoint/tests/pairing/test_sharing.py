"""One supply for two controllers: whatever happens, both together are never allowed more than it gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cc613_chargepoint.pairing.sharing import SETTLE_S, SharedSupply

LEASE_S = 10.0


def fresh(total_a: float = 32.0, own: tuple[int, ...] = (1,), safe_a: float = 6.0) -> SharedSupply:
    """A supply whose slave has no lease of an earlier run any more."""
    return SharedSupply(total_a, own, 2, safe_a=safe_a, until_s=0.0)


@pytest.mark.parametrize(
    ("total_a", "safe_a", "wanting", "shares"),
    [
        (32.0, 6.0, [], {1: 0.0, 2: 6.0}),  # the slave keeps what it would take anyway
        (32.0, 6.0, [1], {1: 26.0, 2: 6.0}),
        (32.0, 6.0, [2], {1: 0.0, 2: 32.0}),
        (32.0, 6.0, [1, 2], {1: 16.0, 2: 16.0}),
        (32.0, 0.0, [1], {1: 32.0, 2: 0.0}),
        (32.0, 20.0, [1, 2], {1: 12.0, 2: 20.0}),  # half would be less than the slave is safe to take
        (10.0, 6.0, [2, 1], {1: 0.0, 2: 10.0}),  # too little for two: who came first is served
        (10.0, 0.0, [1, 2], {1: 10.0, 2: 0.0}),
        (10.0, 6.0, [1, 2], {1: 0.0, 2: 10.0}),  # unless the slave's safe current leaves the first one nothing to charge with
        (10.0, 6.0, [1], {1: 4.0, 2: 6.0}),
        (25.0, 0.0, [1, 2], {1: 12.5, 2: 12.5}),
        (20.05, 0.0, [1, 2], {1: 10.0, 2: 10.0}),  # down to a tenth
        (6.0, 8.0, [1], {1: 0.0, 2: 6.0}),  # a safe current above the supply is the supply
    ],
)
def test_who_gets_what(total_a: float, safe_a: float, wanting: list[int], shares: dict[int, float]) -> None:
    assert fresh(total_a, safe_a=safe_a).divide(wanting, 100.0) == shares


def test_three_connectors_share_and_the_last_waits() -> None:
    supply = SharedSupply(16.0, (1, 3), 2, safe_a=0.0, until_s=0.0)
    assert supply.divide([3, 2, 1], 100.0) == {3: 8.0, 2: 8.0, 1: 0.0}


def test_the_slave_gives_back_before_the_master_takes() -> None:
    supply = fresh()
    assert supply.divide([2], 0.0)[2] == 32.0
    supply.granted(1, 32.0, LEASE_S + SETTLE_S)
    assert supply.divide([2, 1], 1.0) == {1: 0.0, 2: 16.0}  # it is told to give back, and has not yet
    supply.granted(2, 16.0, 1.0 + LEASE_S + SETTLE_S)
    assert supply.divide([2, 1], 2.0)[1] == 0.0
    supply.obeyed(2, 2.0)
    assert supply.divide([2, 1], 2.0 + SETTLE_S - 0.1)[1] == 0.0  # its vehicle has its time to follow
    assert supply.divide([2, 1], 2.0 + SETTLE_S)[1] == 16.0


def test_a_slave_that_is_not_heard_gives_back_when_its_lease_has_ended() -> None:
    supply = fresh()
    supply.divide([2], 0.0)
    supply.granted(1, 32.0, LEASE_S + SETTLE_S)
    assert supply.divide([1], LEASE_S + SETTLE_S - 0.1)[1] == 0.0
    assert supply.divide([1], LEASE_S + SETTLE_S)[1] == 26.0  # its safe current stays kept for it


def test_the_master_gives_back_before_the_slave_takes() -> None:
    supply = fresh()
    assert supply.divide([1], 0.0)[1] == 26.0
    assert supply.divide([1, 2], 1.0) == {1: 16.0, 2: 6.0}
    assert supply.divide([1, 2], 1.0 + SETTLE_S) == {1: 16.0, 2: 16.0}


def test_after_a_start_the_slave_may_still_obey_the_last_run() -> None:
    supply = SharedSupply(32.0, (1,), 2, safe_a=6.0, until_s=15.0)
    assert supply.divide([1], 0.0)[1] == 0.0
    assert supply.divide([1], 15.0)[1] == 26.0


def test_a_slave_that_says_what_it_has_shortens_that() -> None:
    supply = SharedSupply(32.0, (1,), 2, safe_a=6.0, until_s=60.0)
    supply.met(16.0, 1.0, 16.0)
    assert supply.divide([1], 1.0)[1] == 0.0
    assert supply.divide([1], 1.0 + SETTLE_S)[1] == 16.0
    assert supply.divide([1], 16.0)[1] == 26.0


class Sharing(RuleBasedStateMachine):
    """A slave that obeys what it hears, late or never, beside a model of what it may draw at most."""

    @initialize(total_a=st.floats(6.0, 80.0), safe_a=st.floats(0.0, 32.0), own=st.sampled_from([(1,), (1, 3)]), held_a=st.floats(0.0, 80.0))
    def begin(self, total_a: float, safe_a: float, own: tuple[int, ...], held_a: float) -> None:
        self.now_s, self.wanting = 0.0, []
        self.safe_a, self.total_a = min(safe_a, total_a), total_a
        self.supply = SharedSupply(total_a, own, 2, safe_a=safe_a, until_s=LEASE_S + SETTLE_S)
        self.shares = dict(self.supply.divide([], 0.0))
        self.number = 0
        self.on_the_way: list[tuple[int, float, float]] = []
        self.slave_a, self.slave_until_s, self.slave_obeys = min(held_a, total_a), LEASE_S, 0
        self.drawn: list[tuple[float, float]] = []
        self.own_drawn: list[tuple[dict[int, float], float]] = []

    @property
    def slave_now_a(self) -> float:
        return self.slave_a if self.now_s < self.slave_until_s else self.safe_a

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 2.5, 5.0, 9.9, 10.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        if self.now_s < self.slave_until_s <= self.now_s + seconds:
            self.drawn.append((self.slave_a, self.slave_until_s + SETTLE_S))
        self.now_s += seconds

    @rule(wanting=st.permutations([1, 2, 3]), count=st.integers(0, 3))
    def somebody_comes_or_goes(self, wanting: list[int], count: int) -> None:
        self.wanting = [each for each in wanting[:count] if each in self.shares]
        self.divide()

    @rule()
    def divide(self) -> None:
        before = {number: share for number, share in self.shares.items() if number != 2}
        self.own_drawn.append((before, self.now_s + SETTLE_S))
        self.shares = dict(self.supply.divide(self.wanting, self.now_s))

    @rule()
    def a_lease_goes_out(self) -> None:
        self.divide()
        self.number += 1
        self.supply.granted(self.number, self.shares[2], self.now_s + LEASE_S + SETTLE_S)
        self.on_the_way.append((self.number, self.shares[2], self.now_s + LEASE_S))

    @precondition(lambda self: self.on_the_way)
    @rule()
    def a_lease_arrives(self) -> None:
        number, current_a, until_s = self.on_the_way.pop(0)
        if until_s > self.now_s:
            self.drawn.append((self.slave_now_a, self.now_s + SETTLE_S))
            self.slave_a, self.slave_until_s, self.slave_obeys = current_a, until_s, number

    @precondition(lambda self: self.slave_obeys)
    @rule()
    def a_beat_arrives(self) -> None:
        self.supply.obeyed(self.slave_obeys, self.now_s)

    @rule()
    def the_link_breaks_and_comes_back(self) -> None:
        self.on_the_way, self.number, self.slave_obeys = [], 0, 0
        self.supply.met(self.slave_now_a, self.now_s, self.now_s + LEASE_S + SETTLE_S)

    @invariant()
    def never_more_than_the_supply(self) -> None:
        if not hasattr(self, "supply"):
            return
        self.drawn = [each for each in self.drawn if each[1] > self.now_s]
        self.own_drawn = [each for each in self.own_drawn if each[1] > self.now_s]
        slave_a = max([self.slave_now_a, *(amount for amount, _ in self.drawn)])
        own_a = sum(share for number, share in self.shares.items() if number != 2)
        assert own_a + slave_a <= self.total_a + 1e-6
        assert self.shares[2] >= self.safe_a
        for before, _ in self.own_drawn:  # what a vehicle of the master may not have given back yet
            assert sum(max(share, self.shares[number]) for number, share in before.items()) + self.slave_now_a <= self.total_a + 1e-6


TestSharing = Sharing.TestCase
TestSharing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.floats(6.0, 160.0), st.floats(0.0, 80.0), st.permutations([1, 2]), st.integers(0, 2))
def test_what_stands_still_is_given_out(total_a: float, safe_a: float, order: list[int], count: int) -> None:
    """When everything has settled nothing is held back but the slave's safe current and less than a tenth each."""
    supply, wanting = fresh(total_a, safe_a=safe_a), order[:count]
    for now_s in (100.0, 200.0, 300.0):
        shares = supply.divide(wanting, now_s)
    if wanting:
        assert sum(shares.values()) >= total_a - 0.2 - 1e-6
