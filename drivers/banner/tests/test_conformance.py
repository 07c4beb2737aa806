"""The library's suites, inherited by every driver of this package."""

from __future__ import annotations

from typing import ClassVar

from cc613hal.testing.conformance import DriverSuite, PresenceSensorSuite


class TestDiscrete(DriverSuite, PresenceSensorSuite):
    driver = "banner.discrete"


class TestDistance(DriverSuite, PresenceSensorSuite):
    driver = "banner.modbus-distance"


class TestDistanceWithStatus(DriverSuite, PresenceSensorSuite):
    driver = "banner.modbus-distance"
    options: ClassVar = {"table": "input", "type": "u32-swapped", "scale_mm": 0.1, "status_register": 40, "poll_s": 0.5}


class TestNode(DriverSuite, PresenceSensorSuite):
    driver = "banner.dx80"


class TestNodeThatMeasures(DriverSuite, PresenceSensorSuite):
    driver = "banner.dx80"
    options: ClassVar = {"meaning": "distance", "node": 4, "input": 2, "signal_input": 3}


class TestNodeThatIsLowForACar(DriverSuite, PresenceSensorSuite):
    driver = "banner.dx80"
    options: ClassVar = {"active_low": True}
