"""SOAP on the wire: the station's listener with zeep and with hostile peers, its client with servers that answer nonsense."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.ocpp import soap
from cc613_chargepoint.ocpp.certificates import client_context, server_context
from cc613_chargepoint.ocpp.soap import (
    Asked,
    Backend,
    FaultCode,
    Listening,
    Schema,
    Service,
    SoapClient,
    SoapFault,
    SoapInvalid,
    SoapListener,
    SoapUnanswered,
    schema_of,
)
from cc613_chargepoint.ocpp.soap.envelope import ADDRESSING, ADDRESSING_2004, Addressed, heard, request
from cc613_chargepoint.ocpp.soap.schema import _Type
from cc613_chargepoint.ocpp.soap.xml import parsed

WSDL = Path(soap.__file__).parent / "wsdl"
PEERS = Path(__file__).parent / "peers"
IDENTITY = "RDAM 123"
SPACES = "{http://www.w3.org/2001/XMLSchema}"
HERE = Listening(host="127.0.0.1", patience_s=5.0)


def shown(value: object) -> str:
    """A short name for a parameter: documents make long ones, and packed ones another one each second."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else getattr(value, "__name__", str(value))


def example(service: Service, action: str, *, answer: bool) -> dict[str, Any]:
    """A content with everything in it, each list with one entry."""
    schema = schema_of(service)
    root = parsed((WSDL / service.value).read_bytes())
    words = {
        each.get("name"): [word.get("value") for word in each.iter(f"{SPACES}enumeration")] for each in root.iter(f"{SPACES}simpleType")
    }

    def fill(schema: Schema, kind: str | _Type) -> Any:
        known = schema._resolved(kind)
        if isinstance(known, _Type):
            if known.base:
                return {"value": "17", **{name: words[of][0] for name, of in known.attributes.items()}}
            return {child.name: [fill(schema, child.type)] if child.many else fill(schema, child.type) for child in known.children.values()}
        if isinstance(kind, str) and words.get(kind):
            return words[kind][0]
        sample = {"int": 7, "boolean": True, "decimal": 6.5, "dateTime": "2026-06-01T12:00:00+00:00", "anyURI": "ftp://files.example/a"}
        return sample.get(known, "abc")

    content = fill(schema, schema._elements[schema._name(action, answer=answer)])
    assert isinstance(content, dict)
    return content


async def zeep(
    service: Service, port: int, calls: list[tuple[str, dict[str, Any]]], identity: str = IDENTITY, **transport: str
) -> list[Any]:
    address = f"{'https' if 'ca' in transport else 'http'}://127.0.0.1:{port}/"
    command = [sys.executable, "-W", "ignore", PEERS / "zeep_client.py", WSDL / service.value, address, identity]
    more = json.dumps(calls), json.dumps(transport)
    process = await asyncio.create_subprocess_exec(*command, *more, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-2000:]
    return json.loads(out)


def bare(value: Any) -> Any:
    """Without what is not there; zeep names every optional element."""
    if isinstance(value, dict):
        return {("value" if name == "_value_1" else name): bare(each) for name, each in value.items() if each not in (None, [])}
    return [bare(each) for each in value] if isinstance(value, list) else value


