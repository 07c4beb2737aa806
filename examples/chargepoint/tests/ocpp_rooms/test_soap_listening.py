"""The station's listener among strangers: TLS with and without their certificates, passwords, slow ones, many, at one address only."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from cc613_chargepoint.ocpp.certificates import client_context, server_context
from cc613_chargepoint.ocpp.soap import Asked, Listening, Service, SoapListener, accepting, schema_of
from cc613_chargepoint.ocpp.soap import listener as soap_listener
from cc613_chargepoint.ocpp.soap.accepting import listening_sockets
from cc613_chargepoint.ocpp.soap.envelope import Addressed, heard, request
from examples.chargepoint.tests.ocpp_rooms.test_soap_wire import IDENTITY, envelope, post, zeep

HERE = Listening(host="127.0.0.1", patience_s=5.0)
LONG = [{"key": f"Key{number}", "readonly": True, "value": "x" * 100} for number in range(100)]
CALLS: list[tuple[str, dict[str, Any]]] = [("Reset", {"type": "Soft"})]


async def answering(asked: Asked) -> dict[str, Any]:
    return {"configurationKey": LONG} if asked.action == "GetConfiguration" else {"status": "Accepted"}


@contextlib.asynccontextmanager
async def listening(where: Listening) -> AsyncIterator[SoapListener]:
    async with SoapListener(Service.STATION_16, IDENTITY, answering, where) as opened:
        yield opened


@pytest.fixture
def secured(authority: Any, tmp_path: Path) -> Listening:
    """With a certificate of the authority."""
    pem = authority.issue().save(tmp_path / "station.pem")
    return evolve(HERE, tls=server_context(pem, pem))


@pytest.fixture
def roots(authority: Any, tmp_path: Path) -> str:
    file = tmp_path / "roots.pem"
    file.write_text(authority.pem)
    return str(file)


class TestTls:
    async def test_zeep_asks_over_tls(self, secured: Listening, roots: str) -> None:
        async with listening(secured) as listener:
            assert await zeep(Service.STATION_16, listener.port, CALLS, ca=roots) == ["Accepted"]

    async def test_zeep_trusts_no_other_authority(self, secured: Listening, make_authority: Any, tmp_path: Path) -> None:
        other = tmp_path / "other.pem"
        other.write_text(make_authority("Somebody else").pem)
        async with listening(secured) as listener:
            assert await zeep(Service.STATION_16, listener.port, CALLS, ca=str(other)) == [{"refused": "SSLError"}]

    async def test_who_asks_may_need_a_certificate(self, authority: Any, make_authority: Any, tmp_path: Path, roots: str) -> None:
        station = authority.issue().save(tmp_path / "station.pem")
        good = authority.issue("central").save(tmp_path / "central.pem")
        bad = make_authority("Somebody else").issue("central").save(tmp_path / "stranger.pem")
        where = evolve(HERE, tls=server_context(station, station, clients=[authority.certificate]))
        async with listening(where) as listener:
            assert await zeep(Service.STATION_16, listener.port, CALLS, ca=roots, cert=str(good)) == ["Accepted"]
            for more in ({}, {"cert": str(bad)}):
                (refused,) = await zeep(Service.STATION_16, listener.port, CALLS, ca=roots, **more)
                assert refused["refused"] in {"SSLError", "ConnectionError"}
            assert await zeep(Service.STATION_16, listener.port, CALLS, ca=roots, cert=str(good)) == ["Accepted"]

    async def test_with_a_password_too(self, secured: Listening, roots: str) -> None:
        where = evolve(secured, user=IDENTITY, password=b"correct-horse")
        async with listening(where) as listener:
            login = {"ca": roots, "user": IDENTITY}
            assert await zeep(Service.STATION_16, listener.port, CALLS, **login, password="correct-horse") == ["Accepted"]
            assert await zeep(Service.STATION_16, listener.port, CALLS, **login, password="wrong-horse") == [{"refused": "401"}]
            assert await zeep(Service.STATION_16, listener.port, CALLS, ca=roots) == [{"refused": "401"}]

    async def test_http_where_tls_is_spoken_gets_nothing_and_costs_nothing(self, secured: Listening, authority: Any) -> None:
        async with listening(secured) as listener:
            assert (await post(listener.port, envelope()))[0] == 0
            assert (await post(listener.port, envelope(), tls=client_context([authority.certificate])))[0] == 200

    async def test_an_old_version_of_tls_is_not_spoken(self, secured: Listening, authority: Any) -> None:
        old = client_context([authority.certificate])
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        async with listening(secured) as listener:
            with pytest.raises(OSError, match=r"(?i)ssl|tls|protocol"):
                await post(listener.port, envelope(), tls=old)

    async def test_what_is_too_long_is_refused_and_the_next_is_served(self, secured: Listening, authority: Any) -> None:
        tls = client_context([authority.certificate])
        async with listening(secured) as listener:
            bomb = gzip.compress(b"<x>" + b" " * 50_000_000 + b"</x>")
            assert (await post(listener.port, bomb, "Content-Encoding: gzip", tls=tls))[0] == 413
            assert (await post(listener.port, envelope(), tls=tls))[0] == 200


class TestPacked:
    @pytest.mark.parametrize("how", [{}, {"deflate": "yes"}], ids=["plain", "deflate"])
    async def test_zeep_packs_what_it_asks_and_gets_long_answers_packed(self, how: dict[str, str]) -> None:
        async with listening(HERE) as listener:
            calls: list[tuple[str, dict[str, Any]]] = [("GetConfiguration", {}), ("ClearCache", {})]
            told, short, packed = await zeep(Service.STATION_16, listener.port, calls, answers="yes", **how)
        assert (len(told["configurationKey"]), short) == (100, "Accepted")
        assert packed == ["gzip", ""]

    @pytest.mark.parametrize(
        ("accepts", "packed"),
        [
            ("gzip", True),
            ("deflate, GZIP;q=0.5", True),
            ("x-gzip", True),
            ("gzip;q=1.000", True),
            ("", False),
            ("deflate", False),
            ("gzip; q=0", False),
            ("gzip;q=0.000", False),
            ("identity, br", False),
        ],
    )
    async def test_only_who_takes_it_gets_it(self, accepts: str, packed: bool) -> None:
        body = schema_of(Service.STATION_16).element("GetConfiguration", {})
        question = request("GetConfiguration", body, Addressed(identity=IDENTITY, to="http://s/", sender="http://b/"), "urn:uuid:1")
        async with listening(HERE) as listener:
            status, answer = await post(listener.port, question, f"Accept-Encoding: {accepts}")
        assert status == 200
        assert answer.startswith(b"\x1f\x8b") is packed
        plain = zlib.decompress(answer, wbits=47) if packed else answer
        assert len(schema_of(Service.STATION_16).payload(heard(plain).body, "GetConfiguration", answer=True)["configurationKey"]) == 100


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20.0):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


class Slow:
    """Somebody who connects and says one letter after the other, if anything."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def more(self, count: int) -> None:
        for _ in range(count):
            self.open.append(await asyncio.open_connection("127.0.0.1", self.port))

    async def gone(self, number: int) -> bool:
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(self.open[number][0].read(), 5.0) == b""
        return True

    async def aclose(self) -> None:
        for _, writer in self.open:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@pytest.fixture(params=["http", "https"])
