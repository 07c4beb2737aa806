"""ISO/IEC 14443-3 type A, the reader's side: check sum, anticollision over three cascade levels, halt. Knows no reader chip.

The reader's hardware is an :class:`RfLink`, which carries frames of bits. Section numbers are those of ISO/IEC 14443-3.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from attrs import define, frozen

from cc613hal_rfid.uid import UID_LENGTHS

__all__ = ["CASCADE_TAG", "HLTA", "REQA", "WUPA", "RfAnswer", "RfLink", "Selected", "crc_a", "crc_ok", "halt", "select_one", "with_crc"]

REQA = 0x26
"""7 bits: who is idle answers (section 6.4.1)."""

WUPA = 0x52
"""7 bits: who is idle or halted answers (section 6.4.1)."""

HLTA = b"\x50\x00"
"""The selected card is quiet from now on (section 6.4.3)."""

CASCADE_TAG = 0x88
"""Stands before the first three bytes of an identifier that goes on at the next level (section 6.5.4)."""

_LEVELS = (0x93, 0x95, 0x97)
"""SEL of cascade levels 1 to 3 (section 6.5.3.2)."""

_SAK_CASCADE = 0x04
"""Bit of SAK: the identifier is not complete (section 6.5.3.4)."""

_SHORT_S = 0.002
"""Longest wait for an answer of the card: the frame delay time is 86 to 91 µs (section 6.2.1.1), 40 bits last 0.4 ms."""

_STEPS = 80
"""More than the 32 bits of a level, each guessed twice: after that it is noise."""

_ATTEMPTS = 5


def crc_a(data: bytes) -> bytes:
    """CRC_A as it goes over the air, low byte first (section 6.2.4 and annex B: x^16 + x^12 + x^5 + 1, preset 6363)."""
    value = 0x6363
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value.to_bytes(2, "little")


def with_crc(data: bytes) -> bytes:
    """A frame with its check sum."""
    return data + crc_a(data)


def crc_ok(frame: bytes) -> bool:
    """Whether a received frame ends with its check sum."""
    return len(frame) > 2 and crc_a(frame[:-2]) == frame[-2:]


@frozen(kw_only=True)
class RfAnswer:
    """What came back over the air.

    Attributes:
        data: received bytes, least significant bit first; the first one is aligned as asked for, what follows a collision is 0.
        bits: valid bits of the last byte; 0 means all eight.
        collision: position of the first collision as the reader counts it, from 1; ``None`` for none.
        damaged: parity, framing or overflow error.
    """

    data: bytes
    bits: int = 0
    collision: int | None = None
    damaged: bool = False


class RfLink(Protocol):
    """A reader's field, as the protocol needs it."""

    @abstractmethod
    async def exchange(self, data: bytes, *, timeout_s: float, tx_bits: int = 0, rx_align: int = 0) -> RfAnswer | None:
        """Send a frame and receive the answer.

        Args:
            data: bytes without parity; check sums are the caller's.
            timeout_s: longest wait for the answer to begin, s.
            tx_bits: bits of the last byte to send; 0 means all.
            rx_align: where in the first byte the first received bit belongs.

        Returns:
            ``None`` if nobody answered.

        Raises:
            BusError: the reader does not work.
        """


@frozen(kw_only=True)
class Selected:
    """A card that was selected.

    Attributes:
        uid: identifier without cascade tags.
        atqa: what all cards in the field answered to the request, merged.
        sak: the card's select acknowledge.
    """

    uid: bytes
    atqa: int
    sak: int


async def select_one(link: RfLink, request: int = REQA) -> Selected | None:
    """Find and select one card, whichever wins the anticollision.

    Args:
        link: the field.
        request: :data:`REQA` or :data:`WUPA`.

    Returns:
        ``None`` if there is none, or none that can be understood.

    Raises:
        BusError: the reader does not work.
    """
    for attempt in range(_ATTEMPTS):
        asked = await link.exchange(bytes((request,)), timeout_s=_SHORT_S, tx_bits=7)
        if asked is None:
            if attempt == 0:
                return None
            continue  # a card that was left half-way ignores the first request (section 6.3): the next one finds it
        selected = await _cascade(link, int.from_bytes(asked.data[:2], "little"))
        if selected is not None:
            return selected
    return None


