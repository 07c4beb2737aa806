"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.actuator.lines import MOTOR_LOCK_CAPABILITIES, MOTOR_LOCK_LINES, MOTOR_LOCK_USES
from cc613hal.plugins import DriverSpec, QualityLevel, SafeRank, hookimpl

_SOURCES = (
    "chargebyte Charge Control C documentation, table of known plug locks",
    "open vehicle project quoting the Küster 04S / EV-T2M3S-E-LOCK12V sheet",
    "Raron controller documentation",
)


def _lock(name: str, part: str, implementation: str) -> DriverSpec:
    return DriverSpec(
        name=f"phoenix_contact.{name}",
        summary=f"Phoenix Contact {part} actuator: 600 ms, 3 s rest, contact closed when locked.",
        implementation=f"cc613hal_phoenix_contact.lock:{implementation}",
        options="cc613hal.actuator.preset:MotorLockOptions",
        capabilities=MOTOR_LOCK_CAPABILITIES,
        lines=MOTOR_LOCK_LINES,
        uses=MOTOR_LOCK_USES,
        emulator="cc613hal_phoenix_contact.emulation:emulate_ev_t2m3s",
        rank=SafeRank.LOCK,
        quality=QualityLevel.SIMULATED,
        sources=_SOURCES,
    )


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return _lock("ev-t2m3s", "EV-T2M3S-E-LOCK12V", "EvT2m3s"), _lock("ev-t2m3sm", "EV-T2M3SM-E-LOCK12V", "EvT2m3sm")