def kind(request: pytest.FixtureRequest, secured: Listening, authority: Any) -> tuple[Listening, ssl.SSLContext | None]:
    return (HERE, None) if request.param == "http" else (secured, client_context([authority.certificate]))


class TestSlowPeers:
    async def test_whoever_only_waits_makes_room_for_who_asks(self, kind: tuple[Listening, ssl.SSLContext | None]) -> None:
        """Also in the midst of a handshake, and again and again; the one that has waited longest goes."""
        where, tls = kind
        async with listening(evolve(where, connections=4, patience_s=60.0)) as listener:
            slow = Slow(listener.port)
            try:
                await slow.more(4)
                for _ in range(3):
                    assert (await post(listener.port, envelope(), tls=tls))[0] == 200
                    await slow.more(1)
                assert await slow.gone(0)
                await slow.more(20)
                assert (await post(listener.port, envelope(), tls=tls))[0] == 200
            finally:
                await slow.aclose()

    async def test_a_drop_at_a_time_is_not_enough(self, kind: tuple[Listening, ssl.SSLContext | None]) -> None:
        """A request has its time as a whole, however often a byte comes."""
        where, tls = kind
        async with listening(evolve(where, patience_s=0.5)) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, ssl=tls)

            async def drip() -> None:
                with contextlib.suppress(OSError):
                    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n")
                    while True:
                        writer.write(b"X-A: b\r\n")
                        await writer.drain()
                        await asyncio.sleep(0.02)

            dripping = asyncio.ensure_future(drip())
            try:
                with contextlib.suppress(ConnectionError):
                    assert await asyncio.wait_for(reader.read(), 10.0) == b""
            finally:
                dripping.cancel()
                await asyncio.gather(dripping, return_exceptions=True)
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def test_an_unfinished_handshake_ends(self, secured: Listening) -> None:
        async with listening(evolve(secured, patience_s=0.3)) as listener:
            slow = Slow(listener.port)
            await slow.more(1)
            assert await slow.gone(0)
            await slow.aclose()

    async def test_who_is_being_answered_stays_and_the_next_is_turned_away(self) -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(asked: Asked) -> dict[str, Any]:
            begun.set()
            await go_on.wait()
            return {"status": "Accepted"}

        async with SoapListener(Service.STATION_16, IDENTITY, slowly, evolve(HERE, connections=1)) as listener:
            first = asyncio.ensure_future(post(listener.port, envelope()))
            await begun.wait()
            assert (await post(listener.port, envelope()))[0] == 0
            go_on.set()
            assert (await first)[0] == 200

    async def test_who_guesses_passwords_waits_and_makes_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Wrong guesses hold every connection, and the right password still gets through."""
        monkeypatch.setattr(soap_listener, "WRONG_PASSWORD_S", 60.0)
        where = evolve(HERE, user="backend", password=b"correct-horse", connections=2)
        right = base64.b64encode(b"backend:correct-horse").decode()
        async with SoapListener(Service.STATION_16, IDENTITY, answering, where) as listener:
            guesses = [asyncio.ensure_future(post(listener.port, envelope(), "Authorization: Basic eDp5")) for _ in range(2)]
            await until(lambda: len(listener._door._inside) == 2)
            assert (await post(listener.port, envelope(), f"Authorization: Basic {right}"))[0] == 200
        assert [status for status, _ in await asyncio.gather(*guesses)] == [0, 0]

    async def test_who_asks_whether_a_password_is_wanted_is_told_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(soap_listener, "WRONG_PASSWORD_S", 3600.0)
        async with listening(evolve(HERE, user="backend", password=b"correct-horse")) as listener:
            assert (await post(listener.port, envelope()))[0] == 401

    async def test_closing_waits_for_nobody(self, kind: tuple[Listening, ssl.SSLContext | None]) -> None:
        async with asyncio.timeout(10.0):
            async with listening(evolve(kind[0], patience_s=60.0)) as listener:
                slow = Slow(listener.port)
                await slow.more(3)
            for number in range(3):
                assert await slow.gone(number)
            await slow.aclose()


async def test_without_descriptors_it_waits_says_so_once_and_goes_on(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr(accepting, "ACCEPT_PAUSE_S", 0.01)
    loop = asyncio.get_running_loop()
    real, left = loop.sock_accept, [3]

    async def exhausted(door: socket.socket) -> Any:
        if left[0]:
            left[0] -= 1
            raise OSError(24, "Too many open files")
        return await real(door)

    monkeypatch.setattr(loop, "sock_accept", exhausted)
    async with listening(HERE) as listener:
        assert (await post(listener.port, envelope()))[0] == 200
    assert [each.getMessage() for each in caplog.records if "accepted" in each.getMessage()] == [
        "connections cannot be accepted: [Errno 24] Too many open files"
    ]


class TestWhere:
    @pytest.mark.parametrize(("where", "count"), [("127.0.0.1", 1), ("::1", 1), ("", 2), ("lo", 2)])
    def test_at_one_address_one_interface_or_everywhere(self, where: str, count: int) -> None:
        opened = listening_sockets(where, 0)
        try:
            assert len(opened) == count
            assert len({each.getsockname()[1] for each in opened}) == 1
        finally:
            for each in opened:
                each.close()

    async def test_nobody_is_served_at_another_address(self) -> None:
        async with listening(evolve(HERE, host="127.0.0.2")) as listener:
            with pytest.raises(ConnectionRefusedError):
                await post(listener.port, envelope())

    @pytest.mark.parametrize("where", ["192.0.2.1", "no-such-link0", "2001:db8::1"])
    def test_an_address_that_is_not_the_machines(self, where: str) -> None:
        with pytest.raises(OSError):
            listening_sockets(where, 0)

    def test_a_machine_without_ipv6_is_asked_over_ipv4(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = socket.socket.bind

        class Old(socket.socket):
            def bind(self, address: Any) -> None:
                if self.family is socket.AF_INET6:
                    raise OSError(99, "Cannot assign requested address")
                real(self, address)

        monkeypatch.setattr(socket, "socket", Old)
        (only,) = listening_sockets("", 0)
        assert only.family is socket.AF_INET
        only.close()
