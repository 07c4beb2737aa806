"""OCPP: mutilated frames thrown at the station for a while. ``FRAME_SECONDS`` changes how long.

The link must stay, nothing may go unhandled (an ``InternalError`` would be a defect), the next good question must be answered, and the
memory must stay flat.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import define, field
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from cc613_chargepoint.ocpp.messages import v16

Row = tuple[str, str, str, bool]
SECONDS = float(os.environ.get("FRAME_SECONDS", "20"))
GROWTH_KIB = 8192
_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1 << 70,
    1.5,
    "",
    "x" * 600,
    "\x00",
    "€",
    [],
    {},
    [[]],
    {"a": {}},
    "2026-01-01T00:00:00Z",
    "Accepted",
)
_GOOD: dict[str, dict[str, Any]] = {
    "GetConfiguration": {"key": ["HeartbeatInterval"]},
    "ChangeConfiguration": {"key": "MeterValueSampleInterval", "value": "60"},
    "RemoteStopTransaction": {"transactionId": 1},
    "SendLocalList": {
        "listVersion": 1, "updateType": "Full", "localAuthorizationList": [{"idTag": "A", "idTagInfo": {"status": "Accepted"}}],
    },
    "ClearChargingProfile": {"id": 1},
    "CancelReservation": {"reservationId": 1},
    "DataTransfer": {"vendorId": "x", "data": "y"},
    "GetLocalListVersion": {},
    "ClearCache": {},
    "UnlockConnector": {"connectorId": 9},
    "InstallCertificate": {"certificateType": "CentralSystemRootCertificate", "certificate": "x"},
    "SetChargingProfile": {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute",
            "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]},
        },
    },
}  # fmt: skip


def _mutilated(value: Any, dice: random.Random) -> Any:
    """Another value in some place."""
    if dice.random() < 0.25 or not isinstance(value, dict | list) or not value:
        return dice.choice(_ODD)
    if isinstance(value, list):
        place = dice.randrange(len(value))
        return [_mutilated(each, dice) if index == place else each for index, each in enumerate(value)]
    name = dice.choice(list(value))
    if dice.random() < 0.2:
        return {key: each for key, each in value.items() if key != name}
    if dice.random() < 0.2:
        return {**value, "surprise": dice.choice(_ODD)}
    return {**value, name: _mutilated(value[name], dice)}


def frame(number: int, dice: random.Random) -> str | bytes:
    """A frame that is not as it should be, most of the time."""
    action = dice.choice([*_GOOD, *v16.REQUESTS]) if dice.random() < 0.95 else "NoSuchAction"
    if action in {"Reset", "UpdateFirmware", "SignedUpdateFirmware", "GetDiagnostics", "GetLog", "RemoteStartTransaction", "ReserveNow"}:
        action = "GetConfiguration"  # the stub of a station cannot do these
    payload = _GOOD.get(action, {})
    if dice.random() < 0.7:
        payload = _mutilated(payload, dice)
    text = json.dumps([2, f"f{number}", action, payload])
    if dice.random() < 0.15:
        text = json.dumps(_mutilated(json.loads(text), dice))
    if dice.random() < 0.2:
        place = dice.randrange(len(text))
        text = text[:place] + dice.choice(['"', "{", "]", "\\", "\\ud800", "NaN", "", "\x07"]) + text[place + dice.randrange(3) :]
    return text.encode() if dice.random() < 0.02 else text


@define
class Seen:
    """What came of it."""

    thrown: int = 0
    internal: list[str] = field(factory=list)
    connections: int = 0
    answered: bool = False


def _resident_kib() -> int:
    return int(Path("/proc/self/status").read_text("ascii").split("VmRSS:")[1].split()[0])


async def throw(seconds: float, seen: Seen) -> int:
    """Throw for a while; by how much the memory grew, KiB."""
    from tests.crash.outbox import conversing, fill

    dice, done = random.Random(613), asyncio.Event()
    growth = 0

    async def listen(connection: ServerConnection) -> None:
        async for text in connection:
            said = json.loads(text)
            if said[0] == 2:
                boot = {"status": "Accepted", "currentTime": datetime.now(UTC).isoformat(), "interval": 3600}
                await connection.send(json.dumps([3, said[1], boot if said[2] == "BootNotification" else {}]))
            elif said[0] == 4 and said[2] == "InternalError":
                seen.internal.append(str(said))
            elif said[0] == 3 and said[1] == "last":
                seen.answered = "configurationKey" in said[2]
                done.set()

    async def meet(connection: ServerConnection) -> None:
        nonlocal growth
        seen.connections += 1
        listening = asyncio.create_task(listen(connection))
        before, until = 0, time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                for _ in range(20):
                    seen.thrown += 1
                    await connection.send(frame(seen.thrown, dice))
                await asyncio.sleep(0.01)
                if not before and time.monotonic() > until - seconds * 0.7:
                    before = _resident_kib()
            await asyncio.sleep(1.0)
            growth = _resident_kib() - before
            await connection.send('[2,"last","GetConfiguration",{}]')
            await asyncio.wait_for(done.wait(), 10.0)
        except (ConnectionClosed, TimeoutError):
            done.set()
        finally:
            listening.cancel()

    with tempfile.TemporaryDirectory() as place:
        database = Path(place) / "station.db"
        async with serve(meet, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
            await fill(database, server.sockets[0].getsockname()[1], 0)
            async with conversing(database):
                await asyncio.wait_for(done.wait(), seconds + 60.0)
    return growth


def measure() -> list[Row]:
    """The rows of the table."""
    logging.disable(logging.ERROR)
    seen = Seen()
    try:
        growth = asyncio.run(throw(SECONDS, seen))
    finally:
        logging.disable(logging.NOTSET)
    stayed = seen.connections == 1 and seen.answered
    what = f"OCPP: mutilated frames for {SECONDS:.0f} s"
    return [
        (what, f"{seen.thrown} thrown, link {'stayed' if stayed else 'lost'}, {len(seen.internal)} unhandled", "link stays, 0 unhandled",
         stayed and not seen.internal),
        (f"{what}: growth of the memory", f"{growth} KiB", f"≤ {GROWTH_KIB} KiB", growth <= GROWTH_KIB),
    ]  # fmt: skip
