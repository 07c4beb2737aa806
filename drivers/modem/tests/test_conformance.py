"""The library's suites, inherited by the driver of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cc613hal.testing.conformance import DriverSuite, ModemSuite


class TestAtModem(DriverSuite, ModemSuite):
    driver = "modem.at"


class TestAtModemOfAnotherMaker(DriverSuite):
    driver = "modem.at"
    options: ClassVar[Mapping[str, object]] = {"dialect": "gemalto"}
