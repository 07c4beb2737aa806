"""The little of DER that keys and signatures need: sequence, integer, object identifier, bit string.

Own code, because the files of the field bend the rules (superfluous zeros in signatures), and because a verifier must know
exactly which bytes it believes.
"""

from __future__ import annotations

from cc613hal.ocmf.errors import RecordUnreadable

__all__ = ["oid_der", "read_key_info", "read_signature", "write_key_info", "write_signature"]

_INTEGER, _BIT_STRING, _OID, _SEQUENCE = 0x02, 0x03, 0x06, 0x30
_EC_PUBLIC_KEY = bytes.fromhex("06072A8648CE3D0201")
"""Object identifier 1.2.840.10045.2.1 (RFC 5480)."""


def read_signature(data: bytes) -> tuple[int, int]:
    """The two numbers of an ECDSA signature: SEQUENCE of two INTEGERs.

    Superfluous leading zero bytes of a number are passed over, and one that is missing is thought there, since meters in the field
    write both: the numbers are positive by their nature. Anything else that is not exactly this structure is refused.

    Raises:
        RecordUnreadable: another structure, bytes left over.
    """
    body, rest = _take(data, _SEQUENCE)
    first, tail = _take(body, _INTEGER)
    second, end = _take(tail, _INTEGER)
    if rest or end or not first or not second:
        raise RecordUnreadable("the signature is no DER sequence of exactly two numbers")
    return int.from_bytes(first, "big"), int.from_bytes(second, "big")


def write_signature(r: int, s: int) -> bytes:
    """A signature as DER, without superfluous bytes."""
    return _wrap(_SEQUENCE, _integer(r) + _integer(s))


def read_key_info(data: bytes) -> tuple[str, bytes]:
    """Curve (as dotted object identifier) and point of a SubjectPublicKeyInfo (RFC 5480).

    Raises:
        RecordUnreadable: another structure, or a key that is not on an elliptic curve.
    """
    body, rest = _take(data, _SEQUENCE)
    algorithm, tail = _take(body, _SEQUENCE)
    bits, end = _take(tail, _BIT_STRING)
    if rest or end or not algorithm.startswith(_EC_PUBLIC_KEY):
        raise RecordUnreadable("the key is no SubjectPublicKeyInfo of an elliptic curve")
    oid, after = _take(algorithm[len(_EC_PUBLIC_KEY) :], _OID)
    if after or not bits or bits[0]:
        raise RecordUnreadable("the key's curve or point is not encoded as RFC 5480 says")
    return _dotted(oid), bits[1:]


def write_key_info(oid: str, point: bytes) -> bytes:
    """A SubjectPublicKeyInfo from a curve's dotted object identifier and an encoded point."""
    algorithm = _wrap(_SEQUENCE, _EC_PUBLIC_KEY + oid_der(oid))
    return _wrap(_SEQUENCE, algorithm + _wrap(_BIT_STRING, b"\0" + point))


def oid_der(oid: str) -> bytes:
    """A dotted object identifier as DER."""
    return _wrap(_OID, _packed(oid))


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Content and rest of the element at the beginning, which must have this tag."""
    if len(data) < 2 or data[0] != tag:
        raise RecordUnreadable(f"DER element {tag:#04x} expected, {data[:1].hex() or 'nothing'} found")
    length, begin = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        begin += count
        length = int.from_bytes(data[2:begin], "big")
        if not 1 <= count <= 2 or len(data) < begin or length < 0x80:
            raise RecordUnreadable("the length of a DER element makes no sense")
    if len(data) < begin + length:
        raise RecordUnreadable("a DER element is cut off")
    return data[begin : begin + length], data[begin + length :]


def _wrap(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def _integer(value: int) -> bytes:
    return _wrap(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _dotted(content: bytes) -> str:
    if not content or content[-1] & 0x80:
        raise RecordUnreadable("the object identifier of the curve is cut off")
    numbers: list[int] = []
    value = 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _packed(oid: str) -> bytes:
    first, second, *rest = map(int, oid.split("."))
    packed = bytearray()
    for number in (first * 40 + second, *rest):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        packed += bytes(reversed(groups))
    return bytes(packed)
