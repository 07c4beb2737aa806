"""Random lives of a pair: vehicles, cards, a bad network, and controllers that lose power at any moment.

Held at every step: both together are never offered more than the supply gives, a slave that has not heard its master for a lease is at its
safe current or below, and nobody is billed twice. Held at the end, when the network is good again: the master has every session that the
slave has, once, with the same energy.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cc613_chargepoint.domain.events import ChargingEnded, SessionRecovered
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.pairing import LostPolicy, PairingSettings
from cc613_chargepoint.simulated_pair import SimulatedPair, simulated_pair
from cc613hal.clock import run_virtual

SUPPLY_A, SAFE_A, LEASE_S = 26.0, 6.0, 10.0
CARDS = ("04A2B3C4D5E680", "04FFEEDDCCBBAA")

ACTIONS = (
    *["wait"] * 6, *["tap"] * 6, *["plug at the slave"] * 5, *["plug at the master"] * 3, *["unplug"] * 3, *["cut"] * 2, "stall", "swallow",
    *["mend"] * 4, "kill the master", "kill the slave", "kill both", "restart the master", "restart the slave", "limit", "slow link",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.floats(0.0, 1.0)), max_size=25)


@define
class Judge:
    """Looks at what both controllers offer, ten times a second."""

    pair: SimulatedPair
    heard_s: float = 0.0
    wrong: list[str] = field(factory=list)

    async def watch(self, seconds: float) -> None:
        for _ in range(max(1, round(10.0 * seconds))):
            await self.pair.sleep(0.1)
            self.look()

    def look(self) -> None:
        now_s = self.pair.link.clock.monotonic_s()
        master_a, slave_a = (self.pair.master.station.limits.effective().current_a, self.pair.slave.station.limits.effective().current_a)
        running = (self.pair._master.stack is not None, self.pair._slave.stack is not None)
        drawn_a = (master_a if running[0] else 0.0) + (slave_a if running[1] else 0.0)
        if drawn_a > SUPPLY_A + 0.01:
            self.wrong.append(f"{master_a:g} A and {slave_a:g} A at {now_s:.1f} s")
        link = self.pair.link
        if link.up and not link.stalled and not link.swallows and running[0]:
            self.heard_s = now_s
        elif running[1] and now_s - self.heard_s > LEASE_S + 0.2 and slave_a > SAFE_A + 0.01:
            self.wrong.append(f"the slave allows {slave_a:g} A {now_s - self.heard_s:.1f} s after its master was heard")


async def act(pair: SimulatedPair, judge: Judge, action: str, number: float) -> None:
    match action:
        case "wait":
            await judge.watch(40.0 * number)
        case "tap":
            await pair.master.tap(CARDS[number > 0.5], rest_s=3.5)
        case "plug at the slave" | "plug at the master":
            made = pair.slave if action.endswith("slave") else pair.master
            if not made.vehicle().plugged:
                made.plug()
        case "unplug":
            made = pair.slave if number > 0.3 else pair.master
            if made.vehicle().plugged:
                made.unplug(force=True)
        case "cut" | "stall" | "swallow" | "mend":
            getattr(pair.link, action)()
        case "slow link":
            pair.link.delay_s = 2.0 * number
        case "limit":
            pair.master.station.books[2].set("operator", 32.0 * number)
        case _:
            who = {"master": action.endswith(("master", "both")), "slave": action.endswith(("slave", "both"))}
            await pair.restart(**who, kill=action.startswith("kill"), away_s=20.0 * number)
    await judge.watch(0.5)


async def settled(pair: SimulatedPair, judge: Judge) -> None:
    """The network is good again, everybody leaves, and what is owed is paid."""
    pair.link.delay_s = 0.005
    pair.link.cut()
    pair.link.mend()
    await judge.watch(40.0)
    for made in (pair.slave, pair.master):
        if made.vehicle().plugged:
            made.unplug(force=True)
    await judge.watch(60.0)


async def life(steps: list[tuple[str, float]], policy: LostPolicy, place: Path) -> None:
    pairing = PairingSettings(supply_a=SUPPLY_A, safe_a=SAFE_A, lease_s=LEASE_S, policy=policy, lost_after_s=30.0)
    async with simulated_pair(place, pairing) as pair:
        judge = Judge(pair)
        for action, number in steps:
            await act(pair, judge, action, number)
        await settled(pair, judge)
        assert judge.wrong == []
        master, slave = [
            await store.read(lambda tx: {each.uid: each for each in tx.sessions.recent(1000) if each.ended is not None})
            for store in pair.stores
        ]
        billed = {uid: each for uid, each in master.items() if each.connector == pair.number}
        assert billed.keys() == slave.keys()
        assert {uid: each.energy_wh for uid, each in billed.items()} == {uid: each.energy_wh for uid, each in slave.items()}
        assert await pair.stores[1].read(lambda tx: tx.outbox.count()) == 0
        told = Counter(each.record.number for each in (*pair.master.of(ChargingEnded), *pair.master.of(SessionRecovered)))
        assert all(count == 1 for count in told.values())
        assert pair.master.station.connectors[pair.number].faults == ()
        assert pair.master.station.connectors[pair.number].state is State.AVAILABLE
        assert pair.slave.station.connector.faults == ()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.sampled_from(list(LostPolicy)))
def test_whatever_happens_nobody_is_billed_twice_and_the_supply_is_never_exceeded(
    steps: list[tuple[str, float]], policy: LostPolicy
) -> None:
    with tempfile.TemporaryDirectory() as place:
        run_virtual(life(steps, policy, Path(place)))


def test_a_charge_that_lives_through_everything() -> None:
    steps = [
        ("plug at the slave", 1.0), ("tap", 0.0), ("wait", 1.0), ("cut", 0.0), ("wait", 0.5), ("mend", 0.0), ("wait", 0.5),
        ("kill the master", 0.5), ("plug at the master", 0.0), ("tap", 1.0), ("wait", 1.0), ("swallow", 0.0), ("wait", 1.0),
        ("kill the slave", 1.0), ("mend", 0.0), ("wait", 1.0), ("plug at the slave", 1.0), ("tap", 0.0), ("stall", 0.0), ("wait", 1.0),
        ("kill both", 1.0), ("mend", 0.0), ("wait", 1.0),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        run_virtual(life(steps, LostPolicy.REFUSE, Path(place)))
