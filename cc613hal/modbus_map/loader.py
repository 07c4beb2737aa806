"""From a TOML file to a :class:`~cc613hal.modbus_map.RegisterMap`, with every mistake in one go.

::

    format = 1
    [identity]      vendor, model, phases, rebadges
    [link]          transports, unit, baud, parity, data_bits, stop_bits, port
    [limits]        max_registers, gaps_readable, barriers, reply_s, refresh_s, resolution_wh
    [defaults]      table, type, word_order, byte_order            for registers that do not say
    [[register]]    quantity, address, type, count, table, scale, unit, scale_by, word_order, byte_order, not_available, group,
                    optional, example              (or ``register = [{ … }, …]`` before the first table)
    [[derived]]     quantity, plus, minus
    [fingerprint]   address, type, table, word_order, low, high, typical, values
    [discovery]     bases, blocks = [{ ids, address, length }, …]  for devices that say where their registers are (SunSpec)
    [variant.NAME]  help, register, replace, fingerprint           another reading: its registers take the place of the map's of the same
                    quantity (``replace = true``: of all)
    [evidence]      sources, confidence, doubtful, notes
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

from attrs import define, field

from cc613hal.bus.modbus import Table
from cc613hal.modbus_map.model import (
    Block,
    ByteOrder,
    Derived,
    Discovery,
    Fingerprint,
    Limits,
    LinkDefaults,
    MapError,
    Register,
    RegisterMap,
    ValueType,
    Variant,
    WordOrder,
)
from cc613hal.modbus_map.quantities import QUANTITIES, UNIT_FACTORS, Group, Quantity, Shape

__all__ = ["load_map", "parse_map"]

FORMAT = 1
"""Version of the file format."""

_LAST_ADDRESS = 0xFFFF

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

_TABLES = {"holding": Table.HOLDING, "input": Table.INPUT}
_TYPES = {kind.word: kind for kind in ValueType}
_CONFIDENCE = ("cross-checked", "one-source", "inferred")
_TOP = {"format", "identity", "link", "limits", "defaults", "register", "derived", "fingerprint", "discovery", "variant", "evidence"}
_REGISTER_KEYS = {
    "quantity",
    "address",
    "type",
    "count",
    "table",
    "scale",
    "unit",
    "scale_by",
    "word_order",
    "byte_order",
    "not_available",
    "group",
    "optional",
    "example",
}
_LINK_NUMBERS = ("unit", "baud", "data_bits", "stop_bits", "port")
_LIMIT_NUMBERS = {"reply_s": 0.01, "refresh_s": 0.0, "resolution_wh": 0.0}
_WORD_ORDERS = {order.value: order for order in WordOrder}
_BYTE_ORDERS = {order.value: order for order in ByteOrder}
_GROUPS = {group.value: group for group in Group}
_HEADER = re.compile(r"^\s*\[\[?\s*([\w.]+)\s*\]?\]")
_ARRAY = re.compile(r"^\s*(\w+)\s*=\s*\[\s*(#.*)?$")
_ITEM = re.compile(r"^\s*\{")


def load_map(path: Path, *, variant: str = "") -> RegisterMap:
    """Read a register map; its name is the file's.

    Args:
        path: a TOML file.
        variant: the variant to read; ``""`` for the usual one.

    Raises:
        MapError: the file is no register map; ``problems`` has one line per mistake.
        OSError: it cannot be read.
    """
    return parse_map(path.read_text(encoding="utf-8"), name=path.stem, source=path.name, variant=variant)


def parse_map(text: str, *, name: str, source: str = "<map>", variant: str = "") -> RegisterMap:
    """A register map from its text.

    Args:
        text: TOML.
        name: what the map is called.
        source: file name for messages.
        variant: the variant to read; ``""`` for the usual one.

    Raises:
        MapError: with every mistake in the text.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MapError(f"{source} is no TOML", problems=[f"{source}: {error}"]) from error
    checker = _Checker(source, _lines(text))
    found = _read(data, name, variant, checker)
    if checker.problems or found is None:
        count = len(checker.problems)
        raise MapError(f"{source} has {count} mistake{'s' if count != 1 else ''}", problems=checker.problems)
    return found


