"""What backends and operators ask of a station beyond a charge: identify, in and out of service, reserve, read, restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.authorization.policy import AuthorizationSettings, Mode
from cc613_chargepoint.domain.events import AvailabilityChanged, Decided, ReservationUsed, SessionBegan
from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.session import Sample
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.facade import Facade, Refused
from cc613_chargepoint.facade.commands import (
    CancelReservation,
    GetStatus,
    MeterView,
    Present,
    ReadMeter,
    Reserve,
    Restart,
    SetAvailability,
    StartCharge,
)
from cc613_chargepoint.records import StoreRecorder, close_interrupted
from cc613_chargepoint.settings import Actor
from cc613_chargepoint.simulated import CARD, SimulatedStation, simulated_station
from cc613_chargepoint.store import Store, StoreConflict
from cc613hal.clock import Clock, run_virtual

BACKEND = Actor(name="backend", role=Role.OPERATOR)


class Asked:
    """A backend that knows everybody, and counts how often it is asked."""

    connected = True

    def __init__(self, parents: dict[str, str] | None = None) -> None:
        self.asked: list[str] = []
        self.parents = parents or {}

    async def authorize(self, token: Token) -> KnownToken:
        self.asked.append(token.id)
        return KnownToken(id=token.id, status="Accepted", parent=self.parents.get(token.id))


def play(
    story: Callable[[SimulatedStation, Facade], Awaitable[None]], backend: Asked | None = None, settings: StationSettings | None = None
) -> None:
    async def whole() -> None:
        async with simulated_station(settings=settings, backend=backend) as scene:
            await story(scene, StationAnswers(scene.station, scene.board).facade)

    run_virtual(whole())


WITH_BACKEND = StationSettings(authorization=AuthorizationSettings(mode=Mode.BACKEND, cache=False))


def test_the_own_card_ends_a_charge_without_asking_anybody() -> None:
    backend = Asked()

    async def story(scene: SimulatedStation, facade: Facade) -> None:
        await scene.charge()
        assert backend.asked == [CARD]
        await scene.tap()
        await scene.until_state(State.FINISHING)
        assert backend.asked == [CARD]

    play(story, backend, WITH_BACKEND)


def test_who_could_neither_begin_nor_end_anything_is_refused_without_asking() -> None:
    backend = Asked()

    async def story(scene: SimulatedStation, facade: Facade) -> None:
        await scene.charge()
        await scene.tap("04FFFFFFFFFFFF")
        assert backend.asked == [CARD]
        assert scene.of(Decided)[-1].verdict.reasons == ("every connector is in use",)
        assert scene.state is State.CHARGING

    play(story, backend, WITH_BACKEND)


def test_a_card_of_the_same_group_is_asked_about_and_ends_the_charge() -> None:
    backend = Asked({CARD: "FLEET", "04FFFFFFFFFFFF": "FLEET"})

    async def story(scene: SimulatedStation, facade: Facade) -> None:
        await scene.charge()
        await scene.tap("04FFFFFFFFFFFF")
        await scene.until_state(State.FINISHING)
        assert backend.asked == [CARD, "04FFFFFFFFFFFF"]

    play(story, backend, WITH_BACKEND)


def test_out_of_service_serves_nobody_and_says_why() -> None:
    async def story(scene: SimulatedStation, facade: Facade) -> None:
        await facade.ask(SetAvailability(connector=1, in_service=False), BACKEND)
        await scene.tap()
        assert scene.of(Decided)[-1].verdict.reasons == ("connector 1 is out of service",)
        with pytest.raises(Refused, match="out of service"):
            await facade.ask(StartCharge(connector=1, token="A"), BACKEND)
        status = await facade.ask(GetStatus(), BACKEND)
        assert not status.connectors[0].in_service
        await facade.ask(SetAvailability(connector=1, in_service=True), BACKEND)
        await facade.ask(SetAvailability(connector=1, in_service=True), BACKEND)
        await scene.charge()
        assert [each.in_service for each in scene.of(AvailabilityChanged)] == [False, True]

    play(story)


def test_going_out_of_service_lets_a_charge_go_on_and_forgets_who_has_not_plugged_in() -> None:
    async def story(scene: SimulatedStation, facade: Facade) -> None:
        await scene.tap()
        assert scene.state is State.AUTHORISED
        await facade.ask(SetAvailability(connector=1, in_service=False), BACKEND)
        await scene.until_state(State.AVAILABLE)
        await facade.ask(SetAvailability(connector=1, in_service=True), BACKEND)
        await scene.charge()
        await facade.ask(SetAvailability(connector=1, in_service=False), BACKEND)
        await scene.sleep(60.0)
        assert scene.state is State.CHARGING

    play(story)


def test_who_identifies_from_afar_is_judged_by_the_rules() -> None:
    backend = Asked()

    async def story(scene: SimulatedStation, facade: Facade) -> None:
        scene.plug()
        await scene.until_state(State.CONNECTED)
        await facade.ask(Present(connector=1, token="app-7"), BACKEND)
        await scene.until_state(State.CHARGING)
        assert backend.asked == ["APP-7"]
        assert scene.of(SessionBegan)[0].token == Token(id="APP-7", source=TokenSource.REMOTE)
        with pytest.raises(Refused, match="no connector 9"):
            await facade.ask(Present(connector=9, token="A"), BACKEND)
        with pytest.raises(Refused, match="1 to 36"):
            await facade.ask(Present(connector=None, token=""), BACKEND)

    play(story, backend, WITH_BACKEND)


def test_a_reservation_keeps_others_away_and_is_used_up_by_its_holder() -> None:
    async def story(scene: SimulatedStation, facade: Facade) -> None:
        until = scene.board.clock.wall() + timedelta(hours=1)
        await facade.ask(Reserve(number=7, connector=1, token=CARD, until=until), BACKEND)
        await scene.tap("04FFFFFFFFFFFF")
        assert "reserved for somebody else" in scene.of(Decided)[-1].verdict.reasons[-1]
        await scene.charge()
        assert [(each.connector, each.number) for each in scene.of(ReservationUsed)] == [(1, 7)]
        with pytest.raises(Refused, match="no reservation 7"):
            await facade.ask(CancelReservation(number=7), BACKEND)

    play(story)


def test_a_meter_is_read_with_all_it_tells() -> None:
    async def story(scene: SimulatedStation, facade: Facade) -> None:
        idle = await facade.ask(ReadMeter(connector=1), BACKEND)
        assert isinstance(idle, MeterView)
        assert idle.power_w == pytest.approx(0.0, abs=1.0)
        await scene.charge()
        await scene.sleep(10.0)
        busy = await facade.ask(ReadMeter(connector=1), BACKEND)
        assert isinstance(busy, MeterView)
        assert busy.power_w > 6 * 230.0
        assert busy.offered_a == 16.0
        assert busy.voltage_v[0] == pytest.approx(230.0, abs=15.0)
        assert float(busy.import_wh or 0) > float(idle.import_wh or 0)

    play(story)


def test_a_restart_ends_what_runs_first() -> None:
    async def story(scene: SimulatedStation, facade: Facade) -> None:
        await scene.charge()
        await facade.ask(Restart(reason="soft reset by the backend"), BACKEND)
        assert scene.station.restart.is_set()
        assert [each.reason for each in scene.sessions] == ["soft reset by the backend"]

    play(story)


def test_one_connector_starts_again_and_the_station_goes_on() -> None:
    async def story(scene: SimulatedStation, facade: Facade) -> None:
        await scene.charge()
        await facade.ask(Restart(reason="soft reset by the backend", connector=1), BACKEND)
        assert not scene.station.restart.is_set()
        await scene.until_state(State.CONNECTED)
        assert [each.reason for each in scene.sessions] == ["soft reset by the backend"]
        with pytest.raises(Refused):
            await facade.ask(Restart(reason="no such place", connector=7), BACKEND)

    play(story)


class Owing:
    """Owes somebody two messages per session, and can fail."""

    fails = False

    def __call__(self, tx, session) -> None:
        kind, payload = ("begun", str(session.number)) if session.ended is None else ("ended", session.reason)
        tx.outbox.put(queue="q", kind=kind, payload=payload, created=session.started)
        if self.fails:
            raise StoreConflict("no", device="store")


async def owed(store: Store) -> list[tuple[str, str]]:
    return [(each.kind, each.payload) for each in await store.read(lambda tx: tx.outbox.waiting("q"))]


def test_what_is_owed_about_a_session_is_recorded_with_it_or_not_at_all(tmp_path: Path) -> None:
    async def story() -> None:
        from decimal import Decimal

        clock, owing = Clock(), Owing()
        sample = Sample(at_s=0.0, power_w=0.0, current_a=(), register_wh=Decimal(5))
        async with await Store.open(tmp_path / "s.db") as store:
            recorder = StoreRecorder(store, clock, along=owing)
            owing.fails = True
            with pytest.raises(StoreConflict):
                await recorder.begin(1, Token(id="A", source=TokenSource.CARD), clock.wall(), sample)
            assert await store.read(lambda tx: (list(tx.sessions.open()), tx.outbox.count())) == ([], 0)
            owing.fails = False
            number = await recorder.begin(1, Token(id="A", source=TokenSource.CARD), clock.wall(), sample)
            assert await owed(store) == [("begun", str(number))]
        async with await Store.open(tmp_path / "s.db") as store:  # the power came back
            await close_interrupted(store, clock, along=owing)
            await close_interrupted(store, clock, along=owing)
            assert await owed(store) == [("begun", str(number)), ("ended", "the station lost power or was restarted")]

    asyncio.run(story())
