"""Frames on a line that carries anything."""

from __future__ import annotations

import binascii
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.errors import ProtocolViolation
from cc613hal.interfaces import Beep, Colour, Motion, Pattern
from cc613hal_hmi.usb_frames import BODY, Frame, FrameReader, encode_frame
from cc613hal_hmi.usb_messages import dark_body, parse_alive, parse_button, parse_welcome, pattern_body, row_body, sound_body

FRAMES = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=BODY))


def test_the_check_sum_is_that_of_the_catalogue():
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1


def test_a_frame_on_the_line_as_the_documentation_shows_it():
    assert encode_frame(Frame(0x02, 0x07)).hex(" ") == "00 05 02 07 0b 8a 00"
    assert encode_frame(Frame(0x01, 0x01, b"\x01\x01\x00\x32")).hex(" ") == "00 05 01 01 01 01 04 32 b6 74 00"


@given(FRAMES)
def test_what_is_sent_is_received_and_holds_no_zero_inside(frame):
    coded = encode_frame(frame)
    assert coded[0] == coded[-1] == 0
    assert 0 not in coded[1:-1]
    assert FrameReader().feed(coded) == [frame]


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_pieces_may_be_of_any_size(frames, sizes):
    reader, received = FrameReader(), []
    data = b"".join(map(encode_frame, frames))
    place = 0
    for size in sizes * (len(data) + 1):
        received += reader.feed(data[place : place + size])
        place += size
        if place >= len(data):
            break
    assert received == frames
    assert reader.damaged == 0


@given(st.binary(max_size=600), FRAMES)
def test_after_any_noise_the_next_frame_is_received(noise, frame):
    reader = FrameReader()
    reader.feed(noise)
    assert reader.feed(encode_frame(frame))[-1] == frame


@given(st.lists(st.binary(max_size=300)))
def test_noise_is_no_frame_and_holds_no_memory(pieces):
    reader = FrameReader()
    for piece in pieces:
        reader.feed(piece)
    assert len(reader._held) <= 2 + BODY + 3


@settings(derandomize=True)  # a piece of a frame that is a frame by chance is found once in some millions of runs
@given(FRAMES, st.integers(0, 10_000), st.integers(0, 7))
def test_one_wrong_bit_never_makes_another_frame(frame, place, bit):
    coded = bytearray(encode_frame(frame))
    coded[1 + place % (len(coded) - 2)] ^= 1 << bit
    assert FrameReader().feed(bytes(coded)) == []


def test_a_babbler_without_a_border_costs_one_buffer_and_is_forgotten_at_the_next_zero():
    reader = FrameReader()
    for _ in range(1000):
        assert reader.feed(b"\x55" * 1000) == []
    assert len(reader._held) <= 300
    assert reader.feed(b"\0" + encode_frame(Frame(2, 1))) == [Frame(2, 1)]
    assert reader.damaged == 1


def test_a_body_that_is_too_long_is_not_sent():
    with pytest.raises(ValueError, match="at most 240"):
        encode_frame(Frame(4, 1, bytes(241)))


# -- bodies -------------------------------------------------------------------------------------------------------------------------------

WELCOME = bytes.fromhex("01 05 14 04 02 00 01") + b"\4Acme\7Panel 5\6A-0001\0051.2.3"


def test_a_welcome_is_read_and_what_a_later_version_adds_is_passed_over():
    welcome = parse_welcome(WELCOME + b"more", "hmi")
    assert (welcome.lights, welcome.columns, welcome.rows, welcome.buttons, welcome.sound) == (5, 20, 4, 2, True)
    assert (welcome.vendor, welcome.model, welcome.serial, welcome.firmware) == ("Acme", "Panel 5", "A-0001", "1.2.3")


@pytest.mark.parametrize("length", range(len(WELCOME)))
def test_a_welcome_cut_off_anywhere_is_refused(length):
    with pytest.raises(ProtocolViolation, match="WELCOME"):
        parse_welcome(WELCOME[:length], "hmi")


@given(st.binary(max_size=60))
def test_bodies_say_something_or_are_refused(body):
    for parse in (parse_welcome, parse_alive):
        with contextlib.suppress(ProtocolViolation):
            assert parse(body, "hmi") is not None
    told = parse_button(body)
    assert told is None or 0 <= told[0] < 16


@pytest.mark.parametrize("features", ["01 05 14 00 02 00 01", "01 05 00 04 02 00 01", "01 05 14 04 11 00 01"])
def test_a_display_without_rows_and_too_many_buttons_cannot_be(features):
    with pytest.raises(ProtocolViolation):
        parse_welcome(bytes.fromhex(features) + bytes(4), "hmi")


def test_bodies_as_the_documentation_shows_them():
    blue = Pattern(colours=(Colour(0, 0, 1),), motion=Motion.BLINK, period_s=2.0, lights=3)
    assert pattern_body(blue, 0.5).hex(" ") == "02 07 d0 03 80 01 00 00 ff"
    assert dark_body().hex(" ") == "00 00 00 00 00 00"
    assert row_body(1, "22 kW").hex(" ") == "01 32 32 20 6b 57"
    assert sound_body((Beep(0.08, 0.02, 2700),)).hex(" ") == "01 00 50 00 14 0a 8c"


@given(st.text(max_size=400))
def test_a_row_is_cut_between_characters(text):
    body = row_body(0, text)
    assert len(body) <= BODY
    body[1:].decode()
