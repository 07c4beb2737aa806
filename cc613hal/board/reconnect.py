"""Bringing back what went: buses first, then the devices on them, with growing pauses and one line of log each way.

A device's own log line comes from its :class:`~cc613hal.health.Health`; this module logs the buses.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any

from attrs import field, frozen, validators

from cc613hal.board.device import OpenDevice
from cc613hal.board.wires import OpenBus
from cc613hal.bus.hotplug import HotPlug
from cc613hal.clock import Clock
from cc613hal.errors import BusError, DeviceError
from cc613hal.events import Subscription
from cc613hal.health import HealthChange, HealthState

__all__ = ["BackOff", "Supervisor"]

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class BackOff:
    """Pauses between attempts.

    Attributes:
        first_s: before the first attempt, and the shortest, s.
        longest_s: where doubling ends, s.
    """

    first_s: float = field(default=0.5, validator=validators.gt(0))
    longest_s: float = field(default=30.0, validator=validators.gt(0))

    def pauses(self) -> Iterator[float]:
        """Pauses without end, each twice as long as the one before up to the longest."""
        pause_s = self.first_s
        while True:
            yield pause_s
            pause_s = min(pause_s * 2, self.longest_s)


class Supervisor:
    """Watches buses and devices, and brings back what went.

    Args:
        buses: by name.
        devices: by name.
        clock: the board's clock.
        back_off: pauses between attempts.
        plugs: tells when adapters are plugged in and pulled out; without it that is noticed at the next transfer, or attempt.
    """

    def __init__(
        self,
        buses: Mapping[str, OpenBus],
        devices: Mapping[str, OpenDevice],
        clock: Clock,
        back_off: BackOff,
        plugs: HotPlug | None = None,
    ) -> None:
        self._buses = buses
        self._devices = devices
        self._clock = clock
        self._back_off = back_off
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._subscriptions: list[Subscription] = []
        self._up: dict[str, asyncio.Event] = {}
        self._plugs = plugs
        self._came: dict[str, asyncio.Event] = {name: asyncio.Event() for name in buses}

    def start(self) -> None:
        """Begin to watch; what is away already is worked on at once."""
        for name, bus in self._buses.items():
            self._up[name] = asyncio.Event()
            bus.lost = self._bus_lost
            if bus.slot.filled:
                self._up[name].set()
            else:
                self._begin(("bus", name), self._restore_bus(bus))
        if self._plugs is not None:
            self._subscriptions.append(self._plugs.watch({name: bus.options for name, bus in self._buses.items()}, self._plugged))
        for name, device in self._devices.items():
            self._subscriptions.append(device.health.changes.on(self._health_changed))
            if device.observer.away:
                self._begin(("device", name), self._restore_device(device))

    async def aclose(self) -> None:
        """Stop watching."""
        for subscription in self._subscriptions:
            subscription.cancel()
        for bus in self._buses.values():
            bus.lost = None
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _plugged(self, name: str, there: bool) -> None:
        if there:
            self._came[name].set()
        else:
            self._buses[name].unplugged()

    def _bus_lost(self, bus: OpenBus, error: BusError) -> None:
        _log.warning("bus %s is gone: %s", bus.name, error)
        self._up[bus.name].clear()
        self._begin(("bus", bus.name), self._restore_bus(bus))
        for device in self._devices.values():
            if bus.name in device.buses:
                device.gone(error)

    def _health_changed(self, change: HealthChange) -> None:
        if change.after is HealthState.OFFLINE:
            device = self._devices[change.device]
            device.observer.away = True
            self._begin(("device", device.name), self._restore_device(device))
            for other in self._devices.values():
                if device.name in _needed(other) and not other.observer.away:
                    other.gone(
                        DeviceError(f"builds on {device.name}, which is offline", device=other.name, hint="see there", transient=True)
                    )

    def _begin(self, key: tuple[str, str], work: Coroutine[Any, Any, None]) -> None:
        if key in self._tasks and not self._tasks[key].done():
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work, name=f"restore {key[0]} {key[1]}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))

    def _ended(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        if not task.cancelled() and task.exception() is not None:
            _log.error("bringing back %s %s failed unexpectedly", *key, exc_info=task.exception())

    async def _restore_bus(self, bus: OpenBus) -> None:
        came = self._came[bus.name]
        came.clear()
        pauses = self._back_off.pauses()
        await bus.release_lost()
        while True:
            if await self._came_within(came, next(pauses)):
                pauses = self._back_off.pauses()
            try:
                await bus.open()
            except Exception as error:  # noqa: BLE001  # whatever it was, the bus is not back, and the next attempt follows
                _log.debug("bus %s is still away: %s", bus.name, error)
            else:
                _log.info("bus %s is back", bus.name)
                self._up[bus.name].set()
                return

    @staticmethod
    async def _came_within(came: asyncio.Event, pause_s: float) -> bool:
        """Wait until the adapter is plugged in, but no longer than the pause; whether it was."""
        try:
            async with asyncio.timeout(pause_s):
                await came.wait()
        except TimeoutError:
            return False
        came.clear()
        return True

    async def _restore_device(self, device: OpenDevice) -> None:
        pauses = self._back_off.pauses()
        while True:
            if not all(self._up[bus].is_set() for bus in device.buses):
                for bus in device.buses:
                    await self._up[bus].wait()
                pauses = self._back_off.pauses()  # a bus came back: soon again
            else:
                await self._pause(device, next(pauses))
            if not self._ready(device):
                pauses = self._back_off.pauses()  # nothing was tried, so nothing has to be given a rest
                continue
            try:
                await device.bring_up()
            except Exception as error:  # noqa: BLE001  # the reason is in the device's health; the next attempt follows
                _log.debug("%s is still away: %s", device.name, error)
            else:
                return

    async def _pause(self, device: OpenDevice, pause_s: float) -> None:
        """A pause, cut short when the device is heard answering somebody else's request."""
        await self._clock.sleep(min(pause_s, self._back_off.first_s))
        if pause_s > self._back_off.first_s:
            try:
                async with asyncio.timeout(pause_s - self._back_off.first_s):
                    await device.observer.answered.wait()
            except TimeoutError:
                return

    def _ready(self, device: OpenDevice) -> bool:
        """Whether its buses are there and the devices it needs are up."""
        if not all(self._up[bus].is_set() for bus in device.buses):
            return False
        return not any(self._devices[target].observer.away for target in _needed(device))


def _needed(device: OpenDevice) -> list[str]:
    """The devices it cannot do without. What it set up through them is lost when they were away."""
    needed = {use.role for use in device.description.driver.uses if use.required}
    return [target for role, target in device.description.uses.items() if role in needed]
