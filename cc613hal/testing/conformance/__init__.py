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
from cc613hal.testing.conformance.outputs import DisplaySuite, IndicatorSuite, RelaySuite, SounderSuite
from cc613hal.testing.conformance.pilots import ControlPilotSuite, ProximityPilotSuite
from cc613hal.testing.conformance.power import ContactorSuite, PlugLockSuite, ResidualCurrentMonitorSuite, WeldCheckSuite
from cc613hal.testing.conformance.sensors import DigitalInputSuite, PresenceSensorSuite, TemperatureSensorSuite, TiltSensorSuite
from cc613hal.testing.conformance.signing import MeterClockSuite, OnDemandSignerSuite, SignedMeterSuite

__all__ = [
    "SUITES",
    "BadInputSuite",
    "Bench",
    "CardReaderSuite",
    "ContactorSuite",
    "ControlPilotSuite",
    "DigitalInputSuite",
    "DisplaySuite",
    "DriverSuite",
    "EnergyMeterSuite",
    "IndicatorSuite",
    "MeterClockSuite",
    "OnDemandSignerSuite",
    "PhaseMeterSuite",
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
    "TemperatureSensorSuite",
    "TiltSensorSuite",
    "WeldCheckSuite",
    "scenario",
]

SUITES: dict[str, type[Suite]] = {
    "CardReader": CardReaderSuite,
    "Contactor": ContactorSuite,
    "ControlPilot": ControlPilotSuite,
    "DigitalInput": DigitalInputSuite,
    "Display": DisplaySuite,
    "EnergyMeter": EnergyMeterSuite,
    "Indicator": IndicatorSuite,
    "MeterClock": MeterClockSuite,
    "OnDemandSigner": OnDemandSignerSuite,
    "PhaseMeter": PhaseMeterSuite,
    "PlugLock": PlugLockSuite,
    "PowerMeter": PowerMeterSuite,
    "PresenceSensor": PresenceSensorSuite,
    "ProximityPilot": ProximityPilotSuite,
    "Relay": RelaySuite,
    "ResidualCurrentMonitor": ResidualCurrentMonitorSuite,
    "SignedMeter": SignedMeterSuite,
    "SnapshotMeter": SnapshotMeterSuite,
    "Sounder": SounderSuite,
    "TemperatureSensor": TemperatureSensorSuite,
    "TiltSensor": TiltSensorSuite,
    "WeldCheck": WeldCheckSuite,
}
"""The suite of each capability that has one."""
