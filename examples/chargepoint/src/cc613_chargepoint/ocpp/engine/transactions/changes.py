"""A transaction goes from charging to waiting, and back: told to those backends that want to hear of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from cc613_chargepoint.domain.events import ChargingEnded, SessionBegan, StateChanged, StationEvent
from cc613_chargepoint.ocpp.engine.owed.facts import Standing
from cc613_chargepoint.ocpp.engine.owed.standing import StationView
from cc613_chargepoint.ocpp.engine.transactions.ledger import Ledger
from cc613_chargepoint.store import StoreError

__all__ = ["Shifts"]

_log = logging.getLogger(__name__)


class Shifts:
    """Owes every change, in the order in which it happened.

    Args:
        ledger: takes them; has heard the news before.
        view: how the connectors are; has heard the news before.
        wall: the time.
        wanted: whether the backend's version has a word for them.
        wake: tells the sender that something waits.
    """

    def __init__(
        self, ledger: Ledger, view: StationView, wall: Callable[[], datetime], *, wanted: Callable[[], bool], wake: Callable[[], None]
    ) -> None:
        self._ledger, self._view, self._wall, self._wanted, self._wake = ledger, view, wall, wanted, wake
        self._last: dict[int, Standing] = {}
        self._queue: asyncio.Queue[tuple[int, int, datetime, Standing]] = asyncio.Queue()

    def hear(self, news: StationEvent) -> None:
        """Notice a change."""
        match news:
            case SessionBegan():
                self._last[news.connector] = Standing.CHARGING  # the begin itself says so
            case ChargingEnded():
                self._last.pop(news.connector, None)
            case StateChanged() if news.connector in self._last:
                running, now = self._ledger.running_session(news.connector), self._view.connectors[news.connector].standing()
                if running is None or now is self._last[news.connector]:
                    return
                self._last[news.connector] = now
                if self._wanted():
                    self._queue.put_nowait((running.session, news.connector, self._wall(), now))
            case _:
                pass

    async def run(self) -> None:
        """Put them on the disk until cancelled."""
        while True:
            session, connector, at, standing = await self._queue.get()
            try:
                if await self._ledger.shifted(session, connector, at, standing):
                    self._wake()
            except StoreError as error:
                _log.error("a change of transaction %d is not kept for the backend: %s", session, error)
