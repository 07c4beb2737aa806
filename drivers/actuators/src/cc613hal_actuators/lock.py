"""One driver class per preset; what they do is :class:`~cc613hal.actuator.MotorLock`."""

from __future__ import annotations

from cc613hal.actuator import MotorLock
from cc613hal_actuators import presets

__all__ = ["Generic", "HartingType2", "Kuester02s", "Kuester04s", "Scame23260bs", "Scame23261bl", "Scame23261bp", "Scame23261bs", "Walther"]


class Kuester02s(MotorLock):
    """A Küster 02S."""

    preset = presets.KUESTER_02S


class Kuester04s(MotorLock):
    """A Küster 04S."""

    preset = presets.KUESTER_04S


class Walther(MotorLock):
    """A Walther 9798999009."""

    preset = presets.WALTHER_9798999009


class Scame23260bs(MotorLock):
    """A Scame 200.23260BS."""

    preset = presets.SCAME_23260BS


class Scame23261bs(MotorLock):
    """A Scame 200.23261BS."""

    preset = presets.SCAME_23261BS


class Scame23261bp(MotorLock):
    """A Scame 200.23261BP."""

    preset = presets.SCAME_23261BP


class Scame23261bl(MotorLock):
    """A Scame 200.23261BL."""

    preset = presets.SCAME_23261BL


class HartingType2(MotorLock):
    """A HARTING type 2 lock with a motor."""

    preset = presets.HARTING_TYPE_2


class Generic(MotorLock):
    """An unknown actuator with Raron's defaults."""

    preset = presets.GENERIC