class TestWithZeep:
    @pytest.mark.parametrize("service", [Service.STATION_15, Service.STATION_16])
    async def test_every_operation_of_the_station_both_ways(self, service: Service) -> None:
        asked: dict[str, Any] = {}

        async def handler(question: Asked) -> dict[str, Any]:
            asked[question.action] = question.payload
            return example(service, question.action, answer=True)

        actions = list(schema_of(service).actions)
        async with SoapListener(service, IDENTITY, handler, HERE) as listener:
            told = await zeep(service, listener.port, [(action, example(service, action, answer=False)) for action in actions])
        for action, result in zip(actions, told, strict=True):
            sent, wanted = example(service, action, answer=False), example(service, action, answer=True)
            assert moments(asked[action]) == moments(sent), action
            assert "fault" not in (result if isinstance(result, dict) else {}), result
            unwrapped = next(iter(wanted.values())) if len(wanted) == 1 else wanted  # zeep gives a single element by itself
            assert moments(bare(result or {})) in (moments(unwrapped), moments(wanted)), action

    async def test_faults_reach_it_with_their_code(self) -> None:
        async def handler(question: Asked) -> dict[str, Any]:
            if question.action == "Reset":
                raise SoapFault(FaultCode.NOT_SUPPORTED, "not today")
            if question.action == "ClearCache":
                return {"status": "Perhaps"}
            raise RuntimeError("broken")

        async with SoapListener(Service.STATION_16, IDENTITY, handler, HERE) as listener:
            calls = [("Reset", {"type": "Soft"}), ("ClearCache", {}), ("UnlockConnector", {"connectorId": 1})]
            told = await zeep(Service.STATION_16, listener.port, calls)
            (other,) = await zeep(Service.STATION_16, listener.port, calls[:1], identity="somebody else")
        assert [each["fault"] for each in told] == [
            "not today",
            "ClearCache could not be answered",
            "UnlockConnector could not be answered",
        ]
        assert "NotSupported" in told[0]["subcodes"][0]
        assert told[1]["code"].endswith("Receiver")
        assert other["code"].endswith("Sender")
        assert "IdentityMismatch" in other["subcodes"][0]


def moments(value: Any) -> Any:
    """One way to write moments and numbers."""
    if isinstance(value, dict):
        return {name: moments(each) for name, each in value.items()}
    if isinstance(value, list):
        return [moments(each) for each in value]
    if isinstance(value, float):
        return str(value)  # zeep has decimals
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


async def answering(question: Asked) -> dict[str, Any]:
    return {"status": "Accepted"}


@pytest.fixture
async def listener() -> AsyncIterator[SoapListener]:
    async with SoapListener(Service.STATION_16, IDENTITY, answering, HERE) as opened:
        yield opened


def envelope(action: str = "ClearCache", content: dict[str, Any] | None = None, identity: str = IDENTITY) -> bytes:
    body = schema_of(Service.STATION_16).element(action, content or {})
    return request(action, body, Addressed(identity=identity, to="http://station/", sender="http://backend/"), "urn:uuid:1")


