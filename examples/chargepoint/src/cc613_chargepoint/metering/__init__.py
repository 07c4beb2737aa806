"""Session energy from the meter's own registers, and signed records of it."""

from __future__ import annotations

from cc613_chargepoint.metering.record_keeper import OpenTransaction, RecordKeeper, Stage
from cc613_chargepoint.metering.session_meter import SessionMeter
from cc613_chargepoint.metering.signed_sessions import SignedSessions, SigningSettings

__all__ = ["OpenTransaction", "RecordKeeper", "SessionMeter", "SignedSessions", "SigningSettings", "Stage"]
