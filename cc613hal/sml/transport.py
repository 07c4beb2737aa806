"""SML transport protocol, version 1: frames in a stream of bytes, with escapes, padding and check sum (SML 1.04, 8).

A frame is ``1B1B1B1B 01010101``, the messages, zeros up to a multiple of four, and ``1B1B1B1B 1A nn cc cc`` with the number of zeros and
the CRC-16/X.25 of everything before it. ``1B1B1B1B`` inside the messages is written twice.
"""

from __future__ import annotations

from binascii import crc_hqx

from cc613hal.sml.values import SmlError

__all__ = ["Frames", "crc16_x25", "decode_frame", "encode_frame"]

_ESCAPE = b"\x1b\x1b\x1b\x1b"
_START = _ESCAPE + b"\x01\x01\x01\x01"
_END = 0x1A
_TAIL = 8
_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def crc16_x25(data: bytes) -> int:
    """CRC-16/X.25 (polynomial 0x1021 reflected, start and final inversion 0xFFFF); of ``b"123456789"`` it is 0x906E."""
    # the standard library computes the same polynomial from the other end: turn every octet, and the result
    crc = crc_hqx(data.translate(_REVERSED), 0xFFFF)
    return (_REVERSED[crc & 0xFF] << 8 | _REVERSED[crc >> 8]) ^ 0xFFFF


def encode_frame(messages: bytes) -> bytes:
    """Messages as a frame, ready for the line.

    Args:
        messages: a whole file. It ends with the zero that ends its last message; content that ended with ``1B`` could not be told from the
            escape behind it.
    """
    padding = -len(messages) % 4
    body = _START + messages.replace(_ESCAPE, _ESCAPE * 2) + bytes(padding) + _ESCAPE + bytes([_END, padding])
    return body + crc16_x25(body).to_bytes(2, "little")


def decode_frame(frame: bytes) -> bytes:
    """The messages in one whole frame.

    Raises:
        SmlError: it does not begin or end as a frame does, its check sum is wrong, or an escape in it means nothing.
    """
    if len(frame) < len(_START) + _TAIL or not frame.startswith(_START):
        raise SmlError("not a frame of SML transport version 1: the start is missing")
    if frame[-_TAIL:-4] != _ESCAPE or frame[-4] != _END:
        raise SmlError("not a frame of SML transport version 1: the end is missing")
    said, padding = int.from_bytes(frame[-2:], "little"), frame[-3]
    if padding > 3:
        raise SmlError(f"{padding} bytes of padding, at most 3 are possible")
    found = crc16_x25(frame[:-2])
    if said != found:
        raise SmlError(f"check sum {said:#06x} instead of {found:#06x}")
    body = frame[len(_START) : -_TAIL]
    if _ESCAPE in body:
        body = _without_escapes(body)
    if padding > len(body):
        raise SmlError("more padding than content")
    return body[: len(body) - padding]


def _without_escapes(body: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while (found := body.find(_ESCAPE, at)) >= 0:
        if body[found + 4 : found + 8] != _ESCAPE:
            raise SmlError(f"an escape at byte {found} that is neither doubled nor an end")
        pieces.append(body[at : found + 4])
        at = found + 8
    return b"".join(pieces) + body[at:]


class Frames:
    """Finds whole frames in a stream of bytes; noise before, between and inside them is dropped and counted.

    Args:
        longest: frames longer than this are given up, bytes; it bounds the memory a broken line can take.

    Attributes:
        dropped: bytes that belonged to no frame.
        broken: frames that were given up: cut off by another start, or too long. What :func:`decode_frame` refuses is not counted here.
    """

    def __init__(self, longest: int = 8192) -> None:
        self.dropped = 0
        self.broken = 0
        self._longest = longest
        self._heard = bytearray()
        self._searched = len(_START)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; returns the frames that are now whole, for :func:`decode_frame`."""
        heard = self._heard
        heard += data
        whole: list[bytes] = []
        while True:
            start = heard.find(_START)
            if start < 0:
                self._drop(max(0, len(heard) - len(_START) + 1))
                return whole
            if start:
                self._drop(start)
            end = self._end()
            if end is None:
                if len(heard) <= self._longest:
                    return whole
                self.broken += 1
                self._drop(len(_START))
            elif end > 0:
                whole.append(bytes(heard[:end]))
                del heard[:end]
                self._searched = len(_START)
            else:
                self.broken += 1
                self._drop(-end)

    def _end(self) -> int | None:
        """Where the frame at the beginning ends; ``None`` for not yet; negative where another start or a senseless escape cuts it off."""
        heard = self._heard
        at = self._searched
        while (found := heard.find(_ESCAPE, at)) >= 0:
            what = bytes(heard[found + 4 : found + 8])
            if len(what) < 4:
                self._searched = found
                return None
            if what[0] == _END:
                return found + 8
            if what != _ESCAPE:
                return -found if what == _START[4:] else -(found + 4)
            at = found + 8
        self._searched = max(len(_START), at, len(heard) - 3)
        return None

    def _drop(self, count: int) -> None:
        self.dropped += count
        del self._heard[:count]
        self._searched = len(_START)
