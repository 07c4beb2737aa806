"""Recorded dialogues, played back: the drivers say the same again, byte for byte, and understand the same.

They were recorded from the emulated chips (nobody has lent us real ones yet) with the library's recorder; a dialogue of a real chip
takes the same form. Each is: connect, one look at a Classic and a DESFire card, two APDUs, one look.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cc613hal.board import open_board
from cc613hal.bus.replay import ReplayBuses, ReplayMismatchError
from cc613hal.clock import Clock, run_virtual
from cc613hal.interfaces import CardReader, SecureCardReader
from cc613hal.plugins import BusKind
from cc613hal.testing.bench import PART, board_for

DIALOGUES = Path(__file__).parent / "dialogues"
RECORDED = [("rfid.pn532", BusKind.SERIAL), ("rfid.pn532", BusKind.I2C), ("rfid.pn532", BusKind.SPI)]
RECORDED += [("rfid.mfrc522", BusKind.SPI), ("rfid.mfrc522", BusKind.I2C)]
NO_LINES = {"irq": None, "reset": None}


def lines_of(driver):
    return NO_LINES if driver == "rfid.pn532" else {"reset": None}


def replay(driver, bus, apdu):
    description = board_for(driver, bus=bus, lines=lines_of(driver))
    file = DIALOGUES / f"{driver.removeprefix('rfid.')}-{bus.value}.jsonl"

    async def main():
        async with ReplayBuses.from_file(file) as buses, open_board(description, buses, clock=Clock()) as board:
            reader = board.get(CardReader, PART)
            assert {card.uid for card in await reader.poll_once()} == {"DEADBEEF", "04A1B2C3D4E5F6"}
            secure = board.get(SecureCardReader, PART)
            assert (await secure.transceive(apdu)).hex() == "04010101001805" + "91af"  # DESFire GetVersion, first of three frames
            assert await secure.transceive(bytes(4)) == bytes.fromhex("6A82")
            assert len(await reader.poll_once()) == 2

    run_virtual(main())


@pytest.mark.parametrize(("driver", "bus"), RECORDED, ids=lambda value: getattr(value, "value", value))
def test_the_dialogue_is_understood_again(driver, bus):
    replay(driver, bus, bytes.fromhex("9060000000"))


@pytest.mark.parametrize(("driver", "bus"), RECORDED, ids=lambda value: getattr(value, "value", value))
def test_a_driver_that_says_something_else_is_found_out(driver, bus):
    with pytest.raises((ReplayMismatchError, AssertionError, OSError)):
        replay(driver, bus, bytes.fromhex("905A000000"))
