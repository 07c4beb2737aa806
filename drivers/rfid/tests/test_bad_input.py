"""The table of bad input for every reader of this package, on each of its wires."""

from __future__ import annotations

from contextlib import contextmanager
from typing import ClassVar

from attrs import evolve

from cc613hal.plugins import BusKind
from cc613hal.testing.bench import PART
from cc613hal.testing.conformance import BadInputSuite

NO_VALUES = {
    "out_of_range": "a card's number has no range; what no card could send is refused by the readers' own tests",
    "frozen": "a card that stays is no frozen value; a chip that hangs is in the reader's own tests",
}


@contextmanager
def changed(part, **values):
    before = {name: getattr(part, name) for name in values}
    for name, value in values.items():
        setattr(part, name, value)
    yield
    for name, value in before.items():
        setattr(part, name, value)


class Pn532(BadInputSuite):
    driver = "rfid.pn532"
    lines: ClassVar = {"irq": {"active_low": True}, "reset": {"active_low": True}}
    cannot: ClassVar = NO_VALUES

    def wrong_identity(self, simulation):
        return changed(simulation.plant.parts[PART], firmware=bytes.fromhex("33010607"))


class TestPn532Serial(Pn532):
    bus = BusKind.SERIAL


class TestPn532I2c(Pn532):
    bus = BusKind.I2C


class TestPn532Spi(Pn532):
    bus = BusKind.SPI


class Mfrc522(BadInputSuite):
    driver = "rfid.mfrc522"
    lines: ClassVar = {"reset": {"active_low": True}}
    cannot: ClassVar = NO_VALUES

    def wrong_identity(self, simulation):
        return changed(simulation.plant.parts[PART], version=0xB2)


class TestMfrc522Spi(Mfrc522):
    bus = BusKind.SPI


class TestMfrc522I2c(Mfrc522):
    bus = BusKind.I2C


class TestKeyboard(BadInputSuite):
    driver = "rfid.keyboard"
    options: ClassVar = {"path": "usb:ffff:0035", "name": "Sycreader"}
    cannot: ClassVar = NO_VALUES

    def wrong_identity(self, simulation):
        part = simulation.plant.parts[PART]
        return changed(part, identity=evolve(part.identity, name="Somebody's keyboard"))


class TestPcsc(BadInputSuite):
    driver = "rfid.pcsc"
    options: ClassVar = {"direct": True}
    cannot: ClassVar = NO_VALUES

    def wrong_identity(self, simulation):
        return changed(simulation.plant.parts[PART], firmware=b"\x90\x00")
