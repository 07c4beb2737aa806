"""The library's suites, inherited by the drivers of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DriverSuite, EmergencyOpenerSuite, EmergencyReleaseSuite, PlugLockSuite


class TestEvT2m3s(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "phoenix_contact.ev-t2m3s"


class TestEvT2m3sm(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "phoenix_contact.ev-t2m3sm"
