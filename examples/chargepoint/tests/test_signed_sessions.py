"""Signed sessions: whatever dies between two steps, the records are complete and none is there twice."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.events import ChargingEnded, FaultRaised, RecordSigned, SessionEnded, SignatureLost, StationEvent
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.metering import SignedSessions, SigningSettings, Stage
from cc613_chargepoint.metering.controller_signer import Gateway
from cc613_chargepoint.metering.identification import assignment_of, end_reason_of
from cc613_chargepoint.signed_records import StoreKeeper, StorePages, signing_controller
from cc613_chargepoint.store import SignedRecord, Store
from cc613hal.board import load_board, open_board
from cc613hal.clock import ClockState, run_virtual
from cc613hal.errors import BusError, CommandFailed, DeviceRefused
from cc613hal.interfaces import EndReason, EnergyMeter, SignedMeter, TransactionPhase
from cc613hal.ocmf import (
    ControllerSigner,
    FileKey,
    KeyUnusable,
    MeterState,
    OcmfTime,
    PagesLost,
    PublicKey,
    ReadingReason,
    SignedValue,
    SignerIdentity,
    TimeState,
    no_identification,
    read_record,
    reading_of,
)
from cc613hal.ocmf.evidence import evidence_of
from cc613hal.ocmf.signatures import verify
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plant.vehicle import Vehicle
from cc613hal.readings import Energy
from cc613hal.testing.bench import PART, board_for

CARD = FieldCard(uid=bytes.fromhex("04A2B3C4D5E680"), sak=0x00, atqa=0x0044)
TOKEN = Token(id="04A2B3C4D5E680", source=TokenSource.CARD, technology="mifare-classic", security="uid")
MODELS = ["meters.wm3m4", "meters.em580", "meters.bsm-ws36a"]
OTHERS = ["meters.lem-dcbm", "meters.iem-dcr", "meters.gsh01", "meters.edl40"]
"""Without registers, on buses of their own."""
GATEWAY = Gateway(model="cc613 controller", serial="CC613-0001", version="0.1.0")
PLAIN = "meters.dvh4013"


class Killed(BaseException):
    """What ``kill -9`` is to a test in the same process: nothing of the program runs after it."""


def proven(record: str, key: str) -> None:
    found = evidence_of(SignedValue(data=record))
    assert verify(PublicKey.from_text(key), found.signed_bytes, found.signature)


def letters_of(records: Sequence[SignedRecord]) -> list[str]:
    """Why each reading was taken; formats that do not say so have one record for begin and one for end."""
    found: list[str] = []
    for record in records:
        if record.format == "OCMF":
            reasons = [reading.reason for reading in read_record(record.record).payload.readings]
            found += [reason.value for reason in reasons if isinstance(reason, ReadingReason)]
        else:
            found.append({"Transaction.Begin": "B", "Transaction.End": "E"}[record.context])
    return found


@define
class Steps:
    """Counts the steps between which a process can die, and dies at one of them."""

    dies_at: int = -1
    taken: list[str] = field(factory=list)

    def step(self, what: str) -> None:
        self.taken.append(what)
        if len(self.taken) - 1 == self.dies_at:
            raise Killed


class Counted:
    """A meter or keeper whose every call is two steps: before and after."""

    def __init__(self, target: Any, steps: Steps) -> None:
        self._target, self._steps = target, steps

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        async def counted(*arguments: Any, **keywords: Any) -> Any:
            self._steps.step(f"before {name}")
            result = await method(*arguments, **keywords)
            self._steps.step(f"after {name}")
            return result

        return counted


async def one_session(sessions: SignedSessions, number: int) -> None:
    await sessions.begin(number, TOKEN)
    await sessions.end(number, "card presented again")


def open_meter(driver: str, board: Any, store: Store, folder: Path) -> SignedMeter:
    if driver != PLAIN:
        found: SignedMeter = board.devices[PART]
        return found
    return signing_controller(board.get(EnergyMeter, PART), store, board.clock, key_file=folder / "key.pem", gateway=GATEWAY, number=1)


async def crash_and_recover(driver: str, folder: Path, dies_at: int) -> list[str]:
    """A session that dies at a step, and the next start. Returns the steps there were."""
    description, steps = board_for(driver), Steps(dies_at)
    async with Simulation(description) as simulation:
        try:
            async with (
                open_board(description, simulation.buses, clock=simulation.clock, state_dir=folder) as board,
                await Store.open(folder / "station.db") as store,
            ):
                meter, keeper = open_meter(driver, board, store, folder), StoreKeeper(store, board.clock, 1)
                await one_session(SignedSessions(Counted(meter, steps), Counted(keeper, steps), board.clock), 7)  # type: ignore[arg-type]
        except Killed:
            pass
        async with (
            open_board(description, simulation.buses, clock=simulation.clock, state_dir=folder) as board,
            await Store.open(folder / "station.db") as store,
        ):
            meter, keeper = open_meter(driver, board, store, folder), StoreKeeper(store, board.clock, 1)
            sessions = SignedSessions(meter, keeper, board.clock)
            await sessions.settle()
            assert await keeper.unfinished() is None
            assert (await meter.read_transaction()).phase is TransactionPhase.IDLE
            records = await keeper.records(7)
            assert len({record.record for record in records}) == len(records), "none is there twice"
            begun = "after begin_transaction" in steps.taken[: dies_at + 1] or dies_at < 0
            letters = letters_of(records)
            if begun:
                assert len(letters) == 2, f"begin and end, not {letters}"
                assert letters[0] == "B"
            elif letters:
                assert letters[0] == "B"
                assert len(letters) == 2
            for record in records:
                proven(record.record, record.public_key)
            await one_session(sessions, 8)
            pages = [record.page for record in await store.read(lambda tx: tx.signed.after(0))]
            assert pages == list(range(pages[0] or 0, (pages[0] or 0) + len(pages))), "no page is missing, none is used twice"
    return steps.taken


@pytest.mark.parametrize("driver", [*MODELS, *OTHERS, PLAIN])
def test_a_process_that_dies_at_any_step_leaves_whole_records(driver: str, tmp_path: Path) -> None:
    def folder(name: str) -> Path:
        made = tmp_path / name
        made.mkdir()
        return made

    steps = run_virtual(crash_and_recover(driver, folder("alive"), -1))
    assert len(steps) >= 20
    for number in range(len(steps)):
        run_virtual(crash_and_recover(driver, folder(str(number)), number))


SERVER = """
import asyncio, sys
from cc613hal.bus.sim.modbus_units import ModbusUnits
from cc613hal.bus.sim.tcp_server import ModbusTcpServer
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, board_for

