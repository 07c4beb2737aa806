"""What modems' answers mean. Source: 3GPP TS 27.007 (+CREG 7.2, +COPS 7.3, +CPIN 8.3, +CSQ 8.5, +CPINR 8.65, +CESQ 8.69, +CGREG 10.1.20,
+CEREG 10.1.22).
"""

from __future__ import annotations

import re

from attrs import frozen

from cc613hal.interfaces import Registration, SimState
from cc613hal_modem.lines import fields

__all__ = ["Network", "Signal", "counter_of", "iccid_of", "network_of", "operator_of", "rssi_of", "signal_of", "sim_of", "sim_of_refusal"]

_SIM = {
    "READY": SimState.READY,
    "SIM PIN": SimState.PIN_REQUIRED,
    "SIM PUK": SimState.PUK_REQUIRED,
    "SIM PIN2": SimState.READY,  # asked for by single services; the card itself is unlocked
    "SIM PUK2": SimState.READY,
    "NOT INSERTED": SimState.ABSENT,
}
_SIM_REFUSED = {10: SimState.ABSENT, 11: SimState.PIN_REQUIRED, 12: SimState.PUK_REQUIRED, 13: SimState.FAILED, 15: SimState.FAILED}
_REGISTRATION = {
    0: Registration.NOT_REGISTERED,
    1: Registration.HOME,
    2: Registration.SEARCHING,
    3: Registration.DENIED,
    4: Registration.UNKNOWN,
    5: Registration.ROAMING,
    6: Registration.HOME,  # home, SMS only
    7: Registration.ROAMING,  # roaming, SMS only
    8: Registration.NOT_REGISTERED,  # emergency calls only
    9: Registration.HOME,  # home, no circuit-switched fallback preferred
    10: Registration.ROAMING,
}
_TECHNOLOGY = {
    **dict.fromkeys((0, 1, 3, 8), "2G"),
    **dict.fromkeys((2, 4, 5, 6), "3G"),
    **dict.fromkeys((7, 9, 10), "4G"),
    **dict.fromkeys((11, 12, 13), "5G"),
}
"""Access technologies of +COPS: 3 is EDGE, 4 to 6 HSPA, 8 EC-GSM, 9 NB-IoT, 13 LTE and NR together."""
_MOST_TRIES = 15
"""A card's retry counter is four bits (ETSI TS 102 221, status word 63 CX)."""


@frozen
class Network:
    """A registration as one of +CREG, +CGREG and +CEREG tells it."""

    registration: Registration
    technology: str | None = None


@frozen
class Signal:
    """LTE signal: RSRP in dBm, RSRQ in dB; ``None`` where unknown."""

    rsrp_dbm: float | None = None
    rsrq_db: float | None = None


def _int(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def sim_of(answer: str) -> SimState | None:
    """The SIM state of a ``+CPIN`` answer; ``None`` for words that are not known or not final (``NOT READY``)."""
    words = answer.strip().strip('"').upper()
    if words.startswith("PH-"):
        return SimState.FAILED  # locked to another device or network: no PIN of ours opens that
    return _SIM.get(words)


def sim_of_refusal(code: int | None) -> SimState | None:
    """The SIM state an error number tells; ``None`` if it tells none."""
    return None if code is None else _SIM_REFUSED.get(code)


def counter_of(answer: str, *, name: str, field: int) -> int | None:
    """PIN attempts that are left; ``None`` if the answer does not say so beyond doubt.

    Args:
        answer: what follows the prefix.
        name: what the first field must be; empty where the number stands alone.
        field: place of the number.
    """
    parts = fields(answer)
    if (name and parts[0] != name) or field >= len(parts):
        return None
    left = _int(parts[field])
    return left if left is not None and left <= _MOST_TRIES else None


def iccid_of(answer: str) -> str | None:
    """The card's number without filler."""
    for part in fields(answer):
        digits = part.rstrip("Ff")
        if re.fullmatch(r"[0-9]{18,20}", digits):
            return digits
    return None


def network_of(answer: str) -> Network | None:
    """Registration from ``n,stat[,lac,ci[,AcT]]``; ``None`` for the unsolicited form ``stat[,"lac","ci",AcT]``, which begins the same."""
    head = re.match(r"([0-5]) *, *([0-9]{1,2}) *(?:,|$)", answer)
    if head is None:
        return None
    registration = _REGISTRATION.get(int(head[2]))
    if registration is None:
        return None
    parts = fields(answer)
    act = _int(parts[4]) if len(parts) > 4 else None
    return Network(registration, None if act is None else _TECHNOLOGY.get(act))


def operator_of(answer: str) -> tuple[str | None, str | None]:
    """Operator and technology from ``mode[,format,"operator"[,AcT]]``."""
    parts = fields(answer)
    operator = parts[2] if len(parts) > 2 and parts[2] else None
    act = _int(parts[3]) if len(parts) > 3 else None
    return operator, None if act is None else _TECHNOLOGY.get(act)


def rssi_of(answer: str) -> float | None:
    """Received power from ``+CSQ``, dBm: −113 + 2·n for 0 to 31."""
    level = _int(fields(answer)[0])
    return None if level is None or level > 31 else -113.0 + 2.0 * level


def signal_of(answer: str) -> Signal | None:
    """LTE signal from ``+CESQ``: RSRP −141 + n (0 to 97), RSRQ −20 + n/2 (0 to 34), 255 unknown; ``None`` if it is no such answer."""
    parts = fields(answer)
    if len(parts) < 6:
        return None
    rsrq, rsrp = _int(parts[4]), _int(parts[5])
    return Signal(
        rsrp_dbm=None if rsrp is None or rsrp > 97 else -141.0 + rsrp,
        rsrq_db=None if rsrq is None or rsrq > 34 else -20.0 + rsrq / 2.0,
    )
