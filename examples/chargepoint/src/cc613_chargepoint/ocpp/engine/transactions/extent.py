"""From when until when a transaction lasts, where it is more than its session (2.0.1: TxStartPoint and TxStopPoint).

A transaction begins as soon as one of the start points is reached, and ends as soon as a stop point that it had reached is left, nothing is
left of it at all, or something goes wrong. It has one session at most, the one of its energy: what is billed and signed is the session's.
What is said of it before and behind its session is owed in the same queue, and committed before, or together with, what follows from it.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import uuid
from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from attrs import define, evolve, field, frozen

from cc613_chargepoint.domain.events import (
    ChargingEnded,
    CustomerAccepted,
    SessionBegan,
    SessionRecovered,
    StateChanged,
    StationEvent,
)
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.ocpp.engine.owed.facts import (
    CLOSED,
    QUEUE,
    STEPPED,
    Cause,
    Reading,
    Standing,
    StopReason,
    TransactionClosed,
    TransactionEnded,
    TransactionStepped,
    packed,
    unpacked,
)
from cc613_chargepoint.ocpp.engine.transactions.reasons import ENERGY_STOPPED, reason_of
from cc613_chargepoint.settings import Settings, ocpp
from cc613_chargepoint.store import Store, StoredSession, StoreError, Transaction
from cc613hal.clock import Clock
from cc613hal.errors import HalError

__all__ = ["Around", "Extent", "Extents", "Point", "Presence", "begins", "ends", "outlasts", "presence"]

_log = logging.getLogger(__name__)
_ROOM, _OPEN = "ocpp", "ocpp-transactions"
_NOTED = "noted"
"""Number of the last step of this start that is in the outbox."""
SETTLES_S = 5.0
"""How long a wait before the first energy must last before it is told, s: a vehicle takes a moment to answer the offer."""
READING_S = 3.0
"""How long the meter may take to tell the register of a begin, s."""
MEND_S = 5.0
"""Pause after steps could not be stored, s."""


class Point(enum.Enum):
    """Where a transaction may begin or end; the values are those of the specification."""

    EV_CONNECTED = "EVConnected"
    AUTHORIZED = "Authorized"
    POWER_PATH_CLOSED = "PowerPathClosed"
    ENERGY_TRANSFER = "EnergyTransfer"


@frozen
class Presence:
    """Who and what is there.

    Attributes:
        plugged: a vehicle is connected.
        authorised: it is a customer's turn.
    """

    plugged: bool = False
    authorised: bool = False

    @property
    def points(self) -> frozenset[Point]:
        """The points that hold, except for the energy's."""
        holds = {
            Point.EV_CONNECTED: self.plugged,
            Point.AUTHORIZED: self.authorised,
            Point.POWER_PATH_CLOSED: self.plugged and self.authorised,
        }
        return frozenset(point for point, there in holds.items() if there)

    @property
    def standing(self) -> Standing:
        """How a connector without energy is."""
        return Standing.PREPARING if self.plugged else Standing.AVAILABLE


_BOTH = Presence(plugged=True, authorised=True)
_PRESENCES = {
    "authorised": Presence(authorised=True),
    **dict.fromkeys(("connected", "unclaimed", "held", "finishing"), Presence(plugged=True)),
    **dict.fromkeys(("starting", "ready", "energising", "charging", "paused", "stopping", "refusing"), _BOTH),
}
_WAITS = {"ready": Standing.SUSPENDED_EV, "paused": Standing.SUSPENDED_EVSE}
_ENDED_WELL = {StopReason.LOCAL, StopReason.REMOTE, StopReason.DE_AUTHORIZED}
"""The customer's turn is over, and the vehicle is still there."""


def presence(state: str) -> Presence:
    """Who and what is there in a state of a connector; in a fault nobody can tell, and nothing goes on."""
    return _PRESENCES.get(state, Presence())


def begins(start: Collection[Point], before: Presence, after: Presence) -> bool:
    """Whether a transaction begins with a change: one of its start points holds now, and did not before."""
    return bool(set(start) & (after.points - before.points))


