"""The library's suites, inherited by every driver of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import (
    ContactorSuite,
    ControlPilotSuite,
    DigitalInputSuite,
    DriverSuite,
    ProximityPilotSuite,
    RelaySuite,
    ResidualCurrentMonitorSuite,
    WeldCheckSuite,
)


class TestContactor(DriverSuite, ContactorSuite, WeldCheckSuite):
    driver = "bender.contactor"


class TestRcmb104(DriverSuite, ResidualCurrentMonitorSuite):
    driver = "bender.rcmb104"


class TestPilot(DriverSuite, ControlPilotSuite, ProximityPilotSuite):
    driver = "bender.pilot"


class TestTetheredPilot(DriverSuite, ControlPilotSuite):
    driver = "bender.pilot-tethered"


class TestOptoInput(DriverSuite, DigitalInputSuite):
    driver = "bender.opto-input"


class TestRelay(DriverSuite, RelaySuite):
    driver = "bender.relay"


class TestSupply(DriverSuite):
    driver = "bender.supply"