async def main():
    async with Simulation(board_for("meters.bsm-ws36a")) as simulation:
        part = simulation.plant.parts[PART]
        part.busy_s = 0.02
        units = ModbusUnits()
        units.attach(42, part)
        async with ModbusTcpServer(units) as server:
            print(server.port, flush=True)
            await asyncio.sleep(50)

asyncio.run(main())
"""
STATION = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from cc613hal.board import open_board, parse_board
from cc613_chargepoint.metering import SignedSessions
from cc613_chargepoint.signed_records import StoreKeeper
from cc613_chargepoint.store import SignedRecord, Store
from test_signed_sessions import BOARD, Counted, Steps, one_session

class Kill(Steps):
    def step(self, what):
        if what == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

async def main(port, folder, dies_at):
    steps = Kill(dies_at)
    async with open_board(parse_board(BOARD.format(port=port)), state_dir=folder) as board, await Store.open(folder / "s.db") as store:
        meter, keeper = board.devices["meter1"], StoreKeeper(store, board.clock, 1)
        sessions = SignedSessions(Counted(meter, steps), Counted(keeper, steps), board.clock)
        await sessions.settle()
        await one_session(sessions, int(sys.argv[4]))

asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
"""
BOARD = """
schema = 1
name = "signed"
summary = "a signed meter on the network"
[bus.lan]
type = "modbus-tcp"
host = "127.0.0.1"
port = {port}
[device.meter1]
driver = "meters.bsm-ws36a"
bus = "lan"
address = 42
"""


