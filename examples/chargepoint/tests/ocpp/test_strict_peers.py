"""The whole program, in real time, against central systems that others wrote: ocpp-rpc in strict mode, and PyPI `ocpp` in 2.0.1."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result
from ocpp.v201.enums import Action
from websockets.asyncio.server import ServerConnection, serve

from tests.ocpp.recording import Recording

PROGRAM = [sys.executable, "-m", "cc613_chargepoint"]
PEERS, NODE = Path(__file__).parent / "peers", Path(sys.prefix) / "peers" / "node_modules"
CARD = "04A2B3C4D5E680"


async def program(*words: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return await asyncio.create_subprocess_exec(
        *PROGRAM, *words, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def done(*words: str) -> str:
    process = await program(*words)
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


@asynccontextmanager
async def station(data: Path, url: str, *settings: str) -> AsyncIterator[None]:
    """The program on simulated wires, with people and vehicles on demand."""
    common = ("authorization.mode=backend", f"ocpp.url={url}", "ocpp.identity=CP 1", "ocpp.sample_s=1")
    await done("config", "set", "--data", str(data), *common, *settings)
    process = await program("run", "--sim", "--by-hand", "--data", str(data))
    try:
        yield
    finally:
        process.terminate()
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()


class Strict:
    """A central system in JavaScript."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(await self.process.stdout.readline())
        assert "broken" not in line, line
        self.lines.append(line)
        return line

    async def until(self, heard: str, **members: object) -> dict[str, Any]:
        async with asyncio.timeout(40.0):
            while True:
                line = await self.next()
                params = line.get("params", {})
                if line.get("heard") == heard and all(params.get(key) == value for key, value in members.items()):
                    return params

    async def ask(self, action: str, **payload: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"action": action, "payload": payload}).encode() + b"\n")
        async with asyncio.timeout(40.0):
            while True:
                line = await self.next()
                if line.get("asked") == action:
                    assert "failed" not in line, line
                    answer: dict[str, Any] = line["answer"]
                    return answer


