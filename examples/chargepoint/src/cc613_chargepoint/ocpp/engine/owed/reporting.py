"""Status reports on their way: held back until they have lasted, in order while the backend listens, the latest alone if it did not."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta

from attrs import evolve

from cc613_chargepoint.ocpp.engine.owed.facts import Standing, StatusReport
from cc613_chargepoint.ocpp.rpc import LinkClosed, RpcError
from cc613hal.clock import Clock

__all__ = ["Reporter"]

_log = logging.getLogger(__name__)
FIRST_LOOK_S = 2.0
"""What a connector's first look takes at most: the pilot's measurements, and whether the contacts are open, s."""


class Reporter:
    """Sends reports.

    Args:
        clock: the station's clock.
        minimum_s: how long a status must last before it is told, s; asked anew each time.
        online: whether the backend listens now.
        wait_online: waits until it does.
        send: tells it.
        first_s: how long a connector must seem free before it is called so for the first time, s: it has not looked at its plug yet.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        minimum_s: Callable[[], float],
        online: Callable[[], bool],
        wait_online: Callable[[], Awaitable[None]],
        send: Callable[[StatusReport], Awaitable[None]],
        first_s: float = FIRST_LOOK_S,
    ) -> None:
        self._clock, self._minimum_s, self._first_s = clock, minimum_s, first_s
        self._online, self._wait_online, self._send = online, wait_online, send
        self._held: dict[int, asyncio.TimerHandle] = {}
        self._holding: dict[int, StatusReport] = {}
        self._current: dict[int, StatusReport] = {}
        self._sent: dict[int, StatusReport] = {}
        self._pending: deque[StatusReport] = deque()
        self._wake = asyncio.Event()

    def take(self, report: StatusReport) -> None:
        """A report that says something new. A fault is not held back."""
        number, minimum_s = report.connector, self._minimum_s() if report.connector in self._current else 0.0
        if number and number not in self._current and report.standing is Standing.AVAILABLE:
            minimum_s = self._first_s
        if (timer := self._held.pop(number, None)) is not None:
            timer.cancel()
        if minimum_s > 0.0 and report.standing is not Standing.FAULTED:
            self._holding[number] = report
            self._held[number] = asyncio.get_running_loop().call_later(minimum_s, lambda: self._lasted(self._holding[number]))
        else:
            self._lasted(report)

    def _lasted(self, report: StatusReport) -> None:
        self._held.pop(report.connector, None)
        before = self._current.get(report.connector)
        if before is not None and before.says() == report.says():
            return
        self._current[report.connector] = report
        if self._online():
            self._pending.append(report)
            self._wake.set()

    def end(self) -> None:
        """Hold nothing back any more."""
        for timer in self._held.values():
            timer.cancel()
        self._held.clear()

    def shift(self, by: timedelta) -> None:
        """The clock was wrong by so much: what is still to be told is moved."""

        def moved(report: StatusReport) -> StatusReport:
            return report if report.at is None else evolve(report, at=report.at + by)

        self._current = {number: moved(each) for number, each in self._current.items()}
        self._holding = {number: moved(each) for number, each in self._holding.items()}
        self._pending = deque(moved(each) for each in self._pending)

    def all_again(self) -> None:
        """After a boot: the backend hears of every connector, the station first."""
        self._sent.clear()
        self.changed()

    def changed(self) -> None:
        """The backend listens again: it hears how those are that it does not know, and no history."""
        self._pending.clear()
        for number in sorted(self._current):
            sent = self._sent.get(number)
            if sent is None or sent.says() != self._current[number].says():
                self._pending.append(self._current[number])
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._wait_online()
            self._wake.clear()
            if not self._pending:
                await self._wake.wait()
                continue
            report = self._pending[0]
            try:
                await self._send(report)
            except LinkClosed:
                await self._clock.sleep(0.5)
                continue  # what is owed then is found out at the next connection
            except RpcError as error:
                _log.warning("the status of connector %d was not taken: %s", report.connector, error.message)
            self._sent[report.connector] = report
            if self._pending and self._pending[0] is report:
                self._pending.popleft()
