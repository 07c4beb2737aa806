"""What meters signed goes out as a file that verifies, of a session or of a period, with the key for the label on the housing."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.command import EXIT_DEVICE, EXIT_USAGE
from cc613_chargepoint.command import main as chargepoint
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.facade import Refused
from cc613_chargepoint.facade.commands import GetPublicKey, ListSigned, PublicKeyView, SignedList
from cc613_chargepoint.facade.server import serve_socket
from cc613_chargepoint.metering import SignedSessions
from cc613_chargepoint.metering.controller_signer import Gateway
from cc613_chargepoint.settings import Actor
from cc613_chargepoint.signed_export import SignedAnswers, value_of_view
from cc613_chargepoint.signed_records import signing_controller
from cc613_chargepoint.store import Store
from cc613hal.board import load_board, open_board
from cc613hal.cli.main import main as cc613hal
from cc613hal.clock import ClockState
from cc613hal.errors import BusError, Unsupported
from cc613hal.interfaces import EnergyMeter, SignedMeter
from cc613hal.ocmf import write_values
from cc613hal.plant import Simulation

TOKEN = Token(id="04A2B3C4D5E680", source=TokenSource.CARD, technology="mifare-classic", security="uid")
GATEWAY = Gateway(model="cc613 controller", serial="CC613-0001", version="0.1.0")
PLAIN = "meters.dvh4013"
SIGNED = ["meters.wm3m4", "meters.em580", "meters.bsm-ws36a", "meters.lem-dcbm", "meters.iem-dcr", "meters.gsh01", "meters.edl40"]
BUSES = {
    **dict.fromkeys(("meters.lem-dcbm", "meters.iem-dcr"), '[bus.own]\ntype = "http"\nhost = "part.invalid"\n'),
    **dict.fromkeys(("meters.gsh01", "meters.edl40"), '[bus.own]\ntype = "serial"\npath = "/dev/ttyOWN"\n'),
}
OPERATOR = Actor(name="ops", role=Role.OPERATOR)
USER = Actor(name="user", role=Role.USER)


class Served:
    """A station with a signed meter that has sold sessions, one every hour from midnight on, and its answers."""

    def __init__(self, station: Station, store: Store, answers: StationAnswers, board: Any) -> None:
        self.station, self.store, self.facade, self.board = station, store, answers.facade, board

    async def sell(self, sessions: SignedSessions, count: int) -> None:
        for hour in range(count):
            at = datetime(2026, 5, 1, hour, tzinfo=UTC)
            number = await self.store.write(lambda tx, at=at: _open(tx, at))
            await sessions.begin(number, TOKEN)
            await sessions.end(number, "card presented again")
            await self.store.write(lambda tx, number=number, at=at: _close(tx, number, at + timedelta(minutes=30)))

    async def ask(self, command: Any, actor: Actor = OPERATOR) -> Any:
        return await self.facade.ask(command, actor)


def _overlay(folder: Path, driver: str) -> Path:
    path = folder / "overlay.toml"
    bus = BUSES.get(driver, "")
    on_it = '\nbus = "own"\nunit = false' if bus else ""
    path.write_text(f'schema = 1\nname = "signed station"\n{bus}[device.meter1]\ndriver = "{driver}"{on_it}\n')
    return path


def _open(tx: Any, at: datetime) -> int:
    begun = tx.sessions.begin(connector=1, token=TOKEN, started=at, clock_state=ClockState.SYNCHRONISED, begin_wh=None)
    number: int = begun.number
    return number


def _close(tx: Any, number: int, at: datetime) -> None:
    tx.sessions.end(number, ended=at, end_wh=None, duration_s=1800.0, highest_current_a=0.0, reason="card presented again")


@asynccontextmanager
async def served(folder: Path, driver: str) -> AsyncIterator[Served]:
    simulation = Simulation(load_board("bender.cc613", overlays=[_overlay(folder, driver)]))
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
        station = Station(board, StationSettings(), store=store, signed_meters=meters)
        yield Served(station, store, StationAnswers(station, board, store), board)


def verified(path: Path, *options: str) -> dict[str, Any]:
    """What our own checker says about a file, in JSON."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        code = cc613hal(["ocmf", "verify", str(path), "--json", *options])
    told: dict[str, Any] = json.loads(out.getvalue())
    return {"code": code, **told}


