"""The library's suites, inherited by the drivers of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DriverSuite, PresenceSensorSuite


class TestDiscrete(DriverSuite, PresenceSensorSuite):
    driver = "banner.discrete"


class TestModbusDistance(DriverSuite, PresenceSensorSuite):
    driver = "banner.modbus-distance"
