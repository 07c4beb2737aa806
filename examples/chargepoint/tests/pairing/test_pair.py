"""Two controllers as one station, on virtual time: who may charge where, with how much, and what the loss of the link does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.authorization.policy import AuthorizationSettings, Mode
from cc613_chargepoint.domain.events import (
    ChargingEnded,
    Decided,
    FaultCleared,
    FaultRaised,
    RecordSigned,
    SessionBegan,
    SessionEnded,
    SessionRecovered,
)
from cc613_chargepoint.domain.fault import Clearing, Fault, FaultName, Severity
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.facade import Refused
from cc613_chargepoint.facade.commands import ListSessions, StartCharge, StopCharge, Unlock
from cc613_chargepoint.paired import master_station
from cc613_chargepoint.pairing import LostPolicy, PairingSettings, SlaveConnector
from cc613_chargepoint.pairing.allowance import Allowance
from cc613_chargepoint.pairing.messages import PROTOCOL, Beat, Hello, Refusal, Taken, Welcome
from cc613_chargepoint.pairing.wire import Talk, WireLost
from cc613_chargepoint.settings import Actor
from cc613_chargepoint.simulated import CARD
from cc613_chargepoint.simulated_pair import SimulatedPair, simulated_pair
from cc613_chargepoint.store import StoreFull
from cc613hal.board import load_board
from cc613hal.clock import Clock, ClockState, run_virtual
from cc613hal.errors import ConfigError
from cc613hal.ocmf import PublicKey, SignedValue
from cc613hal.ocmf.evidence import evidence_of
from cc613hal.ocmf.signatures import verify

OTHER = "04FFEEDDCCBBAA"
OPERATOR = Actor(name="ops", role=Role.OPERATOR)
PAIR = PairingSettings(supply_a=32.0, safe_a=6.0, lease_s=10.0)


def play(story: Callable[[SimulatedPair], Awaitable[None]], settings: PairingSettings = PAIR, **options: Any) -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as place:
            async with simulated_pair(Path(place), settings, **options) as pair:
                await story(pair)

    run_virtual(main())


def remote(pair: SimulatedPair) -> Any:
    """The slave's connector as the master sees it."""
    return pair.master.station.connectors[2]


async def charge_at_slave(pair: SimulatedPair, card: str = CARD) -> None:
    pair.slave.plug()
    await pair.until(lambda: remote(pair).state is State.CONNECTED)
    await pair.master.tap(card)
    await pair.until(lambda: remote(pair).state is State.CHARGING)


def offered_a(pair: SimulatedPair) -> float:
    """What the slave's vehicle is really shown, A: from the duty cycle on its pilot."""
    duty = pair.slave.outlet.pilot_duty.value
    return 0.0 if duty >= 1.0 else duty * 60.0


def allowed_a(pair: SimulatedPair) -> float:
    return pair.slave.station.limits.effective().current_a


def answers(pair: SimulatedPair) -> StationAnswers:
    return StationAnswers(pair.master.station, pair.master.board, pair.stores[0])


async def sessions(pair: SimulatedPair) -> tuple[list[Any], list[Any]]:
    """Of master and slave, oldest first."""
    master, slave = [await store.read(lambda tx: list(tx.sessions.recent(100))) for store in pair.stores]
    return master[::-1], slave[::-1]


# -- one station --------------------------------------------------------------------------------------------------------------------------


def test_a_card_at_the_master_starts_and_ends_the_charge_at_the_slave() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        assert pair.master.station.connectors[1].state is State.AVAILABLE
        await pair.sleep(600.0)
        await pair.master.tap()
        await pair.until(lambda: remote(pair).state is State.FINISHING)
        pair.slave.unplug()
        await pair.sleep(5.0)
        assert remote(pair).state is State.AVAILABLE
        assert remote(pair).token is None
        (at_master,), (at_slave,) = await sessions(pair)
        assert (at_master.connector, at_slave.connector) == (2, 1)
        assert at_master.uid == at_slave.uid
        assert at_master.energy_wh == at_slave.energy_wh > 1000
        assert (at_master.token, at_master.started, at_master.ended) == (at_slave.token, at_slave.started, at_slave.ended)
        (ended,), (over,) = pair.master.of(ChargingEnded), pair.master.of(SessionEnded)
        assert ended.record == over.record
        assert (ended.record.number, ended.record.connector) == (at_master.number, 2)

    play(story)


