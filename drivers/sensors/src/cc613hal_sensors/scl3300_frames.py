"""Frames of the Murata SCL3300: 32 bits each way, and the answer comes with the *next* frame ("off-frame protocol").

::

    bit   31   30 … 26   25 24    23 … 8   7 … 0
          R/W  address   status   data     CRC-8        status: from the chip only

Facts: Murata SCL3300-D01 data sheet rev. 2, section 5.1; second reader: Linux drivers/iio/accel/sca3300.c. The CRC was recomputed over
every command the data sheet prints.
"""

from __future__ import annotations

import enum

from attrs import frozen

from cc613hal.errors import FrameError

__all__ = ["FRAME_BYTES", "Answer", "Register", "ReturnStatus", "answer_frame", "crc8", "parse", "request"]

FRAME_BYTES = 4
_WRITE = 0x20
"""Bit of the six-bit operation (R/W and address)."""


class Register(enum.IntEnum):
    """Addresses (data sheet, table 16)."""

    ACC_X = 0x01
    ACC_Y = 0x02
    ACC_Z = 0x03
    STATUS = 0x06
    """Status summary: why there is an error; reading clears it."""
    COMMAND = 0x0D
    """Mode of measurement, reset."""
    WHO_AM_I = 0x10


class ReturnStatus(enum.IntEnum):
    """What the chip says about itself in every answer (data sheet, table 13)."""

    STARTING = 0
    NORMAL = 1
    RESERVED = 2
    ERROR = 3


@frozen
class Answer:
    """What the chip says.

    Attributes:
        operation: R/W and address of the request that this answers.
        status: how the chip is.
        value: the data, unsigned.
    """

    operation: int
    status: ReturnStatus
    value: int

    @property
    def signed(self) -> int:
        """The data as two's complement."""
        return self.value - 0x10000 if self.value & 0x8000 else self.value

    def answers(self, register: Register, *, write: bool = False) -> bool:
        """Whether it belongs to a request for this register."""
        return self.operation == register | (_WRITE if write else 0)


def crc8(data: bytes) -> int:
    """Polynomial 0x1D, start 0xFF, result inverted (data sheet, section 5.1.5).

    Args:
        data: the upper three bytes of a frame.
    """
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x1D if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc ^ 0xFF


def request(register: Register, value: int | None = None) -> bytes:
    """A frame that reads a register, or writes ``value`` (16 bits) to it."""
    operation = register | (0 if value is None else _WRITE)
    head = bytes((operation << 2,)) + (value or 0).to_bytes(2, "big")
    return head + bytes((crc8(head),))


def answer_frame(operation: int, status: ReturnStatus, value: int) -> bytes:
    """A frame as the chip sends it; for the emulated one.

    Args:
        operation: the upper six bits of the request.
        status: how the chip is.
        value: 16 bits.
    """
    head = bytes((operation << 2 | status,)) + (value & 0xFFFF).to_bytes(2, "big")
    return head + bytes((crc8(head),))


def parse(frame: bytes, device: str | None = None) -> Answer:
    """Take an answer apart.

    Args:
        frame: as it came.
        device: for the error.

    Raises:
        FrameError: not four bytes, or a wrong CRC.
    """
    if len(frame) != FRAME_BYTES:
        raise FrameError(f"{len(frame)} bytes instead of {FRAME_BYTES}", device=device, hint="the bus must carry whole frames")
    if crc8(frame[:3]) != frame[3]:
        raise FrameError(f"the check sum of {frame.hex()} is wrong", device=device, hint="check the wiring, and lower the clock")
    return Answer(frame[0] >> 2, ReturnStatus(frame[0] & 0x03), int.from_bytes(frame[1:3], "big"))
