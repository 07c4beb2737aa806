"""Options of the modem driver, and how long each class of commands may take."""

from __future__ import annotations

import enum

from attrs import field, frozen, validators

__all__ = ["AtOptions", "Auth", "PinCounter", "Speaks"]

_seconds = validators.and_(validators.gt(0.0), validators.le(600.0))


class Speaks(enum.Enum):
    """Whose dialect."""

    AUTO = "auto"
    """From the maker's name in the modem's own words."""
    GENERIC = "generic"
    QUECTEL = "quectel"
    TELIT = "telit"
    GEMALTO = "gemalto"


class PinCounter(enum.Enum):
    """How the PIN attempts that are left are read."""

    AUTO = "auto"
    """The maker's command; the standard's where the dialect has none."""
    CPINR = "cpinr"
    """AT+CPINR (3GPP TS 27.007, section 8.65)."""
    VENDOR = "vendor"
    """The maker's command."""


class Auth(enum.Enum):
    """How user and password of an access point are sent; the numbers are those of all dialects."""

    PAP = 1
    CHAP = 2


@frozen(kw_only=True)
class AtOptions:
    """How the modem is spoken to.

    Attributes:
        dialect: whose dialect it speaks.
        pin_counter: how PIN attempts are read before one is used.
        echo: leave the modem's echo on (it works with both).
        auth: 1 for PAP, 2 for CHAP, for access points with a user.
        timeout_s: longest answer of most commands, s.
        sim_timeout_s: longest answer to a PIN, s.
        function_timeout_s: longest answer to AT+CFUN, s.
        network_timeout_s: longest answer where the network is asked (AT+COPS), s.
        down_s: after a reset, the modem must have gone down within this time, s.
        boot_s: after that, it must answer again within this time, s.
    """

    dialect: Speaks = Speaks.AUTO
    pin_counter: PinCounter = PinCounter.AUTO
    echo: bool = False
    auth: Auth = Auth.PAP
    timeout_s: float = field(default=5.0, validator=_seconds)
    sim_timeout_s: float = field(default=20.0, validator=_seconds)
    function_timeout_s: float = field(default=15.0, validator=_seconds)
    network_timeout_s: float = field(default=180.0, validator=_seconds)
    down_s: float = field(default=15.0, validator=_seconds)
    boot_s: float = field(default=60.0, validator=_seconds)

    def longest_answer_s(self, command: str) -> float:
        """Longest wait for the answer to a command, by its class.

        Classes and figures: common to the makers' AT manuals (COPS 180 s, CFUN 15 s), not read page by page; hence options.
        """
        if command.startswith("AT+COPS"):
            return self.network_timeout_s
        if command.startswith("AT+CFUN"):
            return self.function_timeout_s
        if command.startswith("AT+CPIN="):
            return self.sim_timeout_s
        return self.timeout_s
