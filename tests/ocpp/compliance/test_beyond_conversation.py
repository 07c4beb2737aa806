"""What pedantic and careless central systems do to the conversation: odd wishes, odd answers, connections that do not last."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
from collections.abc import Callable
from typing import Any

from tests.ocpp.bench import CARD, Bench, case
from tests.ocpp.central import now

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}


async def raw(it: Bench, *frames: Any) -> dict[str, list[Any]]:
    """Put frames on the wire as they are; id → the whole answer."""
    answers = it.central.strays = []
    for frame in frames:
        await it.central.say(frame if isinstance(frame, str | bytes) else json.dumps(frame))
    await it.sleep(2.0)
    it.central.strays = None
    return {frame[1]: frame for frame in answers}


@case(boards=("socket",))
async def test_x16_30(it: Bench) -> None:
    """A message that nobody knows cannot be triggered: that has an answer of its own. Any other member's mistake is a mistake."""
    found = await raw(
        it,
        [2, "a", "TriggerMessage", {"requestedMessage": "LogStatusNotification"}],
        [2, "b", "ExtendedTriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"}],
        [2, "c", "TriggerMessage", {"requestedMessage": 5}],
        [2, "d", "TriggerMessage", {}],
        [2, "e", "TriggerMessage", {"requestedMessage": "Heartbeat", "connectorId": "one"}],
    )
    assert found["a"] == [3, "a", {"status": "NotImplemented"}]
    assert found["b"] == [3, "b", {"status": "NotImplemented"}]
    assert [found[each][2] for each in "cde"] == ["TypeConstraintViolation", "OccurenceConstraintViolation", "TypeConstraintViolation"]
    await it.central.silence("Heartbeat", for_s=5.0)


