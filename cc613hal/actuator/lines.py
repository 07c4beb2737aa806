"""The lines every motor lock driver announces; data only, so that a plug-in module can import it without loading a driver."""

from __future__ import annotations

from cc613hal.plugins.spec import Direction, LineSpec

__all__ = ["MOTOR_LOCK_LINES"]

MOTOR_LOCK_LINES = (
    LineSpec(role="in1", direction=Direction.OUTPUT, help="H bridge input; IN1 and not IN2 drives towards locked (unless inverted)."),
    LineSpec(role="in2", direction=Direction.OUTPUT, help="H bridge input; IN2 and not IN1 drives towards unlocked (unless inverted)."),
    LineSpec(role="feedback", direction=Direction.INPUT, required=False, help="The actuator's contact; true = contact closed."),
    LineSpec(role="energy_ok", direction=Direction.INPUT, required=False, help="True = the emergency opener's energy store is charged."),
)
"""``in1``, ``in2``, and the optional ``feedback`` and ``energy_ok``."""
