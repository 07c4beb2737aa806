"""Frames of DZG's DC meters: SLIP-like, with an address in front and a check sum behind. Pure; no I/O.

``C0``, address, content, CRC-16/XMODEM of address and escaped content (low octet first), ``C0``. In the content ``C0`` is written ``DB DC``
and ``DB`` is written ``DB DD`` (RFC 1055); the check sum is not escaped, so a ``C0`` in it does not end the frame.
Source: EVerest's driver DZG_GSH01.
"""

from __future__ import annotations

from binascii import crc_hqx

__all__ = ["SlipFrames", "slip_encode"]

_END = 0xC0
_ESCAPE = b"\xdb"
_PAIRS = ((b"\xdb\xdc", b"\xc0"), (b"\xdb\xdd", b"\xdb"))
_LONGEST = 1504
"""The meter's longest message is 1500 octets (EVerest, PM_GSH01_MAX_RX_LENGTH)."""


def slip_encode(address: int, content: bytes) -> bytes:
    """A frame, ready for the line."""
    body = bytes([address]) + content.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + body + crc_hqx(body, 0).to_bytes(2, "little") + b"\xc0"


def _decode(body: bytes) -> tuple[int, bytes] | None:
    """Address and content between two ``C0``; ``None`` if check sum or escapes are wrong."""
    if len(body) < 3 or crc_hqx(body[:-2], 0) != int.from_bytes(body[-2:], "little"):
        return None
    content, at = bytearray(), 1
    while at < len(body) - 2:
        pair = bytes(body[at : at + 2])
        plain = next((plain for escaped, plain in _PAIRS if escaped == pair and at + 2 <= len(body) - 2), None)
        if plain is None and body[at] in {_END, _ESCAPE[0]}:
            return None
        content += plain or body[at : at + 1]
        at += 2 if plain else 1
    return body[0], bytes(content)


class SlipFrames:
    """Finds frames in a stream of bytes.

    Attributes:
        dropped: bytes that belonged to no frame.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._heard = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take what arrived; returns address and content of the frames that are now whole."""
        self._heard += data
        found: list[tuple[int, bytes]] = []
        while True:
            start = self._heard.find(_END)
            if start < 0:
                self._drop(len(self._heard))
                return found
            self._drop(start)
            frame, used = self._whole()
            if frame is not None:
                found.append(frame)
                del self._heard[:used]
            elif len(self._heard) > _LONGEST:
                self._drop(1)
            else:
                return found

    def reset(self) -> None:
        """Forget what is not whole; nothing more of it will come."""
        self._drop(len(self._heard))

    def _whole(self) -> tuple[tuple[int, bytes] | None, int]:
        """The first pair of marks with a right frame between them, and where it ends.

        In a frame, marks are escaped everywhere but in the check sum: the end is the first mark behind the start, or one of the two
        octets behind that one.
        """
        heard = self._heard
        start = 0
        while (first := heard.find(_END, start + 1)) >= 0:
            for end in range(first, min(first + 3, len(heard))):
                if heard[end] == _END and (frame := _decode(bytes(heard[start + 1 : end]))) is not None:
                    self.dropped += start
                    return frame, end + 1
            start = first
        return None, 0

    def _drop(self, count: int) -> None:
        self.dropped += count
        del self._heard[:count]
