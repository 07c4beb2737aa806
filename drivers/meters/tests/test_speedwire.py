"""SMA Speedwire: the datagrams, several meters in one group, and real multicast."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.board import open_board, parse_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BusTimeout, ConnectFailed, WrongIdentity
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for, open_part
from cc613hal_meters.speedwire import SpeedwireTelegram, decode_telegram, encode_telegram, values_of
from cc613hal_meters.speedwire_meter import SpeedwireMeter

numbers = st.integers(0, 2**32 - 1)
telegrams = st.builds(
    SpeedwireTelegram,
    susy_id=st.integers(0, 65535),
    serial_number=numbers,
    ticks_ms=numbers,
    present=st.dictionaries(st.integers(1, 127), numbers, max_size=10),
    counters=st.dictionaries(st.integers(1, 127), st.integers(0, 2**64 - 1), max_size=10),
    version=st.sampled_from(["", "1.2.4", "2.13.0"]),
)

LITERAL = bytes.fromhex(
    "534d4100 0004 02a0 00000001 0044 0010 6069 015d 71505bd9 a1b2c3d4"
    "00010400 00000064 00010800 0000000000036ee8 00020400 00000000"
    "000e0400 0000c350 00200400 000383ac 90000000 01020452"
    "00000000"
)
"""Laid out byte by byte from the description of the format: 10 W import, 62.5 Wh, 50 Hz, 230.316 V, software 1.2.4."""


READ_BY_OTHERS = bytes.fromhex(
    "534d4100000402a00000000100a400106069015d713fb301000003e8000104000000f05500010800000000001a7dadd8000204000000000000020800"
    "0000000000000000000e04000000c3500015040000008fc00016040000000000001f040000003e8000200400000382700029040000004362002a0400"
    "000000000033040000001d4c0034040000038270003d040000001d33003e0400000000000047040000000cb200480400000382709000000002030452"
    "00000000"
)
"""A datagram that pysma-plus 0.5.4 (MIT), written by others, reads as below: channel and type of each element, as they stand in it."""
THEIRS = {
    "1:4": 61525, "1:8": 444444120, "2:4": 0, "2:8": 0, "14:4": 50000, "21:4": 36800, "22:4": 0, "31:4": 16000, "32:4": 230000,
    "41:4": 17250, "42:4": 0, "51:4": 7500, "52:4": 230000, "61:4": 7475, "62:4": 0, "71:4": 3250, "72:4": 230000,
}  # fmt: skip


def test_another_reader_found_the_same_elements() -> None:
    telegram = decode_telegram(READ_BY_OTHERS)
    assert telegram is not None
    assert (telegram.susy_id, telegram.serial_number, telegram.version) == (349, 1900000001, "2.3.4")
    ours = {f"{number}:4": value for number, value in telegram.present.items()}
    ours |= {f"{number}:8": value for number, value in telegram.counters.items()}
    assert ours == THEIRS
    assert encode_telegram(telegram)[28:] == READ_BY_OTHERS[28:]


def test_a_datagram_laid_out_by_hand_is_read() -> None:
    telegram = decode_telegram(LITERAL)
    assert telegram is not None
    assert (telegram.susy_id, telegram.serial_number, telegram.version) == (349, 1901091801, "1.2.4")
    assert values_of(telegram) == {
        "power": 10.0,
        "energy_import": Decimal("62.5"),
        "frequency": 50.0,
        "voltage_l1": pytest.approx(230.316),
    }


@given(telegrams)
def test_telegrams_come_back(telegram: SpeedwireTelegram) -> None:
    assert decode_telegram(encode_telegram(telegram)) == telegram


@given(st.binary(max_size=120) | st.binary(max_size=100).map(lambda rest: LITERAL[:20] + rest))
def test_any_datagram_is_read_passed_over_or_refused(data: bytes) -> None:
    try:
        telegram = decode_telegram(data)
    except ValueError as error:
        assert str(error)  # noqa: PT017  # refusing is right too, in words
    else:
        assert telegram is None or values_of(telegram) is not None


@given(telegrams, st.data())
def test_a_damaged_datagram_is_read_passed_over_or_refused(telegram: SpeedwireTelegram, data: st.DataObject) -> None:
    datagram = bytearray(encode_telegram(telegram))
    for _ in range(data.draw(st.integers(0, 3))):
        datagram[data.draw(st.integers(0, len(datagram) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode_telegram(bytes(datagram)[: data.draw(st.integers(0, len(datagram)))])
    except ValueError as error:
        assert str(error)  # noqa: PT017  # refusing is right too, in words


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"HTTP/1.1", "does not begin with SMA"),
        (LITERAL[:24], "cut off after 24 bytes"),
        (LITERAL[:60], "are announced, 60 came"),
        (LITERAL[:30] + b"\x07" + LITERAL[31:], "an element of type 7"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_telegram(data)


def test_other_speedwire_is_passed_over() -> None:
    assert decode_telegram(LITERAL[:16] + b"\x60\x81" + LITERAL[18:]) is None
    assert decode_telegram(b"SMA\0\x00\x04\x02\xa0\xff\xff\xff\xff\x00\x00") is None


def board(*serial_numbers: int) -> str:
    text = 'schema = 1\nname = "site"\n[bus.lan]\ntype = "multicast"\ngroup = "239.12.255.254"\nport = 9522\n'
    for number in serial_numbers:
        text += f'[device.m{number}]\ndriver = "meters.speedwire"\nbus = "lan"\nconnector = 1\noptions = {{ serial_number = {number} }}\n'
    return text


def test_several_meters_of_one_group_are_told_apart_by_their_serial_numbers() -> None:
    async def scene() -> None:
        description = parse_board(board(11, 22), file="site.toml")
        async with (
            Simulation(description) as simulation,
            open_board(description, simulation.buses, clock=simulation.clock) as opened,
        ):
            simulation.plant.parts["m11"].overrides["power"] = 100.0
            simulation.plant.parts["m22"].overrides["power"] = -250.0
            await opened.clock.sleep(3.0)
            first, second = opened.devices["m11"], opened.devices["m22"]
            assert isinstance(first, SpeedwireMeter)
            assert isinstance(second, SpeedwireMeter)
            assert ((await first.read_power()).power_w, (await second.read_power()).power_w) == (100.0, -250.0)
            assert (await second.identify()).serial == "22"
            simulation.plant.parts["m22"].silent = True
            await opened.clock.sleep(10.0)
            with pytest.raises(BusTimeout, match="meter 22 was not heard within 5 s") as silent:
                await second.read_power()
            assert "heard were 11" in (silent.value.hint or "")
            assert (await first.read_power()).quality is Quality.GOOD

    run_virtual(scene())


def test_without_a_serial_number_two_meters_are_not_guessed_between() -> None:
    async def scene() -> None:
        description = parse_board(board(0, 22), file="site.toml")
        async with Simulation(description) as simulation:
            with pytest.raises(ConnectFailed) as failed:
                await open_board(description, simulation.buses, clock=simulation.clock).__aenter__()
            several = failed.value.failures["m0"]
            assert isinstance(several, WrongIdentity)
            assert several.message == "several meters are in this group: 22, 1900000001"
            assert "serial_number" in (several.hint or "")

    run_virtual(scene())


def test_a_damaged_datagram_is_passed_over() -> None:
    async def scene() -> None:
        async with open_part("meters.speedwire") as at:
            at.emulated.damage = lambda datagram: datagram[:50]
            await at.board.clock.sleep(10.0)
            with pytest.raises(BusTimeout, match="no energy meter was heard") as silent:
                await at.device.read_power()
            assert "heard were 1900000001" in (silent.value.hint or "")

    run_virtual(scene())


async def test_over_real_multicast_on_the_loopback_interface() -> None:
    description = board_for("meters.speedwire", options={"serial_number": 77})
    async with Simulation(description, ptys=True) as simulation:
        meter = simulation.plant.parts[PART]
        meter.overrides["power"] = 1234.5

        async def tell() -> None:
            while True:
                meter.tell()
                await asyncio.sleep(0.02)

        telling = asyncio.create_task(tell())
        try:
            async with open_board(description, simulation.buses, clock=simulation.clock) as opened:
                device = opened.devices[PART]
                assert isinstance(device, SpeedwireMeter)
                reading = await device.read_all()
                assert reading.total_power_w == 1234.5
                assert reading.voltage_v.l3 == 230.0
        finally:
            telling.cancel()
