"""Takes secrets out of text that leaves the station: those that are known by value, and those that look like one."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["MASK", "Masking"]

MASK = "‹secret›"
_SHAPES = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?:(basic|bearer|digest)\s+)?[^\s\"',;]+"), rf"\1\2 {MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@"), rf"\1:{MASK}@"),
    (
        re.compile(
            r"(?i)([\"']?\b(?:[\w.-]*(?:password|passwd|passphrase|secret|authorizationkey|authorization_key|api[_-]?key|token[_-]?secret|psk))"
            r"[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;}]+)"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)(\"key\"\s*:\s*\"AuthorizationKey\"[^}]*\"value\"\s*:\s*)\"[^\"]*\""), rf'\1"{MASK}"'),
)
SHORTEST = 4
"""Shorter values are not searched for: they would be found in every other word."""


class Masking:
    """Masks text.

    Args:
        secrets: values that must not appear anywhere.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({each for each in secrets if len(each) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known)), re.IGNORECASE) if known else None

    def mask(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text
