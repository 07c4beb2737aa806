"""What the PN532 driver asks of the wire the chip sits on, and what I2C and SPI have in common."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from typing import Protocol

from cc613hal.bus.gpio import InputLine
from cc613hal.clock import Clock
from cc613hal.errors import BusError
from cc613hal.events import Subscription
from cc613hal.health import Health, HealthState
from cc613hal_rfid.frames import Damaged, FrameParser, Received

__all__ = ["PolledTransport", "Transport"]


class Transport(Protocol):
    """Carries frames to and from the chip."""

    @abstractmethod
    async def wake(self) -> None:
        """Wake the chip and stop whatever it is doing."""

    @abstractmethod
    async def send(self, frame: bytes) -> None:
        """Send one frame."""

    @abstractmethod
    async def receive(self, timeout_s: float, size: int) -> Received | None:
        """The next frame, at most ``size`` bytes of content; ``None`` if none came within ``timeout_s``."""

    @abstractmethod
    async def drain(self) -> None:
        """Throw away what the chip has said, and what it is still saying."""

    @abstractmethod
    def worked(self) -> None:
        """Report an exchange that made sense."""

    @abstractmethod
    def failed(self, error: BusError) -> None:
        """Report an exchange that failed although the wire carried it."""

    @abstractmethod
    def aclose(self) -> None:
        """Drop subscriptions; the board closes the wire."""


class PolledTransport(Transport):
    """A wire on which the chip has to be asked whether it has something to say (I2C, SPI), or tells by its IRQ line.

    Args:
        clock: the board's clock.
        health: is told when the chip acknowledges its address and yet does not answer.
        poll_s: longest pause between two questions, s.
        irq: the chip's IRQ output (P70_IRQ), logical true while a frame waits; ``None`` where it is not wired.
    """

    def __init__(self, clock: Clock, health: Health, poll_s: float, irq: InputLine | None = None) -> None:
        self._clock = clock
        self._health = health
        self._poll_s = poll_s
        self._irq = irq
        self._rang = asyncio.Event()
        self._edges: Subscription | None = irq.edges.on(lambda edge: self._rang.set() if edge.active else None) if irq else None
        self._waiting: deque[Received] = deque()

    @abstractmethod
    async def _ready(self) -> bool:
        """Whether the chip has a frame."""

    @abstractmethod
    async def _fetch(self, count: int) -> bytes:
        """``count`` bytes of the waiting frame."""

    async def receive(self, timeout_s: float, size: int) -> Received | None:
        """The next frame; the chip is asked at growing intervals, up to ``poll_s``."""
        if self._waiting:
            return self._waiting.popleft()
        deadline_s = self._clock.monotonic_s() + timeout_s
        # an acknowledgement comes within 15 ms, usually within 1 ms (UM0701-02, section 6.2.2); who may wait long is asked seldom
        pause_s = min(self._poll_s, max(0.001, timeout_s / 100))
        while not await self._ready():
            left_s = deadline_s - self._clock.monotonic_s()
            if left_s <= 0.0:
                return None
            await self._pause(min(pause_s, left_s), left_s)
            pause_s = min(pause_s * 2, self._poll_s)
        parser = FrameParser()
        found = parser.feed(await self._fetch(size + 11))  # preamble, start code, extended length, check sums, postamble
        found.extend(parser.flush())
        self._waiting.extend(item for item in found[1:] if not isinstance(item, Damaged))
        return found[0] if found else Damaged("no frame where one was announced")

    async def _pause(self, pause_s: float, left_s: float) -> None:
        if self._irq is None or self._irq.read():  # a line that rings without a frame (wrong polarity) is no better than none
            await self._clock.sleep(pause_s)
            return
        self._rang.clear()
        try:
            async with asyncio.timeout(left_s):
                await self._rang.wait()
        except TimeoutError:
            return

    async def drain(self) -> None:
        """Throw away what was fetched; an aborted chip drops its frame by itself."""
        self._waiting.clear()

    def worked(self) -> None:
        """The chip answered: a fault reported by :meth:`failed` is over."""
        if self._health.state is HealthState.FAULT:
            self._health.ok()

    def failed(self, error: BusError) -> None:
        """The chip acknowledges its address but does not answer."""
        self._health.fault(str(error), error)

    def aclose(self) -> None:
        """Stop listening to the IRQ line."""
        if self._edges is not None:
            self._edges.cancel()
