"""From registers to values, and back for emulated meters.

A :class:`ReadDecoder` is compiled once for one read of a plan: one ``struct`` call takes the whole block apart, and only values
that need more than that (scales, counters, patterns) cost a call of their own.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from operator import itemgetter
from typing import Any, TypeAlias

from cc613hal.modbus_map.model import ByteOrder, Register, RegisterMap, ValueType, WordOrder
from cc613hal.modbus_map.planner import Plan
from cc613hal.modbus_map.quantities import QUANTITIES, Shape

__all__ = ["PlanDecoder", "ReadDecoder", "Value", "decode_register", "encode_register"]

Value: TypeAlias = float | int | Decimal | str | None
"""What a register can become; ``None`` for not available."""

_Convert: TypeAlias = Callable[[Any], Value]

_EXACT = Context(prec=200)
"""Wide enough for the exact product of any finite 32-bit float and a scale."""
_ZERO = Decimal(0)
_FORMATS = {
    ValueType.U16: "H",
    ValueType.I16: "h",
    ValueType.U32: "I",
    ValueType.I32: "i",
    ValueType.U64: "Q",
    ValueType.I64: "q",
    ValueType.F32: "f",
    ValueType.F64: "d",
    ValueType.T5: "I",
    ValueType.T6: "I",
    ValueType.HEX32: "I",
}
_WIDEST_EXPONENT = 24
"""A scale register with more than this is noise, not a scale."""


class ReadDecoder:
    """Takes the registers of one read apart.

    Args:
        registers: the values to decode; each inside the read.
        address: where the read starts.
        count: how many registers it has.

    Raises:
        ValueError: a value is not wholly inside the read.
    """

    def __init__(self, registers: Sequence[Register], address: int, count: int) -> None:
        ordered = sorted(registers, key=lambda register: register.address)
        self.quantities: tuple[str, ...] = tuple(register.quantity for register in ordered)
        layout = [">"]
        order = list(range(count))
        swapped: set[int] = set()
        position = 0
        for register in ordered:
            at = register.address - address
            if at < position or at + register.count > count:
                raise ValueError(f"{register.quantity} at {register.address} does not fit a read of {count} from {address}")
            layout.append("xx" * (at - position))
            layout.append(_FORMATS.get(register.type) or f"{2 * register.count}s")
            position = at + register.count
            if register.word_order is WordOrder.LSW_FIRST and register.type is not ValueType.ASCII:
                order[at:position] = reversed(order[at:position])
            if register.byte_order is ByteOrder.LITTLE:
                swapped.update(range(at, position))
        layout.append("xx" * (count - position))
        self._count = count
        self._pack = struct.Struct(f">{count}H").pack
        self._unpack = struct.Struct("".join(layout)).unpack
        self._reorder = itemgetter(*order) if order != sorted(order) else None
        self._swapped = frozenset(swapped)
        self._numbers = all(register.type is not ValueType.ASCII for register in ordered)
        self._converters = tuple((slot, convert) for slot, register in enumerate(ordered) if (convert := _converter(register)) is not None)

    def decode(self, words: Sequence[int]) -> list[Value]:
        """The values of one answer, in the order of ``quantities``; scale registers are not yet applied.

        Args:
            words: the registers of the read, unsigned.

        Raises:
            ValueError: another number of registers than the read has, or one that is not 16 bits wide.
        """
        if self._swapped:
            words = [(word & 0xFF) << 8 | word >> 8 if at in self._swapped else word for at, word in enumerate(words)]
        if len(words) != self._count:
            raise ValueError(f"a read of {self._count} registers was answered with {len(words)}")
        if self._reorder is not None:
            words = self._reorder(words)
        try:
            raw = self._unpack(self._pack(*words))
        except struct.error as error:
            raise ValueError(f"an answer holds something that is no register: {error}") from error
        if self._numbers:
            values: list[Value] = [value if math.isfinite(value) else None for value in raw]
        else:
            values = list(raw)
        for slot, convert in self._converters:
            values[slot] = convert(raw[slot])
        return values


class PlanDecoder:
    """Takes the answers to a whole plan apart: scale registers applied, derived values calculated.

    Args:
        meter: the register map.
        plan: reads made for it.
        quantities: what is wanted; the plan's quantities and every derived value they allow, if omitted.
    """

    def __init__(self, meter: RegisterMap, plan: Plan) -> None:
        self.plan = plan
        self._reads: list[ReadDecoder] = []
        self.slots: dict[str, int] = {}
        self._places: dict[str, tuple[int, int, int]] = {}
        scaled: list[tuple[int, str]] = []
        for index, read in enumerate(plan.reads):
            decoder = ReadDecoder(read.registers, read.address, read.count)
            self._reads.append(decoder)
            by_name = {register.quantity: register for register in read.registers}
            for quantity in decoder.quantities:
                register = by_name[quantity]
                slot = self.slots[quantity] = len(self.slots)
                start = register.address - read.address
                self._places[quantity] = (index, start, start + register.count)
                if register.scale_by:
                    scaled.append((slot, register.scale_by))
        self._scaled = tuple((slot, self.slots[name]) for slot, name in scaled)
        possible = [item for item in meter.derived if all(name in self.slots for name in item.inputs)]
        self._derived = tuple(
            (tuple(self.slots[name] for name in item.plus), tuple(self.slots[name] for name in item.minus)) for item in possible
        )
        for item in possible:
            self.slots[item.quantity] = len(self.slots)
        self._only = self._reads[0].decode if len(self._reads) == 1 else None

    def decode(self, blocks: Sequence[Sequence[int]]) -> list[Value]:
        """All values; ``slots`` says which is where.

        Args:
            blocks: the answers, one per read, in the plan's order.

        Raises:
            ValueError: a block has the wrong length.
        """
        if self._only is not None:
            values = self._only(blocks[0])
        else:
            values = list[Value]()
            for decoder, words in zip(self._reads, blocks, strict=True):
                values += decoder.decode(words)
        for slot, exponent in self._scaled:
            values[slot] = _rescaled(values[slot], values[exponent])
        for plus, minus in self._derived:
            values.append(_difference(values, plus, minus))
        return values

    def values(self, blocks: Sequence[Sequence[int]]) -> dict[str, Value]:
        """All values by quantity; slower than :meth:`decode`."""
        decoded = self.decode(blocks)
        return {quantity: decoded[slot] for quantity, slot in self.slots.items()}

    def raw(self, blocks: Sequence[Sequence[int]], quantity: str) -> tuple[int, ...]:
        """The registers a quantity came from, in wire order; empty for a derived one."""
        if quantity not in self._places:
            return ()
        index, start, stop = self._places[quantity]
        return tuple(blocks[index][start:stop])

    def place(self, quantity: str) -> tuple[int, int, int] | None:
        """Index of the read, first and last-plus-one position of a quantity's registers; ``None`` if it has none here."""
        return self._places.get(quantity)


