"""The PN532 on SPI (UM0701-02, section 6.2.5): mode 0, least significant bit first; the first byte says what is meant."""

from __future__ import annotations

from cc613hal.bus.gpio import InputLine
from cc613hal.bus.spi import SpiPort, SpiSettings
from cc613hal.clock import Clock
from cc613hal.health import Health
from cc613hal_rfid.frames import ACK
from cc613hal_rfid.transport import PolledTransport

__all__ = ["DATA_READ", "DATA_WRITE", "SETTINGS", "STATUS_READ", "SpiTransport"]

SETTINGS = SpiSettings(mode=0, speed_hz=1_000_000, lsb_first=True)
"""The chip takes up to 5 MHz (PN532/C1 data sheet); 1 MHz leaves room for long wires."""

DATA_WRITE = b"\x01"
STATUS_READ = b"\x02"
DATA_READ = b"\x03"

_WAKE_S = 0.002
"""The oscillator starts within 2 ms of the select line going low (PN532/C1 data sheet, T_osc_start)."""


class SpiTransport(PolledTransport):
    """Frames over an SPI port.

    Args:
        port: the bus, bound to the chip's select line.
        clock: the board's clock.
        health: the device's health.
        poll_s: longest pause between two looks at the status byte, s.
        irq: the chip's IRQ output, where it is wired.
    """

    def __init__(self, port: SpiPort, clock: Clock, health: Health, poll_s: float, irq: InputLine | None = None) -> None:
        super().__init__(clock, health, poll_s, irq)
        self._port = port.using(SETTINGS)

    async def wake(self) -> None:
        """Select the chip, which wakes it, and stop whatever it is doing."""
        await self._port.transfer(STATUS_READ + b"\x00")
        await self._clock.sleep(_WAKE_S)
        await self._port.transfer(DATA_WRITE + ACK)
        await self.drain()
        await self._clock.sleep(_WAKE_S)

    async def send(self, frame: bytes) -> None:
        """Send one frame."""
        await self._port.transfer(DATA_WRITE + frame)

    async def _ready(self) -> bool:
        status = (await self._port.transfer(STATUS_READ + b"\x00"))[1]
        return status == 0x01  # an absent chip reads 00 or FF; bits 7 to 1 are zero in a real one

    async def _fetch(self, count: int) -> bytes:
        return (await self._port.transfer(DATA_READ + bytes(count)))[1:]
