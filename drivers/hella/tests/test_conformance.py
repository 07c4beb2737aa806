"""The library's suites, inherited by the driver of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DriverSuite, PlugLockSuite


class TestMicroActuator1(DriverSuite, PlugLockSuite):
    driver = "hella.micro-actuator-1"
