"""Emulated actuators, one function per preset."""

from __future__ import annotations

from collections.abc import Callable

from cc613hal.actuator import ActuatorPreset, MotorLockOptions
from cc613hal.plant.emulation import EmulationSite
from cc613hal.plant.motor_lock import emulate_motor_lock
from cc613hal_actuators import presets

__all__ = [
    "emulate_generic",
    "emulate_harting_type_2",
    "emulate_kuester_02s",
    "emulate_kuester_04s",
    "emulate_scame_23260bs",
    "emulate_scame_23261bl",
    "emulate_scame_23261bp",
    "emulate_scame_23261bs",
    "emulate_walther",
]


def _emulator(preset: ActuatorPreset) -> Callable[[EmulationSite, MotorLockOptions], None]:
    def emulate(site: EmulationSite, options: MotorLockOptions) -> None:
        emulate_motor_lock(site, preset, options)

    return emulate


emulate_kuester_02s = _emulator(presets.KUESTER_02S)
emulate_kuester_04s = _emulator(presets.KUESTER_04S)
emulate_walther = _emulator(presets.WALTHER_9798999009)
emulate_scame_23260bs = _emulator(presets.SCAME_23260BS)
emulate_scame_23261bs = _emulator(presets.SCAME_23261BS)
emulate_scame_23261bp = _emulator(presets.SCAME_23261BP)
emulate_scame_23261bl = _emulator(presets.SCAME_23261BL)
emulate_harting_type_2 = _emulator(presets.HARTING_TYPE_2)
emulate_generic = _emulator(presets.GENERIC)
