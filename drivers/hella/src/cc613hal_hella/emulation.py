"""Emulated Hella actuators."""

from __future__ import annotations

from cc613hal.actuator import MotorLockOptions
from cc613hal.plant.emulation import EmulationSite
from cc613hal.plant.motor_lock import emulate_motor_lock
from cc613hal_hella.lock import MICRO_ACTUATOR_1

__all__ = ["emulate_micro_actuator_1"]


def emulate_micro_actuator_1(site: EmulationSite, options: MotorLockOptions) -> None:
    """Put an emulated micro actuator on the device's lines."""
    emulate_motor_lock(site, MICRO_ACTUATOR_1, options)
