"""Decoding against independent code, and there and back again."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.client.mixin import ModbusClientMixin

from cc613hal.modbus_map import (
    ByteOrder,
    Derived,
    PlanDecoder,
    ReadDecoder,
    Register,
    RegisterMap,
    ValueType,
    WordOrder,
    decode_register,
    encode_register,
    make_plan,
)

PYMODBUS = {
    ValueType.U16: ModbusClientMixin.DATATYPE.UINT16,
    ValueType.I16: ModbusClientMixin.DATATYPE.INT16,
    ValueType.U32: ModbusClientMixin.DATATYPE.UINT32,
    ValueType.I32: ModbusClientMixin.DATATYPE.INT32,
    ValueType.U64: ModbusClientMixin.DATATYPE.UINT64,
    ValueType.I64: ModbusClientMixin.DATATYPE.INT64,
    ValueType.F32: ModbusClientMixin.DATATYPE.FLOAT32,
    ValueType.F64: ModbusClientMixin.DATATYPE.FLOAT64,
}
ORDERS: dict[WordOrder, Literal["big", "little"]] = {WordOrder.MSW_FIRST: "big", WordOrder.LSW_FIRST: "little"}
words = st.integers(0, 0xFFFF)


def register(kind: ValueType, quantity: str = "power", *, count: int = 0, **more: Any) -> Register:
    return Register(quantity=quantity, address=0, type=kind, count=count or kind.registers, **more)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(PYMODBUS)), st.sampled_from(WordOrder), st.data())
def test_pymodbus_reads_the_same(kind: ValueType, order: WordOrder, data: st.DataObject) -> None:
    content = data.draw(st.lists(words, min_size=kind.registers, max_size=kind.registers))
    ours = decode_register(register(kind, word_order=order), content)
    theirs = ModbusClientMixin.convert_from_registers(content, PYMODBUS[kind], word_order=ORDERS[order])
    assert isinstance(theirs, int | float)
    assert ours == (float(theirs) if math.isfinite(theirs) else None)


@settings(deadline=None)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_block_of_floats_reads_like_struct(value: float) -> None:
    registers = [Register(quantity=name, address=place, type=ValueType.F32, count=2) for name, place in (("power", 14), ("frequency", 11))]
    block = struct.unpack(">8H", b"\xff\xff" + struct.pack(">f", value) + b"\xff\xff" + struct.pack(">f", -value) + b"\xff\xff\xff\xff")
    decoder = ReadDecoder(registers, 10, 8)
    assert decoder.quantities == ("frequency", "power")
    assert decoder.decode(block) == [value, -value]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([ValueType.U16, ValueType.I16, ValueType.U32, ValueType.I32, ValueType.U64, ValueType.I64]),
    st.sampled_from(["1", "0.1", "0.001", "100", "1000", "0.25"]),
    st.sampled_from(WordOrder),
    st.sampled_from(ByteOrder),
    st.data(),
)
def test_a_counter_is_exact_there_and_back(kind: ValueType, scale: str, order: WordOrder, bytes_: ByteOrder, data: st.DataObject) -> None:
    place = register(kind, "energy_import", scale=Decimal(scale), word_order=order, byte_order=bytes_)
    bits = 16 * kind.registers
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind.is_signed else (0, (1 << bits) - 1)
    raw = data.draw(st.integers(low, high))
    value = Decimal(raw) * Decimal(scale)
    assert decode_register(place, encode_register(place, value)) == value


def test_energy_in_a_float_keeps_exactly_what_the_register_says() -> None:
    place = register(ValueType.F32, "energy_import", scale=Decimal(1000))
    content = struct.unpack(">2H", struct.pack(">f", 12345.67))
    value = decode_register(place, content)
    assert isinstance(value, Decimal)
    assert value == Decimal(struct.unpack(">f", struct.pack(">f", 12345.67))[0]) * 1000
    assert str(decode_register(place, (0, 0))) == "0"
    assert str(decode_register(place, struct.unpack(">2H", struct.pack(">f", 5.0)))) == "5000"


def test_a_tenth_is_a_tenth() -> None:
    assert decode_register(register(ValueType.U16, "voltage_l1", scale=Decimal("0.1")), (2301,)) == 230.1


@pytest.mark.parametrize("content", [(0x7FC0, 0), (0x7F80, 0), (0xFF80, 0), (0xFFFF, 0xFFFF)])
@pytest.mark.parametrize("quantity", ["power", "energy_import"])
def test_nan_and_infinity_are_no_values(content: tuple[int, int], quantity: str) -> None:
    assert decode_register(register(ValueType.F32, quantity, scale=Decimal(1000)), content) is None


@pytest.mark.parametrize(
    ("kind", "pattern", "content"),
    [
        (ValueType.I16, 0x8000, (0x8000,)),
        (ValueType.U32, 0xFFFFFFFF, (0xFFFF, 0xFFFF)),
        (ValueType.I32, 0x7FFFFFFF, (0x7FFF, 0xFFFF)),
        (ValueType.U64, (1 << 64) - 1, (0xFFFF,) * 4),
    ],
)
def test_patterns_of_the_map_are_no_values(kind: ValueType, pattern: int, content: tuple[int, ...]) -> None:
    place = register(kind, not_available=(pattern,), scale=Decimal("0.1"))
    assert decode_register(place, content) is None
    assert encode_register(place, None) == content
    assert decode_register(place, (0,) * kind.registers) == 0.0


def test_least_significant_register_first() -> None:
    assert decode_register(register(ValueType.I32, word_order=WordOrder.LSW_FIRST), (0x5678, 0x1234)) == 0x12345678


def test_bytes_exchanged_in_one_register_leave_the_others_alone() -> None:
    swapped = Register(quantity="power", address=0, type=ValueType.U16, count=1, byte_order=ByteOrder.LITTLE)
    plain = Register(quantity="frequency", address=1, type=ValueType.U16, count=1)
    assert ReadDecoder([swapped, plain], 0, 2).decode((0x3412, 0x3412)) == [float(0x1234), float(0x3412)]


def test_text_and_numbers_that_name_something() -> None:
    name = register(ValueType.ASCII, "model", count=4)
    assert decode_register(name, struct.unpack(">4H", b"EM24 \0xx")) == "EM24"
    assert decode_register(name, (0, 0, 0, 0)) is None
    assert decode_register(register(ValueType.U32, "serial_number"), (1, 2)) == "65538"
    assert decode_register(name, encode_register(name, "WM3M4C-long")) == "WM3M4C-l"


@pytest.mark.parametrize(("content", "value"), [((0xFF00, 0x08FC), 230.0), ((0x0000, 0x0032), 50.0), ((0xFDFF, 0xFFFF), -0.001)])
def test_iskra_measurements(content: tuple[int, int], value: float) -> None:
    """230.0 is 2300 with exponent -1; the signed form is sign-extended from 24 bits."""
    assert decode_register(register(ValueType.T6), content) == pytest.approx(value)


@settings(deadline=None)
@given(st.floats(-8000.0, 8000.0))
def test_iskra_there_and_back(value: float) -> None:
    assert decode_register(register(ValueType.T6), encode_register(register(ValueType.T6), value)) == pytest.approx(value, abs=0.0006)


def scaled_meter() -> RegisterMap:
    return RegisterMap(
        name="m",
        vendor="v",
        model="m",
        phases=3,
        registers=(
            Register(quantity="power_import", address=0, type=ValueType.U16, count=1, scale_by="exponent_power"),
            Register(quantity="power_export", address=1, type=ValueType.U16, count=1, scale_by="exponent_power"),
            Register(quantity="exponent_power", address=2, type=ValueType.I16, count=1, not_available=(0x8000,)),
            Register(quantity="energy_import", address=3, type=ValueType.U32, count=2, scale_by="exponent_energy_import"),
            Register(quantity="exponent_energy_import", address=5, type=ValueType.I16, count=1),
        ),
        derived=(Derived(quantity="power", plus=("power_import",), minus=("power_export",)),),
    )


@pytest.mark.parametrize(("exponent", "power"), [(0xFFFF, -2.5), (0, -25.0), (2, -2500.0), (0x8000, None), (100, None)])
def test_scale_registers_and_derived_values(exponent: int, power: float | None) -> None:
    meter = scaled_meter()
    plan = make_plan(meter, [*meter.quantities])
    decoder = PlanDecoder(meter, plan)
    blocks = [(5, 30, exponent, 0, 1234, 1)]
    values = decoder.values(blocks)
    assert values["power"] == power
    assert values["energy_import"] == Decimal(12340)
    assert str(values["energy_import"]) == "12340"
    assert decoder.raw(blocks, "energy_import") == (0, 1234)
    assert decoder.raw(blocks, "power") == ()


def test_several_reads_are_one_set_of_values() -> None:
    meter = scaled_meter()
    plan = make_plan(meter, ["power_import"])
    assert PlanDecoder(meter, plan).values([(7, 0, 1)]) == {"power_import": 70.0, "exponent_power": 1}


@settings(deadline=None)
@given(st.lists(st.integers(-5, 0x1FFFF), max_size=6))
def test_nonsense_answers_are_an_error_never_a_value(content: list[int]) -> None:
    decoder = ReadDecoder([register(ValueType.F32)], 0, 2)
    if len(content) == 2 and all(0 <= word <= 0xFFFF for word in content):
        return
    with pytest.raises(ValueError, match="answer"):
        decoder.decode(content)


def test_what_cannot_be_written_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot say"):
        encode_register(register(ValueType.U16), None)
    with pytest.raises(ValueError, match="does not fit"):
        ReadDecoder([register(ValueType.F32)], 1, 2)
    assert encode_register(register(ValueType.U16), 1e9) == (0xFFFF,)
    assert encode_register(register(ValueType.I16), -1e9) == (0x8000,)
    assert decode_register(register(ValueType.F32), encode_register(register(ValueType.F32), None)) is None
