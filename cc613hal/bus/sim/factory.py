"""Opens simulated buses: in process, or as real ptys and sockets behind the Linux adapters."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeGuard, TypeVar

from attrs import evolve
from typing_extensions import TypeForm

from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import AnyAdapter, BusFactory, StandIns
from cc613hal.bus.hotplug import HotPlug, PlugChanged
from cc613hal.bus.options import (
    BusOptions,
    GpioOptions,
    HttpOptions,
    I2cOptions,
    ModbusRtuOptions,
    ModbusRtuOverTcpOptions,
    ModbusTcpOptions,
    MulticastOptions,
    PwmOptions,
    SerialOptions,
    SpiOptions,
)
from cc613hal.bus.sim.chips import SerialPeer
from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.gpio import SimGpio
from cc613hal.bus.sim.http import HttpHost, SimulatedHttp
from cc613hal.bus.sim.http_server import HttpServer
from cc613hal.bus.sim.i2c import SimI2c
from cc613hal.bus.sim.modbus import SimulatedModbus
from cc613hal.bus.sim.modbus_units import ModbusUnits
from cc613hal.bus.sim.multicast import LoopbackSender, MulticastGroup, SimulatedMulticast
from cc613hal.bus.sim.pty import PtyLine
from cc613hal.bus.sim.pwm import SimPwm
from cc613hal.bus.sim.rtu_server import RtuServer
from cc613hal.bus.sim.serial import SimulatedSerial
from cc613hal.bus.sim.spi import SimSpi
from cc613hal.bus.sim.tcp_server import ModbusTcpServer
from cc613hal.clock import Clock
from cc613hal.errors import BusClosed, BusMissing, ConfigError, Unsupported
from cc613hal.events import Subscription

__all__ = ["SerialEnd", "SimulatedBuses"]

T = TypeVar("T")


class SerialEnd(SerialPeer):
    """The far end of a serial line: a part, or nobody yet.

    It stays the same however often the line is opened, and a part may be joined before or after.
    """

    def __init__(self, name: str = "serial") -> None:
        self.name = name
        self.faults = Faults()
        self._send: Callable[[bytes], None] | None = None
        self._peer: SerialPeer | None = None

    def join(self, peer: SerialPeer) -> None:
        """Put a part at this end.

        Raises:
            ConfigError: there is one already; a serial line has one device.
        """
        if self._peer is not None:
            raise ConfigError("two parts on one serial line", device=self.name, hint="a serial bus has one device; use another bus")
        self._peer = peer
        peer.attach(self._say)

    def attach(self, send: Callable[[bytes], None]) -> None:
        """The line's side: what the part says goes through ``send``."""
        self._send = send

    def receive(self, data: bytes) -> None:
        """Bytes from the controller; nobody there hears nothing."""
        if self._peer is not None:
            self._peer.receive(data)

    def _say(self, data: bytes) -> None:
        if self._send is not None:
            self._send(data)


