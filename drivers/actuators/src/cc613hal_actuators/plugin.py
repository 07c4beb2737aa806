"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.actuator.lines import MOTOR_LOCK_CAPABILITIES, MOTOR_LOCK_LINES, MOTOR_LOCK_USES
from cc613hal.plugins import DriverSpec, QualityLevel, SafeRank, hookimpl

_CHARGEBYTE = "chargebyte Charge Control C documentation, table of known plug locks"
_KUESTER = "open vehicle project quoting the Küster 04S sheet"
_RARON = "Raron controller documentation"
_HARTING = "HARTING type 2 socket sheet 61 13 213 03xx"

_SCAME = "500 ms, contact closed when locked."
_LOCKS = (
    ("kuester-02s", "Kuester02s", "kuester_02s", "Küster 02S: 600 ms, contact closed when locked.", (_CHARGEBYTE, _KUESTER, _RARON)),
    ("kuester-04s", "Kuester04s", "kuester_04s", "Küster 04S: 600 ms, contact closed when locked.", (_CHARGEBYTE, _KUESTER)),
    ("walther-9798999009", "Walther", "walther", "Walther 9798999009: 400 ms, contact closed when unlocked.", (_CHARGEBYTE,)),
    ("scame-200.23260bs", "Scame23260bs", "scame_23260bs", f"Scame 200.23260BS: {_SCAME}", (_CHARGEBYTE,)),
    ("scame-200.23261bs", "Scame23261bs", "scame_23261bs", f"Scame 200.23261BS: {_SCAME}", (_CHARGEBYTE,)),
    ("scame-200.23261bp", "Scame23261bp", "scame_23261bp", f"Scame 200.23261BP: {_SCAME}", (_CHARGEBYTE,)),
    ("scame-200.23261bl", "Scame23261bl", "scame_23261bl", "Scame 200.23261BL: 500 ms, no contact.", (_CHARGEBYTE,)),
    ("harting-type2", "HartingType2", "harting_type_2", "HARTING type 2 with motor: 200 ms, sense of its contact to be told.", (_HARTING,)),
    ("generic", "Generic", "generic", "Any motor lock, with Raron's defaults: 600 ms, contact closed when locked.", (_RARON,)),
)


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return tuple(
        DriverSpec(
            name=f"actuators.{name}",
            summary=summary,
            implementation=f"cc613hal_actuators.lock:{implementation}",
            options="cc613hal.actuator.preset:MotorLockOptions",
            capabilities=MOTOR_LOCK_CAPABILITIES,
            lines=MOTOR_LOCK_LINES,
            uses=MOTOR_LOCK_USES,
            emulator=f"cc613hal_actuators.emulation:emulate_{emulator}",
            rank=SafeRank.LOCK,
            quality=QualityLevel.SIMULATED,
            sources=sources,
        )
        for name, implementation, emulator, summary, sources in _LOCKS
    )