def test_both_connectors_charge_beside_each_other_and_each_customer_ends_their_own() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair, OTHER)
        pair.master.plug()
        await pair.until(lambda: pair.master.state is State.CONNECTED)
        await pair.master.tap(CARD)
        await pair.until(lambda: pair.master.state is State.CHARGING)
        await pair.sleep(60.0)
        await pair.master.tap(OTHER)
        await pair.until(lambda: remote(pair).state is State.FINISHING)
        assert pair.master.state is State.CHARGING

    play(story)


def test_somebody_expected_at_the_master_may_plug_in_at_the_slave() -> None:
    async def story(pair: SimulatedPair) -> None:
        await pair.master.tap()
        assert pair.master.state is State.AUTHORISED
        pair.slave.plug()
        await pair.until(lambda: remote(pair).state is State.CHARGING)
        assert pair.master.state is State.AVAILABLE

    play(story)


def test_a_card_at_the_slaves_own_reader_is_judged_by_the_master() -> None:
    only = StationSettings(installed_current_a=32.0, authorization=AuthorizationSettings(mode=Mode.LIST, cards=(CARD,)))

    async def story(pair: SimulatedPair) -> None:
        pair.slave.plug()
        await pair.until(lambda: remote(pair).state is State.CONNECTED)
        await pair.slave.tap(OTHER)
        assert [(each.connector, each.verdict.accepted) for each in pair.master.of(Decided)] == [(2, False)]
        await pair.slave.tap(CARD)
        await pair.until(lambda: remote(pair).state is State.CHARGING)
        assert pair.slave.of(Decided) == []

    play(story, master=only)


def test_free_charging_is_the_masters_to_give() -> None:
    async def story(pair: SimulatedPair) -> None:
        pair.slave.plug()
        await pair.until(lambda: remote(pair).state is State.CHARGING)
        await pair.sleep(60.0)
        assert remote(pair).token == Token(id="FREE", source=TokenSource.FREE)
        assert len((await sessions(pair))[0]) == 1

    free = StationSettings(installed_current_a=32.0, authorization=AuthorizationSettings(mode=Mode.FREE))
    play(story, master=free)
    play(story, master=free, slave=free)


def test_the_facade_commands_the_slave_and_waits_for_the_effect() -> None:
    async def story(pair: SimulatedPair) -> None:
        facade = answers(pair).facade
        pair.slave.plug()
        await pair.sleep(2.0)
        await facade.ask(StartCharge(connector=2, token="remote1"), OPERATOR)
        await pair.until(lambda: remote(pair).state is State.CHARGING)
        (status,) = [each for each in answers(pair).status(Role.OPERATOR).connectors if each.number == 2]
        assert (status.state, status.token) == ("charging", "REMOTE1")
        await facade.ask(StopCharge(connector=2, reason="closing time"), OPERATOR)
        await pair.until(lambda: remote(pair).state is State.FINISHING)
        await pair.sleep(2.0)
        assert "confirmed" in (await facade.ask(Unlock(connector=2), OPERATOR)).detail
        (told,) = (await facade.ask(ListSessions(), OPERATOR)).sessions
        assert (told["connector"], told["reason"]) == (2, "closing time")

    play(story)


def test_a_refused_customers_plug_at_the_slave_stays_locked_until_they_come_back() -> None:
    async def story(pair: SimulatedPair) -> None:
        facade = answers(pair).facade
        pair.slave.plug()
        await pair.sleep(2.0)
        await facade.ask(StartCharge(connector=2, token="REMOTE1"), OPERATOR)
        await pair.until(lambda: remote(pair).state is State.CHARGING)
        await facade.ask(StopCharge(connector=2, reason="deauthorised by the backend", keep_plug=True), OPERATOR)
        await pair.until(lambda: remote(pair).state is State.HELD)
        await pair.sleep(30.0)
        assert (pair.slave.outlet.contacts.value, pair.slave.outlet.bolt_locked.value > 0.5) == (0, True)
        remote(pair).accept(Token(id="SOMEBODY", source=TokenSource.CARD))
        await pair.sleep(10.0)
        assert remote(pair).state is State.HELD
        remote(pair).accept(Token(id="REMOTE1", source=TokenSource.CARD))
        await pair.until(lambda: remote(pair).state is State.FINISHING)
        await pair.sleep(5.0)
        assert pair.slave.outlet.bolt_locked.value < 0.5

    play(story)


