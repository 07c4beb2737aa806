"""What sensors that have to be asked share: a look every so often, delays, and a bay that becomes unknown when nobody answers."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from attrs import field, frozen, validators

from cc613hal.debounce import Debounce
from cc613hal.errors import BusError, BusSuspended, DeviceRefused, HalError, ImplausibleReading
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import PresenceReading, PresenceSensor
from cc613hal.plugins import DeviceContext, Driver
from cc613hal.readings import Quality

__all__ = ["PolledBay", "PolledOptions", "Sight", "Unwell"]


@frozen(kw_only=True)
class PolledOptions:
    """How often to look, and how long until something counts.

    Attributes:
        on_delay_s: a car counts as parked after this long, s.
        off_delay_s: the bay counts as free after this long, s.
        poll_s: pause between two looks, s.
        missed_polls: this many failed looks in a row make the bay unknown.
    """

    on_delay_s: float = field(default=3.0, validator=[validators.ge(0), validators.le(3600)])
    off_delay_s: float = field(default=10.0, validator=[validators.ge(0), validators.le(3600)])
    poll_s: float = field(default=1.0, validator=[validators.ge(0.05), validators.le(3600)])
    missed_polls: int = field(default=3, validator=[validators.ge(1), validators.le(100)])


@frozen(kw_only=True)
class Sight:
    """One look at the bay.

    Attributes:
        car: whether something that counts as a car is there now.
        distance_mm: how far it is, mm, where that is measured and something is there.
        signal: strength as the sensor gives it, where it does.
    """

    car: bool
    distance_mm: float | None = None
    signal: float | None = None


@frozen
class Unwell:
    """The sensor answers, and says that it is not to be believed.

    Attributes:
        reason: what it says, in words.
    """

    reason: str


class PolledBay(Driver, PresenceSensor):
    """A parking sensor that is asked; a driver says what one look sees.

    Args:
        context: the device's place on its board.
        options: how often to look, and the delays.
    """

    def __init__(self, context: DeviceContext, options: PolledOptions) -> None:
        self._context = context
        self._polling = options
        self._debounce = Debounce(options.on_delay_s, options.off_delay_s)
        self._changes: EventSource[PresenceReading] = EventSource(f"{context.device}.changes")
        self._task: asyncio.Task[None] | None = None
        self._car = False
        self._missed = 0
        self._complained = False

    @abstractmethod
    async def look(self) -> Sight | Unwell:
        """What the sensor sees now.

        Raises:
            BusError: nobody answers.
            DeviceRefused: the unit has no such register.
            ImplausibleReading: it says what no such sensor can see.
        """

    @property
    def car(self) -> bool:
        """Whether the last look saw a car: what hysteresis goes by."""
        return self._car

    async def connect(self) -> None:
        """Read once, then go on looking.

        Raises:
            BusError: nobody answers.
            DeviceRefused: the unit has no such register.
            ImplausibleReading: it says what no such sensor can see.
        """
        await self.read_presence()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_for_ever(), name=f"{self._context.device}.looking")

    async def aclose(self) -> None:
        """Stop looking."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    @property
    def changes(self) -> Events[PresenceReading]:
        """Debounced changes of occupancy; ``occupied`` becomes ``None`` when the sensor is lost."""
        return self._changes

    async def read_presence(self) -> PresenceReading:
        """The bay now. A sensor that reports itself unwell gives quality BAD and ``occupied`` unknown.

        Raises:
            BusError: nobody answers.
            DeviceRefused: the unit has no such register.
            ImplausibleReading: it says what no such sensor can see.
        """
        try:
            sight = await self.look()
        except (DeviceRefused, ImplausibleReading) as error:
            self._complained = True
            self._context.health.fault(error.message, error)
            raise
        if isinstance(sight, Unwell):
            self._complained = True
            self._context.health.fault(sight.reason)
            return self._lost()
        if self._complained:
            self._complained = False
            self._context.health.ok("sees again")
        self._missed = 0
        return self._take(sight)

    async def _look_for_ever(self) -> None:
        while True:
            await self._context.clock.sleep(self._polling.poll_s)
            try:
                await self.read_presence()
            except (BusError, DeviceRefused, ImplausibleReading) as error:
                self._miss(error)

    def _miss(self, error: HalError) -> None:
        if not isinstance(error, BusSuspended):
            self._context.log.debug("%s: a look failed: %s", self._context.device, error)
        self._missed += 1
        if self._missed >= self._polling.missed_polls:
            self._lost()

    def _lost(self) -> PresenceReading:
        was_known = self._debounce.state is not None
        self._debounce.forget()
        self._car = False
        reading = PresenceReading(stamp=self._context.clock.stamp(), source=self._context.device, quality=Quality.BAD, occupied=None)
        if was_known:
            self._changes.publish(reading)
        return reading

    def _take(self, sight: Sight) -> PresenceReading:
        self._car = sight.car
        changed = self._debounce.feed(sight.car, self._context.clock.monotonic_s())
        reading = PresenceReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            quality=Quality.GOOD if self._debounce.state is not None else Quality.SUSPECT,
            occupied=self._debounce.state,
            distance_mm=sight.distance_mm,
            signal=sight.signal,
        )
        if changed:
            self._changes.publish(reading)
        return reading
