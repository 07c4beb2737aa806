"""Emulated Phoenix Contact actuators."""

from __future__ import annotations

from cc613hal.actuator import MotorLockOptions
from cc613hal.plant.emulation import EmulationSite
from cc613hal.plant.motor_lock import emulate_motor_lock
from cc613hal_phoenix_contact.lock import EV_T2M3S

__all__ = ["emulate_ev_t2m3s"]


def emulate_ev_t2m3s(site: EmulationSite, options: MotorLockOptions) -> None:
    """Put an emulated actuator on the device's lines; both variants are the same inside."""
    emulate_motor_lock(site, EV_T2M3S, options)
