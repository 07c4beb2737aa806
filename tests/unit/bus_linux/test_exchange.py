"""Requests as bytes, and which answers fit them; held against pymodbus's server side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.pdu import DecodePDU

from cc613hal.bus.linux.modbus_pymodbus import Exchange, Exchanges, check_sum, foreign_length
from cc613hal.bus.modbus import ModbusRequest, Table
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit, crc16
from cc613hal.errors import ConfigError, DeviceRefused

WRITABLE = st.sampled_from((Table.HOLDING, Table.COILS))


@st.composite
def requests(draw: st.DrawFn) -> ModbusRequest:
    unit, address = draw(st.integers(1, 247)), draw(st.integers(0, 1000))
    if draw(st.booleans()):
        table = draw(st.sampled_from(list(Table)))
        most = 125 if table in {Table.HOLDING, Table.INPUT} else 300
        return ModbusRequest(unit=unit, table=table, address=address, count=draw(st.integers(1, most)))
    table = draw(WRITABLE)
    values = draw(st.lists(st.integers(0, 1 if table is Table.COILS else 0xFFFF), min_size=1, max_size=100))
    return ModbusRequest(unit=unit, table=table, address=address, count=len(values), values=tuple(values))


def served(request: ModbusRequest) -> tuple[bytes, dict[int, int]]:
    """The answer of an emulated unit, and what it holds afterwards."""
    values = {address: (address * 7) % (2 if request.table in {Table.COILS, Table.DISCRETE_INPUTS} else 0x10000) for address in range(1500)}
    unit = RegisterUnit({request.table: values})
    units = ModbusUnits()
    units.attach(request.unit, unit)
    pdu = units.serve(request.unit, Exchange.of(request).pdu)
    assert pdu is not None
    return pdu, unit.tables[request.table]


@given(requests())
def test_every_request_is_answered_believed_and_carried_out(request: ModbusRequest) -> None:
    exchange = Exchange.of(request)
    pdu, held = served(request)
    assert exchange.answers(pdu)
    span = range(request.address, request.address + request.count)
    if request.values:
        assert exchange.values(pdu) == ()
        assert [held[address] for address in span] == list(request.values)
    else:
        assert exchange.values(pdu) == tuple(held[address] for address in span)


@given(requests())
def test_pymodbus_s_server_side_understands_every_request(request: ModbusRequest) -> None:
    decoded = DecodePDU(is_server=True).decode(Exchange.of(request).pdu)
    assert decoded is not None
    assert decoded.address == request.address


@given(requests(), requests())
def test_an_answer_to_another_request_is_believed_only_if_it_has_the_same_shape(first: ModbusRequest, second: ModbusRequest) -> None:
    pdu, _ = served(second)
    if Exchange.of(first).answers(pdu):
        assert first.table is second.table
        assert bool(first.values) is bool(second.values)
        if first.values:
            assert (first.address, first.count) == (second.address, second.count)
        else:
            size = 8 if first.table in {Table.COILS, Table.DISCRETE_INPUTS} else 1
            assert -(-first.count // size) == -(-second.count // size)


@given(requests(), st.binary(max_size=5), st.binary(max_size=5))
def test_an_answer_is_found_among_stray_bytes(request: ModbusRequest, before: bytes, after: bytes) -> None:
    pdu, _ = served(request)
    frame = bytes([request.unit]) + pdu
    frame += check_sum(frame)
    exchange = Exchange.of(request)
    assert exchange.begun(frame[:3])
    found = exchange.find(before + frame + after)
    assert found is not None
    assert found[0] == frame


@given(requests(), st.binary(max_size=40))
def test_bytes_that_are_no_answer_are_never_found(request: ModbusRequest, heard: bytes) -> None:
    found = Exchange.of(request).find(heard)
    if found is not None:
        frame, _ = found
        assert frame[0] == request.unit
        assert crc16(frame[:-2]) == frame[-2:]


@given(st.binary(max_size=40))
def test_only_whole_undamaged_frames_count_as_foreign_answers(heard: bytes) -> None:
    length = foreign_length(heard)
    assert length == 0 or crc16(heard[: length - 2]) == heard[length - 2 : length]


def test_a_foreign_answer_is_measured() -> None:
    frame = bytes.fromhex("05030400010002")
    frame += crc16(frame)
    assert foreign_length(frame + b"\1\2") == 9
    assert foreign_length(frame[:-1]) == 0


@pytest.mark.parametrize("code", [1, 2, 6, 200])
def test_a_refusal_is_an_answer_and_carries_its_code(code: int) -> None:
    exchange = Exchange.of(ModbusRequest(unit=1, table=Table.HOLDING, address=0, count=2))
    assert exchange.answers(bytes([0x83, code]))
    assert not exchange.answers(bytes([0x84, code]))
    with pytest.raises(DeviceRefused) as refused:
        exchange.values(bytes([0x83, code]))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": 126},
        {"address": 65535, "count": 2},
        {"address": -1},
        {"unit": 256},
        {"values": (70000,), "count": 1},
        {"values": (-1,), "count": 1},
        {"values": (1, 2), "count": 1},
        {"values": (0,) * 124, "count": 124},
        {"table": Table.INPUT, "values": (1,), "count": 1},
    ],
)
def test_requests_that_no_frame_can_carry_are_refused_before_they_reach_the_line(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Exchange.of(ModbusRequest(**{"unit": 1, "table": Table.HOLDING, "address": 0, "count": 1, **wrong}))


def test_prepared_reads_are_remembered_and_their_number_is_limited() -> None:
    known = Exchanges(size=2)
    ask = [ModbusRequest(unit=1, table=Table.HOLDING, address=address, count=1) for address in range(4)]
    assert known.of(ask[0]) is known.of(ask[0])
    for request in ask:
        known.of(request)
    assert len(known._known) <= 2
