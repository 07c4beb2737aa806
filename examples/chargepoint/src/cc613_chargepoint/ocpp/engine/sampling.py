"""When meters are read for the backend: in step with a transaction, and in step with the clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from cc613_chargepoint.domain.events import ChargingEnded, SessionBegan, StationEvent
from cc613_chargepoint.facade.commands import MeterView
from cc613_chargepoint.ocpp.engine.facts import Reading
from cc613_chargepoint.ocpp.engine.ledger import Ledger
from cc613_chargepoint.ocpp.engine.measurands import quantities
from cc613_chargepoint.settings import Settings, ocpp
from cc613hal.clock import Clock
from cc613hal.errors import HalError

__all__ = ["Sampler", "next_aligned"]

_log = logging.getLogger(__name__)
LOOK_S = 5.0
"""How often a sampler that is switched off looks whether it is switched on, s."""


def next_aligned(now: datetime, interval_s: int) -> datetime:
    """The next moment after ``now`` that is a multiple of an interval counted from midnight UTC; midnight itself always is one."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = int((now - midnight).total_seconds()) // interval_s
    return min(midnight + timedelta(seconds=(passed + 1) * interval_s), midnight + timedelta(days=1))


class Sampler:
    """Reads meters and puts what they tell into the outbox.

    Args:
        ledger: takes the values.
        settings: the station's.
        clock: the station's clock.
        read: reads the meter of a connector.
        connectors: of the station.
        wake: tells the sender that something waits.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        clock: Clock,
        *,
        read: Callable[[int], Awaitable[MeterView]],
        connectors: Sequence[int],
        wake: Callable[[], None],
    ) -> None:
        self._ledger, self._settings, self._clock = ledger, settings, clock
        self._read, self._connectors, self._wake = read, connectors, wake
        self._periodic: dict[int, asyncio.Task[None]] = {}

    def hear(self, news: StationEvent) -> None:
        """Sample while a transaction runs."""
        match news:
            case SessionBegan():
                self._end(news.connector)
                self._periodic[news.connector] = asyncio.create_task(
                    self._sample(news.connector, news.number), name=f"samples for the backend, connector {news.connector}"
                )
            case ChargingEnded():
                self._end(news.connector)
            case _:
                pass

    def _end(self, connector: int) -> None:
        if (task := self._periodic.pop(connector, None)) is not None:
            task.cancel()

    def end(self) -> None:
        """Sample no more."""
        for connector in tuple(self._periodic):
            self._end(connector)

    async def _sample(self, connector: int, session: int) -> None:
        """Every interval from the start of the transaction; a new interval counts from the last sample on."""
        due_s = self._clock.monotonic_s()
        while True:
            interval_s = self._settings.get(ocpp.SAMPLE_S)
            if interval_s <= 0:
                await self._clock.sleep(LOOK_S)
                due_s = self._clock.monotonic_s()
                continue
            due_s = max(due_s + interval_s, self._clock.monotonic_s())
            await self._clock.sleep(due_s - self._clock.monotonic_s())
            names, with_end = self._settings.get(ocpp.SAMPLED_DATA), self._settings.get(ocpp.STOP_SAMPLED_DATA)
            await self._take(connector, session, self._clock.wall(), "Sample.Periodic", names, with_end)

    async def aligned(self) -> None:
        """At every multiple of the interval since midnight, in and outside of transactions; until cancelled."""
        while True:
            interval_s = self._settings.get(ocpp.ALIGNED_S)
            if interval_s <= 0:
                await self._clock.sleep(LOOK_S)
                continue
            now = self._clock.wall()
            at = next_aligned(now, interval_s)
            wait_s = (at - now).total_seconds()
            if wait_s > LOOK_S:
                await self._clock.sleep(min(wait_s - LOOK_S / 2.0, 60.0))  # the clock may step and the setting change meanwhile
                continue
            await self._clock.sleep(wait_s)
            names, with_end = self._settings.get(ocpp.ALIGNED_DATA), self._settings.get(ocpp.STOP_ALIGNED_DATA)
            for connector in self._connectors:
                running = self._ledger.running_session(connector)
                await self._take(connector, None if running is None else running.session, at, "Sample.Clock", names, with_end)

    async def _take(  # noqa: PLR0917 - one reading's facts
        self, connector: int, session: int | None, at: datetime, context: str, names: Sequence[str], with_end: Sequence[str]
    ) -> None:
        try:
            view = await self._read(connector)
            if values := quantities(view, names):
                reading = Reading(at=at, context=context, quantities=values)
                if not await self._ledger.measured(connector, session, [reading], keep=self._settings.get(ocpp.QUEUED_SAMPLES)):
                    return
                self._wake()
            running = self._ledger.running_session(connector)
            if with_end and running is not None and running.session == session and (kept := quantities(view, with_end)):
                running.sampled.append(Reading(at=at, context=context, quantities=kept))
        except HalError as error:
            _log.warning("connector %d: no values for the backend: %s", connector, error)
