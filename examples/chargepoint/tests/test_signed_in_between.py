"""Values in between, signed: only of a session that runs, each kept once, and the session itself as whole as without them."""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.events import RecordSigned, SessionBegan
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.facade.commands import GetPublicKey, GetStatus, PublicKeyView, SignedNow, SignNow, StationStatus
from cc613_chargepoint.metering.record_keeper import Stage
from cc613_chargepoint.settings import Actor
from cc613_chargepoint.signed_export import value_of_view, view_of
from cc613_chargepoint.store import Store
from cc613hal.board import load_board, open_board
from cc613hal.clock import ClockState, run_virtual
from cc613hal.errors import BusError, CommandFailed, DeviceRefused, HalError, Unsupported
from cc613hal.ocmf import Checker, PublicKey, Status, read_values, write_values
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plant.vehicle import Vehicle
from examples.chargepoint.tests.test_signed_sessions import MODELS, OTHERS, PLAIN, TOKEN, letters_of, metering, proven

CARD = FieldCard(uid=bytes.fromhex("04A2B3C4D5E680"), sak=0x00, atqa=0x0044)
BACKEND = Actor(name="backend", role=Role.OPERATOR)
AT_ONCE = "meters.bsm-ws36a"


@pytest.mark.parametrize("driver", [AT_ONCE, PLAIN])
def test_they_are_kept_between_begin_and_end_and_the_whole_verifies(driver: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path, driver) as (sessions, _, keeper, board, told):
            assert sessions.signs_now
            await sessions.begin(7, TOKEN)
            for context in ("Sample.Periodic", "Sample.Clock", "Trigger"):
                await board.clock.sleep(30.0)
                reading = await sessions.now(7, context)
                assert (told[-1][1], told[-1][2]) == (reading, context)
            await sessions.end(7, "card presented again")
            records = await keeper.records(7)
            assert [each.context for each in records] == [
                "Transaction.Begin", "Sample.Periodic", "Sample.Clock", "Trigger", "Transaction.End",
            ]  # fmt: skip
            assert letters_of(records) == ["B", "C", "C", "C", "E" if driver == AT_ONCE else "L"]
            assert [each.page for each in records] == [1, 2, 3, 4, 5]
            file = io.BytesIO()
            write_values(file, [value_of_view(view_of(each)) for each in records])  # the file for the transparency software
            file.seek(0)
            values = list(read_values(file))
            assert [each.context for each in values] == [each.context for each in records]
            checker = Checker([PublicKey.from_text(records[0].public_key)])
            list(checker.check(values))
            assert checker.summary.status is Status.VERIFIED

    run_virtual(scene())


@pytest.mark.parametrize("driver", [each for each in [*MODELS, *OTHERS] if each != AT_ONCE])
def test_a_meter_that_signs_begin_and_end_only_says_so_and_loses_nothing(driver: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path, driver) as (sessions, _, keeper, _, _):
            assert not sessions.signs_now
            await sessions.begin(7, TOKEN)
            before = await keeper.records(7)
            with pytest.raises(Unsupported, match="begin and the end"):
                await sessions.now(7, "Sample.Periodic")
            assert await keeper.records(7) == before
            await sessions.end(7, "card presented again")
            assert len(await keeper.records(7)) == len(before) + 1

    run_virtual(scene())


def test_only_the_session_that_runs_has_them(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path, AT_ONCE) as (sessions, _, keeper, _, _):
            with pytest.raises(DeviceRefused):
                await sessions.now(7, "Sample.Periodic")  # not begun
            await sessions.begin(7, TOKEN)
            with pytest.raises(DeviceRefused):
                await sessions.now(6, "Sample.Periodic")  # another one's
            await sessions.now(7, "Sample.Periodic")
            await sessions.end(7, "card presented again")
            with pytest.raises(DeviceRefused):
                await sessions.now(7, "Sample.Periodic")  # over
            assert len(await keeper.records(7)) == 3

    run_virtual(scene())


