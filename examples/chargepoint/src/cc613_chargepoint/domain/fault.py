"""Named faults: what each stops, and who clears it."""

from __future__ import annotations

import enum

from attrs import frozen

__all__ = ["Clearing", "Fault", "FaultName"]


class Clearing(enum.Enum):
    """Who clears a fault."""

    UNPLUG = "unplug"
    """Goes when the vehicle is unplugged and the cause is gone."""
    SERVICE = "service"
    """Stays until somebody has been there."""


class FaultName(enum.Enum):
    """The faults of the charge itself, with who clears them."""

    LOCK_FAILED = ("lock-failed", Clearing.UNPLUG)
    UNLOCK_FAILED = ("unlock-failed", Clearing.SERVICE)
    RCD_TEST_FAILED = ("rcd-test-failed", Clearing.UNPLUG)
    RESIDUAL_CURRENT = ("residual-current", Clearing.UNPLUG)
    DIODE_MISSING = ("diode-missing", Clearing.UNPLUG)
    PILOT_ERROR = ("pilot-error", Clearing.UNPLUG)
    CABLE_FAULT = ("cable-fault", Clearing.UNPLUG)
    VENTILATION_REFUSED = ("ventilation-refused", Clearing.UNPLUG)
    CONTACTOR_FAILED = ("contactor-failed", Clearing.SERVICE)
    CONTACTOR_WELDED = ("contactor-welded", Clearing.SERVICE)
    OVER_CURRENT = ("over-current", Clearing.UNPLUG)
    METER_LOST = ("meter-lost", Clearing.UNPLUG)
    DEVICE_LOST = ("device-lost", Clearing.UNPLUG)

    def __init__(self, word: str, clearing: Clearing) -> None:
        self.word = word
        self.clearing = clearing


@frozen(kw_only=True)
class Fault:
    """A fault that stands.

    Attributes:
        name: which.
        detail: what was seen, in words.
    """

    name: FaultName
    detail: str
