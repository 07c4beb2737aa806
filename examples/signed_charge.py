"""A charge with a meter that signs, and the bill's proof: writes ``bill.xml``, which ``cc613hal ocmf verify bill.xml`` accepts.

Everything is the real thing but the wire and the key: the driver's own procedure and the station's own records, on simulated buses.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.events import RecordSigned, SessionEnded, StationEvent
from cc613_chargepoint.metering import SigningSettings
from cc613_chargepoint.store import Store
from cc613_chargepoint.story import Story, Visit
from cc613hal.board import load_board, open_board
from cc613hal.clock import ClockState, run_virtual
from cc613hal.ocmf import PublicKey, value_of, write_values
from cc613hal.plant import Simulation

OVERLAY = """
schema = 1
name = "signed station"
[device.meter1]
driver = "meters.wm3m4"
options = { timezone = "Europe/Berlin" }
"""


async def main(bill: Path) -> None:
    """Charge once, then write the records of the session."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        overlay = folder / "signed.toml"
        overlay.write_text(OVERLAY)
        simulation = Simulation(load_board("bender.cc613", overlays=[overlay]))
        async with (
            simulation,
            open_board(simulation.description, simulation.buses, clock=simulation.clock, state_dir=folder) as board,
            await Store.open(folder / "station.db") as store,
        ):
            board.clock.state = ClockState.SYNCHRONISED
            station = Station(board, StationSettings(signing=SigningSettings(charge_point="DE*ABC*E00001")), store=store)
            news: list[StationEvent] = []
            station.news.on(news.append)
            serving = asyncio.create_task(station.run())
            story = Story(simulation.plant, station, lambda text: print(f"  {text}"), board.clock)
            await story.visit(Visit(charge_s=1800.0, limits=()))
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
    record = next(each.record for each in news if isinstance(each, SessionEnded))
    signed = [each for each in news if isinstance(each, RecordSigned)]
    print(f"session {record.number}: {record.energy_wh} Wh, {len(signed)} signed record(s)")
    number = str(record.number)
    values = [value_of(each.record, PublicKey.from_text(each.public_key), transaction_id=number, context=each.context) for each in signed]
    with bill.open("wb") as stream:
        write_values(stream, values)
    print(f"{bill.name} is written; check it with: cc613hal ocmf verify {bill.name}")


if __name__ == "__main__":
    run_virtual(main(Path(sys.argv[1] if len(sys.argv) > 1 else "bill.xml")))
