"""The library's suites, inherited by the drivers of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DriverSuite, TemperatureSensorSuite, TiltSensorSuite


class TestLm75(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"


class TestLis2dh12(DriverSuite, TiltSensorSuite):
    driver = "sensors.lis2dh12"
