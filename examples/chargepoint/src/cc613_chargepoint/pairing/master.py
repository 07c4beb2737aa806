"""The master's side: lets its slave in, leases current to it, takes what it owes, and shows its connector to the station as its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any

from attrs import evolve

from cc613_chargepoint.domain.events import (
    ChargingEnded,
    RecordSigned,
    SessionBegan,
    SessionEnded,
    SessionRecovered,
    SessionResumed,
    SignatureLost,
)
from cc613_chargepoint.domain.session import SessionRecord
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.facade.codec import unpacked_event
from cc613_chargepoint.pairing.deliveries import ROOM, TakenSession, identity_of, open_session, take_record, take_session
from cc613_chargepoint.pairing.messages import (
    PROTOCOL,
    Beat,
    Hello,
    Lease,
    Message,
    Mirror,
    News,
    NotTaken,
    Presented,
    Refusal,
    SessionTold,
    SignedTold,
    Taken,
    Welcome,
)
from cc613_chargepoint.pairing.mirrored import IN_USE, MirroredConnector
from cc613_chargepoint.pairing.settings import PairingSettings
from cc613_chargepoint.pairing.sharing import SETTLE_S, SharedSupply
from cc613_chargepoint.pairing.wire import Door, Talk, Wire, WireLost
from cc613_chargepoint.records import Along, record_of
from cc613_chargepoint.store import Store, StoredSession, StoreError
from cc613hal.clock import Clock

__all__ = ["BEATS", "SHARED_SUPPLY", "SlaveConnector"]

_log = logging.getLogger(__name__)

SHARED_SUPPLY = "shared supply"
"""Source name of the limit by which both controllers share their supply."""
BEATS = 4
"""Beats of the slave per lease: three may be lost before it falls to its safe current."""
HELLO_S = 10.0
LOOK_S = 1.0
"""Between looks at who wants what, s."""


class SlaveConnector(MirroredConnector):
    """The connector of the slave, served over the link.

    Args:
        settings: of the pair.
        clock: the station's clock.
        store: the station's store.
        door: where the slave comes in.
    """

    def __init__(self, settings: PairingSettings, clock: Clock, store: Store, door: Door) -> None:
        super().__init__(settings.connector, clock)
        self._settings, self._clock, self._store, self._door = settings, clock, store, door
        self._own: Mapping[int, ServedConnector] = {}
        self._present: Callable[[Token, bool], None] = lambda _token, _random: None
        self._along: Along | None = None
        self._supply: SharedSupply | None = None
        self._wanting: list[int] = []
        self._current: Talk | None = None
        self._beat = self._leases = 0
        self._slave = ""
        self._numbers: dict[int, int] = {}
        self._open: int | None = None
        self._finished: SessionRecord | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._heard_s = 0.0

    def attend(self, own: Iterable[ServedConnector], present: Callable[[Token, bool], None], along: Along | None = None) -> None:
        """Get to know the rest of the station, before it runs.

        Args:
            own: the master's own connectors.
            present: is told who identified at the slave, and whether the identifier is random.
            along: is called in the transaction of every begin and end of the slave's sessions.
        """
        self._own = {connector.number: connector for connector in own}
        self._present, self._along = present, along

    @property
    def safe_a(self) -> float:
        """What the slave may draw without its master, A per phase."""
        return min(self._settings.safe_a, self._settings.supply_a)

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: the port is taken.
        """
        self._supply = await self._begin()
        self._heard_s = self._clock.monotonic_s()
        self._expect_it("the slave has not been heard since the start")
        subscriptions = [
            self.limits.changes.on(lambda _: self._tell_change()),
            *(connector.news.on(lambda _: self._divide()) for connector in self._own.values()),
        ]
        try:
            async with self._door(self._meet), asyncio.TaskGroup() as group:
                group.create_task(self._look(), name="shared supply")
                group.create_task(self._tell_faults(), name="faults for the slave")
        finally:
            for subscription in subscriptions:
                subscription.cancel()
            if self._grace is not None:
                self._grace.cancel()
            self._talk = None

    async def _begin(self) -> SharedSupply:
        """What the last run allowed may still be obeyed: it counts as drawn until the slave says otherwise or its time is over."""
        told = await self._store.read(lambda tx: tx.memory.get(ROOM, "told"), "looking at what the slave was told")
        known: dict[str, float] = told or {}
        safe_a, lease_s = max(self.safe_a, known.get("safe_a", 0.0)), max(self._settings.lease_s, known.get("lease_s", 0.0))
        await self._note(safe_a)
        until_s = self._clock.monotonic_s() + lease_s + SETTLE_S
        return SharedSupply(self._settings.supply_a, self._own, self.number, safe_a=safe_a, until_s=until_s)

    async def _note(self, safe_a: float) -> None:
        value = {"safe_a": safe_a, "lease_s": self._settings.lease_s}
        await self._store.write(lambda tx: tx.memory.put(ROOM, "told", value), "noting what the slave is told")

    # -- the conversation -----------------------------------------------------------------------------------------------------------------

    async def _meet(self, wire: Wire) -> None:
        """Hold one conversation, from the slave's first word to the end of the link."""
        talk, why = Talk(wire), "the link has ended"
        try:
            hello = await talk.hear(HELLO_S)
            if not isinstance(hello, Hello):
                raise WireLost(f"the slave began with {type(hello).__name__}")
            if reason := await self._objection(hello):
                await talk.finish(Refusal(reason=reason))
                raise WireLost(reason)
            if self._current is not None:
                self._current.end()  # the slave knows better than this end whether the old link still lives
            self._current, self._beat, self._leases, self._slave = talk, 0, 0, hello.store
            _log.info("the slave %s is here, software %s", hello.board, hello.software)
            beat_s = self._settings.lease_s / BEATS
            own = version("cc613-chargepoint")
            talk.say(Welcome(protocol=PROTOCOL, software=own, connector=self.number, beat_s=beat_s))
            self.found(talk)
            while True:
                message = await talk.hear(self._settings.lease_s)
                self._heard_s = self._clock.monotonic_s()
                await self._take(talk, message)
        except (WireLost, StoreError) as error:
            why = error.message
        except Exception as error:  # noqa: BLE001 - a defect here costs the conversation, and the station nothing
            why = f"a defect ended the conversation: {type(error).__name__}: {error}"
            _log.exception("the conversation with the slave broke down")
        finally:
            talk.end()
            if self._current is talk or self._current is None:
                self._current = None
                self._talk = None
                self._expect_it(why)

    async def _objection(self, hello: Hello) -> str:
        if hello.protocol != PROTOCOL:
            return f"the slave speaks version {hello.protocol} of the link and the master {PROTOCOL}: install the same software on both"
        if hello.store == await identity_of(self._store):
            return "the slave runs on a copy of the master's data directory: give it one of its own"
        return ""

    def _expect_it(self, why: str) -> None:
        """The slave is not heard: if it does not come back within a lease of its last word, that is a fault."""
        if self._grace is None:
            patience_s = max(0.0, self._heard_s + self._settings.lease_s - self._clock.monotonic_s())
            self._grace = asyncio.get_running_loop().call_later(patience_s, self._given_up, why)

    def _given_up(self, why: str) -> None:
        self._grace = None
        _log.warning("connector %d: the slave is not reachable: %s", self.number, why)
        self.lost(why)
        self._divide()

    async def _take(self, talk: Talk, message: Message) -> None:
        match message:
            case Beat():
                await self._heard(message)
            case Mirror():
                if self._grace is not None:
                    self._grace.cancel()
                    self._grace = None
                self.reflect(message)
                self._tell_session_over()
                await self._tell_session_going_on()
                self._divide()
            case News():
                self._tell_news(message.event)
            case Presented():
                self._present(message.token, message.random)
            case SessionTold():
                await self._take_session(talk, message)
            case SignedTold():
                await self._take_record(talk, message)
            case _:
                raise WireLost(f"a slave does not say {type(message).__name__}")

    # -- current --------------------------------------------------------------------------------------------------------------------------

    async def _heard(self, beat: Beat) -> None:
        supply, now_s = self._supply, self._clock.monotonic_s()
        assert supply is not None  # the door opens after it was made
        first, self._beat = self._beat == 0, beat.beat
        if first:
            supply.met(beat.allowed_a, now_s, now_s + self._settings.lease_s + SETTLE_S)
        supply.obeyed(beat.lease, now_s)
        held_a = max(self.safe_a, beat.safe_a)
        if held_a != supply.safe_a:  # what the slave would draw without this master has changed, on its disk: so does what is kept for it
            await self._note(held_a)
            supply.safe_a = held_a
        self._divide()
        self._lease(answers=True)

    def _lease(self, *, answers: bool) -> None:
        talk, supply = self._talk, self._supply
        if talk is None or supply is None or self._beat == 0:
            return
        self._leases += 1
        offer, share_a = self.limits.effective(), self.limits.current_a(SHARED_SUPPLY) or 0.0
        supply.granted(self._leases, share_a, self._clock.monotonic_s() + self._settings.lease_s + SETTLE_S)
        lease = Lease(
            lease=self._leases,
            beat=self._beat,
            answers=answers,
            current_a=min(share_a, offer.current_a),
            source=offer.source,
            phases=offer.phases,
            for_s=self._settings.lease_s,
            safe_a=self.safe_a,
            wall=self._clock.wall(),
            clock=self._clock.state,
            faults=tuple(self.imposed.values()),
        )
        try:
            talk.say(lease)
        except WireLost as error:
            _log.warning("connector %d: no lease could be given: %s", self.number, error)
            talk.end()

    def _tell_change(self) -> None:
        self._lease(answers=False)

    async def _tell_faults(self) -> None:
        while True:
            await self.imposed_changed.wait()
            self.imposed_changed.clear()
            self._lease(answers=False)

    async def _look(self) -> None:
        while True:
            self._divide()
            await self._clock.sleep(LOOK_S)

    def _divide(self) -> None:
        """Give every connector its share; whoever came first is served first where it is too little for all."""
        if self._supply is None:
            return
        now = {number for number, connector in self._own.items() if connector.state in IN_USE}
        if self.state in IN_USE:
            now.add(self.number)
        self._wanting = [number for number in self._wanting if number in now]
        self._wanting += sorted(now - set(self._wanting))
        for number, share_a in self._supply.divide(self._wanting, self._clock.monotonic_s()).items():
            book = self.limits if number == self.number else self._own[number].limits
            if book.current_a(SHARED_SUPPLY) != share_a:
                book.set(SHARED_SUPPLY, share_a)

    # -- what the slave tells -------------------------------------------------------------------------------------------------------------

    def _tell_news(self, packed: Mapping[str, Any]) -> None:
        event: Any = evolve(unpacked_event(packed), connector=self.number)
        if isinstance(event, SignatureLost):
            event = evolve(event, session=self._numbers.get(event.session or 0))
        elif isinstance(event, SessionResumed):
            event = evolve(event, number=self._numbers.get(event.number, self._open or 0))
        self.tell(event)

    @property
    def session_number(self) -> int | None:
        """See :class:`ServedConnector`."""
        return self._open

    def _tell_begin(self, session: StoredSession) -> None:
        """A session of the slave is on this disk."""
        self._open = session.number
        if session.begin_wh is not None:
            began = SessionBegan(
                connector=self.number, number=session.number, token=session.token, started=session.started, begin_wh=session.begin_wh
            )
            self.tell(began)

    async def _tell_session_going_on(self) -> None:
        """This controller has started during a session of the slave: the rest of the station hears of it."""
        if self._open is None and self.state in IN_USE:
            session = await open_session(self._store, self.number)
            if session is not None:
                self._tell_begin(session)

    async def _take_session(self, talk: Talk, told: SessionTold) -> None:
        try:
            taken = await take_session(self._store, told.session, self.number, self._clock.wall(), self._along)
        except StoreError as error:
            _log.error("session %s of the slave cannot be stored: %s", told.session.uid, error)
            talk.say(NotTaken(id=told.id, signed=False, reason=error.message))
            return
        self._numbers[told.session.number] = taken.session.number
        talk.say(Taken(id=told.id, signed=False))
        if taken.begun:
            self._tell_begin(taken.session)
        if taken.ended:
            self._tell_end(told, taken)

    def _tell_end(self, told: SessionTold, taken: TakenSession) -> None:
        record, self._open = record_of(taken.session), None
        self._numbers = {told.session.number: taken.session.number}  # one more may tell of it; older ones are settled
        if told.kind == "recovered":
            self.tell(SessionRecovered(connector=self.number, record=record))
            return
        self.tell(ChargingEnded(connector=self.number, record=record))
        self._finished = record
        self._tell_session_over()

    def _tell_session_over(self) -> None:
        """The vehicle of a session that has ended is gone."""
        if self._finished is not None and self.token is None:
            record, self._finished = self._finished, None
            self.tell(SessionEnded(connector=self.number, record=record))

    async def _take_record(self, talk: Talk, told: SignedTold) -> None:
        try:
            taken = await take_record(self._store, self._slave, told, self.number)
        except StoreError as error:
            _log.error("a signed record of the slave cannot be stored: %s", error)
            talk.say(NotTaken(id=told.record.id, signed=True, reason=error.message))
            return
        talk.say(Taken(id=told.record.id, signed=True))
        if taken is not None:
            record = taken.record
            self.tell(
                RecordSigned(
                    connector=self.number,
                    session=record.session,
                    context=record.context,
                    with_begin=taken.with_begin,
                    format=record.format,
                    record=record.record,
                    public_key=record.public_key,
                )
            )
