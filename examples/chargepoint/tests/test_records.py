"""What a charge leaves on the disk, and what happens when the disk does not take it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define, field

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.events import ChargingEnded, FaultCleared, FaultRaised, SessionEnded, SessionRecovered, StationEvent
from cc613_chargepoint.domain.fault import Clearing, FaultName, Severity
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.records import POWER_LOSS, close_interrupted
from cc613_chargepoint.store import Retention, Store, StoredSession, StoreFull, Transaction
from cc613hal.board import load_board, open_board
from cc613hal.clock import Clock, run_virtual
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plant.vehicle import Vehicle

CARD = FieldCard(uid=bytes.fromhex("04A2B3C4D5E680"), sak=0x00, atqa=0x0044)


class StoreOnAFullDisk(Store):
    """A store whose disk is full while ``full`` says so."""

    full = False

    async def write(self, work, what="writing"):
        if self.full:
            raise StoreFull(f"{what}: database or disk is full", device="store")
        return await super().write(work, what)


@define
class Scene:
    simulation: Simulation
    station: Station
    vehicle: Vehicle
    store: StoreOnAFullDisk
    news: list[StationEvent] = field(factory=list)

    @property
    def state(self) -> State:
        return self.station.connector.state

    async def sleep(self, seconds: float) -> None:
        await self.simulation.clock.sleep(seconds)

    async def until(self, condition: Callable[[], bool], within_s: float = 60.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await self.sleep(0.05)

    async def tap(self) -> None:
        self.simulation.plant.cabinet.cards.set((CARD,))
        await self.sleep(1.0)
        self.simulation.plant.cabinet.cards.set(())
        await self.sleep(4.0)

    async def charge(self) -> None:
        await self.tap()
        self.vehicle.plug_in(cable_ohm=220.0)
        await self.until(lambda: self.state is State.CHARGING)

    def of(self, kind: type) -> list:
        return [each for each in self.news if isinstance(each, kind)]


@asynccontextmanager
async def station(path: Path) -> AsyncIterator[Scene]:
    simulation = Simulation(load_board("bender.cc613"))
    async with (
        simulation,
        open_board(simulation.description, simulation.buses, clock=simulation.clock) as board,
        await StoreOnAFullDisk.open(path) as store,
    ):
        served = Station(board, StationSettings(store_sample_s=10.0), store=store)
        scene = Scene(simulation, served, Vehicle(simulation.plant.outlet(1)), store)
        served.news.on(scene.news.append)
        serving = asyncio.create_task(served.run())
        await scene.sleep(1.0)
        try:
            yield scene
            assert not serving.done(), "the station goes on serving"
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def play(path: Path, story: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        async with station(path) as scene:
            await story(scene)

    run_virtual(main())


def test_a_session_is_on_the_disk_from_its_begin_to_its_end(tmp_path: Path) -> None:
    async def story(made: Scene) -> None:
        await made.charge()
        (begun,) = await made.store.read(lambda tx: tx.sessions.open())
        assert begun.token.id == CARD.uid.hex().upper()
        await made.sleep(65.0)
        samples = await made.store.read(lambda tx: tx.sessions.samples(begun.number))
        assert 5 <= len(samples) <= 7, "one every ten seconds"
        made.vehicle.unplug(force=True)
        await made.until(lambda: bool(made.of(SessionEnded)))
        ended = await made.store.read(lambda tx: tx.sessions.get(begun.number))
        record = made.of(SessionEnded)[0].record
        assert (ended.number, ended.end_wh, ended.ended, ended.reason) == (record.number, record.end_wh, record.ended, record.reason)
        assert ended.energy_wh is not None
        assert ended.energy_wh > samples[-1].register_wh - begun.begin_wh
        made.vehicle = Vehicle(made.simulation.plant.outlet(1))
        await made.sleep(5.0)
        await made.charge()
        assert [each.number for each in await made.store.read(lambda tx: tx.sessions.open())] == [begun.number + 1]

    play(tmp_path / "station.db", story)


def test_a_session_that_a_power_cut_left_open_is_ended_with_its_last_sample(tmp_path: Path) -> None:
    async def cut(made: Scene) -> None:
        await made.charge()
        await made.sleep(35.0)

    async def after(made: Scene) -> None:
        (news,) = made.of(SessionRecovered)
        assert news.record.reason == POWER_LOSS
        assert news.record.energy_wh > Decimal(0)
        stored = await made.store.read(lambda tx: tx.sessions.get(news.record.number))
        last = await made.store.read(lambda tx: tx.sessions.last_sample(news.record.number))
        assert (stored.ended, stored.end_wh) == (last.at, last.register_wh)
        assert await made.store.read(lambda tx: tx.sessions.open()) == []
        await made.charge()
        assert (await made.store.read(lambda tx: tx.sessions.open()))[0].number == news.record.number + 1

    play(tmp_path / "station.db", cut)
    play(tmp_path / "station.db", after)


def test_on_a_full_disk_no_charge_begins_and_the_next_one_does_when_there_is_room(tmp_path: Path) -> None:
    async def story(made: Scene) -> None:
        made.store.full = True
        await made.tap()
        made.vehicle.plug_in(cable_ohm=220.0)
        await made.until(lambda: made.state is State.FAULTED)
        assert [each.fault.name for each in made.of(FaultRaised)] == [FaultName.STORE_FAILED]
        assert made.of(ChargingEnded) == []
        await made.sleep(100.0)
        made.store.full = False
        await made.until(lambda: FaultName.STORE_FAILED in [each.fault.name for each in made.of(FaultCleared)], within_s=70.0)
        made.vehicle.unplug(force=True)
        await made.until(lambda: made.state is State.AVAILABLE)
        await made.sleep(5.0)
        made.vehicle = Vehicle(made.simulation.plant.outlet(1))
        await made.charge()
        assert [each.name for each in await made.store.read(lambda tx: tx.faults.recent())] == ["store-failed"]

    play(tmp_path / "station.db", story)


def test_an_end_that_the_disk_does_not_take_is_told_only_when_it_does(tmp_path: Path) -> None:
    async def story(made: Scene) -> None:
        await made.charge()
        await made.sleep(5.0)
        made.store.full = True
        made.vehicle.unplug(force=True)
        await made.sleep(30.0)
        assert made.of(ChargingEnded) == []
        assert FaultName.STORE_FAILED in [each.fault.name for each in made.of(FaultRaised)]
        made.store.full = False
        await made.until(lambda: bool(made.of(SessionEnded)), within_s=70.0)
        assert len(made.of(ChargingEnded)) == len(made.of(SessionEnded)) == 1
        (stored,) = await made.store.read(lambda tx: tx.sessions.recent())
        assert stored.end_wh == made.of(SessionEnded)[0].record.end_wh
        await made.until(lambda: made.state is State.AVAILABLE)

    play(tmp_path / "station.db", story)


def test_a_sample_that_the_disk_does_not_take_ends_the_charge(tmp_path: Path) -> None:
    async def story(made: Scene) -> None:
        await made.charge()
        made.store.full = True
        await made.until(lambda: made.state is State.FAULTED)
        made.store.full = False
        await made.until(lambda: bool(made.of(ChargingEnded)), within_s=70.0)

    play(tmp_path / "station.db", story)


def test_a_damaged_database_is_a_fault_of_the_station_that_stays(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    path.write_bytes(b"no database" * 1000)

    async def story(made: Scene) -> None:
        (entry,) = await made.store.read(lambda tx: tx.faults.standing())
        assert (entry.name, entry.connector) == ("store-recovered", 0)
        assert ".damaged-" in entry.detail
        await made.charge()

    play(path, story)
    play(path, story)


def test_what_retention_does_not_keep_is_removed_while_the_station_serves(tmp_path: Path) -> None:
    async def story(made: Scene) -> None:
        await made.charge()
        made.vehicle.unplug(force=True)
        await made.until(lambda: bool(made.of(SessionEnded)))
        made.store.retention = Retention(session_days=0, sample_days=0)
        await made.sleep(700.0)
        assert await made.store.read(lambda tx: tx.sessions.recent()) == []

    play(tmp_path / "station.db", story)


class TestCatalogue:
    def test_words_and_bits_are_unique(self) -> None:
        kinds = [name.kind for name in FaultName]
        bits = [kind.bit for kind in kinds if kind.bit is not None]
        assert len({kind.word for kind in kinds}) == len(kinds)
        assert sorted(bits) == list(range(22)), "every bit of the published error word, each once"

    @pytest.mark.parametrize("name", list(FaultName), ids=lambda name: name.word)
    def test_every_fault_can_be_told_to_everybody(self, name: FaultName) -> None:
        kind = name.kind
        assert all((kind.en, kind.de, kind.info, kind.cleared))
        assert len(kind.info) <= 50, "StatusNotification.info holds 50 characters"
        assert kind.ocpp in {
            "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError", "LocalListConflict",
            "OtherError", "OverCurrentFailure", "OverVoltage", "PowerMeterFailure", "PowerSwitchFailure", "ReaderFailure", "ResetFailure",
            "UnderVoltage", "WeakSignal",
        }  # fmt: skip
        assert FaultName.of(kind.word) is name

    def test_what_needs_service_is_maintenance(self) -> None:
        for name in FaultName:
            if name.clearing is Clearing.SERVICE and name is not FaultName.STORE_RECOVERED:
                assert name.kind.severity is Severity.MAINTENANCE

    def test_an_unknown_word_is_refused(self) -> None:
        with pytest.raises(KeyError):
            FaultName.of("nonsense")


async def test_sessions_of_another_controller_are_spared_and_what_is_owed_is_owed_in_the_same_commit(tmp_path: Path) -> None:
    clock = Clock()
    async with await Store.open(tmp_path / "station.db") as store:
        begun = {"token": Token(id="AB", source=TokenSource.CARD), "started": clock.wall(), "clock_state": clock.state}
        for connector in (1, 2):
            await store.write(lambda tx, connector=connector: tx.sessions.begin(connector=connector, begin_wh=Decimal(5), **begun))

        def owe(tx: Transaction, session: StoredSession) -> None:
            tx.outbox.put(queue="x", kind="ended", payload="", session=session.number, created=clock.wall())

        news = await close_interrupted(store, clock, spared={2}, along=owe)
        assert [each.connector for each in news] == [1]
        assert [each.connector for each in await store.read(lambda tx: tx.sessions.open())] == [2]
        assert [each.session for each in await store.read(lambda tx: tx.outbox.waiting("x"))] == [1]

        def fail(tx: Transaction, session: StoredSession) -> None:
            raise StoreFull("no room to owe it")

        with pytest.raises(StoreFull):
            await close_interrupted(store, clock, along=fail)
        assert len(await store.read(lambda tx: tx.sessions.open())) == 1
