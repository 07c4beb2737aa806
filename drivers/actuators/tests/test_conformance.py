"""The library's suites, inherited for every preset of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cc613hal.testing.conformance import DriverSuite, EmergencyOpenerSuite, EmergencyReleaseSuite, PlugLockSuite


class TestKuester02s(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.kuester-02s"


class TestKuester04s(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.kuester-04s"


class TestWalther(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.walther-9798999009"


class TestScame23260bs(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.scame-200.23260bs"


class TestScame23261bs(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.scame-200.23261bs"


class TestScame23261bp(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.scame-200.23261bp"


class TestScame23261bl(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.scame-200.23261bl"


class TestHartingType2(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.harting-type2"


class TestHartingType2WithItsContactTold(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.harting-type2"
    options: ClassVar[Mapping[str, object]] = {"feedback": "closed-when-unlocked"}


class TestGeneric(DriverSuite, PlugLockSuite, EmergencyOpenerSuite, EmergencyReleaseSuite):
    driver = "actuators.generic"
