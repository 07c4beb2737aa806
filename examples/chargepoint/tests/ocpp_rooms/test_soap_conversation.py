"""A conversation over SOAP as over a WebSocket: calls both ways, refusals, silence, and a backend that goes and comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from cc613_chargepoint.ocpp.certificates import client_context, server_context
from cc613_chargepoint.ocpp.rpc import Call, CallFailed, ErrorCode, Link, LinkClosed, NoAnswerInTime, Reply
from cc613_chargepoint.ocpp.rpc.connection import CannotConnect
from cc613_chargepoint.ocpp.rpc.wire_log import WireLog
from cc613_chargepoint.ocpp.soap import (
    Asked,
    Backend,
    FaultCode,
    Listening,
    SoapClient,
    SoapEndpoint,
    SoapFault,
    SoapListener,
    SoapUnreachable,
    SoapWire,
    Spoken,
    soap_connected,
)
from cc613_chargepoint.ocpp.soap.standing15 import Configuration15, Statuses15

IDENTITY = "CP 1"
OWN_KEY = {"key": "ChargePointId", "readonly": True, "value": IDENTITY}
HERE = Listening(host="127.0.0.1")
BOOT = {"chargePointVendor": "cc613hal", "chargePointModel": "CC613"}
Answer = Callable[[Asked], Awaitable[dict[str, Any]]]


class Central:
    """A central system that answers what it is told to."""

    def __init__(self, spoken: Spoken) -> None:
        self.spoken = spoken
        self.heard: list[Asked] = []
        self.answers: dict[str, dict[str, Any] | Exception] = {}
        self.silent = False
        self.asked = asyncio.Event()

    async def answer(self, asked: Asked) -> dict[str, Any]:
        self.heard.append(asked)
        self.asked.set()
        if self.silent:
            await asyncio.sleep(3600.0)
        found = self.answers.get(asked.action, {})
        if isinstance(found, Exception):
            raise found
        return found

    def ask(self) -> SoapClient:
        """Asks the station where it says that it listens."""
        return SoapClient(Backend(url=self.heard[-1].sender, service=self.spoken.station, timeout_s=5.0), IDENTITY, "http://central/")


@pytest.fixture(params=list(Spoken), ids=lambda spoken: spoken.name)
def spoken(request: pytest.FixtureRequest) -> Spoken:
    return request.param


@pytest.fixture
async def central(spoken: Spoken) -> AsyncIterator[tuple[Central, SoapEndpoint]]:
    made = Central(spoken)
    async with SoapListener(spoken.central, IDENTITY, made.answer, HERE) as listener:
        where = SoapEndpoint(url=f"http://127.0.0.1:{listener.port}/cs", identity=IDENTITY, spoken=spoken, listening=HERE, timeout_s=5.0)
        yield made, where


@contextlib.asynccontextmanager
async def conversing(where: SoapEndpoint, handler: Any = None, log: WireLog | None = None) -> AsyncIterator[tuple[Link, SoapWire]]:
    async def nothing(call: Call) -> Reply:
        raise CallFailed(ErrorCode.NOT_SUPPORTED, f"{call.action} is not done here")

    async with soap_connected(where, log) as wire:
        link = Link(wire, handler or nothing, timeout_s=lambda: where.timeout_s)
        running = asyncio.ensure_future(link.run())
        try:
            yield link, wire
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


class TestCalls:
    async def test_they_are_answered_in_the_words_of_1_6(self, central: tuple[Central, SoapEndpoint], spoken: Spoken) -> None:
        there, where = central
        interval = "heartbeatInterval" if spoken is Spoken.V15 else "interval"
        there.answers["BootNotification"] = {"status": "Accepted", "currentTime": "2026-06-01T12:00:00Z", interval: 300}
        async with conversing(where) as (link, wire):
            assert wire.subprotocol == "ocpp1.6"
            answer = await link.call("BootNotification", BOOT)
            await link.call("StatusNotification", {"connectorId": 1, "status": "Preparing", "errorCode": "NoError"})
        assert answer == {"status": "Accepted", "currentTime": "2026-06-01T12:00:00Z", "interval": 300}
        assert there.heard[1].payload["status"] == ("Occupied" if spoken is Spoken.V15 else "Preparing")

    async def test_what_the_version_does_not_know_is_not_supported_and_what_nobody_waits_for_counts_as_said(
        self, central: tuple[Central, SoapEndpoint], spoken: Spoken
    ) -> None:
        there, where = central
        async with conversing(where) as (link, _):
            with pytest.raises(CallFailed, match="NotSupported"):
                await link.call("SecurityEventNotification", {"type": "x", "timestamp": "2026-01-01T00:00:00Z"})
            assert await link.call("FirmwareStatusNotification", {"status": "Downloading"}) == {}
        assert len(there.heard) == (0 if spoken is Spoken.V15 else 1)

    @pytest.mark.parametrize("code", list(FaultCode))
    async def test_a_fault_is_a_refusal(self, central: tuple[Central, SoapEndpoint], code: FaultCode) -> None:
        there, where = central
        there.answers["Heartbeat"] = SoapFault(code, "not now")
        async with conversing(where) as (link, _):
            with pytest.raises(CallFailed, match="not now"):
                await link.call("Heartbeat", {})

    async def test_a_content_that_is_not_allowed_is_refused_without_being_sent(self, central: tuple[Central, SoapEndpoint]) -> None:
        there, where = central
        async with conversing(where) as (link, _):
            with pytest.raises(CallFailed, match="FormationViolation"):
                await link.call("Authorize", {"idTag": "x" * 200, "more": 1})
        assert there.heard == []

    async def test_silence_is_silence_and_others_go_on(self, central: tuple[Central, SoapEndpoint]) -> None:
        there, where = central
        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        async with conversing(evolve(where, timeout_s=0.3)) as (link, _):
            there.silent = True
            with pytest.raises(NoAnswerInTime):
                await link.call("Heartbeat", {})
            there.silent = False
            assert await link.call("Heartbeat", {}, timeout_s=5.0)

    async def test_the_unit_is_spelt_as_soap_spells_it(self, central: tuple[Central, SoapEndpoint]) -> None:
        there, where = central
        values = [{"timestamp": "2026-06-01T12:00:00Z", "sampledValue": [{"value": "21", "measurand": "Temperature", "unit": "Celcius"}]}]
        async with conversing(where) as (link, _):
            await link.call("MeterValues", {"connectorId": 1, "meterValue": values})
        assert "Celsius" in json.dumps(there.heard[0].payload)


class TestBeingAsked:
    async def test_it_comes_as_a_call_and_the_answer_goes_back(self, central: tuple[Central, SoapEndpoint], spoken: Spoken) -> None:
        there, where = central
        calls: list[Call] = []

        async def handler(call: Call) -> Reply:
            calls.append(call)
            return Reply({"status": "Unlocked"} if call.action == "UnlockConnector" else {"status": "RebootRequired"})

        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        async with conversing(where, handler) as (link, _):
            await link.call("Heartbeat", {})
            asking = there.ask()
            older = spoken is Spoken.V15
            assert await asking.call("UnlockConnector", {"connectorId": 1}) == {"status": "Accepted" if older else "Unlocked"}
            answer = await asking.call("ChangeConfiguration", {"key": "HeartBeatInterval", "value": "60"})
            assert answer == {"status": "Accepted" if older else "RebootRequired"}
        assert calls[1].payload == {"key": "HeartbeatInterval" if older else "HeartBeatInterval", "value": "60"}

    @pytest.mark.parametrize(
        ("refusal", "code"),
        [
            (ErrorCode.NOT_SUPPORTED, FaultCode.NOT_SUPPORTED),
            (ErrorCode.SECURITY_ERROR, FaultCode.SECURITY_ERROR),
            (ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, FaultCode.PROTOCOL_ERROR),
            (ErrorCode.INTERNAL_ERROR, FaultCode.INTERNAL_ERROR),
            (ErrorCode.GENERIC_ERROR, FaultCode.INTERNAL_ERROR),
        ],
    )
    async def test_a_refusal_is_a_fault(self, central: tuple[Central, SoapEndpoint], refusal: ErrorCode, code: FaultCode) -> None:
        there, where = central

        async def handler(_: Call) -> Reply:
            raise CallFailed(refusal, "for a reason")

        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        async with conversing(where, handler) as (link, _):
            await link.call("Heartbeat", {})
            with pytest.raises(SoapFault, match="for a reason") as told:
                await there.ask().call("ClearCache", {})
        assert told.value.code is code

    async def test_a_handler_that_never_answers_is_a_fault(self, central: tuple[Central, SoapEndpoint]) -> None:
        there, where = central

        async def handler(_: Call) -> Reply:
            await asyncio.sleep(3600.0)
            return Reply()

        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        async with conversing(evolve(where, timeout_s=0.5), handler) as (link, _):
            await link.call("Heartbeat", {})
            with pytest.raises(SoapFault, match="not answered in time"):
                await there.ask().call("ClearCache", {})


class TestComingAndGoing:
    async def test_a_backend_that_has_gone_ends_the_conversation(self, spoken: Spoken) -> None:
        there = Central(spoken)
        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        async with contextlib.AsyncExitStack() as stack:
            listener = await stack.enter_async_context(SoapListener(spoken.central, IDENTITY, there.answer, HERE))
            where = SoapEndpoint(url=f"http://127.0.0.1:{listener.port}/", identity=IDENTITY, spoken=spoken, listening=HERE)
            async with conversing(where) as (link, _):
                await link.call("Heartbeat", {})
                await listener.aclose()
                with pytest.raises(LinkClosed, match="cannot be reached"):
                    await link.call("Heartbeat", {})
                with pytest.raises(LinkClosed):
                    await link.call("Heartbeat", {})
        with pytest.raises(CannotConnect):
            async with soap_connected(where):
                pass

    async def test_a_backend_that_takes_no_connection_is_away_and_not_silent(self, spoken: Spoken) -> None:
        """As behind a modem that has lost its network: packets go nowhere. What waits is not a failed attempt."""
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(0)
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
            backend = Backend(url=url, service=spoken.central, timeout_s=1.0)
            fillers = [socket.socket() for _ in range(4)]  # until its queue is full
            try:
                for each in fillers:
                    each.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        each.connect(deaf.getsockname())
                with pytest.raises(SoapUnreachable, match="does not take the connection"):
                    await SoapClient(backend, IDENTITY, "http://station/").call("Heartbeat", {})
            finally:
                for each in fillers:
                    each.close()

    async def test_something_else_at_the_address_is_no_backend(self, spoken: Spoken) -> None:
        async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

        server = await asyncio.start_server(web, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            async with conversing(SoapEndpoint(url=url, identity=IDENTITY, spoken=spoken, listening=HERE)) as (link, _):
                with pytest.raises(LinkClosed, match="answered 404"):
                    await link.call("Heartbeat", {})

    async def test_closing_ends_what_is_asked(self, central: tuple[Central, SoapEndpoint]) -> None:
        there, where = central
        there.silent = True
        async with conversing(where) as (link, wire):
            asking = asyncio.ensure_future(link.call("Heartbeat", {}))
            await there.asked.wait()
            await wire.aclose("new settings")
            with pytest.raises(LinkClosed, match="new settings"):
                await asking

    @pytest.mark.parametrize("url", ["ws://x/", "http://", ""])
    async def test_an_address_that_is_none(self, url: str) -> None:
        with pytest.raises(CannotConnect, match="no address"):
            async with soap_connected(SoapEndpoint(url=url, identity=IDENTITY)):
                pass

    async def test_a_port_that_is_taken(self, central: tuple[Central, SoapEndpoint]) -> None:
        _, where = central
        async with SoapListener(where.spoken.station, IDENTITY, Central(where.spoken).answer, HERE) as taken:
            with pytest.raises(CannotConnect, match="listener cannot be opened"):
                async with soap_connected(evolve(where, listening=evolve(HERE, port=taken.port))):
                    pass

    async def test_over_tls_both_ways_with_a_password(self, spoken: Spoken, authority: Any, tmp_path: Path) -> None:
        there = Central(spoken)
        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        pem = authority.issue().save(tmp_path / "s.pem")
        tls = server_context(pem, pem)
        secured = evolve(HERE, tls=tls, user=IDENTITY, password=b"\x01\x02\xff")
        async with SoapListener(spoken.central, IDENTITY, there.answer, secured) as listener:
            trusting = client_context([authority.certificate])
            where = SoapEndpoint(
                url=f"https://127.0.0.1:{listener.port}/",
                identity=IDENTITY,
                spoken=spoken,
                password=b"\x01\x02\xff",
                tls=trusting,
                listening=evolve(HERE, tls=tls),
            )
            async with conversing(where) as (link, _):
                await link.call("Heartbeat", {})
                assert there.heard[0].sender.startswith("https://127.0.0.1:")
                back = Backend(url=there.heard[0].sender, service=spoken.station, tls=trusting)
                with pytest.raises(SoapFault, match="not done here"):
                    await SoapClient(back, IDENTITY, "x").call("ClearCache", {})
        assert "\\x01" not in repr(where)

    async def test_envelopes_are_shown_to_the_log_both_ways_without_secrets(
        self, central: tuple[Central, SoapEndpoint], spoken: Spoken, tmp_path: Path
    ) -> None:
        """As they went over the wire, in 1.5 too, whose words the frames do not have."""
        there, where = central

        async def handler(call: Call) -> Reply:
            return Reply({"status": "Accepted"})

        log = WireLog(tmp_path / "ocpp.log")
        async with conversing(where, handler, log) as (link, _):
            await link.call("StatusNotification", {"connectorId": 1, "status": "Preparing", "errorCode": "NoError"})
            await there.ask().call("ChangeConfiguration", {"key": "AuthorizationKey", "value": "hush-hush-hush-hush"})
        entries = [json.loads(line) for line in log.path.read_text().splitlines()]
        envelopes = [(each["way"], each["envelope"]) for each in entries if "envelope" in each]
        assert [way for way, _ in envelopes] == ["sent", "received", "received", "sent"]
        assert ("Occupied" if spoken is Spoken.V15 else "Preparing") in envelopes[0][1]
        assert "AuthorizationKey" in envelopes[2][1]
        assert "hush" not in log.path.read_text()
        assert [each["frame"][2] for each in entries if each.get("frame", [0])[0] == 2] == ["StatusNotification", "ChangeConfiguration"]

    async def test_everything_is_shown_to_the_log(self, central: tuple[Central, SoapEndpoint], tmp_path: Path) -> None:
        there, where = central
        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        log = WireLog(tmp_path / "ocpp.log")
        async with conversing(where, log=log) as (link, _):
            await link.call("Heartbeat", {})
        text = (tmp_path / "ocpp.log").read_text()
        assert where.spoken.value in text
        assert "Heartbeat" in text
        assert "currentTime" in text


class TestOwnAddress:
    async def test_the_conversation_ends_when_the_station_has_another_address_than_it_told(
        self, central: tuple[Central, SoapEndpoint]
    ) -> None:
        there, where = central
        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        wire = SoapWire(evolve(where, callback="http://127.0.0.9:9016/"), own_address="127.0.0.9")  # as it was when it connected
        await wire.send('[2,"1","Heartbeat",{}]')
        assert json.loads(await wire.receive())[0] == 3  # what was asked is answered nevertheless
        with pytest.raises(LinkClosed, match=r"own address has become 127\.0\.0\.1"):
            await wire.receive()
        await wire.aclose()

    @pytest.mark.parametrize("callback", ["", "http://station.example:8080/"])
    async def test_it_goes_on_where_the_address_stays_or_is_a_setting(self, central: tuple[Central, SoapEndpoint], callback: str) -> None:
        there, where = central
        there.answers["Heartbeat"] = {"currentTime": "2026-06-01T12:00:00Z"}
        async with conversing(evolve(where, callback=callback)) as (link, wire):
            for _ in range(3):
                assert await link.call("Heartbeat", {})
            assert {each.sender for each in there.heard} == {wire.callback}
            assert wire.callback == callback or wire.callback.startswith("http://127.0.0.1:")


class TestOnlyIn15:
    """What a conversation in 1.5 remembers and answers by itself."""

    def test_a_status_is_new_until_it_was_told_and_after_a_boot(self) -> None:
        told = Statuses15()
        occupied = {"connectorId": 1, "status": "Occupied", "errorCode": "NoError", "timestamp": "2026-01-01T00:00:00Z"}
        assert told.is_new(occupied)
        assert told.is_new(occupied)  # it was not told yet
        told.note("StatusNotification", occupied)
        assert not told.is_new({**occupied, "timestamp": "2026-01-01T00:01:00Z"})
        for other in (
            {"connectorId": 2},
            {"status": "Available"},
            {"errorCode": "OtherError"},
            {"info": "tilted"},
            {"vendorErrorCode": "7"},
        ):
            assert told.is_new({**occupied, **other})
        told.note("Heartbeat", {})
        assert not told.is_new(occupied)
        told.note("BootNotification", {})
        assert told.is_new(occupied)

    @pytest.mark.parametrize(
        ("action", "content", "answer"),
        [
            ("ChangeConfiguration", {"key": "chargepointid", "value": "x"}, {"status": "Rejected"}),
            ("ChangeConfiguration", {"key": "ChargeProfileMaxStackLevel", "value": "1"}, {"status": "NotSupported"}),
            ("ChangeConfiguration", {"key": "ResetRetries", "value": "1"}, None),
            ("GetConfiguration", {}, None),
            ("GetConfiguration", {"key": []}, None),
            ("GetConfiguration", {"key": ["ResetRetries", "ChargePointId"]}, None),
            ("GetConfiguration", {"key": ["ChargePointId"]}, {"configurationKey": [OWN_KEY]}),
            ("GetConfiguration", {"key": ["SupportedFeatureProfiles"]}, {"unknownKey": ["SupportedFeatureProfiles"]}),
            ("ClearCache", {}, None),
        ],
    )
    def test_what_is_answered_without_the_station(self, action: str, content: dict[str, Any], answer: dict[str, Any] | None) -> None:
        assert Configuration15(IDENTITY).answered(action, content) == answer

    def test_the_rest_is_asked_and_completed(self) -> None:
        keys, asked = Configuration15(IDENTITY), {"key": ["ResetRetries", "ChargePointId", "ChargingScheduleMaxPeriods", "x"]}
        known = {"key": "ResetRetries", "readonly": False, "value": "1"}
        assert keys.asked(asked) == {"key": ["ResetRetries", "x"]}
        answer = keys.completed(asked, {"configurationKey": [known], "unknownKey": ["x"]})
        assert answer == {"configurationKey": [known, OWN_KEY], "unknownKey": ["x", "ChargingScheduleMaxPeriods"]}
        everything = keys.completed(
            {}, {"configurationKey": [known, {"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core"}]}
        )
        assert everything == {"configurationKey": [known, OWN_KEY]}