def test_a_fault_of_the_slave_is_a_fault_of_connector_2_and_one_around_the_master_stops_the_slave_too() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        pair.slave.outlet.residual_dc_ma.set(10.0)
        await pair.until(lambda: remote(pair).state is State.FAULTED)
        assert [(each.connector, each.fault.name) for each in pair.master.of(FaultRaised)] == [(2, FaultName.RESIDUAL_CURRENT)]
        pair.slave.outlet.residual_dc_ma.set(0.0)
        pair.slave.unplug(force=True)
        await pair.until(lambda: remote(pair).state is State.AVAILABLE, 60.0)
        assert [each.fault.name for each in pair.master.of(FaultCleared)] == [FaultName.RESIDUAL_CURRENT]
        await charge_at_slave(pair)
        for connector in pair.master.station.connectors.values():
            connector.raise_fault(Fault(name=FaultName.TILTED, detail="the station is tilted"))
        await pair.until(lambda: not pair.slave.outlet.contacts.value, 1.0)
        assert FaultName.TILTED in {fault.name for fault in remote(pair).faults}
        remote(pair).clear_fault(FaultName.TILTED, "it stands again")
        await pair.sleep(2.0)
        assert remote(pair).faults == ()

    play(story)


def test_a_fault_that_needs_service_is_cleared_over_the_link() -> None:
    async def story(pair: SimulatedPair) -> None:
        pair.slave.station.connector.raise_fault(Fault(name=FaultName.CONTACTOR_FAILED, detail="for the test"))
        await pair.until(lambda: remote(pair).state is State.FAULTED)
        remote(pair).clear_fault(FaultName.CONTACTOR_FAILED, "cleared by ops")
        await pair.until(lambda: remote(pair).state is State.AVAILABLE)
        assert pair.slave.station.connector.faults == ()

    play(story)


# -- current ------------------------------------------------------------------------------------------------------------------------------


def test_the_masters_limits_reach_the_slave_with_their_source() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        pair.master.station.books[2].set("energy manager", 10.0)
        await pair.until(lambda: offered_a(pair) == pytest.approx(10.0, abs=0.2), 1.0)
        assert pair.slave.station.limits.effective().source == "master: energy manager"
        pair.master.station.books[2].set("energy manager", 0.0)
        await pair.until(lambda: not pair.slave.outlet.contacts.value, 15.0)
        assert remote(pair).state is State.PAUSED
        pair.master.station.books[2].withdraw("energy manager")
        await pair.until(lambda: remote(pair).state is State.CHARGING)

    play(story)


def test_both_share_one_supply_and_never_take_more() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        assert allowed_a(pair) == 32.0
        pair.master.plug()
        most = 0.0

        def look(_: object) -> None:
            nonlocal most
            most = max(most, pair.master.station.limits.effective().current_a + allowed_a(pair))

        pair.slave.station.limits.changes.on(look)
        pair.master.station.limits.changes.on(look)
        await pair.master.tap(OTHER)
        await pair.until(lambda: pair.master.state is State.CHARGING, 60.0)
        await pair.sleep(30.0)
        assert (pair.master.station.limits.effective().current_a, allowed_a(pair)) == (16.0, 16.0)
        assert most <= 32.0
        await pair.master.tap(CARD)
        await pair.until(lambda: remote(pair).state is State.FINISHING)
        await pair.sleep(30.0)
        assert pair.master.station.limits.effective().current_a == 26.0
        assert most <= 32.0

    play(story)


