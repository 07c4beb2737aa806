"""Emulated cards of ISO/IEC 14443 type A, bit by bit: what a reader's chip has in its field.

This is the card's side of :mod:`cc613hal_rfid.iso14443a` and :mod:`cc613hal_rfid.iso_dep`; it shares nothing with them but the check sum.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence

from attrs import define, field

from cc613hal.plant.world import FieldCard
from cc613hal_rfid.iso14443a import crc_a

__all__ = ["Application", "EmulatedCard", "bits_of", "bytes_of", "no_such_file"]

Application = Callable[[FieldCard, bytes], bytes | None]
"""What an ISO-DEP card answers to an APDU; ``None`` means that it left."""


def no_such_file(card: FieldCard, apdu: bytes) -> bytes | None:  # noqa: ARG001  # the signature of every card's application
    """A card without applications."""
    return bytes.fromhex("6A82")


def bits_of(data: bytes) -> list[int]:
    """Bits in the order of the air: least significant first."""
    return [byte >> place & 1 for byte in data for place in range(8)]


def bytes_of(bits: Sequence[int]) -> bytes:
    """The bytes that bits make, the last one filled up with zeros."""
    return bytes(sum(bit << place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


class _State(enum.Enum):
    IDLE = 0
    READY = 1
    ACTIVE = 2
    HALT = 3
    PROTOCOL = 4


@define(eq=False)
class EmulatedCard:
    """A card and its state.

    Attributes:
        card: what it is.
        application: its answers to APDUs.
        wait_requests: asks for more time this often before it answers an APDU.
        executed: commands it carried out.
    """

    card: FieldCard
    application: Application = no_such_file
    wait_requests: int = 0
    executed: int = 0
    _state: _State = field(default=_State.IDLE, init=False)
    _woken: bool = field(default=False, init=False)
    _level: int = field(default=0, init=False)
    _number: int = field(default=1, init=False)
    _incoming: bytes = field(default=b"", init=False)
    _outgoing: bytes = field(default=b"", init=False)
    _last: bytes = field(default=b"", init=False)
    _waits: int = field(default=0, init=False)
    _held: bytes | None = field(default=None, init=False)

    def lose_power(self) -> None:
        """The field went."""
        self._state, self._woken, self._level = _State.IDLE, False, 0

    def hear(self, bits: Sequence[int]) -> list[int] | None:
        """A frame of the reader; the bits of the answer, or ``None``."""
        if len(bits) == 7:
            return self._request(bytes_of(bits)[0])
        data = bytes_of(bits)
        if self._state is _State.READY and data[0] in {0x93, 0x95, 0x97}:
            return self._anticollision(data, bits)
        if len(bits) % 8 or len(data) < 3 or crc_a(data[:-2]) != data[-2:]:
            self._back() if self._state in {_State.READY, _State.ACTIVE} else None
            return None
        answer = self._frame(data[:-2])
        return None if answer is None else bits_of(answer + crc_a(answer))

    def _request(self, code: int) -> list[int] | None:
        if self._state is _State.IDLE or (self._state is _State.HALT and code == 0x52):
            self._woken = self._state is _State.HALT
            self._state, self._level = _State.READY, 0
            return bits_of(self.card.atqa.to_bytes(2, "little"))
        if self._state in {_State.READY, _State.ACTIVE}:
            self._back()
        return None

    def _back(self) -> None:
        """Where a card goes that is not meant: it stays halted if it was (figure 7 of ISO/IEC 14443-3)."""
        self._state = _State.HALT if self._woken else _State.IDLE

    def _parts(self) -> list[bytes]:
        uid, parts = self.card.uid, list[bytes]()
        while len(uid) > 4:
            parts.append(b"\x88" + uid[:3])
            uid = uid[3:]
        return [*parts, uid]

    def _anticollision(self, data: bytes, bits: Sequence[int]) -> list[int] | None:
        parts = self._parts()
        if data[0] != (0x93, 0x95, 0x97)[self._level]:
            self._back()
            return None
        part = parts[self._level]
        whole = bits_of(part + bytes((part[0] ^ part[1] ^ part[2] ^ part[3],)))
        if data[1] == 0x70:
            if len(data) != 9 or crc_a(data[:7]) != data[7:] or bits_of(data[2:7]) != whole:
                self._back()
                return None
            last = self._level == len(parts) - 1
            self._level += not last
            self._state = _State.ACTIVE if last else _State.READY
            sak = bytes((self.card.sak if last else 0x04,))
            return bits_of(sak + crc_a(sak))
        known = (data[1] >> 4) * 8 + (data[1] & 0x0F) - 16
        return whole[known:] if list(bits[16 : 16 + known]) == whole[:known] else None

    def _frame(self, data: bytes) -> bytes | None:
        if self._state is _State.PROTOCOL:
            return self._block(data)
        if self._state is not _State.ACTIVE:
            return None
        if data == b"\x50\x00":
            self._state = _State.HALT
        elif data[0] == 0xE0 and self.card.sak & 0x20:
            self._state, self._number, self._incoming, self._outgoing = _State.PROTOCOL, 1, b"", b""
            return bytes((len(self.card.ats) + 1,)) + self.card.ats
        else:
            self._back()
        return None

    # -- ISO/IEC 14443-4 ----------------------------------------------------------------------------------------------------------

    def _block(self, data: bytes) -> bytes | None:
        control = data[0]
        if control == 0xC2:
            self._state = _State.HALT
            return b"\xc2"
        if control == 0xF2:
            return self._remember(self._result())
        if control & 0xE2 == 0x02:
            self._number ^= 1
            self._incoming += data[1:]
            if control & 0x10:
                return self._remember(bytes((0xA2 | self._number,)))
            apdu, self._incoming, self._waits = self._incoming, b"", self.wait_requests
            self.executed += 1
            self._held = self.application(self.card, apdu)
            return self._remember(self._result())
        if control & 0xE6 == 0xA2:
            if control & 1 == self._number:
                return self._last  # asked for once more
            if control & 0x10:
                return bytes((0xA2 | self._number,))  # a NAK for a block that never came
            self._number ^= 1
            return self._remember(self._piece())
        return None

    def _result(self) -> bytes | None:
        if self._waits:
            self._waits -= 1
            return b"\xf2\x02"
        if self._held is None:
            return None
        self._outgoing = self._held
        return self._piece()

    def _piece(self) -> bytes:
        size = 64 - 3
        piece, self._outgoing = self._outgoing[:size], self._outgoing[size:]
        return bytes((0x02 | (0x10 if self._outgoing else 0) | self._number,)) + piece

    def _remember(self, answer: bytes | None) -> bytes | None:
        self._last = answer or self._last
        return answer
