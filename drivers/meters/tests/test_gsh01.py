"""DZG GSH01: frames, parts, refusals, damaged answers, an echoing line."""

from __future__ import annotations

import asyncio
from binascii import crc_hqx
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BusTimeout, DeviceRefused, FrameError, ProtocolViolation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, Bench, open_part
from cc613hal_meters.gsh01 import Command, Gsh01Link, Gsh01Meter, join_parts, split_parts
from cc613hal_meters.slip import SlipFrames, slip_encode

GSH01 = "meters.gsh01"
octets = st.lists(st.sampled_from([b"\xc0", b"\xdb", b"\xdc", b"\xdd", b"\0", b"a"]), max_size=40).map(b"".join)


def play(scene: Coroutine[Any, Any, None]) -> None:
    run_virtual(scene)


def load(at: Bench) -> None:
    at.outlet.contacts.set(3)
    at.outlet.current_a.set((16.0, 0.0, 0.0))


def test_a_frame_laid_out_by_hand() -> None:
    content = bytes.fromhex("3201 0500 00")
    crc = crc_hqx(b"\xff" + content, 0)
    assert slip_encode(255, content) == b"\xc0\xff" + content + bytes([crc & 0xFF, crc >> 8]) + b"\xc0"
    assert slip_encode(1, b"\xc0\xdb")[:6] == b"\xc0\x01\xdb\xdc\xdb\xdd"


@given(st.lists(st.tuples(st.integers(0, 0xBF), octets | st.binary(max_size=60)), max_size=5), st.data())
def test_frames_are_found_in_any_pieces(frames: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(slip_encode(address, content) for address, content in frames)
    reader, found = SlipFrames(), []
    while stream:
        count = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:count])
        stream = stream[count:]
    assert found == frames


def test_a_mark_in_the_check_sum_does_not_end_the_frame() -> None:
    marked = [
        bytes([first, second]) for first in range(256) for second in range(40) if 0xC0 in slip_encode(1, bytes([first, second]))[-3:-1]
    ]
    assert marked
    for content in marked:
        assert SlipFrames().feed(slip_encode(1, content)) == [(1, content)]


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"\xc0", b"\xc0\xc0", b"\xc0\x01\xc0"]), max_size=30))
def test_noise_is_dropped_and_the_next_frame_found(noise: list[bytes]) -> None:
    reader = SlipFrames()
    for piece in noise:
        reader.feed(piece)
    reader.reset()
    assert reader.feed(slip_encode(7, b"answer")) == [(7, b"answer")]


def test_endless_noise_costs_bounded_memory_and_time() -> None:
    reader = SlipFrames()
    for _ in range(20):
        reader.feed(b"\xc0" + b"x" * 700)
        reader.feed(b"\xc0" * 200)
    assert len(reader._heard) <= 2500


@given(st.binary(max_size=80))
def test_any_content_is_split_or_refused(content: bytes) -> None:
    try:
        for status, data in split_parts(content).values():
            assert 0 <= status <= 255
            assert len(data) <= len(content)
    except ValueError as error:
        assert str(error)  # noqa: PT017  # refusing is right too, in words


def test_parts_come_back() -> None:
    content = join_parts({Command.VOLTAGE: b"", Command.TIME: b"12345"})
    assert content == bytes.fromhex("3201050000") + bytes.fromhex("35410a0000") + b"12345"
    assert split_parts(content) == {Command.VOLTAGE: (0, b""), Command.TIME: (0, b"12345")}


def test_all_values_come_in_one_exchange() -> None:
    async def scene() -> None:
        async with open_part(GSH01) as at:
            load(at)
            await at.board.clock.sleep(3600.0)
            at.emulated.asked.clear()
            reading = await at.device.read_all()
            assert len(at.emulated.asked) == 1
            assert (reading.voltage_v.l1, reading.current_a.l1, reading.total_power_w) == (230.0, 16.0, 3680.0)
            assert reading.energy is not None
            assert reading.energy.imported.wh == Decimal(3680)
            assert reading.energy.exported is None
            identity = await at.device.identify()
            assert (identity.vendor, identity.model, identity.serial, identity.firmware) == ("DZG", "GSH01.1A2L", "12345678", "1.0.3")

    play(scene())


def test_where_energy_counts_is_an_option() -> None:
    async def scene() -> None:
        for point, command in (("device", Command.DEVICE_ENERGY), ("mains", Command.TOTAL_IMPORT_MAINS_ENERGY)):
            async with open_part(GSH01, options={"point": point}) as at:
                await at.device.read_energy()
                assert command in at.emulated.asked[-1]

    play(scene())