@pytest.mark.parametrize("fail", ["cut", "stall", "swallow"])
@pytest.mark.parametrize(("safe_a", "shown_a"), [(6.0, 6.0), (10.0, 10.0), (0.0, 0.0)])
def test_without_its_master_the_slave_falls_to_its_safe_current_when_the_lease_ends(fail: str, safe_a: float, shown_a: float) -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        await pair.sleep(30.0)
        assert offered_a(pair) == pytest.approx(32.0, abs=0.2)
        getattr(pair.link, fail)()
        await pair.sleep(10.0)  # a lease, from the last beat at the latest
        assert allowed_a(pair) == safe_a
        await pair.sleep(0.2)
        assert offered_a(pair) == pytest.approx(shown_a, abs=0.2)
        assert FaultName.MASTER_UNREACHABLE in {fault.name for fault in pair.slave.station.connector.faults}
        await pair.sleep(10.0)
        (fault,) = remote(pair).faults
        assert fault.name is FaultName.SLAVE_UNREACHABLE
        assert remote(pair).state is State.FAULTED
        pair.link.mend()
        await pair.until(lambda: remote(pair).state in {State.CHARGING, State.PAUSED}, 60.0)
        await pair.until(lambda: allowed_a(pair) == 32.0)
        assert remote(pair).faults == ()
        assert pair.slave.station.connector.faults == ()
        await pair.until(lambda: remote(pair).state is State.CHARGING, 60.0)
        assert len((await sessions(pair))[0]) == 1

    play(story, PairingSettings(supply_a=32.0, safe_a=safe_a))


def test_words_that_were_long_on_their_way_prolong_nothing() -> None:
    """A lease counts from the beat it answers: what a stalled link delivers late is over when it comes."""

    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        pair.link.delay_s = 6.0  # beats and leases go on coming, each older than a lease may be
        await pair.sleep(20.0)
        for _ in range(60):
            await pair.sleep(1.0)
            assert allowed_a(pair) == 6.0
        pair.link.delay_s = 0.005
        await pair.until(lambda: allowed_a(pair) == 32.0, 60.0)

    play(story)


def test_a_short_loss_disturbs_nobody() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        told = len(pair.master.of(FaultRaised))
        pair.link.cut()
        await pair.sleep(3.0)
        pair.link.mend()
        await pair.sleep(30.0)
        assert len(pair.master.of(FaultRaised)) == told
        assert pair.slave.of(FaultRaised) == []
        assert offered_a(pair) == pytest.approx(32.0, abs=0.2)

    play(story)


def test_the_masters_own_connector_leaves_the_slave_its_safe_current_while_it_is_not_heard() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        await pair.sleep(30.0)
        pair.link.swallow()
        pair.master.plug()
        await pair.master.tap(OTHER)
        await pair.sleep(2.0)
        assert pair.master.station.limits.effective().current_a == 0.0  # the slave may still draw what it was leased
        await pair.sleep(20.0)
        assert pair.master.station.limits.effective().current_a == 26.0
        assert pair.master.state is State.CHARGING
        assert allowed_a(pair) == 6.0

    play(story)


# -- the policy ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", list(LostPolicy))
def test_what_the_slave_does_without_its_master(policy: LostPolicy) -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        pair.link.cut()
        await pair.sleep(60.0)
        assert pair.slave.state is State.CHARGING
        await pair.sleep(60.0)
        assert pair.slave.state is (State.FINISHING if policy is LostPolicy.STOP else State.CHARGING)
        if policy is not LostPolicy.STOP:
            await pair.slave.tap(CARD)  # the same customer may always end
            await pair.until(lambda: pair.slave.state is State.FINISHING)
        pair.slave.unplug()
        await pair.until(lambda: pair.slave.state is State.AVAILABLE)
        await pair.sleep(2.0)
        pair.slave.plug()
        await pair.slave.tap(OTHER)
        await pair.sleep(20.0)
        assert pair.slave.state is (State.CHARGING if policy is LostPolicy.CONTINUE else State.CONNECTED)
        verdict = pair.slave.of(Decided)[-1].verdict
        assert verdict.accepted is (policy is LostPolicy.CONTINUE)
        assert policy is LostPolicy.CONTINUE or verdict.reasons == ("the master controller cannot be asked",)
        pair.link.mend()
        await pair.sleep(30.0)
        at_master, at_slave = await sessions(pair)
        assert [each.uid for each in at_master] == [each.uid for each in at_slave]
        assert len(at_master) == (2 if policy is LostPolicy.CONTINUE else 1)

    play(story, PairingSettings(supply_a=32.0, policy=policy, lost_after_s=90.0))


def test_what_was_asked_of_a_slave_that_was_not_heard_is_done_when_it_is_back() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        pair.link.cut()
        await pair.sleep(20.0)
        assert answers(pair).health_page() == (503, {"status": "faulted", "faults": ["slave-unreachable"]})
        with pytest.raises(Refused, match="slave-unreachable"):
            await answers(pair).facade.ask(StartCharge(connector=2, token="X"), OPERATOR)
        await pair.master.tap()  # the customer wants to end
        pair.link.mend()
        await pair.until(lambda: remote(pair).state is State.FINISHING, 60.0)

    play(story)


