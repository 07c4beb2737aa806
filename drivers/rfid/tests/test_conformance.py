"""The library's suites, inherited by the drivers of this package."""

from __future__ import annotations

from typing import ClassVar

from cc613hal.testing.conformance import CardReaderSuite, DriverSuite


class TestPn532(DriverSuite, CardReaderSuite):
    driver = "rfid.pn532"


class TestMfrc522(DriverSuite, CardReaderSuite):
    driver = "rfid.mfrc522"


class TestKeyboard(DriverSuite, CardReaderSuite):
    driver = "rfid.keyboard"
    options: ClassVar = {"path": "usb:ffff:0035"}


class TestPcsc(DriverSuite, CardReaderSuite):
    driver = "rfid.pcsc"
