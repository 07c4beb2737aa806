"""The whole station over SOAP, 1.5 and 1.6, as its settings have it: on virtual time, and as a process of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import evolve

from cc613_chargepoint.ocpp.certificates import OwnCertificates, Subject
from cc613_chargepoint.ocpp.soap import Asked, Backend, Listening, Service, SoapClient, SoapError, SoapListener, Spoken
from cc613_chargepoint.settings import ocpp
from cc613hal.board import load_board
from cc613hal.clock import VirtualTimeLoop, run_virtual
from cc613hal.plant import Simulation
from examples.chargepoint.tests.ocpp_rooms.test_soap_wire import zeep
from tests.ocpp.authority import Authority
from tests.ocpp.bench import CARD, INSTALLER, SETTINGS, Bench
from tests.ocpp.central import Central

IDENTITY, SECRET = "CP 1", "correct-horse"
HERE = Listening(host="127.0.0.1")
Story = Callable[["Bench", "SoapCentral"], Awaitable[None]]


class SoapCentral:
    """Accepts everything and remembers it."""

    def __init__(self, spoken: Spoken, wall: Callable[[], datetime] | None = None) -> None:
        self.spoken = spoken
        self._wall = wall or (lambda: cast("VirtualTimeLoop", asyncio.get_running_loop()).wall())
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.station = ""
        self.tls: ssl.SSLContext | None = None
        self.without: ssl.SSLContext | None = None
        self._news = asyncio.Event()

    async def answer(self, asked: Asked) -> dict[str, Any]:
        self.heard.append((asked.action, asked.payload))
        self.station = asked.sender
        self._news.set()
        now = self._wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        accepted = {"idTagInfo": {"status": "Accepted"}}
        interval = "heartbeatInterval" if self.spoken is Spoken.V15 else "interval"
        answers: dict[str, dict[str, Any]] = {
            "BootNotification": {"status": "Accepted", "currentTime": now, interval: 600},
            "Heartbeat": {"currentTime": now},
            "Authorize": accepted,
            "StartTransaction": {"transactionId": 7, **accepted},
            "StopTransaction": accepted,
        }
        return answers.get(asked.action, {})

    async def expect(self, action: str, within_s: float = 120.0, **content: Any) -> dict[str, Any]:
        """The first message of a kind that has not been taken; it is taken with it."""
        async with asyncio.timeout(within_s):
            while True:
                for number, (name, payload) in enumerate(self.heard):
                    if name == action and content.items() <= payload.items():
                        del self.heard[number]
                        return payload
                self._news.clear()
                await self._news.wait()

    def asking(self, **login: Any) -> SoapClient:
        return SoapClient(Backend(url=self.station, service=self.spoken.station, **login), IDENTITY, "http://central/")

    async def ask(self, action: str, identity: str = IDENTITY, **content: Any) -> dict[str, Any]:
        back = Backend(url=self.station, service=self.spoken.station)
        return await SoapClient(back, identity, "http://central/").call(action, content)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


async def a_day_at(spoken: Spoken, story: Story, place: Path, here: Listening = HERE, **more: Any) -> None:
    """A station whose settings name this central system."""
    there = SoapCentral(spoken)
    async with SoapListener(spoken.central, IDENTITY, there.answer, here) as listener, Simulation(load_board("bender.cc613")) as simulation:
        settings = {
            **SETTINGS,
            "ocpp.url": f"http://127.0.0.1:{listener.port}/cs",
            "ocpp.identity": IDENTITY,
            "ocpp.soap_version": "1.5" if spoken is Spoken.V15 else "1.6",
            "ocpp.soap_port": free_port(),
            **{f"ocpp.{key}": value for key, value in more.items()},
        }
        it = Bench(cast("Central", SimpleNamespace(socket_path=None)), simulation, place, settings)
        async with it.alive(boot=False):
            await it.power_up()
            await story(it, there)


async def charge_by_card(it: Bench, there: SoapCentral) -> None:
    busy = "Occupied" if there.spoken is Spoken.V15 else "Charging"
    boot = await there.expect("BootNotification")
    assert boot["chargePointVendor"] == "cc613hal"
    await there.expect("StatusNotification", connectorId=0, status="Available")
    await there.expect("StatusNotification", connectorId=1, status="Available")
    it.plug()
    await it.sleep(5.0)
    await it.card()
    await there.expect("Authorize", idTag=CARD)
    start = await there.expect("StartTransaction", idTag=CARD, connectorId=1)
    await there.expect("StatusNotification", connectorId=1, status=busy)
    await it.sleep(600.0)
    await it.card()
    stop = await there.expect("StopTransaction", transactionId=7, idTag=CARD)
    assert stop["meterStop"] > start["meterStart"]
    assert stop.get("reason") == (None if there.spoken is Spoken.V15 else "Local")
    await it.unplug()
    await there.expect("StatusNotification", connectorId=1, status="Available")


async def charge_from_afar(it: Bench, there: SoapCentral) -> None:
    older = there.spoken is Spoken.V15
    assert await there.ask("RemoteStartTransaction", idTag="REMOTE", connectorId=1) == {"status": "Accepted"}
    it.plug()
    await there.expect("StartTransaction", idTag="REMOTE")
    assert await there.ask("RemoteStopTransaction", transactionId=7) == {"status": "Accepted"}
    stop = await there.expect("StopTransaction", transactionId=7)
    assert stop.get("reason") == (None if older else "Remote")
    configuration = await there.ask("GetConfiguration", key=["HeartBeatInterval"])
    assert configuration["configurationKey"][0]["value"] == "600"
    assert configuration["configurationKey"][0]["key"] == ("HeartBeatInterval" if older else "HeartbeatInterval")
    assert await there.ask("ChangeConfiguration", key="Nonsense", value="1") == {"status": "NotSupported"}
    await it.unplug()
    await there.expect("StatusNotification", connectorId=1, status="Available")
    answer = await there.ask("UnlockConnector", connectorId=1)
    assert answer == {"status": "Accepted" if older else "Unlocked"}
    await there.expect("Heartbeat", 1300.0)


async def charge_twice(it: Bench, there: SoapCentral) -> None:
    await charge_by_card(it, there)
    await charge_from_afar(it, there)


async def move(it: Bench, there: SoapCentral) -> None:
    """A new connection alone is no reason to boot; a new address to be asked at is one."""
    assert it.engine is not None
    assert it.kept is not None
    await there.expect("BootNotification")
    await there.expect("StatusNotification", connectorId=1)
    assert there.station == f"http://127.0.0.1:{it.kept.get(ocpp.SOAP_PORT)}/"
    assert it.engine.describe() == f"connected, {there.spoken.value}, registered"
    there.heard.clear()
    await it.engine.reconnect()
    await it.sleep(60.0)
    assert "BootNotification" not in [action for action, _ in there.heard]
    elsewhere = f"http://127.0.0.1:{it.kept.get(ocpp.SOAP_PORT)}/station"
    await it.kept.set({"ocpp.soap_callback_url": elsewhere}, actor=INSTALLER)
    await it.engine.reconnect()
    await there.expect("BootNotification")
    assert there.station == elsewhere
    await there.expect("StatusNotification", connectorId=1, status="Available")
    assert await there.ask("ChangeConfiguration", key="Nonsense", value="1") == {"status": "NotSupported"}


async def call_a_station_without_a_name(it: Bench, there: SoapCentral) -> None:
    assert it.engine is not None
    await it.sleep(60.0)
    assert "the station has no identity" in it.engine.describe()
    assert there.heard == []


async def log_in(it: Bench, there: SoapCentral) -> None:
    """Whoever asks the station must know the password, and the identity as the user's name."""
    await there.expect("BootNotification")
    asked = {"key": "Nonsense", "value": "1"}
    for wrong in ({}, {"user": IDENTITY, "password": b"another password"}, {"user": "CP 2", "password": SECRET.encode()}):
        with pytest.raises(SoapError, match="401"):
            await there.asking(**wrong).call("ChangeConfiguration", asked)
    right = there.asking(user=IDENTITY, password=SECRET.encode())
    assert await right.call("ChangeConfiguration", asked) == {"status": "NotSupported"}