def decode_register(register: Register, words: Sequence[int]) -> Value:
    """One value from its registers, without its scale register."""
    return ReadDecoder((register,), register.address, register.count).decode(words)[0]


def encode_register(register: Register, value: Value, *, exponent: int = 0) -> tuple[int, ...]:
    """The registers that say ``value``, as a meter would write them: rounded to its resolution, held at the end of its range.

    Args:
        register: which register.
        value: in the quantity's unit; ``None`` writes the register's "not available".
        exponent: content of the scale register.

    Raises:
        ValueError: ``None`` for a register that cannot say so, or text for a number.
    """
    data = _bytes(register, value, exponent)
    words = list(struct.unpack(f">{register.count}H", data))
    if register.word_order is WordOrder.LSW_FIRST and register.type is not ValueType.ASCII:
        words.reverse()
    if register.byte_order is ByteOrder.LITTLE:
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    return tuple(words)


def _bytes(register: Register, value: Value, exponent: int) -> bytes:
    width = 2 * register.count
    if value is None:
        if register.not_available:
            return register.not_available[0].to_bytes(width, "big")
        if register.type.is_float:
            return struct.pack(">" + _FORMATS[register.type], math.nan)
        raise ValueError(f"{register.quantity} cannot say that it has no value")
    if register.type is ValueType.ASCII:
        return str(value).encode("ascii", "replace")[:width].ljust(width, b"\0")
    number = Decimal(value if not isinstance(value, float) else repr(value))
    raw = (number / register.scale).scaleb(-exponent)
    if register.type.is_float:
        return struct.pack(">" + _FORMATS[register.type], float(raw))
    if register.type in {ValueType.T5, ValueType.T6}:
        return _decade(raw, signed=register.type is ValueType.T6)
    bits = 8 * width
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if register.type.is_signed else (0, (1 << bits) - 1)
    return max(low, min(high, int(raw.to_integral_value()))).to_bytes(width, "big", signed=register.type.is_signed)