def test_the_fault_stands_in_the_catalogue_with_its_ocpp_code() -> None:
    for name in (FaultName.SLAVE_UNREACHABLE, FaultName.MASTER_UNREACHABLE):
        kind = name.kind
        assert (kind.ocpp, kind.clearing) == ("InternalError", Clearing.CAUSE)
        assert kind.info
        assert kind.de != kind.en
    assert FaultName.SLAVE_UNREACHABLE.kind.severity is Severity.STOP
    assert FaultName.MASTER_UNREACHABLE.kind.severity is Severity.WARNING


# -- sessions -----------------------------------------------------------------------------------------------------------------------------


def test_a_session_that_ended_without_the_link_is_delivered_once() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        pair.link.cut()
        await pair.sleep(60.0)
        pair.slave.unplug(force=True)
        await pair.sleep(60.0)
        assert [each.ended for each in (await sessions(pair))[0]] == [None]
        pair.link.mend()
        await pair.sleep(30.0)
        (at_master,), (at_slave,) = await sessions(pair)
        assert at_master.energy_wh == at_slave.energy_wh
        assert len(pair.master.of(ChargingEnded)) == len(pair.master.of(SessionEnded)) == 1
        assert await pair.stores[1].read(lambda tx: tx.outbox.count()) == 0

    play(story)


@pytest.mark.parametrize("kill", [True, False])
def test_the_master_restarts_during_a_charge_at_the_slave(kill: bool) -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        await pair.restart(master=True, kill=kill, away_s=3.0)
        await pair.until(lambda: remote(pair).state is State.CHARGING, 60.0)
        assert pair.slave.outlet.contacts.value
        assert remote(pair).token is not None
        assert pair.master.of(SessionRecovered) == []  # it was not the master's to end
        await pair.master.tap()
        await pair.until(lambda: remote(pair).state is State.FINISHING)
        await pair.sleep(5.0)
        (at_master,), (at_slave,) = await sessions(pair)
        assert at_master.energy_wh == at_slave.energy_wh

    play(story)


def test_the_slave_loses_power_during_a_charge() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        await pair.sleep(90.0)
        await pair.restart(slave=True, away_s=30.0)
        await pair.until(lambda: bool(pair.master.of(SessionRecovered)), 60.0)
        (at_master,), (at_slave,) = await sessions(pair)
        assert at_master.energy_wh == at_slave.energy_wh
        assert at_master.energy_wh > 0
        assert pair.master.of(ChargingEnded) == []

    play(story)


def test_a_replaced_slave_leaves_no_open_session_behind() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        await pair._slave.stop(kill=True)
        for path in (pair.place / "slave").iterdir():
            path.unlink()
        pair.slave.unplug(force=True)
        await pair.sleep(20.0)
        await pair._slave.start()
        await pair.sleep(20.0)
        await charge_at_slave(pair, OTHER)
        at_master, _ = await sessions(pair)
        assert [each.reason for each in at_master] == ["its controller was replaced before it told the end", ""]
        assert at_master[0].energy_wh is None

    play(story)


def test_a_master_whose_disk_is_full_is_told_again_later() -> None:
    async def story(pair: SimulatedPair) -> None:
        store, write, full = pair.stores[0], pair.stores[0].write, True

        async def failing(work: Any, what: str = "writing") -> Any:
            if full and "session" in what:
                raise StoreFull("no room")
            return await write(work, what)

        store.write = failing  # type: ignore[method-assign]
        await charge_at_slave(pair)
        await pair.sleep(60.0)
        assert (await sessions(pair))[0] == []
        assert remote(pair).state is State.CHARGING
        full = False
        await pair.sleep(30.0)
        assert len((await sessions(pair))[0]) == 1

    play(story)


def test_what_the_master_owes_its_backend_covers_the_slave_too() -> None:
    """In the same commit, once for the begin and once for the end, whatever the link does: connector 2 of the station."""
    owed: list[tuple[int, int, bool]] = []

    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        pair.link.cut()
        await pair.sleep(30.0)
        pair.link.mend()
        await pair.until(lambda: remote(pair).state is State.CHARGING, 60.0)
        pair.slave.unplug(force=True)
        await pair.sleep(10.0)
        assert owed == [(2, 1, False), (2, 1, True)]
        assert [(each.connector, each.number) for each in pair.master.of(SessionBegan)] == [(2, 1)]
        assert remote(pair).session_number is None

    play(story, along=lambda _tx, session: owed.append((session.connector, session.number, session.ended is not None)))


