"""The PN532 on I2C (UM0701-02, section 6.2.4): every read starts with a status byte whose bit 0 says that a frame follows."""

from __future__ import annotations

from cc613hal.bus.gpio import InputLine
from cc613hal.bus.i2c import I2cPort
from cc613hal.clock import Clock
from cc613hal.errors import NoAnswer
from cc613hal.health import Health
from cc613hal_rfid.frames import ACK
from cc613hal_rfid.transport import PolledTransport

__all__ = ["ADDRESS", "I2cTransport"]

ADDRESS = 0x24
"""The chip's only 7-bit address (UM0701-02, section 6.2.4: 48h to write, 49h to read)."""

_WAKE_S = 0.002
"""The oscillator starts within 2 ms (PN532/C1 data sheet, T_osc_start)."""


class I2cTransport(PolledTransport):
    """Frames over an I2C port.

    Args:
        port: the bus, bound to the chip's address.
        clock: the board's clock.
        health: the device's health.
        poll_s: longest pause between two looks at the status byte, s.
        irq: the chip's IRQ output, where it is wired.
    """

    def __init__(self, port: I2cPort, clock: Clock, health: Health, poll_s: float, irq: InputLine | None = None) -> None:
        super().__init__(clock, health, poll_s, irq)
        self._port = port

    async def wake(self) -> None:
        """Address the chip, which wakes it; asleep it may not acknowledge the first time."""
        try:
            await self._port.write(ACK)
        except NoAnswer:
            await self._clock.sleep(_WAKE_S)
            await self._port.write(ACK)
        await self.drain()
        await self._clock.sleep(_WAKE_S)

    async def send(self, frame: bytes) -> None:
        """Send one frame."""
        await self._port.write(frame)

    async def _ready(self) -> bool:
        return bool((await self._port.read(1))[0] & 0x01)

    async def _fetch(self, count: int) -> bytes:
        return (await self._port.read(count + 1))[1:]
