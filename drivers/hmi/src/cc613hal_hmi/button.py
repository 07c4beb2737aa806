"""A push button on a GPIO line, debounced."""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.gpio import Edge
from cc613hal.debounce import Debounce, DebouncedLevel
from cc613hal.errors import BusError
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import DigitalInput, DigitalReading
from cc613hal.plugins import DeviceContext, Driver

__all__ = ["Button", "ButtonOptions"]


@frozen(kw_only=True)
class ButtonOptions:
    """How it is debounced; polarity and pull belong to the line.

    Attributes:
        press_s: a press counts after the contact was closed this long without a break, s; at least 0.03, because contacts bounce.
        release_s: a release counts after this long, s; at least 0.03.
    """

    press_s: float = field(default=0.03, validator=[validators.ge(0.03), validators.le(5)])
    release_s: float = field(default=0.03, validator=[validators.ge(0.03), validators.le(5)])


class Button(Driver, DigitalInput):
    """A push button; active while it is pressed. Costs nothing while nobody touches it.

    Args:
        context: the device's place on its board; line ``button``.
        options: delays.
    """

    def __init__(self, context: DeviceContext, options: ButtonOptions) -> None:
        self._context = context
        self._debounce = Debounce(options.press_s, options.release_s)
        self._contact = DebouncedLevel(self._debounce, context.clock, self._level, changed=self._changed, lost=self._lost)
        self._changes: EventSource[DigitalReading] = EventSource(f"{context.device}.changes")
        self._subscription: Subscription | None = None

    async def connect(self) -> None:
        """Listen to the line. What is seen first counts at once and is no event: nobody pressed the button.

        Raises:
            BusError: the line is gone.
        """
        await self.aclose()
        self._subscription = self._context.input("button").edges.on(self._edge)
        level = self._level()
        if self._debounce.state is None:
            self._debounce.state = level
        self._contact.take(level)

    async def aclose(self) -> None:
        """Stop listening."""
        self._contact.stop()
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None

    async def read_input(self) -> DigitalReading:
        """Whether it is pressed, debounced.

        Raises:
            BusError: the line is gone.
        """
        self._contact.refresh()
        return self._reading()

    @property
    def changes(self) -> Events[DigitalReading]:
        """Debounced changes."""
        return self._changes

    def _edge(self, edge: Edge) -> None:
        self._contact.take(edge.active)

    def _level(self) -> bool:
        try:
            level = self._context.input("button").read()
        except BusError as error:
            self._context.health.failed(error)
            raise
        self._context.health.succeeded()
        return level

    def _changed(self) -> None:
        self._changes.publish(self._reading())

    def _lost(self, error: BusError) -> None:
        self._context.log.debug("%s: the line went while the delay ran: %s", self._context.device, error)

    def _reading(self) -> DigitalReading:
        return DigitalReading(stamp=self._context.clock.stamp(), source=self._context.device, active=bool(self._debounce.state))
