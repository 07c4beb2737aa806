"""What the board hands to a driver: its wires, its clock, its health, its memory. Nothing else.

A driver class looks like this::

    class Lm75(TemperatureSensor, Identified):
        def __init__(self, context: DeviceContext, options: Lm75Options) -> None: ...
        async def connect(self) -> None: ...      # identify and set up; called again after the bus or the part came back
        async def aclose(self) -> None: ...       # stop own tasks; the board closes buses and lines
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from logging import Logger
from typing import Any, Protocol, TypeVar, runtime_checkable

from typing_extensions import TypeForm

from cc613hal.bus.gpio import InputLine, OutputLine, PwmLine
from cc613hal.bus.http import HttpPort
from cc613hal.bus.i2c import I2cPort
from cc613hal.bus.modbus import ModbusPort
from cc613hal.bus.multicast import MulticastPort
from cc613hal.bus.serial import SerialPort
from cc613hal.bus.spi import SpiPort
from cc613hal.clock import Clock
from cc613hal.health import Health

__all__ = ["DeviceContext", "Driver", "Memory"]

T = TypeVar("T")


@runtime_checkable
class Driver(Protocol):
    """The life of a device; constructed as ``Class(context, options)``."""

    @abstractmethod
    async def connect(self) -> None:
        """Identify the part and set it up. Called when the board opens, and again after the part was gone.

        Raises:
            WrongIdentity: something else answers.
            BusError: nobody answers.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Stop the driver's own tasks. The board puts the part into its safe state before, and closes the wires after."""


@runtime_checkable
class Memory(Protocol):
    """A few values a device keeps across restarts (switching counters, references). Written at once, atomically."""

    @abstractmethod
    def load(self, key: str, default: Any = None) -> Any:
        """The stored value (plain JSON data), or ``default``."""

    @abstractmethod
    def save(self, key: str, value: Any) -> None:
        """Store a plain JSON value."""


@runtime_checkable
class DeviceContext(Protocol):
    """A device's place on its board."""

    @property
    @abstractmethod
    def device(self) -> str:
        """The device's name on the board: the ``source`` of its readings and the ``device`` of its errors."""

    @property
    @abstractmethod
    def connector(self) -> int | None:
        """The connector it belongs to; ``None`` for the whole station."""

    @property
    @abstractmethod
    def clock(self) -> Clock:
        """The board's clock."""

    @property
    @abstractmethod
    def health(self) -> Health:
        """The device's health. Bus results are reported by the ports themselves."""

    @property
    @abstractmethod
    def memory(self) -> Memory:
        """Values kept across restarts."""

    @property
    @abstractmethod
    def log(self) -> Logger:
        """The device's logger."""

    @property
    @abstractmethod
    def i2c(self) -> I2cPort:
        """The I2C port. Raises :class:`~cc613hal.errors.ConfigError` if the device is not on such a bus."""

    @property
    @abstractmethod
    def spi(self) -> SpiPort:
        """The SPI port."""

    @property
    @abstractmethod
    def serial(self) -> SerialPort:
        """The serial port."""

    @property
    @abstractmethod
    def modbus(self) -> ModbusPort:
        """The Modbus port, bound to the device's unit."""

    @property
    @abstractmethod
    def http(self) -> HttpPort:
        """The HTTP port."""

    @property
    @abstractmethod
    def multicast(self) -> MulticastPort:
        """The multicast port."""

    @abstractmethod
    def has_bus(self, kind: str) -> bool:
        """Whether the device sits on a bus of this kind (``i2c``, ``spi``, ``serial``, ``modbus``, ``http``, ``multicast``)."""

    @abstractmethod
    def input(self, role: str) -> InputLine:
        """The input line in this role (required roles are certain to be there)."""

    @abstractmethod
    def output(self, role: str) -> OutputLine:
        """The output line in this role, at its safe level."""

    @abstractmethod
    def pwm(self, role: str) -> PwmLine:
        """The PWM line in this role."""

    @abstractmethod
    def has_line(self, role: str) -> bool:
        """Whether the board connects this role."""

    @abstractmethod
    def uses(self, role: str, capability: TypeForm[T]) -> T:
        """The other device in this role. Ask in the constructor or later: it is constructed, and connected, before this one.

        Args:
            role: as in the driver's :class:`~cc613hal.plugins.UseSpec`.
            capability: a Protocol of :mod:`cc613hal.interfaces`.

        Raises:
            NotOnBoard: it is not there or lacks the capability.
        """

    @abstractmethod
    def port(self, kind: TypeForm[T], real: Callable[[], T]) -> T:
        """A way to something that is no bus: a service of the system, an input device, a folder of the kernel.

        The driver's package declares what it needs as a small Protocol and brings the adapter that does it on Linux; in a simulation the
        emulated part attaches a stand-in instead (:meth:`cc613hal.plant.emulation.EmulationSite.attach_port`). The driver reports to
        :attr:`health` itself how its calls go, and calls ``health.offline`` when the thing is gone: the board then calls ``connect`` again.

        Args:
            kind: the Protocol.
            real: makes the adapter; imports what it needs only then.

        Raises:
            BusMissing: a simulation or replay in which nothing stands in for it.
        """
