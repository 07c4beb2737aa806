"""What distinguishes one motor lock actuator from another, as data."""

from __future__ import annotations

import enum

from attrs import evolve, field, frozen, validators

from cc613hal.errors import ConfigError

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
        longest_drive_s: the maker's absolute maximum, s; options beyond it are refused. ``None`` where none is published.
        pause_s: rest after each stroke, s.
        rest_ratio: rest after each stroke as a multiple of the drive time; the longer rest counts. 0 where the maker asks for none.
        attempts: strokes before giving up.
        settle_s: from the end of a stroke until the feedback is believed, s.
        feedback: what the contact tells.
        invert: the two motor wires are swapped.
        brake: both motor wires are shorted between strokes (IN1 = IN2 = 1), so that the bolt cannot be turned back by hand.
        source: where the figures come from, public.
    """

    name: str
    drive_s: float = field(validator=_positive)
    longest_drive_s: float | None = field(default=None, validator=validators.optional(_positive))
    pause_s: float = field(default=3.0, validator=_natural)
    rest_ratio: float = field(default=0.0, validator=_natural)
    attempts: int = field(default=3, validator=validators.ge(1))
    settle_s: float = field(default=0.15, validator=_natural)
    feedback: FeedbackSense = FeedbackSense.CLOSED_WHEN_LOCKED
    invert: bool = False
    brake: bool = True
    source: str = ""

    def with_options(self, options: MotorLockOptions) -> ActuatorPreset:
        """The preset with what a board file changes.

        Raises:
            ConfigError: the drive time is beyond the maker's maximum.
        """
        names = ("drive_s", "pause_s", "attempts", "settle_s", "feedback", "invert", "brake")
        changed = evolve(self, **{name: value for name in names if (value := getattr(options, name)) is not None})
        if self.longest_drive_s is not None and changed.drive_s > self.longest_drive_s:
            raise ConfigError(
                f"{self.name}: a stroke of {changed.drive_s:g} s is beyond the maker's maximum of {self.longest_drive_s:g} s",
                hint="a motor that needs longer is stuck, or another one",
            )
        if options.pause_s is not None:
            return changed
        return evolve(changed, pause_s=max(changed.pause_s, self.rest_ratio * changed.drive_s))


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
