"""Who sits at the other end of a serial line: something that answers bytes, such as a Modbus RTU meter.

The RTU side is written out here, apart from the library under test, so that it can also do what a good library would not:
answer late, answer rubbish, say nothing.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

import attrs
import serial

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2


class Responder(Protocol):
    """Turns received bytes into an answer."""

    def feed(self, data: bytes) -> bytes:
        """Take what has arrived (any part of a frame) and return what to send now, possibly nothing."""


@attrs.define
class Echo:
    """Sends back what it gets."""

    def feed(self, data: bytes) -> bytes:
        """The same bytes."""
        return data


def crc16(frame: bytes) -> bytes:
    """The check sum that ends a Modbus RTU frame, low byte first."""
    crc = 0xFFFF
    for value in frame:
        crc ^= value
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def request_length(frame: bytes) -> int | None:
    """How long the RTU request that begins with these bytes is, or None if that cannot be said yet.

    Raises:
        ValueError: Not a request this peer knows.
    """
    if len(frame) < 2:
        return None
    if 1 <= frame[1] <= 6:
        return 8
    if frame[1] in (15, 16):
        return 9 + frame[6] if len(frame) > 6 else None
    raise ValueError(f"function {frame[1]}")


@attrs.define
class RtuLine:
    """The Modbus units on a line.

    Attributes:
        units: Unit number → its holding registers (also answered as input registers), register → value.
        delay_s: How long every answer takes.
        before: Bytes that come before every answer, as disturbances do.
        spoil: What to do with a finished answer before it is sent; for tests of error handling.
        requests: Every request that was understood.
    """

    units: dict[int, dict[int, int]] = attrs.field(factory=dict)
    delay_s: float = 0.0
    before: bytes = b""
    spoil: Callable[[bytes], bytes] | None = None
    requests: list[bytes] = attrs.field(factory=list)
    _buffer: bytes = b""

    def feed(self, data: bytes) -> bytes:
        """Collect a request; answer it when it is whole and for one of our units."""
        self._buffer += data
        try:
            length = request_length(self._buffer)
        except ValueError:
            self._buffer = b""
            return b""
        if length is None or len(self._buffer) < length:
            return b""
        frame, self._buffer = self._buffer[:length], b""
        if crc16(frame[:-2]) != frame[-2:]:
            return b""
        self.requests.append(frame)
        if frame[0] not in self.units:
            return b""
        body = bytes([frame[0]]) + self._answer(self.units[frame[0]], frame[1], frame[2:-2])
        if self.delay_s:
            time.sleep(self.delay_s)
        whole = body + crc16(body)
        return self.before + (self.spoil(whole) if self.spoil else whole)

    def _answer(self, registers: dict[int, int], function: int, rest: bytes) -> bytes:
        first, count = struct.unpack_from(">HH", rest)
        if function in (3, 4):
            wanted = range(first, first + count)
            if any(register not in registers for register in wanted):
                return bytes([function | 0x80, ILLEGAL_ADDRESS])
            return struct.pack(f">BB{count}H", function, 2 * count, *(registers[register] for register in wanted))
        if function == 6:
            registers[first] = count
            return bytes([function]) + rest
        if function == 16:
            values = struct.unpack_from(f">{count}H", rest, 5)
            registers.update(zip(range(first, first + count), values, strict=True))
            return struct.pack(">BHH", function, first, count)
        return bytes([function | 0x80, ILLEGAL_FUNCTION])


class SerialPeer:
    """Serves one end of a serial line on a thread until it is closed."""

    def __init__(self, path: str, responder: Responder, *, baudrate: int = 19200, parity: str = "N", stopbits: int = 1) -> None:
        self.responder = responder
        self.received = bytearray()
        self.mishaps: list[Exception] = []
        self._port = serial.Serial(path, baudrate, parity=parity, stopbits=stopbits, timeout=0.05)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"peer on {path}", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            while not self._stop.is_set():
                data = self._port.read(max(1, self._port.in_waiting))
                if data:
                    self.received += data
                    self._port.write(self.responder.feed(data))
        except Exception as error:
            self.mishaps.append(error)

    def send(self, *parts: Sequence[int] | bytes) -> None:
        """Send without being asked."""
        for part in parts:
            self._port.write(bytes(part))

    def close(self) -> None:
        """Stop serving and free the port."""
        self._stop.set()
        self._thread.join(5.0)
        self._port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
