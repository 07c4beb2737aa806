"""MCP3208, the 12-bit SPI converter that samples the pilot lines in this package's reference wiring.

Source: Microchip data sheet DS21298 ("MCP3204/3208", section 6.1, three 8-bit segments): ``0000 01 S/D D2``, ``D1 D0 xxxxxx``, don't care;
the answer is a null bit and twelve bits, most significant first.
"""

from __future__ import annotations

from collections.abc import Callable

from cc613hal.bus.actor import Priority
from cc613hal.bus.spi import SpiPort, SpiSettings
from cc613hal.errors import NoAnswer
from cc613hal.health import Health

__all__ = ["FULL_SCALE", "Mcp3208", "command", "decode"]

FULL_SCALE = 4096
"""Codes of the converter: a code of 4096 would be the reference voltage."""

_SETTINGS = SpiSettings(mode=0, speed_hz=1_000_000)  # up to 2 MHz at 5 V, 1 MHz at 2.7 V (DS21298, section 1)


def command(channel: int) -> bytes:
    """The three bytes that ask for a single-ended conversion.

    Raises:
        ValueError: there are channels 0 to 7.
    """
    if not 0 <= channel <= 7:
        raise ValueError(f"the MCP3208 has channels 0 to 7, not {channel}")
    return bytes((0x06 | channel >> 2, (channel & 3) << 6, 0))


def decode(answer: bytes, *, device: str) -> int:
    """The code, 0 to 4095, in a three-byte answer.

    Raises:
        NoAnswer: the null bit is not low: the line floats, nobody drives it.
    """
    if len(answer) != 3 or answer[1] & 0x10:
        raise NoAnswer(
            f"no converter answers ({answer.hex(' ')})", device=device, hint="check the converter's supply, chip select and data line"
        )
    return (answer[1] & 0x0F) << 8 | answer[2]


_TOLERANCE = 3
"""So many answers in a row without a converter are no noise."""


class Mcp3208:
    """The converter on its port. SPI itself never fails, so the converter reports to the device's health when nobody drives its line.

    Args:
        port: the SPI port.
        device: for messages.
        health: of the device.
        well: tells the health again how the device is, once the converter is back.
    """

    def __init__(self, port: SpiPort, device: str, health: Health, well: Callable[[], None]) -> None:
        self._port = port.using(_SETTINGS)
        self._device = device
        self._health = health
        self._well = well
        self._missed = 0

    async def read(self, channel: int) -> int:
        """One conversion, 0 to 4095.

        Raises:
            NoAnswer: nobody drives the data line.
            BusError: the transfer failed.
        """
        answer = await self._port.transfer(command(channel), priority=Priority.CONTROL)
        try:
            code = decode(answer, device=self._device)
        except NoAnswer as error:
            self._missed += 1
            if self._missed == _TOLERANCE:
                self._health.fault(error.message, error)
            raise
        missed, self._missed = self._missed, 0
        if missed >= _TOLERANCE:
            self._well()
        return code