def _lines(text: str) -> dict[str, int]:
    """Line numbers of tables; ``register[2]`` for the third of its kind, written as ``[[register]]`` or as a line ``{ … }`` of an array."""
    seen: dict[str, int] = {}
    lines: dict[str, int] = {}
    array = ""
    for number, line in enumerate(text.splitlines(), 1):
        opened = _ARRAY.match(line)
        if opened:
            array = opened.group(1)
            lines.setdefault(array, number)
        header = _HEADER.match(line)
        key = header.group(1) if header else array if _ITEM.match(line) else ""
        if key:
            index = seen.get(key, 0)
            seen[key] = index + 1
            lines.setdefault(key, number)
            lines[f"{key}[{index}]"] = number
    return lines


@define
class _Checker:
    source: str
    lines: dict[str, int]
    problems: list[str] = field(factory=list)

    def wrong(self, path: str, reason: str) -> None:
        line = next((self.lines[key] for key in (path, path.rpartition(".")[0], path.partition(".")[0]) if key in self.lines), 1)
        self.problems.append(f"{self.source}:{line}: {path}: {reason}")

    def keys(self, path: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        allowed = sorted(known)
        for key in table:
            if key not in allowed:
                self.wrong(f"{path}.{key}" if path else key, f"unknown key{suggestion(key, allowed)}")

    def table(self, data: Mapping[str, Any], key: str, *, required: bool = False) -> dict[str, Any]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, "must be a table")
            return {}
        if required and key not in data:
            self.wrong(key, "is missing")
        return cast("dict[str, Any]", value)

    def tables(self, data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in cast("list[object]", value)):
            self.wrong(key, f"must be written as [[{key}]]")
            return []
        return cast("list[dict[str, Any]]", value)

    def get(self, path: str, table: Mapping[str, Any], key: str, kind: type[T], default: T) -> T:
        value = table.get(key, default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            self.wrong(f"{path}.{key}", f"must be {_KINDS[kind]}, not {value!r}")
            return default
        return value

    def words(self, path: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in cast("list[object]", value)):
            self.wrong(f"{path}.{key}", "must be a list of strings")
            return ()
        return tuple(cast("list[str]", value))

    def choice(self, path: str, key: str, word: object, choices: Mapping[str, T], default: T) -> T:
        if isinstance(word, str) and word in choices:
            return choices[word]
        self.wrong(f"{path}.{key}", f"{word!r} is none of {', '.join(choices)}{suggestion(str(word), choices)}")
        return default

    def build(self, path: str, make: Callable[[], T]) -> T | None:
        """Values whose class checks them."""
        try:
            return make()
        except (TypeError, ValueError) as error:
            self.wrong(path, str(error.args[0]) if error.args else type(error).__name__)
            return None


_KINDS: dict[type, str] = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}


