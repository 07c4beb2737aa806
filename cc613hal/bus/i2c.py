"""What a driver may ask of an I2C bus, and what an adapter must provide.

Drivers hold an :class:`I2cPort`, bound to one address. Adapters (``linux``, ``sim``, ``replay``) implement :class:`I2cAdapter`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.bus.actor import BusActor, Observer, Priority
from cc613hal.errors import BusError

__all__ = ["I2cAdapter", "I2cCapabilities", "I2cPort", "I2cRead", "I2cWrite"]


@frozen
class I2cWrite:
    """Bytes for the chip."""

    data: bytes


@frozen
class I2cRead:
    """A number of bytes from the chip."""

    count: int


@frozen(kw_only=True)
class I2cCapabilities:
    """What an I2C adapter can do.

    Attributes:
        plain: arbitrary messages with repeated start (I2C_RDWR); without it the adapter is SMBus-only.
        max_length: longest message, bytes.
        note: the limit in words, for ``cc613hal info``; empty if there is none.
    """

    plain: bool = True
    max_length: int = 8192
    note: str = ""


@runtime_checkable
class I2cAdapter(Protocol):
    """One I2C bus."""

    @property
    @abstractmethod
    def capabilities(self) -> I2cCapabilities:
        """What it can do."""

    @abstractmethod
    async def transfer(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        """Carry out messages with repeated starts between them; returns what all reads brought, joined.

        A cancelled transfer ends before the cancellation is passed on.

        Raises:
            NoAnswer: nobody acknowledged the address.
            BusError: anything else.
            Unsupported: an SMBus-only adapter cannot form these messages.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Release the bus."""


class I2cPort:
    """An I2C bus as one device sees it: already addressed, in turn, traced, and its health reported.

    Args:
        actor: the bus's owner.
        adapter: the bus.
        address: 7-bit address.
        observer: is told how transfers go.
    """

    def __init__(self, actor: BusActor, adapter: I2cAdapter, address: int, observer: Observer | None = None) -> None:
        self._actor = actor
        self._adapter = adapter
        self.address = address
        self._observer = observer
        self._unit = f"0x{address:02X}"

    @property
    def capabilities(self) -> I2cCapabilities:
        """What the adapter can do."""
        return self._adapter.capabilities

    def at(self, address: int) -> I2cPort:
        """The same bus at another address of the same part (all-call, second die)."""
        return I2cPort(self._actor, self._adapter, address, self._observer)

    async def write(self, data: bytes, *, priority: Priority = Priority.TELEMETRY) -> None:
        """Send bytes."""
        await self.transfer(I2cWrite(data), priority=priority)

    async def read(self, count: int, *, priority: Priority = Priority.TELEMETRY) -> bytes:
        """Receive ``count`` bytes."""
        return await self.transfer(I2cRead(count), priority=priority)

    async def write_read(self, data: bytes, count: int, *, priority: Priority = Priority.TELEMETRY) -> bytes:
        """Send bytes, then receive ``count`` bytes after a repeated start."""
        return await self.transfer(I2cWrite(data), I2cRead(count), priority=priority)

    async def transfer(self, *messages: I2cWrite | I2cRead, priority: Priority = Priority.TELEMETRY) -> bytes:
        """Carry out messages in one transaction; returns what all reads brought, joined."""

        async def operation() -> bytes:
            trace, clock = self._actor.trace, self._actor.clock
            sent = b"".join([message.data for message in messages if isinstance(message, I2cWrite)])
            trace.record(clock.monotonic_s(), self._actor.name, self._unit, ">", sent)
            try:
                answer = await self._adapter.transfer(self.address, messages)
            except BusError as error:
                trace.record(clock.monotonic_s(), self._actor.name, self._unit, "!", b"", error.kind)
                raise
            if answer:
                trace.record(clock.monotonic_s(), self._actor.name, self._unit, "<", answer)
            return answer

        return await self._actor.run(self.address, operation, priority=priority, observer=self._observer)