async def post(port: int, body: bytes, *headers: str, method: str = "POST", tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    lines = [f"{method} / HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", "Connection: close", *headers]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    try:
        data = await asyncio.wait_for(reader.read(), 10.0)
    except ConnectionError:
        data = b""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    head, _, rest = data.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, rest


class TestListener:
    async def test_an_answer_is_addressed_as_the_question_was(self, listener: SoapListener) -> None:
        status, body = await post(listener.port, envelope())
        told = heard(body)
        assert (status, told.relates_to, told.action, told.addressing) == (200, "urn:uuid:1", "/ClearCacheResponse", ADDRESSING)
        assert body.startswith(b"<?xml")

    async def test_the_older_addressing_is_answered_in_kind(self, listener: SoapListener) -> None:
        status, body = await post(listener.port, envelope().replace(ADDRESSING.encode(), ADDRESSING_2004.encode()))
        assert (status, heard(body).addressing, heard(body).relates_to) == (200, ADDRESSING_2004, "urn:uuid:1")

    @pytest.mark.parametrize(
        ("pattern", "by"),
        [
            (b"soap:", b"s11:"),
            (b"chargeBoxIdentity", b"ChargeBoxIdentity"),
            (b"<wsa:MessageID>urn:uuid:1</wsa:MessageID>", b"<wsa:MessageID/>"),
            (b"<wsa:From><wsa:Address>http://backend/</wsa:Address></wsa:From>", b""),
            (b"/ClearCache<", b"urn:generated:by:a:server<"),
        ],
    )
    async def test_other_prefixes_empty_headers_and_actions_of_their_own_are_tolerated(
        self, listener: SoapListener, pattern: bytes, by: bytes
    ) -> None:
        document = envelope()
        assert pattern in document
        changed = document.replace(pattern, by).replace(b"xmlns:soap=", b"xmlns:s11=" if by == b"s11:" else b"xmlns:soap=")
        assert (await post(listener.port, changed))[0] == 200

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "deflate-raw"])
    async def test_compressed_questions_are_understood(self, listener: SoapListener, encoding: str) -> None:
        raw = zlib.compressobj(wbits=-15)
        packed = {
            "deflate": zlib.compress(envelope()),
            "deflate-raw": raw.compress(envelope()) + raw.flush(),
        }.get(encoding, gzip.compress(envelope()))
        assert (await post(listener.port, packed, f"Content-Encoding: {encoding.removesuffix('-raw')}"))[0] == 200

    async def test_a_client_that_waits_for_permission_gets_it(self, listener: SoapListener) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        document = envelope()
        writer.write(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(document)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert b"100" in await reader.readuntil(b"\r\n\r\n")
        writer.write(document)
        assert b"200" in await reader.readuntil(b"\r\n")
        writer.close()
        await writer.wait_closed()

    async def test_one_connection_serves_several_questions(self, listener: SoapListener) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        document = envelope()
        for _ in range(3):
            writer.write(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(document)}\r\n\r\n".encode() + document)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200" in head
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            heard(await reader.readexactly(length))
        writer.close()
        await writer.wait_closed()

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "ProtocolError"),
            (b"nonsense", "ProtocolError"),
            (b"<x/>", "ProtocolError"),
            (b'<!DOCTYPE x [<!ENTITY a "b">]>' + envelope().split(b"?>", 1)[1], "ProtocolError"),
            (envelope().replace(b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/"), "ProtocolError"),
            (envelope(identity="other"), "IdentityMismatch"),
            (envelope().replace(b"chargeBoxIdentity", b"somethingElse"), "ProtocolError"),
            (envelope().replace(b"clearCacheRequest", b"openDoorRequest"), "NotSupported"),
            (
                envelope().replace(b"<ocpp:clearCacheRequest/>", b"<ocpp:resetRequest><ocpp:type>Warm</ocpp:type></ocpp:resetRequest>"),
                "ProtocolError",
            ),
            (envelope().replace(b"<ocpp:clearCacheRequest/>", b""), "ProtocolError"),
            (envelope().replace(b"<ocpp:clearCacheRequest/>", b"<ocpp:clearCacheRequest/><ocpp:clearCacheRequest/>"), "ProtocolError"),
            (envelope().replace(b"urn://Ocpp/Cp/2015/10/", b"urn://Ocpp/Cp/2012/06/"), "ProtocolError"),
        ],
        ids=shown,
    )
    async def test_what_is_wrong_is_a_fault_with_its_code(self, listener: SoapListener, body: bytes, code: str) -> None:
        status, answer = await post(listener.port, body)
        with pytest.raises(SoapFault) as told:
            heard(answer)
        assert told.value.code is FaultCode(code)
        assert status == (400 if FaultCode(code).sender else 500)

    async def test_what_is_no_question_gets_a_status(self, listener: SoapListener) -> None:
        assert (await post(listener.port, b"", method="GET"))[0] == 405
        assert (await post(listener.port, b"x" * 2_000_000))[0] in {413, 0}
        bomb = gzip.compress(b"<x>" + b" " * 50_000_000 + b"</x>")
        assert (await post(listener.port, bomb, "Content-Encoding: gzip"))[0] == 413
        assert (await post(listener.port, b"x", "Content-Encoding: br"))[0] == 415
        assert (await post(listener.port, b"x", "Content-Encoding: gzip"))[0] == 415
        assert (await post(listener.port, envelope()))[0] == 200

    async def test_noise_and_silence_end(self) -> None:
        async with SoapListener(Service.STATION_16, IDENTITY, answering, evolve(HERE, patience_s=0.3)) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            assert await asyncio.wait_for(reader.read(), 5.0) == b""
            writer.close()
            await writer.wait_closed()
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"\x16\x03\x01\x00\x01\r\n\r\n")
            assert b" 400 " in await reader.read()
            writer.close()
            await writer.wait_closed()
            assert (await post(listener.port, envelope()))[0] == 200

    async def test_who_asks_may_have_to_log_in(self) -> None:
        where = evolve(HERE, user="backend", password=b"\x00\xffkey")
        async with SoapListener(Service.STATION_16, IDENTITY, answering, where) as listener:
            good = base64.b64encode(b"backend:\x00\xffkey").decode()
            for header, status in (
                ("X: y", 401),
                ("Authorization: Basic eDp5", 401),
                ("Authorization: Basic ?", 401),
                (f"Authorization: Basic {good}", 200),
            ):
                assert (await post(listener.port, envelope(), header))[0] == status

    async def test_over_tls(self, authority: Any, tmp_path: Path) -> None:
        pem = authority.issue().save(tmp_path / "s.pem")
        where = evolve(HERE, tls=server_context(pem, pem))
        async with SoapListener(Service.STATION_16, IDENTITY, answering, where) as listener:
            assert (await post(listener.port, envelope(), tls=client_context([authority.certificate])))[0] == 200

    async def test_closing_cuts_off_what_is_being_answered(self) -> None:
        begun = asyncio.Event()

        async def slow(question: Asked) -> dict[str, Any]:
            begun.set()
            await asyncio.sleep(3600.0)
            return {}

        listener = await SoapListener(Service.STATION_16, IDENTITY, slow, HERE).__aenter__()
        asking = asyncio.ensure_future(post(listener.port, envelope()))
        await begun.wait()
        await asyncio.wait_for(listener.aclose(), 5.0)
        assert (await asking)[0] == 0
        with pytest.raises(RuntimeError, match="not open"):
            _ = listener.port

    def test_whatever_is_done_to_an_envelope_the_answer_is_an_envelope(self) -> None:
        listener = SoapListener(Service.STATION_16, IDENTITY, answering)
        document = envelope("Reset", {"type": "Soft"})

        @settings(max_examples=300, deadline=None)
        @given(st.lists(st.tuples(st.integers(0, len(document)), st.integers(0, 40), st.binary(max_size=30)), min_size=1, max_size=4))
        def mutilated(cuts: list[tuple[int, int, bytes]]) -> None:
            changed = document
            for at, length, instead in cuts:
                changed = changed[:at] + instead + changed[at + length :]
            import h11

            from cc613_chargepoint.ocpp.soap.http import Message

            head = h11.Request(method="POST", target="/", headers=[("Host", "x")])
            status, answer = asyncio.run(listener._answered(Message(head=head, body=changed)))
            assert status in {200, 400, 500}
            parsed(answer)

        mutilated()


