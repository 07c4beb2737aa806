"""The user-space end of the kernel module `cc613_bridge`: Python chips that answer the kernel's I2C and SPI transfers.

The chips are those of the simulated buses: an I2C chip has `write(bytes)` and `read(count)`, an SPI chip has `transfer(bytes) -> bytes` for
everything clocked while its chip select is active. A chip may raise `OSError` with an errno; the transfer then fails with it. Without an
errno (as the library's `NoAnswer` is) the chip does not acknowledge.
"""

from __future__ import annotations

import errno
import os
import select
import struct
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Protocol, Self

import attrs

DEVICE = "/dev/cc613-bridge"
ROOM = 256 * 1024
READ_FLAG = 0x0001
"""`I2C_M_RD`: the message reads from the chip."""

_REQUEST = struct.Struct("=IHHIHBBI")
_MESSAGE = struct.Struct("=HHH")
_ANSWER = struct.Struct("=Ii")
_I2C, _SPI = 1, 2


class I2cChip(Protocol):
    """What is needed of an I2C chip."""

    def write(self, data: bytes) -> None:
        """Take the bytes of one write message; none at all when only its presence is asked."""

    def read(self, count: int) -> bytes:
        """Return exactly `count` bytes."""


class SpiChip(Protocol):
    """What is needed of an SPI chip."""

    def transfer(self, data: bytes) -> bytes:
        """Take the bytes of one frame and return as many."""


@attrs.frozen
class I2cMessage:
    """One message of a transfer: `data` if it writes, `count` bytes wanted if it reads."""

    address: int
    reads: bool
    count: int
    data: bytes = b""


@attrs.frozen
class I2cTransfer:
    """Messages that reach the bus without a stop between them."""

    serial: int
    messages: tuple[I2cMessage, ...]


@attrs.frozen
class SpiFrame:
    """Everything clocked while a chip select was active, and how it was clocked."""

    serial: int
    select: int
    hertz: int
    mode: int
    bits: int
    data: bytes


def decode(request: bytes) -> I2cTransfer | SpiFrame:
    """Take apart what the kernel module hands out.

    Raises:
        ValueError: Not a request of that module.
    """
    try:
        serial, kind, parts, hertz, mode, chip_select, bits, length = _REQUEST.unpack_from(request)
        body = request[_REQUEST.size :]
        if len(body) != length:
            raise ValueError(f"the request announces {length} bytes and has {len(body)}")
        if kind == _SPI:
            return SpiFrame(serial, chip_select, hertz, mode, bits, body)
        if kind == _I2C:
            return I2cTransfer(serial, tuple(_messages(body, parts)))
    except struct.error as error:
        raise ValueError(f"a request that ends too early: {error}") from error
    raise ValueError(f"a request of unknown kind {kind}")


def _messages(body: bytes, parts: int) -> Iterator[I2cMessage]:
    at = 0
    for _ in range(parts):
        address, flags, length = _MESSAGE.unpack_from(body, at)
        at += _MESSAGE.size
        reads = bool(flags & READ_FLAG)
        yield I2cMessage(address, reads, length, b"" if reads else body[at : at + length])
        at += 0 if reads else length


def answer(serial: int, status: int, body: bytes = b"") -> bytes:
    """Put together what the kernel module takes: `status` is 0 or a negative errno."""
    return _ANSWER.pack(serial, status) + body