def test_a_master_that_has_started_tells_the_rest_of_the_station_which_session_goes_on_at_the_slave() -> None:
    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        await pair.restart(master=True)
        pair.master.news.clear()
        await pair.until(lambda: remote(pair).state is State.CHARGING, 60.0)
        await pair.until(lambda: remote(pair).session_number == 1)
        assert [(each.connector, each.number) for each in pair.master.of(SessionBegan)] == [(2, 1)]

    play(story)


SIGNED = """
schema = 1
name = "signed slave"
[device.meter1]
driver = "meters.wm3m4"
options = { timezone = "Europe/Berlin" }
"""


@pytest.mark.parametrize("lost", [False, True])
def test_a_signed_record_made_at_the_slave_reaches_the_master_byte_for_byte_and_still_verifies(lost: bool, tmp_path: Path) -> None:
    overlay = tmp_path / "signed.toml"
    overlay.write_text(SIGNED)

    async def story(pair: SimulatedPair) -> None:
        for made in (pair.master, pair.slave):
            made.board.clock.state = ClockState.SYNCHRONISED
        await charge_at_slave(pair)
        await pair.sleep(300.0)
        if lost:
            pair.link.cut()
        pair.slave.unplug(force=True)
        await pair.sleep(60.0)
        pair.link.mend()
        await pair.sleep(60.0)
        there, here = [await store.read(lambda tx: list(tx.signed.after(0))) for store in pair.stores]
        assert [each.record for each in there] == [each.record for each in here]
        (at_master,), _ = await sessions(pair)
        told = pair.master.of(RecordSigned)
        assert [(each.connector, each.session, each.record) for each in told] == [(2, at_master.number, each.record) for each in here]
        assert there
        for each in told:
            found = evidence_of(SignedValue(data=each.record))
            assert verify(PublicKey.from_text(each.public_key), found.signed_bytes, found.signature)
        assert all(each.delivered is not None for each in here)

    play(story, slave_board=load_board("bender.cc613", overlays=[overlay]))


# -- the conversation ---------------------------------------------------------------------------------------------------------------------


def hello(**changes: Any) -> Hello:
    clock = Clock()
    words = {"protocol": PROTOCOL, "software": "0", "store": "x", "board": "b", "wall": clock.wall(), "clock": clock.state}
    return Hello(**{**words, **changes})


async def over(talk: Talk) -> None:
    """Listen until the conversation ends."""
    with contextlib.suppress(WireLost):
        while True:
            await talk.hear(30.0)


@pytest.mark.parametrize("words", [{"protocol": PROTOCOL + 1}, {"store": "the master's own"}])
def test_a_slave_that_does_not_fit_is_refused_with_the_reason(words: dict[str, Any]) -> None:
    async def story(pair: SimulatedPair) -> None:
        pair.link.cut()
        if "store" in words:
            words["store"] = await pair.stores[0].read(lambda tx: tx.memory.get("pairing", "store"))
        pair.link.mend()
        talk = Talk(await pair.link.dial())
        talk.say(hello(**words))
        answer = await talk.hear(5.0)
        assert isinstance(answer, Refusal)
        assert "install the same software" in answer.reason or "copy of the master" in answer.reason

    play(story)


def test_a_slave_that_talks_nonsense_is_cut_off_and_the_old_conversation_gives_way_to_a_new_one() -> None:
    async def story(pair: SimulatedPair) -> None:
        talk = Talk(await pair.link.dial())
        talk.say(hello(store="another"))
        assert isinstance(await talk.hear(5.0), Welcome)
        talk.say(Taken(id=1, signed=False))  # a slave takes nothing
        await over(talk)
        await pair.until(lambda: remote(pair).state is State.AVAILABLE, 60.0)  # the real one is back

    play(story)


def test_a_message_that_is_missing_ends_the_conversation() -> None:
    async def story(pair: SimulatedPair) -> None:
        wire = await pair.link.dial()
        talk = Talk(wire)
        talk.say(hello())
        talk._said += 1
        talk.say(Beat(beat=1, lease=0, allowed_a=6.0, safe_a=6.0))
        await over(talk)

    play(story)