@case(boot=False, boards=("socket",))
async def test_x16_31(it: Bench) -> None:
    """Between power-up and the boot's answer nothing but the boot is said, also when it is triggered; a Rejected ends every answer."""

    async def slowly(_: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(10.0)
        return {"status": "Rejected", "currentTime": now(), "interval": 120}

    it.central.answers["BootNotification"] = slowly
    await it.power_up()
    await it.central.expect("BootNotification")
    for message in ("StatusNotification", "Heartbeat", "MeterValues"):
        assert await it.central.ask("TriggerMessage", requestedMessage=message) == REJECTED
    assert await it.central.ask("RemoteStartTransaction", idTag=CARD, connectorId=1) == REJECTED
    assert (await it.central.ask("GetConfiguration", key=["HeartbeatInterval"]))["configurationKey"]
    await it.sleep(15.0)
    assert await raw(it, [2, "x", "GetConfiguration", {}]) == {}
    await it.central.silence(for_s=90.0)
    del it.central.answers["BootNotification"]
    await it.central.expect("BootNotification")
    await it.central.status("Available", 1)


@case(boot=False, boards=("socket",))
async def test_a_boot_that_is_triggered_while_it_is_on_its_way_is_said_once(it: Bench) -> None:
    async def slowly(_: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(5.0)
        return {"status": "Pending", "currentTime": now(), "interval": 60}

    it.central.answers["BootNotification"] = slowly
    await it.power_up()
    first = await it.central.expect("BootNotification")
    assert await it.central.ask("TriggerMessage", requestedMessage="BootNotification") == ACCEPTED
    second = await it.central.expect("BootNotification", 120.0)
    assert 60.0 <= second.at_s - first.at_s < 70.0


@case(boards=("socket",))
async def test_x16_32(it: Bench) -> None:
    """What an answer says too much is passed over, at any depth: refusing it would cost a customer, or a transaction its name."""
    info = {"status": "Accepted", "parentIdTag": None, "vendorColour": "blue", "expiryDate": "2099-01-01T00:00:00.123456789+02:00"}
    it.central.answers["Authorize"] = lambda _: {"idTagInfo": info, "customData": {"a": 1}}
    it.central.answers["StartTransaction"] = lambda _: {"idTagInfo": info, "transactionId": 77, "more": []}
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction")
    await it.card()
    await it.central.expect("StopTransaction", transactionId=77)


@case(boards=("socket",), ocpp__message_timeout_s=60, ocpp__attempts=2, ocpp__retry_s=5)
async def test_x16_33(it: Bench) -> None:
    """An answer that is no object is an answer: nobody waits for a better one until the time is over."""
    refusals = itertools.chain([[], "hello"], itertools.repeat({"idTagInfo": {"status": "Accepted"}, "transactionId": 9}))
    it.central.answers["StartTransaction"] = lambda _: next(refusals)
    it.plug()
    await it.remote_start()
    first = await it.central.expect("StartTransaction")
    second = await it.central.expect("StartTransaction")
    assert 5.0 <= second.at_s - first.at_s < 7.0
    await it.central.status("Charging")
    await it.card()
    await it.central.expect("StopTransaction", transactionId=-1)


@case(boards=("socket",))
async def test_x16_34(it: Bench) -> None:
    """A server that takes every connection and drops it at once is asked less and less often; after a real one the first pause is short."""
    connected: list[float] = []
    loop = asyncio.get_running_loop()

    async def drop() -> None:
        while True:
            await it.central.connected(600.0)
            connected.append(loop.time())
            await it.central.hang_up()

    dropping = asyncio.create_task(drop())
    await it.sleep(300.0)
    dropping.cancel()
    await asyncio.gather(dropping, return_exceptions=True)
    assert len(connected) < 25, connected
    pauses = [later - earlier for earlier, later in itertools.pairwise(connected)]
    assert pauses[-1] > 10.0
    await it.central.connected(600.0)
    assert await it.central.ask("GetLocalListVersion") == {"listVersion": 0}
    await it.central.hang_up()
    before_s = loop.time()
    await it.central.connected(600.0)
    assert loop.time() - before_s <= 2.5 or pauses[-1] > 2.5
    await it.sleep(40.0)
    await it.central.hang_up()
    before_s = loop.time()
    await it.central.connected(600.0)
    assert loop.time() - before_s <= 2.5


@case(boards=("socket",), ocpp__sample_s=3600, ocpp__aligned_s=86_400, ocpp__ping_s=3600)
async def test_x16_35(it: Bench) -> None:
    """Accepted means active now: intervals that run follow a change within seconds, and samples stay evenly spaced."""
    await it.charging()
    await it.sleep(60.0)
    await it.configure(MeterValueSampleInterval=10, HeartbeatInterval=20)
    samples = [await it.central.expect("MeterValues", 15.0) for _ in range(4)]
    pauses = [later.at_s - earlier.at_s for earlier, later in itertools.pairwise(samples)]
    assert all(9.5 < each < 10.5 for each in pauses), pauses
    await it.configure(MeterValueSampleInterval=0, ClockAlignedDataInterval=30)
    await it.sleep(6.0)
    it.central.forget()
    aligned = [await it.central.expect("MeterValues", 45.0) for _ in range(2)]
    assert {each.payload["meterValue"][0]["timestamp"][17:19] for each in aligned} <= {"00", "30"}
    await it.configure(ClockAlignedDataInterval=0)
    it.central.forget()
    await it.central.expect("Heartbeat", 30.0)
    assert it.central.connection is not None
    it.central.connection.transport.pause_reading()
    it.central.connection = None
    await it.central.silence("Heartbeat", for_s=1.0)


@case(boards=("socket",))
async def test_x16_36(it: Bench) -> None:
    """Values of the wrong form are Rejected, with nothing changed; spaces around and the case of truth values do not matter."""
    refused = {
        "MeterValueSampleInterval": ("-1", "1_000", "1e3", "5.0", "", "ten", "٣", "0x10", "86401"),
        "ConnectionTimeOut": ("60.5", "0", "-1", "inf", "nan", "1e2"),
        "HeartbeatInterval": ("0", "-5", "true"),
        "WebSocketPingInterval": ("-1", "1.5"),
        "LocalPreAuthorize": ("1", "yes", "on", "", "maybe"),
        "MeterValuesSampledData": ("SoC", "Energy.Active.Import.Register,Nonsense", "energy", "Voltage.L4"),
        "ConnectorPhaseRotation": ("RST", "1.XYZ", "1-RST"),
        "TransactionMessageAttempts": ("0", "-1"),
        "NumberOfConnectors": ("1",),
        "SupportedFeatureProfiles": ("Core",),
    }
    for key, values in refused.items():
        before = await it.key(key)
        for value in values:
            assert await it.central.ask("ChangeConfiguration", key=key, value=value) == REJECTED, (key, value)
        assert await it.key(key) == before
    taken = {
        "MeterValueSampleInterval": (" 86400 ", "86400"),
        "LocalPreAuthorize": ("TRUE", "true"),
        "MeterValuesSampledData": (" Voltage.L1 , Current.Import,", "Voltage.L1,Current.Import"),
        "ConnectorPhaseRotation": ("0.RST, 1.RTS", "0.RST,1.RTS"),
        "StopTxnSampledData": ("", ""),
        "connectiontimeout": ("90", "90"),
    }
    for key, (value, shown) in taken.items():
        assert await it.central.ask("ChangeConfiguration", key=key, value=value) == ACCEPTED, key
        assert await it.key(key) == shown
    assert await it.central.ask("ChangeConfiguration", key="NoSuchKey", value="1") == {"status": "NotSupported"}


@case(boards=("socket",))
async def test_numbers_that_no_database_holds_are_refused_in_the_words_of_the_profile(it: Bench) -> None:
    profile = {
        "chargingProfileId": 10**30, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}]},
    }  # fmt: skip
    assert await it.central.ask("SetChargingProfile", connectorId=0, csChargingProfiles=profile) == REJECTED
    assert await it.central.ask("ClearChargingProfile", id=10**30) == {"status": "Unknown"}
    assert await it.central.ask("CancelReservation", reservationId=10**30) == REJECTED
    assert await it.central.ask("RemoteStopTransaction", transactionId=10**30) == REJECTED
    assert await it.central.ask("GetCompositeSchedule", connectorId=10**30, duration=60) == REJECTED


