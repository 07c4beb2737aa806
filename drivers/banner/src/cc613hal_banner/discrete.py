"""Any Banner sensor with a switching output (R-GAGE QT50R and Q130R, T30R, K50U with discrete output) on an opto-isolated input.

The safest reading of Bender's "external parking sensor (Banner)": the controller's documents name no model, bus or register.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.gpio import Edge
from cc613hal.debounce import Debounce, DebouncedLevel
from cc613hal.errors import BusError, ConfigError
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import PresenceReading, PresenceSensor
from cc613hal.plugins import DeviceContext, Driver
from cc613hal.readings import Quality

__all__ = ["Discrete", "DiscreteOptions"]


@frozen(kw_only=True)
class DiscreteOptions:
    """How long it takes until something counts.

    Attributes:
        on_delay_s: a car counts as parked after this long, s; shorter is somebody walking by.
        off_delay_s: the bay counts as free after this long, s.
        near_mm: nearest distance the sensor is taught for, mm. Only the simulated sensor uses it.
        far_mm: farthest distance the sensor is taught for, mm. Only the simulated sensor uses it.
    """

    on_delay_s: float = field(default=3.0, validator=[validators.ge(0), validators.le(3600)])
    off_delay_s: float = field(default=10.0, validator=[validators.ge(0), validators.le(3600)])
    near_mm: float = field(default=200.0, validator=validators.ge(0))
    far_mm: float = field(default=2500.0, validator=validators.gt(0))

    def __attrs_post_init__(self) -> None:
        if self.near_mm >= self.far_mm:
            raise ConfigError(f"near_mm = {self.near_mm:g} is not below far_mm = {self.far_mm:g}")


class Discrete(Driver, PresenceSensor):
    """A parking sensor with a switching output. Costs nothing while nothing changes.

    Args:
        context: the device's place on its board; line ``occupied``.
        options: delays.
    """

    def __init__(self, context: DeviceContext, options: DiscreteOptions) -> None:
        self._context = context
        self._bay = DebouncedLevel(
            Debounce(options.on_delay_s, options.off_delay_s), context.clock, self._level, changed=self._changed, lost=self._lost
        )
        self._changes: EventSource[PresenceReading] = EventSource(f"{context.device}.changes")
        self._subscription: Subscription | None = None

    async def connect(self) -> None:
        """Listen to the line. What is seen now counts after its delay; until then the bay is not known.

        Raises:
            BusError: the line is gone.
        """
        self._stop()
        line = self._context.input("occupied")
        self._subscription = line.edges.on(self._edge)
        self._bay.refresh()
        self._context.health.succeeded()

    async def aclose(self) -> None:
        """Stop listening."""
        self._stop()

    @property
    def changes(self) -> Events[PresenceReading]:
        """Debounced changes of occupancy."""
        return self._changes

    async def read_presence(self) -> PresenceReading:
        """The bay now, debounced.

        Raises:
            BusError: the line is gone.
        """
        self._bay.refresh()
        return self._reading()

    def _edge(self, edge: Edge) -> None:
        self._bay.take(edge.active)

    def _level(self) -> bool:
        try:
            level = self._context.input("occupied").read()
        except BusError as error:
            self._context.health.failed(error)
            raise
        self._context.health.succeeded()
        return level

    def _changed(self) -> None:
        self._changes.publish(self._reading())

    def _lost(self, error: BusError) -> None:
        self._context.log.debug("%s: the line went while the delay ran: %s", self._context.device, error)

    def _reading(self) -> PresenceReading:
        known = self._bay.state is not None
        return PresenceReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            quality=Quality.GOOD if known else Quality.SUSPECT,
            occupied=self._bay.state,
        )

    def _stop(self) -> None:
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        self._bay.forget()
