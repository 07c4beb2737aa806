"""Session energy from the meter's own registers."""

from __future__ import annotations

from cc613_chargepoint.metering.session_meter import SessionMeter

__all__ = ["SessionMeter"]
