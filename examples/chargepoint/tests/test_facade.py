"""The facade: values that survive the wire, roles, confirmed effects, and clients that cannot slow the station."""

from __future__ import annotations

import asyncio
import enum
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.cli import main
from cc613_chargepoint.domain import events
from cc613_chargepoint.domain.events import Offered, StationEvent
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.facade import Facade, NotAllowed, NotUnderstood, Refused
from cc613_chargepoint.facade.client import AnswerError, FacadeClient, NoStation
from cc613_chargepoint.facade.codec import EVENTS, line, packed, read_line, unpacked_answer, unpacked_command, unpacked_event
from cc613_chargepoint.facade.commands import (
    ANSWERS,
    COMMANDS,
    ChangeSettings,
    ClearFault,
    Done,
    FaultList,
    FaultView,
    GetPublicKey,
    GetSettings,
    GetStatus,
    ListFaults,
    ListSessions,
    ListSigned,
    MeterView,
    PublicKeyView,
    SessionList,
    SetLimit,
    SettingsAnswer,
    SettingView,
    SignedList,
    SignedNow,
    SignedView,
    SignNow,
    StartCharge,
    StationStatus,
    StopCharge,
    Unlock,
    WithdrawLimit,
)
from cc613_chargepoint.facade.server import Peer, role_of, serve_socket
from cc613_chargepoint.settings import Actor, Settings, SettingsRefused
from cc613_chargepoint.status_page import serve_status
from cc613_chargepoint.store import Store
from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import Unsupported
from cc613hal.events import EventSource
from cc613hal.plant import Simulation
from cc613hal.plant.vehicle import Vehicle

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
MAKER = Actor(name="maker", role=Role.MANUFACTURER)
OPERATOR = Actor(name="ops", role=Role.OPERATOR)
USER = Actor(name="user", role=Role.USER)

OFFERED = Offered(connector=1, offer=Offer(current_a=16.0, source="installation"))

PARTS: dict[type, st.SearchStrategy] = {
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=4),
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    bool: st.booleans(),
    int: st.integers(),
}


def made(kind) -> st.SearchStrategy:
    """Whatever a type allows."""
    if attrs.has(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{each.name: made(hints[each.name]) for each in attrs.fields(kind)})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return st.lists(made(arguments[0]), max_size=3).map(tuple)
    if arguments:
        return st.one_of(*(st.none() if each is type(None) else made(each) for each in arguments))
    return st.sampled_from(kind) if issubclass(kind, enum.Enum) else PARTS[kind]


