"""The composition root: takes a board, builds the station, runs it. The only module that knows everybody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Self

from attrs import field, fields, frozen

from cc613_chargepoint.authorization import Authorizer
from cc613_chargepoint.authorization.authorizer import token_of
from cc613_chargepoint.domain.events import Decided, StateChanged, StationEvent
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.actor import ConnectorActor
from cc613_chargepoint.evse.connector import Connector
from cc613_chargepoint.evse.heat import ClimateMode, HeatSettings, HeatWatch
from cc613_chargepoint.evse.household import HouseholdConnector, HouseholdSettings
from cc613_chargepoint.evse.parts import ConnectorParts, HouseholdParts
from cc613_chargepoint.evse.recording import SessionRecorder
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.signing import SessionSigner
from cc613_chargepoint.evse.surroundings import Surroundings, SurroundingsSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.hmi import Lights
from cc613_chargepoint.limits import LimitBook
from cc613_chargepoint.metering import SignedSessions, SigningSettings
from cc613_chargepoint.records import FaultKeeper, StoreRecorder, close_interrupted
from cc613_chargepoint.settings import Settings, table
from cc613_chargepoint.signed_records import settle, signed_sessions
from cc613_chargepoint.store import Store, StoreError
from cc613hal.board import Board
from cc613hal.errors import NotOnBoard
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import (
    CardEvent,
    CardReader,
    ControlPilot,
    DigitalInput,
    HouseholdSocket,
    Indicator,
    PresenceSensor,
    Relay,
    SignedMeter,
    SupplyMonitor,
    TemperatureSensor,
    TiltSensor,
)
from cc613hal_hmi.language import status_patterns

__all__ = ["INSTALLATION", "Station", "StationSettings", "connector_numbers"]

INSTALLATION = "installation"
"""Source name of the limit that the installer set."""

OPERATOR = "operator"
"""Source name of the limit that the operator set."""

_RANK = {State.CONNECTED: 0, State.AVAILABLE: 1, State.AUTHORISED: 2}
"""Where a customer is expected first."""

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class StationSettings:
    """What an installer decides.

    Attributes:
        installed_current_a: what the installation may give, A per phase.
        operator_current_a: what the operator allows, A per phase; ``None`` for no limit of theirs.
        accepted_cards: identifiers that may charge; ``None`` for every card.
        connector: how every connector behaves.
        household: how a household socket behaves.
        heat: what temperatures mean.
        surroundings: what tilt, supply, breakers and parking bays mean.
        store_sample_s: between stored samples of a session, s.
        signing: how sessions are signed where the meter can.
    """

    installed_current_a: float = 16.0
    operator_current_a: float | None = None
    accepted_cards: Collection[str] | None = None
    connector: ConnectorSettings = field(factory=ConnectorSettings)
    household: HouseholdSettings = field(factory=HouseholdSettings)
    heat: HeatSettings = field(factory=HeatSettings)
    surroundings: SurroundingsSettings = field(factory=SurroundingsSettings)
    store_sample_s: float = 60.0
    signing: SigningSettings = field(factory=SigningSettings)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the parameter table says."""
        values = settings.plain()
        names = (each.name for each in fields(ConnectorSettings))
        connector = {name: values[_CONNECTOR_KEYS.get(name, f"connector.{name}")] for name in names}
        return cls(
            installed_current_a=settings.get(table.INSTALLED_CURRENT_A),
            operator_current_a=settings.get(table.OPERATOR_CURRENT_A),
            accepted_cards=settings.get(table.AUTHORIZATION_CARDS) if settings.get(table.AUTHORIZATION_MODE) == "list" else None,
            connector=ConnectorSettings(**connector),
            store_sample_s=settings.get(table.STORE_SAMPLE_S),
            signing=SigningSettings(
                enabled=settings.get(table.SIGN),
                charge_point=settings.get(table.SIGNED_CHARGE_POINT),
                tariff_text=settings.get(table.SIGNED_TARIFF_TEXT),
                needs_time=settings.get(table.SIGN_NEEDS_TIME),
            ),
        )


