"""Signatures with superfluous zeros become the shortest ones, and what is no signature is refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from cc613hal_meters.signing.der import lean_signature

NUMBERS = st.integers(min_value=1, max_value=2**256 - 1)


@given(NUMBERS, NUMBERS, st.integers(min_value=33, max_value=40))
def test_padding_goes_and_the_numbers_stay(r: int, s: int, width: int) -> None:
    padded = b"".join(bytes([0x02, width]) + number.to_bytes(width, "big") for number in (r, s))
    lean = lean_signature(bytes([0x30, len(padded)]) + padded)
    assert lean == encode_dss_signature(r, s)
    assert decode_dss_signature(lean) == (r, s)


@given(NUMBERS, NUMBERS)
def test_what_is_lean_already_stays(r: int, s: int) -> None:
    assert lean_signature(encode_dss_signature(r, s)) == encode_dss_signature(r, s)


@given(st.binary(max_size=80))
def test_anything_else_is_refused_or_is_a_signature(data: bytes) -> None:
    try:
        lean = lean_signature(data)
    except ValueError:
        return
    assert lean_signature(lean) == lean


@pytest.mark.parametrize(
    "data", ["", "30", "3003020101", "300602010102010100", "3006020101030101", "30080201010201010201", "3106020101020101"]
)
def test_broken_ones_are_refused(data: str) -> None:
    with pytest.raises(ValueError, match="signature"):
        lean_signature(bytes.fromhex(data))
