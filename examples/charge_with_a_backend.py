"""A charge with a backend: a central system of fifty lines on a real WebSocket, and the station as a program of its own beside it.

``--version 2.0.1`` has them speak OCPP 2.0.1. What is said is printed as it is said: one customer comes and charges, until the central
system has seen enough and stops the charge from afar.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

STATION = (sys.executable, "-m", "cc613_chargepoint")
NAME = 4711
"""Of the transaction, in 1.6; in 2.0.1 the station names it."""
ENOUGH = 2
"""Meter values, before the charge is stopped."""


class Central:
    """Takes whatever the station says, and knows everybody."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.messages = self.valued = 0

    def answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """What an action is answered with."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        match action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": now, "interval": 300}
            case "Heartbeat":
                return {"currentTime": now}
            case "Authorize" | "StartTransaction" if "idTag" in payload:
                name = {"transactionId": NAME} if action == "StartTransaction" else {}
                return {"idTagInfo": {"status": "Accepted"}, **name}
            case "Authorize" | "TransactionEvent" if "idToken" in payload:
                return {"idTokenInfo": {"status": "Accepted"}}
            case _:
                return {}

    @staticmethod
    def values(action: str, payload: dict[str, Any]) -> bool:
        """Whether a message brings values of the charge that goes on."""
        return action == "MeterValues" or (payload.get("eventType") == "Updated" and "meterValue" in payload)

    @staticmethod
    def stop(payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """What stops the transaction that a message is about."""
        if "transactionInfo" in payload:
            return "RequestStopTransaction", {"transactionId": payload["transactionInfo"]["transactionId"]}
        return "RemoteStopTransaction", {"transactionId": payload["transactionId"]}

    async def talk(self, connection: ServerConnection) -> None:
        """One connection of the station."""
        print(f"the station connects to {connection.request.path if connection.request else '?'} with {connection.subprotocol}")
        try:
            async for text in connection:
                kind, identifier, *rest = json.loads(text)
                if kind != 2:
                    continue
                action, payload = rest
                self.messages += 1
                print(f"  {action:<20} {json.dumps(payload)[:150]}")
                await connection.send(json.dumps([3, identifier, self.answer(action, payload)]))
                self.valued += self.values(action, payload)
                if self.valued == ENOUGH and self.values(action, payload):
                    await connection.send(json.dumps([2, "stop", *self.stop(payload)]))
                if action == "StopTransaction" or payload.get("eventType") == "Ended":
                    self.ended.set()
        except ConnectionClosed:
            pass

    async def until_ended(self, station: asyncio.subprocess.Process) -> None:
        """Wait until the transaction has ended, or the station, and end that one."""
        ends = [asyncio.ensure_future(each) for each in (self.ended.wait(), station.wait())]
        await asyncio.wait(ends, timeout=300.0, return_when=asyncio.FIRST_COMPLETED)
        if station.returncode is None:
            station.terminate()
        await asyncio.gather(ends[1])
        ends[0].cancel()


async def main(version: str) -> None:
    """Serve, start the station, and wait for the end of its first transaction."""
    central = Central()
    with tempfile.TemporaryDirectory() as data:
        async with serve(central.talk, "127.0.0.1", 0, subprotocols=[f"ocpp{version}"]) as server:  # type: ignore[list-item]
            port = server.sockets[0].getsockname()[1]
            backend = (f"ocpp.url=ws://127.0.0.1:{port}/ocpp", "ocpp.identity=CP 0001", f"ocpp.versions={version}", "ocpp.sample_s=2")
            configured = await asyncio.create_subprocess_exec(
                *STATION, "config", "set", "--data", data, *backend, "authorization.mode=backend", stdout=asyncio.subprocess.DEVNULL
            )
            if await configured.wait():
                raise SystemExit("the station does not take its settings")
            with (Path(data) / "narrated").open("w+") as narrated:
                station = await asyncio.create_subprocess_exec(*STATION, "run", "--sim", "--data", data, stdout=narrated, stderr=narrated)
                await central.until_ended(station)
                narrated.seek(0)
                if not central.ended.is_set():
                    raise SystemExit(f"the charge did not end as it should; the station says\n{narrated.read()}")
    print(f"{central.messages} messages; the backend has the whole charge")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", choices=("1.6", "2.0.1"), default="1.6", help="of OCPP (default: %(default)s)")
    asyncio.run(main(parser.parse_args().version))
