"""What a driver gets from its board; see :class:`cc613hal.plugins.DeviceContext`."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable
from logging import Logger
from typing import Protocol, TypeVar

from typing_extensions import TypeForm

from cc613hal.board.line_slots import InputSlot, OutputSlot, PwmLineSlot
from cc613hal.board.memory import DeviceMemory
from cc613hal.board.model import DeviceDescription
from cc613hal.board.slots import HttpSlot, I2cSlot, ModbusSlot, MulticastSlot, SerialSlot, SpiSlot
from cc613hal.board.wires import OpenBus, Wires
from cc613hal.bus.actor import Observer
from cc613hal.bus.factory import BusFactory, StandIns
from cc613hal.bus.gpio import InputLine, OutputLine, PwmLine, write_together
from cc613hal.bus.http import HttpPort
from cc613hal.bus.i2c import I2cPort
from cc613hal.bus.modbus import ModbusPort
from cc613hal.bus.multicast import MulticastPort
from cc613hal.bus.options import HttpOptions, ModbusRtuOptions, ModbusTcpOptions
from cc613hal.bus.serial import SerialPort
from cc613hal.bus.spi import SpiPort, SpiSettings
from cc613hal.clock import Clock
from cc613hal.errors import BusError, ConfigError, NotOnBoard
from cc613hal.health import Health
from cc613hal.plugins.context import DeviceContext, Memory
from cc613hal.plugins.spec import Direction

__all__ = ["BoardContext", "Place"]

T = TypeVar("T")
_KINDS = {"i2c": I2cSlot, "spi": SpiSlot, "serial": SerialSlot, "modbus": ModbusSlot, "http": HttpSlot, "multicast": MulticastSlot}


class Place(Protocol):
    """Where a device stands: what its context asks the board for."""

    @property
    @abstractmethod
    def wires(self) -> Wires:
        """The board's buses."""

    @property
    @abstractmethod
    def factory(self) -> BusFactory:
        """Who opens its buses."""

    @abstractmethod
    def neighbour(self, device: str, capability: TypeForm[T]) -> T:
        """Another device of the board as a capability.

        Raises:
            NotOnBoard: it could not be made, or lacks the capability.
        """


