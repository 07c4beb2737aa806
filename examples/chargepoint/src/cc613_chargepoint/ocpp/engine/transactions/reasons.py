"""Why a session ended, from the words in its record: they are what survives a crash."""

from __future__ import annotations

from cc613_chargepoint.ocpp.engine.owed.facts import StopReason

__all__ = ["DEAUTHORIZED", "ENERGY_STOPPED", "HARD_RESET", "NOT_AUTHORIZED", "REMOTE_STOP", "SOFT_RESET", "UNLOCK_COMMAND", "reason_of"]

REMOTE_STOP = "stopped by the backend"
DEAUTHORIZED = "deauthorised by the backend"
SOFT_RESET = "soft reset by the backend"
HARD_RESET = "hard reset by the backend"
UNLOCK_COMMAND = "unlock asked for by the backend"
ENERGY_STOPPED = "the vehicle has stopped the energy, and the transaction with it"
NOT_AUTHORIZED = "not authorised by the backend"
"""Source of the limit that takes the energy of a customer whom the backend refuses."""

_BEGINNINGS: tuple[tuple[str, StopReason], ...] = (
    (REMOTE_STOP, StopReason.REMOTE),
    (DEAUTHORIZED, StopReason.DE_AUTHORIZED),
    (SOFT_RESET, StopReason.SOFT_RESET),
    (HARD_RESET, StopReason.HARD_RESET),
    ("unlock asked for by", StopReason.UNLOCK_COMMAND),
    (ENERGY_STOPPED, StopReason.STOPPED_BY_EV),
    ("no vehicle within", StopReason.TIMEOUT),
    ("vehicle unplugged", StopReason.EV_DISCONNECTED),
    ("the station lost power", StopReason.POWER_LOSS),
    ("fault: no-power", StopReason.POWER_LOSS),
    ("fault: supply-failing", StopReason.POWER_LOSS),
    ("fault: ", StopReason.OTHER),
    ("the meter did not sign", StopReason.OTHER),
    ("ended with a master card", StopReason.LOCAL),
)


def reason_of(words: str) -> StopReason:
    """OCPP's reason for the words of a session's record; what nothing else fits was done at the station."""
    return next((reason for beginning, reason in _BEGINNINGS if words.startswith(beginning)), StopReason.LOCAL)
