"""The HTTP client against the standard library's server, and against our emulated host with and without TLS, which misbehaves too."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cc613hal.bus.actor import BreakerPolicy, BusActor
from cc613hal.bus.http import HttpPort, HttpRequest, HttpResponse, json_object
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.linux.http_h11 import HttpClient
from cc613hal.bus.options import HttpOptions
from cc613hal.bus.sim.chips import HttpService
from cc613hal.bus.sim.http import HttpHost
from cc613hal.bus.sim.http_server import HttpServer, HttpTrick
from cc613hal.clock import Clock
from cc613hal.errors import (
    BusClosed,
    BusError,
    BusMissing,
    BusPermission,
    BusTimeout,
    ConfigError,
    DeviceRefused,
    FrameError,
    ProtocolViolation,
)

TLS = Path(__file__).parent / "tls"


class Echo(HttpService):
    """Says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[HttpRequest] = []

    def handle(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        if request.target == "/long":
            return HttpResponse(status=200, body=b"x" * 5000)
        if request.target == "/text":
            return HttpResponse(status=200, body=b"OCMF|{}|{}", headers=(("X-Meter", "yes"),))
        if request.target == "/no":
            return HttpResponse(status=409, body=b"busy")
        return HttpResponse(status=200, body=b'{"value": 12.3400, "asked": "%s"}' % request.method.encode())


def server_tls(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=1")
    context.load_cert_chain(TLS / f"{name}.pem", TLS / f"{name}-key.pem")
    return context


def fingerprint(name: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((TLS / f"{name}.pem").read_text())).hexdigest()


@contextlib.asynccontextmanager
async def served(
    *, tls: str = "", timeout_s: float = 2.0, server_only: bool = False, **options: Any
) -> AsyncIterator[tuple[HttpPort, HttpServer, Echo]]:
    host, echo = HttpHost("meter"), Echo()
    host.join(echo)
    actor = BusActor("meter", Clock(), breaker=BreakerPolicy(failures=0))
    async with HttpServer(host, tls=server_tls(tls) if tls else None) as server:
        told = {"host": "127.0.0.1", "tls": bool(tls), **options}
        adapter = await LinuxBuses().open("meter", HttpOptions(port=server.port, **told), actor)
        assert isinstance(adapter, HttpClient)
        try:
            yield HttpPort(actor, adapter, timeout_s=timeout_s), server, echo
        finally:
            await adapter.aclose()
            await asyncio.sleep(0.01)  # lets the other side notice


class _Standard(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _say(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        said = b'{"method": "%s", "path": "%s", "got": %d}' % (self.command.encode(), self.path.encode(), len(body))
        self.send_response(200)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_PUT = do_POST = _say  # noqa: N815  # the names the standard library calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Quiet."""


@pytest.fixture
def standard_server() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Standard)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_the_standard_librarys_server_understands_us(standard_server: int) -> None:
    actor = BusActor("meter", Clock())
    client = HttpClient(actor, HttpOptions(host="127.0.0.1", port=standard_server))
    port = HttpPort(actor, client)
    try:
        assert await port.json("GET", "/v1/status?x=1") == {"method": "GET", "path": "/v1/status?x=1", "got": 0}
        assert await port.json("PUT", "/v1/legal", {"running": False}) == {"method": "PUT", "path": "/v1/legal", "got": 17}
        assert await port.json("POST", "/v1/legal", {"ä": 1}) == {"method": "POST", "path": "/v1/legal", "got": 8}
    finally:
        await client.aclose()


async def test_the_connection_is_kept_and_made_anew_when_the_host_dropped_it() -> None:
    async with served() as (port, server, _):
        for _ in range(3):
            assert (await port.json("GET", "/"))["value"] == Decimal("12.3400")
        assert (server.connections, server.served) == (1, 3)
        server.trick = HttpTrick.CLOSE
        await port.json("GET", "/")
        server.trick = HttpTrick.NONE
        await asyncio.sleep(0.02)
        assert (await port.json("GET", "/"))["asked"] == "GET"
        assert server.connections == 2


async def test_what_changes_the_meter_is_never_sent_twice() -> None:
    async with served() as (port, server, echo):
        await port.json("GET", "/")
        server.trick = HttpTrick.HANG_UP
        with pytest.raises(BusError, match=r"closed without an answer|broke off"):
            await port.json("POST", "/v1/legal", {})
        assert [request.method for request in echo.asked] == ["GET"]
        assert server.served == 2


async def test_digits_survive_and_words_and_headers_come_through() -> None:
    async with served() as (port, _, echo):
        assert str((await port.json("GET", "/"))["value"]) == "12.3400"
        said = await port.request("GET", "/text", headers=(("authorization", "Bearer t"),))
        assert said.body == b"OCMF|{}|{}"
        assert dict(said.headers)["x-meter"] == "yes"
        assert ("authorization", "Bearer t") in echo.asked[-1].headers


async def test_another_status_is_a_refusal_with_its_number() -> None:
    async with served() as (port, _, _echo):
        with pytest.raises(DeviceRefused, match="GET /no with status 409 busy") as refused:
            await port.json("GET", "/no")
        assert refused.value.code == 409
        with pytest.raises(ProtocolViolation, match="no JSON object"):
            await port.json("GET", "/text")
        assert (await port.request("GET", "/no")).status == 409


@pytest.mark.parametrize(
    ("trick", "error", "reason"),
    [
        (HttpTrick.GARBAGE, FrameError, "no HTTP"),
        (HttpTrick.TRUNCATED, FrameError, "no HTTP"),
        (HttpTrick.HANG_UP, FrameError, "closed without an answer"),
        (HttpTrick.SLOW, BusTimeout, r"no whole answer within 0\.3 s"),
        (HttpTrick.ENDLESS, FrameError, "longer than 1000 bytes"),
    ],
)
async def test_a_host_that_misbehaves_is_an_error_in_words_and_the_next_request_works(
    trick: HttpTrick, error: type[BusError], reason: str
) -> None:
    async with served(longest=1000, timeout_s=0.3) as (port, server, _):
        server.trick = trick
        with pytest.raises(error, match=reason):
            await port.json("GET", "/")
        server.trick = HttpTrick.CHUNKED
        assert (await port.json("GET", "/"))["asked"] == "GET"


async def test_an_answer_that_is_too_long_costs_bounded_memory() -> None:
    async with served(longest=1000) as (port, _, _echo):
        with pytest.raises(FrameError, match="longer than 1000"):
            await port.request("GET", "/long")


async def test_a_cancelled_request_leaves_nothing_for_the_next_one() -> None:
    async with served() as (port, server, _):
        server.trick = HttpTrick.SLOW
        asking = asyncio.create_task(port.json("GET", "/"))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        server.trick = HttpTrick.NONE
        assert (await port.json("PUT", "/"))["asked"] == "PUT"


async def test_a_pinned_certificate_is_accepted_whatever_its_key_and_name() -> None:
    pin = ":".join(fingerprint("weak")[at : at + 2] for at in range(0, 64, 2)).upper()
    async with served(tls="weak", fingerprint=pin) as (port, _, _echo):
        assert (await port.json("GET", "/"))["asked"] == "GET"


async def test_another_certificate_than_the_pinned_one_is_refused_before_a_request_is_sent() -> None:
    async with served(tls="own", fingerprint=fingerprint("weak")) as (port, _, echo):
        with pytest.raises(BusPermission, match=f"SHA-256 is {fingerprint('own')}"):
            await port.json("GET", "/")
        assert echo.asked == []


async def test_a_certificate_file_vouches_for_its_host_only() -> None:
    async with served(tls="own", ca_file=str(TLS / "own.pem"), host="localhost") as (port, _, _echo):
        assert (await port.json("GET", "/"))["asked"] == "GET"
    async with served(tls="own") as (port, _, echo):
        with pytest.raises(BusPermission, match="self-signed certificate") as refused:
            await port.json("GET", "/")
        assert "fingerprint" in (refused.value.hint or "")
        assert echo.asked == []
    with pytest.raises(ConfigError, match=r"certificate file .* cannot be read"):
        HttpClient(BusActor("m", Clock()), HttpOptions(host="h", tls=True, ca_file="/nowhere.pem"))


async def test_nobody_there_is_said() -> None:
    actor = BusActor("meter", Clock(), breaker=BreakerPolicy(failures=0))
    client = HttpClient(actor, HttpOptions(host="127.0.0.1", port=1))
    with pytest.raises(BusMissing, match=r"127\.0\.0\.1:1: nobody listens") as missing:
        await HttpPort(actor, client).json("GET", "/")
    assert missing.value.hint
    with pytest.raises(BusMissing):
        await HttpPort(actor, HttpClient(actor, HttpOptions(host="meter.invalid"))).json("GET", "/")
    await client.aclose()
    with pytest.raises(BusClosed):
        await HttpPort(actor, client).json("GET", "/")


async def test_the_trace_shows_requests_and_answers() -> None:
    async with served() as (port, _, _echo):
        await port.json("PUT", "/v1/legal", {"running": False})
        frames = list(port._actor.trace)
        assert [(frame.unit, frame.direction) for frame in frames] == [("PUT", ">"), ("PUT", "<")]
        assert frames[0].data == b'/v1/legal\n{"running":false}'
        assert frames[1].note == "status 200"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[1]", "list instead of an object"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"{", "Expecting"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"[" * 5000, "brackets"),
    ],
)
def test_what_is_no_json_object_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        json_object(text)


def test_an_empty_answer_is_an_empty_object() -> None:
    assert json_object(b" \r\n") == {}


@pytest.mark.parametrize("wrong", [{"port": 0}, {"fingerprint": "12"}, {"timeout_s": 0.0}, {"longest": 0}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HttpOptions(host="h", **wrong)


def test_ports_are_the_usual_ones() -> None:
    assert HttpOptions(host="h").physical == "h:80"
    assert HttpOptions(host="h", tls=True).physical == "h:443"
    assert HttpOptions(host="h", port=8080).authority == "h:8080"
    assert HttpOptions(host="h", port=80).authority == "h"
