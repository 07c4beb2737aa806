"""What is heard: a card that was accepted or refused, a fault."""

from __future__ import annotations

import asyncio
import logging

from cc613_chargepoint.domain.events import Decided, FaultRaised, StationEvent
from cc613_chargepoint.domain.fault import Severity
from cc613_chargepoint.hmi.texts import Texts
from cc613hal.interfaces import Beep, Sounder

__all__ = ["Sounds"]

_log = logging.getLogger(__name__)
_WAITING = 4
"""Sounds that wait for their turn; more are not heard: they would come when nobody stands there any more."""


class Sounds:
    """Plays one sound after the other; a broken sounder never disturbs a charge: its health tells.

    Args:
        name: of the device.
        sounder: the sounder.
        texts: has the sounds.
        connectors: whose news are heard here; 0, the station's, always are.
        enabled: whether anything is heard at all.
    """

    def __init__(self, name: str, sounder: Sounder, texts: Texts, connectors: frozenset[int], *, enabled: bool) -> None:
        self._name, self._sounder, self._texts, self._connectors = name, sounder, texts, connectors | {0}
        self.enabled = enabled
        self._queue: asyncio.Queue[tuple[Beep, ...]] = asyncio.Queue(_WAITING)
        self._lost = False

    def hear(self, news: StationEvent) -> None:
        """Take note of what happened; :meth:`run` plays it."""
        if not self.enabled or news.connector not in self._connectors:
            return
        match news:
            case Decided(verdict=verdict):
                word = "accepted" if verdict.accepted else "rejected"
            case FaultRaised(fault=fault) if fault.name.kind.severity is not Severity.WARNING:
                word = "fault"
            case _:
                return
        if (beeps := self._texts.sounds.get(word)) and not self._queue.full():
            self._queue.put_nowait(beeps)

    async def run(self) -> None:
        """Play until cancelled."""
        while True:
            try:
                await self._sounder.play(await self._queue.get())
            except Exception as error:  # noqa: BLE001 - whatever its driver raises, it ends no charge
                if not self._lost:
                    _log.warning("%s: nothing is heard: %s", self._name, error)
                self._lost = True
            else:
                self._lost = False
