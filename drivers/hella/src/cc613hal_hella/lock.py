"""Hella's micro actuator.

Source: chargebyte's Charge Control C documentation, table of known plug locks (also Walther 9798999009 and Intramco 603205): 400 ms,
contact closed when unlocked. The often-quoted 600 ms have no public source for this part; ``drive_s`` is an option.
"""

from __future__ import annotations

from cc613hal.actuator import ActuatorPreset, FeedbackSense, MotorLock

__all__ = ["MICRO_ACTUATOR_1", "HellaMicroActuator1"]

MICRO_ACTUATOR_1 = ActuatorPreset(
    name="hella micro actuator 1",
    drive_s=0.4,  # one source
    pause_s=3.0,  # inferred: the figure of the comparable Küster/Phoenix part
    feedback=FeedbackSense.CLOSED_WHEN_UNLOCKED,  # one source
    source="chargebyte Charge Control C documentation, table of known plug locks",
)
"""400 ms strokes, contact closed when unlocked."""


class HellaMicroActuator1(MotorLock):
    """A Hella micro actuator of the first kind."""

    preset = MICRO_ACTUATOR_1
