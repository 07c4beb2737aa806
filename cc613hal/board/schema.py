"""JSON Schema of board files, for editors: made from the classes that read them, with the options of every installed driver.

An editor that knows TOML schemas (taplo, Even Better TOML) takes it from a first line ``#:schema ./board.schema.json``.
"""

from __future__ import annotations

import re
import textwrap
import types
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from cc613hal.board.model import SCHEMA_VERSION
from cc613hal.bus.gpio import LineRequest
from cc613hal.bus.options import BUS_TYPES
from cc613hal.errors import PluginError
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import DriverSpec

__all__ = ["DIALECT", "attribute_help", "board_schema", "schema_of"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The dialect of the schema."""

_Schema = dict[str, Any]
_SCALARS: dict[object, _Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": ["number", "string"]},
    Path: {"type": "string"},
    bytes: {"type": "string", "pattern": "^([0-9A-Fa-f]{2})*$"},
}
_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]*$"
_ATTRIBUTE = re.compile(r"^(\w+)(?: \([^)]*\))?: +(.*(?:\n[ ]{4,}.*)*)", re.MULTILINE)


def board_schema(plugins: Plugins) -> _Schema:
    """The schema of a board file with the drivers that are installed. Drivers whose options cannot be loaded accept any options."""
    specs = [plugins.drivers[name] for name in sorted(plugins.drivers)]
    return {
        "$schema": DIALECT,
        "title": "cc613hal board",
        "type": "object",
        "properties": {
            "schema": {"const": SCHEMA_VERSION, "description": "Version of the board file format."},
            "name": {"type": "string", "minLength": 1, "description": "The board's name."},
            "summary": {"type": "string", "description": "One sentence."},
            "base": {
                "type": "string",
                "description": "Another board by name, or a file; tables merge key by key, and this file wins.",
                "examples": sorted(plugins.boards),
            },
            "bus": {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": _or_removed({"$ref": "#/$defs/bus"})},
            "device": {
                "type": "object",
                "propertyNames": {"pattern": _NAME},
                "additionalProperties": _or_removed({"$ref": "#/$defs/device"}),
            },
        },
        "required": ["schema"],
        "additionalProperties": False,
        "$defs": {"bus": _bus_schema(), "device": _device_schema(specs, plugins), "line": _line_schema()},
    }


def schema_of(kind: Any) -> _Schema:
    """The schema of what an annotation accepts in a board file."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return schema_of(arguments[0])
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if origin in {Union, types.UnionType}:
        options = [schema_of(argument) for argument in arguments if argument is not types.NoneType]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if origin is Literal:
        return {"enum": list(arguments)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if isinstance(kind, type) and attrs.has(kind):
        return _class_schema(kind)
    return _container_schema(origin or kind, arguments)


def attribute_help(cls: type[Any]) -> dict[str, str]:
    """What the ``Attributes:`` sections of a class and its bases say about each attribute."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        _, heading, section = textwrap.dedent(" " * 4 + (base.__doc__ or "")).partition("Attributes:\n")
        if heading:
            body = textwrap.dedent(section.partition("\n\n")[0])
            found.update({name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(body)})
    return found


def _container_schema(container: Any, arguments: tuple[Any, ...]) -> _Schema:
    if container in {list, set, frozenset, Sequence} or (container is tuple and (len(arguments) < 2 or arguments[-1] is Ellipsis)):
        return {"type": "array", "items": schema_of(arguments[0])} if arguments else {"type": "array"}
    if container is tuple:
        return {"type": "array", "prefixItems": [schema_of(argument) for argument in arguments], "minItems": len(arguments), "items": False}
    if container in {dict, Mapping}:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])} if arguments else {"type": "object"}
    return {}


def _class_schema(cls: type[Any]) -> _Schema:
    hints, said = get_type_hints(cls, include_extras=True), attribute_help(cls)
    properties: dict[str, _Schema] = {}
    required: list[str] = []
    for attribute in attrs.fields(cls):
        if not attribute.init:
            continue
        schema = schema_of(hints[attribute.name])
        if attribute.name in said:
            schema["description"] = said[attribute.name]
        if attribute.default is attrs.NOTHING:
            required.append(attribute.alias)
        elif _plain(attribute.default):
            schema["default"] = attribute.default.value if isinstance(attribute.default, Enum) else attribute.default
        properties[attribute.alias] = schema
    whole: _Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**whole, "required": required} if required else whole


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool) or (isinstance(value, Enum) and _plain(value.value))


def _or_removed(schema: _Schema) -> _Schema:
    return {"anyOf": [schema, {"const": False, "description": "Removes what the base has under this name."}]}


def _bus_schema() -> _Schema:
    kinds: list[_Schema] = []
    for name, cls in BUS_TYPES.items():
        schema = _class_schema(cls)
        schema["properties"] = {"type": {"const": name}, **schema["properties"]}
        schema.pop("required", None)  # an overlay may leave to its base what the bus needs
        kinds.append({"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": schema})
    return {"type": "object", "properties": {"type": {"enum": list(BUS_TYPES), "description": "Kind of bus."}}, "allOf": kinds}


def _line_schema() -> _Schema:
    return {"anyOf": [{"type": "string", "description": "The line's name."}, _class_schema(LineRequest)]}


def _device_schema(specs: Sequence[DriverSpec], plugins: Plugins) -> _Schema:
    address = {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "properties": {
            "driver": {"enum": [spec.name for spec in specs], "description": "Which driver; cc613hal list shows them."},
            "connector": {"type": "integer", "minimum": 1, "description": "The connector it belongs to."},
            "required": {"type": "boolean", "default": True, "description": "The board does not open without it."},
            "bus": {"type": "string", "description": "The bus it sits on."},
            "address": {**address, "description": "I2C address, Modbus unit or SPI chip select."},
            "unit": {**address, "description": "Modbus unit."},
            "select": {**address, "description": "SPI chip select."},
            "lines": {"type": "object", "additionalProperties": _or_removed({"$ref": "#/$defs/line"})},
            "uses": {"type": "object", "additionalProperties": {"type": ["string", "boolean"]}},
            "options": {"type": "object"},
        },
        "additionalProperties": False,
        "allOf": [_driver_schema(spec, plugins) for spec in specs],
    }


def _driver_schema(spec: DriverSpec, plugins: Plugins) -> _Schema:
    """What holds for a device with this driver."""
    lines = {line.role: {**_or_removed({"$ref": "#/$defs/line"}), "description": line.help} for line in spec.lines}
    uses = {use.role: {"description": f"{use.help} ({use.capability})"} for use in spec.uses}
    properties: _Schema = {
        "driver": {"description": spec.summary},
        "lines": {"properties": lines, "additionalProperties": False},
        "uses": {"properties": uses, "additionalProperties": False},
    }
    try:
        cls = plugins.options_class(spec)
    except PluginError:
        cls = None
    else:
        properties["options"] = schema_of(cls) if cls is not None else {"maxProperties": 0}
        properties["options"].pop("required", None)
    return {"if": {"properties": {"driver": {"const": spec.name}}, "required": ["driver"]}, "then": {"properties": properties}}
