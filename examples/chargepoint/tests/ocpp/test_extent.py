"""Where transactions begin and end: the points, and long random lives of a connector with crashes in between."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cc613_chargepoint.domain.events import ChargingEnded, CustomerAccepted, SessionBegan, StateChanged
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import Action, Event, State, step
from cc613_chargepoint.ocpp.engine.owed.facts import (
    BEGAN,
    CLOSED,
    ENDED,
    QUEUE,
    STEPPED,
    Reading,
    StopReason,
    TransactionBegan,
    TransactionClosed,
    TransactionEnded,
    TransactionStepped,
    unpacked,
)
from cc613_chargepoint.ocpp.engine.transactions.extent import Around, Extents, Point, Presence, begins, ends, outlasts, presence
from cc613_chargepoint.ocpp.engine.transactions.ledger import Ledger
from cc613_chargepoint.records import close_interrupted, record_of
from cc613_chargepoint.settings import Actor, Layer, Settings
from cc613_chargepoint.store import OutboxMessage, Store, Transaction
from cc613hal.clock import Clock, ClockState, run_virtual

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOBODY, PLUGGED, WAITING, BOTH = Presence(), Presence(plugged=True), Presence(authorised=True), Presence(plugged=True, authorised=True)
EV, AUTH, PATH, ENERGY = Point.EV_CONNECTED, Point.AUTHORIZED, Point.POWER_PATH_CLOSED, Point.ENERGY_TRANSFER


def test_every_state_of_a_connector_says_who_is_there() -> None:
    assert {state: presence(state.value) for state in State} == {
        State.AVAILABLE: NOBODY,
        State.AUTHORISED: WAITING,
        State.CONNECTED: PLUGGED,
        State.UNCLAIMED: PLUGGED,
        State.HELD: PLUGGED,
        State.REFUSING: BOTH,
        State.STARTING: BOTH,
        State.READY: BOTH,
        State.ENERGISING: BOTH,
        State.CHARGING: BOTH,
        State.PAUSED: BOTH,
        State.STOPPING: BOTH,
        State.FINISHING: PLUGGED,
        State.FAULTED: NOBODY,
    }


@pytest.mark.parametrize(
    ("start", "before", "after", "begun"),
    [
        ({EV}, NOBODY, PLUGGED, True),
        ({EV}, NOBODY, WAITING, False),
        ({EV}, PLUGGED, BOTH, False),
        ({AUTH}, NOBODY, WAITING, True),
        ({AUTH}, PLUGGED, BOTH, True),
        ({AUTH}, NOBODY, PLUGGED, False),
        ({PATH}, NOBODY, PLUGGED, False),
        ({PATH}, PLUGGED, BOTH, True),
        ({PATH}, WAITING, BOTH, True),
        ({ENERGY}, PLUGGED, BOTH, False),
        ({EV, AUTH}, NOBODY, WAITING, True),
        ({EV, AUTH}, NOBODY, PLUGGED, True),
    ],
)
def test_a_transaction_begins_with_the_first_point(start: set[Point], before: Presence, after: Presence, begun: bool) -> None:
    assert begins(start, before, after) is begun


@pytest.mark.parametrize(
    ("stop", "reached", "after", "ended"),
    [
        ({EV}, {EV}, NOBODY, True),
        ({EV}, {EV, AUTH}, PLUGGED, False),
        ({EV}, {AUTH}, NOBODY, True),
        ({AUTH}, {EV}, PLUGGED, False),
        ({AUTH}, {EV}, NOBODY, True),
        ({AUTH}, {EV, AUTH, PATH}, PLUGGED, True),
        ({PATH}, {EV, AUTH, PATH}, PLUGGED, True),
        ({PATH}, {AUTH}, WAITING, False),
        ({ENERGY}, {EV, AUTH, PATH}, PLUGGED, False),
        ({EV, AUTH}, {EV, AUTH}, PLUGGED, True),
    ],
)
def test_it_ends_with_the_first_point_that_it_leaves(stop: set[Point], reached: set[Point], after: Presence, ended: bool) -> None:
    assert ends(stop, reached, after) is ended


@pytest.mark.parametrize("reason", list(StopReason))
def test_only_what_ended_well_outlasts_its_session(reason: StopReason) -> None:
    well = reason in {StopReason.LOCAL, StopReason.REMOTE, StopReason.DE_AUTHORIZED}
    assert outlasts({EV}, reason, plugged=True) is well
    assert not outlasts({EV}, reason, plugged=False)
    for other in (AUTH, PATH, ENERGY):
        assert not outlasts({EV, other}, reason, plugged=True)


# -- random lives ------------------------------------------------------------------------------------------------------------------------


@define
class Alone(Around):
    """A station with one outlet and a backend that speaks 2.0.1."""

    points: bool = True

    def wanted(self) -> bool:
        return self.points

    def serves(self, connector: int) -> bool:
        return connector == 1

    def several(self) -> bool:
        return False

    def remote(self, connector: int, token: str) -> int | None:
        return None

    def reserved(self, connector: int) -> int | None:
        return None

    def online(self) -> bool:
        return True

    async def register(self, connector: int) -> tuple[Reading, ...]:
        return ()

    def stop(self, connector: int, reason: str) -> None:
        pass

    def closed(self, connector: int) -> None:
        pass

    def owed(self) -> None:
        pass


@define
class Life:
    """One connector that obeys the real table of transitions, and nothing else of a station."""

    store: Store
    settings: Settings
    clock: Clock
    state: State = State.AVAILABLE
    token: Token | None = None
    session: int | None = None
    reason: str = ""
    ledger: Ledger = field(init=False)
    extents: Extents = field(init=False)
    around: Alone = field(factory=Alone)

    async def start(self) -> None:
        self.ledger = Ledger(self.store)
        self.extents = self.ledger.extents = Extents(self.store, self.settings, self.clock, self.around)
        await self.extents.restore()

    async def crash(self) -> None:
        """The power goes; the vehicle stays where it is."""
        there = presence(self.state.value).plugged
        self.state, self.token, self.session = State.AVAILABLE, None, None
        await self.start()
        for news in await close_interrupted(self.store, self.clock, along=self.ledger.along):
            self.tell(news)
        if there:
            await self.happens(Event.VEHICLE_B)

    def tell(self, news: object) -> None:
        for hear in (self.extents.hear, self.ledger.hear):
            hear(news)  # type: ignore[arg-type]

    async def happens(self, event: Event) -> None:
        if event is Event.ACCEPTED:
            if self.token is not None or self.state not in {State.AVAILABLE, State.CONNECTED}:
                return
            self.token = Token(id="04A2B3C4D5E680", source=TokenSource.CARD)
            self.tell(CustomerAccepted(connector=1, token=self.token))
        if event in {Event.STOP_REQUESTED, Event.CUSTOMER_REFUSED}:
            if self.token is None:
                return
            self.reason = "card presented again"
        following = step(self.state, event)
        if following is None:
            return
        before, self.state = self.state, following.next
        if before is not self.state:
            self.tell(StateChanged(connector=1, before=before.value, after=self.state.value, because=self.reason or event.value))
        if Action.FORGET in following.actions:
            self.token, self.reason = None, ""
        for action in following.actions:
            if action is Action.CLOSE and self.session is None and self.token is not None:
                await self.begin(self.token)
            elif action is Action.END_SESSION and self.session is not None:
                left = event in {Event.VEHICLE_A, Event.VEHICLE_LEFT}
                await self.end(self.session, "vehicle unplugged" if left else "fault: x" if event is Event.FAULT else "")

    async def begin(self, token: Token) -> None:
        def work(tx: Transaction) -> int:
            session = tx.sessions.begin(
                connector=1, token=token, started=self.clock.wall(), clock_state=ClockState.SYNCHRONISED, begin_wh=Decimal(1000)
            )
            self.ledger.along(tx, session)
            return session.number

        self.session = await self.store.write(work)
        self.tell(SessionBegan(connector=1, number=self.session, token=token, started=self.clock.wall(), begin_wh=Decimal(1000)))

    async def end(self, number: int, reason: str) -> None:
        def work(tx: Transaction) -> ChargingEnded:
            ended = tx.sessions.end(number, ended=self.clock.wall(), end_wh=Decimal(2000), reason=reason or self.reason or "ended")
            self.ledger.along(tx, ended)
            return ChargingEnded(connector=1, record=record_of(ended))

        self.session = None
        self.tell(await self.store.write(work))


def told(message: OutboxMessage) -> tuple[str, str]:
    """What a message is in 2.0.1, and of which transaction."""
    if message.kind == STEPPED:
        stepped = unpacked(TransactionStepped, message.payload)
        return stepped.uid, "Started" if stepped.opens else "Updated"
    if message.kind == BEGAN:
        began = unpacked(TransactionBegan, message.payload)
        return began.uid, "Updated" if began.goes_on else "Started"
    if message.kind == ENDED:
        ended = unpacked(TransactionEnded, message.payload)
        return ended.uid, "Updated" if ended.goes_on else "Ended"
    assert message.kind == CLOSED
    return unpacked(TransactionClosed, message.payload).uid, "Ended"


def live(start: set[Point], stop: set[Point], story: Callable[[Life], object]) -> list[OutboxMessage]:
    found: list[OutboxMessage] = []

    async def whole() -> None:
        with tempfile.TemporaryDirectory() as place:
            clock = Clock()
            async with await Store.open(Path(place) / "station.db") as store:
                kept = await Settings.load(store, clock)
                values = {"ocpp.tx_start": [each.value for each in start], "ocpp.tx_stop": [each.value for each in stop]}
                await kept.set(values, actor=Actor(name="test", role=Role.MANUFACTURER), layer=Layer.OPERATOR)
                life = Life(store, kept, clock)
                await life.start()
                outcome = story(life)
                assert asyncio.iscoroutine(outcome)
                await outcome
                life.extents.end()
                await store.write(life.extents.drain)
                found.extend(await store.read(lambda tx: tx.outbox.waiting(QUEUE)))

    run_virtual(whole(), start=NOW)
    return found


EVENTS = [
    Event.ACCEPTED, Event.ACCEPTED, Event.VEHICLE_B, Event.VEHICLE_B, Event.VEHICLE_C, Event.VEHICLE_C, Event.VEHICLE_A, Event.STARTED,
    Event.STARTED, Event.CLOSED, Event.CLOSED, Event.STOP_REQUESTED, Event.STOP_TIMEOUT, Event.AUTHORISATION_EXPIRED,
    Event.NOTHING_TO_OFFER, Event.SOMETHING_TO_OFFER, Event.FAULT, Event.CLEARED, Event.NOBODY_CAME, Event.CUSTOMER_REFUSED,
    Event.VEHICLE_LEFT, Event.CABLE_GONE,
]  # fmt: skip
SOME = st.sets(st.sampled_from(list(Point)), min_size=1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=SOME, stop=SOME, steps=st.lists(st.sampled_from([*EVENTS, "crash", "drain"]), max_size=40))
def test_every_transaction_begins_once_and_ends_once(start: set[Point], stop: set[Point], steps: list[Event | str]) -> None:
    async def story(life: Life) -> None:
        for each in steps:
            if each == "crash":
                await life.crash()
            elif isinstance(each, Event):
                await life.happens(each)
            else:
                await life.store.write(life.extents.drain)
        for last in (Event.VEHICLE_A, Event.CABLE_GONE, Event.AUTHORISATION_EXPIRED, Event.CLEARED):
            await life.happens(last)

    running = ""
    for message in live(start, stop, story):
        uid, kind = told(message)
        if kind == "Started":
            assert not running, "one after the other"
            running = uid
        assert uid == running, "nothing is said of a transaction that does not run"
        if kind == "Ended":
            running = ""
    assert not running, "nobody is there any more"


def test_a_session_belongs_to_the_transaction_that_began_before_it() -> None:
    async def story(life: Life) -> None:
        for event in (Event.VEHICLE_B, Event.ACCEPTED, Event.STARTED, Event.VEHICLE_C, Event.CLOSED):
            await life.happens(event)
        assert life.session is not None
        uid = await life.ledger.uid_of(life.session)
        assert await life.ledger.session_of_uid(uid) == life.session
        assert await life.ledger.connector_of_uid(uid) == 1
        assert life.ledger.transactions == {1}

    messages = live({EV}, {EV}, story)
    assert [each.kind for each in messages] == [STEPPED, STEPPED, BEGAN], "what came before the session is owed before it"
    assert len({told(each)[0] for each in messages}) == 1


def test_the_defaults_say_nothing_but_the_session() -> None:
    async def story(life: Life) -> None:
        for event in (Event.VEHICLE_B, Event.ACCEPTED, Event.STARTED, Event.VEHICLE_C, Event.CLOSED, Event.STOP_REQUESTED, Event.VEHICLE_B):
            await life.happens(event)
        await life.happens(Event.VEHICLE_A)

    assert [each.kind for each in live({ENERGY}, {PATH}, story)] == [BEGAN, ENDED]


def test_a_backend_of_another_version_hears_of_sessions_only() -> None:
    async def story(life: Life) -> None:
        life.around.points = False
        for event in (Event.VEHICLE_B, Event.ACCEPTED, Event.STARTED, Event.VEHICLE_C, Event.CLOSED, Event.STOP_REQUESTED, Event.VEHICLE_B):
            await life.happens(event)
        await life.happens(Event.VEHICLE_A)

    messages = live({EV, AUTH}, {EV}, story)
    assert [each.kind for each in messages] == [BEGAN, ENDED]
    assert not unpacked(TransactionEnded, messages[1].payload).goes_on
