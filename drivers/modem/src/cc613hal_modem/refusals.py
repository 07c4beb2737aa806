"""The numbers of +CME ERROR (3GPP TS 27.007, section 9.2) and +CMS ERROR (3GPP TS 27.005, section 3.2.5) in words."""

from __future__ import annotations

from cc613hal.errors import DeviceRefused
from cc613hal_modem.lines import Final

__all__ = ["CME", "CMS", "INCORRECT_PASSWORD", "SIM_BUSY", "refusal"]

INCORRECT_PASSWORD = 16
SIM_BUSY = 14

CME = {
    0: "phone failure",
    1: "no connection to phone",
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    6: "PH-FSIM PIN required",
    7: "PH-FSIM PUK required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    17: "SIM PIN2 required",
    18: "SIM PUK2 required",
    20: "memory full",
    21: "invalid index",
    22: "not found",
    23: "memory failure",
    24: "text string too long",
    25: "invalid characters in text string",
    26: "dial string too long",
    27: "invalid characters in dial string",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed - emergency calls only",
    40: "network personalisation PIN required",
    41: "network personalisation PUK required",
    50: "incorrect parameters",
    100: "unknown",
    103: "illegal MS",
    106: "illegal ME",
    107: "GPRS services not allowed",
    111: "PLMN not allowed",
    112: "location area not allowed",
    113: "roaming not allowed in this location area",
    132: "service option not supported",
    133: "requested service option not subscribed",
    134: "service option temporarily out of order",
    148: "unspecified GPRS error",
    149: "PDP authentication failure",
    150: "invalid mobile class",
}

CMS = {
    300: "ME failure",
    302: "operation not allowed",
    303: "operation not supported",
    310: "SIM not inserted",
    311: "SIM PIN required",
    312: "PH-SIM PIN required",
    313: "SIM failure",
    314: "SIM busy",
    315: "SIM wrong",
    316: "SIM PUK required",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    500: "unknown error",
}

_SAME_ON_CME = {310: 10, 311: 11, 313: 13, 314: 14, 315: 15, 316: 12}


def refusal(command: str, final: Final, device: str) -> DeviceRefused:
    """The error a modem's refusal stands for; ``code`` is the CME number wherever there is one.

    Args:
        command: what was asked; without anything secret.
        final: the line that ended the answer.
        device: the modem's name on the board.
    """
    if not final.kind:
        return DeviceRefused(f"refused {command} without a reason", device=device, hint="this modem may not know the command")
    table = CME if final.kind == "CME" else CMS
    code, words = _number(final.reason, table)
    shown = final.reason if code is None else f"{words} ({final.kind} {code})"
    if final.kind == "CMS" and code is not None:
        code = _SAME_ON_CME.get(code, code)
    return DeviceRefused(f"refused {command}: {shown}", code=code, device=device, transient=code in {SIM_BUSY, 30, 31})


def _number(reason: str, table: dict[int, str]) -> tuple[int | None, str]:
    """Number and words of a reason, which is a number, or words where somebody set AT+CMEE=2."""
    if reason.isascii() and reason.isdigit() and len(reason) <= 6:
        return int(reason), table.get(int(reason), "a reason of the maker's")
    for code, words in table.items():
        if words.casefold() == reason.casefold():
            return code, words
    return None, reason
