"""The emulated MFRC522 under somebody else's driver: pi-rc522, written for the real chip, reads the same cards from it.

It shares nothing with ours, so what both agree on is the chip's, not ours. It computes check sums with the chip's coprocessor.
"""

from __future__ import annotations

import asyncio
import sys
import types
from importlib.util import find_spec

import pytest

from cc613hal.plant import FieldCard, Signal
from cc613hal_rfid.mfrc522_emulation import Mfrc522Chip, SpiMfrc522

if find_spec("pirc522") is None:
    pytest.skip("pi-rc522 is not installed: make .venv/made-readers", allow_module_level=True)


@pytest.fixture
def judge(monkeypatch):
    """pi-rc522 on an emulated chip: its SPI is the emulated one, its GPIO is nothing."""
    cards = Signal(())
    chip = Mfrc522Chip(cards)
    wire = SpiMfrc522(chip)

    class SpiDev:
        def open(self, bus, device):
            self.max_speed_hz = 0

        def xfer2(self, data):
            return list(wire.transfer(bytes(data)))

        def close(self):
            pass

    gpio = types.ModuleType("RPi.GPIO")
    for name in ("setmode", "setup", "output", "add_event_detect", "cleanup"):
        setattr(gpio, name, lambda *args, **kwargs: None)
    gpio.BOARD = gpio.OUT = gpio.IN = gpio.PUD_UP = gpio.FALLING = 0
    board = types.ModuleType("RPi")
    board.GPIO = gpio
    spidev = types.ModuleType("spidev")
    spidev.SpiDev = SpiDev
    for name, module in {"spidev": spidev, "RPi": board, "RPi.GPIO": gpio}.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in [name for name in sys.modules if name.startswith("pirc522")]:
        monkeypatch.delitem(sys.modules, name)
    from pirc522 import RFID

    return chip, cards, lambda **options: RFID(pin_irq=None, **options)


@pytest.mark.parametrize("uid", ["DEADBEEF", "04A1B2C3D4E5F6"])
def test_it_reads_identifiers(judge, uid):
    _, cards, reader = judge

    async def main():
        cards.set((FieldCard(uid=bytes.fromhex(uid)),))
        assert bytes(reader().read_id()).hex().upper() == uid

    asyncio.run(main())


def test_it_finds_nobody_in_an_empty_field(judge):
    _, _, reader = judge

    async def main():
        assert reader().read_id() is None

    asyncio.run(main())


def test_it_selects_with_the_chips_check_sum_and_sees_the_same_acknowledge(judge):
    _, cards, reader = judge

    async def main():
        cards.set((FieldCard(uid=bytes.fromhex("DEADBEEF"), sak=0x08),))
        rfid = reader()
        assert rfid.request()[0] is False
        error, uid = rfid.anticoll()
        assert not error
        assert rfid.select_tag(uid) is False

    asyncio.run(main())


def test_it_calls_two_cards_an_error_because_they_collide(judge):
    _, cards, reader = judge

    async def main():
        cards.set((FieldCard(uid=bytes.fromhex("DEADBEEF")), FieldCard(uid=bytes.fromhex("DEADBEEE"))))
        assert reader().read_id() is None

    asyncio.run(main())


def test_it_sets_the_gain_in_the_same_register(judge):
    chip, _, reader = judge

    async def main():
        reader(antenna_gain=0x07)
        assert chip.gain_bits == 0x70

    asyncio.run(main())
