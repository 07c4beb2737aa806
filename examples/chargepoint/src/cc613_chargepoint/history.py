"""What the station remembers of itself: faults, verdicts with their reasons, the parts of a session; into the store, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from attrs import define

from cc613_chargepoint.authorization.rules import Reservation
from cc613_chargepoint.domain.events import (
    ChargingEnded,
    Decided,
    FaultCleared,
    FaultRaised,
    Sampled,
    SessionBegan,
    SessionResumed,
    StateChanged,
    StationEvent,
)
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.store import Store, StoredInterval, StoreError, Transaction
from cc613hal.clock import Clock

__all__ = ["History"]

_log = logging.getLogger(__name__)

_INTERVALS = {
    State.CHARGING.value: "charging",
    State.READY.value: "suspended-ev",
    State.PAUSED.value: "suspended-evse",
}
"""What a part of a session is called, by the connector's state; other states belong to the part before."""

_RESERVATIONS = ("authorization", "reservations")
VERDICTS_KEPT = 200
"""So many verdicts may wait for the disk; who presents cards faster than it writes is not remembered in full."""


@define
class _Part:
    """The part of a session that runs."""

    number: int
    state: str
    started: datetime
    begin_wh: Decimal | None
    last_wh: Decimal | None


class History:
    """Keeps the history in the store, in the order things happened.

    Args:
        store: open.
        clock: the station's clock.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._owed: asyncio.Queue[tuple[str, Callable[[Transaction], object]]] = asyncio.Queue()
        self._parts: dict[int, _Part] = {}

    def hear(self, news: StationEvent) -> None:
        """Take note; :meth:`run` writes it."""
        at = self._clock.wall()
        match news:
            case FaultRaised(fault=fault):
                self._owe(f"fault {fault.name.word}", lambda tx: _begin(tx, news.connector, fault, at))
            case FaultCleared(fault=fault):
                word, by = fault.name.word, fault.name.clearing.value
                self._owe(f"end of fault {word}", lambda tx: tx.faults.end(name=word, connector=news.connector, cleared=at, by=by))
            case Decided():
                self._decided(news, at)
            case _:
                self._measured(news, at)

    def reserved(self, reservations: Sequence[Reservation]) -> None:
        """Keep the reservations that stand."""
        rows = [
            {
                "number": each.number,
                "connector": each.connector,
                "token": each.token,
                "until": each.until.isoformat(),
                "parent": each.parent,
            }
            for each in reservations
        ]
        self._owe("reservations", lambda tx: tx.memory.put(*_RESERVATIONS, rows))

    async def reservations(self) -> Sequence[Reservation]:
        """The reservations that stood when the station ended."""
        rows = await self._store.read(lambda tx: tx.memory.get(*_RESERVATIONS), "looking for reservations") or ()
        return [Reservation(**{**row, "until": datetime.fromisoformat(row["until"])}) for row in rows]

    async def begin(self) -> Sequence[Fault]:
        """After a start: what stood before is looked at afresh; a recovered database is a fault of the station.

        Returns:
            The faults of the station that stand until somebody has been there.
        """
        now, damage, copy = self._clock.wall(), self._store.opening.damage, self._store.opening.damaged_copy
        kept = FaultName.STORE_RECOVERED.word
        rescued = ", ".join(f"{count} × {table}" for table, count in self._store.opening.rescued.items()) or "nothing"

        def work(tx: Transaction) -> list[Fault]:
            for entry in tx.faults.standing():
                if entry.name != kept:
                    tx.faults.end(name=entry.name, connector=entry.connector, cleared=now, by="the station was started again")
            if copy is not None:
                _begin(tx, 0, Fault(name=FaultName.STORE_RECOVERED, detail=f"{damage}; kept as {copy.name}; read of it: {rescued}"), now)
            return [Fault(name=FaultName.of(each.name), detail=each.detail) for each in tx.faults.standing()]

        return await self._store.write(work, "looking at the faults of the last run")

    async def run(self) -> None:
        """Write what was heard until cancelled; where the store fails, it is tried again, with pauses of 1 to 60 s."""
        pause_s = 1.0
        while True:
            what, work = await self._owed.get()
            while True:
                try:
                    await self._store.write(work, f"recording: {what}")
                except StoreError as error:
                    _log.error("%s is not recorded yet: %s", what, error)
                    await self._clock.sleep(pause_s)
                    pause_s = min(60.0, 2.0 * pause_s)
                else:
                    pause_s = 1.0
                    break

    def _owe(self, what: str, work: Callable[[Transaction], object]) -> None:
        self._owed.put_nowait((what, work))

    def _decided(self, news: Decided, at: datetime) -> None:
        verdict = news.verdict
        if self._owed.qsize() > VERDICTS_KEPT:
            _log.warning("the verdict on %s is not kept: the disk does not follow", verdict.token.id)
            return
        words = f"{'accepted' if verdict.accepted else 'refused'} by {verdict.rule or 'no rule'}: {'; '.join(verdict.reasons)}"
        who, source, where = verdict.token.id or "unknown", verdict.token.source.value, f"connector {news.connector}"
        self._owe(
            f"verdict on {who}",
            lambda tx: tx.audit.add(at=at, actor=who, role=source, action="authorize", subject=where, after=words),
        )

    def _measured(self, news: StationEvent, at: datetime) -> None:
        part = self._parts.get(news.connector)
        match news:
            case SessionBegan(number=number, started=started, begin_wh=begin_wh):
                self._parts[news.connector] = _Part(number, "charging", started, begin_wh, begin_wh)
            case SessionResumed(number=number):
                self._parts[news.connector] = _Part(number, "suspended-evse", at, None, None)
            case Sampled(sample=sample) if part is not None:
                part.last_wh = sample.register_wh
                part.begin_wh = sample.register_wh if part.begin_wh is None else part.begin_wh
            case StateChanged(after=after) if part is not None and after in _INTERVALS and _INTERVALS[after] != part.state:
                self._close(part, at, part.last_wh)
                self._parts[news.connector] = _Part(part.number, _INTERVALS[after], at, part.last_wh, part.last_wh)
            case ChargingEnded(record=record) if part is not None and part.number == record.number:
                self._close(part, record.ended, record.end_wh or part.last_wh)
                del self._parts[news.connector]
            case _:
                pass

    def _close(self, part: _Part, ended: datetime, end_wh: Decimal | None) -> None:
        if part.begin_wh is None or end_wh is None or (ended <= part.started and end_wh == part.begin_wh):
            return
        interval = StoredInterval(state=part.state, started=part.started, ended=ended, begin_wh=part.begin_wh, end_wh=end_wh)
        self._owe(f"a part of session {part.number}", lambda tx: tx.sessions.interval(part.number, interval))


def _begin(tx: Transaction, connector: int, fault: Fault, at: datetime) -> None:
    kind = fault.name.kind
    tx.faults.begin(name=kind.word, connector=connector, severity=kind.severity.value, detail=fault.detail, raised=at)
