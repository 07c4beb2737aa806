"""QCA7000, a HomePlug Green PHY modem, through its SPI host interface: registers, and Ethernet frames in its buffers.

Source: the Linux kernel's driver for it (``drivers/net/ethernet/qualcomm``: qca_7k.h, qca_spi.c, qca_framing.h): command words, registers,
signature, buffer of 0xC5B bytes, frame delimiters; ``Documentation/devicetree/bindings/net/qca,qca7000`` (1 to 16 MHz, 8 MHz usual, clock
idle high, second edge).
"""

from __future__ import annotations

from cc613hal.bus.spi import SpiPort, SpiSettings
from cc613hal.errors import NoAnswer, ProtocolViolation, WrongIdentity

__all__ = [
    "BUFFER_BYTES",
    "READ_AVAILABLE",
    "SIGNATURE",
    "SIGNATURE_REGISTER",
    "SIZE",
    "WRITE_SPACE",
    "Qca7000",
    "framed",
    "unframed",
]

_READ, _INTERNAL = 1 << 15, 1 << 14
SIZE, WRITE_SPACE, READ_AVAILABLE, SIGNATURE_REGISTER = 0x0100, 0x0200, 0x0300, 0x1A00
SIGNATURE = 0xAA55
BUFFER_BYTES = 0xC5B
_SETTINGS = SpiSettings(mode=3, speed_hz=8_000_000)
_FLOATING = 0xFFFF
"""What is read where nobody drives the data line."""
_SHORTEST = 60
"""An Ethernet frame without its check sum is no shorter."""
_START, _END = b"\xaa\xaa\xaa\xaa", b"\x55\x55"


def framed(frame: bytes) -> bytes:
    """An Ethernet frame as the chip's buffer wants it."""
    padded = frame.ljust(_SHORTEST, b"\0")
    return _START + len(padded).to_bytes(2, "little") + b"\0\0" + padded + _END


def unframed(data: bytes) -> list[bytes]:
    """The Ethernet frames in what the chip's buffer held; what is no frame is skipped, as a modem that just started leaves remains."""
    frames: list[bytes] = []
    at = 0
    while (at := data.find(_START, at)) >= 0:
        begin = at + len(_START) + 4
        length = int.from_bytes(data[begin - 4 : begin - 2], "little")
        end = begin + length
        if length >= _SHORTEST and data[end : end + 2] == _END:
            frames.append(data[begin:end])
            at = end + 2
        else:
            at += 1
    return frames


class Qca7000:
    """The chip on its port.

    Args:
        port: the SPI port.
        device: for messages.
    """

    def __init__(self, port: SpiPort, device: str) -> None:
        self._port = port.using(_SETTINGS)
        self._device = device

    async def check(self) -> None:
        """See that the chip is there and runs.

        Raises:
            NoAnswer: the data line floats or is stuck: nobody drives it.
            WrongIdentity: something else answers.
        """
        signature = await self._register(SIGNATURE_REGISTER)
        if signature in {0x0000, _FLOATING}:
            raise self._nobody(signature)
        if signature != SIGNATURE:
            raise WrongIdentity(
                f"the signature is {signature:#06x}, a QCA7000 has {SIGNATURE:#06x}",
                device=self._device,
                hint="is it another chip, or one strapped for legacy mode?",
            )

    async def send(self, frame: bytes, *, secret: bool = False) -> None:
        """Put a frame into the chip's buffer.

        Raises:
            ProtocolViolation: the chip has no room; it does not carry its frames away.
        """
        data = framed(frame)
        space = await self._register(WRITE_SPACE)
        if space < len(data) + 4:
            raise ProtocolViolation(f"the modem has room for {space} bytes only", device=self._device, hint="reset it")
        await self._write(SIZE, len(data))
        await self._port.transfer(b"\0\0" + data, secret=secret)

    async def receive(self) -> list[bytes]:
        """The frames that have arrived.

        Raises:
            ProtocolViolation: the chip tells of more than its buffer holds.
        """
        available = await self._register(READ_AVAILABLE)
        if available == 0:
            return []
        if available == _FLOATING:
            raise self._nobody(available)
        if available > BUFFER_BYTES:
            raise ProtocolViolation(f"{available} bytes in a buffer of {BUFFER_BYTES}", device=self._device, hint="reset the modem")
        await self._write(SIZE, available)
        answer = await self._port.transfer(_READ.to_bytes(2) + bytes(available))
        return unframed(answer[2:])

    def _nobody(self, told: int) -> NoAnswer:
        return NoAnswer(
            f"no modem answers ({told:#06x})", device=self._device, hint="check its supply, reset line, chip select and data line"
        )

    async def _register(self, register: int) -> int:
        answer = await self._port.transfer((_READ | _INTERNAL | register).to_bytes(2) + b"\0\0")
        return int.from_bytes(answer[2:])

    async def _write(self, register: int, value: int) -> None:
        await self._port.transfer((_INTERNAL | register).to_bytes(2) + value.to_bytes(2))
