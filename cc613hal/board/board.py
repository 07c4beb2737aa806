"""An open board: its devices by capability, their health, and the way to the safe state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from attrs import frozen
from typing_extensions import TypeForm

from cc613hal.board.device import OpenDevice, fulfils
from cc613hal.board.memory import MemoryStore
from cc613hal.board.model import BoardDescription
from cc613hal.board.problems import listed, near
from cc613hal.board.safety import SafetyReport, reach_safe_state
from cc613hal.board.wires import AnySlot, OpenBus, Wires
from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import BusFactory
from cc613hal.clock import Clock
from cc613hal.errors import NotOnBoard
from cc613hal.health import Health
from cc613hal.interfaces.identity import SafeState
from cc613hal.plugins.context import Driver
from cc613hal.plugins.spec import SafeRank

__all__ = ["Board"]

T = TypeVar("T")
_CLOSE_S = 2.0
_log = logging.getLogger(__name__)


class Board:
    """A board whose devices are connected. Get one from :func:`cc613hal.board.open_board`.

    Args:
        description: the checked board file.
        buses: opens buses.
        clock: for durations and time stamps.
        state_dir: folder for what devices remember; ``None`` for memory only.
        connect_timeout_s: longest time for one device to connect, s.
    """

    def __init__(
        self, description: BoardDescription, buses: BusFactory, *, clock: Clock, state_dir: Path | None, connect_timeout_s: float
    ) -> None:
        self._description = description
        self._clock = clock
        self._memory = MemoryStore(description.name, state_dir)
        self._factory = buses
        self._wires = Wires({name: OpenBus(name, options, buses, clock) for name, options in description.buses.items()})
        self._devices = {
            name: OpenDevice(device, clock, self._memory.of(name), self, connect_timeout_s=connect_timeout_s)
            for name, device in description.devices.items()
        }

    @property
    def description(self) -> BoardDescription:
        """The board file it was opened from."""
        return self._description

    @property
    def clock(self) -> Clock:
        """The board's clock."""
        return self._clock

    @property
    def wires(self) -> Wires:
        """The open buses, for the board's own machinery."""
        return self._wires

    @property
    def factory(self) -> BusFactory:
        """Who opens its buses, for the board's own machinery."""
        return self._factory

    @property
    def parts(self) -> Mapping[str, OpenDevice]:
        """The devices with everything around their drivers, for the board's own machinery."""
        return MappingProxyType(self._devices)

    @property
    def devices(self) -> dict[str, Driver]:
        """The driver objects by device name, also of devices that are away; without those whose driver could not be made."""
        return {name: device.driver for name, device in self._devices.items() if device.driver is not None}

    @property
    def buses(self) -> dict[str, tuple[BusActor, AnySlot]]:
        """Each bus's owner (trace, statistics) and adapter. They stay the same when a bus is unplugged and plugged again."""
        return {name: (bus.actor, bus.slot) for name, bus in self._wires.buses.items()}

    def get(self, capability: TypeForm[T], name: str | None = None, *, connector: int | None = None) -> T:
        """The device that has a capability.

        Args:
            capability: a Protocol of :mod:`cc613hal.interfaces`, or a driver class.
            name: which device; needed if several have it.
            connector: only devices of this connector.

        Raises:
            NotOnBoard: there is none, or more than one to choose from; the hint says what there is.
        """
        found = self._offering(capability, connector)
        if name is not None:
            return self._named(capability, name, found, connector)
        if len(found) == 1:
            return next(iter(found.values()))
        what, where = _word(capability), "" if connector is None else f" at connector {connector}"
        if found:
            raise NotOnBoard(f"{len(found)} devices are a {what}{where}: {listed(found)}", hint="say which one by name")
        raise NotOnBoard(f"no device of {self._description.name} is a {what}{where}", hint=self._missing_hint(capability))

    def all(self, capability: TypeForm[T], *, connector: int | None = None) -> dict[str, T]:
        """Every device that has a capability, by name; empty if there is none.

        Args:
            capability: a Protocol of :mod:`cc613hal.interfaces`, or a driver class.
            connector: only devices of this connector.
        """
        return self._offering(capability, connector)

    def optional(self, capability: TypeForm[T], name: str | None = None, *, connector: int | None = None) -> T | None:
        """As :meth:`get`, but ``None`` if there is no such device.

        Raises:
            NotOnBoard: there is more than one to choose from.
        """
        found = self._offering(capability, connector)
        if (name is None and not found) or (name is not None and name not in found):
            return None
        return self.get(capability, name, connector=connector)

    def health(self) -> dict[str, Health]:
        """The health of every device of the board file."""
        return {name: device.health for name, device in self._devices.items()}

    async def make_safe(self) -> SafetyReport:
        """Bring every device to its safe state, in the order contactor, pilot, lock, relay, indicator, others; the board stays open.

        Cancelling does not stop it. The report says who did not get there; nothing is raised for that, because there would be nobody
        left to handle it better.
        """
        return await reach_safe_state([_SafeStep(device) for device in self._devices.values()])

    def neighbour(self, device: str, capability: TypeForm[T]) -> T:
        """Another device of the board as a capability; see :meth:`cc613hal.plugins.DeviceContext.uses`."""
        return self.get(capability, device)

    async def close_devices(self) -> None:
        """Stop the drivers' own tasks, those that others use last. What they raise is logged."""
        for device in reversed(self._devices.values()):
            if device.driver is None:
                continue
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await device.driver.aclose()
            except Exception:  # noqa: BLE001  # one driver that does not stop must not keep the others running
                _log.exception("%s did not close properly", device.name)

    async def close_buses(self) -> None:
        """Release all buses and lines, and have everything remembered on the disk."""
        for bus in self._wires.buses.values():
            await bus.aclose()
        self._memory.close()

    def _offering(self, capability: TypeForm[T], connector: int | None) -> dict[str, T]:
        return dict(self._fulfilling(capability, connector))

    def _fulfilling(self, capability: TypeForm[T], connector: int | None) -> Iterator[tuple[str, T]]:
        for name, device in self._devices.items():
            driver: object = device.driver
            if connector is not None and device.description.connector != connector:
                continue
            if fulfils(driver, capability):
                yield name, driver

    def _named(self, capability: TypeForm[T], name: str, found: Mapping[str, T], connector: int | None) -> T:
        if name in found:
            return found[name]
        if name not in self._devices:
            raise NotOnBoard(
                f"{self._description.name} has no device {name}", hint=near(name, self._devices, f"it has {listed(self._devices)}")
            )
        device = self._devices[name]
        if device.driver is None:
            raise NotOnBoard(f"is not there: {device.error}", device=name, hint="the board keeps trying") from device.error
        if connector is not None and device.description.connector != connector:
            raise NotOnBoard(f"does not belong to connector {connector}", device=name)
        spec = device.description.driver
        raise NotOnBoard(f"{spec.name} is no {_word(capability)}", device=name, hint=f"it is {listed(spec.capabilities, 'nothing else')}")

    def _missing_hint(self, capability: TypeForm[T]) -> str:
        away = [
            name
            for name, device in self._devices.items()
            if device.driver is None and _word(capability) in device.description.driver.capabilities
        ]
        if away:
            return f"{listed(away)} would be, but could not be made: {self._devices[away[0]].error}"
        there = [f"{name} ({listed(device.description.driver.capabilities, 'no capability')})" for name, device in self._devices.items()]
        return f"it has {listed(there, 'no devices')}"


@frozen
class _SafeStep:
    """A device on its way to the safe state."""

    device: OpenDevice

    @property
    def name(self) -> str:
        """The device, as errors name it."""
        return self.device.name

    @property
    def rank(self) -> SafeRank:
        """When its turn comes: the driver announces it."""
        return self.device.description.driver.rank

    async def make_safe(self) -> None:
        """The driver's own way; its outputs directly if it has none, or if it failed."""
        driver: object = self.device.driver
        if driver is None or not fulfils(driver, SafeState):
            self.device.context.outputs_to_safe_level()
            return
        assert isinstance(driver, SafeState)
        try:
            await driver.make_safe()
        except BaseException:
            self.device.context.outputs_to_safe_level()
            raise


def _word(capability: object) -> str:
    return getattr(capability, "__name__", str(capability))
