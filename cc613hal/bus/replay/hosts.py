"""HTTP hosts and multicast groups that play a recording."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from cc613hal.bus.http import HttpAdapter, HttpRequest, HttpResponse
from cc613hal.bus.multicast import Datagram, MulticastAdapter
from cc613hal.bus.replay.script import Script, error_of_kind
from cc613hal.bus.replay.tap import CANCELLED, STATUS, http_bytes
from cc613hal.bus.trace import Frame
from cc613hal.clock import Clock
from cc613hal.errors import BusError, BusTimeout
from cc613hal.events import Events, EventSource

__all__ = ["ReplayHttp", "ReplayMulticast"]

_OK = 200
_FIRST_S = 1.0
"""From opening a group to its first recorded datagram, s: when it was opened is not recorded, and drivers need a moment to listen."""


class ReplayHttp(HttpAdapter):
    """A host from a recording.

    Args:
        script: its expected transactions.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    async def request(self, request: HttpRequest, timeout_s: float) -> HttpResponse:
        """The recorded answer.

        Raises:
            ReplayMismatchError: this was not recorded here.
            BusError: the recorded failure.
        """
        shown = f"{request.method} {request.target}"
        transaction = self._script.expect(request.method, http_bytes(request), shown=shown)
        if transaction.failure and transaction.failure != CANCELLED:
            raise error_of_kind(transaction.failure, bus=self._script.bus)
        if not transaction.answers:
            raise BusTimeout(f"{shown}: no answer within {timeout_s:g} s in the recording", device=self._script.bus)
        answer = transaction.answers[-1]
        digits = answer.note.removeprefix(STATUS)
        return HttpResponse(status=int(digits) if digits.isdigit() else _OK, body=answer.data)

    async def aclose(self) -> None:
        """Nothing to release: a recording in memory holds no connection; the bus may be used again."""


class ReplayMulticast(MulticastAdapter):
    """A group from a recording: the first datagram comes a second after opening, every other as long after the one before as it did.

    Args:
        name: the bus.
        frames: its frames.
        clock: for the stamps.
    """

    def __init__(self, name: str, frames: Iterable[Frame], clock: Clock) -> None:
        self._clock = clock
        self._waiting = deque(frame for frame in frames if frame.direction == "<")
        self._datagrams: EventSource[Datagram] = EventSource(f"{name} datagrams")
        self._losses: EventSource[BusError] = EventSource(f"{name} losses")
        self._timer: asyncio.TimerHandle | None = None
        self._plan(_FIRST_S)

    @property
    def datagrams(self) -> Events[Datagram]:
        """The recorded datagrams."""
        return self._datagrams

    @property
    def losses(self) -> Events[BusError]:
        """None: recordings hold what was heard."""
        return self._losses

    async def aclose(self) -> None:
        """Play no further."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self, after_s: float) -> None:
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(after_s, self._play)

    def _play(self) -> None:
        frame = self._waiting.popleft()
        self._datagrams.publish(Datagram(frame.data, frame.unit, self._clock.stamp()))
        self._plan(self._waiting[0].at_s - frame.at_s if self._waiting else 0.0)