def ends(stop: Collection[Point], reached: Collection[Point], after: Presence) -> bool:
    """Whether a transaction without a session ends: a stop point that it had reached holds no longer, or nothing is left of it."""
    return not after.points or bool(set(stop) & set(reached) - after.points)


def outlasts(stop: Collection[Point], reason: StopReason, *, plugged: bool) -> bool:
    """Whether a transaction lasts longer than its session: until the vehicle leaves."""
    return set(stop) == {Point.EV_CONNECTED} and plugged and reason in _ENDED_WELL


@define
class Extent:
    """A transaction that runs.

    Attributes:
        uid: what the station calls it; empty for one that begins and ends with its session.
        connector: where.
        began: UTC.
        presence: who and what is there.
        reached: the points that held in it.
        token: whose turn it is, or was.
        register_told: the register of the begin was told.
        session: its session; ``None`` before.
        over: the end of its session.
    """

    uid: str
    connector: int
    began: datetime
    presence: Presence
    reached: set[Point] = field(factory=set[Point])
    token: Token | None = None
    register_told: bool = False
    session: int | None = None
    over: TransactionEnded | None = None

    @property
    def with_session(self) -> bool:
        """Its energy flows, or may."""
        return self.session is not None and self.over is None


@define
class _Owed:
    number: int
    fact: TransactionStepped | TransactionClosed


class Around(Protocol):
    """What transactions have to know of the station, and whom they tell."""

    @abstractmethod
    def wanted(self) -> bool:
        """Whether the backend's version knows transactions that are more than a session."""

    @abstractmethod
    def serves(self, connector: int) -> bool:
        """Whether customers are served at a connector."""

    @abstractmethod
    def several(self) -> bool:
        """Whether whoever has identified may plug in at one of several outlets."""

    @abstractmethod
    def remote(self, connector: int, token: str) -> int | None:
        """The number of the request that started a customer there from afar."""

    @abstractmethod
    def reserved(self, connector: int) -> int | None:
        """The reservation that was used there."""

    @abstractmethod
    def online(self) -> bool:
        """Whether the backend can be told now what happens now."""

    @abstractmethod
    async def register(self, connector: int) -> tuple[Reading, ...]:
        """The register of a begin."""

    @abstractmethod
    def stop(self, connector: int, reason: str) -> None:
        """End the session of a connector."""

    @abstractmethod
    def closed(self, connector: int) -> None:
        """A transaction that was more than its session has ended there."""

    @abstractmethod
    def owed(self) -> None:
        """Something waits for the backend."""


