"""What emulated units answer, held against pymodbus's own requests and answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, WriteMultipleCoilsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, WriteMultipleRegistersRequest, WriteSingleRegisterRequest

from cc613hal.bus.modbus import Table
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit, SharedUnit, crc16, request_length
from cc613hal.errors import DeviceRefused


def units() -> ModbusUnits:
    known = ModbusUnits()
    known.attach(1, RegisterUnit({table: dict.fromkeys(range(300), 0) for table in (Table.HOLDING, Table.COILS)}))
    return known


def ask(known: ModbusUnits, request: object, unit: int = 1) -> object:
    pdu = bytes([request.function_code]) + request.encode()
    answer = known.serve(unit, pdu)
    return None if answer is None else DecodePDU(is_server=False).decode(answer)


@given(st.binary(max_size=260))
def test_the_check_sum_is_pymodbus_s(data: bytes) -> None:
    assert crc16(data) == FramerRTU.compute_CRC(data).to_bytes(2, "big")


@given(st.integers(0, 200), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=100))
def test_registers_written_by_pymodbus_s_requests_are_read_back(address: int, values: list[int]) -> None:
    known = units()
    assert not ask(known, WriteMultipleRegistersRequest(address=address, registers=values, count=len(values))).isError()
    assert ask(known, ReadHoldingRegistersRequest(address=address, count=len(values))).registers == values


@given(st.integers(0, 200), st.lists(st.booleans(), min_size=1, max_size=100))
def test_coils_written_by_pymodbus_s_requests_are_read_back(address: int, bits: list[bool]) -> None:
    known = units()
    assert not ask(known, WriteMultipleCoilsRequest(address=address, bits=bits)).isError()
    assert ask(known, ReadCoilsRequest(address=address, count=len(bits))).bits[: len(bits)] == bits


def test_single_writes_are_echoed() -> None:
    known = units()
    assert ask(known, WriteSingleRegisterRequest(address=4, registers=[77])).registers == [77]
    assert ask(known, WriteSingleCoilRequest(address=4, bits=[True])).bits == [True]
    assert known.units[1].tables[Table.HOLDING][4] == 77


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (bytes.fromhex("2B0E0100"), 1),
        (bytes.fromhex("0303E80001"), 2),
        (bytes.fromhex("03FFFF0002"), 2),
        (bytes.fromhex("0300000000"), 3),
        (bytes.fromhex("030000007E"), 3),
        (bytes.fromhex("0300"), 3),
        (bytes.fromhex("0500011234"), 3),
        (bytes.fromhex("100000000203000100"), 3),
    ],
)
def test_requests_that_cannot_be_are_refused_with_the_code_of_the_standard(pdu: bytes, code: int) -> None:
    assert units().serve(1, pdu) == bytes([pdu[0] | 0x80, code])


@given(st.binary(max_size=30))
def test_no_bytes_whatever_break_a_unit(pdu: bytes) -> None:
    answer = units().serve(1, pdu)
    assert answer is None or answer[0] & 0x7F == pdu[0] & 0x7F


def test_an_absent_unit_says_nothing() -> None:
    assert units().serve(9, bytes.fromhex("0300000001")) is None


def test_a_broadcast_is_obeyed_and_not_answered() -> None:
    known = units()
    known.attach(2, RegisterUnit({Table.HOLDING: {3: 0}}))
    assert known.serve(0, bytes.fromhex("0600030055")) is None
    assert [unit.tables[Table.HOLDING][3] for unit in known.units.values()] == [0x55, 0x55]


def test_a_unit_s_own_refusal_reaches_the_line() -> None:
    class Busy(RegisterUnit):
        def read(self, table: Table, address: int, count: int) -> list[int]:
            raise DeviceRefused("busy", code=6)

    known = ModbusUnits()
    known.attach(1, Busy({}))
    assert known.serve(1, bytes.fromhex("0300000001")) == b"\x83\x06"


@pytest.mark.parametrize(
    ("frame", "length"), [(b"", 0), (b"\1", 0), (b"\1\3", 8), (b"\1\x10\0\0\0\2", 0), (b"\1\x10\0\0\0\2\4", 13), (b"\1\x2b", None)]
)
def test_the_length_of_a_request_is_known_from_its_beginning(frame: bytes, length: int | None) -> None:
    assert request_length(frame) == length


def test_of_several_parts_behind_one_number_the_one_with_the_register_answers() -> None:
    low, high = (RegisterUnit({Table.HOLDING: dict.fromkeys(range(first, first + 16), first)}) for first in (16, 32))
    both = SharedUnit((low, high))
    assert both.read(Table.HOLDING, 16, 2) == [16, 16]
    assert both.read(Table.HOLDING, 32, 2) == [32, 32]
    both.write(Table.HOLDING, 40, [7])
    assert (high.read(Table.HOLDING, 40, 1), low.read(Table.HOLDING, 24, 1)) == ([7], [16])
    with pytest.raises(DeviceRefused) as refusal:
        both.read(Table.HOLDING, 31, 2)  # no single part has both
    assert refusal.value.code == 2
