"""The library's own suites against a meter of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DriverSuite, EnergyMeterSuite, PhaseMeterSuite, PowerMeterSuite, SnapshotMeterSuite


class TestSdm630(DriverSuite, PowerMeterSuite, EnergyMeterSuite, PhaseMeterSuite, SnapshotMeterSuite):
    """The model the board descriptions use; the library's own tests take every model through the suites."""

    driver = "meters.sdm630"
