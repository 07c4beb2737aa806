"""The library's own suites against every meter of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import DriverSuite, EnergyMeterSuite, PhaseMeterSuite, PowerMeterSuite, SnapshotMeterSuite


class _ThreePhases(DriverSuite, PowerMeterSuite, EnergyMeterSuite, PhaseMeterSuite, SnapshotMeterSuite):
    """All suites of a meter with three phases."""


class TestSdm630(_ThreePhases):
    driver = "meters.sdm630"


class TestSdm72dmV2(_ThreePhases):
    driver = "meters.sdm72d-m-v2"


class TestSdm120(DriverSuite, PhaseMeterSuite):
    """One phase: its power is not that of the three-phase load the other suites connect."""

    driver = "meters.sdm120"


class TestEm24(_ThreePhases):
    driver = "meters.em24"


class TestEm24E1(_ThreePhases):
    driver = "meters.em24-e1"


class TestEm340(_ThreePhases):
    driver = "meters.em340"


class TestEem350(_ThreePhases):
    driver = "meters.eem-350"


class TestEm300(_ThreePhases):
    driver = "meters.em300"


class TestWm3m4(_ThreePhases):
    driver = "meters.wm3m4"
