"""What distinguishes one motor lock actuator from another, as data."""

from __future__ import annotations

import enum

from attrs import evolve, field, frozen, validators

__all__ = ["ActuatorPreset", "FeedbackSense", "MotorLockOptions"]

_positive = validators.gt(0.0)
_natural = validators.ge(0.0)


class FeedbackSense(enum.Enum):
    """What the actuator's contact tells."""

    CLOSED_WHEN_LOCKED = "closed-when-locked"
    CLOSED_WHEN_UNLOCKED = "closed-when-unlocked"
    """An open wire reads "locked": believed only once the contact has been seen closed."""
    NONE = "none"
    """No contact: the position is believed from the drive time."""


@frozen(kw_only=True)
class ActuatorPreset:
    """An actuator as its maker, or a public table, describes it.

    Attributes:
        name: what it is called.
        drive_s: how long a stroke powers the motor, s.
        pause_s: rest after each stroke, s.
        attempts: strokes before giving up.
        settle_s: from the end of a stroke until the feedback is believed, s.
        feedback: what the contact tells.
        invert: the two motor wires are swapped.
        brake: both motor wires are shorted between strokes (IN1 = IN2 = 1), so that the bolt cannot be turned back by hand.
        source: where the figures come from, public.
    """

    name: str
    drive_s: float = field(validator=_positive)
    pause_s: float = field(default=3.0, validator=_natural)
    attempts: int = field(default=3, validator=validators.ge(1))
    settle_s: float = field(default=0.15, validator=_natural)
    feedback: FeedbackSense = FeedbackSense.CLOSED_WHEN_LOCKED
    invert: bool = False
    brake: bool = True
    source: str = ""

    def with_options(self, options: MotorLockOptions) -> ActuatorPreset:
        """The preset with what a board file changes."""
        names = ("drive_s", "pause_s", "attempts", "settle_s", "feedback", "invert", "brake")
        return evolve(self, **{name: value for name in names if (value := getattr(options, name)) is not None})


@frozen(kw_only=True)
class MotorLockOptions:
    """Options of a motor lock driver; ``None`` leaves what the preset says.

    Attributes:
        drive_s: how long a stroke powers the motor, s.
        pause_s: rest after each stroke, s.
        attempts: strokes before giving up.
        settle_s: from the end of a stroke until the feedback is believed, s.
        feedback: what the contact tells.
        invert: the two motor wires are swapped.
        brake: both motor wires are shorted between strokes.
        charge_within_s: the emergency opener's store must be charged this long after the start or the last loss, s; later it is a fault.
        unlock_when_safe: the safe state drives the bolt back once. Off by default: the driver does not know whether the contactor is
            open, and a power cut is the emergency opener's business.
    """

    drive_s: float | None = field(default=None, validator=validators.optional(_positive))
    pause_s: float | None = field(default=None, validator=validators.optional(_natural))
    attempts: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    settle_s: float | None = field(default=None, validator=validators.optional(_natural))
    feedback: FeedbackSense | None = None
    invert: bool | None = None
    brake: bool | None = None
    charge_within_s: float = field(default=60.0, validator=_natural)
    unlock_when_safe: bool = False
