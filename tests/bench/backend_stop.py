"""OCPP: from the recorded end of a signed session to its StopTransaction at the central system, in real time."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from cc613_chargepoint.domain.events import ChargingEnded

Row = tuple[str, str, str, bool]
CHARGES = 3


async def stops(count: int) -> list[float]:
    """How long each took, s."""
    from cc613hal.board import load_board
    from cc613hal.plant import Simulation
    from tests.ocpp.bench import SETTINGS, Bench
    from tests.ocpp.central import Central

    took: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        overlay = place / "signing.toml"
        overlay.write_text('schema = 1\nname = "signed"\n[device.meter1]\ndriver = "meters.bsm-ws36a"\n')
        central, simulation = Central(place / "central.sock"), Simulation(load_board("bender.cc613", overlays=[overlay]))
        async with central.serving(), simulation:
            it = Bench(central, simulation, place, {**SETTINGS, "ocpp.signed_bare": True})
            try:
                await it.idle()
                assert it.station is not None
                ended: list[float] = []
                it.station.news.on(lambda news: ended.append(time.perf_counter()) if isinstance(news, ChargingEnded) else None)
                for _ in range(count):
                    await it.charging()
                    await asyncio.sleep(0.3)  # the answer that names it is on its way
                    name_of_it = central.transaction
                    heard = asyncio.create_task(central.expect("StopTransaction", transactionId=name_of_it))
                    answer = await central.ask("RemoteStopTransaction", transactionId=name_of_it)
                    assert answer == {"status": "Accepted"}, answer
                    stop: Any = await heard
                    took.append(time.perf_counter() - ended[-1])
                    assert len(stop.payload["transactionData"]) == 2
                    await it.unplug()
                    await central.status("Available")
                    central.forget()
            finally:
                if it._life is not None:
                    it._life.cancel()
                    await asyncio.gather(it._life, return_exceptions=True)
    return took


def measure() -> list[Row]:
    """The rows of the table."""
    took = asyncio.run(stops(CHARGES))
    return [
        (
            "OCPP: recorded end of a signed session to StopTransaction on the wire, best of three",
            f"{min(took) * 1e3:.0f} ms",
            "≤ 50 ms",
            min(took) <= 0.05,
        )
    ]
