"""The library's suites, inherited by every driver of this package."""

from __future__ import annotations

from cc613hal.testing.conformance import (
    ClimateControlSuite,
    ContactorSuite,
    ControlPilotSuite,
    DigitalInputSuite,
    DriverSuite,
    HouseholdSocketSuite,
    IndicatorSuite,
    PhaseSwitchingSuite,
    PlcModemSuite,
    ProximityPilotSuite,
    RelaySuite,
    ResidualCurrentMonitorSuite,
    SupplyMonitorSuite,
    WeldCheckSuite,
)


class TestContactor(DriverSuite, ContactorSuite, WeldCheckSuite, PhaseSwitchingSuite):
    driver = "bender.contactor"


class TestRcmb104(DriverSuite, ResidualCurrentMonitorSuite):
    driver = "bender.rcmb104"


class TestRcmb104Measuring(DriverSuite, ResidualCurrentMonitorSuite):
    driver = "bender.rcmb104-measuring"


class TestPilot(DriverSuite, ControlPilotSuite, ProximityPilotSuite):
    driver = "bender.pilot"


class TestTetheredPilot(DriverSuite, ControlPilotSuite):
    driver = "bender.pilot-tethered"


class TestOptoInput(DriverSuite, DigitalInputSuite):
    driver = "bender.opto-input"


class TestRelay(DriverSuite, RelaySuite):
    driver = "bender.relay"


class TestSupply(DriverSuite, SupplyMonitorSuite):
    driver = "bender.supply"


class TestHouseholdSocket(DriverSuite, HouseholdSocketSuite):
    driver = "bender.household-socket"


class TestClimate(DriverSuite, ClimateControlSuite, RelaySuite):
    driver = "bender.climate"


class TestFrontLed(DriverSuite, IndicatorSuite):
    driver = "bender.front-led"


class TestPlc(DriverSuite, PlcModemSuite):
    driver = "bender.plc-qca7000"
