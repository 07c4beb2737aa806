"""OCPP: validated MeterValues round trips against the `ocpp` package, and a thousand offline transactions while a card is asked about."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from cc613_chargepoint.ocpp.messages import decoded, encoded, v16
from cc613_chargepoint.ocpp.messages.v16_types import MeterValue, SampledValue
from cc613_chargepoint.ocpp.rpc import Call, Link, Reply
from cc613_chargepoint.ocpp.rpc.connection import Endpoint, connected
from cc613_chargepoint.ocpp.rpc.frames import CallResult, parsed
from cc613_chargepoint.ocpp.rpc.frames import encoded as frame_text

Row = tuple[str, str, str, bool]
ROUND_TRIPS = 1500
SAMPLES = tuple(
    SampledValue(
        value=f"{230 + number}.5", context="Sample.Periodic", format="Raw", measurand="Voltage", phase="L1", location="Outlet", unit="V"
    )
    for number in range(10)
)


def values() -> v16.MeterValues:
    """Ten values of one moment."""
    return v16.MeterValues(connector_id=1, transaction_id=4, meter_value=(MeterValue(timestamp=datetime.now(UTC), sampled_value=SAMPLES),))


async def ours(count: int) -> float:
    """Round trips per second of processor time with this project's code at both ends: the machine may be busy with other things."""

    async def central(connection: ServerConnection) -> None:
        async for text in connection:
            frame = parsed(text if isinstance(text, str) else "")
            assert isinstance(frame, Call)
            decoded(v16.MeterValues, frame.payload)
            await connection.send(frame_text(CallResult(frame.id, encoded(v16.MeterValuesResponse()))))

    async def nobody(_: Call) -> Reply:
        return Reply()

    async with serve(central, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with connected(Endpoint(url=f"ws://127.0.0.1:{port}", identity="B")) as wire:
            link = Link(wire, nobody)
            running = asyncio.create_task(link.run())
            started = time.process_time()
            for _ in range(count):
                decoded(v16.MeterValuesResponse, await link.call("MeterValues", encoded(values())))
            elapsed = time.process_time() - started
            running.cancel()
            return count / elapsed


class Central(ChargePoint):
    """The package's own end."""

    @on(Action.meter_values)
    def taken(self, **_: Any) -> call_result.MeterValues:
        return call_result.MeterValues()


async def theirs(count: int) -> float:
    """Round trips per second of processor time with the package at both ends."""

    async def meet(connection: ServerConnection) -> None:
        await Central("B", connection).start()

    async with serve(meet, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}/B", subprotocols=["ocpp1.6"], compression=None) as socket:  # type: ignore[list-item]
            station = ChargePoint("B", socket)
            running = asyncio.create_task(station.start())
            sampled = [
                {"value": each.value, "context": each.context, "format": each.format, "measurand": each.measurand, "phase": each.phase,
                 "location": each.location, "unit": each.unit}
                for each in SAMPLES
            ]  # fmt: skip
            started = time.process_time()
            for _ in range(count):
                said = [{"timestamp": datetime.now(UTC).isoformat(), "sampled_value": sampled}]
                await station.call(call.MeterValues(connector_id=1, transaction_id=4, meter_value=said))
            elapsed = time.process_time() - started
            running.cancel()
            return count / elapsed


async def draining() -> tuple[float, float]:
    """How long 2,000 messages take at 50 ms round trip, and how long a card waits meanwhile, s: in real time."""
    from tests.crash.outbox import fill, live_beside

    heard: dict[str, float] = {}

    async def central(connection: ServerConnection) -> None:
        async for text in connection:
            _, identifier, action, _ = json.loads(text)
            await asyncio.sleep(0.05)
            answer: dict[str, Any] = {}
            if action == "BootNotification":
                answer = {"status": "Accepted", "currentTime": datetime.now(UTC).isoformat(), "interval": 3600}
            elif action in {"StartTransaction", "Authorize"}:
                answer = {"idTagInfo": {"status": "Accepted"}} | ({"transactionId": 1} if action == "StartTransaction" else {})
            heard[action] = time.perf_counter()
            await connection.send(json.dumps([3, identifier, answer]))

    with tempfile.TemporaryDirectory() as place:
        database = Path(place) / "station.db"
        async with serve(central, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
            await fill(database, server.sockets[0].getsockname()[1], 1000, values=False)
            return await live_beside(database)


def memory_mb() -> float:
    """What loading the backend's room adds to the application, MB."""
    # not ru_maxrss: it counts what this process had when it forked
    look = "import pathlib, {}; print(pathlib.Path('/proc/self/status').read_text().split('VmRSS:')[1].split()[0])"

    def loaded(modules: str) -> float:
        found = subprocess.run([sys.executable, "-c", look.format(modules)], capture_output=True, text=True, check=True)
        return int(found.stdout) / 1024

    alone = min(loaded("cc613_chargepoint.command") for _ in range(3))
    return min(loaded("cc613_chargepoint.command, cc613_chargepoint.ocpp.service") for _ in range(3)) - alone


def measure() -> list[Row]:
    """The rows of the table."""
    logging.getLogger("websockets.server").setLevel(logging.CRITICAL)  # the package's end complains when a connection closes
    mine = max(asyncio.run(ours(ROUND_TRIPS)) for _ in range(3))
    other = max(asyncio.run(theirs(ROUND_TRIPS // 3)) for _ in range(3))
    drained_s, card_s = asyncio.run(draining())
    memory = memory_mb()
    trips = "OCPP: validated MeterValues round trips (10 values) per second of processor, both ends, against the `ocpp` package"
    return [
        (trips, f"{mine:.0f}, {mine / other:.1f} ×", "≥ 5 ×", mine >= 5 * other),
        ("OCPP: 1,000 offline transactions at 50 ms round trip (2,000 messages)", f"{drained_s:.0f} s", "≤ 200 s", drained_s <= 200.0),
        ("OCPP: a card asked about meanwhile", f"{card_s * 1000:.0f} ms", "< 1 s", card_s < 1.0),
        ("OCPP: memory of the backend's room", f"{memory:.1f} MB", "≤ 25 MB", memory <= 25.0),
    ]