class TestWire:
    @pytest.mark.parametrize("name", sorted(EVENTS))
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_every_event_comes_back_as_it_was(self, name: str, data: st.DataObject) -> None:
        """Also the ones that are added later: whatever an event's types allow."""
        event = data.draw(made(EVENTS[name]))
        again = unpacked_event(read_line(line(packed(event))))
        assert again == event
        assert type(again) is EVENTS[name]

    @pytest.mark.parametrize(
        "command",
        [
            GetStatus(), ListSessions(limit=3, before=9), StartCharge(connector=1, token="AB"), StopCharge(connector=1),
            Unlock(connector=2),
            SetLimit(connector=0, source="x", current_a=6.5, for_s=3.0), WithdrawLimit(connector=1, source="x"), ListFaults(),
            ClearFault(connector=1, name="tilted"), GetSettings(), ChangeSettings(layers={"oem": {"a": [1, None, "x"]}}, texts=True),
            ListSigned(session=3), ListSigned(since=NOW, until=None, after=7), GetPublicKey(connector=1),
            SignNow(connector=1, session=7, context="Trigger"),
        ],
        ids=lambda command: type(command).__name__,
    )  # fmt: skip
    def test_every_command_comes_back_as_it_was(self, command) -> None:
        assert unpacked_command(read_line(line(packed(command)))) == command
        assert type(command).__name__ in COMMANDS

    def test_every_answer_comes_back_as_it_was(self) -> None:
        fault = FaultView(name="x", connector=1, severity="stop", detail="", en="a", de="b", raised=NOW)
        answers = [
            Done(detail="ok"),
            StationStatus(board="b", connectors=(), devices={"a": "ok"}),
            SessionList(sessions=({"number": 1, "energy_wh": None},)),
            FaultList(faults=(fault,)),
            MeterView(
                at=NOW,
                power_w=1.5,
                phase_power_w=(1.5, None, None),
                current_a=(6.0, None, None),
                voltage_v=(230.0, None, None),
                import_wh="1.20",
            ),
            SettingsAnswer(values={"a.b": SettingView(value=[1, "x"], layer="oem")}, restart=("a.b",)),
            SignedList(
                records=(
                    SignedView(
                        id=1, session=None, connector=1, created=NOW, format="OCMF", encoding="plain", data="OCMF|{}|{}", public_key="30"
                    ),
                ),
                more=True,
            ),
            SignedNow(at=NOW, format="OCMF", record="OCMF|{}|{}", public_key="30"),
            PublicKeyView(connector=1, curve="secp256r1", hex="30", base64="MA==", fingerprint="ab"),
        ]
        assert {type(each).__name__ for each in answers} == set(ANSWERS)
        for answer in answers:
            assert unpacked_answer(read_line(line(packed(answer)))) == answer

    @pytest.mark.parametrize(
        "message",
        [
            {"type": "Explode"}, {"type": None}, {}, {"type": "Unlock", "data": {}}, {"type": "Unlock", "data": {"connector": "1"}},
            {"type": "Unlock", "data": {"connector": True}}, {"type": "Unlock", "data": {"connector": 1, "force": True}},
            {"type": "Unlock", "data": []}, {"type": "SetLimit", "data": {"connector": 1, "source": "x", "current_a": "6"}},
            {"type": "SetLimit", "data": {"connector": 1, "source": 7, "current_a": 6}}, {"type": "ChangeSettings", "data": {"layers": 1}},
        ],
        ids=json.dumps,
    )  # fmt: skip
    def test_what_is_no_command_is_refused(self, message: dict) -> None:
        with pytest.raises(NotUnderstood):
            unpacked_command(message)

    @pytest.mark.parametrize("raw", [b"", b"\xff\n", b"[]\n", b"{}\n", b'{"v":2}\n', b"[" * 50_000, b'{"v":1'])
    def test_what_is_no_message_is_refused(self, raw: bytes) -> None:
        with pytest.raises(NotUnderstood):
            read_line(raw)


