"""A serial line in process, with an emulated part at its other end."""

from __future__ import annotations

import asyncio

from cc613hal.bus.serial import SerialAdapter, SerialCapabilities, SerialSettings
from cc613hal.bus.sim.chips import SerialPeer
from cc613hal.bus.sim.faults import Faults
from cc613hal.errors import BusClosed

__all__ = ["SimulatedSerial"]


class SimulatedSerial(SerialAdapter):
    """A line joined to an emulated part. Bytes arrive in the loop iteration in which the part says them.

    Args:
        peer: the part at the other end.
        settings: what the line was opened with.
        faults: what is wrong with the line.
        name: the bus's name for errors.
    """

    def __init__(
        self, peer: SerialPeer, *, settings: SerialSettings | None = None, faults: Faults | None = None, name: str = "serial"
    ) -> None:
        self._settings = settings or SerialSettings()
        self._faults = faults or Faults()
        self._name = name
        self._arrived = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self._peer = peer
        self._faults.on_plug(lambda _: self._wake())
        peer.attach(self._hear)

    @property
    def settings(self) -> SerialSettings:
        """The settings it was opened with."""
        return self._settings

    @property
    def capabilities(self) -> SerialCapabilities:
        """Everything that needs no modem lines."""
        return SerialCapabilities(rs485=self._settings.rs485 is not None, modem_lines=False, notes=("simulated line",))

    async def write(self, data: bytes) -> None:
        """Hand bytes to the part; lost or damaged as the faults say."""
        self._check()
        if self._faults.any:
            if self._faults.silence:
                return
            data = self._faults.garble(data)
        self._peer.receive(data)

    async def read(self, timeout_s: float) -> bytes:
        """What has arrived; ``b""`` if nothing came in time."""
        self._check()
        if not self._arrived and timeout_s > 0:
            loop = asyncio.get_running_loop()
            waiter = self._waiter = loop.create_future()
            timer = loop.call_later(timeout_s, self._wake)
            try:
                await waiter
            finally:
                timer.cancel()
                self._waiter = None
            self._check()
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    def discard_input(self) -> int:
        """Throw away what has arrived unread."""
        count = len(self._arrived)
        self._arrived.clear()
        return count

    async def aclose(self) -> None:
        """Release the line; a waiting read ends."""
        self._closed = True
        self._wake()

    def _check(self) -> None:
        if self._closed or not self._faults.plugged:
            raise BusClosed(f"{self._name} is {'closed' if self._closed else 'unplugged'}", device=self._name)

    def _hear(self, data: bytes) -> None:
        faults = self._faults
        if not faults.any:
            self._deliver(data)
            return
        if faults.loses():
            return
        data = faults.garble(data)
        if faults.crc and data:
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        delay_s = faults.delay_s()
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._deliver, data)
        else:
            self._deliver(data)

    def _deliver(self, data: bytes) -> None:
        if self._faults.plugged and not self._closed:
            self._arrived += data
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