def test_an_end_that_comes_meanwhile_waits_its_turn_and_is_whole(tmp_path: Path) -> None:
    async def scene() -> None:
        async with metering(tmp_path, AT_ONCE) as (sessions, _, keeper, _, _):
            await sessions.begin(7, TOKEN)
            asked = [asyncio.create_task(sessions.now(7, "Sample.Periodic")) for _ in range(3)]
            await asyncio.sleep(0)
            await sessions.end(7, "card presented again")
            done = await asyncio.gather(*asked, return_exceptions=True)
            records = await keeper.records(7)
            assert [each.page for each in records] == list(range(1, len(records) + 1))
            assert records[-1].context == "Transaction.End"
            assert len(records) == 2 + sum(not isinstance(each, Exception) for each in done)

    run_virtual(scene())


def test_one_that_fails_costs_nothing_but_itself(tmp_path: Path) -> None:
    """A meter that is silent, one that fails, and one whose signature is wrong: no record, and the session ends as it should."""

    async def scene() -> None:
        async with metering(tmp_path, AT_ONCE) as (sessions, part, keeper, _, told):
            await sessions.begin(7, TOKEN)
            said = len(told)
            part.read, really = lambda *_: (_ for _ in ()).throw(DeviceRefused("gone", code=11)), part.read
            with pytest.raises((BusError, DeviceRefused)):
                await sessions.now(7, "Sample.Periodic")
            part.read = really
            sign, part.sign = part.sign, lambda payload: sign(payload + " ")
            with pytest.raises(CommandFailed, match="does not fit"):
                await sessions.now(7, "Sample.Periodic")
            part.sign = sign
            opened = await keeper.unfinished()
            assert opened is not None
            assert opened.stage is Stage.BEGUN
            assert len(told) == said
            assert [each.context for each in await keeper.records(7)] == ["Transaction.Begin"]
            await sessions.now(7, "Sample.Periodic")
            await sessions.end(7, "card presented again")
            assert [each.context for each in await keeper.records(7)] == ["Transaction.Begin", "Sample.Periodic", "Transaction.End"]

    run_virtual(scene())


async def _charge(facade: Any, station: Station, simulation: Simulation) -> int:
    number: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with station.news.on(lambda news: number.set_result(news.number) if isinstance(news, SessionBegan) else None):
        Vehicle(simulation.plant.outlet(1)).plug_in(cable_ohm=220.0)
        simulation.plant.cabinet.cards.set((CARD,))
        async with asyncio.timeout(60.0):
            return await number


@pytest.mark.parametrize("driver", [AT_ONCE, "meters.wm3m4", "meters.sdm630"])
def test_the_facade_says_what_a_connector_can_and_does_it(driver: str, tmp_path: Path) -> None:
    async def scene() -> None:
        overlay = tmp_path / "meter.toml"
        overlay.write_text(f'schema = 1\nname = "station"\n[device.meter1]\ndriver = "{driver}"\n')
        simulation = Simulation(load_board("bender.cc613", overlays=[overlay]))
        async with (
            simulation,
            open_board(simulation.description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board,
            await Store.open(tmp_path / "station.db") as store,
        ):
            board.clock.state = ClockState.SYNCHRONISED
            station = Station(board, StationSettings(), store=store)
            facade = StationAnswers(station, board, store).facade
            life = asyncio.create_task(station.run())
            status = await facade.ask(GetStatus(), BACKEND)
            assert isinstance(status, StationStatus)
            can = {AT_ONCE: (True, True), "meters.wm3m4": (True, False)}.get(driver, (False, False))
            assert (status.connectors[0].signs, status.connectors[0].signs_now) == can
            session = await _charge(facade, station, simulation)
            heard: list[RecordSigned] = []
            with station.news.on(lambda news: heard.append(news) if isinstance(news, RecordSigned) else None):
                command = SignNow(connector=1, session=session, context="Trigger")
                if can != (True, True):
                    with pytest.raises(Unsupported):
                        await facade.ask(command, BACKEND)
                else:
                    signed = await facade.ask(command, BACKEND)
                    assert isinstance(signed, SignedNow)
                    proven(signed.record, signed.public_key)
                    assert [(each.context, each.record) for each in heard] == [("Trigger", signed.record)]
                    key = await facade.ask(GetPublicKey(connector=1, drawing=False), BACKEND)
                    assert isinstance(key, PublicKeyView)
                    assert (key.hex, key.qr_svg) == (signed.public_key, "")
            with pytest.raises(HalError):
                await facade.ask(SignNow(connector=9, session=session, context="Trigger"), BACKEND)
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life

    run_virtual(scene())