@asynccontextmanager
async def strict(protocol: str) -> AsyncIterator[tuple[Strict, int]]:
    node = shutil.which("node")
    if node is None or not (NODE / "ocpp-rpc").exists():
        pytest.skip("node or ocpp-rpc is not installed: make test-peers")
    environment = {"NODE_PATH": str(NODE), "PATH": str(Path(node).parent)}
    process = await asyncio.create_subprocess_exec(
        node, str(PEERS / "strict_central.js"), protocol, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    central = Strict(process)
    try:
        yield central, (await central.next())["port"]
    finally:
        process.kill()
        await process.communicate()


async def test_a_strict_central_system_finds_nothing_wrong_in_1_6(tmp_path: Path) -> None:
    async with strict("ocpp1.6") as (central, port), station(tmp_path, f"ws://127.0.0.1:{port}/ocpp"):
        await central.until("BootNotification")
        await central.until("StatusNotification", connectorId=1, status="Available")
        assert central.lines[1] == {"met": "CP 1", "protocol": "ocpp1.6"}
        await done("sim", "plug", "--data", str(tmp_path))
        await central.until("StatusNotification", status="Preparing")
        assert await central.ask("RemoteStartTransaction", idTag=CARD, connectorId=1) == {"status": "Accepted"}
        await central.until("StartTransaction", idTag=CARD)
        await central.until("MeterValues", transactionId=4711)
        assert (await central.ask("GetConfiguration"))["configurationKey"]
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.5}]}
        profile = {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": schedule,
        }
        assert await central.ask("SetChargingProfile", connectorId=1, csChargingProfiles=profile) == {"status": "Accepted"}
        composite = await central.ask("GetCompositeSchedule", connectorId=1, duration=60)
        assert composite["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 8.5
        assert await central.ask("RemoteStopTransaction", transactionId=4711) == {"status": "Accepted"}
        await central.until("StopTransaction", reason="Remote")


async def test_a_strict_central_system_finds_nothing_wrong_in_2_0_1(tmp_path: Path) -> None:
    async with strict("ocpp2.0.1") as (central, port), station(tmp_path, f"ws://127.0.0.1:{port}/ocpp", "ocpp.versions=2.0.1"):
        await central.until("BootNotification", reason="PowerUp")
        await central.until("StatusNotification", connectorStatus="Available")
        await done("sim", "plug", "--data", str(tmp_path))
        await central.until("StatusNotification", connectorStatus="Occupied")
        token = {"idToken": CARD, "type": "Central"}
        answer = await central.ask("RequestStartTransaction", idToken=token, remoteStartId=1, evseId=1)
        assert answer["status"] == "Accepted"
        began = await central.until("TransactionEvent", eventType="Started")
        await central.until("TransactionEvent", eventType="Updated", triggerReason="MeterValuePeriodic")
        assert await central.ask("GetBaseReport", requestId=3, reportBase="FullInventory") == {"status": "Accepted"}
        await central.until("NotifyReport", requestId=3, tbc=False)
        name = began["transactionInfo"]["transactionId"]
        assert (await central.ask("RequestStopTransaction", transactionId=name))["status"] == "Accepted"
        await central.until("TransactionEvent", eventType="Ended", triggerReason="RemoteStop")


class Csms(Recording, ChargePoint):
    """What the package calls a charge point is its end of the conversation."""

    @on(Action.boot_notification)
    def boot(self, **said: Any) -> call_result.BootNotification:
        self.note("boot", said)
        return call_result.BootNotification(current_time=datetime.now(UTC).isoformat(), interval=60, status="Accepted")

    @on(Action.status_notification)
    def status(self, **said: Any) -> call_result.StatusNotification:
        self.note("status", said)
        return call_result.StatusNotification()

    @on(Action.heartbeat)
    def heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=datetime.now(UTC).isoformat())

    @on(Action.authorize)
    def authorize(self, **said: Any) -> call_result.Authorize:
        self.note("authorize", said)
        return call_result.Authorize(id_token_info={"status": "Accepted"})

    @on(Action.transaction_event)
    def event(self, **said: Any) -> call_result.TransactionEvent:
        self.note("event", said)
        return call_result.TransactionEvent(id_token_info={"status": "Accepted"} if "id_token" in said else None)

    @on(Action.notify_report)
    def report(self, **said: Any) -> call_result.NotifyReport:
        self.note("report", said)
        return call_result.NotifyReport()


async def test_a_charge_in_2_0_1_against_a_management_system_in_python(tmp_path: Path) -> None:
    met: asyncio.Queue[Csms] = asyncio.Queue()

    async def meet(connection: ServerConnection) -> None:
        system = Csms("CP 1", connection)
        met.put_nowait(system)
        await system.start()

    async with serve(meet, "127.0.0.1", 0, subprotocols=["ocpp2.0.1", "ocpp1.6"]) as server:
        port = server.sockets[0].getsockname()[1]
        async with station(tmp_path, f"ws://127.0.0.1:{port}/csms", "ocpp.versions=2.0.1,1.6"):
            async with asyncio.timeout(30.0):
                system = await met.get()
            boot = await system.until("boot")
            assert boot["charging_station"]["model"] == "bender.cc613"
            assert "ocpp2.0.1, registered" in await done("status", "--data", str(tmp_path))
            await done("sim", "plug", "--data", str(tmp_path))
            await system.until("status", connector_status="Occupied")
            await done("sim", "tap", "--data", str(tmp_path))
            began = await system.until("event", event_type="Started")
            assert began["seq_no"] == 0
            variable = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
            found = await system.call(call.GetVariables(get_variable_data=[variable]))
            assert found.get_variable_result[0]["attribute_value"] == "Occupied"
            stopped = await system.call(call.RequestStopTransaction(transaction_id=began["transaction_info"]["transaction_id"]))
            assert stopped.status == "Accepted"
            ended = await system.until("event", event_type="Ended")
            assert ended["transaction_info"]["stopped_reason"] == "Remote"
            numbers = [said["seq_no"] for name, said in system.heard if name == "event"]
            assert numbers == list(range(len(numbers)))