@pytest.mark.parametrize(
    ("damage", "error", "reason"),
    [
        (lambda frame: frame[:9], FrameError, "9 bytes within .* no whole frame"),
        (lambda frame: frame[:-2] + b"\0\xc0", FrameError, "no whole frame"),
        (lambda _: b"", BusTimeout, "no answer within 1.1 s"),
        (lambda _: slip_encode(1, b"\x32\x01\xff\x00\x00"), ProtocolViolation, "a part of 255 octets"),
        (lambda _: slip_encode(1, b"\x32\x01"), ProtocolViolation, "2 octets left"),
        (lambda _: slip_encode(1, b""), ProtocolViolation, "no answer to VOLTAGE"),
        (lambda _: slip_encode(1, b"\x32\x01\x06\x00\x00\x01"), ProtocolViolation, "no answer to CURRENT"),
    ],
)
def test_damaged_answers_are_never_read(damage: Any, error: type[Exception], reason: str) -> None:
    async def scene() -> None:
        async with open_part(GSH01) as at:
            at.emulated.damage = damage
            with pytest.raises(error, match=reason):
                await at.device.read_power()
            at.emulated.damage = None
            assert (await at.device.read_power()).power_w == 0.0

    play(scene())


def test_values_that_are_too_short_are_refused() -> None:
    async def scene() -> None:
        async with open_part(GSH01) as at:
            content = b"".join(
                int(command).to_bytes(2, "little") + b"\x06\x00\x00\x01"
                for command in (
                    Command.VOLTAGE,
                    Command.CURRENT,
                    Command.IMPORT_DEVICE_POWER,
                    Command.DEVICE_ENERGY,
                    Command.STATUS_WORD,
                )
            )
            at.emulated.damage = lambda _: slip_encode(1, content)
            with pytest.raises(ProtocolViolation, match="device_energy has 1 octets instead of 8"):
                await at.device.read_power()

    play(scene())


def test_a_refusal_names_the_command_and_the_reason() -> None:
    async def scene() -> None:
        async with open_part(GSH01) as at:
            at.emulated.refuse[Command.CURRENT] = 4
            with pytest.raises(DeviceRefused, match="refuses current: rejected: its metering board does not answer") as refused:
                await at.device.read_power()
            assert refused.value.code == 4

    play(scene())


def test_an_echoing_line_is_no_answer() -> None:
    async def scene() -> None:
        async with open_part(GSH01) as at:
            load(at)
            at.emulated.echo = True
            assert (await at.device.read_power()).power_w == 3680.0
            at.emulated.damage = lambda _: b""
            with pytest.raises(BusTimeout):
                await at.device.read_power()

    play(scene())


def test_another_address_is_somebody_elses_answer() -> None:
    async def scene() -> None:
        async with open_part(GSH01, options={"address": 7}) as at:
            assert (await at.device.read_power()).power_w == 0.0
            at.emulated.damage = lambda frame: slip_encode(8, b"\0" * 5) + frame
            assert (await at.device.read_power()).power_w == 0.0
            at.emulated.damage = lambda _: slip_encode(8, b"\0" * 5)
            with pytest.raises(FrameError):
                await at.device.read_power()

    play(scene())


def test_a_meter_that_doubts_itself_is_suspect() -> None:
    async def scene() -> None:
        async with open_part(GSH01) as at:
            at.emulated.status_word |= 0x80
            assert (await at.device.read_power()).quality is Quality.SUSPECT
            assert "metering fatal" in at.board.health()[PART].reason
            at.emulated.status_word &= ~0x80
            assert (await at.device.read_power()).quality is Quality.GOOD

    play(scene())


def test_the_link_asks_one_question_at_a_time() -> None:
    async def scene() -> None:
        async with open_part(GSH01) as at:
            meter: Gsh01Meter = at.device
            link: Gsh01Link = meter.link
            told = await asyncio.gather(link.ask(Command.SERIAL_NUMBER), link.ask(Command.DEVICE_TYPE), link.ask(Command.STATUS_WORD))
            assert [list(answer) for answer in told] == [[Command.SERIAL_NUMBER], [Command.DEVICE_TYPE], [Command.STATUS_WORD]]
            with pytest.raises(DeviceRefused, match="no such command"):
                await link.ask(Command.GET_OCMF)

    play(scene())
