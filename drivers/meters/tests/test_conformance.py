"""The library's own suites against the meters of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DriverSuite, EnergyMeterSuite, PhaseMeterSuite, PowerMeterSuite, SnapshotMeterSuite


class TestSdm630(DriverSuite, PowerMeterSuite, EnergyMeterSuite, PhaseMeterSuite, SnapshotMeterSuite):
    driver = "meters.sdm630"