def suggestion(word: str, known: Iterable[str]) -> str:
    """`` (did you mean …?)`` for a misspelt word, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _read(data: dict[str, Any], name: str, variant: str, checker: _Checker) -> RegisterMap | None:
    checker.keys("", data, _TOP)
    if data.get("format") != FORMAT:
        checker.wrong("format", f"must be {FORMAT}, not {data.get('format')!r}")
    identity = checker.table(data, "identity", required=True)
    checker.keys("identity", identity, ("vendor", "model", "phases", "rebadges"))
    for key in ("vendor", "model", "phases"):
        if key not in identity:
            checker.wrong(f"identity.{key}", "is missing")
    phases = checker.get("identity", identity, "phases", int, 3)
    if phases not in {1, 3}:
        checker.wrong("identity.phases", f"must be 1 or 3, not {phases}")
    evidence = checker.table(data, "evidence", required=True)
    checker.keys("evidence", evidence, ("sources", "confidence", "doubtful", "notes"))
    sources = checker.words("evidence", evidence, "sources")
    if not sources:
        checker.wrong("evidence.sources", "name at least one public source")
    confidence = checker.choice("evidence", "confidence", evidence.get("confidence"), {word: word for word in _CONFIDENCE}, "inferred")
    link, limits = _link(data, checker), _limits(data, checker)
    variants = _variants(data, variant, checker)
    defaults = checker.table(data, "defaults")
    checker.keys("defaults", defaults, ("table", "type", "word_order", "byte_order"))
    registers = _registers(data, defaults, limits or Limits(), checker)
    derived = _derived(data, {register.quantity for register in registers}, checker)
    fingerprint = _fingerprint(data, defaults, checker)
    discovery = _discovery(data, checker)
    if link is None or limits is None:
        return None
    return RegisterMap(
        name=name,
        vendor=checker.get("identity", identity, "vendor", str, ""),
        model=checker.get("identity", identity, "model", str, ""),
        phases=phases,
        rebadges=checker.words("identity", identity, "rebadges"),
        link=link,
        limits=limits,
        registers=registers,
        derived=derived,
        fingerprint=fingerprint,
        sources=sources,
        confidence=confidence,
        doubtful=checker.words("evidence", evidence, "doubtful"),
        notes=checker.words("evidence", evidence, "notes"),
        discovery=discovery,
        variants=variants,
        variant=variant,
    )


def _link(data: dict[str, Any], checker: _Checker) -> LinkDefaults | None:
    table = checker.table(data, "link")
    checker.keys("link", table, ("transports", "unit", "baud", "parity", "data_bits", "stop_bits", "port"))
    transports = checker.words("link", table, "transports") or ("rtu",)
    for transport in transports:
        checker.choice("link", "transports", transport, {"rtu": 0, "tcp": 0}, 0)
    known = LinkDefaults()
    values = {
        key: checker.get("link", table, key, int, cast("int", getattr(known, key)))
        for key in ("unit", "baud", "data_bits", "stop_bits", "port")
    }
    parity = checker.get("link", table, "parity", str, known.parity)
    return checker.build("link", lambda: LinkDefaults(transports=transports, parity=parity, **values))


def _limits(data: dict[str, Any], checker: _Checker) -> Limits | None:
    table = checker.table(data, "limits")
    checker.keys("limits", table, ("max_registers", "gaps_readable", "barriers", "reply_s", "refresh_s", "resolution_wh"))
    barriers: list[tuple[Table, int]] = []
    raw_barriers = table.get("barriers", [])
    for index, item in enumerate(cast("list[object]", raw_barriers) if isinstance(raw_barriers, list) else [raw_barriers]):
        path = f"limits.barriers[{index}]"
        if not isinstance(item, dict):
            checker.wrong(path, 'must look like { table = "input", address = 0x100 }')
            continue
        entry = cast("dict[str, Any]", item)
        checker.keys(path, entry, ("table", "address"))
        where = checker.choice(path, "table", entry.get("table", "input"), _TABLES, Table.INPUT)
        barriers.append((where, checker.get(path, entry, "address", int, 0)))
    largest = checker.get("limits", table, "max_registers", int, 125)
    readable = checker.get("limits", table, "gaps_readable", bool, False)
    times = {key: checker.get("limits", table, key, float, default) for key, default in _LIMIT_NUMBERS.items()}
    return checker.build("limits", lambda: Limits(max_registers=largest, gaps_readable=readable, barriers=tuple(barriers), **times))


def _registers(data: dict[str, Any], defaults: dict[str, Any], limits: Limits, checker: _Checker) -> tuple[Register, ...]:
    found: list[tuple[str, Register]] = []
    tables = checker.tables(data, "register")
    if not tables:
        checker.wrong("register", "a map without registers measures nothing")
    for index, table in enumerate(tables):
        path = f"register[{index}]"
        register = _register(path, {**defaults, **table}, limits, checker)
        if register is not None:
            found.append((path, register))
    _check_together(found, limits, checker)
    return tuple(register for _, register in sorted(found, key=lambda item: (item[1].table.value, item[1].address)))


def _register(path: str, table: dict[str, Any], limits: Limits, checker: _Checker) -> Register | None:
    checker.keys(path, table, _REGISTER_KEYS)
    before = len(checker.problems)
    for key in ("quantity", "address", "type"):
        if key not in table:
            checker.wrong(f"{path}.{key}", "is missing")
    name = checker.get(path, table, "quantity", str, "")
    quantity = QUANTITIES.get(name)
    if quantity is None and "quantity" in table:
        checker.wrong(f"{path}.quantity", f"{name!r} is no word of the vocabulary{suggestion(name, QUANTITIES)}")
    kind = checker.choice(path, "type", table.get("type"), _TYPES, ValueType.U16) if "type" in table else ValueType.U16
    count = _count(path, table, kind, limits, checker)
    address = checker.get(path, table, "address", int, 0)
    if not 0 <= address <= 0x10000 - max(count, 1):
        checker.wrong(f"{path}.address", f"{address} is outside 0 to 65535")
    scale = _scale(path, table, quantity, checker) if quantity else Decimal(1)
    if quantity is not None and len(checker.problems) == before:
        _check_shape(path, quantity, kind, checker)
    register = Register(
        quantity=name,
        address=address,
        type=kind,
        count=count,
        table=checker.choice(path, "table", table.get("table", "input"), _TABLES, Table.INPUT),
        scale=scale,
        scale_by=checker.get(path, table, "scale_by", str, ""),
        word_order=checker.choice(path, "word_order", table.get("word_order", "msw-first"), _WORD_ORDERS, WordOrder.MSW_FIRST),
        byte_order=checker.choice(path, "byte_order", table.get("byte_order", "big"), _BYTE_ORDERS, ByteOrder.BIG),
        not_available=_patterns(path, table, count, checker),
        group=checker.choice(path, "group", table["group"], _GROUPS, Group.FAST)
        if "group" in table
        else (quantity.group if quantity else Group.FAST),
        optional=checker.get(path, table, "optional", bool, False),
        example=_example(path, table, quantity, checker),
    )
    return register if len(checker.problems) == before else None


def _count(path: str, table: dict[str, Any], kind: ValueType, limits: Limits, checker: _Checker) -> int:
    count = checker.get(path, table, "count", int, kind.registers)
    if kind.registers and count != kind.registers:
        checker.wrong(f"{path}.count", f"{kind.word} takes {kind.registers} registers, not {count}")
    if not kind.registers and count < 1:
        checker.wrong(f"{path}.count", f"say how many registers this {kind.word} takes")
    if count > limits.max_registers:
        checker.wrong(f"{path}.count", f"{count} registers are more than the device gives in one read ({limits.max_registers})")
    return count


def _scale(path: str, table: dict[str, Any], quantity: Quantity, checker: _Checker) -> Decimal:
    factors = UNIT_FACTORS[quantity.unit]
    factor = checker.choice(path, "unit", table.get("unit", quantity.unit), factors, Decimal(1))
    written = table.get("scale", 1)
    try:
        scale = Decimal(str(written)) if type(written) in {int, float, str} else Decimal("NaN")
    except InvalidOperation:
        scale = Decimal("NaN")
    if not scale.is_finite() or scale == 0:
        checker.wrong(f"{path}.scale", f"must be a number other than 0, not {written!r}")
        return Decimal(1)
    return scale * factor


def _patterns(path: str, table: dict[str, Any], count: int, checker: _Checker) -> tuple[int, ...]:
    value = table.get("not_available", [])
    patterns = cast("list[object]", value if isinstance(value, list) else [value])
    for pattern in patterns:
        if type(pattern) is not int or not 0 <= pattern < 1 << (16 * max(count, 1)):
            checker.wrong(f"{path}.not_available", f"{pattern!r} is no content of {count} registers, written as an unsigned number")
            return ()
    return tuple(cast("list[int]", patterns))


def _example(path: str, table: dict[str, Any], quantity: Quantity | None, checker: _Checker) -> int | str | None:
    if "example" not in table or quantity is None:
        return None
    return checker.get(path, table, "example", str, "") if quantity.shape is Shape.TEXT else checker.get(path, table, "example", int, 0)


def _check_shape(path: str, quantity: Quantity, kind: ValueType, checker: _Checker) -> None:
    if kind is ValueType.ASCII and quantity.shape is not Shape.TEXT:
        checker.wrong(f"{path}.type", f"{quantity.name} is no text")
    if kind is ValueType.HEX32 and quantity.shape is not Shape.TEXT:
        checker.wrong(f"{path}.type", f"{quantity.name} is not told in hexadecimal digits")
    if kind.is_float and quantity.shape in {Shape.TEXT, Shape.INTEGER}:
        checker.wrong(f"{path}.type", f"{quantity.name} is a whole number or text, not {kind.word}")


def _check_together(found: list[tuple[str, Register]], limits: Limits, checker: _Checker) -> None:
    """What only shows between registers: doubles, overlaps, scale registers that are not there, barriers through a value."""
    first: dict[str, str] = {}
    for path, register in found:
        if register.quantity in first:
            checker.wrong(path, f"{register.quantity} is already read from {first[register.quantity]}")
        first.setdefault(register.quantity, path)
        for table, barrier in limits.barriers:
            if table is register.table and register.address < barrier < register.end:
                checker.wrong(path, f"the barrier at {barrier:#06x} cuts {register.quantity} in two")
    names = {register.quantity: register for _, register in found}
    for path, register in found:
        if register.scale_by:
            scale = names.get(register.scale_by)
            if scale is None or QUANTITIES[scale.quantity].shape is not Shape.INTEGER:
                checker.wrong(
                    f"{path}.scale_by", f"{register.scale_by!r} is no exponent register of this map{suggestion(register.scale_by, names)}"
                )
    ordered = sorted(found, key=lambda item: (item[1].table.value, item[1].address, item[1].end))
    for (_, before), (path, register) in pairwise(ordered):
        if before.table is register.table and register.address < before.end:
            place = f"{before.address:#06x} to {before.end - 1:#06x}"
            checker.wrong(path, f"{register.quantity} at {register.address:#06x} overlaps {before.quantity} ({place})")


def _derived(data: dict[str, Any], registers: set[str], checker: _Checker) -> tuple[Derived, ...]:
    found: list[Derived] = []
    for index, table in enumerate(checker.tables(data, "derived")):
        path = f"derived[{index}]"
        checker.keys(path, table, ("quantity", "plus", "minus"))
        name = checker.get(path, table, "quantity", str, "")
        derived = Derived(quantity=name, plus=checker.words(path, table, "plus"), minus=checker.words(path, table, "minus"))
        if name not in QUANTITIES:
            checker.wrong(f"{path}.quantity", f"{name!r} is no word of the vocabulary{suggestion(name, QUANTITIES)}")
        elif name in registers or any(other.quantity == name for other in found):
            checker.wrong(f"{path}.quantity", f"{name} is already there")
        elif QUANTITIES[name].shape not in {Shape.NUMBER, Shape.COUNTER}:
            checker.wrong(f"{path}.quantity", f"{name} cannot be calculated")
        if not derived.plus:
            checker.wrong(f"{path}.plus", "name what it is made of")
        for item in derived.inputs:
            if item not in registers:
                checker.wrong(path, f"{item!r} has no register in this map{suggestion(item, registers)}")
            elif name in QUANTITIES and QUANTITIES[item].unit != QUANTITIES[name].unit:
                checker.wrong(path, f"{item} is in {QUANTITIES[item].unit or 'no unit'}, {name} in {QUANTITIES[name].unit or 'no unit'}")
        found.append(derived)
    return tuple(found)


def _fingerprint(data: dict[str, Any], defaults: dict[str, Any], checker: _Checker) -> Fingerprint | None:
    if "fingerprint" not in data:
        return None
    path = "fingerprint"
    table = {**defaults, **checker.table(data, path)}
    checker.keys(path, table, ("address", "type", "table", "word_order", "byte_order", "low", "high", "typical", "values"))
    kind = checker.choice(path, "type", table.get("type"), {word: kind for word, kind in _TYPES.items() if kind.registers}, ValueType.U16)
    values = table.get("values", [])
    if not isinstance(values, list) or not all(type(value) is int for value in cast("list[object]", values)):
        checker.wrong(f"{path}.values", "must be a list of whole numbers")
        values = []
    if not values and not {"low", "high"} & table.keys():
        checker.wrong(path, "say what it must read: low and high, or values")
    register = Register(
        quantity="fingerprint",
        address=checker.get(path, table, "address", int, 0),
        type=kind,
        count=kind.registers,
        table=checker.choice(path, "table", table.get("table", "input"), _TABLES, Table.INPUT),
        word_order=checker.choice(path, "word_order", table.get("word_order", "msw-first"), _WORD_ORDERS, WordOrder.MSW_FIRST),
        byte_order=checker.choice(path, "byte_order", table.get("byte_order", "big"), _BYTE_ORDERS, ByteOrder.BIG),
    )
    return Fingerprint(
        register=register,
        low=checker.get(path, table, "low", float, float("-inf")),
        high=checker.get(path, table, "high", float, float("inf")),
        values=tuple(cast("list[int]", values)),
        typical=_typical(path, table, checker),
    )


def _typical(path: str, table: Mapping[str, Any], checker: _Checker) -> tuple[float, float] | None:
    if "typical" not in table:
        return None
    value = table["typical"]
    pair = cast("list[object]", value) if isinstance(value, list) else []
    if len(pair) != 2 or not all(type(number) in {int, float} for number in pair):  # a range has two ends
        checker.wrong(f"{path}.typical", "must be the smallest and the largest number")
        return None
    low, high = cast("list[float]", pair)
    return float(low), float(high)


def _discovery(data: dict[str, Any], checker: _Checker) -> Discovery | None:
    if "discovery" not in data:
        return None
    table = checker.table(data, "discovery")
    checker.keys("discovery", table, ("bases", "blocks"))
    blocks: list[Block] = []
    for index, item in enumerate(checker.tables(table, "blocks")):
        path = f"discovery.blocks[{index}]"
        checker.keys(path, item, ("ids", "address", "length"))
        address, length = (checker.get(path, item, key, int, 0) for key in ("address", "length"))
        blocks.append(Block(ids=_numbers(path, item, "ids", checker), address=address, length=length))
    bases = _numbers("discovery", table, "bases", checker)
    if not blocks:
        checker.wrong("discovery.blocks", "name the blocks to look for")
    if any(after.address < before.end for before, after in pairwise(blocks)):
        checker.wrong("discovery.blocks", "must be in the order of their addresses and not overlap")
    return Discovery(bases=bases, blocks=tuple(blocks))


def _numbers(path: str, table: Mapping[str, Any], key: str, checker: _Checker) -> tuple[int, ...]:
    value = table.get(key, [])
    numbers = cast("list[object]", value) if isinstance(value, list) else []
    if not numbers or not all(type(number) is int and 0 <= number <= _LAST_ADDRESS for number in numbers):
        checker.wrong(f"{path}.{key}", "must be a list of whole numbers from 0 to 65535")
        return ()
    return tuple(cast("list[int]", numbers))


def _variants(data: dict[str, Any], wanted: str, checker: _Checker) -> tuple[Variant, ...]:
    """The variants there are; the registers of the wanted one take their places in ``data``."""
    found: list[Variant] = []
    tables = checker.table(data, "variant")
    for name in tables:
        path = f"variant.{name}"
        table = checker.table(tables, name)
        checker.keys(path, table, ("help", "register", "replace", "fingerprint"))
        found.append(Variant(name=name, help=checker.get(path, table, "help", str, "")))
        changed = checker.tables(table, "register")
        replaced = checker.get(path, table, "replace", bool, False)
        if name == wanted:
            quantities = {item.get("quantity") for item in changed}
            kept = [] if replaced else [item for item in checker.tables(data, "register") if item.get("quantity") not in quantities]
            data["register"] = [*kept, *changed]
            if "fingerprint" in table:
                data["fingerprint"] = table["fingerprint"]
    if wanted and wanted not in tables:
        known = ", ".join(tables) or "it has none"
        checker.wrong("variant", f"there is no variant {wanted!r} (there is: {known}){suggestion(wanted, tables)}")
    return tuple(found)
