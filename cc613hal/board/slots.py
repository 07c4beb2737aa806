"""Adapters in slots: a bus can be unplugged and plugged again while ports, lines and drivers stay the same objects.

A slot looks like the adapter inside it. While it is empty, everything raises :class:`~cc613hal.errors.BusClosed`; when the adapter inside
raises that, the slot reports the loss once, and the supervisor (``reconnect``) opens a new adapter and plugs it in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from cc613hal.bus.factory import AnyAdapter
from cc613hal.bus.http import HttpAdapter, HttpRequest, HttpResponse
from cc613hal.bus.i2c import I2cAdapter, I2cCapabilities, I2cRead, I2cWrite
from cc613hal.bus.modbus import ModbusAdapter, ModbusRequest
from cc613hal.bus.multicast import Datagram, MulticastAdapter
from cc613hal.bus.options import BusOptions, HttpOptions, ModbusRtuOptions, ModbusTcpOptions, MulticastOptions, SerialOptions, SpiOptions
from cc613hal.bus.serial import SerialAdapter, SerialCapabilities, SerialSettings
from cc613hal.bus.spi import SpiAdapter, SpiCapabilities, SpiSettings
from cc613hal.errors import BusClosed, BusError, ConfigError
from cc613hal.events import Events, EventSource, Subscription

__all__ = ["HttpSlot", "I2cSlot", "Lost", "ModbusSlot", "MulticastSlot", "SerialSlot", "Slot", "SpiSlot", "wire_slot"]

A = TypeVar("A", bound=AnyAdapter)
Lost = Callable[[BusError], None]
"""Is told, in the loop iteration in which it happens, that the adapter in a slot is gone."""


class Slot(Generic[A]):
    """A place for one adapter.

    Args:
        name: the bus, as the board file names it.
        kind: the adapter Protocol that fits in.
        lost: is told once when the adapter is gone.
    """

    def __init__(self, name: str, kind: type[object], lost: Lost) -> None:
        self.name = name
        self.kind = kind
        self._lost = lost
        self._inner: A | None = None
        self._reason: BaseException | None = None

    @property
    def inner(self) -> A:
        """The adapter in the slot.

        Raises:
            BusClosed: there is none.
        """
        if self._inner is None:
            raise BusClosed(
                f"{self.name} is not there", device=self.name, hint="it is opened again as soon as it is back"
            ) from self._reason
        return self._inner

    @property
    def filled(self) -> bool:
        """Whether there is an adapter in the slot."""
        return self._inner is not None

    def plug(self, adapter: AnyAdapter) -> None:
        """Put an adapter in.

        Raises:
            ConfigError: the factory made an adapter of another kind.
        """
        if not isinstance(adapter, self.kind):
            raise ConfigError(f"the bus factory made a {type(adapter).__name__}, which is no {self.kind.__name__}", device=self.name)
        self._inner = adapter  # type: ignore[assignment]  # the check above is what A means at run time
        self._reason = None

    def unplug(self, reason: BaseException | None = None) -> A | None:
        """Take the adapter out and return it; it is the caller's to close."""
        inner, self._inner, self._reason = self._inner, None, reason
        return inner

    def report(self, error: BusError) -> None:
        """The adapter said that it is gone."""
        if self._inner is not None:
            self._lost(error)

    async def aclose(self) -> None:
        """Close the adapter in the slot, if there is one, and leave the slot empty."""
        if (inner := self.unplug()) is not None:
            await inner.aclose()