Respond = Callable[[bytes], bytes]


@contextlib.asynccontextmanager
async def backend(
    respond: Callable[[bytes], bytes | Awaitable[bytes]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that answers whatever a test wants."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            seen.append(head + body)
            answer = respond(body)
            writer.write(answer if isinstance(answer, bytes) else await answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/soap+xml", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def said(body: bytes, *, relates_to: bool = True, content: dict[str, Any] | None = None) -> bytes:
    from cc613_chargepoint.ocpp.soap.envelope import answer

    question = heard(body)
    element = schema_of(Service.CENTRAL_16).element("Heartbeat", content or {"currentTime": "2026-06-01T12:00:00Z"}, answer=True)
    return answer("Heartbeat", element, question if relates_to else evolve(question, message_id="urn:uuid:other"))


def client(port: int, **more: Any) -> SoapClient:
    where = {"url": f"http://127.0.0.1:{port}/ocpp?x=1", "timeout_s": 5.0, **more}
    return SoapClient(Backend(**where), IDENTITY, "http://station.example:8080/")


class TestClient:
    async def test_the_question_has_every_header_once(self) -> None:
        async with backend(lambda body: http(said(body))) as (port, seen):
            answer = await client(port, user="RDAM 123", password=b"\x01\xff").call("Heartbeat", {})
        assert answer == {"currentTime": "2026-06-01T12:00:00Z"}
        head, _, body = seen[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /ocpp?x=1 HTTP/1.1")
        assert base64.b64encode(b"RDAM 123:\x01\xff") in head
        assert b'application/soap+xml; charset=utf-8; action="/Heartbeat"' in head
        for name in (b"chargeBoxIdentity", b"Action", b"MessageID", b"From", b"ReplyTo", b"To"):
            assert body.count(b":" + name + b">") + body.count(b":" + name + b" ") == 2, name  # opened and closed
        told = heard(body)
        assert (told.identity, told.action, told.sender) == (IDENTITY, "/Heartbeat", "http://station.example:8080/")

    @pytest.mark.parametrize("compress", [False, True])
    async def test_compressed_both_ways(self, compress: bool) -> None:
        def respond(body: bytes) -> bytes:
            plain = gzip.decompress(body) if compress else body
            return http(gzip.compress(said(plain)), "Content-Encoding: gzip")

        async with backend(respond) as (port, _):
            assert await client(port, compress=compress).call("Heartbeat", {}) == {"currentTime": "2026-06-01T12:00:00Z"}

    async def test_over_tls_with_the_right_server_only(self, authority: Any, make_authority: Any, tmp_path: Path) -> None:
        pem = authority.issue().save(tmp_path / "s.pem")
        async with backend(lambda body: http(said(body)), server_context(pem, pem)) as (port, seen):
            url = f"https://127.0.0.1:{port}/"
            await client(port, url=url, tls=client_context([authority.certificate])).call("Heartbeat", {})
            with pytest.raises(SoapUnanswered, match="certificate"):
                await client(port, url=url, tls=client_context([make_authority("Foreign").certificate])).call("Heartbeat", {})
        assert len(seen) == 1

    async def test_a_fault_is_told_with_its_code(self) -> None:
        from cc613_chargepoint.ocpp.soap.envelope import fault

        told = fault(FaultCode.IDENTITY_MISMATCH, "who are you", "urn://Ocpp/Cs/2015/10/")
        for status in ("400 Bad Request", "500 Internal", "200 OK"):
            async with backend(lambda _: http(told, status=status)) as (port, _):  # noqa: B023
                with pytest.raises(SoapFault, match="who are you") as caught:
                    await client(port).call("Heartbeat", {})
            assert caught.value.code is FaultCode.IDENTITY_MISMATCH
        unknown = told.replace(b"IdentityMismatch", b"Whatever")
        async with backend(lambda _: http(unknown)) as (port, _):
            with pytest.raises(SoapFault) as caught:
                await client(port).call("Heartbeat", {})
        assert caught.value.code is None

    async def test_an_answer_to_another_question_is_none(self) -> None:
        async with backend(lambda body: http(said(body, relates_to=False))) as (port, _):
            with pytest.raises(SoapUnanswered, match="another question"):
                await client(port).call("Heartbeat", {})

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (b"", SoapUnanswered),
            (b"\x00\x01\x02nonsense\r\n\r\n", SoapUnanswered),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", SoapUnanswered),
            (http(b"", status="401 Unauthorized"), SoapUnanswered),
            (http(b"<html>gone</html>", status="404 Not Found"), SoapUnanswered),
            (http(b"<html>hello</html>"), SoapInvalid),
            (http(b"x" * 10, "Content-Encoding: gzip"), SoapUnanswered),
            (http(gzip.compress(b" " * 30_000_000), "Content-Encoding: gzip"), SoapUnanswered),
            (http(b"x" * 2_000_000), SoapUnanswered),
            (http(envelope()), SoapInvalid),
        ],
        ids=shown,
    )
    async def test_a_backend_that_answers_nonsense(self, answer: bytes, kind: type[Exception]) -> None:
        async with backend(lambda _: answer) as (port, _):
            with pytest.raises(kind):
                await client(port).call("Heartbeat", {})

    @pytest.mark.parametrize(
        ("pattern", "by"),
        [
            (b"/HeartbeatResponse<", b"urn://Ocpp/Cs/2015/10/CentralSystemService/HeartbeatResponse<"),  # generated, and to be understood
            (ADDRESSING.encode(), ADDRESSING_2004.encode()),
            (b"wsa:", b"a:"),
            (b"ocpp:", b"ns2:"),
            (b"soap:", b"env:"),
            (b"<soap:Header>", b'<soap:Header><w:Security xmlns:w="urn:w" soap:mustUnderstand="true"/>'),
            (b"</soap:Header>", b"<wsa:FaultTo/><wsa:ReplyTo/><wsa:From/></soap:Header>"),
            (b"<?xml version='1.0' encoding='UTF-8'?>", b"\xef\xbb\xbf"),
            (b"</soap:Envelope>", b"</soap:Envelope>\n<!-- served in 3 ms -->\n"),
            (b"<soap:Body>", b"\n  <soap:Body>\n    <!-- a comment -->\n"),
        ],
        ids=["action", "2004/08", "wsa", "ocpp", "soap", "security", "empty", "mark", "after", "comment"],
    )
    async def test_answers_of_other_stacks_are_understood(self, pattern: bytes, by: bytes) -> None:
        def respond(body: bytes) -> bytes:
            plain = said(body)
            assert pattern in plain
            prefix, other = (pattern[:-1], by[:-1]) if by.endswith(b":") else (b"", b"")
            changed = plain.replace(pattern, by)
            return http(changed.replace(b"xmlns:" + prefix + b"=", b"xmlns:" + other + b"=") if prefix else changed)

        async with backend(respond) as (port, _):
            assert await client(port).call("Heartbeat", {}) == {"currentTime": "2026-06-01T12:00:00Z"}

    @pytest.mark.parametrize("left", [b"<wsa:RelatesTo/>", b""], ids=["empty", "none"])
    async def test_an_answer_that_names_no_question_belongs_to_the_one_of_its_exchange(self, left: bytes) -> None:
        def respond(body: bytes) -> bytes:
            name = heard(body).message_id.encode()
            return http(said(body).replace(b"<wsa:RelatesTo>" + name + b"</wsa:RelatesTo>", left))

        async with backend(respond) as (port, _):
            assert await client(port).call("Heartbeat", {})

    async def test_optional_members_may_be_nil(self) -> None:
        nil = b'<ocpp:parentIdTag xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'

        def respond(body: bytes) -> bytes:
            from cc613_chargepoint.ocpp.soap.envelope import answer

            content = {"idTagInfo": {"status": "Accepted", "parentIdTag": "x"}}
            document = answer("Authorize", schema_of(Service.CENTRAL_16).element("Authorize", content, answer=True), heard(body))
            return http(document.replace(b"<ocpp:parentIdTag>x</ocpp:parentIdTag>", nil))

        async with backend(respond) as (port, _):
            assert await client(port).call("Authorize", {"idTag": "A"}) == {"idTagInfo": {"status": "Accepted"}}

    @pytest.mark.parametrize("how", ["gzip", "x-gzip", "deflate", "deflate-raw", "chunked"])
    async def test_answers_come_packed_or_in_pieces(self, how: str) -> None:
        def respond(body: bytes) -> bytes:
            plain = said(body)
            if how == "chunked":
                pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (plain[:100], plain[100:]))
                return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
            raw = zlib.compressobj(wbits=-15)
            packed = {"deflate": zlib.compress(plain), "deflate-raw": raw.compress(plain) + raw.flush()}.get(how, gzip.compress(plain))
            return http(packed, f"Content-Encoding: {how.removesuffix('-raw')}")

        async with backend(respond) as (port, _):
            assert await client(port).call("Heartbeat", {}) == {"currentTime": "2026-06-01T12:00:00Z"}

    @pytest.mark.parametrize(
        "kind",
        [b'<!DOCTYPE x SYSTEM "file:///etc/passwd">', b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'],
        ids=["dtd", "entity"],
    )
    async def test_an_answer_with_a_document_type_is_not_read(self, kind: bytes) -> None:
        async with backend(lambda body: http(said(body).replace(b"?>", b"?>" + kind))) as (port, _):
            with pytest.raises(SoapInvalid, match="document type"):
                await client(port).call("Heartbeat", {})

    async def test_a_backend_that_never_answers(self) -> None:
        async with backend(lambda _: asyncio.sleep(3600.0, b"")) as (port, _):
            with pytest.raises(SoapUnanswered, match="no answer within"):
                await client(port, timeout_s=0.2).call("Heartbeat", {})

    async def test_a_backend_that_is_not_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(SoapUnanswered, match="cannot be reached"):
            await client(port).call("Heartbeat", {})

    async def test_a_content_that_is_not_allowed_is_not_sent(self) -> None:
        async with backend(lambda body: http(said(body))) as (port, seen):
            with pytest.raises(SoapInvalid):
                await client(port).call("Heartbeat", {"more": 1})
        assert seen == []

    @pytest.mark.parametrize("url", ["", "ftp://x/", "http://", "https://x/"])
    def test_an_address_that_is_none_is_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"address|TLS"):
            SoapClient(Backend(url=url), IDENTITY, "")

    def test_passwords_are_not_shown(self) -> None:
        assert "geheim" not in repr(Backend(url="http://x/", password=b"geheim")) + repr(Listening(password=b"geheim"))

    async def test_the_stations_client_and_listener_understand_each_other(self) -> None:
        asked: list[Asked] = []

        async def handler(question: Asked) -> dict[str, Any]:
            asked.append(question)
            return example(Service.CENTRAL_16, question.action, answer=True)

        async with SoapListener(Service.CENTRAL_16, IDENTITY, handler, HERE) as central:
            for action in schema_of(Service.CENTRAL_16).actions:
                content = example(Service.CENTRAL_16, action, answer=False)
                assert await client(central.port).call(action, content) == example(Service.CENTRAL_16, action, answer=True)
                assert asked[-1].payload == content
                assert asked[-1].sender == "http://station.example:8080/"


NODE = Path(sys.prefix) / "peers" / "node_modules"


@pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "@voltbras").exists(), reason="node or @voltbras/ts-ocpp is not installed: make test-peers"
)
async def test_a_central_system_that_somebody_else_has_written() -> None:
    asked: list[Asked] = []

    async def handler(question: Asked) -> dict[str, Any]:
        asked.append(question)
        return example(Service.STATION_15, question.action, answer=True)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    environment = {"NODE_PATH": str(NODE), "PATH": str(Path(shutil.which("node") or "").parent)}
    process = await asyncio.create_subprocess_exec(
        "node",
        str(PEERS / "ts_ocpp_central.js"),
        str(port),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    async def line() -> Any:
        text = await asyncio.wait_for(process.stdout.readline(), 20.0)
        assert text, (await process.stderr.read()).decode()[-2000:]
        return text.strip() if text.strip() == b"ready" else json.loads(text)

    try:
        assert await line() == b"ready"
        station = client(port, url=f"http://127.0.0.1:{port}/", service=Service.CENTRAL_15)
        for action in schema_of(Service.CENTRAL_15).actions:
            content = example(Service.CENTRAL_15, action, answer=False)
            answer = await station.call(action, content)
            heard_there = await line()
            assert (heard_there["asked"], heard_there["by"]["$value"]) == (action, IDENTITY)  # beside its attributes
            if action == "StartTransaction":
                assert answer == {"transactionId": 4711, "idTagInfo": {"status": "Accepted"}}
            if action == "BootNotification":
                assert answer["heartbeatInterval"] == 300
        async with SoapListener(Service.STATION_15, IDENTITY, handler, HERE) as listener:
            url = f"http://127.0.0.1:{listener.port}/"
            for action in (
                "Reset",
                "UnlockConnector",
                "RemoteStartTransaction",
                "ChangeConfiguration",
                "ClearCache",
                "GetLocalListVersion",
            ):
                content = example(Service.STATION_15, action, answer=False)
                process.stdin.write(json.dumps({"url": url, "identity": IDENTITY, "action": action, "payload": content}).encode() + b"\n")
                told = await line()
                assert told["ok"], told
                assert asked[-1].payload == content
    finally:
        process.kill()
        await process.communicate()
