"""The library's suites, inherited by the driver of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DriverSuite, EmergencyOpenerSuite, EmergencyReleaseSuite, PlugLockSuite


class TestMicroActuator1(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "hella.micro-actuator-1"
