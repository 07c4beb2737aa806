"""Frames of the USB HMI protocol: bytes between zeros, protected by a check sum, found again after any noise.

A frame on the line is a zero byte, the COBS code of its content, and a zero byte. COBS leaves no zero in the code, so a zero always is a
border: whoever comes late or heard noise is in step again at the next one. There is no length field that could lie. The content is kind,
sequence number, body, and the CRC of these. The page ``docs/reference/usb-hmi.md`` is the contract with firmware authors.

Sources: S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7 (1999); the CRC is
CRC-16/IBM-3740 ("CCITT-FALSE") of the catalogue of parametrised CRC algorithms, check value 0x29B1.
"""

from __future__ import annotations

import binascii

from attrs import frozen

__all__ = ["BODY", "Frame", "FrameReader", "encode_frame"]

BODY = 240
"""Most bytes of a body."""

_LONGEST = 2 + BODY + 2 + 1
"""Most bytes of a coded frame: COBS adds one to every 254 bytes."""


@frozen
class Frame:
    """One frame.

    Attributes:
        kind: what it is, 0 to 255.
        sequence: number of the command, repeated in its answer, 0 to 255.
        body: at most 240 bytes.
    """

    kind: int
    sequence: int
    body: bytes = b""


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a frame on the line.

    Raises:
        ValueError: the body is too long.
    """
    if len(frame.body) > BODY:
        raise ValueError(f"a body of {len(frame.body)} bytes; at most {BODY} fit")
    content = bytes((frame.kind, frame.sequence)) + frame.body
    return b"\0" + _cobs(content + binascii.crc_hqx(content, 0xFFFF).to_bytes(2, "big")) + b"\0"


class FrameReader:
    """Finds frames in what arrives, in whatever pieces.

    Attributes:
        damaged: stretches between zeros that were no frame.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._held = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now."""
        frames: list[Frame] = []
        *complete, rest = data.split(b"\0")
        for piece in complete:
            self._hold(piece)
            frame = self._finish()
            if frame is not None:
                frames.append(frame)
        self._hold(rest)
        return frames

    def _hold(self, piece: bytes) -> None:
        if len(self._held) + len(piece) > _LONGEST:
            self._too_long = True
            self._held.clear()
        elif not self._too_long:
            self._held += piece

    def _finish(self) -> Frame | None:
        coded, too_long = bytes(self._held), self._too_long
        self._held.clear()
        self._too_long = False
        if not coded and not too_long:
            return None  # zeros in a row are borders without anything between them
        content = None if too_long else _uncobs(coded)
        if content is None or len(content) < 4 or binascii.crc_hqx(content, 0xFFFF) != 0:  # the CRC over content and CRC is 0
            self.damaged += 1
            return None
        return Frame(content[0], content[1], content[2:-2])


def _cobs(data: bytes) -> bytes:
    """Each run without a zero, preceded by its length plus one; 0xFF stands for 254 bytes that no zero follows."""
    coded = bytearray()
    runs = data.split(b"\0")
    for number, run in enumerate(runs):
        rest = run
        while len(rest) >= 254:
            coded += b"\xff" + rest[:254]
            rest = rest[254:]
            if not rest and number == len(runs) - 1:
                return bytes(coded)
        coded += bytes((len(rest) + 1,)) + rest
    return bytes(coded)


def _uncobs(coded: bytes) -> bytes | None:
    """What was coded; ``None`` if the code is none."""
    data = bytearray()
    place = 0
    while place < len(coded):
        count = coded[place]
        run = coded[place + 1 : place + count]
        if count == 0 or len(run) != count - 1:
            return None
        data += run
        place += count
        if count < 0xFF and place < len(coded):
            data.append(0)
    return bytes(data)
