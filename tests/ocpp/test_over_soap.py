"""The whole station over SOAP, 1.5 and 1.6, on the simulated board and virtual time: one charge begun with a card, one from afar."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import evolve

from cc613_chargepoint.ocpp.engine import engine as engine_module
from cc613_chargepoint.ocpp.soap import Asked, Backend, Listening, SoapClient, SoapEndpoint, SoapListener, Spoken, soap_connected
from cc613hal.board import load_board
from cc613hal.clock import VirtualTimeLoop, run_virtual
from cc613hal.plant import Simulation
from tests.ocpp.bench import CARD, SETTINGS, Bench
from tests.ocpp.central import Central

IDENTITY = "CP 1"


class SoapCentral:
    """Accepts everything and remembers it."""

    def __init__(self, spoken: Spoken) -> None:
        self.spoken = spoken
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.station = ""
        self._news = asyncio.Event()

    async def answer(self, asked: Asked) -> dict[str, Any]:
        self.heard.append((asked.action, asked.payload))
        self.station = asked.sender
        self._news.set()
        loop = cast("VirtualTimeLoop", asyncio.get_running_loop())
        now = loop.wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        accepted = {"idTagInfo": {"status": "Accepted"}}
        interval = "heartbeatInterval" if self.spoken is Spoken.V15 else "interval"
        answers: dict[str, dict[str, Any]] = {
            "BootNotification": {"status": "Accepted", "currentTime": now, interval: 600},
            "Heartbeat": {"currentTime": now},
            "Authorize": accepted,
            "StartTransaction": {"transactionId": 7, **accepted},
            "StopTransaction": accepted,
        }
        return answers.get(asked.action, {})

    async def expect(self, action: str, within_s: float = 120.0, **content: Any) -> dict[str, Any]:
        """The first message of a kind that has not been taken; it is taken with it."""
        async with asyncio.timeout(within_s):
            while True:
                for number, (name, payload) in enumerate(self.heard):
                    if name == action and content.items() <= payload.items():
                        del self.heard[number]
                        return payload
                self._news.clear()
                await self._news.wait()

    async def ask(self, action: str, **content: Any) -> dict[str, Any]:
        back = Backend(url=self.station, service=self.spoken.station)
        return await SoapClient(back, IDENTITY, "http://central/").call(action, content)


async def a_day_at(spoken: Spoken, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = SoapCentral(spoken)
    here = Listening(host="127.0.0.1")
    async with SoapListener(spoken.central, IDENTITY, there.answer, here) as listener, Simulation(load_board("bender.cc613")) as simulation:
        where = SoapEndpoint(url=f"http://127.0.0.1:{listener.port}/cs", identity=IDENTITY, spoken=spoken, listening=here)
        monkeypatch.setattr(engine_module, "connected", lambda _, log: soap_connected(evolve(where), log))
        it = Bench(cast("Central", SimpleNamespace(path=place / "none")), simulation, place, {**SETTINGS, "ocpp.identity": IDENTITY})
        try:
            await it.power_up()
            await charge_by_card(it, there)
            await charge_from_afar(it, there)
        finally:
            if it._life is not None:
                it._life.cancel()
                await asyncio.gather(it._life, return_exceptions=True)


async def charge_by_card(it: Bench, there: SoapCentral) -> None:
    busy = "Occupied" if there.spoken is Spoken.V15 else "Charging"
    boot = await there.expect("BootNotification")
    assert boot["chargePointVendor"] == "cc613hal"
    await there.expect("StatusNotification", connectorId=0, status="Available")
    await there.expect("StatusNotification", connectorId=1, status="Available")
    it.plug()
    await it.sleep(5.0)
    await it.card()
    await there.expect("Authorize", idTag=CARD)
    start = await there.expect("StartTransaction", idTag=CARD, connectorId=1)
    await there.expect("StatusNotification", connectorId=1, status=busy)
    await it.sleep(600.0)
    await it.card()
    stop = await there.expect("StopTransaction", transactionId=7, idTag=CARD)
    assert stop["meterStop"] > start["meterStart"]
    assert stop.get("reason") == (None if there.spoken is Spoken.V15 else "Local")
    await it.unplug()
    await there.expect("StatusNotification", connectorId=1, status="Available")


async def charge_from_afar(it: Bench, there: SoapCentral) -> None:
    older = there.spoken is Spoken.V15
    assert await there.ask("RemoteStartTransaction", idTag="REMOTE", connectorId=1) == {"status": "Accepted"}
    it.plug()
    await there.expect("StartTransaction", idTag="REMOTE")
    assert await there.ask("RemoteStopTransaction", transactionId=7) == {"status": "Accepted"}
    stop = await there.expect("StopTransaction", transactionId=7)
    assert stop.get("reason") == (None if older else "Remote")
    configuration = await there.ask("GetConfiguration", key=["HeartBeatInterval"])
    assert configuration["configurationKey"][0]["value"] == "600"
    assert configuration["configurationKey"][0]["key"] == ("HeartBeatInterval" if older else "HeartbeatInterval")
    assert await there.ask("ChangeConfiguration", key="Nonsense", value="1") == {"status": "NotSupported"}
    await it.unplug()
    await there.expect("StatusNotification", connectorId=1, status="Available")
    answer = await there.ask("UnlockConnector", connectorId=1)
    assert answer == {"status": "Accepted" if older else "Unlocked"}
    await there.expect("Heartbeat", 1300.0)


@pytest.mark.parametrize("spoken", list(Spoken), ids=lambda spoken: spoken.name)
def test_a_station_charges(spoken: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="soap-") as place:
        run_virtual(a_day_at(spoken, Path(place), monkeypatch), start=datetime(2026, 6, 1, 12, tzinfo=UTC))
