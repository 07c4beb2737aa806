"""Values of the library as plain data for JSON, and as short text for people."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import attrs

from cc613hal.clock import Stamp
from cc613hal.readings import Energy, PhaseValues

__all__ = ["fields_of", "flat", "is_attrs", "plain", "short", "to_json"]

_UNITS = {
    "_w": "W",
    "_v": "V",
    "_a": "A",
    "_c": "°C",
    "_ma": "mA",
    "_hz": "Hz",
    "_s": "s",
    "_mm": "mm",
    "_deg": "°",
    "_g": "g",
    "_ohm": "Ω",
    "_percent": "%",
    "_dbm": "dBm",
    "_db": "dB",
}
_SIMPLE: tuple[tuple[tuple[type, ...], Callable[[Any], Any]], ...] = (
    ((enum.Enum,), lambda value: value.value),
    ((type(None), bool, int, float, str), lambda value: value),
    ((bytes, bytearray), lambda value: value.hex().upper()),
    ((Decimal, Path), str),
    ((datetime,), lambda value: value.isoformat()),
)
"""How plain a type is; the first that fits counts."""
_FRAME = {"stamp", "source", "quality"}


def is_attrs(value: object) -> bool:
    """Whether a value is an instance of an attrs class."""
    return attrs.has(type(value))


def fields_of(value: object) -> tuple[attrs.Attribute[Any], ...]:
    """The fields of an attrs instance."""
    return cast("tuple[attrs.Attribute[Any], ...]", attrs.fields(cast("type[attrs.AttrsInstance]", type(value))))


def plain(value: Any) -> Any:
    """A value as JSON data: enums by value, bytes as hexadecimal, decimals as text so that no digit is lost."""
    for kinds, convert in _SIMPLE:
        if isinstance(value, kinds):
            return convert(value)
    if isinstance(value, Stamp):
        return {"monotonic_s": round(value.monotonic_s, 6), "wall": value.wall.isoformat(), "state": value.state.value}
    if is_attrs(value):
        return {field.name.lstrip("_"): plain(getattr(value, field.name)) for field in fields_of(value) if field.repr}
    if isinstance(value, Mapping):
        mapping: Mapping[Any, Any] = cast("Any", value)
        return {str(plain(key)): plain(item) for key, item in mapping.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(item) for item in cast("list[Any]", value)]
    return str(value)


def to_json(value: Any) -> str:
    """A value as indented JSON."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def short(value: Any) -> str:
    """A reading in one line: values with their units, without stamp and source."""
    if is_attrs(value) and not isinstance(value, Energy | PhaseValues | Stamp):
        parts: list[str] = []
        for field in fields_of(value):
            item = getattr(value, field.name)
            if field.name in _FRAME or item is None or not field.repr:
                continue
            name, unit = _split(field.name)
            parts.append(f"{name} {_text(item, unit)}")
        return ", ".join(parts) or "nothing is known yet"
    return _text(value, "")


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """A reading as columns: ``voltage_v.l1`` and so on; the frame (stamp, source) is left out."""
    if isinstance(value, Energy):
        yield f"{prefix}_wh".lstrip("_."), str(value.wh)
    elif is_attrs(value):
        for field in fields_of(value):
            if field.name not in _FRAME:
                yield from flat(getattr(value, field.name), f"{prefix}.{field.name}" if prefix else field.name)
    elif isinstance(value, tuple):
        items: tuple[Any, ...] = cast("Any", value)
        for index, item in enumerate(items):
            yield from flat(item, f"{prefix}.{index}" if prefix else str(index))
    else:
        yield prefix or "value", "" if value is None else plain(value)


def _split(name: str) -> tuple[str, str]:
    for suffix, unit in _UNITS.items():
        if name.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)].replace("_", " "), unit
    return name.replace("_", " "), ""


def _text(value: Any, unit: str) -> str:
    after = f" {unit}" if unit else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}{after}"
    if isinstance(value, PhaseValues):
        return "/".join("–" if item is None else f"{item:.4g}" for item in (value.l1, value.l2, value.l3)) + after
    if isinstance(value, Energy):
        return f"{value.kwh} kWh"
    if isinstance(value, tuple):
        items: tuple[Any, ...] = cast("Any", value)
        return "/".join(_text(item, "") for item in items) + after if items else "none"
    if is_attrs(value):
        return f"({short(value)})"
    return f"{plain(value)}{after}"