def test_kill_9_leaves_whole_records(tmp_path: Path) -> None:
    """Real processes, a real socket, a real disk: killed at one place after the other (also while it recovers), then a whole session."""
    places = ["after begin_transaction", "before end_transaction", "after end_transaction", "before release_record", "before finish", ""]
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        program = STATION.format(tests=str(Path(__file__).parent))
        for session, dies_at in enumerate(places, start=1):
            done = subprocess.run(
                [sys.executable, "-c", program, port, str(tmp_path), dies_at, str(session)],
                capture_output=True,
                text=True,
                timeout=40,
                check=False,
            )
            assert done.returncode == (-signal.SIGKILL if dies_at else 0), done.stderr

        async def look() -> list[Any]:
            async with await Store.open(tmp_path / "s.db") as store:
                return list(await store.read(lambda tx: tx.signed.after(0)))

        records = asyncio.run(look())
        reasons = [json.loads(record.record.split("|")[1])["RD"][0]["TX"] for record in records]
        assert reasons == ["B", "E"] * (len(records) // 2)
        assert [record.page for record in records] == list(range(1, len(records) + 1))
        assert len(records) >= 4
        for record in records:
            proven(record.record, record.public_key)
    finally:
        server.kill()
        server.wait(timeout=10)
        if server.stdout is not None:
            server.stdout.close()


@asynccontextmanager
async def metering(
    tmp_path: Path, driver: str = "meters.em580", **settings: Any
) -> AsyncIterator[tuple[SignedSessions, Any, StoreKeeper, Any, list[Any]]]:
    """Sessions, the emulated meter, the keeper, the board, and what was told."""
    description = board_for(driver)
    async with (
        Simulation(description) as simulation,
        open_board(description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board,
        await Store.open(tmp_path / "station.db") as store,
    ):
        board.clock.state = ClockState.SYNCHRONISED
        keeper, told = StoreKeeper(store, board.clock, 1), []
        meter = open_meter(driver, board, store, tmp_path)
        sessions = SignedSessions(meter, keeper, board.clock, SigningSettings(**settings), lambda *news: told.append(news))
        yield sessions, simulation.plant.parts[PART], keeper, board, told


def test_a_tariff_that_bills_time_needs_the_time(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path, needs_time=True) as (sessions, _, keeper, board, _):
            board.clock.state = ClockState.INFORMATIVE
            with pytest.raises(DeviceRefused, match="not synchronised"):
                await sessions.begin(1, TOKEN)
            assert await keeper.unfinished() is None
            board.clock.state = ClockState.SYNCHRONISED
            await one_session(sessions, 1)

    run_virtual(scene())


def test_a_clock_that_is_not_synchronised_stands_in_the_record(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path) as (sessions, _, keeper, board, _):
            board.clock.state = ClockState.UNKNOWN
            await one_session(sessions, 1)
            (record,) = await keeper.records(1)
            assert str(read_record(record.record).payload.readings[0].time).endswith(" U")

    run_virtual(scene())


def test_a_meter_that_is_silent_at_the_end_is_asked_until_it_answers(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path) as (sessions, part, keeper, board, told):
            await sessions.begin(1, TOKEN)
            part.read, really = lambda *_: (_ for _ in ()).throw(DeviceRefused("gone", code=11)), part.read
            with pytest.raises((BusError, DeviceRefused)):
                await sessions.end(1, "card presented again")
            opened = await keeper.unfinished()
            assert opened is not None
            assert opened.stage is Stage.ENDING
            with pytest.raises((BusError, DeviceRefused)):
                await sessions.begin(2, TOKEN)
            running = asyncio.create_task(sessions.run())
            await board.clock.sleep(12.0)
            part.read = really
            await board.clock.sleep(12.0)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            assert await keeper.unfinished() is None
            assert [record.context for record in await keeper.records(1)] == ["Transaction.End"]
            assert len(told) == 1

    run_virtual(scene())


def test_a_meter_that_answers_and_never_signs_ends_without_a_bill_and_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path) as (sessions, part, keeper, _, told):
            await sessions.begin(1, TOKEN)
            part.failure = 1
            await sessions.end(1, "card presented again")
            assert await keeper.unfinished() is None
            assert await keeper.records(1) == []
            assert told[-1][1] is None
            assert "corrupted" in told[-1][2]
            part.failure = None
            await one_session(sessions, 2)
            assert len(await keeper.records(2)) == 1

    run_virtual(scene())


def test_a_record_that_does_not_verify_is_tried_again_and_then_not_sold(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path) as (sessions, part, keeper, board, told):
            await sessions.begin(1, TOKEN)
            really, part.sign = part.sign, lambda payload: really(payload + " ")
            with pytest.raises(CommandFailed, match="does not fit"):
                await sessions.end(1, "card presented again")
            running = asyncio.create_task(sessions.run())
            await board.clock.sleep(40.0)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            assert await keeper.unfinished() is None
            assert told[-1][1] is None
            assert await keeper.records(1) == []

    run_virtual(scene())


def test_a_meter_that_holds_what_nobody_here_began_is_freed_and_its_record_kept(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path) as (sessions, _, keeper, board, told):
            from cc613hal.interfaces import SignedTransaction

            await board.devices[PART].begin_transaction(SignedTransaction(id="somebody-else"))
            await one_session(sessions, 1)
            assert [opened.session for opened, reading, _ in told if reading is not None] == [None, 1]
            assert len(await keeper.records(1)) == 1

    run_virtual(scene())


def test_a_signing_controller_says_that_its_meter_was_lost(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path, PLAIN) as (sessions, _, keeper, _, _):
            await sessions.begin(1, TOKEN)
            meter = sessions._meter
            meter._meter = Lost()  # type: ignore[attr-defined]
            await sessions.end(1, "fault: meter-lost")
            begin, end = [read_record(record.record).payload for record in await keeper.records(1)]
            reading = end.readings[0]
            assert (reading.reason, reading.state, reading.value) == (ReadingReason.END_ABORT, MeterState.DISCONNECTED, None)
            assert (begin.page.number if begin.page else 0) + 1 == (end.page.number if end.page else 0)

    run_virtual(scene())


class Lost(EnergyMeter):
    """A meter whose line is cut."""

    async def read_energy(self) -> Any:
        raise BusError("no answer", device="meter")


def test_a_key_that_others_may_read_signs_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path, PLAIN) as (_, _, keeper, board, _):
            (tmp_path / "key.pem").chmod(0o644)
            with pytest.raises(KeyUnusable):
                signing_controller(
                    board.get(EnergyMeter, PART), keeper._store, board.clock, key_file=tmp_path / "key.pem", gateway=GATEWAY, number=1
                )

    run_virtual(scene())


