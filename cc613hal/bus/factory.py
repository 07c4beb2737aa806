"""Who opens buses: Linux, a simulation, or a recording."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from cc613hal.bus.actor import BusActor
from cc613hal.bus.gpio import GpioAdapter, PwmAdapter
from cc613hal.bus.i2c import I2cAdapter
from cc613hal.bus.modbus import ModbusAdapter
from cc613hal.bus.options import BusOptions
from cc613hal.bus.serial import SerialAdapter
from cc613hal.bus.spi import SpiAdapter

__all__ = ["AnyAdapter", "BusFactory"]

AnyAdapter = I2cAdapter | SpiAdapter | GpioAdapter | PwmAdapter | SerialAdapter | ModbusAdapter
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
