"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.actuator.lines import MOTOR_LOCK_CAPABILITIES, MOTOR_LOCK_LINES, MOTOR_LOCK_USES
from cc613hal.plugins import DriverSpec, QualityLevel, SafeRank, hookimpl


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return (
        DriverSpec(
            name="hella.micro-actuator-1",
            summary="Hella micro actuator (also Walther 9798999009, Intramco 603205): 400 ms, contact closed when unlocked.",
            implementation="cc613hal_hella.lock:HellaMicroActuator1",
            options="cc613hal.actuator.preset:MotorLockOptions",
            capabilities=MOTOR_LOCK_CAPABILITIES,
            lines=MOTOR_LOCK_LINES,
            uses=MOTOR_LOCK_USES,
            emulator="cc613hal_hella.emulation:emulate_micro_actuator_1",
            rank=SafeRank.LOCK,
            quality=QualityLevel.SIMULATED,
            sources=("chargebyte Charge Control C documentation, table of known plug locks",),
        ),
    )
