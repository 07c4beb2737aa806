"""The place of ISO 15118: 5 % on the pilot, somebody who talks with the vehicle, and a connector that stays master of its contactor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from attrs import define, field

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.authorization.policy import AuthorizationSettings, Mode
from cc613_chargepoint.domain.events import Decided, Offered
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.high_level import DigitalLink, HighLevel
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import SimulatedStation
from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BusError
from cc613hal.plant import Simulation

MAC = Token(id="VID:0123456789AB", source=TokenSource.MAC)


@define
class Talk(HighLevel):
    """Keeps the link and talks until it is told to end, or breaks."""

    links: list[DigitalLink] = field(factory=list)
    ended: list[DigitalLink] = field(factory=list)
    error: Exception | None = None
    over: asyncio.Event = field(factory=asyncio.Event)

    async def talk(self, link: DigitalLink) -> None:
        self.links.append(link)
        try:
            await self.over.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.ended.append(link)

    @property
    def link(self) -> DigitalLink:
        return self.links[-1]


@asynccontextmanager
async def talking_station(talk: HighLevel) -> AsyncIterator[SimulatedStation]:
    simulation = Simulation(load_board("bender.cc613"))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        settings = StationSettings(
            authorization=AuthorizationSettings(mode=Mode.EVERY_CARD, autocharge=True), connector=ConnectorSettings(wake_up=False)
        )
        made = SimulatedStation(simulation, board, Station(board, settings, high_level={1: talk}))
        made.station.news.on(made.news.append)
        serving = asyncio.create_task(made.station.run())
        await made.sleep(1.0)
        try:
            yield made
            assert not serving.done()
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def play(story: Callable[[SimulatedStation, Talk], Awaitable[None]]) -> None:
    async def main() -> None:
        talk = Talk()
        async with talking_station(talk) as made:
            await story(made, talk)

    run_virtual(main())


async def fed(made: SimulatedStation, talk: Talk) -> None:
    """A vehicle that identified itself, asked for PowerDelivery, and charges."""
    vehicle = made.plug(automatic=False)
    await made.until(lambda: bool(talk.links))
    talk.link.identify(MAC)
    await made.until_state(State.READY)
    talk.link.agree(10.0)
    talk.link.feed(True)
    made.outlet.vehicle_ohm.set(882.0)  # the plant's vehicle knows nominal duty cycles only: the pilot's C is set by hand
    del vehicle
    await made.until_state(State.CHARGING)


def duty_percent(made: SimulatedStation) -> float:
    return 100.0 * made.outlet.pilot_duty.value


def test_a_vehicle_is_invited_with_five_percent_before_anybody_is_authorised() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        made.plug(automatic=False)
        await made.until(lambda: bool(talk.links))
        await made.sleep(1.0)
        assert made.state is State.CONNECTED
        assert duty_percent(made) == pytest.approx(5.0, abs=0.1)
        assert talk.link.allowed.current_a == 16.0

    play(story)


def test_the_vehicle_identifies_itself_and_charges_at_what_was_agreed() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        await fed(made, talk)
        assert made.of(Decided)[-1].verdict.token == MAC
        assert duty_percent(made) == pytest.approx(5.0, abs=0.1)
        offer = made.of(Offered)[-1].offer
        assert (offer.current_a, offer.source) == (10.0, "ISO 15118")
        assert talk.link.contactor_on

    play(story)


def test_state_c_alone_closes_nothing_while_the_vehicle_talks() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        made.plug(automatic=False)
        await made.until(lambda: bool(talk.links))
        talk.link.identify(MAC)
        await made.until_state(State.READY)
        made.outlet.vehicle_ohm.set(882.0)
        await made.sleep(10.0)
        assert made.state is State.READY
        assert "contactor-on" not in made.steps

    play(story)


def test_power_delivery_alone_closes_nothing_either() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        made.plug(automatic=False)
        await made.until(lambda: bool(talk.links))
        talk.link.feed(True)
        talk.link.identify(MAC)
        await made.until_state(State.READY)
        await made.sleep(10.0)
        assert "contactor-on" not in made.steps

    play(story)


def test_the_end_of_power_delivery_opens_the_contactor_at_once() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        await fed(made, talk)
        talk.link.feed(False)
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=0.1)
        await made.until_state(State.READY)
        talk.link.feed(True)
        await made.until_state(State.CHARGING)

    play(story)


def test_what_was_agreed_never_lifts_another_limit() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        await fed(made, talk)
        talk.link.agree(63.0)
        await made.sleep(6.0)
        assert made.of(Offered)[-1].offer.source == "installation"
        heard: list[float] = []
        talk.link.changes.on(lambda offer: heard.append(offer.current_a))
        made.station.limits.set("load management", 8.0)
        await made.sleep(0.1)
        assert heard == [8.0]
        assert made.of(Offered)[-1].offer.current_a == 8.0

    play(story)


@pytest.mark.parametrize("error", [None, BusError("no modem"), ValueError("a defect")])
def test_after_the_talk_the_nominal_duty_cycle_goes_on_after_three_seconds_without_pwm(error: Exception | None) -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        made.plug(automatic=False)
        await made.until(lambda: bool(talk.links))
        talk.link.identify(MAC)
        await made.until_state(State.READY)
        shown: list[tuple[float, float]] = []
        made.outlet.pilot_duty.on(lambda duty: shown.append((made.board.clock.monotonic_s(), 100.0 * duty)))
        talk.error = error
        talk.over.set()
        await made.sleep(6.0)
        (rest_s, steady), (back_s, nominal) = shown
        assert steady == 100.0
        assert back_s - rest_s == pytest.approx(3.0, abs=0.1)
        assert nominal == pytest.approx(16.0 / 0.6, abs=0.2)
        made.vehicles[1].request_energy()
        await made.until_state(State.CHARGING)
        assert len(talk.links) == 1, "one talk for each plug-in"

    play(story)


def test_a_talk_that_ends_in_the_charge_opens_the_contactor_before_the_duty_cycle_changes() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        await fed(made, talk)
        order: list[str] = []
        made.outlet.contacts.on(lambda closed: order.append(f"contacts {closed}"))
        made.outlet.pilot_duty.on(lambda duty: order.append(f"duty {100.0 * duty:.0f}"))
        talk.over.set()
        await made.sleep(2.0)
        assert order[:2] == ["contacts 0", "duty 100"]
        await made.until_state(State.CHARGING, within_s=10.0)

    play(story)


@pytest.mark.parametrize("how", ["unplug", "fault"])
def test_a_link_that_was_taken_back_says_nothing_any_more(how: str) -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        await fed(made, talk)
        if how == "unplug":
            made.unplug(force=True)
            await made.until_state(State.AVAILABLE)
        else:
            made.outlet.residual_dc_ma.set(8.0)
            await made.until_state(State.FAULTED)
        await made.sleep(3.0)
        assert talk.ended == talk.links
        link = talk.link
        assert link.closed
        link.feed(True)
        link.agree(6.0)
        link.identify(MAC)
        link.end("too late")
        assert not link.fed
        assert made.station.limits.current_a("ISO 15118") is None
        await made.sleep(5.0)
        assert made.outlet.contacts.value == 0

    play(story)


def test_the_vehicle_may_end_its_session() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        await fed(made, talk)
        talk.link.end("the vehicle has enough")
        await made.until(lambda: bool(made.sessions), within_s=10.0)
        assert made.sessions[0].reason == "the vehicle has enough"
        assert FaultName.DEVICE_LOST not in made.faults

    play(story)


def test_the_next_vehicle_gets_a_link_of_its_own() -> None:
    async def story(made: SimulatedStation, talk: Talk) -> None:
        made.plug(automatic=False)
        await made.until(lambda: len(talk.links) == 1)
        made.unplug()
        await made.until_state(State.AVAILABLE)
        made.plug(automatic=False)
        await made.until(lambda: len(talk.links) == 2)
        assert talk.links[0].closed
        assert not talk.links[1].closed

    play(story)
