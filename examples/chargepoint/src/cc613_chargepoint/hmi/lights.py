"""From the connector's state to a pattern on the lights."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from cc613_chargepoint.domain.events import Decided, StateChanged, StationEvent
from cc613_chargepoint.evse.transitions import State
from cc613hal.clock import Clock
from cc613hal.errors import HalError
from cc613hal.interfaces import Indicator, Pattern

__all__ = ["PATTERN_OF", "Lights"]

_log = logging.getLogger(__name__)

PATTERN_OF = {
    State.AVAILABLE: "free",
    State.AUTHORISED: "authorised",
    State.CONNECTED: "authorising",
    State.STARTING: "authorised",
    State.READY: "authorised",
    State.ENERGISING: "charging",
    State.CHARGING: "charging",
    State.PAUSED: "authorised",
    State.STOPPING: "charging",
    State.FINISHING: "authorised",
    State.FAULTED: "out-of-order",
}
"""The word of the light language for each state."""


class Lights:
    """Shows a connector's state, and a refused card for a moment.

    Args:
        indicator: the lights.
        patterns: state word → pattern.
        clock: the station's clock.
        rejected_s: how long a refusal is shown, s.
    """

    def __init__(self, indicator: Indicator, patterns: Mapping[str, Pattern], clock: Clock, *, rejected_s: float = 2.0) -> None:
        self._indicator = indicator
        self._patterns = patterns
        self._clock = clock
        self._rejected_s = rejected_s
        self._word = "free"
        self._refused = False
        self._lost = False
        self._changed = asyncio.Event()

    def hear(self, news: StationEvent) -> None:
        """Take note of what happened; the lights follow in :meth:`run`."""
        if isinstance(news, StateChanged):
            self._word = PATTERN_OF[State(news.after)]
            self._changed.set()
        elif isinstance(news, Decided) and not news.verdict.accepted:
            self._refused = True
            self._changed.set()

    async def run(self) -> None:
        """Keep the lights current until cancelled. A broken light never disturbs a charge: its health tells."""
        while True:
            refused, self._refused = self._refused, False
            self._changed.clear()
            try:
                await self._indicator.show(self._patterns["rejected" if refused else self._word])
            except HalError as error:
                if not self._lost:  # once, however often the state changes meanwhile; the driver shows the last one when it is back
                    _log.warning("the lights cannot be changed: %s", error)
                self._lost = True
            else:
                self._lost = False
            if refused:
                await self._clock.sleep(self._rejected_s)
            else:
                await self._changed.wait()