_CONNECTOR_KEYS = {"sample_s": table.SAMPLE_S.key, "meter_lost_s": table.METER_LOST_S.key}
"""Where a connector's parameter stands in another group."""


class Station:
    """A charging station with one or more connectors.

    Args:
        board: open.
        settings: what the installer decided.
        number: serve this connector only; every one the board has a control pilot for if omitted.
        store: where sessions and faults are kept; without one they are only told, and nothing is signed.
        recorder: puts sessions into the store; one of its own if omitted.
        signed_meters: what signs at a connector where that is not the board's own meter (a signing controller).

    Raises:
        NotOnBoard: the board lacks a part that no charge can do without.
    """

    def __init__(
        self,
        board: Board,
        settings: StationSettings,
        *,
        number: int | None = None,
        store: Store | None = None,
        recorder: StoreRecorder | None = None,
        signed_meters: Mapping[int, SignedMeter] | None = None,
    ) -> None:
        clock = board.clock
        self._clock = clock
        self._store = store
        self._news: EventSource[StationEvent] = EventSource("station")
        self._recorder = recorder or (None if store is None else StoreRecorder(store, clock))
        self._faults = None if store is None else FaultKeeper(store, clock)
        self.books: dict[int, LimitBook] = {}
        self.connectors: dict[int, ConnectorActor] = {}
        self.signing: dict[int, SignedSessions] = {}
        for each in [number] if number is not None else connector_numbers(board):
            book = self.books[each] = LimitBook(clock)
            meter = (signed_meters or {}).get(each) or board.optional(SignedMeter, connector=each)
            if meter is not None and store is not None and settings.signing.enabled:
                self.signing[each] = signed_sessions(meter, store, clock, settings.signing, number=each, tell=self._news.publish)
            self.connectors[each] = _connector(board, each, book, settings, recorder=self._recorder, signer=self.signing.get(each))
        self.authorizer = Authorizer(clock, settings.accepted_cards)
        self.obey(settings)
        self._reader = board.optional(CardReader)
        indicator = board.optional(Indicator)
        self._lights = Lights(indicator, status_patterns(), clock) if indicator is not None else None
        relay = None if settings.heat.climate is ClimateMode.OFF else board.get(Relay)
        self.heat = HeatWatch(board.all(TemperatureSensor), tuple(self.books.values()), clock, settings.heat, relay)
        self._surroundings = Surroundings(
            tuple(self.connectors.values()),
            clock,
            settings.surroundings,
            tilt=board.all(TiltSensor),
            bays=board.all(PresenceSensor),
            supplies=board.all(SupplyMonitor),
            inputs=board.all(DigitalInput),
        )
        for connector in self.connectors.values():
            connector.news.on(self._news.publish)
        self._surroundings.news.on(self._news.publish)
        self._news.on(self._move_customer)
        if self._lights is not None:
            self._news.on(self._lights.hear)
        if self._faults is not None:
            self._news.on(self._faults.hear)

    @property
    def connector(self) -> ConnectorActor:
        """The first connector."""
        return next(iter(self.connectors.values()))

    @property
    def limits(self) -> LimitBook:
        """The limits of the first connector."""
        return self.books[self.connector.number]

    @property
    def news(self) -> Events[StationEvent]:
        """Everything that happens at the station."""
        return self._news

    def obey(self, settings: StationSettings) -> None:
        """Take over what may change while the station runs; a connector's own figures count from the next start."""
        for book in self.books.values():
            book.set(INSTALLATION, settings.installed_current_a)
            if settings.operator_current_a is None:
                book.withdraw(OPERATOR)
            else:
                book.set(OPERATOR, settings.operator_current_a)
        self.authorizer.accept_only(settings.accepted_cards)
        if self._recorder is not None:
            self._recorder.every_s = settings.store_sample_s

    async def run(self) -> None:
        """Serve until cancelled. Sessions that the last run left open are ended first."""
        if self._store is not None and self._faults is not None:
            await self._faults.begin()
            await settle(self.signing.values())
            for news in await close_interrupted(self._store, self._clock):
                self._news.publish(news)
        async with asyncio.TaskGroup() as group:
            for number, connector in self.connectors.items():
                group.create_task(connector.run(), name=f"connector {number}")
            for number, signing in self.signing.items():
                group.create_task(signing.run(), name=f"signed records of connector {number}")
            group.create_task(self.heat.run(), name="heat")
            group.create_task(self._surroundings.run(), name="surroundings")
            if self._faults is not None:
                group.create_task(self._faults.run(), name="fault history")
            if self._store is not None:
                group.create_task(self._prune(self._store), name="retention")
            if self._lights is not None:
                group.create_task(self._lights.run(), name="lights")
            if self._reader is not None:
                group.create_task(self._read_cards(self._reader), name="cards")

    async def _prune(self, store: Store) -> None:
        """Once a day, first some minutes after the start, when nobody waits for the disk."""
        pause_s = 600.0
        while True:
            await self._clock.sleep(pause_s)
            pause_s = 86_400.0
            try:
                await store.prune(self._clock.wall())
            except StoreError as error:
                _log.error("the store is not pruned today: %s", error)

    async def _read_cards(self, reader: CardReader) -> None:
        await reader.start_polling()
        try:
            with reader.cards.stream() as cards:
                async for event in cards:
                    if event.present:
                        self._card_came(event)
        finally:
            await reader.stop_polling()

    def _card_came(self, event: CardEvent) -> None:
        if self.authorizer.is_repeat(token_of(event.card)):
            return
        verdict = self.authorizer.decide(event.card)
        connector = self._meant_by(verdict.token)
        self._news.publish(Decided(connector=connector.number, verdict=verdict))
        if verdict.accepted:
            connector.accept(verdict.token)

    def _meant_by(self, token: Token) -> ConnectorActor:
        """Where a customer wants to charge, or stop: their own session, else a vehicle that waits for a customer, else a free place."""
        own = [each for each in self.connectors.values() if each.token is not None and each.token.same_as(token)]
        ranked = sorted(self.connectors.values(), key=lambda each: (each.token is not None, _RANK.get(each.state, len(_RANK))))
        return (own or ranked)[0]

    def _move_customer(self, news: StationEvent) -> None:
        """A customer who was expected at one connector plugged in at another."""
        if not isinstance(news, StateChanged) or news.after != State.CONNECTED.value:
            return
        here = self.connectors[news.connector]
        waiting = [each for each in self.connectors.values() if each.state is State.AUTHORISED and each is not here]
        if here.token is None and len(waiting) == 1 and (token := waiting[0].token) is not None:
            waiting[0].stop("the customer plugged in elsewhere")
            here.accept(token)


def connector_numbers(board: Board) -> list[int]:
    """The connectors of a board, ascending: those with a control pilot or a household socket.

    Raises:
        NotOnBoard: there is none.
    """
    names = {*board.all(ControlPilot), *board.all(HouseholdSocket)}
    if not names:
        raise NotOnBoard(f"no device of {board.description.name} is a ControlPilot", hint="a station needs at least one connector")
    return sorted({board.parts[name].description.connector or 1 for name in names})


def _connector(
    board: Board, number: int, book: LimitBook, settings: StationSettings, *, recorder: SessionRecorder | None, signer: SessionSigner | None
) -> ConnectorActor:
    clock = board.clock
    if board.all(HouseholdSocket, connector=number):
        parts = HouseholdParts.of(board, number)
        return HouseholdConnector(parts, clock, book, settings.connector, household=settings.household, recorder=recorder, signer=signer)
    return Connector(ConnectorParts.of(board, number), clock, book, settings.connector, recorder, signer=signer)
