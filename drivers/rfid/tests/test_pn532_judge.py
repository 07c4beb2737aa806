"""The emulated PN532 under somebody else's driver: nfcpy, written for the real chip, finds the same cards on it and talks to them."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections import deque

import pytest

from cc613hal.plant import FieldCard, Signal
from cc613hal_rfid.emulation import Pn532Chip, SerialPn532

PLAIN = FieldCard(uid=bytes.fromhex("DEADBEEF"))
SECURE = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"), sak=0x20, atqa=0x0344, ats=bytes.fromhex("7577810280"))


class Line:
    """What nfcpy takes for a serial line; one frame a read."""

    TYPE = "TTY"

    def __init__(self, peer: SerialPn532) -> None:
        self.peer = peer
        self.arrived: deque[bytes] = deque()
        peer.attach(self.arrived.append)

    def write(self, frame):
        self.peer.receive(bytes(frame))

    def read(self, timeout):
        if not self.arrived:
            raise OSError(110, "Connection timed out")
        return bytearray(self.arrived.popleft())


@pytest.fixture
def judge():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nfc.clf.pn532 import Chipset
    cards = Signal(())
    chip = Pn532Chip(cards)
    line = Line(SerialPn532(chip))
    line.write(b"\x55\x55" + bytes(14))
    return chip, cards, Chipset(line, logging.getLogger("judge"))


def test_it_identifies_and_sets_up_the_chip(judge):
    chip, _, nfcpy = judge

    async def main():
        assert bytes(nfcpy.get_firmware_version()) == bytes.fromhex("32010607")
        nfcpy.sam_configuration("normal")
        nfcpy.rf_configuration(0x05, b"\xff\x01\x02")
        assert list(chip.commands) == [0x02, 0x14, 0x32]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("card", "listed"),
    [(PLAIN, "00040804DEADBEEF"), (SECURE, "0344200704A1B2C3D4E5F6067577810280")],
    ids=["Classic", "DESFire"],
)
def test_it_lists_the_same_cards(judge, card, listed):
    _, cards, nfcpy = judge

    async def main():
        nfcpy.rf_configuration(0x05, b"\xff\x01\x02")
        assert nfcpy.in_list_passive_target(1, 0, b"") is None
        cards.set((card,))
        assert bytes(nfcpy.in_list_passive_target(1, 0, b"")) == bytes.fromhex("01" + listed)[1:]

    asyncio.run(main())


def test_it_exchanges_apdus_in_one_piece_and_in_several(judge):
    chip, cards, nfcpy = judge
    chip.application = lambda card, apdu: len(apdu).to_bytes(2, "big") + b"\x90\x00"

    async def main():
        nfcpy.rf_configuration(0x05, b"\xff\x01\x02")
        cards.set((SECURE,))
        nfcpy.in_list_passive_target(1, 0, b"")
        data, more = nfcpy.in_data_exchange(bytes.fromhex("00A40400"), 0.5)
        assert (bytes(data), more) == (bytes.fromhex("00049000"), False)
        nfcpy.in_data_exchange(bytes(200), 0.5, more=True)
        data, _ = nfcpy.in_data_exchange(bytes(100), 0.5)
        assert bytes(data) == (300).to_bytes(2, "big") + b"\x90\x00"

    asyncio.run(main())


def test_it_is_told_that_a_card_left(judge):
    _, cards, nfcpy = judge

    async def main():
        nfcpy.rf_configuration(0x05, b"\xff\x01\x02")
        cards.set((SECURE,))
        nfcpy.in_list_passive_target(1, 0, b"")
        cards.set(())
        with pytest.raises(nfcpy.Error, match="0x01"):
            nfcpy.in_data_exchange(bytes(4), 0.5)

    asyncio.run(main())


def test_it_repairs_a_damaged_answer_or_calls_it_an_error(judge):
    chip, _, nfcpy = judge

    async def main():
        chip.damage = 1
        with pytest.raises(OSError):
            nfcpy.get_firmware_version()
        assert bytes(nfcpy.get_firmware_version()) == bytes.fromhex("32010607")

    asyncio.run(main())
