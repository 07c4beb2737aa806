"""The lines every motor lock driver announces; data only, so that a plug-in module can import it without loading a driver."""

from __future__ import annotations

from cc613hal.plugins.spec import Direction, LineSpec, UseSpec

__all__ = ["MOTOR_LOCK_CAPABILITIES", "MOTOR_LOCK_LINES", "MOTOR_LOCK_USES"]

MOTOR_LOCK_LINES = (
    LineSpec(
        role="in1",
        direction=Direction.OUTPUT,
        group="bridge",
        help="H bridge; IN1 and not IN2 drives towards locked (unless inverted).",
    ),
    LineSpec(
        role="in2",
        direction=Direction.OUTPUT,
        group="bridge",
        help="H bridge; IN2 and not IN1 drives towards unlocked (unless inverted).",
    ),
    LineSpec(role="feedback", direction=Direction.INPUT, required=False, help="The actuator's contact; true = contact closed."),
    LineSpec(role="energy_ok", direction=Direction.INPUT, required=False, help="True = the emergency opener's energy store is charged."),
    LineSpec(role="current_limit", direction=Direction.INPUT, required=False, help="True = the motor draws as much as the bridge allows."),
)
"""``in1``, ``in2``, and the optional ``feedback``, ``energy_ok`` and ``current_limit``."""

MOTOR_LOCK_USES = (
    UseSpec(role="supply", capability="SupplyMonitor", help="Says when the supply fails.", required=False),
    UseSpec(role="contactor", capability="Contactor", help="Is switched off before a stroke on a failing supply.", required=False),
)
"""What a motor lock asks when the supply fails."""

MOTOR_LOCK_CAPABILITIES = ("PlugLock", "EmergencyOpener", "EmergencyRelease", "SafeState")
"""What every motor lock offers."""
