"""How a driver package puts an emulated part on simulated buses.

``DriverSpec.emulator`` names a function ``emulate(site, options) -> None``. It builds the part, connects it to the plant's signals,
and attaches it to the wires the board file gives the device. The driver under test stays as it is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from cc613hal.bus.http import HttpRequest, HttpResponse
from cc613hal.bus.sim.chips import HttpService, I2cChip, ModbusUnit, MulticastSender, SerialPeer, SpiChip
from cc613hal.bus.sim.faults import Faults
from cc613hal.plant.signal import Signal
from cc613hal.plant.world import Outlet, Plant

__all__ = [
    "EmulatedInput",
    "EmulationSite",
    "HttpRequest",
    "HttpResponse",
    "HttpService",
    "I2cChip",
    "ModbusUnit",
    "MulticastSender",
    "SerialPeer",
    "SpiChip",
    "follow_output",
]


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
        """Whether the device sits on a bus of this kind (``i2c``, ``spi``, ``serial``, ``modbus``, ``http``, ``multicast``)."""

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
    def attach_http(self, service: HttpService) -> None:
        """Put a part on the device's host."""

    @abstractmethod
    def attach_multicast(self, sender: MulticastSender) -> None:
        """Let a part send to the device's group."""

    @abstractmethod
    def attach_port(self, port: object) -> Faults:
        """Stand in for something that is no bus; ``port`` inherits the Protocol that the driver asks its context's ``port`` for.

        Returns:
            The faults it is to show: at least, that it is unplugged.
        """

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

    def active_low(self, role: str) -> bool:
        """Whether the board file says that this line's meaning is true at the low level; an emulated station is wired as its file says."""
        del role
        return False


class EmulatedInput:
    """An input line of the controller, as an emulated part sees it: it sets the line's *meaning*, and polarity follows the board file.

    Args:
        site: the device's place.
        role: the line; a role the board does not connect is accepted and leads nowhere.
        active: the first level.
    """

    def __init__(self, site: EmulationSite, role: str, *, active: bool = False) -> None:
        self._wire = site.drive(role) if site.has_line(role) else None
        self._active_low = site.active_low(role)
        self._active = active
        self._held: bool | None = None
        self._settle()

    def set(self, active: bool) -> None:
        """What the part signals."""
        self._active = active
        self._settle()

    def hold(self, active: bool | None) -> None:
        """A broken wire or a stuck contact: the line reads this whatever the part signals; ``None`` repairs it."""
        self._held = active
        self._settle()

    def _settle(self) -> None:
        if self._wire is not None:
            self._wire.set((self._active if self._held is None else self._held) != self._active_low)


def follow_output(site: EmulationSite, role: str, listener: Callable[[bool], None]) -> None:
    """Call ``listener`` with the *meaning* of an output line, now and whenever it changes; nothing happens if it is not connected."""
    if site.has_line(role):
        active_low = site.active_low(role)
        site.watch(role).on(lambda level: listener(level != active_low), now=True)
