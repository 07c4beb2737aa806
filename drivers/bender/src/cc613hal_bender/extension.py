"""Terminal J of the CC613: one optocoupler input (In−, In+) and one auxiliary relay (13/14, "K2").

Sources: CC613 manual D00381_07 p. 21 (terminal J and its uses) and Bender's online documentation.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal.bus.gpio import Edge, InputLine, OutputLine
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import DigitalInput, DigitalReading, Relay, SafeState
from cc613hal.plugins import DeviceContext, Driver

__all__ = ["AuxiliaryRelay", "NoOptions", "OptoInput"]


@frozen(kw_only=True)
class NoOptions:
    """These parts have no options: polarity, pull and debouncing belong to their lines."""


class OptoInput(DigitalInput, Driver):
    """The optocoupler input; active while current flows through it (if the board file says ``active_low``, as the schematic does)."""

    def __init__(self, context: DeviceContext, options: NoOptions) -> None:  # noqa: ARG002  # every driver is built alike
        self._context = context
        self._line: InputLine = context.input("input")
        self._changes: EventSource[DigitalReading] = EventSource(f"{context.device}.changes")
        self._subscription: Subscription | None = None

    async def connect(self) -> None:
        """Listen to the line."""
        if self._subscription is None:
            self._subscription = self._line.edges.on(self._edge)
        self._line.read()
        self._context.health.ok("line can be read")

    async def aclose(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None

    async def read_input(self) -> DigitalReading:
        """The level now."""
        return DigitalReading(stamp=self._context.clock.stamp(), source=self._context.device, active=self._line.read())

    @property
    def changes(self) -> Events[DigitalReading]:
        """Debounced changes."""
        return self._changes

    def _edge(self, edge: Edge) -> None:
        self._changes.publish(DigitalReading(stamp=edge.stamp, source=self._context.device, active=edge.active))


class AuxiliaryRelay(Relay, SafeState, Driver):
    """The relay K2 (heater, fan, shunt release). Off is its safe state."""

    def __init__(self, context: DeviceContext, options: NoOptions) -> None:  # noqa: ARG002  # every driver is built alike
        self._context = context
        self._coil: OutputLine = context.output("coil")

    async def connect(self) -> None:
        """Switch off."""
        self._coil.write(False)
        self._context.health.ok("line can be written")

    async def aclose(self) -> None:
        """Switch off."""
        self._coil.write(False)

    async def make_safe(self) -> None:
        """Switch off."""
        self._coil.write(False)

    async def switch_on(self) -> None:
        """Energise."""
        self._coil.write(True)

    async def switch_off(self) -> None:
        """De-energise."""
        self._coil.write(False)

    @property
    def is_on(self) -> bool:
        """What was last commanded."""
        return self._coil.written