async def halt(link: RfLink) -> None:
    """Send the selected card to sleep until the field goes or a WUPA comes; it does not acknowledge.

    Raises:
        BusError: the reader does not work.
    """
    await link.exchange(with_crc(HLTA), timeout_s=_SHORT_S)


async def _cascade(link: RfLink, atqa: int) -> Selected | None:
    uid = b""
    for level in _LEVELS:
        part = await _Level(link, level).resolve()
        if part is None:
            return None
        sak = await _select(link, level, part)
        if sak is None or (sak & _SAK_CASCADE and part[0] != CASCADE_TAG):
            return None
        uid += part[1:] if sak & _SAK_CASCADE else part
        if not sak & _SAK_CASCADE:
            return Selected(uid=uid, atqa=atqa, sak=sak) if len(uid) in UID_LENGTHS else None
    return None


async def _select(link: RfLink, level: int, part: bytes) -> int | None:
    """SELECT with all 40 bits (section 6.5.3.3); the card's SAK."""
    answer = await link.exchange(with_crc(bytes((level, 0x70)) + part + _bcc(part)), timeout_s=_SHORT_S)
    if answer is None or answer.damaged or len(answer.data) != 3 or not crc_ok(answer.data):
        return None
    return answer.data[0]


def _bcc(part: bytes) -> bytes:
    """Exclusive or of the four bytes (section 6.5.3.2)."""
    return bytes((part[0] ^ part[1] ^ part[2] ^ part[3],))


@define
class _Level:
    """The anticollision loop of one cascade level: the bits that are sure, and one guess at their end (section 6.5.3.1).

    Where a guess finds nobody, the other value is tried, so the loop also converges when the reader's way of counting the position of a
    collision makes the sure part shorter than it could be.
    """

    link: RfLink
    level: int
    known: int = 0
    count: int = 0
    guessed: bool = False

    async def resolve(self) -> bytes | None:
        """The four bytes of the card that wins; ``None`` if it left or is not understood."""
        for _ in range(_STEPS):
            answer = await self._ask()
            if answer is None or (answer.damaged and answer.collision is None):
                if not self._turn_guess():
                    return None
                continue
            whole, extra = divmod(self.count, 8)
            arrived = int.from_bytes(answer.data, "little") >> extra << extra  # what stands below the alignment is nobody's
            value = self.known | arrived << 8 * whole
            if answer.collision is not None:
                self._collided(value, answer.collision)
                continue
            if whole + len(answer.data) != 5:
                return None
            part = value.to_bytes(5, "little")
            return part[:4] if _bcc(part[:4]) == part[4:] else None
        return None

    async def _ask(self) -> RfAnswer | None:
        whole, extra = divmod(self.count, 8)
        sure = self.known.to_bytes(whole + bool(extra), "little")
        frame = bytes((self.level, (2 + whole) << 4 | extra)) + sure
        return await self.link.exchange(frame, timeout_s=_SHORT_S, tx_bits=extra, rx_align=extra)

    def _collided(self, value: int, position: int) -> None:
        """Keep what arrived before the collision and guess a 1 at its place.

        Readers count from the first bit of the level, of the received byte, or of the received frame; the smallest that makes progress
        never takes a bit for sure that is not.
        """
        position = next(place for place in (position, 8 * (self.count // 8) + position, self.count + position) if place > self.count)
        self.count = min(position, 32)
        self.known = value & (1 << self.count - 1) - 1 | 1 << self.count - 1
        self.guessed = True

    def _turn_guess(self) -> bool:
        """Try a 0 where the 1 found nobody; whether there was a guess to turn."""
        if not self.guessed:
            return False
        self.known &= ~(1 << self.count - 1)
        self.guessed = False
        return True