def _decade(raw: Decimal, *, signed: bool) -> bytes:
    """A number in Iskra's measurement type, with three decimals while they fit."""
    limit = (1 << 23) - 1 if signed else (1 << 24) - 1
    for exponent in range(-3, 128):
        mantissa = int(raw.scaleb(-exponent).to_integral_value())
        if abs(mantissa) <= limit:
            return exponent.to_bytes(1, "big", signed=True) + (mantissa & 0xFFFFFF).to_bytes(3, "big")
    raise ValueError(f"{raw} is out of range")


def _converter(register: Register) -> _Convert | None:
    """What a raw value needs to become a value; ``None`` where a finite number is the value."""
    quantity = QUANTITIES.get(register.quantity)
    shape = quantity.shape if quantity else Shape.NUMBER
    convert = _shaped(register, shape)
    absent = frozenset(_as_read(register, pattern) for pattern in register.not_available)
    if not absent:
        return convert

    def known(raw: Any) -> Value:
        if raw in absent:
            return None
        return convert(raw) if convert else raw if math.isfinite(raw) else None

    return known


def _shaped(register: Register, shape: Shape) -> _Convert | None:
    if register.type is ValueType.ASCII:
        return _text
    if register.type in {ValueType.T5, ValueType.T6}:
        return _decade_reader(register)
    if register.type is ValueType.HEX32:
        return lambda raw: f"{raw:08x}"
    if shape is Shape.TEXT:
        return str
    if shape is Shape.INTEGER:
        return None if register.scale == 1 else lambda raw: int(raw * register.scale)
    if shape is Shape.COUNTER:
        return _counter(register.scale)
    return _number(register)


def _as_read(register: Register, pattern: int) -> object:
    data = pattern.to_bytes(2 * register.count, "big")
    return data if register.type is ValueType.ASCII else struct.unpack(">" + _FORMATS[register.type], data)[0]


def _text(raw: bytes) -> str | None:
    text = raw.partition(b"\0")[0].decode("ascii", "replace").strip()
    return text or None


def _counter(scale: Decimal) -> _Convert:
    if scale == 1:
        return lambda raw: Decimal(raw) if math.isfinite(raw) else None
    power, add, multiply, shift = _EXACT.scaleb, _EXACT.add, _EXACT.multiply, scale.adjusted()
    if scale == Decimal(1).scaleb(shift):  # kWh, 0.1 Wh: moving the point keeps the digits; adding zero writes 5E+3 as 5000
        return lambda raw: add(power(Decimal(raw), shift), _ZERO) if math.isfinite(raw) else None
    return lambda raw: multiply(Decimal(raw), scale) if math.isfinite(raw) else None


def _number(register: Register) -> _Convert | None:
    scale = register.scale
    if scale == 1:
        return None if register.type.is_float else float
    inverse = 1 / scale
    if abs(scale) < 1 and inverse == inverse.to_integral_value():
        divisor = float(inverse)
        return lambda raw: raw / divisor if math.isfinite(raw) else None  # 2301 / 10 is 230.1; 2301 * 0.1 is not
    factor = float(scale)
    return lambda raw: raw * factor if math.isfinite(raw) else None


def _decade_reader(register: Register) -> _Convert:
    signed = register.type is ValueType.T6
    scale = register.scale
    counter = QUANTITIES[register.quantity].shape is Shape.COUNTER if register.quantity in QUANTITIES else False

    def read(raw: int) -> Value:
        exponent, mantissa = raw >> 24, raw & 0xFFFFFF
        exponent -= (exponent & 0x80) << 1
        if signed:
            mantissa -= (mantissa & 0x800000) << 1
        if abs(exponent) > _WIDEST_EXPONENT:
            return None
        exact = _EXACT.multiply(_EXACT.scaleb(Decimal(mantissa), exponent), scale)
        return exact if counter else float(exact)

    return read


def _rescaled(value: Value, exponent: Value) -> Value:
    if value is None or not isinstance(exponent, int) or abs(exponent) > _WIDEST_EXPONENT:
        return None
    if isinstance(value, Decimal):
        return _EXACT.add(_EXACT.scaleb(value, exponent), _ZERO)
    if isinstance(value, str):
        return value
    return value * 10.0**exponent if exponent >= 0 else value / 10.0**-exponent


def _difference(values: Sequence[Value], plus: tuple[int, ...], minus: tuple[int, ...]) -> Value:
    total: Any = 0
    for slot in plus + minus:
        value: Any = values[slot]
        if value is None or isinstance(value, str):
            return None
        total = total - value if slot in minus else total + value
    result: Value = total
    return result
