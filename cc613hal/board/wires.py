"""The open buses of a board: one actor and one slot each, for as long as the board is open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from cc613hal.board.line_slots import GpioSlot, InputSlot, OutputSlot, PwmLineSlot, PwmSlot
from cc613hal.board.slots import HttpSlot, I2cSlot, ModbusSlot, MulticastSlot, SerialSlot, SpiSlot, wire_slot
from cc613hal.bus.actor import BusActor, Timing
from cc613hal.bus.factory import AnyAdapter, BusFactory
from cc613hal.bus.gpio import LineRequest
from cc613hal.bus.options import BusOptions, GpioOptions, ModbusRtuOptions, PwmOptions
from cc613hal.bus.trace import Trace
from cc613hal.clock import Clock
from cc613hal.errors import BusClosed, BusError, BusTimeout, ConfigError
from cc613hal.units import rtu_silence_s

__all__ = ["AnySlot", "OpenBus", "Wires"]

AnySlot = I2cSlot | SpiSlot | SerialSlot | ModbusSlot | HttpSlot | MulticastSlot | GpioSlot | PwmSlot
"""The slot of any bus."""

_OPEN_S = 10.0
_CLOSE_S = 2.0
_log = logging.getLogger(__name__)


class OpenBus:
    """One bus of an open board.

    Args:
        name: as the board file names it.
        options: its description.
        factory: opens it.
        clock: the board's clock.

    Attributes:
        actor: its owner; the same one until the board closes.
        slot: what ports and lines talk to; the same one until the board closes.
        error: why it is not there; ``None`` while it is.
        lost: called with the reason when it goes; set by the supervisor.
    """

    def __init__(self, name: str, options: BusOptions, factory: BusFactory, clock: Clock) -> None:
        self.name = name
        self.options = options
        self.actor = BusActor(name, clock, _timing(options), options.breaker, Trace(options.trace))
        self.slot = _slot(name, options, self._on_lost)
        self.error: BusError | None = None
        self.lost: Callable[[OpenBus, BusError], None] | None = None
        self._factory = factory
        self._stale: AnyAdapter | None = None

    async def open(self) -> None:
        """Open the bus, or open it again.

        Raises:
            BusError: it is not there; also in :attr:`error`.
            ConfigError: the factory cannot make such a bus.
        """
        await self.release_lost()
        try:
            async with asyncio.timeout(_OPEN_S):
                adapter = await self._factory.open(self.name, self.options, self.actor)
        except BusError as error:
            self.error = error
            raise
        except TimeoutError as error:
            self.error = BusTimeout(f"cannot be opened within {_OPEN_S:g} s", device=self.name, hint="check its connection")
            raise self.error from error
        self.slot.plug(adapter)
        self.actor.reopen()
        self.error = None

    async def aclose(self) -> None:
        """Close the bus for good; what its adapter says against it is logged."""
        await self.release_lost()
        self.actor.close(BusClosed("the board is closed", device=self.name))
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.slot.aclose()
        except Exception:  # noqa: BLE001  # one bus that does not close must not keep the others open
            _log.exception("%s did not close properly", self.name)

    def unplugged(self) -> None:
        """Its adapter was pulled out, as the system says; transfers fail from now on instead of finding that out one by one."""
        if self.slot.filled:
            self._on_lost(BusClosed("was unplugged", device=self.name, hint="plug the adapter in again"))

    def _on_lost(self, error: BusError) -> None:
        self._stale = self.slot.unplug(error)
        self.error = error
        self.actor.close(error)
        if self.lost is not None:
            self.lost(self, error)

    async def release_lost(self) -> None:
        """Release what the lost adapter still holds, or it could not be opened again.

        Soon: while a program holds the node of a USB-I2C adapter, the kernel's USB hub thread waits for it in ``i2c_del_adapter``, and
        nothing else that is plugged in is recognised.
        """
        stale, self._stale = self._stale, None
        if stale is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_S):
                await stale.aclose()
        except Exception as error:  # noqa: BLE001  # it is gone already; how it complains about that does not matter
            _log.debug("%s: the lost adapter did not close: %s", self.name, error)


class Wires:
    """All buses of a board.

    Args:
        buses: by name.
    """

    def __init__(self, buses: Mapping[str, OpenBus]) -> None:
        self.buses = dict(buses)

    def input(self, request: LineRequest) -> tuple[str, InputSlot]:
        """The bus and the place of an input line."""
        bus, slot = self._gpio(request.name)
        return bus, slot.input_slot(request)

    def output(self, request: LineRequest, *, safe: bool) -> tuple[str, OutputSlot]:
        """The bus and the place of an output line."""
        bus, slot = self._gpio(request.name)
        return bus, slot.output_slot(request, safe=safe)

    def pwm(self, request: LineRequest) -> tuple[str, PwmLineSlot]:
        """The bus and the place of a PWM channel."""
        for name, bus in self.buses.items():
            if isinstance(bus.options, PwmOptions) and request.name in bus.options.channels and isinstance(bus.slot, PwmSlot):
                return name, bus.slot.pwm_slot(request)
        raise ConfigError(f"no pwm bus has a channel {request.name}", hint="run cc613hal check on the board file")

    def _gpio(self, line: str) -> tuple[str, GpioSlot]:
        """The GPIO bus that has a line: the one that names it, else the one whose chips know it, else the first."""
        slots = {name: bus.slot for name, bus in self.buses.items() if isinstance(bus.slot, GpioSlot)}
        if not slots:
            raise ConfigError(f"the board has no gpio bus for line {line}", hint="run cc613hal check on the board file")
        for name, slot in slots.items():
            options = self.buses[name].options
            if isinstance(options, GpioOptions) and line in options.lines:
                return name, slot
        if len(slots) > 1:
            for name, slot in slots.items():
                if slot.filled and any(info.name == line for info in slot.lines()):
                    return name, slot
        return next(iter(slots.items()))


def _timing(options: BusOptions) -> Timing:
    """RTU frames on a wire of our own are separated by silence; elsewhere somebody else sees to that."""
    if not isinstance(options, ModbusRtuOptions):
        return Timing()
    silence_s = rtu_silence_s(options.settings.baud) if options.silence_s is None else options.silence_s
    return Timing(silence_s=silence_s, settle_s=options.settle_s)


def _slot(name: str, options: BusOptions, lost: Callable[[BusError], None]) -> AnySlot:
    if isinstance(options, GpioOptions):
        return GpioSlot(name, lost)
    if isinstance(options, PwmOptions):
        return PwmSlot(name, lost)
    return wire_slot(name, options, lost)
