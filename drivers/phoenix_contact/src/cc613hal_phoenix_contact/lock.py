"""Phoenix Contact EV-T2M3S actuators (made by Küster).

Sources: chargebyte's Charge Control C documentation, table of known plug locks (600 ms; contact open when unlocked); an open vehicle
project quoting the Küster 04S / EV-T2M3S-E-LOCK12V sheet (600 ms; at least 3 s rest after each stroke); Raron controller documentation
(600 ms).
"""

from __future__ import annotations

from cc613hal.actuator import ActuatorPreset, FeedbackSense, MotorLock

__all__ = ["EV_T2M3S", "EV_T2M3SM", "EvT2m3s", "EvT2m3sm"]

EV_T2M3S = ActuatorPreset(
    name="Phoenix Contact EV-T2M3S-E-LOCK12V (Küster 02S)",
    drive_s=0.6,  # three public sources
    pause_s=3.0,  # one source; Vector's VC-EVCC default of 2.65 s agrees in size
    feedback=FeedbackSense.CLOSED_WHEN_LOCKED,  # one source
    source="chargebyte Charge Control C documentation; an open vehicle project quoting the Küster 04S sheet; Raron documentation",
)
"""600 ms strokes, 3 s rest, contact closed when locked."""

EV_T2M3SM = ActuatorPreset(
    name="Phoenix Contact EV-T2M3SM-E-LOCK12V (Küster 02S)",
    drive_s=EV_T2M3S.drive_s,
    pause_s=EV_T2M3S.pause_s,
    feedback=EV_T2M3S.feedback,
    source=EV_T2M3S.source,
)
"""The same actuator in the SM frame."""


class EvT2m3s(MotorLock):
    """An EV-T2M3S-E-LOCK12V."""

    preset = EV_T2M3S


class EvT2m3sm(MotorLock):
    """An EV-T2M3SM-E-LOCK12V."""

    preset = EV_T2M3SM
