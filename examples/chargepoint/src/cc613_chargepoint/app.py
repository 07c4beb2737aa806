"""The composition root: takes a board, builds the station, runs it. The only module that knows everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from attrs import field, frozen

from cc613_chargepoint.authorization import Authorizer
from cc613_chargepoint.authorization.authorizer import token_of
from cc613_chargepoint.domain.events import Decided, StationEvent
from cc613_chargepoint.evse.connector import Connector
from cc613_chargepoint.evse.parts import ConnectorParts
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.hmi import Lights
from cc613_chargepoint.limits import LimitBook
from cc613_chargepoint.records import FaultKeeper, StoreRecorder, close_interrupted
from cc613_chargepoint.store import Store
from cc613hal.board import Board
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import CardEvent, CardReader, Indicator
from cc613hal_hmi.language import status_patterns

__all__ = ["Station", "StationSettings"]


@frozen(kw_only=True)
class StationSettings:
    """What an installer decides.

    Attributes:
        installed_current_a: what the installation may give, A per phase.
        accepted_cards: identifiers that may charge; ``None`` for every card.
        connector: how the connector behaves.
        store_sample_s: between stored samples of a session, s.
    """

    installed_current_a: float = 16.0
    accepted_cards: Collection[str] | None = None
    connector: ConnectorSettings = field(factory=ConnectorSettings)
    store_sample_s: float = 60.0


class Station:
    """A charging station with one connector.

    Args:
        board: open.
        settings: what the installer decided.
        number: the connector that is served.
        store: where sessions and faults are kept; without one they are only told.

    Raises:
        NotOnBoard: the board lacks a part that no charge can do without.
    """

    def __init__(self, board: Board, settings: StationSettings, *, number: int = 1, store: Store | None = None) -> None:
        clock = board.clock
        self._clock = clock
        self._store = store
        recorder = None if store is None else StoreRecorder(store, clock, every_s=settings.store_sample_s)
        self._faults = None if store is None else FaultKeeper(store, clock)
        self.limits = LimitBook(clock)
        self.limits.set("installation", settings.installed_current_a)
        self.connector = Connector(ConnectorParts.of(board, number), clock, self.limits, settings.connector, recorder)
        self.authorizer = Authorizer(clock, settings.accepted_cards)
        self._news: EventSource[StationEvent] = EventSource("station")
        self._reader = board.optional(CardReader)
        indicator = board.optional(Indicator)
        self._lights = Lights(indicator, status_patterns(), clock) if indicator is not None else None
        self.connector.news.on(self._news.publish)
        if self._lights is not None:
            self._news.on(self._lights.hear)
        if self._faults is not None:
            self._news.on(self._faults.hear)

    @property
    def news(self) -> Events[StationEvent]:
        """Everything that happens at the station."""
        return self._news

    async def run(self) -> None:
        """Serve until cancelled. Sessions that the last run left open are ended first."""
        if self._store is not None and self._faults is not None:
            await self._faults.begin()
            for news in await close_interrupted(self._store, self._clock):
                self._news.publish(news)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.connector.run(), name="connector")
            if self._faults is not None:
                group.create_task(self._faults.run(), name="fault history")
            if self._lights is not None:
                group.create_task(self._lights.run(), name="lights")
            if self._reader is not None:
                group.create_task(self._read_cards(self._reader), name="cards")

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
        self._news.publish(Decided(connector=self.connector.number, verdict=verdict))
        if verdict.accepted:
            self.connector.accept(verdict.token)
