"""What distinguishes one motor lock actuator from another, as data."""

from __future__ import annotations

import enum

from attrs import evolve, field, frozen, validators

from cc613hal.errors import ConfigError

__all__ = ["ActuatorPreset", "FeedbackSense", "MotorLockOptions", "OnSupplyLoss"]

_positive = validators.gt(0.0)
_natural = validators.ge(0.0)


class OnSupplyLoss(enum.Enum):
    """What a lock does when the controller's supply fails while a plug is locked."""

    WATCH = "watch"
    """The opener is hardware of its own (as the CC613's is built in); the driver sees whether it released the plug, and reports."""
    UNLOCK = "unlock"
    """The driver opens the contactor and drives the bolt back, within the time for which the H bridge still has energy."""
    IGNORE = "ignore"
    """Nothing."""


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
        on_supply_loss: ``watch``, ``unlock`` or ``ignore``; needs the use ``supply``, and ``unlock`` also ``contactor``.
        release_within_s: with ``watch``: the opener must have released the plug so long after the supply failed, s (inferred).
        hold_up_s: with ``unlock``: for so long after the supply failed the H bridge can drive, s; the stroke must fit into what the
            contactor leaves of it (inferred: the board's capacitors decide).
        inrush_s: with the line ``current_limit``: it is not asked earlier than this after the start of a stroke, s (inferred).
        stall_s: with the line ``current_limit``: a motor at its limit for so long stands, and its stroke ends, s (inferred).
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
    on_supply_loss: OnSupplyLoss = OnSupplyLoss.WATCH
    release_within_s: float = field(default=3.0, validator=_positive)
    hold_up_s: float = field(default=1.0, validator=_positive)
    inrush_s: float = field(default=0.05, validator=_natural)
    stall_s: float = field(default=0.05, validator=_natural)
