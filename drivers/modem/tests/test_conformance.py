"""The library's suites, inherited by the driver of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cc613hal.testing.conformance import BadInputSuite, DriverSuite, ModemSuite


class TestAtModem(DriverSuite, ModemSuite):
    driver = "modem.at"


class TestAtModemOfAnotherMaker(DriverSuite):
    driver = "modem.at"
    options: ClassVar[Mapping[str, object]] = {"dialect": "gemalto"}


class TestAtModemWhenThingsGoWrong(BadInputSuite):
    driver = "modem.at"
    cannot: ClassVar[Mapping[str, str]] = {
        "wrong_identity": "any modem that answers AT is spoken to, in its maker's dialect or the standard's",
        "out_of_range": "it measures nothing; answers that make no sense are in test_decode.py",
        "frozen": "a modem at a fixed place hears its network alike for hours",
    }