def written(folder: Path, answer: SignedList) -> Path:
    path = folder / "export.xml"
    with path.open("wb") as stream:
        write_values(stream, map(value_of_view, answer.records))
    return path


@pytest.mark.parametrize("driver", [*SIGNED, PLAIN])
async def test_a_session_and_a_period_go_out_as_files_that_verify(driver: str, tmp_path: Path) -> None:
    async with served(tmp_path, driver) as made:
        await made.sell(made.station.signing[1], 4)
        one = await made.ask(ListSigned(session=2))
        assert {each.session for each in one.records} == {2}
        assert verified(written(tmp_path, one))["code"] == 0
        morning = await made.ask(ListSigned(since=datetime(2026, 5, 1, 1, tzinfo=UTC), until=datetime(2026, 5, 1, 3, tzinfo=UTC)))
        assert {each.session for each in morning.records} == {2, 3}
        assert not morning.more
        told = verified(written(tmp_path, morning))
        assert told["code"] == 0, told
        everything = await made.ask(ListSigned())
        assert {each.session for each in everything.records} == {1, 2, 3, 4}
        assert verified(written(tmp_path, everything))["code"] == 0
        key = await made.ask(GetPublicKey(connector=1), USER)
        assert {each.public_key for each in everything.records} <= {key.hex, ""}
        assert "<svg" in key.qr_svg
        path = written(tmp_path, one)
        text = path.read_text()
        for digit in "123456789":  # a tampered one is not
            at = text.find(digit, text.find("signedData"))
            path.write_text(text[:at] + ("1" if digit != "1" else "2") + text[at + 1 :])
            assert verified(path)["code"] in {1, 2}


async def test_a_long_period_comes_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cc613_chargepoint.signed_export.PART", 3)
    async with served(tmp_path, "meters.bsm-ws36a") as made:
        await made.sell(made.station.signing[1], 4)
        parts, after = [], 0
        while not parts or parts[-1].more:
            parts.append(await made.ask(ListSigned(after=after)))
            after = parts[-1].records[-1].id
        assert [len(each.records) for each in parts] == [3, 3, 2]
        assert len({each.id for part in parts for each in part.records}) == 8
        assert [(each.context, each.transaction_id) for each in parts[0].records[:2]] == [
            ("Transaction.Begin", "1"),
            ("Transaction.End", "1"),
        ]


async def test_a_session_that_runs_is_not_in_a_period_yet(tmp_path: Path) -> None:
    async with served(tmp_path, "meters.bsm-ws36a") as made:
        await made.sell(made.station.signing[1], 1)
        number = await made.store.write(lambda tx: _open(tx, datetime(2026, 5, 1, 9, tzinfo=UTC)))
        await made.station.signing[1].begin(number, TOKEN)
        assert {each.session for each in (await made.ask(ListSigned())).records} == {1}
        assert [each.context for each in (await made.ask(ListSigned(session=number))).records] == ["Transaction.Begin"]


async def test_what_nobody_here_began_is_in_the_period_it_was_made_in(tmp_path: Path) -> None:
    from cc613hal.interfaces import SignedTransaction

    async with served(tmp_path, "meters.em580") as made:
        await made.board.devices["meter1"].begin_transaction(SignedTransaction(id="somebody-else"))
        await made.station.signing[1].settle()
        now = made.board.clock.wall()
        assert [each.session for each in (await made.ask(ListSigned(since=now - timedelta(hours=1)))).records] == [None]
        assert not (await made.ask(ListSigned(since=now + timedelta(hours=1)))).records


async def test_a_period_needs_a_time_zone(tmp_path: Path) -> None:
    async with served(tmp_path, "meters.em580") as made:
        with pytest.raises(Refused, match="time zone"):
            await made.ask(ListSigned(since=datetime(2026, 5, 1)))  # noqa: DTZ001 - what is refused