class SimulatedBuses(BusFactory, StandIns, HotPlug):
    """Simulated buses by name. Emulated parts are attached before or after a bus is opened, and stay over closing and opening again.

    Args:
        clock: the board's clock.
        ptys: serial lines and Modbus RTU run through real ptys, Modbus TCP, HTTP and multicast through real sockets, opened by the Linux
            adapters. They need real time; everything else stays in process.

    Attributes:
        announces_plugs: tell the board at once when a cable is pulled or plugged, as the kernel does for USB; otherwise it is noticed at
            the next transfer, and at the next attempt to open the bus, as with wires that are soldered.
    """

    def __init__(self, clock: Clock | None = None, *, ptys: bool = False) -> None:
        self.clock = clock or Clock()
        self.ptys = ptys
        self.announces_plugs = False
        self._i2c: dict[str, SimI2c] = {}
        self._spi: dict[str, SimSpi] = {}
        self._gpio: dict[str, SimGpio] = {}
        self._pwm: dict[str, SimPwm] = {}
        self._serial: dict[str, SerialEnd] = {}
        self._modbus: dict[str, ModbusUnits] = {}
        self._http: dict[str, HttpHost] = {}
        self._multicast: dict[str, MulticastGroup] = {}
        self._lines: dict[str, PtyLine] = {}
        self._servers: dict[str, ModbusTcpServer] = {}
        self._ports: dict[str, list[object]] = {}
        self._port_faults: dict[str, Faults] = {}
        self._https: dict[str, HttpServer] = {}
        self._loopbacks: dict[str, tuple[LoopbackSender, int]] = {}
        self._folder: Path | None = None

    def i2c(self, name: str) -> SimI2c:
        """The I2C bus of that name."""
        return self._i2c.setdefault(name, SimI2c(name))

    def spi(self, name: str) -> SimSpi:
        """The SPI bus of that name."""
        return self._spi.setdefault(name, SimSpi(name))

    def gpio(self, name: str) -> SimGpio:
        """The GPIO lines of that name."""
        return self._gpio.setdefault(name, SimGpio(name=name, clock=self.clock))

    def pwm(self, name: str) -> SimPwm:
        """The PWM chip of that name."""
        return self._pwm.setdefault(name, SimPwm(name=name))

    def serial(self, name: str) -> SerialEnd:
        """The far end of the serial line of that name."""
        return self._serial.setdefault(name, SerialEnd(name))

    def modbus(self, name: str) -> ModbusUnits:
        """The units on the Modbus line or connection of that name."""
        return self._modbus.setdefault(name, ModbusUnits())

    def attach_port(self, device: str, port: object) -> Faults:
        """Put a stand-in in the place of something that is no bus; returns the faults it is to show.

        See :class:`~cc613hal.bus.factory.StandIns`.
        """
        self._ports.setdefault(device, []).append(port)
        return self._port_faults.setdefault(device, Faults())

    def port_faults(self, device: str) -> Faults | None:
        """What is wrong with what stands in for a device's ports; ``None`` if nothing stands in."""
        return self._port_faults.get(device)

    def stand_in(self, device: str, kind: TypeForm[T]) -> T:
        """The port an emulated part has put in place.

        Raises:
            BusMissing: none of this kind.
        """
        for port in self._ports.get(device, ()):
            if _inherits(port, kind):
                return port
        raise BusMissing(
            f"nothing simulated stands in for its {getattr(kind, '__name__', kind)}", device=device, hint="its emulator attaches none"
        )

    def http(self, name: str) -> HttpHost:
        """The host that answers HTTP of that name."""
        return self._http.setdefault(name, HttpHost(name))

    def multicast(self, name: str) -> MulticastGroup:
        """The multicast group of that name."""
        return self._multicast.setdefault(name, MulticastGroup(name))

    def faults(self, name: str) -> Faults:
        """What is wrong with a bus, for changing it; :meth:`Faults.unplug` pulls its cable.

        Raises:
            ConfigError: no bus of that name has been opened or built on.
        """
        for buses in (self._i2c, self._spi, self._gpio, self._pwm, self._serial, self._http, self._multicast):
            if name in buses:
                return buses[name].faults
        if name in self._modbus:
            return self._modbus[name].line
        raise ConfigError(f"there is no simulated bus {name}", hint=f"there are: {', '.join(self.names) or 'none'}")

    def watch(self, buses: Mapping[str, BusOptions], changed: PlugChanged) -> Subscription:
        """Tell when a cable is pulled or plugged, if ``announces_plugs`` is set by then."""
        watching = True

        def stop() -> None:
            nonlocal watching
            watching = False

        def listener(name: str) -> Callable[[bool], None]:
            return lambda plugged: changed(name, plugged) if watching and self.announces_plugs else None

        for name, options in buses.items():
            self.prepare(name, options)
            self.faults(name).on_plug(listener(name))
        return Subscription(stop)

    @property
    def names(self) -> tuple[str, ...]:
        """The buses there are."""
        kinds = (self._i2c, self._spi, self._gpio, self._pwm, self._serial, self._modbus, self._http, self._multicast)
        return tuple(sorted({name for buses in kinds for name in buses}))

    def prepare(self, name: str, options: BusOptions) -> None:
        """Make a bus, without opening it, so that parts can be attached and its faults be set.

        Raises:
            Unsupported: a kind of bus that is not simulated.
        """
        match options:
            case I2cOptions():
                self.i2c(name)
            case SpiOptions():
                self.spi(name)
            case GpioOptions():
                for line in options.lines:
                    self.gpio(name).add(line)
                self.gpio(name)
            case PwmOptions():
                for channel in options.channels:
                    self.pwm(name).add(channel)
                self.pwm(name)
            case SerialOptions():
                self.serial(name)
            case ModbusRtuOptions() | ModbusTcpOptions():
                self.modbus(name)
            case HttpOptions():
                self.http(name)
            case MulticastOptions():
                self.multicast(name)
            case _:
                raise Unsupported(f"there is no simulation of a bus of type {options.kind or type(options).__name__}", device=name)

    async def open(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        """Open a bus.

        Raises:
            BusClosed: it is unplugged.
            Unsupported: a kind of bus that is not simulated.
        """
        self.prepare(name, options)
        match options:
            case I2cOptions() | SpiOptions() | GpioOptions() | PwmOptions():
                return self._reopened(name, options, actor)
            case SerialOptions() | ModbusRtuOptions() | ModbusTcpOptions() | HttpOptions() | MulticastOptions() if self.ptys:
                return await self._open_real(name, options, actor)
            case HttpOptions():
                self._check_plugged(name)
                return SimulatedHttp(self.http(name))
            case MulticastOptions():
                self._check_plugged(name)
                return SimulatedMulticast(self.multicast(name), actor)
            case SerialOptions():
                self._check_plugged(name)
                end = self.serial(name)
                return SimulatedSerial(end, settings=options.settings, faults=end.faults, name=name)
            case _:
                self._check_plugged(name)
                self.modbus(name).opened = options.settings if isinstance(options, ModbusRtuOptions) else None
                return SimulatedModbus(self.modbus(name), name=name)

    async def aclose(self) -> None:
        """Stop the servers and close the ptys."""
        for line in self._lines.values():
            await line.aclose()
        for server in self._servers.values():
            await server.aclose()
        for host in self._https.values():
            await host.aclose()
        for sender, _ in self._loopbacks.values():
            sender.close()
        self._lines.clear()
        self._servers.clear()
        self._https.clear()
        self._loopbacks.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    def path(self, name: str) -> str | None:
        """The pty of an open serial or Modbus RTU bus, for other programs; ``None`` if it has none."""
        line = self._lines.get(name)
        return None if line is None else line.path

    def _reopened(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        bus: SimI2c | SimSpi | SimGpio | SimPwm
        if isinstance(options, I2cOptions):
            bus = self.i2c(name)
        elif isinstance(options, SpiOptions):
            bus = self.spi(name)
        elif isinstance(options, GpioOptions):
            bus = self.gpio(name)
            bus.clock = actor.clock
        else:
            bus = self.pwm(name)
        bus.reopen()
        return bus

    def _check_plugged(self, name: str) -> None:
        if not self.faults(name).plugged:
            raise BusClosed("the bus is unplugged", device=name, hint="plug it in again", transient=True)

    async def _open_real(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        from cc613hal.bus.linux.factory import LinuxBuses  # noqa: PLC0415 - only a simulation on ptys needs the Linux adapters

        return await LinuxBuses().open(name, await self._redirected(name, options), actor)

    async def _redirected(self, name: str, options: BusOptions) -> BusOptions:
        """The options with the path or address replaced by that of the emulated line."""
        if isinstance(options, SerialOptions):
            end = self.serial(name)
            return evolve(options, path=self._pty(name, end, end.faults))
        if isinstance(options, ModbusRtuOptions):
            units = self.modbus(name)
            if name in self._lines:
                return evolve(options, path=self._lines[name].path)
            return evolve(options, path=self._pty(name, RtuServer(units, pace=options.settings), units.line))
        if isinstance(options, HttpOptions):
            if name not in self._https:
                self._https[name] = HttpServer(self.http(name))
                await self._https[name].start()
            return evolve(options, host=self._https[name].host, port=self._https[name].port, tls=False)
        if isinstance(options, MulticastOptions):
            if name not in self._loopbacks:
                port = _free_udp_port()
                self._loopbacks[name] = LoopbackSender(self.multicast(name), options.group, port), port
            return evolve(options, port=self._loopbacks[name][1], interface="127.0.0.1")
        assert isinstance(options, ModbusTcpOptions)
        if name not in self._servers:
            server = ModbusTcpServer(self.modbus(name), rtu=isinstance(options, ModbusRtuOverTcpOptions))
            await server.start()
            self._servers[name] = server
        return evolve(options, host=self._servers[name].host, port=self._servers[name].port)

    def _pty(self, name: str, peer: SerialPeer, faults: Faults) -> str:
        if name not in self._lines:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="cc613hal-"))
            line = PtyLine(peer, faults=faults, link=self._folder / name)
            line.start()
            self._lines[name] = line
        return self._lines[name].path


def _inherits(port: object, kind: TypeForm[T]) -> TypeGuard[T]:
    """By name: that something has methods of the same names proves nothing."""
    bases: set[object] = {*type(port).__mro__}
    return bases.issuperset((kind,))


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