async def find_the_port_taken(it: Bench, there: SoapCentral) -> None:
    """Said once with what can be done about it, and no backend hears of a station that it could not ask."""
    assert it.engine is not None
    await it.sleep(60.0)
    assert "the listener cannot be opened" in it.engine.describe()
    assert there.heard == []


async def boot_over_tls(it: Bench, there: SoapCentral) -> None:
    await there.expect("BootNotification")
    await there.expect("StatusNotification", connectorId=1, status="Available")


async def distrust(it: Bench, there: SoapCentral) -> None:
    assert it.engine is not None
    await it.sleep(60.0)
    assert "CERTIFICATE_VERIFY_FAILED" in it.engine.describe()
    assert there.heard == []


async def be_turned_away(it: Bench, there: SoapCentral) -> None:
    assert it.engine is not None
    await it.sleep(60.0)
    assert not it.engine.connected
    assert there.heard == []


@pytest.mark.parametrize("spoken", list(Spoken), ids=lambda spoken: spoken.name)
@pytest.mark.parametrize("story", [charge_twice, move], ids=lambda story: story.__name__)
def test_a_station_over_soap(spoken: Spoken, story: Story) -> None:
    with tempfile.TemporaryDirectory(prefix="soap-") as place:
        run_virtual(a_day_at(spoken, story, Path(place)), start=datetime(2026, 6, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize("spoken", list(Spoken), ids=lambda spoken: spoken.name)
async def test_the_command_boots_at_a_central_system_that_its_settings_name(spoken: Spoken, tmp_path: Path) -> None:
    """A process of its own, in real time: set by `config set`, begun by `run`, asked back where it said that it listens."""
    there, port = SoapCentral(spoken, wall=lambda: datetime.now(UTC)), free_port()
    async with SoapListener(spoken.central, "CP1", there.answer, HERE) as listener:
        values = [f"ocpp.url=http://127.0.0.1:{listener.port}/cs", "ocpp.identity=CP1", f"ocpp.soap_port={port}", "ocpp.wire_log=on"]
        await done("config", "set", "--data", str(tmp_path), f"ocpp.soap_version={'1.5' if spoken is Spoken.V15 else '1.6'}", *values)
        station = await program("run", "--sim", "--by-hand", "--data", str(tmp_path))
        try:
            boot = await there.expect("BootNotification")
            assert (boot["chargePointVendor"], boot["chargePointModel"]) == ("cc613hal", "bender.cc613")
            await there.expect("StatusNotification", connectorId=1, status="Available")
            assert there.station == f"http://127.0.0.1:{port}/"
            assert await there.ask("ClearCache", identity="CP1") == {"status": "Accepted"}
            assert f"backend: connected, {spoken.value}, registered" in await done("status", "--data", str(tmp_path))
        finally:
            station.terminate()
            out, _ = await station.communicate()
        assert station.returncode == 0, out.decode()
        assert "Traceback" not in out.decode()
    opened = [line for line in (tmp_path / "ocpp.log").read_text().splitlines() if '"opened"' in line]
    assert len(opened) == 1
    assert spoken.value in opened[0]


async def test_zeep_asks_a_station_of_its_own_process_over_tls_with_a_certificate(authority: Authority, tmp_path: Path) -> None:
    """In real time, TLS both ways: set by `config set`, begun by `run`; the central system is somebody else's program, with and without."""
    there, port, data = SoapCentral(Spoken.V16, wall=lambda: datetime.now(UTC)), free_port(), tmp_path / "data"
    roots = tmp_path / "roots.pem"
    roots.write_text(authority.pem)
    central = authority.file(tmp_path, "central", client=True)
    here = evolve(HERE, tls=authority.server(tmp_path, "127.0.0.1"), user="CP1", password=b"correct-horse-battery")
    async with SoapListener(Spoken.V16.central, "CP1", there.answer, here) as listener:
        values = {
            "url": f"https://127.0.0.1:{listener.port}/cs", "identity": "CP1", "security_profile": "2", "password": "correct-horse-battery",
            "ca_file": str(roots), "soap_port": str(port), "soap_host": "127.0.0.1", "soap_tls": "on", "soap_client_ca": str(roots),
            "soap_certificate": str(tmp_path / "server-127.0.0.1.pem"), "soap_password": SECRET,
        }  # fmt: skip
        await done("config", "set", "--data", str(data), *(f"ocpp.{key}={value}" for key, value in values.items()))
        station = await program("run", "--sim", "--by-hand", "--data", str(data))
        try:
            await there.expect("BootNotification")
            await there.expect("StatusNotification", connectorId=1, status="Available")
            assert there.station == f"https://127.0.0.1:{port}/"
            how = {"ca": str(roots), "user": "CP1", "password": SECRET, "cert": str(central)}
            calls: list[tuple[str, dict[str, Any]]] = [
                ("ClearCache", {}),
                ("GetLocalListVersion", {}),
                ("UnlockConnector", {"connectorId": 1}),
            ]
            assert await zeep(Service.STATION_16, port, calls, "CP1", **how) == ["Accepted", 0, "Unlocked"]
            assert await zeep(Service.STATION_16, port, calls[:1], "CP1", **{**how, "password": "wrong"}) == [{"refused": "401"}]
            (refused,) = await zeep(Service.STATION_16, port, calls[:1], "CP1", ca=str(roots), user="CP1", password=SECRET)
            assert refused["refused"] in {"SSLError", "ConnectionError"}
        finally:
            station.terminate()
            out, _ = await station.communicate()
    assert station.returncode == 0, out.decode()
    assert "Traceback" not in out.decode()
    assert SECRET not in out.decode()


async def program(*words: str) -> asyncio.subprocess.Process:
    pipe, same = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "cc613_chargepoint", *words, stdout=pipe, stderr=same)


async def done(*words: str) -> str:
    process = await program(*words)
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


def alone(story: Story, **more: Any) -> None:
    with tempfile.TemporaryDirectory(prefix="soap-") as place:
        run_virtual(a_day_at(Spoken.V16, story, Path(place), **more))


def test_a_station_without_a_name_calls_nobody() -> None:
    alone(call_a_station_without_a_name, identity="")


def test_a_central_system_logs_in() -> None:
    alone(log_in, soap_password=SECRET)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        alone(find_the_port_taken, soap_port=taken.getsockname()[1])


@pytest.mark.parametrize(
    ("story", "trusted", "password"),
    [(boot_over_tls, True, SECRET), (distrust, False, SECRET), (be_turned_away, True, "not-the-password")],
    ids=["right", "another authority", "another password"],
)
def test_security_profile_2_is_tls_and_a_password(story: Story, trusted: bool, password: str, tmp_path: Path) -> None:
    """Also where the address says http://: the profile is what counts."""
    authority, other, roots = Authority(), Authority("Other"), tmp_path / "roots.pem"
    roots.write_text(authority.pem if trusted else other.pem)
    secret = SECRET + "-battery"
    here = evolve(HERE, tls=authority.server(tmp_path, "127.0.0.1"), user=IDENTITY, password=secret.encode())
    more = {"security_profile": 2, "password": f"{password}-battery", "ca_file": str(roots)}
    alone(story, here=here, **more)


ASKED = {"key": "Nonsense", "value": "1"}


async def be_asked_over_tls(it: Bench, there: SoapCentral) -> None:
    """Where the station says that it listens is an address of TLS, and whoever trusts its certificate gets an answer there."""
    assert it.kept is not None
    await there.expect("BootNotification")
    assert there.station == f"https://127.0.0.1:{it.kept.get(ocpp.SOAP_PORT)}/"
    assert await there.asking(tls=there.tls).call("ChangeConfiguration", ASKED) == {"status": "NotSupported"}
    plain = Backend(url=there.station.replace("https", "http"), service=there.spoken.station)
    with pytest.raises(SoapError, match=r"no answer|hung up|reset|no HTTP"):
        await SoapClient(plain, IDENTITY, "http://central/").call("ChangeConfiguration", ASKED)


async def ask_for_a_certificate(it: Bench, there: SoapCentral) -> None:
    await there.expect("BootNotification")
    assert await there.asking(tls=there.tls).call("ChangeConfiguration", ASKED) == {"status": "NotSupported"}
    with pytest.raises(SoapError):
        await there.asking(tls=there.without).call("ChangeConfiguration", ASKED)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize("own", [False, True], ids=["a certificate of the settings", "the station's own"])
def test_a_station_listens_with_tls(own: bool, authority: Authority, tmp_path: Path) -> None:
    """Its address says so, and it needs no certificate of who asks."""
    file = authority.file(tmp_path, "127.0.0.1")
    if own:
        prepare_own_certificate(tmp_path, authority)

    async def story(it: Bench, there: SoapCentral) -> None:
        there.tls = trusting(authority)
        await be_asked_over_tls(it, there)

    run_virtual(a_day_at(Spoken.V15, story, tmp_path, soap_tls=True, **({} if own else {"soap_certificate": str(file)})))


def prepare_own_certificate(place: Path, authority: Authority) -> None:
    """As after a backend has signed one."""
    own = OwnCertificates(place / "certificates" / "own")
    asked = own.request(Subject(organization="Operator", common_name="127.0.0.1"))
    own.accept(authority.answer(asked, host="127.0.0.1"), anchors=[authority.certificate], now=datetime(2026, 1, 1, tzinfo=UTC))


def trusting(authority: Authority, own: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.pem)
    if own is not None:
        context.load_cert_chain(own)
    return context


def test_a_station_may_want_a_certificate_of_who_asks(authority: Authority, tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text(authority.pem)

    async def story(it: Bench, there: SoapCentral) -> None:
        there.tls = trusting(authority, authority.file(tmp_path, "central", client=True))
        there.without = trusting(authority)
        await ask_for_a_certificate(it, there)

    file = authority.file(tmp_path, "127.0.0.1")
    run_virtual(a_day_at(Spoken.V16, story, tmp_path, soap_tls=True, soap_certificate=str(file), soap_client_ca=str(roots)))


@pytest.mark.parametrize(
    ("certificate", "clients", "why"),
    [
        ("", "", "no certificate to listen with (set ocpp.soap_certificate, or ocpp.soap_tls=off)"),
        ("nowhere.pem", "", "the listener's certificate cannot be used"),
        ("locked.pem", "", "the listener's certificate cannot be used"),
        ("server-127.0.0.1.pem", "nowhere.pem", "the listener's certificate cannot be used"),
        ("server-127.0.0.1.pem", "noise.pem", "there is no certificate in the text"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_told(certificate: str, clients: str, why: str, authority: Authority, tmp_path: Path) -> None:
    """No backend hears of a station that it could not ask, and nobody is asked for the password of a key."""
    authority.file(tmp_path, "locked", password=b"secret").rename(tmp_path / "locked.pem")
    authority.file(tmp_path, "127.0.0.1")
    (tmp_path / "noise.pem").write_text("noise")

    async def story(it: Bench, there: SoapCentral) -> None:
        assert it.engine is not None
        await it.sleep(60.0)
        assert why in it.engine.describe()
        assert there.heard == []

    files = {"soap_certificate": certificate, "soap_client_ca": clients}
    more = {key: str(tmp_path / name) for key, name in files.items() if name}
    run_virtual(a_day_at(Spoken.V16, story, tmp_path, soap_tls=True, **more))


@pytest.mark.parametrize("place", ["127.0.0.2", "lo"])
def test_a_station_listens_where_it_is_told_to(place: str, tmp_path: Path) -> None:
    """At one address, which is then the one that the central system is told; or at one interface."""

    async def story(it: Bench, there: SoapCentral) -> None:
        assert it.kept is not None
        await there.expect("BootNotification")
        where = "127.0.0.1" if place == "lo" else place
        assert there.station == f"http://{where}:{it.kept.get(ocpp.SOAP_PORT)}/"
        assert await there.ask("ChangeConfiguration", **ASKED) == {"status": "NotSupported"}
        await there.expect("StatusNotification", connectorId=1, status="Available")
        assert it.engine is not None
        assert it.engine.connected

    run_virtual(a_day_at(Spoken.V16, story, tmp_path, soap_host=place))


def test_a_place_that_is_not_the_stations_is_told(tmp_path: Path) -> None:
    alone(find_the_port_taken, soap_host="192.0.2.17")


@pytest.mark.parametrize("spoken", list(Spoken), ids=lambda spoken: spoken.name)
def test_what_the_station_asks_may_go_out_packed(spoken: Spoken, tmp_path: Path) -> None:
    run_virtual(a_day_at(spoken, charge_by_card, tmp_path, soap_compress=True), start=datetime(2026, 6, 1, 12, tzinfo=UTC))
