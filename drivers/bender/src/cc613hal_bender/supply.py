"""The supply monitor: the controller's 12 V, and the mains at the contactor's input where that is sensed.

Source: CC613 manual D00381_07 p. 21 (built-in monitoring of the 12 V supply, emergency opener). How the controller sees it is not public: a
comparator's line is inferred.
"""

from __future__ import annotations

import asyncio

from attrs import field, frozen, validators

from cc613hal.bus.gpio import Edge, InputLine
from cc613hal.errors import HalError
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import SupplyMonitor, SupplyReading, SupplyState
from cc613hal.plugins import DeviceContext, Driver

__all__ = ["SupplyOptions", "SupplySense"]


@frozen(kw_only=True)
class SupplyOptions:
    """Options of ``bender.supply``.

    Attributes:
        recover_s: a supply, or a mains, that was lost counts as back only after being good without a break for so long, s: one that
            flickers must not lock plugs and close contactors in between (inferred). A loss is told at once, always.
    """

    recover_s: float = field(default=0.2, validator=[validators.ge(0), validators.le(60.0)])


class SupplySense(SupplyMonitor, Driver):
    """Two lines and a verdict."""

    def __init__(self, context: DeviceContext, options: SupplyOptions) -> None:
        self._context = context
        self._options = options
        self._good: InputLine = context.input("power_good")
        self._mains: InputLine | None = context.input("mains") if context.has_line("mains") else None
        self._changes: EventSource[SupplyReading] = EventSource(f"{context.device}.changes")
        self._told: SupplyState | None = None
        self._back: asyncio.Task[None] | None = None
        self._subscriptions: list[Subscription] = []

    async def connect(self) -> None:
        """Listen to the lines."""
        if not self._subscriptions:
            self._subscriptions.extend(line.edges.on(self._edge) for line in (self._good, self._mains) if line is not None)
        self._cancel_recovery()
        before, self._told = self._told, self._lines()
        self._tell(self._told)
        if before not in {None, self._told}:
            self._changes.publish(self._reading())

    async def aclose(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()
        self._cancel_recovery()

    async def read_supply(self) -> SupplyReading:
        """The supply now; on its way back it is still lost."""
        seen = self._lines()
        if self._told is None or _RANK[seen] > _RANK[self._told]:
            self._settle(seen)  # a lost edge: what is worse is believed at once
        return self._reading()

    @property
    def changes(self) -> Events[SupplyReading]:
        """Changes of state: a loss in the loop iteration in which the edge arrives, a return after it has lasted."""
        return self._changes

    def _lines(self) -> SupplyState:
        if not self._good.read():
            return SupplyState.FAILING
        return SupplyState.MAINS_LOST if self._mains is not None and not self._mains.read() else SupplyState.GOOD

    def _edge(self, _: Edge) -> None:
        seen = self._lines()
        self._cancel_recovery()
        if self._told is None or _RANK[seen] >= _RANK[self._told] or self._options.recover_s == 0.0:
            self._settle(seen)
        else:
            self._back = asyncio.create_task(self._recover(), name=f"{self._context.device} recovery")

    async def _recover(self) -> None:
        await self._context.clock.sleep(self._options.recover_s)
        try:
            seen = self._lines()
        except HalError as error:  # its bus reports the loss; connect() judges again when it is back
            self._context.log.debug("%s: %s", self._context.device, error)
            return
        self._settle(seen)

    def _settle(self, state: SupplyState) -> None:
        if state is self._told:
            return
        self._told = state
        self._tell(state)
        self._changes.publish(self._reading())

    def _cancel_recovery(self) -> None:
        if self._back is not None:
            self._back.cancel()
            self._back = None

    def _reading(self) -> SupplyReading:
        assert self._told is not None, "the board connects a device before it is asked"
        return SupplyReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            state=self._told,
            mains_present=self._mains.read() if self._mains is not None else None,
        )

    def _tell(self, state: SupplyState) -> None:
        if state is SupplyState.GOOD:
            self._context.health.ok("supply is good")
        else:
            self._context.health.degraded(f"supply: {state.value}")


_RANK = {SupplyState.GOOD: 0, SupplyState.MAINS_LOST: 1, SupplyState.FAILING: 2}
"""How bad it is."""
