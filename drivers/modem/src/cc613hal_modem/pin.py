"""What keeps a SIM card from being blocked: which PINs were refused, kept across restarts.

Of a PIN only a digest is kept. It has few digits, so whoever reads the file can find it; but it is one that the card refused.
"""

from __future__ import annotations

import hashlib
import re

from cc613hal.errors import ConfigError, SafetyRefused
from cc613hal.plugins.context import Memory

__all__ = ["FEWEST_TRIES", "PinGuard", "check_pin"]

FEWEST_TRIES = 2
"""So many attempts must be left; the last one is a person's to use."""

_KEY = "pins"
_ANY = "any card"
_UNKNOWN = "a card that did not tell its number"


def check_pin(pin: str, device: str) -> None:
    """See that a PIN can be one (4 to 8 digits, 3GPP TS 31.101, section 9.5.1).

    Raises:
        ConfigError: it cannot; the message does not hold it.
    """
    if not re.fullmatch(r"[0-9]{4,8}", pin):
        raise ConfigError("a PIN has 4 to 8 digits", device=device, hint="check the configured PIN")


class PinGuard:
    """The memory of PINs that were tried.

    A PIN is noted before it is sent, with the attempts that were left. Refused, it stays noted for good. Without an answer, it may be
    sent again only while the card still has as many attempts as before: then it never got there.

    Args:
        memory: the device's memory.
        device: the modem's name on the board.
    """

    def __init__(self, memory: Memory, device: str) -> None:
        self._memory = memory
        self._device = device

    def require_untried(self, card: str, pin: str, left: int) -> None:
        """See that this PIN was not refused by this card.

        Args:
            card: the card's number; empty if it does not tell.
            pin: the PIN.
            left: attempts that are left.

        Raises:
            SafetyRefused: it was, or may have been.
        """
        notes = self._notes()
        asked = (card, _UNKNOWN) if card else (_ANY,)  # a card that does not tell its number may be the one that refused
        found = [notes[key] for key in (_digest(name, pin) for name in asked) if key in notes]
        before = min(found, default=None)
        if before is None or (before > 0 and left >= max(found)):
            return
        raise SafetyRefused(
            "this PIN is not sent: the card refused it before" if before == 0 else "this PIN is not sent: an earlier attempt cost a try",
            device=self._device,
            hint="configure the right PIN, or unlock the card in a telephone",
        )

    def sending(self, card: str, pin: str, left: int) -> None:
        """The PIN is about to be sent."""
        self._set(card, pin, left)

    def refused(self, card: str, pin: str) -> None:
        """The card refused it."""
        self._set(card, pin, 0)

    def accepted(self, card: str, pin: str) -> None:
        """The card took it."""
        gone = {_digest(name, pin) for name in (card or _UNKNOWN, _UNKNOWN, _ANY)}
        self._memory.save(_KEY, {key: left for key, left in self._notes().items() if key not in gone})

    def _set(self, card: str, pin: str, left: int) -> None:
        self._memory.save(_KEY, {**self._notes(), **{_digest(name, pin): left for name in (card or _UNKNOWN, _ANY)}})

    def _notes(self) -> dict[str, int]:
        return dict(self._memory.load(_KEY, {}))


def _digest(card: str, pin: str) -> str:
    return hashlib.sha256(f"{card}/{pin}".encode()).hexdigest()