@case()
async def test_x16_37(it: Bench) -> None:
    """After a restart with a vehicle plugged in its connector is never called Available, not even for a moment."""
    await it.charging()
    for kind in ("Soft", "Hard"):
        assert await it.central.ask("Reset", type=kind) == ACCEPTED
        await it.central.expect("BootNotification", 200.0)
        await it.central.expect("StatusNotification", connectorId=1, status=lambda said: said in {"Preparing", "Finishing"})
        await it.central.silence("StatusNotification", connectorId=1, status="Available", for_s=20.0)
    it.vehicles[1].unplug(force=True)
    await it.central.status("Available")


def upgraded(request: bytes, *, protocol: str = "ocpp1.6", key: str | None = None) -> bytes:
    """The answer that makes a WebSocket of a connection."""
    asked = next(line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = key or base64.b64encode(hashlib.sha1(asked + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
    return "\r\n".join([*lines, f"Sec-WebSocket-Protocol: {protocol}", "", ""]).encode()


SERVERS: dict[str, Callable[[bytes], bytes | None]] = {
    "closes before a word": lambda _: b"",
    "says rubbish": lambda _: b"\x00\xff\xfe SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "is a web server": lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "points to itself": lambda _: b"HTTP/1.1 301 Moved\r\nLocation: /ocpp/CP%201\r\nContent-Length: 0\r\n\r\n",
    "sends half an answer and waits": lambda _: b"HTTP/1.1 101 Switching",
    "has a header without end": lambda _: b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 200_000,
    "cannot add up": lambda request: upgraded(request, key="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "speaks what was not offered": lambda request: upgraded(request, protocol="ocpp9"),
    "sends a frame that nobody has defined": lambda request: upgraded(request) + b"\xff\x00",
    "sends text that is none": lambda request: upgraded(request) + b"\x81\x02\xff\xfe",
    "masks its frames": lambda request: upgraded(request) + b"\x81\x82\x00\x00\x00\x00{}",
    "promises a frame of an exabyte": lambda request: upgraded(request) + b"\x81\x7f\x0f\xff\xff\xff\xff\xff\xff\xff",
    "closes with a code that nobody may use": lambda request: upgraded(request) + b"\x88\x02\x03\xe7",
    "closes with a long reason": lambda request: upgraded(request) + b"\x88\x7d\x03\xe8" + b"r" * 123,
    "pings and pongs and nothing else": lambda request: upgraded(request) + b"\x89\x00\x8a\x03abc",
}


@case(boards=("socket",))
async def test_x16_38(it: Bench) -> None:
    """Whatever listens at the address and is no central system: the station comes again, and is there when the right one is."""
    await it.central.hang_up(and_stay_away=True)
    left = list(SERVERS)
    holding: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        answer = SERVERS[left.pop(0)](request) if left else b""
        writer.write(answer or b"")
        await writer.drain()
        holding.append(writer)
        await asyncio.sleep(20.0)
        writer.close()

    assert it.central._server is not None
    it.central._server.close()
    await it.central._server.wait_closed()
    it.central.path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(serve, str(it.central.path))
    async with asyncio.timeout(1800.0):
        while left:
            await it.sleep(5.0)
    await it.sleep(60.0)
    server.close()
    it.central._server, it.central.listens = None, True
    await it.central.serve(None)
    await it.central.connected()
    await it.charging()


@case(boards=("socket",), boot=False)
async def test_a_defect_behind_the_boot_costs_a_connection_and_not_the_backend(it: Bench) -> None:
    """Whatever breaks between the boot's answer and the first heartbeat: the station does not sit there connected and mute."""
    await it.power_up()
    await it.central.status("Available", 1)
    assert it.engine is not None
    worked, it.engine._connection_worked = it.engine._connection_worked, broken
    await it.central.hang_up()
    await it.central.connected()
    await it.central.disconnected()
    it.engine._connection_worked = worked
    await it.central.connected()
    await it.charging()


async def broken() -> None:
    raise RuntimeError("a defect")