class Scene:
    """A station with store and settings, and its facade."""

    def __init__(self, simulation: Simulation, station: Station, facade: Facade, store: Store) -> None:
        self.simulation, self.station, self.facade, self.store = simulation, station, facade, store
        self.vehicle = Vehicle(simulation.plant.outlet(1))

    @property
    def state(self) -> State:
        return self.station.connector.state

    async def ask(self, command, actor: Actor = OPERATOR):
        return await self.facade.ask(command, actor)

    async def until(self, condition: Callable[[], bool], within_s: float = 60.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await self.simulation.clock.sleep(0.05)


@asynccontextmanager
async def scene(path: Path) -> AsyncIterator[Scene]:
    simulation = Simulation(load_board("bender.cc613"))
    async with (
        simulation,
        open_board(simulation.description, simulation.buses, clock=simulation.clock) as board,
        await Store.open(path / "station.db") as store,
    ):
        kept = await Settings.load(store, simulation.clock)
        station = Station(board, StationSettings.of(kept), store=store)
        kept.changes.on(lambda _: station.obey(StationSettings.of(kept)))
        answers = StationAnswers(station, board, store, kept)
        serving = asyncio.create_task(station.run())
        await simulation.clock.sleep(1.0)
        made = Scene(simulation, station, answers.facade, store)
        made.answers = answers
        try:
            yield made
            assert not serving.done()
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def play(path: Path, story: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        async with scene(path) as made:
            await story(made)

    run_virtual(main())


class TestCommands:
    def test_a_whole_charge_by_command(self, tmp_path: Path) -> None:
        async def story(made: Scene) -> None:
            assert await made.ask(StartCharge(connector=1, token="ab")) == Done(detail="authorised")
            made.vehicle.plug_in(cable_ohm=220.0)
            await made.until(lambda: made.state is State.CHARGING)
            await made.simulation.clock.sleep(20.0)
            status = await made.ask(GetStatus())
            assert (status.connectors[0].state, status.connectors[0].token) == ("charging", "AB")
            assert status.connectors[0].energy_wh > 0.0
            assert (status.connectors[0].offer_a, status.connectors[0].offer_source) == (16.0, "installation")
            assert (await made.ask(GetStatus(), USER)).connectors[0].token == "", "who charges is not everybody's business"
            assert await made.ask(SetLimit(connector=1, source="ops", current_a=8.0, for_s=5.0)) == Done(detail="8 A by ops")
            await made.until(lambda: made.station.connector.limits.effective().current_a == 16.0, within_s=6.0)
            assert (await made.ask(StopCharge(connector=1, reason="enough"))).detail == "finishing"
            await made.until(lambda: True)
            await made.simulation.clock.sleep(3.0)
            (session,) = (await made.ask(ListSessions())).sessions
            assert (session["reason"], session["token"], session["token_source"]) == ("enough", "AB", "remote")

        play(tmp_path, story)

    def test_unlock_ends_the_session_first(self, tmp_path: Path) -> None:
        async def story(made: Scene) -> None:
            await made.ask(StartCharge(connector=1, token="AB"))
            made.vehicle.plug_in(cable_ohm=220.0)
            await made.until(lambda: made.state is State.CHARGING)
            assert "confirmed" in (await made.ask(Unlock(connector=1))).detail
            assert made.simulation.plant.outlet(1).bolt_locked.value == 0.0
            assert made.state is State.FINISHING

        play(tmp_path, story)

    @pytest.mark.parametrize(
        "command",
        [
            StartCharge(connector=2, token="AB"), StartCharge(connector=1, token=""), StartCharge(connector=1, token="x" * 37),
            StartCharge(connector=1, token="a\nb"), StopCharge(connector=1), SetLimit(connector=1, source="x", current_a=-1.0),
            SetLimit(connector=1, source="", current_a=6.0), SetLimit(connector=1, source="x", current_a=6.0, for_s=0.0),
            WithdrawLimit(connector=9, source="x"), ClearFault(connector=1, name="nonsense"), ClearFault(connector=1, name="over-current"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_done_is_refused_with_a_reason(self, tmp_path: Path, command) -> None:
        async def story(made: Scene) -> None:
            before = made.station.connector.limits.effective()
            with pytest.raises(Refused) as refused:
                await made.ask(command, MAKER)
            assert refused.value.message
            assert (made.state, made.station.connector.limits.effective()) == (State.AVAILABLE, before)

        play(tmp_path, story)

    def test_a_fault_instead_of_the_effect_is_told_as_such(self, tmp_path: Path) -> None:
        async def story(made: Scene) -> None:
            await made.ask(StartCharge(connector=1, token="AB"))
            made.vehicle.plug_in(cable_ohm=220.0)
            await made.until(lambda: made.state is State.CHARGING)
            made.simulation.plant.outlet(1).welded.set(True)
            with pytest.raises(Refused, match="contactor-welded"):
                await made.ask(Unlock(connector=1))
            with pytest.raises(Refused, match="stays locked"):
                await made.ask(Unlock(connector=1))
            (fault,) = (await made.ask(GetStatus())).connectors[0].faults
            assert fault.name == "contactor-welded"
            assert made.answers.health_page()[0] == 503
            made.simulation.plant.outlet(1).welded.set(False)
            made.vehicle.unplug(force=True)
            await made.simulation.clock.sleep(5.0)
            with pytest.raises(NotAllowed):
                await made.ask(ClearFault(connector=1, name="contactor-welded"))
            assert "cleared" in (await made.ask(ClearFault(connector=1, name="contactor-welded"), MAKER)).detail
            await made.until(lambda: made.state is State.AVAILABLE)
            (kept,) = (await made.ask(ListFaults())).faults
            assert kept.cleared is not None
            assert made.answers.health_page() == (200, {"status": "ok", "faults": []})

        play(tmp_path, story)

    def test_settings_change_the_running_station(self, tmp_path: Path) -> None:
        async def story(made: Scene) -> None:
            change = ChangeSettings(layers={"operator": {"installation.operator_current_a": 10.0}})
            answer = await made.ask(change)
            assert answer == SettingsAnswer(values={"installation.operator_current_a": SettingView(value=10.0, layer="operator")})
            assert made.station.connector.limits.effective() == Offer(current_a=10.0, source="operator")
            await made.ask(ChangeSettings(layers={"operator": {"installation.operator_current_a": None}}))
            assert made.station.connector.limits.effective().current_a == 16.0
            with pytest.raises(SettingsRefused, match="no layer"):
                await made.ask(ChangeSettings(layers={"moon": {}}))
            with pytest.raises(SettingsRefused, match="may not"):
                await made.ask(ChangeSettings(layers={"operator": {"installation.current_a": 32.0}}))
            assert "authorization.cards" in (await made.ask(GetSettings())).values

        play(tmp_path, story)

    async def test_who_may_not_is_told_so_and_nothing_happens(self) -> None:
        facade = Facade({}, EventSource())
        with pytest.raises(NotAllowed, match="operator"):
            await facade.ask(Unlock(connector=1), USER)
        with pytest.raises(Unsupported):
            await facade.ask(Unlock(connector=1), OPERATOR)


async def _echo(command, actor: Actor) -> Done:
    return Done(detail=f"{actor.role.value}")


@asynccontextmanager
async def served(path: Path, roles=role_of) -> AsyncIterator[EventSource]:
    source: EventSource[StationEvent] = EventSource()

    async def broken(command, actor):
        raise ZeroDivisionError("a defect")

    async with serve_socket(Facade({GetStatus: _echo, Unlock: broken}, source), path, roles):
        yield source


class TestSocket:
    async def test_the_kernel_says_who_asks(self, tmp_path: Path) -> None:
        path = tmp_path / "s"
        async with served(path), FacadeClient(path) as client:
            assert await client.ask(GetStatus()) == Done(detail="manufacturer")
            assert path.stat().st_mode & 0o777 == 0o660
        assert not path.exists()

    async def test_who_has_no_role_is_sent_away(self, tmp_path: Path) -> None:
        async with served(tmp_path / "s", lambda peer: None), FacadeClient(tmp_path / "s") as client:
            with pytest.raises((AnswerError, NoStation)):
                await client.ask(GetStatus())

    def test_roles_of_peers(self) -> None:
        assert role_of(Peer(1, 0, 0)) is Role.MANUFACTURER
        assert role_of(Peer(1, os.geteuid(), 12345)) is Role.MANUFACTURER
        assert role_of(Peer(1, 54321, os.getegid())) is Role.OPERATOR
        assert role_of(Peer(1, 54321, 54321)) is None

    async def test_a_socket_that_a_crash_left_is_replaced_and_a_bad_place_is_named(self, tmp_path: Path) -> None:
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(tmp_path / "s"))
        left.close()
        async with served(tmp_path / "s"), FacadeClient(tmp_path / "s") as client:
            await client.ask(GetStatus())
        from cc613hal.errors import ConfigError

        with pytest.raises(ConfigError, match="no socket"):
            async with served(tmp_path / "nowhere" / "s"):
                pass

    async def test_a_station_that_is_not_there_or_goes_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NoStation):
            async with FacadeClient(tmp_path / "s"):
                pass
        async with contextlib_served(tmp_path / "s") as (client, stop):
            await stop()
            with pytest.raises(NoStation):
                await client.ask(GetStatus())

    async def test_nonsense_is_answered_and_the_next_command_works(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        async with served(tmp_path / "s"):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            for raw, kind in (
                (b"nonsense\n", "not-understood"),
                (b'{"v":9}\n', "not-understood"),
                (b'{"v":1,"id":5,"type":"Explode"}\n', "not-understood"),
                (b'{"v":1,"id":6,"type":"Unlock","data":{"connector":1}}\n', "defect"),
            ):
                writer.write(raw)
                assert json.loads(await reader.readline())["error"]["kind"] == kind
            writer.write(b'{"v":1,"id":"x","type":"GetStatus","data":{}}\n')
            assert json.loads(await reader.readline()) == {"v": 1, "id": "x", "type": "Done", "data": {"detail": "manufacturer"}}
            writer.write(b"x" * 100_000 + b"\n")
            assert "at most" in (await reader.readline()).decode()
            assert await reader.read() == b""
            writer.close()
        assert "a defect" in caplog.text

    async def test_events_reach_who_watches(self, tmp_path: Path) -> None:
        async with served(tmp_path / "s") as source, FacadeClient(tmp_path / "s") as client:
            watching = client.watch()
            first = asyncio.ensure_future(anext(watching))
            while not source._listeners:  # noqa: ASYNC110 - the far end has no event for this
                await asyncio.sleep(0.01)
            source.publish(OFFERED)
            assert await asyncio.wait_for(first, 5.0) == OFFERED
            await watching.aclose()

    async def test_a_client_that_does_not_read_costs_the_station_nothing_and_is_told_what_it_missed(self, tmp_path: Path) -> None:
        async with served(tmp_path / "s") as source:
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s", limit=1024)
            writer.write(b'{"v":1,"id":1,"type":"Watch"}\n')
            await reader.readline()
            big = events.StepDone(connector=1, step="x" * 2000, detail="", elapsed_s=0.0)
            for number in range(2000):
                source.publish(big)
                if number % 50 == 0:
                    await asyncio.sleep(0)
            async with FacadeClient(tmp_path / "s") as other:  # somebody else is served meanwhile
                assert await other.ask(GetStatus()) == Done(detail="manufacturer")
            reader._limit = 1 << 20
            seen, missed = 0, 0
            while seen + missed < 2000:
                message = json.loads(await asyncio.wait_for(reader.readuntil(b"\n"), 5.0))
                seen, missed = seen + ("event" in message), missed + message.get("gap", 0)
            assert missed > 0
            assert seen + missed == 2000
            writer.close()

    async def test_a_client_that_is_dead_is_cut_off_and_costs_nothing_afterwards(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cc613_chargepoint.facade.server.PATIENCE_S", 0.2)
        async with served(tmp_path / "s") as source:
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s", limit=1024)
            writer.write(b'{"v":1,"id":1,"type":"Watch"}\n')
            await reader.readline()
            assert len(source._listeners) == 1
            big = events.StepDone(connector=1, step="x" * 60_000, detail="", elapsed_s=0.0)
            async with asyncio.timeout(30.0):
                while source._listeners:  # the station goes on telling; it never waits for who does not read
                    source.publish(big)
                    await asyncio.sleep(0.01)
            async with FacadeClient(tmp_path / "s") as other:
                assert await other.ask(GetStatus()) == Done(detail="manufacturer")
            writer.close()

    async def test_no_more_clients_than_it_can_bear(self, tmp_path: Path) -> None:
        async with served(tmp_path / "s"):
            connections = [await asyncio.open_unix_connection(tmp_path / "s") for _ in range(40)]
            await asyncio.sleep(0.1)
            answered = 0
            for reader, writer in connections:
                with suppress(OSError):
                    writer.write(b'{"v":1,"type":"GetStatus"}\n')
                    answered += bool(await asyncio.wait_for(reader.readline(), 5.0))
            assert answered == 32
            for _, writer in connections:
                writer.close()


@asynccontextmanager
async def contextlib_served(path: Path):
    context = served(path)
    await context.__aenter__()
    stopped = False

    async def stop() -> None:
        nonlocal stopped
        stopped = True
        await context.__aexit__(None, None, None)

    async with FacadeClient(path) as client:
        await client.ask(GetStatus())
        yield client, stop
    if not stopped:
        await stop()


class TestStatusPage:
    async def get(self, port: int, raw: bytes) -> tuple[int, dict]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5.0)
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        return int(head.split()[1]), json.loads(body)

    @pytest.mark.parametrize(
        ("raw", "code"),
        [
            (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 200), (b"GET /health?x=1 HTTP/1.0\r\n\r\n", 200), (b"GET / HTTP/1.1\r\n\r\n", 404),
            (b"POST /health HTTP/1.1\r\n\r\n", 405), (b"nonsense\r\n\r\n", 400), (b"GET /hea", 400),
            (b"GET /health HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", 431),
        ],
    )  # fmt: skip
    async def test_it_answers_what_it_can_and_refuses_the_rest(self, raw: bytes, code: int) -> None:
        async with serve_status(0, {"/health": lambda: (200, {"status": "ok"})}) as port:
            answered, body = await self.get(port, raw)
            assert answered == code
            assert body == {"status": "ok"} if code == 200 else "error" in body

    async def test_a_port_that_is_taken_is_named(self) -> None:
        from cc613hal.errors import ConfigError

        async with serve_status(0, {}) as port:
            with pytest.raises(ConfigError, match=str(port)):
                async with serve_status(port, {}):
                    pass


def test_the_command_line_says_when_no_station_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (["status"], ["sessions"], ["start", "AB"], ["stop"], ["unlock"], ["limit", "6"], ["fault"], ["watch"]):
        assert main([verb[0], "--data", str(tmp_path), *verb[1:]]) == 3
        assert "is it running" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (["limit", "nan"], "0 to 1000 A"),
        (["limit", "much"], "0 to 1000 A"),
        (["limit", "10", "--for", "inf"], "seconds above 0"),
        (["sessions", "--limit", "-1"], "1 to 1000"),
        (["watch", "--count", "0"], "1 to 1000"),
    ],
)
def test_the_command_line_refuses_figures_that_make_no_sense(
    words: list[str], because: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main([*words, "--data", str(tmp_path)])
    assert refused.value.code == 2
    assert because in capsys.readouterr().err


def test_errors_are_json_where_answers_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json", "--data", str(tmp_path)]) == 3
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["kind"] == "no-station"
    assert error["hint"]
