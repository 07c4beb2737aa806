"""The byte form of Modbus in recordings: the published examples, and every request there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.bus.modbus import ModbusRequest, Table
from cc613hal.bus.replay.pdu import PDU_NOTE, answer_pdu, crc16, pdu_of, refusal_pdu, request_pdu, values_from
from cc613hal.bus.trace import Frame
from cc613hal.errors import DeviceRefused, FrameError

words = st.integers(min_value=0, max_value=0xFFFF)


def reads() -> st.SearchStrategy[ModbusRequest]:
    return st.builds(
        ModbusRequest, unit=st.integers(1, 247), table=st.sampled_from(Table), address=st.integers(0, 65000), count=st.integers(1, 125)
    )


def registers(count: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(words, min_size=count, max_size=count).map(tuple)


@pytest.mark.parametrize(
    ("request_", "pdu"),
    [
        (ModbusRequest(unit=1, table=Table.HOLDING, address=0x6B, count=3), "03006B0003"),
        (ModbusRequest(unit=1, table=Table.INPUT, address=8, count=1), "0400080001"),
        (ModbusRequest(unit=1, table=Table.COILS, address=0x13, count=19), "0100130013"),
        (ModbusRequest(unit=1, table=Table.COILS, address=0xAC, count=1, values=(1,)), "0500ACFF00"),
        (ModbusRequest(unit=1, table=Table.HOLDING, address=1, count=1, values=(3,)), "0600010003"),
        (ModbusRequest(unit=1, table=Table.COILS, address=0x13, count=10, values=(1, 0, 1, 1, 0, 0, 1, 1, 1, 0)), "0F0013000A02CD01"),
        (ModbusRequest(unit=1, table=Table.HOLDING, address=1, count=2, values=(10, 0x102)), "1000010002 04 000A0102"),
    ],
)
def test_requests_are_those_of_the_specification_s_examples(request_: ModbusRequest, pdu: str) -> None:
    assert request_pdu(request_) == bytes.fromhex(pdu)


def test_an_answer_is_that_of_the_specification_s_example() -> None:
    request = ModbusRequest(unit=1, table=Table.HOLDING, address=0x6B, count=3)
    assert answer_pdu(request, (0x22B, 0, 0x64)) == bytes.fromhex("0306022B00000064")


@given(st.data())
def test_what_was_read_comes_back(data: st.DataObject) -> None:
    request = data.draw(reads())
    values = data.draw(registers(request.count))
    if request.table in {Table.COILS, Table.DISCRETE_INPUTS}:
        values = tuple(value & 1 for value in values)
    assert values_from(request, answer_pdu(request, values)) == values


@given(registers(5), st.sampled_from([Table.HOLDING, Table.COILS]), st.integers(1, 5))
def test_a_write_is_confirmed(values: tuple[int, ...], table: Table, count: int) -> None:
    request = ModbusRequest(unit=1, table=table, address=7, count=count, values=values[:count])
    assert values_from(request, answer_pdu(request, ())) == ()


def test_an_exception_answer_refuses_with_its_name() -> None:
    request = ModbusRequest(unit=9, table=Table.INPUT, address=0, count=2)
    with pytest.raises(DeviceRefused, match=r"unit 9 refused: illegal data address \(code 2\)") as caught:
        values_from(request, refusal_pdu(request, 2))
    assert caught.value.code == 2


@given(reads(), st.binary(max_size=20))
def test_rubbish_never_becomes_values_of_another_length(request: ModbusRequest, rubbish: bytes) -> None:
    try:
        assert len(values_from(request, rubbish)) == request.count
    except (FrameError, DeviceRefused):
        pass


def test_a_write_that_confirms_another_value_is_no_answer() -> None:
    request = ModbusRequest(unit=1, table=Table.HOLDING, address=1, count=1, values=(3,))
    with pytest.raises(FrameError, match="does not confirm"):
        values_from(request, bytes.fromhex("0600010004"))


@pytest.mark.parametrize(
    ("data", "note"),
    [("0400000006", PDU_NOTE), ("010400000006 700 8".replace(" ", ""), ""), ("00070000000601 0400000006".replace(" ", ""), "")],
)
def test_the_unit_s_part_is_found_in_every_frame_form(data: str, note: str) -> None:
    assert pdu_of(Frame(0.0, "meter", "1", ">", bytes.fromhex(data), note)) == bytes.fromhex("0400000006")


def test_noise_holds_no_unit_s_part() -> None:
    assert pdu_of(Frame(0.0, "meter", "1", "<", bytes.fromhex("0104FFFF00"))) is None


def test_the_check_sum_is_the_published_one() -> None:
    assert crc16(b"123456789") == 0x4B37