class I2cSlot(Slot[I2cAdapter], I2cAdapter):
    """A slot for an I2C bus."""

    _known = I2cCapabilities()

    @property
    def capabilities(self) -> I2cCapabilities:
        """What the adapter can do; what it could, while it is away."""
        if self._inner is not None:
            self._known = self._inner.capabilities
        return self._known

    async def transfer(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        """See :meth:`cc613hal.bus.i2c.I2cAdapter.transfer`."""
        try:
            return await self.inner.transfer(address, messages)
        except BusClosed as error:
            self.report(error)
            raise


class SpiSlot(Slot[SpiAdapter], SpiAdapter):
    """A slot for an SPI bus."""

    _known = SpiCapabilities()

    @property
    def capabilities(self) -> SpiCapabilities:
        """What the adapter can do; what it could, while it is away."""
        if self._inner is not None:
            self._known = self._inner.capabilities
        return self._known

    async def transfer(self, select: int, data: bytes, settings: SpiSettings) -> bytes:
        """See :meth:`cc613hal.bus.spi.SpiAdapter.transfer`."""
        try:
            return await self.inner.transfer(select, data, settings)
        except BusClosed as error:
            self.report(error)
            raise


class SerialSlot(Slot[SerialAdapter], SerialAdapter):
    """A slot for a serial line."""

    _known = SerialCapabilities()

    def __init__(self, name: str, lost: Lost, settings: SerialSettings) -> None:
        super().__init__(name, SerialAdapter, lost)
        self._settings = settings

    @property
    def settings(self) -> SerialSettings:
        """The settings the line is opened with."""
        return self._settings if self._inner is None else self._inner.settings

    @property
    def capabilities(self) -> SerialCapabilities:
        """What the line really does; what it did, while it is away."""
        if self._inner is not None:
            self._known = self._inner.capabilities
        return self._known

    async def write(self, data: bytes) -> None:
        """See :meth:`cc613hal.bus.serial.SerialAdapter.write`."""
        try:
            await self.inner.write(data)
        except BusClosed as error:
            self.report(error)
            raise

    async def read(self, timeout_s: float) -> bytes:
        """See :meth:`cc613hal.bus.serial.SerialAdapter.read`."""
        try:
            return await self.inner.read(timeout_s)
        except BusClosed as error:
            self.report(error)
            raise

    def discard_input(self) -> int:
        """Throw away what has arrived unread; nothing, while the line is away."""
        return 0 if self._inner is None else self._inner.discard_input()


class ModbusSlot(Slot[ModbusAdapter], ModbusAdapter):
    """A slot for a Modbus line or connection."""

    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        """See :meth:`cc613hal.bus.modbus.ModbusAdapter.execute`."""
        try:
            return await self.inner.execute(request, timeout_s)
        except BusClosed as error:
            self.report(error)
            raise


class HttpSlot(Slot[HttpAdapter], HttpAdapter):
    """A slot for a host that answers HTTP."""

    async def request(self, request: HttpRequest, timeout_s: float) -> HttpResponse:
        """See :meth:`cc613hal.bus.http.HttpAdapter.request`."""
        try:
            return await self.inner.request(request, timeout_s)
        except BusClosed as error:
            self.report(error)
            raise


class MulticastSlot(Slot[MulticastAdapter], MulticastAdapter):
    """A slot for a multicast group; who listens to the slot keeps listening when another adapter is plugged in."""

    def __init__(self, name: str, lost: Lost) -> None:
        super().__init__(name, MulticastAdapter, lost)
        self._datagrams: EventSource[Datagram] = EventSource(f"{name} datagrams")
        self._losses: EventSource[BusError] = EventSource(f"{name} losses")
        self._joined: tuple[Subscription, ...] = ()

    @property
    def datagrams(self) -> Events[Datagram]:
        """Every datagram of the group, from whichever adapter is in the slot."""
        return self._datagrams

    @property
    def losses(self) -> Events[BusError]:
        """The adapter in the slot went."""
        return self._losses

    def plug(self, adapter: AnyAdapter) -> None:
        """Put an adapter in, and listen to it."""
        super().plug(adapter)
        inner = self.inner
        self._joined = (inner.datagrams.on(self._datagrams.publish), inner.losses.on(self.report))

    def unplug(self, reason: BaseException | None = None) -> MulticastAdapter | None:
        """Take the adapter out; nobody listens to it any more."""
        for subscription in self._joined:
            subscription.cancel()
        self._joined = ()
        return super().unplug(reason)

    def report(self, error: BusError) -> None:
        """The adapter said that it is gone."""
        super().report(error)
        self._losses.publish(error)


def wire_slot(name: str, options: BusOptions, lost: Lost) -> I2cSlot | SpiSlot | SerialSlot | ModbusSlot | HttpSlot | MulticastSlot:
    """The slot for a bus that devices have an address on.

    Raises:
        ConfigError: there is no such kind of bus.
    """
    if isinstance(options, SerialOptions):
        return SerialSlot(name, lost, options.settings)
    if isinstance(options, SpiOptions):
        return SpiSlot(name, SpiAdapter, lost)
    if isinstance(options, ModbusRtuOptions | ModbusTcpOptions):
        return ModbusSlot(name, ModbusAdapter, lost)
    if isinstance(options, HttpOptions):
        return HttpSlot(name, HttpAdapter, lost)
    if isinstance(options, MulticastOptions):
        return MulticastSlot(name, lost)
    if options.kind == "i2c":
        return I2cSlot(name, I2cAdapter, lost)
    raise ConfigError(f"{name}: nothing is known about buses of type {options.kind}")