class BoardContext(DeviceContext):
    """A device's place on an open board.

    Args:
        description: what the board file says of it.
        clock: the board's clock.
        health: its health.
        observer: is told how its transfers go.
        memory: its share of the board's memory.
        place: the board.
    """

    def __init__(
        self, description: DeviceDescription, clock: Clock, *, health: Health, observer: Observer, memory: DeviceMemory, place: Place
    ) -> None:
        self._description = description
        self._clock = clock
        self._health = health
        self._observer = observer
        self._memory = memory
        self._place = place
        self._log = logging.getLogger(f"cc613hal.device.{description.id}")
        self._inputs: dict[str, InputSlot] = {}
        self._outputs: dict[str, OutputSlot] = {}
        self._groups: dict[str, list[OutputSlot]] = {}
        self._pwms: dict[str, PwmLineSlot] = {}
        self._line_buses: set[str] = set()
        self._i2c: I2cPort | None = None  # drivers ask for it with every transfer

    @property
    def device(self) -> str:
        """The device's name on the board."""
        return self._description.id

    @property
    def connector(self) -> int | None:
        """The connector it belongs to."""
        return self._description.connector

    @property
    def clock(self) -> Clock:
        """The board's clock."""
        return self._clock

    @property
    def health(self) -> Health:
        """The device's health."""
        return self._health

    @property
    def memory(self) -> Memory:
        """Values kept across restarts."""
        return self._memory

    @property
    def log(self) -> Logger:
        """The device's logger."""
        return self._log

    @property
    def buses(self) -> frozenset[str]:
        """The buses it needs: the one it sits on and those of its lines."""
        own = () if self._description.bus is None else (self._description.bus,)
        return frozenset((*own, *self._line_buses))

    @property
    def i2c(self) -> I2cPort:
        """The I2C port."""
        if self._i2c is None:
            bus = self._bus("i2c")
            assert isinstance(bus.slot, I2cSlot)
            self._i2c = I2cPort(bus.actor, bus.slot, self._address(), self._observer)
        return self._i2c

    @property
    def spi(self) -> SpiPort:
        """The SPI port."""
        bus = self._bus("spi")
        assert isinstance(bus.slot, SpiSlot)
        return SpiPort(bus.actor, bus.slot, self._address(), SpiSettings(), self._observer)

    @property
    def serial(self) -> SerialPort:
        """The serial port."""
        bus = self._bus("serial")
        assert isinstance(bus.slot, SerialSlot)
        return SerialPort(bus.actor, bus.slot, self._observer)

    @property
    def modbus(self) -> ModbusPort:
        """The Modbus port, bound to the device's unit and the bus's time-out."""
        bus = self._bus("modbus")
        assert isinstance(bus.slot, ModbusSlot)
        assert isinstance(bus.options, ModbusRtuOptions | ModbusTcpOptions)
        serial = bus.options.settings if isinstance(bus.options, ModbusRtuOptions) else None
        return ModbusPort(bus.actor, bus.slot, self._address(), timeout_s=bus.options.timeout_s, observer=self._observer, serial=serial)

    @property
    def http(self) -> HttpPort:
        """The HTTP port, with the bus's time-out."""
        bus = self._bus("http")
        assert isinstance(bus.slot, HttpSlot)
        assert isinstance(bus.options, HttpOptions)
        return HttpPort(bus.actor, bus.slot, timeout_s=bus.options.timeout_s, observer=self._observer)

    @property
    def multicast(self) -> MulticastPort:
        """The multicast port."""
        bus = self._bus("multicast")
        assert isinstance(bus.slot, MulticastSlot)
        return MulticastPort(bus.actor, bus.slot, self._observer)

    def has_bus(self, kind: str) -> bool:
        """Whether the device sits on a bus of this kind."""
        bus = self._description.bus
        return bus is not None and kind in _KINDS and isinstance(self._place.wires.buses[bus].slot, _KINDS[kind])

    def input(self, role: str) -> InputLine:
        """The input line in this role."""
        if role not in self._inputs:
            raise self._no_line(role, Direction.INPUT)
        return self._inputs[role]

    def output(self, role: str) -> OutputLine:
        """The output line in this role, at its safe level."""
        if role not in self._outputs:
            raise self._no_line(role, Direction.OUTPUT)
        return self._outputs[role]

    def pwm(self, role: str) -> PwmLine:
        """The PWM line in this role."""
        if role not in self._pwms:
            raise self._no_line(role, Direction.PWM)
        return self._pwms[role]

    def has_line(self, role: str) -> bool:
        """Whether the board connects this role."""
        return role in self._description.lines

    def uses(self, role: str, capability: TypeForm[T]) -> T:
        """The other device in this role."""
        target = self._description.uses.get(role)
        if target is None:
            known = ", ".join(self._description.uses) or "none"
            raise NotOnBoard(f"nothing is connected as {role}", device=self.device, hint=f"connected are {known}")
        return self._place.neighbour(target, capability)

    def port(self, kind: TypeForm[T], real: Callable[[], T]) -> T:
        """A way to something that is no bus."""
        factory = self._place.factory
        stand_in = factory.stand_in(self.device, kind) if isinstance(factory, StandIns) else None
        return real() if stand_in is None else stand_in

    def prepare_lines(self) -> None:
        """Find the place of every line; nothing is requested yet. Called once, when the board is put together."""
        wires = self._place.wires
        for role, request in self._description.lines_of(Direction.INPUT):
            bus, self._inputs[role] = wires.input(request)
            self._line_buses.add(bus)
        for line in self._description.driver.lines:
            if line.direction is Direction.OUTPUT and line.role in self._description.lines:
                bus, output = wires.output(self._description.lines[line.role], safe=line.safe)
                self._outputs[line.role] = output
                self._line_buses.add(bus)
                if line.group:
                    self._groups.setdefault(line.group, []).append(output)
        for group in self._groups.values():
            OutputSlot.join(group)
        for role, request in self._description.lines_of(Direction.PWM):
            bus, self._pwms[role] = wires.pwm(request)
            self._line_buses.add(bus)

    def claim_outputs(self) -> None:
        """Request the outputs, each at its safe level.

        Raises:
            BusError: one of them is not there or taken.
        """
        for output in self._outputs.values():
            output.claim()

    def claim_lines(self) -> None:
        """Request every line that is not ours yet, outputs first.

        Raises:
            BusError: one of them is not there or taken.
        """
        self.claim_outputs()
        for line in self._inputs.values():
            line.claim()
        for channel in self._pwms.values():
            channel.claim()

    def outputs_to_safe_level(self) -> None:
        """Put every output to its safe level without the driver; every one is tried.

        Raises:
            BusError: the first that could not be driven.
        """
        failure: BusError | None = None
        together = list(self._groups.values())
        single = [[output] for output in self._outputs.values() if not any(output in group for group in together)]
        for lines in [*single, *together]:
            try:
                write_together([(line, line.safe) for line in lines])
            except BusError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def _bus(self, kind: str) -> OpenBus:
        if not self.has_bus(kind):
            name = self._description.bus
            sits = f"it sits on {name}" if name is not None else "it sits on no bus"
            raise ConfigError(f"asks for a {kind} bus, but {sits}", device=self.device, hint="ask has_bus first")
        assert self._description.bus is not None
        return self._place.wires.buses[self._description.bus]

    def _address(self) -> int:
        assert self._description.address is not None, "the loader refuses a device without an address on this kind of bus"
        return self._description.address

    def _no_line(self, role: str, direction: Direction) -> ConfigError:
        spec = {line.role: line for line in self._description.driver.lines}
        if role not in spec or spec[role].direction is not direction:
            reason = f"asks for the {direction.value} line {role}, which its DriverSpec does not announce"
            return ConfigError(reason, device=self.device, hint="tell the driver's author")
        return ConfigError(f"the board does not connect its {direction.value} line {role}", device=self.device, hint="ask has_line first")
