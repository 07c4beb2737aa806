"""A reader on a USB cable that is pulled and plugged: the kernel says so, and the same object reads on."""

from __future__ import annotations

import asyncio
import logging

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.health import HealthState
from cc613hal.interfaces import CardReader
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plugins import BusKind
from cc613hal.testing.bench import PART, board_for

CARD = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"))


def test_pulled_and_plugged_the_same_object_reads_on_at_once(caplog):
    async def main():
        description = board_for("rfid.pn532", bus=BusKind.SERIAL, lines={"irq": None, "reset": None})
        (bus,) = description.buses
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            simulation.buses.announces_plugs = True
            reader, seen = board.get(CardReader, PART), []
            reader.cards.on(lambda event: seen.append((event.present, event.card.uid)))
            await reader.start_polling()
            simulation.plant.cabinet.cards.set((CARD,))
            await asyncio.sleep(2)
            assert seen == [(True, "04A1B2C3D4E5F6")]
            caplog.set_level(logging.INFO, logger=f"cc613hal.device.{PART}")
            caplog.clear()

            simulation.faults(bus).unplug()
            await asyncio.sleep(0.1)
            assert board.health()[PART].state is HealthState.OFFLINE, "nobody has to ask first"
            simulation.plant.cabinet.cards.set(())
            await asyncio.sleep(60)
            simulation.faults(bus).plug()
            await asyncio.sleep(1.5)
            assert board.health()[PART].state is HealthState.OK
            assert board.get(CardReader, PART) is reader
            simulation.plant.cabinet.cards.set((CARD,))
            await asyncio.sleep(2)
            assert seen[-1] == (True, "04A1B2C3D4E5F6")
            assert len(seen) == 3, "it went while the reader was away, and came again"
            levels = [record.levelno > logging.INFO for record in caplog.records if record.name == f"cc613hal.device.{PART}"]
            assert levels == [True, False], "one line when it goes and one when it is back"

    run_virtual(main())