@pytest.mark.parametrize(
    ("security", "level", "rfid"),
    [("uid", "HEARSAY", "RFID_PLAIN"), ("authenticated", "SECURE", "RFID_PSK"), ("certified", "CERTIFIED", "RFID_PSK")],
)
def test_a_card_is_no_more_than_what_its_read_proves(security: str, level: str, rfid: str) -> None:
    user = assignment_of(evolve(TOKEN, security=security))
    assert (user.assigned, user.level, user.type, user.data) == (True, level, "ISO14443", "04A2B3C4D5E680")
    assert user.flags == (rfid, "OCPP_NONE", "ISO15118_NONE", "PLMN_NONE")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("card presented again", EndReason.LOCAL),
        ("vehicle unplugged", EndReason.LOCAL),
        ("fault: over-current", EndReason.ABORT),
        ("remote stop", EndReason.REMOTE),
        ("ended", EndReason.END),
    ],
)
def test_words_become_letters(words: str, reason: EndReason) -> None:
    assert end_reason_of(words) is reason


async def test_pages_of_a_counter_that_somebody_else_used_are_looked_up_again(tmp_path: Path) -> None:
    key = FileKey.create(tmp_path / "key.pem")
    identity = SignerIdentity(gateway="G", gateway_serial="1", gateway_version="1", meter_serial="M")
    reading = reading_of(Energy(Decimal(1)), OcmfTime(datetime(2026, 1, 1, tzinfo=UTC), TimeState.SYNCHRONISED), ReadingReason.BEGIN)
    async with await Store.open(tmp_path / "station.db") as store:
        one, other = (StorePages(store, 1, key.public_key.fingerprint) for _ in range(2))
        for pages, name in ((one, "a"), (other, "b")):
            pages.assign(name)
            await ControllerSigner(key, pages, identity).begin(reading, no_identification())
        one.assign("c")
        with pytest.raises(PagesLost, match="not the next one"):
            await ControllerSigner(key, one, identity).begin(reading, no_identification())
        begun = await ControllerSigner(key, one, identity).begin(reading, no_identification())
        page = begun.records[0].payload.page
        assert page is not None
        assert page.number == 3


