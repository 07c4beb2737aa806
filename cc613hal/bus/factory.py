"""Who opens buses: Linux, a simulation, or a recording."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, TypeVar, runtime_checkable

from typing_extensions import TypeForm

from cc613hal.bus.actor import BusActor
from cc613hal.bus.gpio import GpioAdapter, PwmAdapter
from cc613hal.bus.http import HttpAdapter
from cc613hal.bus.i2c import I2cAdapter
from cc613hal.bus.modbus import ModbusAdapter
from cc613hal.bus.multicast import MulticastAdapter
from cc613hal.bus.options import BusOptions
from cc613hal.bus.serial import SerialAdapter
from cc613hal.bus.spi import SpiAdapter

__all__ = ["AnyAdapter", "BusFactory", "StandIns"]

T = TypeVar("T")

AnyAdapter = I2cAdapter | SpiAdapter | GpioAdapter | PwmAdapter | SerialAdapter | ModbusAdapter | HttpAdapter | MulticastAdapter
"""An open bus of any kind."""


@runtime_checkable
class BusFactory(Protocol):
    """Opens a bus that a board file describes."""

    @abstractmethod
    async def open(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        """Open a bus.

        Args:
            name: as the board file names it.
            options: its description; the class decides what is opened.
            actor: its owner; adapters that see frames record them in its trace and count what they throw away.

        Raises:
            BusError: it cannot be opened; the message says why and the hint what to do.
        """


@runtime_checkable
class StandIns(Protocol):
    """A bus factory that also takes the place of what is no bus: a service of the system, an input device, a folder of the kernel.

    A driver reaches such a thing through a small port Protocol of its own package (see :meth:`cc613hal.plugins.DeviceContext.port`); on
    hardware the package's adapter implements it, in a simulation or a replay whoever stands here.
    """

    @abstractmethod
    def stand_in(self, device: str, kind: TypeForm[T]) -> T | None:
        """The port of a device; ``None`` if the real thing is wanted.

        Args:
            device: as the board file names it.
            kind: the port Protocol, which the stand-in inherits by name.

        Raises:
            BusMissing: there is none; the real thing must not be reached for instead.
        """
