"""Frames in a stream of bytes, whole, escaped, broken and in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.sml import Frames, SmlError, crc16_x25, decode_frame, encode_frame

ESCAPE = b"\x1b\x1b\x1b\x1b"
START = ESCAPE + b"\x01\x01\x01\x01"
contents = st.lists(st.sampled_from([b"\x1b", ESCAPE, b"\x01\x01\x01\x01", b"\x1a", b"\0", b"v", b"\x76\x05"]), max_size=30).map(
    lambda parts: b"".join(parts) + b"\0"
)
"""As a file is: it ends with a zero."""


def test_check_sum_of_the_catalogue() -> None:
    """The check value of CRC-16/IBM-SDLC (X.25) in the catalogue of parametrised CRC algorithms."""
    assert crc16_x25(b"123456789") == 0x906E
    assert crc16_x25(b"") == 0


@given(contents | st.binary(max_size=200).map(lambda octets: octets + b"\0"))
def test_what_is_framed_comes_back(content: bytes) -> None:
    frame = encode_frame(content)
    assert len(frame) % 4 == 0
    assert decode_frame(frame) == content


@given(st.lists(contents, max_size=4), st.data())
def test_frames_are_found_in_any_pieces_and_between_noise(parts: list[bytes], data: st.DataObject) -> None:
    noise = st.binary(max_size=12).filter(lambda octets: b"\x1b" not in octets)
    stream = b"".join(data.draw(noise) + encode_frame(part) for part in parts) + data.draw(noise)
    frames, found = Frames(), []
    while stream:
        count = data.draw(st.integers(1, len(stream)))
        found += frames.feed(stream[:count])
        stream = stream[count:]
    assert [decode_frame(frame) for frame in found] == parts
    assert frames.broken == 0


def test_a_frame_cut_off_by_the_next_one_is_given_up_and_the_next_one_found() -> None:
    frames = Frames()
    whole = encode_frame(b"second")
    assert frames.feed(encode_frame(b"the first one")[:14] + whole) == [whole]
    assert frames.broken == 1
    assert frames.dropped == 14


def test_an_endless_frame_costs_bounded_memory() -> None:
    frames = Frames(longest=100)
    assert not [found for _ in range(50) for found in frames.feed(START + b"x" * 60)]
    assert frames.broken >= 49
    whole = encode_frame(b"then sense")
    assert frames.feed(whole)[-1:] == [whole]
    assert len(frames._heard) <= 200


@given(st.lists(st.binary(max_size=40) | st.sampled_from([START, ESCAPE, b"\x1a\0\0\0"]), max_size=20))
def test_noise_never_raises(pieces: list[bytes]) -> None:
    frames = Frames(longest=64)
    for piece in pieces:
        for frame in frames.feed(piece):
            try:
                decode_frame(frame)
            except SmlError as error:
                assert str(error)  # noqa: PT017  # refusing is right too, in words


@given(content=contents, at=st.integers(0), turn=st.integers(1, 255))
def test_one_wrong_byte_is_found(content: bytes, at: int, turn: int) -> None:
    frame = bytearray(encode_frame(content))
    frame[at % len(frame)] ^= turn
    with pytest.raises(SmlError):
        decode_frame(bytes(frame))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "start is missing"),
        (START + b"\0" * 8, "end is missing"),
        (encode_frame(b"abcd")[:-2] + b"\0\0", "check sum 0x0000 instead of"),
    ],
)
def test_what_is_wrong_with_a_frame_is_said(frame: bytes, reason: str) -> None:
    with pytest.raises(SmlError, match=reason):
        decode_frame(frame)


def test_impossible_padding_is_refused() -> None:
    body = START + ESCAPE + b"\x1a\x09"
    with pytest.raises(SmlError, match="9 bytes of padding"):
        decode_frame(body + crc16_x25(body).to_bytes(2, "little"))
    body = START + ESCAPE + b"\x1a\x03"
    with pytest.raises(SmlError, match="more padding than content"):
        decode_frame(body + crc16_x25(body).to_bytes(2, "little"))
    body = START + b"\x1b\x1b\x1b\x1bnope" + ESCAPE + b"\x1a\x00"
    with pytest.raises(SmlError, match="neither doubled nor an end"):
        decode_frame(body + crc16_x25(body).to_bytes(2, "little"))
