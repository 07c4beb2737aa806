"""Frames: published examples, a second implementation as judge, and noise."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal_rfid.frames import ACK, ERROR, FROM_CHIP, NACK, Ack, Damaged, Data, ErrorFrame, FrameParser, Nack, encode

PAYLOADS = st.binary(min_size=1, max_size=264)


@pytest.mark.parametrize(
    ("payload", "frame"),
    [
        ("02", "00 00 FF 02 FE D4 02 2A 00"),
        ("14 01 14 01", "00 00 FF 05 FB D4 14 01 14 01 02 00"),
        ("32 05 FF 01 FF", "00 00 FF 06 FA D4 32 05 FF 01 FF F6 00"),
        ("4A 01 00", "00 00 FF 04 FC D4 4A 01 00 E1 00"),
        ("40 01 60", "00 00 FF 04 FC D4 40 01 60 8B 00"),
        ("52 00", "00 00 FF 03 FD D4 52 00 DA 00"),
    ],
)
def test_known_commands_have_their_published_bytes(payload, frame):
    assert encode(bytes.fromhex(payload)) == bytes.fromhex(frame)


def test_the_firmware_answer_is_read():
    parser = FrameParser()
    assert parser.feed(bytes.fromhex("00 00 FF 06 FA D5 03 32 01 06 07 E8 00")) == [Data(FROM_CHIP, bytes.fromhex("0332010607"))]


def test_the_three_special_frames_are_told_apart():
    assert FrameParser().feed(ACK + NACK + ERROR) == [Ack(), Nack(), ErrorFrame(0x7F)]


@pytest.mark.parametrize("length", [0, 265])
def test_what_the_chip_cannot_take_is_not_sent(length):
    with pytest.raises(ValueError, match="1 to 264 bytes"):
        encode(bytes(length))


@given(PAYLOADS, st.data())
@settings(max_examples=60, deadline=None)
def test_a_frame_survives_arriving_in_pieces(payload, data):
    frame, parser, found = encode(payload, FROM_CHIP), FrameParser(), []
    while frame:
        count = data.draw(st.integers(1, len(frame)))
        found += parser.feed(frame[:count])
        frame = frame[count:]
    assert found == [Data(FROM_CHIP, payload)]


@given(st.binary(max_size=40), PAYLOADS)
@settings(max_examples=60, deadline=None)
def test_a_frame_behind_noise_is_found_once_the_line_is_quiet(noise, payload):
    parser = FrameParser()
    found = parser.feed(noise + encode(payload, FROM_CHIP)) + parser.flush()
    assert Data(FROM_CHIP, payload) in found or _swallowed(noise, payload)


def _swallowed(noise: bytes, payload: bytes) -> bool:
    """Noise that is itself a valid beginning may, by chance of its check sum, own the bytes that follow."""
    return any(isinstance(item, Data) for item in FrameParser().feed(noise + encode(payload, FROM_CHIP)))


@given(PAYLOADS, st.integers(0, 7), st.data())
@settings(max_examples=60, deadline=None)
def test_a_flipped_bit_never_yields_another_content(payload, bit, data):
    frame = bytearray(encode(payload, FROM_CHIP))
    frame[data.draw(st.integers(3, len(frame) - 2))] ^= 1 << bit
    parser = FrameParser()
    found = parser.feed(bytes(frame)) + parser.flush()
    assert not [item for item in found if isinstance(item, Data) and item.payload == payload]


@given(st.binary(max_size=600))
@settings(max_examples=60, deadline=None)
def test_rubbish_never_raises_and_never_piles_up(noise):
    parser = FrameParser()
    parser.feed(noise)
    parser.flush()
    assert parser.pending == 0


def test_a_wrong_check_sum_is_reported_and_the_next_frame_is_read():
    bad = bytearray(encode(b"\x03\x32", FROM_CHIP))
    bad[-2] ^= 1
    found = FrameParser().feed(bytes(bad) + ACK)
    assert found == [Damaged("data check sum"), Ack()]


@given(st.binary(min_size=1, max_size=263), st.integers(0, 0x7E))
@settings(max_examples=40, deadline=None)
def test_nfcpy_builds_the_same_frames_and_reads_ours(data, half):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nfc.clf.pn53x import Chipset
    code = half * 2

    class Judge:
        def __init__(self):
            self.sent = b""
            self.answers = [bytearray(ACK), bytearray(encode(bytes((code + 1,)) + data, FROM_CHIP))]

        def write(self, frame):
            self.sent = bytes(frame)

        def read(self, timeout):
            return self.answers.pop(0)

    class Nfcpy(Chipset):
        CMD = dict.fromkeys(range(256), "any")  # nfcpy's own way
        host_command_frame_max_size = 265

    judge = Judge()
    import logging

    chip = Nfcpy(judge, logging.getLogger("judge"))
    assert chip.command(code, bytearray(data), timeout=1.0) == data
    assert judge.sent == encode(bytes((code,)) + data)
