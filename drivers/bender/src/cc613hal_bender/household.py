"""A household socket (CEE 7) beside the vehicle socket.

Sources: CC613 manual D00381_07 p. 21 (terminal J controls and watches an additional household socket); Bender's error list ("MCB of
domestic socket triggered", "RCD triggered"); elektrofachkraft.de and field advice: no more than 10 A continuously from such a socket. What
feeds the socket is a contactor of its own on the board; there is no pilot and no proximity contact.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.gpio import Edge, InputLine
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import HouseholdReading, HouseholdSocket
from cc613hal.plugins import DeviceContext, Driver

__all__ = ["HouseholdOptions", "HouseholdSocketSense"]

_ROLES = ("plugged", "flap_closed", "breaker_ok", "rcd_ok")


@frozen(kw_only=True)
class HouseholdOptions:
    """Options of ``bender.household-socket``.

    Attributes:
        max_current_a: what the socket may carry continuously, A: 10 by field advice, at most the 16 it is rated for.
    """

    max_current_a: float = field(default=10.0, validator=[validators.gt(0), validators.le(16.0)])


class HouseholdSocketSense(HouseholdSocket, Driver):
    """The auxiliary contacts of a household socket and its breakers; every contact is optional and says nothing where it is not fitted.

    A tripped breaker is reported, not acted upon: it has cut the supply itself.
    """

    def __init__(self, context: DeviceContext, options: HouseholdOptions) -> None:
        self._context = context
        self._options = options
        self._lines: dict[str, InputLine] = {role: context.input(role) for role in _ROLES if context.has_line(role)}
        self._changes: EventSource[HouseholdReading] = EventSource(f"{context.device}.changes")
        self._subscriptions: list[Subscription] = []

    async def connect(self) -> None:
        """Listen to the contacts."""
        if not self._subscriptions:
            self._subscriptions.extend(line.edges.on(self._edge) for line in self._lines.values())
        self._tell(self._reading())

    async def aclose(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()

    @property
    def max_current_a(self) -> float:
        """What the socket may carry continuously, A."""
        return self._options.max_current_a

    async def read_socket(self) -> HouseholdReading:
        """The contacts now."""
        return self._reading()

    @property
    def changes(self) -> Events[HouseholdReading]:
        """Every debounced change."""
        return self._changes

    def _edge(self, _: Edge) -> None:
        reading = self._reading()
        self._tell(reading)
        self._changes.publish(reading)

    def _tell(self, reading: HouseholdReading) -> None:
        tripped = [name for name, closed in (("MCB", reading.breaker_ok), ("RCD", reading.rcd_ok)) if closed is False]
        if tripped:
            self._context.health.fault(f"{' and '.join(tripped)} of the household socket tripped")
        else:
            self._context.health.ok("contacts can be read")

    def _reading(self) -> HouseholdReading:
        levels = {role: self._lines[role].read() if role in self._lines else None for role in _ROLES}
        return HouseholdReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            plugged=levels["plugged"],
            flap_closed=levels["flap_closed"],
            breaker_ok=levels["breaker_ok"],
            rcd_ok=levels["rcd_ok"],
        )
