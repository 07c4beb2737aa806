"""ECDSA signatures as ASN.1 says them: shortest integers."""

from __future__ import annotations

__all__ = ["lean_signature"]

_SEQUENCE, _INTEGER = 0x30, 0x02
_LONG = 0x80


def lean_signature(data: bytes) -> bytes:
    """A DER sequence of two integers without superfluous leading zero bytes, lengths put right.

    Firmware of the Iskra WM3M4 writes r and s with 32 bytes although shorter ones are due (EVerest, RsIskraMeter); strict verifiers
    refuse that. A zero that keeps a number positive stays.

    Args:
        data: the signature as the meter gives it, up to 127 bytes of content (curves up to 384 bits).

    Raises:
        ValueError: this is no sequence of two integers.
    """
    if len(data) < 2 or data[0] != _SEQUENCE or data[1] >= _LONG or len(data) != 2 + data[1]:
        raise ValueError("the signature is no DER sequence of its own length")
    parts, rest = bytearray(), data[2:]
    for _ in range(2):
        if len(rest) < 3 or rest[0] != _INTEGER or not 0 < rest[1] < _LONG or len(rest) < 2 + rest[1]:
            raise ValueError("the signature does not hold two integers")
        number, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        while len(number) > 1 and number[0] == 0 and number[1] < _LONG:
            number = number[1:]
        parts += bytes([_INTEGER, len(number)]) + number
    if rest:
        raise ValueError("the signature holds more than two integers")
    return bytes([_SEQUENCE, len(parts)]) + bytes(parts)
