"""Commands, answers and events as versioned JSON and back: the same on the socket, in files and for other languages.

Times are ISO 8601 in UTC, energies the decimal text of the register, faults their word, other enumerations their value. What has
unknown members, or lacks some, is refused: version 1 means exactly these.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import cattrs
from attrs import AttrsInstance, has
from cattrs.gen import make_dict_structure_fn

from cc613_chargepoint.domain import events
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.facade.commands import ANSWERS, COMMANDS, Answer, Command
from cc613hal.errors import ConfigError

__all__ = [
    "EVENTS",
    "VERSION",
    "NotUnderstood",
    "line",
    "packed",
    "read_line",
    "unpacked_answer",
    "unpacked_command",
    "unpacked_event",
    "unpacked_value",
]

VERSION = 1
T = TypeVar("T")

EVENTS: Mapping[str, type[events.StationEvent]] = {
    name: kind
    for name, kind in ((name, getattr(events, name)) for name in events.__all__)
    if isinstance(kind, type) and issubclass(kind, events.StationEvent) and kind is not events.StationEvent
}
"""Every event by its name on the wire."""


class NotUnderstood(ConfigError):  # noqa: N818 - the base class says that it is an error
    """What came is no command, answer or event of this version."""

    kind = "not-understood"


def _made() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    converter.register_unstructure_hook(Decimal, lambda value: format(value, "f"))
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_unstructure_hook(FaultName, lambda name: name.word)
    converter.register_structure_hook(FaultName, lambda word, _: FaultName.of(word))
    converter.register_unstructure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, enum.Enum) and kind is not FaultName, lambda each: each.value
    )
    for strict in (int, str, bool):
        converter.register_structure_hook(strict, _exactly)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook_factory(has, lambda kind: make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True))
    return converter


def _exactly(value: Any, kind: type[T]) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _number(value: Any, _: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):  # noqa: PLR0124
        raise TypeError(f"{value!r} is no number")
    return float(value)


_CONVERTER = _made()


def packed(value: AttrsInstance) -> dict[str, Any]:
    """``type`` and ``data`` of a value, ready for JSON."""
    return {"type": type(value).__name__, "data": _CONVERTER.unstructure(value)}


def unpacked_value(message: Mapping[str, Any], known: Mapping[str, type[T]], what: str) -> T:
    """The value of a message, of those that are known: for protocols of other rooms that carry the same values.

    Raises:
        NotUnderstood: it is none of them.
    """
    name = message.get("type")
    kind = known.get(name) if isinstance(name, str) else None
    if kind is None:
        raise NotUnderstood(f"there is no {what} {name!r}", hint=f"{what}s are: {', '.join(known)}")
    try:
        return _CONVERTER.structure(message.get("data", {}), kind)
    except Exception as error:
        raise NotUnderstood(f"{what} {name}: {type(error).__name__}: {error}") from error


def unpacked_command(message: Mapping[str, Any], known: Mapping[str, type[Command]] = COMMANDS) -> Command:
    """The command of a message, of those that are known.

    Raises:
        NotUnderstood: it is none.
    """
    return unpacked_value(message, known, "command")


def unpacked_answer(message: Mapping[str, Any]) -> Answer:
    """The answer of a message.

    Raises:
        NotUnderstood: it is none.
    """
    return unpacked_value(message, ANSWERS, "answer")


def unpacked_event(message: Mapping[str, Any]) -> events.StationEvent:
    """The event of a message.

    Raises:
        NotUnderstood: it is none.
    """
    return unpacked_value(message, EVENTS, "event")


def line(message: Mapping[str, Any]) -> bytes:
    """A message as a line."""
    return json.dumps({"v": VERSION, **message}, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def read_line(raw: bytes) -> dict[str, Any]:
    """The message of a line.

    Raises:
        NotUnderstood: it is no JSON object of this version.
    """
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(f"no JSON: {error}") from error
    if not isinstance(message, dict) or message.get("v") != VERSION:
        raise NotUnderstood(f"no message of version {VERSION}", hint=f'every line is an object with "v": {VERSION}')
    return message