class Extents:
    """Knows the transactions that are more than a session, and owes what happens to them.

    Args:
        store: the station's.
        settings: the station's.
        clock: the station's clock.
        around: the station.

    Attributes:
        open: the transactions that run, by connector; those of which nothing is said but by their session have no name yet.
    """

    def __init__(self, store: Store, settings: Settings, clock: Clock, around: Around) -> None:
        self._store, self._settings, self._clock, self._around = store, settings, clock, around
        self.open: dict[int, Extent] = {}
        self._seen: dict[int, Presence] = {}
        self._states: dict[int, str] = {}
        self._who: dict[int, Token] = {}
        self._over: dict[int, TransactionEnded] = {}
        self._owed: list[_Owed] = []
        self._numbers = 0
        self._due = asyncio.Event()
        self._waits: dict[int, asyncio.TimerHandle] = {}
        self._restored = False

    # -- who asks -----------------------------------------------------------------------------------------------------------------------

    @property
    def running(self) -> dict[int, Extent]:
        """The transactions that the backend was told of, apart from their sessions, by connector."""
        return {connector: extent for connector, extent in self.open.items() if extent.uid}

    def named(self, uid: str) -> Extent | None:
        """The transaction of a name."""
        return next((each for each in self.open.values() if each.uid == uid), None)

    def _points(self, parameter: Any) -> set[Point]:
        return {Point(each) for each in self._settings.get(parameter)}

    # -- with the session, inside transactions of the store -----------------------------------------------------------------------------

    def at_begin(self, tx: Transaction, session: StoredSession) -> Extent | None:
        """A session begins: the transaction that it belongs to, if that has begun before; everything before it is owed before it."""
        self.drain(tx)
        extent = self.open.get(session.connector)
        if extent is None or not extent.uid or extent.session is not None:
            return None
        tx.memory.put(_OPEN, extent.uid, self._row(extent, session.started, session=session.number))
        tx.memory.put(_ROOM, f"uid:{session.number}", extent.uid)
        return extent

    def at_end(self, tx: Transaction, ended: TransactionEnded) -> TransactionEnded:
        """A session ends: whether its transaction ends with it."""
        self.drain(tx)
        extent, stop = self.open.get(ended.connector), self._points(ocpp.TX_STOP)
        own = extent is not None and extent.session == ended.session
        if extent is not None and own and self._around.wanted() and outlasts(stop, ended.reason, plugged=extent.presence.plugged):
            ended = self._over[ended.session] = evolve(ended, goes_on=True)
            row = self._row(extent, ended.ended, session=ended.session) | {"over": packed(ended)}
            tx.memory.put(_OPEN, ended.uid, row)
            return ended
        self._over.pop(ended.session, None)
        tx.memory.forget(_OPEN, ended.uid)
        silent = {Point.AUTHORIZED, Point.POWER_PATH_CLOSED}
        if not self._around.wanted() or ended.reason not in _ENDED_WELL or Point.ENERGY_TRANSFER not in stop or stop & silent:
            return ended
        turn = TransactionStepped(
            uid=ended.uid,
            connector=ended.connector,
            at=ended.ended,
            cause=Cause.STOPPED,
            standing=Standing.CHARGING,
            token=ended.token,
            reason=ended.reason,
            offline=ended.offline,
        )
        tx.outbox.put(queue=QUEUE, kind=STEPPED, payload=packed(turn), created=ended.ended)
        return evolve(ended, with_energy=True)

    def runs(self, tx: Transaction, uid: str) -> bool:
        """Whether a transaction has begun and not ended, as far as it is owed; what has happened meanwhile is, then."""
        self.drain(tx)
        return tx.memory.get(_OPEN, uid) is not None

    def drain(self, tx: Transaction) -> int:
        """Put what happened into the outbox; the number of the last step that is there. What is there already stays as it is."""
        done = int(tx.memory.get(_ROOM, _NOTED) or 0)
        for each in [each for each in self._owed if each.number > done]:
            fact, done = each.fact, each.number
            kind = CLOSED if isinstance(fact, TransactionClosed) else STEPPED
            tx.outbox.put(queue=QUEUE, kind=kind, payload=packed(fact), created=fact.at)
            if isinstance(fact, TransactionClosed):
                tx.memory.forget(_OPEN, fact.uid)
            elif (row := tx.memory.get(_OPEN, fact.uid)) is not None:
                tx.memory.put(_OPEN, fact.uid, {**row, "at": fact.at.isoformat()})
            elif fact.opens:
                tx.memory.put(_OPEN, fact.uid, {"connector": fact.connector or 0, "at": fact.at.isoformat(), "session": None})
        tx.memory.put(_ROOM, _NOTED, done)
        return done

    @staticmethod
    def _row(extent: Extent, at: datetime, *, session: int | None) -> dict[str, Any]:
        return {"connector": extent.connector, "at": at.isoformat(), "session": session}

    # -- over a restart -----------------------------------------------------------------------------------------------------------------

    async def restore(self) -> None:
        """What a power cut or a restart has cut ends with the time of the last thing that was known of it, unless its session goes on."""
        if self._restored:
            return
        self._restored = True

        def work(tx: Transaction) -> list[tuple[str, dict[str, Any]]]:
            tx.memory.put(_ROOM, _NOTED, 0)
            kept: list[tuple[str, dict[str, Any]]] = []
            for uid, row in dict(tx.memory.all(_OPEN)).items():
                if row["session"] is not None and tx.sessions.get(row["session"]).ended is None:
                    kept.append((uid, row))
                    continue
                over = None if "over" not in row else unpacked(TransactionEnded, row["over"])
                at = datetime.fromisoformat(row["at"])
                cut = TransactionClosed(
                    uid=uid,
                    connector=row["connector"],
                    at=at,
                    reason=StopReason.POWER_LOSS,
                    plugged=over is not None,
                    session=over,
                    offline=True,
                )
                tx.outbox.put(queue=QUEUE, kind=CLOSED, payload=packed(cut), created=at)
                tx.memory.forget(_OPEN, uid)
            return kept

        for uid, row in await self._store.write(work, "ending the transactions that a restart has cut"):
            self.open[row["connector"]] = Extent(
                uid=uid,
                connector=row["connector"],
                began=datetime.fromisoformat(row["at"]),
                presence=_BOTH,
                reached=set(Point),
                register_told=True,
                session=row["session"],
            )

    # -- news ---------------------------------------------------------------------------------------------------------------------------

    def hear(self, news: StationEvent) -> None:
        """Begin, follow and end transactions."""
        match news:
            case CustomerAccepted():
                self._accepted(news.connector, news.token)
            case StateChanged():
                self.moved(news.connector, news.after, news.because)
            case SessionBegan():
                self._session_began(news)
            case ChargingEnded() | SessionRecovered():
                self._session_ended(news.connector, news.record.number)
            case _:
                pass

    def _accepted(self, connector: int, token: Token) -> None:
        """Whoever has identified where they did not plug in takes their transaction along."""
        self._who[connector] = token
        waiting = [
            each
            for each in self.open.values()
            if each.connector != connector
            and each.presence == Presence(authorised=True)
            and each.token is not None
            and each.token.same_as(token)
        ]
        if waiting and connector not in self.open:
            extent = self.open.pop(waiting[0].connector)
            self._seen[extent.connector] = Presence()
            extent.connector = connector
            self.open[connector] = extent

    def moved(self, connector: int, after: str, because: str) -> None:
        """A connector is in another state.

        Args:
            connector: which.
            after: the state's word.
            because: what the station says why.
        """
        state, self._states[connector] = self._states.get(connector, ""), after
        before, self._seen[connector] = self._seen.get(connector, Presence()), presence(after)
        if (timer := self._waits.pop(connector, None)) is not None:
            timer.cancel()
        now, extent = self._seen[connector], self.open.get(connector)
        if extent is None:
            if self._around.wanted() and self._around.serves(connector) and begins(self._points(ocpp.TX_START), before, now):
                self._begin(connector, before, now)
            return
        was, extent.presence = extent.presence, now
        extent.reached |= now.points
        if extent.with_session:
            if (state, after) == ("charging", "ready") and self._around.wanted() and Point.ENERGY_TRANSFER in self._points(ocpp.TX_STOP):
                self._around.stop(connector, ENERGY_STOPPED)
            return
        gone = was.plugged and not now.plugged
        if after == "faulted":
            self._close(extent, StopReason.OTHER)
        elif gone and (extent.over is not None or ends(self._points(ocpp.TX_STOP), extent.reached, now)):
            self._close(extent, StopReason.EV_DISCONNECTED)
        elif extent.over is None and ends(self._points(ocpp.TX_STOP), extent.reached, now):
            self._close(extent, reason_of(because))
        elif extent.over is None:
            self._follow(extent, was, now, after, because)

    def _follow(self, extent: Extent, was: Presence, now: Presence, state: str, because: str) -> None:
        if now.plugged and not was.plugged:
            self._step(extent, Cause.PLUGGED_IN)
        if now.authorised and not was.authorised:
            self._step(extent, self._identified(extent), who=True)
        elif was.authorised and not now.authorised:
            self._step(extent, Cause.STOPPED, reason=reason_of(because))
        if state in _WAITS:
            loop = asyncio.get_running_loop()
            self._waits[extent.connector] = loop.call_later(SETTLES_S, self._waited, extent, _WAITS[state])

    def _waited(self, extent: Extent, standing: Standing) -> None:
        if self.open.get(extent.connector) is extent and extent.session is None:
            self._step(extent, Cause.STANDING, standing=standing)

    def _identified(self, extent: Extent) -> Cause:
        extent.token = self._who.get(extent.connector)
        remote = extent.token is not None and extent.token.source is TokenSource.REMOTE
        return Cause.REMOTE_START if remote else Cause.AUTHORIZED

    def _begin(self, connector: int, before: Presence, now: Presence) -> None:
        extent = Extent(str(uuid.uuid4()), connector, self._clock.wall(), now, set(now.points))
        self.open[connector] = extent
        identified = self._identified(extent) if now.authorised else Cause.PLUGGED_IN
        cause = Cause.PLUGGED_IN if now.plugged and not before.plugged else identified
        self._step(extent, cause, who=now.authorised, opens=True)

    def _session_began(self, news: SessionBegan) -> None:
        extent = self.open.get(news.connector)
        if extent is None or extent.session not in {None, news.number}:
            extent = self.open[news.connector] = Extent("", news.connector, news.started, _BOTH, register_told=True)
        extent.session, extent.token = news.number, news.token
        extent.reached |= set(Point)

    def _session_ended(self, connector: int, number: int) -> None:
        extent = self.open.get(connector)
        if extent is None or extent.session != number:
            return
        over = self._over.pop(number, None)
        if over is None:
            del self.open[connector]
            if extent.uid:
                self._around.closed(connector)
            return
        extent.uid, extent.over = over.uid, over
        if not extent.presence.plugged:
            self._close(extent, StopReason.EV_DISCONNECTED)

    def close(self, connector: int, reason: StopReason) -> None:
        """End the transaction of a connector that has no session, or whose session is over; others end with theirs."""
        extent = self.open.get(connector)
        if extent is not None and not extent.with_session:
            self._close(extent, reason)

    def end(self) -> None:
        """Wait for nothing any more."""
        for timer in self._waits.values():
            timer.cancel()
        self._waits.clear()

    # -- what is owed -------------------------------------------------------------------------------------------------------------------

    def _step(
        self,
        extent: Extent,
        cause: Cause,
        *,
        who: bool = False,
        opens: bool = False,
        standing: Standing | None = None,
        reason: StopReason | None = None,
    ) -> None:
        token = extent.token if who else None
        located = extent.presence.plugged or not self._around.several()
        self._owe(
            TransactionStepped(
                uid=extent.uid,
                connector=extent.connector if located else None,
                at=self._clock.wall(),
                cause=cause,
                standing=standing or extent.presence.standing,
                opens=opens,
                token=None if token is None else token.id,
                source="" if token is None else token.source.value,
                remote=None if token is None else self._around.remote(extent.connector, token.id),
                reservation=self._around.reserved(extent.connector) if who else None,
                reason=reason,
                offline=not self._around.online(),
            )
        )

    def _close(self, extent: Extent, reason: StopReason) -> None:
        del self.open[extent.connector]
        self._owe(
            TransactionClosed(
                uid=extent.uid,
                connector=extent.connector,
                at=self._clock.wall(),
                reason=reason,
                plugged=extent.presence.plugged,
                session=extent.over,
                offline=not self._around.online(),
            )
        )
        self._around.closed(extent.connector)

    def _owe(self, fact: TransactionStepped | TransactionClosed) -> None:
        self._numbers += 1
        self._owed.append(_Owed(self._numbers, fact))
        self._due.set()

    async def run(self) -> None:
        """Put what happened on the disk until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._measure()
                done = await self._store.write(self.drain, "keeping what happened to a transaction for the backend")
            except StoreError as error:
                _log.error("what happened to a transaction is not kept for the backend yet: %s", error)
                await self._clock.sleep(MEND_S)
                self._due.set()
                continue
            self._owed = [each for each in self._owed if each.number > done]
            self._around.owed()

    async def _measure(self) -> None:
        """A begin tells the register, where it is known which meter counts and that can be read."""
        for each in tuple(self._owed):
            fact = each.fact
            if not isinstance(fact, TransactionStepped) or not fact.opens or fact.connector is None or fact.readings:
                continue
            try:
                async with asyncio.timeout(READING_S):
                    readings = await self._around.register(fact.connector)
            except (HalError, TimeoutError) as error:
                _log.warning("connector %d: a transaction begins without its register: %s", fact.connector, error)
                continue
            each.fact = evolve(fact, readings=readings)
            if (extent := self.named(fact.uid)) is not None and readings:
                extent.register_told = True