async def test_a_silent_meter_has_the_key_of_its_last_record(tmp_path: Path) -> None:
    async with served(tmp_path, "meters.em580") as made:
        key = await made.ask(GetPublicKey(connector=1))

        async def silent() -> bytes:
            raise BusError("no answer", device="meter1")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(made.station.signing[1], "public_key", silent)
            with pytest.raises(BusError):
                await made.ask(GetPublicKey(connector=1))
            await made.sell(made.station.signing[1], 1)
            assert await made.ask(GetPublicKey(connector=1)) == key


async def test_a_meter_that_does_not_sign_has_no_key(tmp_path: Path) -> None:
    simulation = Simulation(load_board("bender.cc613"))
    async with (
        simulation,
        open_board(simulation.description, simulation.buses, clock=simulation.clock) as board,
        await Store.open(tmp_path / "station.db") as store,
    ):
        answers = StationAnswers(Station(board, StationSettings(), store=store), board, store)
        with pytest.raises(Unsupported, match="no meter that signs"):
            await answers.facade.ask(GetPublicKey(connector=1), USER)


async def test_without_segno_there_is_the_key_and_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> str:
        raise Unsupported("QR codes need the package segno")

    monkeypatch.setattr("cc613_chargepoint.signed_export.qr_svg", missing)
    async with served(tmp_path, "meters.em580") as made:
        key = await made.ask(GetPublicKey(connector=1))
        assert isinstance(key, PublicKeyView)
        assert (bool(key.hex), key.qr_svg) == (True, "")
        assert SignedAnswers is not None


class TestCommandLine:
    """The verbs, in a process that is not the station's."""

    @pytest.fixture
    def data(self, tmp_path: Path) -> Any:
        """A data directory with a station behind its socket, in a thread of its own."""
        ready, over = threading.Event(), threading.Event()

        async def serve() -> None:
            async with served(tmp_path, "meters.bsm-ws36a") as made:
                await made.sell(made.station.signing[1], 3)
                async with serve_socket(made.facade, tmp_path / "station.sock"):
                    ready.set()
                    await asyncio.to_thread(over.wait, 60)

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        try:
            assert ready.wait(30)
            yield tmp_path
        finally:
            over.set()
            thread.join()

    def test_files_and_labels(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for number, (options, count) in enumerate((
            (["--session", "2"], 2),
            (["--since", "2026-05-01T00:00+00:00", "--until", "2026-05-01T02:00+00:00"], 4),
            ([], 6),
        )):  # fmt: skip
            out = data / f"{number}.xml"
            assert chargepoint(["signed", "--data", str(data), "--out", str(out), *options]) == 0
            assert f"{count} records" in capsys.readouterr().err
            assert out.read_text().count("<value ") == count
            assert verified(out)["code"] == 0
        assert chargepoint(["signed", "--data", str(data), "--session", "1"]) == 0
        assert capsys.readouterr().out.startswith("<?xml")
        assert chargepoint(["signed", "--data", str(data), "--session", "1", "--json"]) == 0
        assert [each["context"] for each in json.loads(capsys.readouterr().out)] == ["Transaction.Begin", "Transaction.End"]
        for name, begin in (("label.svg", b"<svg"), ("label.png", b"\x89PNG")):
            assert chargepoint(["public-key", "--data", str(data), "--qr", str(data / name)]) == 0
            assert (data / name).read_bytes().startswith(begin)
        told = capsys.readouterr().out.split()
        assert chargepoint(["public-key", "--data", str(data), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["hex"] == told[0]
        assert verified(data / "2.xml", "--key", told[0])["code"] == 0

    def test_what_makes_no_sense(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert chargepoint(["signed", "--data", str(data), "--session", "99"]) == EXIT_DEVICE
        assert "no signed record" in capsys.readouterr().err
        assert chargepoint(["signed", "--data", str(data), "--session", "1", "--since", "2026-05-01"]) == EXIT_USAGE
        assert chargepoint(["signed", "--data", str(data), "--out", str(data / "nowhere" / "x.xml")]) == EXIT_USAGE
        assert chargepoint(["public-key", "--data", str(data), "--qr", str(data / "label.jpg")]) == EXIT_USAGE
        assert "Traceback" not in capsys.readouterr().err
        for wrong in (["--since", "yesterday"], ["--session", "x"], ["--session", "0"]):
            with pytest.raises(SystemExit):
                chargepoint(["signed", "--data", str(data), *wrong])
