"""What ISO/IEC 14443 type A cards say about themselves, and how the PN532 lists them: pure functions.

Layout of a target (UM0701-02, section 7.3.5): ``Tg SENS_RES(2) SEL_RES NFCIDLength NFCID1 [ATS, its first byte is its length]``.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal.errors import ProtocolViolation
from cc613hal.interfaces import CardTechnology
from cc613hal_rfid.presentation import SeenCard
from cc613hal_rfid.uid import UID_LENGTHS

__all__ = ["ISO_DEP", "Target", "historical_bytes", "parse_targets", "technology_of"]

ISO_DEP = 0x20
"""Bit of SEL_RES: ISO 14443-4 is spoken, and an ATS follows (NXP AN10833, table 6)."""

_CLASSIC = 0x08
"""Bit of SEL_RES: MIFARE Classic commands are understood (NXP AN10833, table 6)."""

_ULTRALIGHT_ATQA = 0x0044
"""SENS_RES of Ultralight and NTAG with SEL_RES 00 (NXP AN10833, table 5)."""


@frozen(kw_only=True)
class Target:
    """A card as the chip lists it.

    Attributes:
        number: the chip's handle for data exchange.
        atqa: SENS_RES.
        sak: SEL_RES.
        uid: NFCID1, in wire order.
        ats: answer to select without its length byte; empty without ISO 14443-4.
    """

    number: int
    atqa: int
    sak: int
    uid: bytes
    ats: bytes = b""

    @property
    def iso_dep(self) -> bool:
        """Whether it takes APDUs."""
        return bool(self.sak & ISO_DEP)

    def seen(self) -> SeenCard:
        """The card of one look."""
        return SeenCard(
            uid=self.uid, technology=technology_of(self.atqa, self.sak), atqa=self.atqa, sak=self.sak, ats=historical_bytes(self.ats)
        )


def parse_targets(answer: bytes, device: str) -> tuple[Target, ...]:
    """The targets in an answer to InListPassiveTarget (106 kbit/s type A).

    Args:
        answer: what follows the answer code: number of targets, then the targets.
        device: who asked, for the message.

    Raises:
        ProtocolViolation: the answer is cut off or contradicts itself.
    """
    if not answer:
        raise ProtocolViolation("the reader's list of cards is empty of everything, even of its length", device=device)
    targets: list[Target] = []
    rest = answer[1:]
    for _ in range(answer[0]):
        target, rest = _parse_target(rest, answer, device)
        targets.append(target)
    return tuple(targets)


def _parse_target(data: bytes, answer: bytes, device: str) -> tuple[Target, bytes]:
    length = data[4] if len(data) > 4 else 0
    if length not in UID_LENGTHS or len(data) < 5 + length:
        raise ProtocolViolation(f"the reader lists a card that cannot be: {answer.hex(' ').upper()}", device=device)
    uid, rest, ats = data[5 : 5 + length], data[5 + length :], b""
    if data[3] & ISO_DEP and rest:
        count = rest[0]
        if not 1 <= count <= len(rest):
            raise ProtocolViolation(f"the reader cuts off a card's answer to select: {answer.hex(' ').upper()}", device=device)
        ats, rest = rest[1:count], rest[count:]
    return Target(number=data[0], atqa=int.from_bytes(data[1:3], "big"), sak=data[3], uid=uid, ats=ats), rest


def technology_of(atqa: int, sak: int) -> CardTechnology:
    """What kind of card answers with these (NXP AN10833, tables 5 and 6).

    A card that speaks ISO 14443-4 *and* emulates Classic counts as ISO-DEP: the better of what it can do.
    """
    if sak & ISO_DEP:
        return CardTechnology.ISO_DEP
    if sak & _CLASSIC:
        return CardTechnology.MIFARE_CLASSIC
    if sak == 0x00 and atqa == _ULTRALIGHT_ATQA:
        return CardTechnology.MIFARE_ULTRALIGHT
    return CardTechnology.ISO_14443A


def historical_bytes(ats: bytes) -> bytes:
    """The historical bytes in an answer to select that comes without its length byte (ISO 14443-4, section 5.2).

    T0 tells which of TA, TB and TC come before them.
    """
    if not ats:
        return b""
    interface = sum(bool(ats[0] & bit) for bit in (0x10, 0x20, 0x40))
    return ats[1 + interface :]