@define
class Scene:
    """A whole station with a signed meter."""

    simulation: Simulation
    station: Station
    vehicle: Vehicle
    store: Store
    news: list[StationEvent] = field(factory=list)

    @property
    def part(self) -> Any:
        return self.simulation.plant.parts["meter1"]

    async def until(self, condition: Callable[[], bool], within_s: float = 60.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await self.simulation.clock.sleep(0.05)

    async def tap(self) -> None:
        self.simulation.plant.cabinet.cards.set((CARD,))
        await self.simulation.clock.sleep(1.0)
        self.simulation.plant.cabinet.cards.set(())
        await self.simulation.clock.sleep(4.0)

    def of(self, kind: type) -> list[Any]:
        return [each for each in self.news if isinstance(each, kind)]


def overlay(folder: Path, driver: str) -> Path:
    path = folder / f"{driver}.toml"
    path.write_text(f'schema = 1\nname = "signed station"\n[device.meter1]\ndriver = "{driver}"\n')
    return path


def play(folder: Path, driver: str, story: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613", overlays=[overlay(folder, driver)]))
        async with (
            simulation,
            open_board(simulation.description, simulation.buses, clock=simulation.clock, state_dir=folder) as board,
            await Store.open(folder / "station.db") as store,
        ):
            board.clock.state = ClockState.SYNCHRONISED
            meters: dict[int, SignedMeter] = {}
            if driver == PLAIN:
                plain = board.get(EnergyMeter, "meter1")
                meters[1] = signing_controller(plain, store, board.clock, key_file=folder / "key.pem", gateway=GATEWAY, number=1)
            settings = StationSettings(signing=SigningSettings(charge_point="DE*ABC*E00001"))
            served = Station(board, settings, store=store, signed_meters=meters)
            scene = Scene(simulation, served, Vehicle(simulation.plant.outlet(1)), store)
            served.news.on(scene.news.append)
            serving = asyncio.create_task(served.run())
            await simulation.clock.sleep(1.0)
            try:
                await story(scene)
                assert not serving.done(), "the station goes on serving"
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving

    run_virtual(main())


@pytest.mark.parametrize("driver", [*MODELS, PLAIN])
def test_a_charge_leaves_records_that_verify(driver: str, tmp_path: Path) -> None:
    async def story(made: Scene) -> None:
        await made.tap()
        made.vehicle.plug_in(cable_ohm=220.0)
        await made.until(lambda: made.station.connector.state is State.CHARGING)
        signed = made.of(RecordSigned)
        assert [each.context for each in signed] == ([] if driver in {"meters.wm3m4", "meters.em580"} else ["Transaction.Begin"])
        await made.simulation.clock.sleep(600.0)
        made.vehicle.stop_energy()
        await made.until(lambda: made.station.connector.state is State.READY)
        await made.simulation.clock.sleep(4.0)
        await made.tap()
        await made.until(lambda: bool(made.of(ChargingEnded)))
        made.vehicle.unplug()
        await made.until(lambda: bool(made.of(SessionEnded)))
        kinds = [type(each) for each in made.news if isinstance(each, RecordSigned | ChargingEnded)]
        assert kinds[-2:] == [RecordSigned, ChargingEnded], "signed before it is told"
        number = made.of(ChargingEnded)[0].record.number
        records = await made.store.read(lambda tx: tx.signed.of_session(number))
        assert [record.record for record in records] == [each.record for each in made.of(RecordSigned)]
        readings = [reading for record in records for reading in read_record(record.record).payload.readings]
        energy_wh = float((readings[-1].wh or 0) - (readings[0].wh or 0))
        assert energy_wh == pytest.approx(float(made.of(ChargingEnded)[0].record.energy_wh), abs=25.0)
        assert energy_wh > 1000.0
        for record in records:
            proven(record.record, record.public_key)
            assert "04A2B3C4D5E680" in record.record
            assert "DE*ABC*E00001" in record.record

    play(tmp_path, driver, story)


def test_a_meter_that_does_not_sign_the_begin_gives_no_current(tmp_path: Path) -> None:
    async def story(made: Scene) -> None:
        made.part.failure = 254
        await made.tap()
        made.vehicle.plug_in(cable_ohm=220.0)
        await made.until(lambda: bool(made.of(FaultRaised)))
        assert made.of(FaultRaised)[0].fault.name is FaultName.METER_UNSIGNED
        assert made.simulation.plant.outlet(1).contacts.value == 0
        (session,) = await made.store.read(lambda tx: tx.sessions.recent())
        assert session.ended is not None
        assert session.energy_wh == 0

    play(tmp_path, "meters.wm3m4", story)


def test_a_station_that_loses_its_supply_in_a_charge_ends_the_session_signed_when_it_is_back(tmp_path: Path) -> None:
    async def cut(made: Scene) -> None:
        await made.tap()
        made.vehicle.plug_in(cable_ohm=220.0)
        await made.until(lambda: made.station.connector.state is State.CHARGING)
        await made.simulation.clock.sleep(300.0)

    async def main() -> None:
        driver = "meters.bsm-ws36a"
        simulation = Simulation(load_board("bender.cc613", overlays=[overlay(tmp_path, driver)]))
        async with simulation:
            news: list[StationEvent] = []
            for start in range(2):
                async with (
                    open_board(simulation.description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board,
                    await Store.open(tmp_path / "station.db") as store,
                ):
                    board.clock.state = ClockState.SYNCHRONISED
                    served = Station(board, StationSettings(), store=store)
                    served.news.on(news.append)
                    serving = asyncio.create_task(served.run())
                    await simulation.clock.sleep(1.0)
                    if start == 0:
                        await cut(Scene(simulation, served, Vehicle(simulation.plant.outlet(1)), store))
                        simulation.plant.parts["meter1"].lose_power()
                    else:
                        await simulation.clock.sleep(5.0)
                    serving.cancel()
                    with suppress(asyncio.CancelledError):
                        await serving
            signed = [each for each in news if isinstance(each, RecordSigned)]
            assert [each.context for each in signed] == ["Transaction.Begin", "Transaction.End"]
            assert signed[0].session == signed[1].session
            assert not [each for each in news if isinstance(each, SignatureLost)]
            for each in signed:
                proven(each.record, each.public_key)

    run_virtual(main())


@pytest.mark.parametrize("at_s", [0.0, 0.05, 0.3, 1.0])
def test_a_vehicle_that_leaves_while_the_begin_is_signed_leaves_no_open_session(at_s: float, tmp_path: Path) -> None:
    """Whatever is on the disk by then has its end, signed, and the next customer is served."""

    async def story(made: Scene) -> None:
        made.part.busy_s = 1.5
        await made.tap()
        made.vehicle.plug_in(cable_ohm=220.0)
        begun = made.store.read(lambda tx: tx.sessions.open())
        async with asyncio.timeout(60.0):
            while not await begun:
                await made.simulation.clock.sleep(0.01)
                begun = made.store.read(lambda tx: tx.sessions.open())
        await made.simulation.clock.sleep(at_s)
        assert made.simulation.plant.outlet(1).contacts.value == 0
        made.vehicle.unplug(force=True)
        await made.until(lambda: made.station.connector.state is State.AVAILABLE)
        await made.simulation.clock.sleep(10.0)
        assert not await made.store.read(lambda tx: tx.sessions.open())
        await made.tap()
        made.vehicle.plug_in(cable_ohm=220.0)
        await made.until(lambda: made.station.connector.state is State.CHARGING)

    play(tmp_path, "meters.wm3m4", story)
