"""Type-length fields: octet strings, booleans, integers and lists (SML 1.04, 6.2.3)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

__all__ = ["SmlError", "SmlInt", "SmlValue", "decode_value", "encode_value"]

_OCTETS, _BOOLEAN, _SIGNED, _UNSIGNED, _LIST = 0, 4, 5, 6, 7
_MORE = 0x80
_MISSING = 0x01
"""An optional field that is not there; an octet string of no octets looks the same."""
_DEEPEST = 16
"""Lists in lists; a get-list response needs six."""
_WIDTHS = (1, 2, 4, 8)


class SmlError(ValueError):
    """Bytes that are no SML, and where."""


@frozen
class SmlInt:
    """An integer with its size, for encoding; decoding gives plain numbers.

    Attributes:
        value: the number.
        width: octets: 1, 2, 4 or 8.
        signed: two's complement.
    """

    value: int
    width: Literal[1, 2, 4, 8]
    signed: bool = False


SmlValue: TypeAlias = "bytes | bool | int | SmlInt | list[SmlValue] | None"
"""What a field holds; ``None`` is an optional field that is not there. :class:`SmlInt` never comes out of decoding."""


def decode_value(data: bytes, at: int = 0) -> tuple[SmlValue, int]:
    """The field that begins at ``at``.

    Args:
        data: the bytes.
        at: where the field begins.

    Returns:
        Its value, and where the next field begins.

    Raises:
        SmlError: the field is cut off, of no known type, or too deep.
    """
    return _decode(data, at, 0)


def _decode(data: bytes, at: int, depth: int) -> tuple[SmlValue, int]:
    kind, length, after = _head(data, at)
    if (kind, length) == (_OCTETS, 0) and after == at + 1:
        return None, after  # the zero that ends a message, in place of a field
    if kind == _LIST:
        if depth >= _DEEPEST:
            raise SmlError(f"lists deeper than {_DEEPEST} at byte {at}")
        if length > len(data) - after:
            raise SmlError(f"a list of {length} fields at byte {at} does not fit into the {len(data) - after} bytes behind it")
        items: list[SmlValue] = []
        for _ in range(length):
            item, after = _decode(data, after, depth + 1)
            items.append(item)
        return items, after
    end = at + length
    if end < after:
        raise SmlError(f"a field at byte {at} is shorter than its own head")
    if end > len(data):
        raise SmlError(f"a field of {length} bytes at byte {at} is cut off after {len(data) - at}")
    octets = data[after:end]
    if kind == _OCTETS:
        return (bytes(octets) or None), end
    if kind == _BOOLEAN and len(octets) == 1:
        return octets != b"\0", end
    if kind in {_SIGNED, _UNSIGNED} and 1 <= len(octets) <= 8:
        return int.from_bytes(octets, "big", signed=kind == _SIGNED), end
    raise SmlError(f"a field of type {kind} with {len(octets)} octets at byte {at}")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Type, length and the place behind the head of a field; the length of a list counts fields, of anything else octets with head."""
    if at >= len(data):
        raise SmlError(f"nothing at byte {at}")
    byte = data[at]
    kind, length = byte >> 4 & 0x07, byte & 0x0F
    after = at + 1
    while byte & _MORE:
        if after >= len(data) or after - at > 4:
            raise SmlError(f"the length of the field at byte {at} does not end")
        byte = data[after]
        length = length << 4 | byte & 0x0F
        after += 1
    return kind, length, after


def encode_value(value: SmlValue) -> bytes:
    """A field as bytes. Plain numbers become signed 64-bit integers; use :class:`SmlInt` where another size is due."""
    if value is None:
        return bytes([_MISSING])
    if isinstance(value, bool):
        return bytes([_BOOLEAN << 4 | 2, 1 if value else 0])
    if isinstance(value, int):
        value = SmlInt(value, 8, signed=True)
    if isinstance(value, SmlInt):
        kind = _SIGNED if value.signed else _UNSIGNED
        return bytes([kind << 4 | value.width + 1]) + value.value.to_bytes(value.width, "big", signed=value.signed)
    if isinstance(value, bytes):
        return _encode_head(_OCTETS, len(value)) + value
    return _encode_head(_LIST, len(value)) + b"".join(map(encode_value, value))


def _encode_head(kind: int, count: int) -> bytes:
    for heads in range(1, 5):
        length = count if kind == _LIST else count + heads
        if length < 16**heads:
            nibbles = [length >> 4 * (heads - 1 - index) & 0x0F for index in range(heads)]
            return bytes(
                (kind << 4 if index == 0 else 0) | nibble | (_MORE if index < heads - 1 else 0) for index, nibble in enumerate(nibbles)
            )
    raise SmlError(f"{count} is too long for a field")
