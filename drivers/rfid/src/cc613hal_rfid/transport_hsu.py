"""The PN532 on a serial line ("high speed UART", 115200 8N1; UM0701-02, section 6.2.3)."""

from __future__ import annotations

from collections import deque

from cc613hal.bus.serial import SerialPort
from cc613hal.clock import Clock
from cc613hal.errors import BusError
from cc613hal_rfid.frames import ACK, FrameParser, Received
from cc613hal_rfid.transport import Transport

__all__ = ["BAUD", "WAKE_UP", "HsuTransport"]

BAUD = 115200
"""Speed after power-on (UM0701-02, section 6.2.3); the chip forgets any other."""

WAKE_UP = b"\x55\x55" + bytes(14)
"""Any character wakes the chip; the zeros give it the time it needs before it hears a frame (UM0701-02, section 7.2.11; Adafruit_PN532)."""

_QUIET_S = 0.02
"""A frame has no gaps; 20 ms of silence are 230 characters at 115200 Bd."""


class HsuTransport(Transport):
    """Frames over a serial port.

    Args:
        port: the line.
        clock: the board's clock.
    """

    def __init__(self, port: SerialPort, clock: Clock) -> None:
        self._port = port
        self._clock = clock
        self._parser = FrameParser()
        self._waiting: deque[Received] = deque()

    async def wake(self) -> None:
        """Wake the chip, stop a command that is running, and throw away what it may still say about it."""
        await self._port.write(WAKE_UP + ACK)
        await self.drain()

    async def drain(self) -> None:
        """Throw away everything up to a pause no frame has."""
        await self._clock.sleep(_QUIET_S)
        self._port.discard_input()
        self._parser.clear()
        self._waiting.clear()

    async def send(self, frame: bytes) -> None:
        """Send one frame."""
        await self._port.write(frame)

    async def receive(self, timeout_s: float, size: int) -> Received | None:  # noqa: ARG002  # a serial line needs no size
        """The next frame in the stream."""
        deadline_s = self._clock.monotonic_s() + timeout_s
        while not self._waiting:
            left_s = deadline_s - self._clock.monotonic_s()
            if left_s <= 0.0:
                return None
            unfinished = self._parser.pending > 1
            data = await self._port.read(min(left_s, _QUIET_S) if unfinished else left_s)
            if data:
                self._waiting.extend(self._parser.feed(data))
            elif unfinished:
                self._waiting.extend(self._parser.flush())
        return self._waiting.popleft()

    def worked(self) -> None:
        """Report an exchange that made sense."""
        self._port.worked()

    def failed(self, error: BusError) -> None:
        """Report an exchange that failed."""
        self._port.failed(error)

    def aclose(self) -> None:
        """Nothing to drop."""
