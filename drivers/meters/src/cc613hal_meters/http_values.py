"""Values out of the JSON that meters answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from cc613hal.errors import ProtocolViolation
from cc613hal_meters.told import words_of

__all__ = ["counter_words", "member", "number"]

_DIGITS = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,9})?")
_MOST = Decimal(10) ** 15


def member(told: object, *path: str | int, device: str) -> object:
    """What stands at a path of names and places in an answer.

    Raises:
        ProtocolViolation: it is not there.
    """
    found = told
    for step in path:
        match found, step:
            case dict(), str() if step in found:
                found = cast("dict[str, object]", found)[step]
            case list(), int() if step < len(cast("list[object]", found)):
                found = cast("list[object]", found)[step]
            case _:
                where = ".".join(map(str, path))
                raise ProtocolViolation(f"its answer has no {where}", device=device, hint="is this really the configured meter?")
    return found


def number(told: Mapping[str, object], *path: str | int, device: str) -> Decimal:
    """The number at a path, digit for digit; also one written as a text.

    Raises:
        ProtocolViolation: nothing is there, or no number that a meter can have.
    """
    found = member(told, *path, device=device)
    value: Decimal | None = None
    if isinstance(found, int | Decimal) and not isinstance(found, bool):
        value = Decimal(found)
    elif isinstance(found, str) and (digits := _DIGITS.search(found)) is not None:
        value = Decimal(digits[0])
    if value is None or not value.is_finite() or abs(value) >= _MOST or cast("int", value.as_tuple().exponent) < -9:
        raise ProtocolViolation(f"{'.'.join(map(str, path))} is {str(found)[:40]!r}, no number a meter can have", device=device)
    return value


def counter_words(wh: Decimal) -> tuple[int, ...]:
    """A counter told in digits as words: its value in tenths of a milliwatt hour."""
    return words_of(int(wh.scaleb(4)))
