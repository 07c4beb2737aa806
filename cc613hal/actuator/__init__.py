"""Plug lock actuators with a motor: one mechanism for all makers, whose parts differ only in data.

A driver package describes its actuator as an :class:`ActuatorPreset` and derives its driver class from :class:`MotorLock`.
"""

from __future__ import annotations

from cc613hal.actuator.lines import MOTOR_LOCK_CAPABILITIES, MOTOR_LOCK_LINES, MOTOR_LOCK_USES
from cc613hal.actuator.motor_lock import MotorLock
from cc613hal.actuator.preset import ActuatorPreset, FeedbackSense, MotorLockOptions, OnSupplyLoss

__all__ = [
    "MOTOR_LOCK_CAPABILITIES",
    "MOTOR_LOCK_LINES",
    "MOTOR_LOCK_USES",
    "ActuatorPreset",
    "FeedbackSense",
    "MotorLock",
    "MotorLockOptions",
    "OnSupplyLoss",
]
