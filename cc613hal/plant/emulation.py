"""How a driver package puts an emulated part on simulated buses.

``DriverSpec.emulator`` names a function ``emulate(site, options) -> None``. It builds the part, connects it to the plant's signals,
and attaches it to the wires the board file gives the device. The driver under test stays as it is.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from cc613hal.bus.sim.chips import I2cChip, ModbusUnit, SerialPeer, SpiChip
from cc613hal.plant.signal import Signal
from cc613hal.plant.world import Outlet, Plant

__all__ = ["EmulationSite", "I2cChip", "ModbusUnit", "SerialPeer", "SpiChip"]


@runtime_checkable
class EmulationSite(Protocol):
    """A device's place in a simulation."""

    @property
    @abstractmethod
    def device(self) -> str:
        """The device's name on the board."""

    @property
    @abstractmethod
    def plant(self) -> Plant:
        """The world."""

    @property
    @abstractmethod
    def outlet(self) -> Outlet:
        """The outlet of the device's connector (the first, if it belongs to none)."""

    @abstractmethod
    def has_bus(self, kind: str) -> bool:
        """Whether the device sits on a bus of this kind (``i2c``, ``spi``, ``serial``, ``modbus``)."""

    @abstractmethod
    def attach_i2c(self, chip: I2cChip, *, address: int | None = None) -> None:
        """Put a chip on the device's bus at its address (or another one of the same part)."""

    @abstractmethod
    def attach_spi(self, chip: SpiChip) -> None:
        """Put a chip on the device's bus at its chip select."""

    @abstractmethod
    def attach_serial(self, peer: SerialPeer) -> None:
        """Put a peer at the other end of the device's line."""

    @abstractmethod
    def attach_modbus(self, unit: ModbusUnit) -> None:
        """Put a unit on the device's line under its number."""

    @abstractmethod
    def has_line(self, role: str) -> bool:
        """Whether the board connects this role."""

    @abstractmethod
    def drive(self, role: str) -> Signal[bool]:
        """The *electrical* level of an input line (``True`` is high), for the emulated part to set."""

    @abstractmethod
    def watch(self, role: str) -> Signal[bool]:
        """The *electrical* level of an output line, for the emulated part to follow."""

    @abstractmethod
    def watch_pwm(self, role: str) -> Signal[tuple[float, float]]:
        """Frequency in Hz and duty 0 to 1 of a PWM line."""
