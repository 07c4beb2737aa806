"""The emulated converter, bit by bit as its data sheet draws it, and what our driver makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal_bender.emulated_converter import converse
from cc613hal_bender.mcp3208 import command, decode

codes, channels = st.integers(0, 4095), st.integers(0, 7)


@given(codes, channels)
def test_our_frame_brings_the_code_of_its_channel(code, channel):
    answer = converse(command(channel), lambda asked: code if asked == channel else 0)
    assert decode(answer, device="x") == code


@given(codes, channels, st.integers(0, 4))
def test_wherever_the_start_bit_is_the_code_comes_seven_clocks_later(code, channel, lead):
    """The frame of the data sheet's figure 5-1, with idle clocks in front."""
    frame = int(f"11{channel:03b}".rjust(5 + lead, "0").ljust(24, "0"), 2).to_bytes(3, "big")
    bits = f"{int.from_bytes(converse(frame, lambda _: code), 'big'):024b}"
    assert int(bits[lead + 7 : lead + 19], 2) == code
    assert "1" not in bits[: lead + 7], "the null bit is low"


@given(codes, channels)
def test_a_frame_of_the_kernels_driver_is_understood(code, channel):
    """Linux drivers/iio/adc/mcp320x.c: the command in one byte, two places from its end, and the code in the next two."""
    answer = converse(bytes([(0x18 | channel) << 2, 0, 0]), lambda asked: code if asked == channel else 0)
    assert answer[1] << 4 | answer[2] >> 4 == code


@pytest.mark.parametrize("data", [b"", b"\0\0\0", b"\0\x01", b"\x04\0\0"])
def test_without_a_whole_single_ended_command_there_is_no_code(data):
    assert converse(data, lambda _: 4095) == bytes(len(data))
