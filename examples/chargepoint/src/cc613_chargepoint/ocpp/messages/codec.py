"""From the JSON of a payload to a frozen attrs value and back, with every rule of the message checked.

The rules are the annotations of the class: ``Annotated[str, Text(20)]``, ``Literal[…]``, ``Annotated[tuple[T, ...], Items(1)]``, other
structs, ``X | None`` with a default for what may be left out. For each class two functions are made once, when it is first used: closures
over the checks of its members. That is as fast as what a C extension gives here (see the benchmarks), and pure Python on every controller.

Names on the wire are the attributes in camel case; where that is wrong, the attribute's metadata says ``wire``.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from attrs import NOTHING, Attribute, fields, frozen, has

from cc613_chargepoint.ocpp.rpc.frames import ErrorCode
from cc613hal.errors import HalError

__all__ = ["Invalid", "Items", "Range", "Text", "decoded", "encoded", "moment", "stamp"]

T = TypeVar("T")
Check = Callable[[Any], Any]


@frozen
class Text:
    """A text of at most so many characters."""

    limit: int


@frozen
class Items:
    """A list of at least, and at most, so many."""

    least: int = 0
    most: int | None = None


@frozen
class Range:
    """A number not below, and not above."""

    least: float = -math.inf
    most: float = math.inf


class Invalid(HalError, ValueError):  # noqa: N818 - the base class says that it is an error
    """A payload that its message does not allow.

    Attributes:
        code: what kind of rule it breaks.
        path: where, as ``meterValue[0].timestamp``.
    """

    kind = "invalid-message"

    def __init__(self, code: ErrorCode, what: str, path: str = "") -> None:
        super().__init__(f"{path}: {what}" if path else what)
        self.code = code
        self.what = what
        self.path = path

    def at(self, step: str) -> Invalid:
        """The same, seen from one step further out."""
        return Invalid(self.code, self.what, f"{step}.{self.path}".replace(".[", "[") if self.path else step)


def _wrong_type(value: Any, what: str) -> Invalid:
    return Invalid(ErrorCode.TYPE_CONSTRAINT_VIOLATION, f"{_shown(value)} is no {what}")


def _wrong_value(value: Any, what: str) -> Invalid:
    return Invalid(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"{_shown(value)} is not {what}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def decoded(kind: type[T], payload: Mapping[str, Any], *, lenient: bool = False) -> T:
    """The value of a payload.

    Args:
        kind: the message.
        payload: as JSON has it.
        lenient: members that the message does not have are passed over, at any depth: for answers, where refusing would lose more than
            it gains.

    Raises:
        Invalid: with the first rule that it breaks.
    """
    return cast("T", _codec(kind).decode(payload, lenient))


def encoded(value: Any) -> dict[str, Any]:
    """The payload of a value; what is ``None`` is left out.

    Raises:
        Invalid: the value breaks a rule of its message.
    """
    return _codec(type(value)).encode(value)


def moment(text: Any) -> datetime:
    """The time of a text: RFC 3339, with fractions and offsets; without any offset it is taken as UTC.

    Raises:
        Invalid: it is none.
    """
    if not isinstance(text, str):
        raise _wrong_type(text, "time")
    try:
        if len(text) < 19 or text[10] not in "Tt ":
            raise ValueError(text)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong_value(text, "a time such as 2026-01-31T12:00:00Z") from None


def stamp(at: datetime) -> str:
    """The text of a time: UTC with ``Z``, milliseconds."""
    # Not by strftime: what that makes of a year before 1000 has as many digits as the platform likes.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@frozen
class _Member:
    name: str
    wire: str
    required: bool
    check_in: Check
    check_leniently: Check
    check_out: Check


class _Codec:
    """The two functions of one class."""

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        hints = get_type_hints(kind, include_extras=True)
        self._members = tuple(_member(each, hints[each.name]) for each in fields(kind))
        self._by_wire = {each.wire: each for each in self._members}
        self._required = frozenset(each.wire for each in self._members if each.required)

    def decode(self, payload: Any, lenient: bool) -> Any:
        if not isinstance(payload, dict):
            raise _wrong_type(payload, "object")
        values: dict[str, Any] = {}
        by_wire = self._by_wire
        for wire, value in payload.items():
            member = by_wire.get(wire)
            if member is None:
                if lenient:
                    continue
                raise Invalid(ErrorCode.FORMATION_VIOLATION, "there is no such member", wire)
            if value is None and not member.required:
                continue
            try:
                values[member.name] = (member.check_leniently if lenient else member.check_in)(value)
            except Invalid as invalid:
                raise invalid.at(wire) from None
        if not self._required <= payload.keys():
            missing = min(self._required - payload.keys())
            raise Invalid(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "it is missing", missing)
        return self._kind(**values)

    def encode(self, value: Any) -> dict[str, Any]:
        payload: dict[str, Any] = {}
        for member in self._members:
            each = getattr(value, member.name)
            if each is None:
                continue
            try:
                payload[member.wire] = member.check_out(each)
            except Invalid as invalid:
                raise invalid.at(member.wire) from None
        return payload


_CODECS: dict[type[Any], _Codec] = {}


def _codec(kind: type[Any]) -> _Codec:
    codec = _CODECS.get(kind)
    if codec is None:
        codec = _CODECS[kind] = _Codec(kind)
    return codec


def _member(attribute: Attribute[Any], hint: Any) -> _Member:
    first, *rest = attribute.name.split("_")
    wire = attribute.metadata.get("wire") or first + "".join(word[:1].upper() + word[1:] for word in rest)
    check_in, check_out = _checks(hint, lenient=False)
    check_leniently, _ = _checks(hint, lenient=True)
    return _Member(attribute.name, wire, attribute.default is NOTHING, check_in, check_leniently, check_out)


def _checks(hint: Any, *, lenient: bool) -> tuple[Check, Check]:
    """What is done with a value of a type on the way in, and on the way out."""
    rule: Any = None
    if get_origin(hint) is Annotated:
        hint, rule = get_args(hint)[:2]
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        (inner,) = (each for each in get_args(hint) if each is not type(None))
        return _checks(inner, lenient=lenient)
    if origin is Literal:
        check = _one_of(frozenset(get_args(hint)))
        return check, check
    if origin is tuple:
        return _list(_checks(get_args(hint)[0], lenient=lenient), rule if isinstance(rule, Items) else Items())
    if has(hint):
        return lambda value: _codec(hint).decode(value, lenient), lambda value: _codec(hint).encode(value)
    if hint is datetime:
        return moment, stamp
    simple: dict[Any, Check] = {
        str: _text(rule.limit if isinstance(rule, Text) else None),
        int: _integer(rule if isinstance(rule, Range) else Range()),
        float: _number(rule if isinstance(rule, Range) else Range()),
        bool: _boolean,
        Any: lambda value: value,
    }
    return simple[hint], simple[hint]


def _one_of(allowed: frozenset[str]) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            raise _wrong_type(value, "text")
        if value not in allowed:
            raise _wrong_value(value, f"one of {', '.join(sorted(allowed))}")
        return value

    return check


def _text(limit: int | None) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            raise _wrong_type(value, "text")
        if limit is not None and len(value) > limit:
            raise _wrong_value(value, f"a text of at most {limit} characters")
        return value

    return check


def _integer(allowed: Range) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not int:
            if not isinstance(value, float) or not value.is_integer():
                raise _wrong_type(value, "whole number")
            value = int(value)
        if not allowed.least <= value <= allowed.most:
            raise _wrong_value(value, f"between {allowed.least:g} and {allowed.most:g}")
        return value

    return check


def _number(allowed: Range) -> Check:
    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong_type(value, "number")
        try:
            value = float(value)
        except OverflowError:
            raise _wrong_value(value, "a number that can be") from None
        if not math.isfinite(value) or not allowed.least <= value <= allowed.most:
            raise _wrong_value(value, f"between {allowed.least:g} and {allowed.most:g}")
        return value

    return check


def _boolean(value: Any) -> Any:
    if not isinstance(value, bool):
        raise _wrong_type(value, "truth value")
    return value


def _list(each: tuple[Check, Check], allowed: Items) -> tuple[Check, Check]:
    def checked(value: Any, check: Check) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise _wrong_type(value, "list")
        if len(value) < allowed.least or (allowed.most is not None and len(value) > allowed.most):
            most = "" if allowed.most is None else f" and at most {allowed.most}"
            raise Invalid(
                ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"it has {len(value)} entries, and must have at least {allowed.least}{most}"
            )
        found = []
        for item in value:
            try:
                found.append(check(item))
            except Invalid as invalid:
                raise invalid.at(f"[{len(found)}]") from None
        return found

    return lambda value: tuple(checked(value, each[0])), lambda value: checked(value, each[1])
