"""Fields and messages: decoding, encoding, and every way in which bytes can fail to be SML."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smllib.sml.response_get_list import SmlGetListResponse
from smllib.sml_frame import SmlFrame

from cc613hal.ocmf import read_values
from cc613hal.sml import (
    CLOSE_RESPONSE,
    GET_LIST_RESPONSE,
    OPEN_RESPONSE,
    Entry,
    SmlError,
    SmlInt,
    SmlValue,
    ValueList,
    decode_frame,
    decode_value,
    encode_message,
    encode_value,
    encode_value_list,
    obis_code,
    obis_text,
    parse_file,
    parse_value_list,
    value_lists,
)

SERVER = bytes.fromhex("0a01454d480000123456")

leaves: st.SearchStrategy[Any] = st.none() | st.booleans() | st.binary(min_size=1, max_size=300) | st.integers(-(2**63), 2**63 - 1)
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=20), max_leaves=30)

entries = st.builds(
    Entry,
    obis=st.binary(min_size=6, max_size=6),
    value=st.integers(-(2**63), 2**63 - 1),
    unit=st.sampled_from([27, 30, 33, 35, 44]),
    scaler=st.integers(-4, 3),
    status=st.none() | st.integers(0, 2**32 - 1),
    time=st.none() | st.integers(0, 2**32 - 1),
)


def file_of(values: ValueList) -> bytes:
    opened: SmlValue = [None, None, b"\x01", SERVER, None, None]
    return b"".join(
        (
            encode_message(OPEN_RESPONSE, opened),
            encode_message(GET_LIST_RESPONSE, encode_value_list(values)),
            encode_message(CLOSE_RESPONSE, [None]),
        )
    )


@given(trees)
def test_fields_come_back(value: SmlValue) -> None:
    encoded = encode_value(value)
    assert decode_value(encoded) == (value, len(encoded))


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("01", None),
        ("0304ff", b"\x04\xff"),
        ("4200", False),
        ("4201", True),
        ("5580000000", -(2**31)),
        ("52ff", -1),
        ("62ff", 255),
        ("5400000f", 15),
        ("7262016301a5", [1, 0x1A5]),
        ("8302" + "61" * 48, b"a" * 48),
    ],
)
def test_fields_as_the_specification_writes_them(octets: str, value: object) -> None:
    data = bytes.fromhex(octets)
    assert decode_value(data) == (value, len(data))


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("", "nothing at byte 0"),
        ("0504", "cut off after 2"),
        ("7f01", "does not fit"),
        ("ff8f8f8f8f8f01", "does not end"),
        ("8001", "shorter than its own head"),
        ("8f", "does not end"),
        ("2201", "type 2"),
        ("430101", "type 4"),
        ("61", "type 6 with 0"),
        ("71" * 40, "deeper than 16"),
    ],
)
def test_bytes_that_are_no_field_are_refused_in_words(octets: str, reason: str) -> None:
    with pytest.raises(SmlError, match=reason):
        decode_value(bytes.fromhex(octets))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        messages = parse_file(data)
        for found in value_lists(messages):
            assert all(entry.number is None or entry.number.is_finite() for entry in found.entries)
    except SmlError as error:
        assert str(error)  # noqa: PT017  # refusing is right too, in words


@given(st.lists(entries, max_size=8), st.data())
def test_a_damaged_telegram_is_read_or_refused(values: list[Entry], data: st.DataObject) -> None:
    file = bytearray(file_of(ValueList(server=SERVER, entries=tuple(values))))
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        list(value_lists(parse_file(bytes(file)[: data.draw(st.integers(0, len(file)))])))
    except SmlError as error:
        assert str(error)  # noqa: PT017  # refusing is right too, in words


@given(st.lists(entries, max_size=8), st.none() | st.integers(0, 2**32 - 1))
def test_a_list_of_values_comes_back(values: list[Entry], time: int | None) -> None:
    told = ValueList(server=SERVER, entries=tuple(values), name=obis_code("1-0:98.1.0"), time=time, client=b"c", signature=b"s" * 50)
    messages = parse_file(file_of(told))
    assert [message.tag for message in messages] == [OPEN_RESPONSE, GET_LIST_RESPONSE, CLOSE_RESPONSE]
    assert all(message.crc_ok for message in messages)
    assert list(value_lists(messages)) == [told]


@given(st.lists(entries, min_size=1, max_size=6))
def test_another_reader_sees_the_same_values(values: list[Entry]) -> None:
    """smllib, written by others, reads what we write, and names and scales it alike."""
    file = file_of(ValueList(server=SERVER, entries=tuple(values)))
    [theirs] = [m.message_body for m in SmlFrame(file).parse_frame() if isinstance(m.message_body, SmlGetListResponse)]
    [ours] = value_lists(parse_file(file))
    assert [(item.obis.upper(), item.value, item.unit, item.scaler) for item in theirs.val_list] == [
        (entry.obis.hex().upper(), entry.value, entry.unit, entry.scaler) for entry in ours.entries
    ]
    assert [item.obis.obis_code for item in theirs.val_list] == [obis_text(entry.obis) for entry in ours.entries]


def test_a_wrong_message_check_sum_is_told_not_enforced() -> None:
    file = bytearray(encode_message(CLOSE_RESPONSE, [None]))
    file[-2] ^= 1
    assert [message.crc_ok for message in parse_file(bytes(file))] == [False]


def test_numbers_are_exact_and_words_are_no_numbers() -> None:
    assert Entry(obis=b"", value=123456789, scaler=-4).number == Decimal("12345.6789")
    assert Entry(obis=b"", value=5, scaler=3).number == 5000
    assert Entry(obis=b"", value=b"EMH").number is None
    assert Entry(obis=b"", value=True).number is None


@pytest.mark.parametrize("time", [[1, 77], 77, [3, [77, 60, 0]], [2, 77]])
def test_time_in_all_the_ways_meters_write_it(time: Any) -> None:
    body: Any = [None, SERVER, None, time, [], None, None]
    assert parse_value_list(decode_value(encode_value(body))[0]).time == 77


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "has 7 fields"),
        ([None] * 6, "has 7 fields"),
        ([None] * 7, "without a list of values"),
        ([None, None, None, None, [[b"x"]], None, None], "a value of a list has 7 fields"),
        ([None, None, None, None, [[b"x", None, None, None, None, [1], None]], None, None], "is a list"),
        ([None, None, None, None, [[b"x", None, None, None, 99, 1, None]], None, None], "scaler of 99"),
    ],
)
def test_a_list_that_is_none_is_refused(body: Any, reason: str) -> None:
    with pytest.raises(SmlError, match=reason):
        parse_value_list(body)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1], "a list of 6 fields"),
        ([b"t", 0, 0, 5, 0, None], "has no body"),
        ([b"t", 0, 0, [SmlInt(1, 2), None], 0, 7], "does not end"),
    ],
)
def test_a_message_that_is_none_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(SmlError, match=reason):
        parse_file(encode_value(value))


def test_obis_codes_as_people_write_them() -> None:
    assert obis_code("1-0:1.8.0*255") == bytes.fromhex("0100010800ff") == obis_code("1-0:1.8.0")
    assert obis_text(bytes.fromhex("8181c78203ff")) == "129-129:199.130.3*255"
    assert obis_text(b"\x01") == "01"
    with pytest.raises(ValueError, match=r"'1\.8\.0' is no OBIS code"):
        obis_code("1.8.0")
    with pytest.raises(ValueError, match="is no OBIS code"):
        obis_code("1-0:900.8.0")


def test_the_first_code_that_is_there_is_found() -> None:
    power = Entry(obis=obis_code("1-0:1.7.0"), value=5)
    values = ValueList(server=SERVER, entries=(power,))
    assert values.find(obis_code("1-0:16.7.0"), obis_code("1-0:1.7.0")) is power
    assert values.find(obis_code("1-0:2.8.0")) is None
    with pytest.raises(SmlError, match="too long"):
        encode_value(b"x" * 70000)


@pytest.mark.parametrize(("value", "seconds"), [([1, [1, 729]], 729), ([1, [3, [1516, 60, 0]]], 1516)])
def test_a_time_as_a_value_is_its_seconds(value: Any, seconds: int) -> None:
    """SML 1.04: a list of the kind time, as EDL40 meters tell their second index."""
    told = parse_value_list([None, SERVER, None, None, [[b"\x81\x00\x60\x08\x00\x01", None, None, None, None, value, None]], None, None])
    assert told.entries[0].value == seconds


@pytest.mark.parametrize("sample", ["edl-40-01.xml", "edl-40-02.xml", "NewEHZSML.xml"])
def test_telegrams_of_real_signing_meters_are_lists_of_values(sample: str) -> None:
    path = next(Path(__file__).parents[1].joinpath("ocmf/samples").rglob(sample))
    with path.open("rb") as stream:
        files = [value.content() for value in read_values(stream)]
    for file in files:
        told = next(value_lists(parse_file(decode_frame(file) if file.startswith(b"\x1b") else file)))
        assert told.find(obis_code("1-0:1.17.0*255")) is not None
