"""How fast residual direct current must be switched off, and how fast the RCMB104 tells of it.

Sources: IEC 62955 as publicly quoted (6 mA in 10 s, 60 mA in 0.3 s, 200 mA in 0.1 s, no trip below 3 mA; the standard itself was not read);
Bender RCMB104 manual D00294_02 (11.2021), operating times of the DC path (I∆n = 6 mA) and of the RMS path (I∆n = 30 mA).
"""

from __future__ import annotations

__all__ = ["NEVER_TRIPS_MA", "break_limit_s", "dc_operating_s", "rms_operating_s"]

NEVER_TRIPS_MA = 3.0
"""Up to this direct current nothing may trip, mA."""


def break_limit_s(dc_ma: float) -> float | None:
    """The longest time from this direct current to open contacts, s; ``None`` where none is demanded.

    Between two points of the curve the limit of the lower one counts.
    """
    magnitude_ma = abs(dc_ma)
    return 0.1 if magnitude_ma >= 200.0 else 0.3 if magnitude_ma >= 60.0 else 10.0 if magnitude_ma >= 6.0 else None


def dc_operating_s(dc_ma: float) -> float | None:
    """The module's longest published time from this direct current to its DC output, s; ``None`` below 6 mA."""
    magnitude_ma = abs(dc_ma)
    return 0.12 if magnitude_ma >= 30.0 else 0.24 if magnitude_ma >= 12.0 else 0.48 if magnitude_ma >= 6.0 else None


def rms_operating_s(rms_ma: float) -> float | None:
    """The module's longest published time from this alternating current to its RMS output, s; ``None`` below 30 mA."""
    return 0.02 if rms_ma >= 150.0 else 0.07 if rms_ma >= 60.0 else 0.18 if rms_ma >= 30.0 else None
