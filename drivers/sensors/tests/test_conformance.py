"""The library's suites, inherited by every driver of this package."""

from __future__ import annotations

from typing import ClassVar

from cc613hal.testing.conformance import DriverSuite, TemperatureSensorSuite, TiltSensorSuite


class TestLm75b(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"


class TestLm75(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"
    options: ClassVar = {"variant": "lm75"}


class TestTmp102(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"
    options: ClassVar = {"variant": "tmp102", "place": "relay"}


class TestTmp117(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"
    options: ClassVar = {"variant": "tmp117"}


class TestLis2dh12(DriverSuite, TiltSensorSuite):
    driver = "sensors.lis2dh12"
