"""The PN532's frames: a pure codec with a parser that finds its way back after noise.

Layout (NXP UM0701-02 "PN532 User Manual", section 6.2.1)::

    normal     00 00 FF LEN LCS  TFI PD0 … PDn  DCS 00      LEN + LCS = 0, TFI + PD… + DCS = 0 (mod 256)
    extended   00 00 FF FF FF LENM LENL LCS  TFI PD0 … PDn  DCS 00
    ACK        00 00 FF 00 FF 00
    NACK       00 00 FF FF 00 00
    error      00 00 FF 01 FF 7F 81 00

TFI is D4 towards the chip and D5 from it.
"""

from __future__ import annotations

from attrs import define, field, frozen

__all__ = [
    "ACK",
    "ERROR",
    "FROM_CHIP",
    "MAX_LENGTH",
    "NACK",
    "TO_CHIP",
    "Ack",
    "Damaged",
    "Data",
    "ErrorFrame",
    "FrameParser",
    "Nack",
    "Received",
    "encode",
]

ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
ERROR = bytes.fromhex("0000FF01FF7F8100")
TO_CHIP = 0xD4
FROM_CHIP = 0xD5

MAX_LENGTH = 265
"""Longest TFI + data of the chip (UM0701-02, section 6.2.1.2: 264 data bytes and the TFI)."""

_START = b"\x00\xff"


@frozen
class Ack:
    """The other side took the last frame. Sent by the host while a command runs, it aborts the command."""


@frozen
class Nack:
    """The other side asks for the last frame once more."""


@frozen
class ErrorFrame:
    """The chip did not understand a command (syntax error).

    Attributes:
        code: the chip's number, always 0x7F.
    """

    code: int = 0x7F


@frozen
class Data:
    """A frame with a content.

    Attributes:
        tfi: direction, :data:`TO_CHIP` or :data:`FROM_CHIP`.
        payload: command or answer code and its data.
    """

    tfi: int
    payload: bytes


@frozen
class Damaged:
    """Something that began like a frame and was none.

    Attributes:
        reason: which check failed.
    """

    reason: str


Received = Ack | Nack | ErrorFrame | Data | Damaged


def encode(payload: bytes, tfi: int = TO_CHIP) -> bytes:
    """A frame for the wire, extended where the length needs it.

    Args:
        payload: command or answer code and its data, 1 to 264 bytes.
        tfi: direction.

    Raises:
        ValueError: empty, or too long for the chip.
    """
    length = len(payload) + 1
    if not payload or length > MAX_LENGTH:
        raise ValueError(f"a PN532 frame carries 1 to {MAX_LENGTH - 1} bytes, not {len(payload)}")
    if length <= 0xFF:
        head = bytes((length, -length & 0xFF))
    else:
        high, low = divmod(length, 256)
        head = bytes((0xFF, 0xFF, high, low, -(high + low) & 0xFF))
    check = -(tfi + sum(payload)) & 0xFF
    return b"\x00" + _START + head + bytes((tfi,)) + payload + bytes((check, 0x00))


@define
class FrameParser:
    """Finds frames in a stream of bytes, in whatever pieces they arrive.

    After anything that is no frame it goes on one byte behind the false start, so that a true frame inside the noise is found.
    """

    _buffer: bytearray = field(factory=bytearray, init=False)

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Received]:
        """Take bytes from the wire; returns the frames they complete, in order."""
        self._buffer += data
        found: list[Received] = []
        while (received := self._next()) is not None:
            found.append(received)
        return found

    def flush(self) -> list[Received]:
        """The line fell silent: an unfinished frame will never end. Returns what is found behind its false start."""
        found: list[Received] = []
        while self._align() and len(self._buffer) > len(_START):
            del self._buffer[:1]
            found.append(Damaged("unfinished frame"))
            found.extend(self.feed(b""))
        self._buffer.clear()
        return found

    def clear(self) -> None:
        """Forget what was begun."""
        self._buffer.clear()

    def _align(self) -> bool:
        """Drop everything before the first start code; whether there is one."""
        start = self._buffer.find(_START)
        if start >= 0:
            del self._buffer[:start]
            return True
        del self._buffer[: max(0, len(self._buffer) - 1) if self._buffer.endswith(b"\x00") else len(self._buffer)]
        return False

    def _next(self) -> Received | None:
        if not self._align() or len(self._buffer) < 4:
            return None
        first, second = self._buffer[2], self._buffer[3]
        if (first, second) == (0x00, 0xFF):
            return self._take(4, Ack())
        if (first, second) == (0xFF, 0x00):
            return self._take(4, Nack())
        if (first, second) == (0xFF, 0xFF):
            if len(self._buffer) < 7:
                return None
            high, low, check = self._buffer[4:7]
            length = high * 256 + low
            if (high + low + check) & 0xFF or not 0 < length <= MAX_LENGTH:
                return self._take(1, Damaged("length check sum of an extended frame"))
            return self._body(7, length)
        if (first + second) & 0xFF or first == 0:
            return self._take(1, Damaged("length check sum"))
        return self._body(4, first)

    def _body(self, offset: int, length: int) -> Received | None:
        end = offset + length + 1
        if len(self._buffer) < end:
            return None
        content = bytes(self._buffer[offset:end])
        if sum(content) & 0xFF:
            return self._take(1, Damaged("data check sum"))
        tfi, payload = content[0], content[1:-1]
        if not payload:
            return self._take(end, ErrorFrame(tfi))
        return self._take(end, Data(tfi, payload))

    def _take(self, count: int, received: Received) -> Received:
        del self._buffer[:count]
        return received
