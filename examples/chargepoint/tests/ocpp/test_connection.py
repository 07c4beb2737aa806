"""The WebSocket below: how it is opened, what is refused, how a dead one is noticed, what the wire log shows."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import pytest
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from cc613_chargepoint.ocpp.rpc import Link, LinkClosed, Reply
from cc613_chargepoint.ocpp.rpc.backoff import Backoff
from cc613_chargepoint.ocpp.rpc.connection import CannotConnect, Endpoint, address, connected
from cc613_chargepoint.ocpp.rpc.wire_log import MASK, WireLog, lines, masked
from cc613hal.clock import run_virtual
from cc613hal.errors import ConfigError


@define
class Server:
    """What a central system saw."""

    path: Path
    requests: list[Request] = field(factory=list)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(url="ws://central.example/ocpp", identity="RDAM 123", unix_socket=str(self.path))


@asynccontextmanager
async def server(
    place: Path,
    talk: Callable[[ServerConnection], Awaitable[None]] | None = None,
    *,
    answer: Response | None = None,
    subprotocols: tuple[str, ...] | None = ("ocpp1.6",),
    **more: object,
) -> AsyncIterator[Server]:
    made = Server(place / "central.sock")

    async def idle(connection: ServerConnection) -> None:
        await connection.wait_closed()

    def look(connection: ServerConnection, request: Request) -> Response | None:
        made.requests.append(request)
        return answer

    async with unix_serve(talk or idle, str(made.path), subprotocols=subprotocols, process_request=look, ping_interval=None, **more):
        yield made


def test_the_identity_is_in_the_address_percent_encoded_and_the_password_is_bytes(tmp_path) -> None:
    async def scene() -> None:
        key = bytes(range(240, 256)) + b"\x00:\xff "
        async with server(tmp_path) as central, connected(evolve(central.endpoint, password=key)) as wire:
            assert wire.subprotocol == "ocpp1.6"
            assert central.requests[0].path == "/ocpp/RDAM%20123"
            scheme, _, credentials = central.requests[0].headers["Authorization"].partition(" ")
            assert (scheme, base64.b64decode(credentials)) == ("Basic", b"RDAM 123:" + key)

    run_virtual(scene())


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=48))
def test_every_identity_has_an_address_that_is_one_segment(identity) -> None:
    made = address("wss://central.example/ocpp/", identity)
    assert made.startswith("wss://central.example/ocpp/")
    rest = made.removeprefix("wss://central.example/ocpp/")
    assert rest.isascii()
    assert not set(rest) & set("/?# ")


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("https://central.example", "A"),
        ("ws://", "A"),
        ("ws://user:secret@central.example/", "A"),
        ("ws://central.example/", ""),
        ("", "A"),
    ],
)
def test_what_is_no_address_is_refused_with_a_next_step(url, identity) -> None:
    with pytest.raises(ConfigError) as caught:
        address(url, identity)
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_server_that_agrees_to_no_protocol_is_left(tmp_path) -> None:
    async def scene() -> None:
        async with server(tmp_path, subprotocols=None) as central:
            with pytest.raises(CannotConnect, match=r"speaks none of ocpp1\.6"):
                async with connected(central.endpoint):
                    pass

    run_virtual(scene())


def test_the_first_protocol_that_both_speak_is_taken(tmp_path) -> None:
    async def scene() -> None:
        async with (
            server(tmp_path, subprotocols=("ocpp1.6", "ocpp2.0.1")) as central,
            connected(evolve(central.endpoint, subprotocols=("ocpp2.0.1", "ocpp1.6"))) as wire,
        ):
            assert wire.subprotocol in {"ocpp2.0.1", "ocpp1.6"}
            assert central.requests[0].headers["Sec-WebSocket-Protocol"] == "ocpp2.0.1, ocpp1.6"

    run_virtual(scene())


@pytest.mark.parametrize(("status", "hint"), [(401, "password"), (404, "know this station"), (302, "points elsewhere"), (500, "")])
def test_a_server_that_says_no_is_quoted(tmp_path, status, hint) -> None:
    async def scene() -> None:
        answer = Response(status, HTTPStatus(status).phrase, Headers({"Location": "ws://thief.example/", "Content-Length": "0"}), b"")
        async with server(tmp_path, answer=answer) as central:
            with pytest.raises(CannotConnect, match=f"HTTP {status}") as caught:
                async with connected(evolve(central.endpoint, password=b"0123456789abcdef")):
                    pass
            assert hint in (caught.value.hint or "")
            assert caught.value.status == status
            assert len(central.requests) == 1, "a redirect is not followed: the password would go along"

    run_virtual(scene())


def test_nobody_there(tmp_path) -> None:
    async def scene() -> None:
        with pytest.raises(CannotConnect, match=r"central\.example"):
            async with connected(Endpoint(url="ws://central.example", identity="A", unix_socket=str(tmp_path / "nobody"))):
                pass

    run_virtual(scene())


def test_a_call_over_a_real_websocket(tmp_path) -> None:
    async def answering(connection: ServerConnection) -> None:
        async for text in connection:
            _, identifier, _, payload = json.loads(text)
            await connection.send(json.dumps([3, identifier, {"heard": payload}]))

    async def scene() -> None:
        async def refuse(call) -> Reply:
            return Reply()

        async with server(tmp_path, answering) as central, connected(central.endpoint) as wire:
            link = Link(wire, refuse)
            running = asyncio.create_task(link.run())
            assert await link.call("Heartbeat", {"ü": "€"}) == {"heard": {"ü": "€"}}
            running.cancel()

    run_virtual(scene())


def test_a_silent_peer_is_given_up_within_two_intervals(tmp_path) -> None:
    """Half open: the other end takes everything and answers nothing, not even pings."""

    async def scene() -> None:
        taken = asyncio.Event()

        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.readuntil(b"\r\n\r\n")
            key = next(line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
            from websockets.utils import accept_key

            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
                b"Sec-WebSocket-Accept: " + accept_key(key.decode()).encode() + b"\r\n\r\n"
            )
            await taken.wait()
            writer.close()

        path = tmp_path / "deaf"
        async with await asyncio.start_unix_server(deaf, str(path)):
            started_s = asyncio.get_running_loop().time()
            async with connected(Endpoint(url="ws://central.example", identity="A", unix_socket=str(path))) as wire:
                pinging = asyncio.create_task(wire.keep_alive(lambda: 60.0))
                with pytest.raises(LinkClosed):
                    await wire.receive()
                assert asyncio.get_running_loop().time() - started_s <= 121.0
                await pinging
            taken.set()

    run_virtual(scene())


def test_a_peer_that_answers_pings_is_kept(tmp_path) -> None:
    async def scene() -> None:
        async with server(tmp_path) as central, connected(central.endpoint) as wire:
            interval = {"s": 0.0}
            pinging = asyncio.create_task(wire.keep_alive(lambda: interval["s"]))
            receiving = asyncio.create_task(wire.receive())
            await asyncio.sleep(100.0)
            interval["s"] = 10.0  # a setting that changes counts at once
            await asyncio.sleep(1000.0)
            assert not receiving.done()
            assert not pinging.done()
            receiving.cancel()
            pinging.cancel()

    run_virtual(scene())


def test_a_message_that_is_too_long_ends_the_connection_and_not_the_station(tmp_path) -> None:
    async def flooding(connection: ServerConnection) -> None:
        await connection.send("x" * 2_000_000)
        await connection.wait_closed()

    async def scene() -> None:
        async with server(tmp_path, flooding) as central, connected(central.endpoint) as wire:
            with pytest.raises(LinkClosed):
                await wire.receive()

    run_virtual(scene())


def test_why_a_server_closes_is_told(tmp_path) -> None:
    async def leaving(connection: ServerConnection) -> None:
        await connection.close(1012, "maintenance")

    async def scene() -> None:
        async with server(tmp_path, leaving) as central, connected(central.endpoint) as wire:
            with pytest.raises(LinkClosed, match="1012, maintenance"):
                await wire.receive()
            with pytest.raises(LinkClosed):
                await wire.send("[]")

    run_virtual(scene())


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=200))
def test_pauses_grow_are_bounded_and_spread(chances) -> None:
    dice = iter(chances)
    backoff = Backoff(first_s=2.0, longest_s=120.0, chance=lambda: next(dice))
    pauses = [backoff.next_s() for _ in chances]
    for failures, pause_s in enumerate(pauses):
        whole_s = min(120.0, 2.0 * 2.0 ** min(failures, 32))
        assert whole_s / 2.0 <= pause_s <= whole_s


def test_only_a_stable_connection_starts_over() -> None:
    backoff = Backoff(first_s=2.0, longest_s=120.0, chance=lambda: 1.0)
    assert [backoff.next_s() for _ in range(8)] == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 120.0, 120.0]
    backoff.reset()
    assert backoff.next_s() == 2.0


# -- the wire log ------------------------------------------------------------------------------------------------------------------------


def log(path: Path, **more: object) -> WireLog:
    return WireLog(path, wall=lambda: datetime(2026, 1, 1, tzinfo=UTC), **more)


def test_secrets_are_never_written(tmp_path) -> None:
    wire = log(tmp_path / "wire.log")
    wire.opened("wss://me:hush@central.example/ocpp", "ocpp1.6")
    wire.received('[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"hush"}]')
    wire.received('[2,"2","GetDiagnostics",{"location":"ftp://me:hush@files.example/up"}]')
    wire.received('[2,"3","SetNetworkProfile",{"connectionData":{"apn":{"apnPassword":"hush"}}}]')
    wire.received('[2,"4","SetVariables",{"setVariableData":[{"attributeValue":"hush","variable":{"name":"BasicAuthPassword"}}]}]')
    wire.received(b"\x00\x01")
    wire.closed()
    assert "hush" not in (tmp_path / "wire.log").read_text()
    entries = lines(tmp_path / "wire.log")
    assert entries[1]["frame"][3] == {"key": "AuthorizationKey", "value": MASK}
    assert entries[2]["frame"][3]["location"] == f"ftp://{MASK}@files.example/up"
    assert entries[3]["frame"][3]["connectionData"]["apn"]["apnPassword"] == MASK
    assert [each["way"] for each in entries] == ["opened", "received", "received", "received", "received", "received", "closed"]


def test_identifiers_of_customers_can_be_shortened() -> None:
    assert masked([2, "1", "Authorize", {"idTag": "04A2B3C4"}], personal=True) == [2, "1", "Authorize", {"idTag": "04" + MASK}]


def test_the_log_is_begun_anew_at_its_limit_and_the_last_one_kept(tmp_path) -> None:
    wire = log(tmp_path / "wire.log", limit_bytes=400)
    for number in range(20):
        wire.sent(f'[2,"{number}","Heartbeat",{{}}]')
    assert (tmp_path / "wire.log").stat().st_size <= 400
    kept = lines(tmp_path / "wire.log.1") + lines(tmp_path / "wire.log")
    assert [each["frame"][1] for each in kept] == [str(number) for number in range(20 - len(kept), 20)]


def test_calls_of_one_name_are_found_with_their_answers(tmp_path) -> None:
    wire = log(tmp_path / "wire.log")
    for text in ('[2,"1","Heartbeat",{}]', '[2,"2","Reset",{}]', '[3,"1",{}]', '[4,"2","NotSupported","",{}]', "rubbish"):
        wire.received(text)
    assert [each["frame"] for each in lines(tmp_path / "wire.log", ["Reset"])] == [[2, "2", "Reset", {}], [4, "2", "NotSupported", "", {}]]


def test_a_disk_that_is_full_costs_the_log_and_nothing_else(tmp_path) -> None:
    wire = log(tmp_path / "nowhere" / "wire.log")
    wire.sent('[2,"1","Heartbeat",{}]')
    wire.sent('[2,"2","Heartbeat",{}]')