@attrs.define
class Wiring:
    """Which chip sits where; the test changes it as it likes, the next transfer sees it.

    Attributes:
        i2c: Address → chip.
        spi: Chip select → chip. A chip select without chip reads ones, as a line with a pull-up does.
        nack_errno: What a transfer to an address without chip fails with. Adapters differ: ENXIO, EREMOTEIO, EIO, ENODEV, ETIMEDOUT.
        frames: The last SPI frames, newest last, with the clock and mode they came with.
        messages: The last I2C messages, newest last.
        mishaps: Errors in chip models that no test meant to cause.
    """

    i2c: dict[int, I2cChip] = attrs.field(factory=dict)
    spi: dict[int, SpiChip] = attrs.field(factory=dict)
    nack_errno: int = errno.ENXIO
    frames: deque[SpiFrame] = attrs.field(factory=lambda: deque(maxlen=256))
    messages: deque[I2cMessage] = attrs.field(factory=lambda: deque(maxlen=256))
    mishaps: list[Exception] = attrs.field(factory=list)

    def clear(self) -> None:
        """Back to an empty bus."""
        self.i2c.clear()
        self.spi.clear()
        self.nack_errno = errno.ENXIO
        self.frames.clear()
        self.messages.clear()
        self.mishaps.clear()

    def respond(self, request: bytes) -> bytes:
        """The answer to one request of the kernel module."""
        asked = decode(request)
        try:
            body = self._spi(asked) if isinstance(asked, SpiFrame) else self._i2c(asked)
        except OSError as error:
            return answer(asked.serial, -(error.errno or self.nack_errno))
        except Exception as error:
            self.mishaps.append(error)
            return answer(asked.serial, -errno.EIO)
        return answer(asked.serial, 0, body)

    def _i2c(self, transfer: I2cTransfer) -> bytes:
        got = bytearray()
        for message in transfer.messages:
            self.messages.append(message)
            chip = self.i2c.get(message.address)
            if chip is None:
                raise OSError(self.nack_errno, f"no chip at 0x{message.address:02x}")
            if message.reads:
                got += _exactly(chip.read(message.count), message.count, f"the I2C chip at 0x{message.address:02x}")
            else:
                chip.write(message.data)
        return bytes(got)

    def _spi(self, frame: SpiFrame) -> bytes:
        self.frames.append(frame)
        chip = self.spi.get(frame.select)
        if chip is None:
            return b"\xff" * len(frame.data)
        return _exactly(chip.transfer(frame.data), len(frame.data), f"the SPI chip at select {frame.select}")


def _exactly(data: bytes, count: int, who: str) -> bytes:
    if len(data) != count:
        raise ValueError(f"{who} answered {len(data)} bytes where {count} were asked for")
    return data


class ChipServer:
    """Answers the kernel's transfers on a thread, from a `Wiring`, until it is closed.

    A thread will do because the libraries under test release the interpreter while a transfer runs: smbus2 and periphery through
    `fcntl.ioctl`, spidev in its transfer calls.
    """

    def __init__(self, wiring: Wiring, device: str = DEVICE) -> None:
        self.wiring = wiring
        self.late = 0
        """Answers that came after the kernel had given up."""
        self._file = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._wake_reader, self._wake_writer = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="chip server", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._file, self._wake_reader], [], [])
            if self._wake_reader in ready:
                return
            try:
                request = os.read(self._file, ROOM)
            except BlockingIOError:  # the kernel gave up waiting before we came to read
                continue
            try:
                os.write(self._file, self.wiring.respond(request))
            except OSError as error:
                if error.errno != errno.ESTALE:
                    raise
                self.late += 1

    def close(self) -> None:
        """Stop answering; transfers fail from here on."""
        if self._thread.is_alive():
            os.write(self._wake_writer, b"!")
            self._thread.join(5.0)
        for descriptor in (self._file, self._wake_reader, self._wake_writer):
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@attrs.define
class RegisterChip:
    """The plainest I2C chip: a pointer byte, then data, counting up. For tests of the lane itself.

    Attributes:
        registers: Register → value; registers that were never set read 0.
    """

    registers: dict[int, int] = attrs.field(factory=dict)
    _pointer: int = 0

    @classmethod
    def holding(cls, values: Mapping[int, int]) -> RegisterChip:
        """A chip with these registers set."""
        return cls(dict(values))

    def write(self, data: bytes) -> None:
        """Set the pointer; store what follows it."""
        if not data:
            return
        self._pointer = data[0]
        for value in data[1:]:
            self.registers[self._pointer] = value
            self._pointer = (self._pointer + 1) & 0xFF

    def read(self, count: int) -> bytes:
        """Read on from the pointer."""
        got = bytes(self.registers.get((self._pointer + i) & 0xFF, 0) for i in range(count))
        self._pointer = (self._pointer + count) & 0xFF
        return got


@attrs.define
class InvertingChip:
    """An SPI chip that answers each byte with its complement. For tests of the lane itself."""

    def transfer(self, data: bytes) -> bytes:
        """All bits turned over."""
        return bytes(value ^ 0xFF for value in data)
