"""Lines out of bytes, and what an AT line says. Sources: ITU-T V.250 (result codes, echo), 3GPP TS 27.007 section 9 (+CME ERROR),
3GPP TS 27.005 section 3.2.5 (+CMS ERROR).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import frozen

__all__ = ["LONGEST_LINE", "Final", "LineParser", "bare", "fields", "final_of", "prefixed"]

LONGEST_LINE = 1024
"""Longer lines are noise: no answer used here has more than about 200 characters."""

_FINAL = re.compile(r"(OK|ERROR|ABORTED)|\+(CM[ES]) ERROR: *(.+)")
_UNSOLICITED = re.compile(r"[+^#*%$&][A-Z0-9]+\b")
_SPOKEN = frozenset(
    (
        "RING",
        "NO CARRIER",
        "BUSY",
        "NO ANSWER",
        "RDY",
        "POWERED DOWN",
        "NORMAL POWER DOWN",
        "PB DONE",
        "Call Ready",
        "SMS Ready",
        "SMS DONE",
    )
)


class LineParser:
    """Cuts a stream into lines; feed it pieces of any size. Empty lines are left out, bytes that are no ASCII become ``?``."""

    def __init__(self) -> None:
        self.dropped = 0
        """Lines thrown away because they were too long."""
        self._part = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now."""
        found: list[str] = []
        for piece in re.split(rb"([\r\n])", data):
            if piece not in {b"\r", b"\n"}:
                self._take(piece)
                continue
            line = self._part.replace(b"\0", b"").decode("ascii", "replace").replace("\ufffd", "?").strip()
            if line and not self._too_long:
                found.append(line)
            self.clear()
        return found

    def clear(self) -> None:
        """Forget an unfinished line."""
        self._part.clear()
        self._too_long = False

    def _take(self, piece: bytes) -> None:
        if self._too_long:
            return
        self._part += piece
        if len(self._part) > LONGEST_LINE:
            self._part.clear()
            self._too_long = True
            self.dropped += 1


@frozen
class Final:
    """The line that ends an answer.

    Attributes:
        ok: the command was carried out.
        kind: ``CME`` or ``CMS``; empty where the modem gives no reason.
        reason: number or words of the reason.
    """

    ok: bool
    kind: str = ""
    reason: str = ""


def final_of(line: str) -> Final | None:
    """What ends an answer; ``None`` for any other line. ``NO CARRIER`` ends none here: nothing is dialled."""
    match = _FINAL.fullmatch(line)
    if match is None:
        return None
    return Final(ok=match[1] == "OK", kind=match[2] or "", reason=(match[3] or "").strip())


def fields(text: str) -> tuple[str, ...]:
    """The comma-separated parameters of an answer; quotes are taken off, and keep commas together."""
    parts, part, quoted = [], "", False
    for sign in text:
        if sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += sign
    return (*parts, part.strip())


def prefixed(lines: Iterable[str], prefix: str) -> list[str]:
    """What follows ``prefix:`` in the lines that begin so."""
    return [line[len(prefix) + 1 :].strip() for line in lines if line.startswith(f"{prefix}:")]


def bare(lines: Iterable[str], command: str) -> list[str]:
    """The lines of a plain text answer (``AT+CGMI``) without unsolicited and noisy ones; a prefix with the command's name comes off."""
    name = command.removeprefix("AT")
    found = prefixed(lines := list(lines), name)
    return found or [line for line in lines if not _UNSOLICITED.match(line) and line not in _SPOKEN and "?" not in line]
