"""Conformance suites: what the library asks of every driver, as classes of tests that driver packages inherit.

::

    class TestTh1(DriverSuite, TemperatureSensorSuite):
        driver = "acme.th1"

Every test opens a board with only this part on simulated buses, on virtual time: an hour of waiting costs nothing. Where that does not fit,
override :meth:`~cc613hal.testing.conformance.base.Suite.bench`, which yields the part and the simulation around it.
"""

from __future__ import annotations

from cc613hal.testing.conformance.bad_input import BadInputSuite
from cc613hal.testing.conformance.base import Bench, Suite, scenario
from cc613hal.testing.conformance.cards import CardReaderSuite
from cc613hal.testing.conformance.driver import DriverSuite
from cc613hal.testing.conformance.meters import EnergyMeterSuite, PhaseMeterSuite, PowerMeterSuite, SnapshotMeterSuite
from cc613hal.testing.conformance.networks import ModemSuite, PlcModemSuite
from cc613hal.testing.conformance.outputs import DisplaySuite, IndicatorSuite, RelaySuite, SounderSuite
from cc613hal.testing.conformance.pilots import ControlPilotSuite, ProximityPilotSuite
from cc613hal.testing.conformance.power import (
    ContactorSuite,
    EmergencyOpenerSuite,
    EmergencyReleaseSuite,
    PhaseSwitchingSuite,
    PlugLockSuite,
    ResidualCurrentMonitorSuite,
    WeldCheckSuite,
)
from cc613hal.testing.conformance.sensors import DigitalInputSuite, PresenceSensorSuite, TemperatureSensorSuite, TiltSensorSuite
from cc613hal.testing.conformance.signing import MeterClockSuite, OnDemandSignerSuite, SignedMeterSuite
from cc613hal.testing.conformance.station import ClimateControlSuite, HouseholdSocketSuite, SupplyMonitorSuite

__all__ = [
    "SUITES",
    "BadInputSuite",
    "Bench",
    "CardReaderSuite",
    "ClimateControlSuite",
    "ContactorSuite",
    "ControlPilotSuite",
    "DigitalInputSuite",
    "DisplaySuite",
    "DriverSuite",
    "EmergencyOpenerSuite",
    "EmergencyReleaseSuite",
    "EnergyMeterSuite",
    "HouseholdSocketSuite",
    "IndicatorSuite",
    "MeterClockSuite",
    "ModemSuite",
    "OnDemandSignerSuite",
    "PhaseMeterSuite",
    "PhaseSwitchingSuite",
    "PlcModemSuite",
    "PlugLockSuite",
    "PowerMeterSuite",
    "PresenceSensorSuite",
    "ProximityPilotSuite",
    "RelaySuite",
    "ResidualCurrentMonitorSuite",
    "SignedMeterSuite",
    "SnapshotMeterSuite",
    "SounderSuite",
    "Suite",
    "SupplyMonitorSuite",
    "TemperatureSensorSuite",
    "TiltSensorSuite",
    "WeldCheckSuite",
    "scenario",
]

SUITES: dict[str, type[Suite]] = {
    "CardReader": CardReaderSuite,
    "ClimateControl": ClimateControlSuite,
    "Contactor": ContactorSuite,
    "ControlPilot": ControlPilotSuite,
    "DigitalInput": DigitalInputSuite,
    "Display": DisplaySuite,
    "EmergencyOpener": EmergencyOpenerSuite,
    "EmergencyRelease": EmergencyReleaseSuite,
    "EnergyMeter": EnergyMeterSuite,
    "HouseholdSocket": HouseholdSocketSuite,
    "Indicator": IndicatorSuite,
    "MeterClock": MeterClockSuite,
    "Modem": ModemSuite,
    "OnDemandSigner": OnDemandSignerSuite,
    "PhaseMeter": PhaseMeterSuite,
    "PhaseSwitching": PhaseSwitchingSuite,
    "PlcModem": PlcModemSuite,
    "PlugLock": PlugLockSuite,
    "PowerMeter": PowerMeterSuite,
    "PresenceSensor": PresenceSensorSuite,
    "ProximityPilot": ProximityPilotSuite,
    "Relay": RelaySuite,
    "ResidualCurrentMonitor": ResidualCurrentMonitorSuite,
    "SignedMeter": SignedMeterSuite,
    "SnapshotMeter": SnapshotMeterSuite,
    "Sounder": SounderSuite,
    "SupplyMonitor": SupplyMonitorSuite,
    "TemperatureSensor": TemperatureSensorSuite,
    "TiltSensor": TiltSensorSuite,
    "WeldCheck": WeldCheckSuite,
}
"""The suite of each capability that has one."""
