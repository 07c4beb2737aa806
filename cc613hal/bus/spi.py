"""What a driver may ask of an SPI bus, and what an adapter must provide."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.bus.actor import BusActor, Observer, Priority
from cc613hal.errors import BusError

__all__ = ["SpiAdapter", "SpiCapabilities", "SpiPort", "SpiSettings", "reverse_bits"]


@frozen(kw_only=True)
class SpiSettings:
    """How a chip wants to be spoken to.

    Attributes:
        mode: 0 to 3 (clock polarity and phase).
        speed_hz: clock rate.
        lsb_first: least significant bit first; done in software where the controller cannot.
    """

    mode: int = 0
    speed_hz: int = 1_000_000
    lsb_first: bool = False


@frozen(kw_only=True)
class SpiCapabilities:
    """What an SPI adapter can do.

    Attributes:
        lsb_first: the controller itself reverses bits.
        max_length: longest transfer, bytes.
        note: the limit in words; empty if there is none.
    """

    lsb_first: bool = False
    max_length: int = 4096
    note: str = ""


@runtime_checkable
class SpiAdapter(Protocol):
    """One SPI bus with its chip selects."""

    @property
    @abstractmethod
    def capabilities(self) -> SpiCapabilities:
        """What it can do."""

    @abstractmethod
    async def transfer(self, select: int, data: bytes, settings: SpiSettings) -> bytes:
        """Exchange bytes with one chip selected throughout; returns as many as were sent.

        Raises:
            BusError: the transfer failed.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Release the bus."""


_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def reverse_bits(data: bytes) -> bytes:
    """Every byte with its bits in reverse order."""
    return data.translate(_REVERSED)


class SpiPort:
    """An SPI bus as one device sees it.

    Args:
        actor: the bus's owner.
        adapter: the bus.
        select: chip select number.
        settings: how the chip wants to be spoken to.
        observer: is told how transfers go.
    """

    def __init__(self, actor: BusActor, adapter: SpiAdapter, select: int, settings: SpiSettings, observer: Observer | None = None) -> None:
        self._actor = actor
        self._adapter = adapter
        self.select = select
        self.settings = settings
        self._observer = observer

    @property
    def capabilities(self) -> SpiCapabilities:
        """What the adapter can do."""
        return self._adapter.capabilities

    def using(self, settings: SpiSettings) -> SpiPort:
        """The same chip with other settings; drivers state their chip's mode and speed with this."""
        return SpiPort(self._actor, self._adapter, self.select, settings, self._observer)

    async def transfer(self, data: bytes, *, priority: Priority = Priority.TELEMETRY, secret: bool = False) -> bytes:
        """Exchange bytes; returns as many as were sent.

        Args:
            data: what is sent.
            priority: who waits for whom on a shared bus.
            secret: it holds a key: the bus trace gets its length only.
        """
        reverse = self.settings.lsb_first and not self._adapter.capabilities.lsb_first

        async def operation() -> bytes:
            trace, clock = self._actor.trace, self._actor.clock
            trace.record(
                clock.monotonic_s(),
                self._actor.name,
                self.select,
                ">",
                b"" if secret else data,
                f"{len(data)} secret bytes" if secret else "",
            )
            try:
                answer = await self._adapter.transfer(self.select, reverse_bits(data) if reverse else data, self.settings)
            except BusError as error:
                trace.record(clock.monotonic_s(), self._actor.name, self.select, "!", b"", error.kind)
                raise
            answer = reverse_bits(answer) if reverse else answer
            trace.record(clock.monotonic_s(), self._actor.name, self.select, "<", b"" if secret else answer)
            return answer

        return await self._actor.run(self.select, operation, priority=priority, observer=self._observer)
