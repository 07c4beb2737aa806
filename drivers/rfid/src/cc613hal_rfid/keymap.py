"""Which key writes what: the digits, letters and marks that keyboard-wedge readers type, on the layouts they can be set to.

Key codes are those of Linux ``include/uapi/linux/input-event-codes.h``; they name places on a US keyboard. A reader sends the key that
writes a character *on the layout it is set to*, so the host has to know that layout, and knows nothing of what is set up for the console.
"""

from __future__ import annotations

import enum

__all__ = ["ENTER_KEYS", "SHIFT_KEYS", "TAB_KEY", "KeyLayout", "character"]

ENTER_KEYS = frozenset({28, 96})
"""KEY_ENTER, KEY_KPENTER."""

TAB_KEY = 15
"""KEY_TAB."""

SHIFT_KEYS = frozenset({42, 54})
"""KEY_LEFTSHIFT, KEY_RIGHTSHIFT."""


class KeyLayout(enum.Enum):
    """What the reader takes the host's keyboard for."""

    US = "us"
    DE = "de"
    FR = "fr"


_ROWS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'`", 43: "\\", 44: "zxcvbnm,./", 57: " "}
_SHIFTED = {2: "!@#$%^&*()_+", 16: "QWERTYUIOP{}", 30: 'ASDFGHJKL:"~', 43: "|", 44: "ZXCVBNM<>?", 57: " "}
_KEYPAD = {71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1", 80: "2", 81: "3", 82: "0", 83: "."}


def _keys(rows: dict[int, str]) -> dict[int, str]:
    return {first + place: text for first, row in rows.items() for place, text in enumerate(row)} | _KEYPAD


_US = {False: _keys(_ROWS), True: _keys(_SHIFTED)}
_DE = {
    False: _keys(_ROWS | {2: "1234567890ß´", 16: "qwertzuiopü+", 30: "asdfghjklöä^", 43: "#", 44: "yxcvbnm,.-"}),
    True: _keys(_SHIFTED | {2: '!"§$%&/()=?`', 16: "QWERTZUIOPÜ*", 30: "ASDFGHJKLÖÄ°", 43: "'", 44: "YXCVBNM;:_"}),
}
_FR = {
    False: _keys(_ROWS | {2: "&é\"'(-è_çà)=", 16: "azertyuiop^$", 30: "qsdfghjklmù²", 43: "*", 44: "wxcvbn,;:!"}),
    True: _keys(_SHIFTED | {2: "1234567890°+", 16: "AZERTYUIOP¨£", 30: "QSDFGHJKLM%²", 43: "µ", 44: "WXCVBN?./§"}),
}
_LAYOUTS = {KeyLayout.US: _US, KeyLayout.DE: _DE, KeyLayout.FR: _FR}
"""Unshifted and shifted (X keyboard configuration ``symbols/us``, ``symbols/de``, ``symbols/fr``)."""


def character(code: int, *, shift: bool, layout: KeyLayout) -> str | None:
    """What a key writes; ``None`` for a key that writes nothing a reader would type."""
    return _LAYOUTS[layout][shift].get(code)