@pytest.mark.parametrize("where", ["slave", "master"])
def test_a_defect_in_the_conversation_costs_the_conversation_and_no_charge(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> bool:
        raise ZeroDivisionError("for the test")

    async def story(pair: SimulatedPair) -> None:
        await charge_at_slave(pair)
        with monkeypatch.context() as patch:
            patch.setattr(Allowance, "obey", broken) if where == "slave" else patch.setattr(SlaveConnector, "_heard", broken)
            await pair.sleep(30.0)
            assert allowed_a(pair) == 6.0
            assert pair.slave.state is State.CHARGING
        await pair.until(lambda: allowed_a(pair) == 32.0, 60.0)
        assert remote(pair).state is State.CHARGING

    play(story)


def test_attempts_to_reach_the_master_become_rare_and_the_reason_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(pair: SimulatedPair) -> None:
        pair.link.cut()
        tried: list[float] = []
        dial = pair.link.dial

        async def counted() -> Any:
            tried.append(pair.link.clock.monotonic_s())
            return await dial()

        pair.slave.station.services["link to the master"].__self__._dial = counted  # type: ignore[attr-defined]
        caplog.clear()
        await pair.sleep(600.0)
        pauses = [later - earlier for earlier, later in pairwise(tried)]
        assert max(pauses) <= 15.1
        assert min(pauses[-10:]) >= 7.4
        assert len(set(pauses[-10:])) == 10
        assert sum("no link to the master" in each.message for each in caplog.records) <= 2

    with caplog.at_level(logging.WARNING):
        play(story)


# -- time ---------------------------------------------------------------------------------------------------------------------------------


def test_a_slave_that_does_not_know_the_time_takes_it_from_the_master_and_sessions_say_how_good_it_was() -> None:
    async def story(pair: SimulatedPair) -> None:
        pair.master.board.clock.state = ClockState.SYNCHRONISED
        pair.slave.board.clock.offset = timedelta(days=-400)
        await pair.sleep(10.0)
        slave = pair.slave.board.clock
        assert abs((slave.wall() - pair.master.board.clock.wall()).total_seconds()) < 0.2
        assert slave.state is ClockState.SYNCHRONISED
        await charge_at_slave(pair)
        at_master, at_slave = await sessions(pair)
        assert [each.clock_state for each in (*at_master, *at_slave)] == [ClockState.SYNCHRONISED] * 2
        pair.link.cut()
        await pair.sleep(2 * 3600.0)
        assert slave.state is ClockState.INFORMATIVE

    play(story)


def test_a_slave_that_knows_the_time_by_itself_keeps_it() -> None:
    async def story(pair: SimulatedPair) -> None:
        pair.slave.board.clock.state = ClockState.SYNCHRONISED
        pair.slave.board.clock.offset = timedelta(seconds=7)
        await pair.sleep(30.0)
        assert pair.slave.board.clock.offset == timedelta(seconds=7)

    play(story)


def test_a_time_that_was_long_on_its_way_is_not_taken() -> None:
    async def story(pair: SimulatedPair) -> None:
        pair.link.delay_s = 0.9
        pair.slave.board.clock.offset = timedelta(days=-400)
        await pair.sleep(60.0)
        assert pair.slave.board.clock.offset == timedelta(days=-400)

    play(story, settle_s=0.0)


# -- what does not fit --------------------------------------------------------------------------------------------------------------------


def test_boards_that_do_not_fit_the_role_are_refused(tmp_path: Path) -> None:
    async def story(pair: SimulatedPair) -> None:
        store = pair.stores[0]
        with pytest.raises(ConfigError, match="has a connector 1 of its own"):
            master_station(pair.master.board, StationSettings(), PairingSettings(connector=1), store, pair.link.door)

    play(story)

    async def double() -> None:
        async with simulated_pair(tmp_path, PairingSettings(connector=3), board_name="bender.cc613-household"):
            pass

    with pytest.raises(ConfigError, match="a slave serves one connector"):
        run_virtual(double())


def test_nothing_is_left_running(tmp_path: Path) -> None:
    async def main() -> set[str]:
        async with simulated_pair(tmp_path):
            pass
        return {task.get_name() for task in asyncio.all_tasks()} - {asyncio.current_task().get_name()}  # type: ignore[union-attr]

    assert run_virtual(main()) == set()
