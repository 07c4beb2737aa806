"""What a PC/SC answer to reset says of a contactless card: pure functions.

Terminals make one up for contactless cards: PC/SC part 3, section 3.1.3.2.3, with the names of part 3's supplement.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal.interfaces import CardTechnology

__all__ = ["AtrFacts", "read_atr", "storage_atr", "wrapped_atr"]

_RID = bytes.fromhex("A000000306")
"""Registered identifier of the PC/SC workgroup, in front of standard and card name."""

_STORAGE = b"\x80\x4f\x0c" + _RID

_STANDARDS = {
    **dict.fromkeys((0x01, 0x02, 0x03), CardTechnology.ISO_14443A),
    0x04: CardTechnology.ISO_DEP,
    **dict.fromkeys((0x05, 0x06, 0x07), CardTechnology.ISO_14443B),
    **dict.fromkeys((0x09, 0x0A, 0x0B, 0x0C), CardTechnology.ISO_15693),
    0x11: CardTechnology.FELICA,
}
"""Byte SS: 14443 A part 1 to 4, 14443 B, 15693, FeliCa (PC/SC part 3, supplement)."""

_NAMES = {
    **dict.fromkeys((0x0001, 0x0002, 0x0026), CardTechnology.MIFARE_CLASSIC),  # 1K, 4K, Mini
    **dict.fromkeys((0x0003, 0x003A), CardTechnology.MIFARE_ULTRALIGHT),  # Ultralight, Ultralight C
    **dict.fromkeys((0xF011, 0xF012), CardTechnology.FELICA),  # as terminals with an NXP chip call it
}
"""Bytes NN: the card's name (likewise)."""


@frozen(kw_only=True)
class AtrFacts:
    """What can be told.

    Attributes:
        technology: what kind of card; unknown for a card with contacts.
        historical: its historical bytes where they are the card's own (ISO 14443-4).
    """

    technology: CardTechnology
    historical: bytes = b""


def read_atr(atr: bytes) -> AtrFacts:
    """The facts in an answer to reset; nothing in it can make this fail."""
    if len(atr) < 5 or atr[0] != 0x3B or atr[1] >> 4 != 0x8 or atr[2:4] != b"\x80\x01":
        return AtrFacts(technology=CardTechnology.UNKNOWN)
    historical = atr[4 : 4 + (atr[1] & 0x0F)]
    if not historical.startswith(_STORAGE) or len(historical) < len(_STORAGE) + 3:
        return AtrFacts(technology=CardTechnology.ISO_DEP, historical=historical)
    standard, name = historical[len(_STORAGE)], int.from_bytes(historical[len(_STORAGE) + 1 : len(_STORAGE) + 3], "big")
    return AtrFacts(technology=_NAMES.get(name, _STANDARDS.get(standard, CardTechnology.UNKNOWN)))


def wrapped_atr(historical: bytes) -> bytes:
    """What a terminal makes of an ISO 14443-4 card with these historical bytes (at most 15)."""
    body = bytes((0x80 | len(historical[:15]), 0x80, 0x01)) + historical[:15]
    return b"\x3b" + body + bytes((_xor(body),))


def storage_atr(standard: int, name: int) -> bytes:
    """What a terminal makes of a storage card."""
    return wrapped_atr(_STORAGE + bytes((standard,)) + name.to_bytes(2, "big") + bytes(4))


def _xor(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value
