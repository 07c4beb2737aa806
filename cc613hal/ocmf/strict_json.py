"""JSON as evidence needs it: numbers keep their digits, a name counts once, depth and size are bounded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NoReturn, cast

from cc613hal.ocmf.errors import RecordInvalid, RecordUnreadable

__all__ = ["MAX_DIGITS", "dump", "load_object", "number_text"]

MAX_DIGITS = 40
"""Digits before and behind the point that a number may need; a meter needs twelve."""
_MAX_DEPTH = 16


def load_object(text: str, what: str) -> dict[str, Any]:
    """Read a JSON object; every number becomes a :class:`~decimal.Decimal` with its digits.

    Args:
        text: the JSON.
        what: which part it is, for the message.

    Raises:
        RecordUnreadable: no JSON object, a name twice, NaN, a number of absurd size, nested too deep, half a surrogate pair.
    """
    if text.count("{") + text.count("[") > _MAX_DEPTH and _depth(text) > _MAX_DEPTH:
        raise RecordUnreadable(f"the {what} is nested deeper than {_MAX_DEPTH} levels")
    try:
        value: Any = _DECODER.decode(text)
        text.encode("utf-8")
        if "\\u" in text:  # an escape may spell half a surrogate pair, which no UTF-8 can carry on
            _check_text(value)
    except RecordUnreadable as error:
        raise RecordUnreadable(f"the {what} cannot be trusted: {error.message}") from error
    except ValueError as error:
        raise RecordUnreadable(f"the {what} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise RecordUnreadable(f"the {what} is JSON, but no object")
    return cast("dict[str, Any]", value)


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        for item in (*members, *members.values()):
            _check_text(item)
    elif isinstance(value, list):
        for item in cast("Iterable[Any]", value):
            _check_text(item)


def _depth(text: str) -> int:
    """How deep brackets nest outside strings, counted without recursion; more than the limit is not counted on."""
    depth = deepest = 0
    quoted = escaped = False
    for sign in text:
        if quoted:
            quoted = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif sign == '"':
            quoted = True
        elif sign in "{[":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > _MAX_DEPTH:
                break
        elif sign in "}]":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RecordUnreadable(f"the member {twice!r} is there twice, and readers differ about which one counts")
    return members


def _number(text: str) -> Decimal:
    if len(text) > 2 * MAX_DIGITS:
        raise RecordUnreadable(f"a number with {len(text)} characters")
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > MAX_DIGITS or value.adjusted() > MAX_DIGITS:
        raise RecordUnreadable(f"the number {text} is out of all bounds")
    return value


def _constant(text: str) -> NoReturn:
    raise RecordUnreadable(f"{text} is no number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant)


def number_text(value: Decimal) -> str:
    """A number in plain digits, as many as it carries.

    Raises:
        RecordInvalid: infinite, not a number, or of absurd size.
    """
    if not value.is_finite() or abs(value.adjusted()) > MAX_DIGITS:
        raise RecordInvalid(f"{value} cannot be written as the value of a meter")
    return format(value, "f")


def dump(value: Any) -> str:
    """Compact JSON; decimals with their digits, text as it is.

    Raises:
        RecordInvalid: a value JSON or the format cannot carry; a pipe in a text, which separates the parts of a record.
    """
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, Mapping):
        members: Mapping[Any, Any] = cast("Any", value)
        return "{" + ",".join(f"{dump(str(name))}:{dump(item)}" for name, item in members.items()) + "}"
    if isinstance(value, list | tuple):
        items: list[Any] | tuple[Any, ...] = cast("Any", value)
        return "[" + ",".join(dump(item) for item in items) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    raise RecordInvalid(f"{value!r} has no place in a record", hint="numbers are Decimal, so that no digit is lost")


def _text(value: str) -> str:
    if "|" in value:
        raise RecordInvalid(
            f"the text {value!r} contains a pipe, which separates the parts of a record", hint="replace it, for instance by a slash"
        )
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RecordInvalid(f"the text {value!r} is no valid Unicode") from error
    return json.dumps(value, ensure_ascii=False)
