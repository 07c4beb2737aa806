"""Whether a vehicle has left while the pilot stands in F and cannot show it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cc613_chargepoint.evse.parts import ConnectorParts
from cc613hal.clock import Clock
from cc613hal.interfaces import CableState, PilotOutput, PilotState

__all__ = ["Absence"]

_log = logging.getLogger(__name__)
_LET_GO_S = 0.1


class Absence:
    """Looks whether the plug is still there. The proximity resistor can tell; without one the pilot is let go briefly.

    Args:
        parts: of the connector.
        clock: the station's clock.
        every_s: between two looks, s.
        faulted: whether the connector still stands in F.
        gone: is told once that the plug has left.
    """

    def __init__(
        self, parts: ConnectorParts, clock: Clock, every_s: float, *, faulted: Callable[[], bool], gone: Callable[[], None]
    ) -> None:
        self._parts, self._clock, self._every_s = parts, clock, every_s
        self._faulted, self._gone = faulted, gone

    async def notice(self) -> None:
        """Look until the fault is over, or until there is nothing left to notice."""
        there = True
        while self._faulted():
            try:
                gone = await self._look()
            except Exception as error:  # noqa: BLE001 - the part that would tell may be the one that is lost: asked again when it is back
                what = f"{type(error).__name__}: {error}"
                _log.debug("connector %d: whether the plug is still there is not known: %s", self._parts.number, what)
                gone = False
            if gone and there:
                self._gone()
                if self._parts.proximity is None:
                    return
            there = not gone
            await self._clock.sleep(self._every_s)

    async def _look(self) -> bool:
        pilot = self._parts.pilot
        if self._parts.proximity is not None:
            if (await pilot.read()).output is not PilotOutput.FAULT:
                await pilot.fault()  # it was away and has forgotten
            return (await self._parts.proximity.read_cable()).cable is CableState.NO_CABLE
        await pilot.steady()
        try:
            await self._clock.sleep(_LET_GO_S)
            return (await pilot.read()).state is PilotState.A
        finally:
            await pilot.fault()
