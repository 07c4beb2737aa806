"""The actuators, as data. Every figure says how well it is founded; all of them can be changed in the board file.

Sources: chargebyte, Charge Control C documentation, table of known plug locks (drive times and contacts of Küster, Walther and Scame);
an open vehicle project quoting the Küster 04S sheet (rest after each stroke); HARTING type 2 socket sheet 61 13 213 03xx; Raron
controller documentation. Where a part's own rest is not published, that of the comparable Küster part is taken (inferred).
"""

from __future__ import annotations

from cc613hal.actuator import ActuatorPreset, FeedbackSense

__all__ = [
    "GENERIC",
    "HARTING_TYPE_2",
    "KUESTER_02S",
    "KUESTER_04S",
    "PRESETS",
    "SCAME_23260BS",
    "SCAME_23261BL",
    "SCAME_23261BP",
    "SCAME_23261BS",
    "WALTHER_9798999009",
]

_CHARGEBYTE = "chargebyte Charge Control C documentation, table of known plug locks"
_KUESTER = "open vehicle project quoting the Küster 04S sheet"
_RARON = "Raron controller documentation"

KUESTER_02S = ActuatorPreset(
    name="Küster 02S",
    drive_s=0.6,  # three public sources
    pause_s=3.0,  # one source; Vector's VC-EVCC default of 2.65 s agrees in size
    feedback=FeedbackSense.CLOSED_WHEN_LOCKED,  # one source
    source=f"{_CHARGEBYTE}; {_KUESTER}; {_RARON}",
)
"""600 ms strokes, 3 s rest, contact closed when locked; Phoenix Contact sells it as EV-T2M3S-E-LOCK12V."""

KUESTER_04S = ActuatorPreset(
    name="Küster 04S",
    drive_s=0.6,  # two public sources
    pause_s=3.0,  # one source
    feedback=FeedbackSense.CLOSED_WHEN_LOCKED,  # one source; the contact's divider reads up to 1.95 V of 3.3 V when locked
    source=f"{_CHARGEBYTE}; {_KUESTER}",
)
"""As the 02S; its closed contact is not close to 0 V, see the README."""

WALTHER_9798999009 = ActuatorPreset(
    name="Walther 9798999009",
    drive_s=0.4,  # one source
    pause_s=3.0,  # inferred
    feedback=FeedbackSense.CLOSED_WHEN_UNLOCKED,  # one source
    source=_CHARGEBYTE,
)
"""400 ms strokes, contact closed when unlocked."""


def _scame(part: str, feedback: FeedbackSense) -> ActuatorPreset:
    return ActuatorPreset(
        name=f"Scame {part}",
        drive_s=0.5,  # one source
        pause_s=3.0,  # inferred
        feedback=feedback,  # one source
        source=_CHARGEBYTE,
    )


SCAME_23260BS = _scame("200.23260BS", FeedbackSense.CLOSED_WHEN_LOCKED)
"""500 ms strokes, contact closed when locked."""

SCAME_23261BS = _scame("200.23261BS", FeedbackSense.CLOSED_WHEN_LOCKED)
"""500 ms strokes, contact closed when locked."""

SCAME_23261BP = _scame("200.23261BP", FeedbackSense.CLOSED_WHEN_LOCKED)
"""500 ms strokes, contact closed when locked (up to 0.95 V of 3.3 V)."""

SCAME_23261BL = _scame("200.23261BL", FeedbackSense.NONE)
"""500 ms strokes, no contact."""

HARTING_TYPE_2 = ActuatorPreset(
    name="HARTING type 2 (61 13 213 03xx)",
    drive_s=0.2,  # one source: activation takes at most 200 ms
    longest_drive_s=3.0,  # one source: absolute maximum
    pause_s=1.6,
    rest_ratio=8.0,  # one source: rest of eight activation times
    feedback=FeedbackSense.NONE,  # it has a signal wire whose sense is not public: to be said in the board file
    source="HARTING type 2 socket sheet 61 13 213 03xx",
)
"""200 ms strokes, never more than 3 s, rest of eight strokes. Taken for one without contact until ``feedback`` says what its wire tells:
a wrong guess would call an open lock locked."""

GENERIC = ActuatorPreset(
    name="generic (Raron's default)",
    drive_s=0.6,  # one source
    pause_s=5.0,  # one source: tried again after 5 s
    feedback=FeedbackSense.CLOSED_WHEN_LOCKED,  # one source: 0 Ω when locked, open when unlocked
    source=_RARON,
)
"""600 ms strokes, 5 s rest, contact closed when locked."""

PRESETS = {
    "kuester-02s": KUESTER_02S,
    "kuester-04s": KUESTER_04S,
    "walther-9798999009": WALTHER_9798999009,
    "scame-200.23260bs": SCAME_23260BS,
    "scame-200.23261bs": SCAME_23261BS,
    "scame-200.23261bp": SCAME_23261BP,
    "scame-200.23261bl": SCAME_23261BL,
    "harting-type2": HARTING_TYPE_2,
    "generic": GENERIC,
}
"""By the part of the driver's name after ``actuators.``."""
