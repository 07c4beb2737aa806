"""A board description on simulated buses, with an emulated part behind every driver and the plant around them.

::

    simulation = Simulation(load_board("bender.cc613"))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        simulation.plant.outlet(1).vehicle_ohm.set(882.0)
        simulation.faults("meter1").silence = True
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Self

from cc613hal.board.model import BoardDescription, DeviceDescription
from cc613hal.bus.gpio import LineRequest
from cc613hal.bus.options import GpioOptions, PwmOptions
from cc613hal.bus.sim.chips import HttpService, I2cChip, ModbusUnit, MulticastSender, SerialPeer, SpiChip
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.gpio import Wire
from cc613hal.bus.sim.modbus_units import SharedUnit
from cc613hal.bus.sim.signal import Signal
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError, HalError, NotOnBoard, PluginError, Unsupported
from cc613hal.plant.emulation import EmulationSite
from cc613hal.plant.world import Outlet, Plant
from cc613hal.plugins.spec import BusKind, Direction, load_object

__all__ = ["Simulation"]

_log = logging.getLogger(__name__)


class Simulation:
    """Simulated buses for a board, with emulated parts on them.

    Emulated parts are made when the simulation is entered, on the loop and clock they will live on.

    Args:
        description: the board; nothing in it has to be changed for a simulation.
        plant: the world around it; a fresh one if omitted.
        clock: the board's clock; the plant's if omitted.
        ptys: serial lines and Modbus RTU on real ptys, Modbus TCP on real sockets, opened by the Linux adapters. Needs real time.
    """

    def __init__(
        self, description: BoardDescription, plant: Plant | None = None, *, clock: Clock | None = None, ptys: bool = False
    ) -> None:
        self.description = description
        self.clock = clock or (plant.clock if plant is not None else Clock())
        self.plant = plant or Plant(self.clock)
        self.buses = SimulatedBuses(self.clock, ptys=ptys)
        self.problems: list[HalError] = []
        """What is not simulated, one error with a hint each; such parts are absent (their address is not acknowledged)."""
        self._built = False
        for name, options in description.buses.items():
            self.buses.prepare(name, options)
        for device in description.devices.values():
            self._lay_wires(device)

    async def __aenter__(self) -> Self:
        self.build()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.buses.aclose()

    def build(self) -> None:
        """Make the emulated parts; entering the simulation does it. A second call does nothing.

        Raises:
            PluginError: an emulator is broken.
        """
        if self._built:
            return
        self._built = True
        for device in self.description.devices.values():
            self._emulate(device)

    def faults(self, name: str) -> Faults:
        """What is wrong with a device or a bus, for changing it: ``faults("meter1").silence = True``, ``faults("reader").unplug()``.

        Args:
            name: a device or a bus of the board; a device wins over a bus of the same name.

        Raises:
            NotOnBoard: the board has neither, or the device uses lines only.
        """
        device = self.description.devices.get(name)
        if device is not None and device.bus is not None:
            return self._part_faults(device.id, device.bus, device.address)
        if name in self.description.buses:
            return self.buses.faults(name)
        if (port := self.buses.port_faults(name)) is not None:
            return port
        if device is not None:
            raise NotOnBoard(
                f"{name} sits on no bus that could fail",
                device=name,
                hint="set the part's own faults (plant.parts), drive its lines (line(...)), or unplug the GPIO bus",
            )
        known = ", ".join([*self.description.devices, *self.description.buses])
        raise NotOnBoard(f"the board has no device or bus {name}", hint=f"there are: {known}")

    def line(self, name: str) -> Wire:
        """A GPIO line's copper, by the line's name: ``line("K1_MIRROR").level.value``; :meth:`Wire.drive` takes it over.

        Raises:
            NotOnBoard: the board uses no line of that name.
        """
        for bus in self._named(GpioOptions):
            gpio = self.buses.gpio(bus)
            if any(info.name == name for info in gpio.lines()):
                return gpio.wire(name)
        raise NotOnBoard(f"the board uses no line {name}")

    def channel(self, name: str) -> Signal[tuple[float, float]]:
        """What a PWM channel puts out, by its name: frequency in Hz and share of the period at the electrical high level.

        Raises:
            NotOnBoard: the board has no such channel.
        """
        for bus in self._named(PwmOptions):
            if name in self.buses.pwm(bus).channels:
                return self.buses.pwm(bus).output(name)
        raise NotOnBoard(f"the board has no PWM channel {name}")

    def _named(self, kind: type[GpioOptions | PwmOptions]) -> list[str]:
        return [name for name, options in self.description.buses.items() if isinstance(options, kind)]

    def _lay_wires(self, device: DeviceDescription) -> None:
        directions = {line.role: line.direction for line in device.driver.lines}
        for role, request in device.lines.items():
            if directions.get(role) is Direction.PWM:
                continue  # a channel exists because the bus names it
            bus = self._gpio_of(request)
            if bus is not None:
                self.buses.gpio(bus).add(request.name).rest(request)

    def _gpio_of(self, request: LineRequest) -> str | None:
        buses = self._named(GpioOptions)
        for bus in buses:
            options = self.description.buses[bus]
            if isinstance(options, GpioOptions) and request.name in options.lines:
                return bus
        return buses[0] if buses else None  # the kernel names it: any chip may have it, the first one does here

    def _emulate(self, device: DeviceDescription) -> None:
        if not device.driver.emulator:
            self._problem(
                Unsupported(
                    f"driver {device.driver.name} brings no emulated part, so the device is absent in the simulation",
                    device=device.id,
                    hint="ask the driver's author for an emulator, or take the device off the board in an overlay",
                )
            )
            return
        try:
            emulate: Callable[[EmulationSite, object], None] = load_object(device.driver.emulator)
        except (ImportError, AttributeError) as error:
            raise PluginError(
                f"the emulator {device.driver.emulator} of {device.driver.name} cannot be loaded: {error}", device=device.id
            ) from error
        emulate(_Site(self, device), device.options)

    def _problem(self, problem: HalError) -> None:
        self.problems.append(problem)
        _log.warning("%s", problem)

    def _part_faults(self, device: str, bus: str, address: int | None) -> Faults:
        kind = self.description.bus_kind(device)
        if kind is BusKind.I2C and address is not None:
            return self.buses.i2c(bus).faults_at(address)
        if kind is BusKind.SPI:
            return self.buses.spi(bus).faults_at(address or 0)
        if kind is BusKind.MODBUS and address is not None:
            return self.buses.modbus(bus).faults_of(address)
        return self.buses.faults(bus)


class _Site(EmulationSite):
    def __init__(self, simulation: Simulation, device: DeviceDescription) -> None:
        self._simulation = simulation
        self._device = device
        self._kind = simulation.description.bus_kind(device.id)
        self._directions = {line.role: line.direction for line in device.driver.lines}

    @property
    def device(self) -> str:
        """The device's name on the board."""
        return self._device.id

    @property
    def plant(self) -> Plant:
        """The world."""
        return self._simulation.plant

    @property
    def outlet(self) -> Outlet:
        """The outlet of the device's connector; the board's first one if the device belongs to none."""
        connectors = self._simulation.description.connectors
        return self.plant.outlet(self._device.connector or (connectors[0] if connectors else 1))

    def has_bus(self, kind: str) -> bool:
        """Whether the device sits on a bus of this kind."""
        return self._kind is not None and self._kind.value == kind

    def attach_i2c(self, chip: I2cChip, *, address: int | None = None) -> None:
        """Put a chip on the device's bus; further addresses share the faults of the first."""
        bus = self._simulation.buses.i2c(self._bus(BusKind.I2C))
        own = self._address("I2C address")
        bus.attach(own if address is None else address, chip, faults=bus.faults_at(own))

    def attach_spi(self, chip: SpiChip) -> None:
        """Put a chip on the device's bus at its chip select (0 if the board file names none)."""
        self._simulation.buses.spi(self._bus(BusKind.SPI)).attach(self._device.address or 0, chip)

    def attach_serial(self, peer: SerialPeer) -> None:
        """Put a peer at the other end of the device's line."""
        self._simulation.buses.serial(self._bus(BusKind.SERIAL)).join(peer)

    def attach_modbus(self, unit: ModbusUnit) -> None:
        """Put a unit on the device's line under its number."""
        units = self._simulation.buses.modbus(self._bus(BusKind.MODBUS))
        number = self._address("unit number")
        if number in units.units and self._device.driver.shared:
            unit = SharedUnit((units.units[number], unit))
        elif number in units.units:
            raise ConfigError(f"two emulated units with number {number}", device=self.device, hint="give one of them another unit number")
        units.attach(number, unit, units.faults_of(number))

    def attach_port(self, port: object) -> Faults:
        """Stand in for something that is no bus."""
        return self._simulation.buses.attach_port(self._device.id, port)

    def attach_http(self, service: HttpService) -> None:
        """Put a part on the device's host."""
        self._simulation.buses.http(self._bus(BusKind.HTTP)).join(service)

    def attach_multicast(self, sender: MulticastSender) -> None:
        """Let a part send to the device's group."""
        self._simulation.buses.multicast(self._bus(BusKind.MULTICAST)).join(sender)

    def has_line(self, role: str) -> bool:
        """Whether the board connects this role."""
        return role in self._device.lines

    def active_low(self, role: str) -> bool:
        """Whether the board file says that this line's meaning is true at the low level."""
        return role in self._device.lines and self._device.lines[role].active_low

    def drive(self, role: str) -> Signal[bool]:
        """The electrical level of an input line, for the emulated part to set."""
        return self._wire(role).drive()

    def watch(self, role: str) -> Signal[bool]:
        """The electrical level of a line, for the emulated part to follow."""
        return self._wire(role).level

    def watch_pwm(self, role: str) -> Signal[tuple[float, float]]:
        """Frequency in Hz and electrical duty 0 to 1 of a PWM line."""
        return self._simulation.channel(self._request(role).name)

    def _wire(self, role: str) -> Wire:
        request = self._request(role)
        if self._directions.get(role) is Direction.PWM:
            raise ConfigError(f"{role} is a PWM line", device=self.device, hint="follow it with watch_pwm")
        return self._simulation.line(request.name)

    def _request(self, role: str) -> LineRequest:
        try:
            return self._device.lines[role]
        except KeyError:
            raise NotOnBoard(f"the board connects no line in the role {role}", device=self.device, hint="ask has_line first") from None

    def _bus(self, kind: BusKind) -> str:
        if self._device.bus is None or self._kind is not kind:
            actual = self._kind.value if self._kind is not None else "no bus"
            raise ConfigError(f"the device sits on {actual}, not on {kind.value}", device=self.device, hint="ask has_bus first")
        return self._device.bus

    def _address(self, what: str) -> int:
        if self._device.address is None:
            raise ConfigError(f"the board file gives the device no {what}", device=self.device)
        return self._device.address
