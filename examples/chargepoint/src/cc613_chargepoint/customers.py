"""Customers at the station: whoever presents a token, at which connector, and what follows from the verdict."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from cc613_chargepoint.authorization import Authorizer, token_of
from cc613_chargepoint.authorization.policy import AuthorizationSettings, Mode
from cc613_chargepoint.authorization.rules import Directory
from cc613_chargepoint.domain.events import AvailabilityChanged, Decided, Identified, ReservationUsed, StateChanged, StationEvent
from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.domain.verdict import Verdict
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.store import Store, Transaction
from cc613hal.clock import Clock
from cc613hal.interfaces import CardEvent, CardReader, CardRefusals, DigitalInput, DigitalReading

__all__ = ["Customers", "StoreDirectory"]

_log = logging.getLogger(__name__)

_RANK = {State.CONNECTED: 0, State.AVAILABLE: 1, State.AUTHORISED: 2}
"""Where a customer is expected first."""
LATE = Verdict(
    token=Token(id="", source=TokenSource.CARD),
    accepted=False,
    reasons=("nobody identified in time: the plug may be somebody else's, and has to be pulled first",),
    rule="too-late",
)
"""Why a card does not begin a charge where a plug has waited for too long (OCPP 1.6 errata, 3.20); the token is put in."""


class StoreDirectory(Directory):
    """The local list and the cache of the store.

    Args:
        store: open.
        clock: the station's clock.
        size: how many answers are kept.
    """

    def __init__(self, store: Store, clock: Clock, *, size: int = 1000) -> None:
        self._store, self._clock, self._size = store, clock, size

    async def listed(self, identifier: str) -> KnownToken | None:
        """See :class:`~cc613_chargepoint.authorization.rules.Directory`."""
        return await self._store.read(lambda tx: tx.token_list.find(identifier), "looking a token up")

    async def cached(self, identifier: str) -> KnownToken | None:
        """See :class:`~cc613_chargepoint.authorization.rules.Directory`."""
        return await self._store.read(lambda tx: tx.token_cache.find(identifier), "looking a token up")

    async def remember(self, token: KnownToken) -> None:
        """See :class:`~cc613_chargepoint.authorization.rules.Directory`."""
        heard, size = self._clock.wall(), self._size

        def work(tx: Transaction) -> None:
            if tx.token_list.find(token.id) is None:  # what is on the list is never in the cache too (OCPP 1.6, 3.5.3)
                tx.token_cache.put(token, heard=heard, limit=size)

        await self._store.write(work, "keeping the backend's answer")


@frozen(kw_only=True)
class _Presentation:
    """Somebody identified: who, and where if that was said; ``late`` are the connectors for which a card came too late."""

    token: Token
    connector: int | None = None
    random: bool = False
    late: frozenset[int] = frozenset()


class Customers:
    """Takes presentations one after the other and tells the connectors.

    Args:
        connectors: of the station, by number.
        authorizer: decides.
        settings: who may charge.
        tell: where verdicts go.
        reader: the card reader; ``None`` without one.
        refusals: tells what the reader refused by itself; ``None`` where it does not.
        key_switch: lets charge while it is active; ``None`` without one.
    """

    def __init__(
        self,
        connectors: Mapping[int, ServedConnector],
        authorizer: Authorizer,
        settings: AuthorizationSettings,
        *,
        tell: Callable[[StationEvent], None],
        reader: CardReader | None,
        refusals: CardRefusals | None = None,
        key_switch: DigitalInput | None = None,
    ) -> None:
        self._connectors, self._authorizer, self._tell = connectors, authorizer, tell
        self.settings = settings
        self._reader, self._refusals, self._key_switch = reader, refusals, key_switch
        self._key_turned = False
        self.elsewhere: Callable[[Token, bool], bool | Verdict] | None = None
        """Where somebody else decides for this station: is told of every presentation, and says whether it took it, or its verdict."""
        self._out_of_service: set[int] = set()
        self._queue: asyncio.Queue[_Presentation] = asyncio.Queue(maxsize=32)

    def serves(self, connector: int) -> bool:
        """Whether customers are served at a connector."""
        return connector not in self._out_of_service

    def serve(self, connector: int, in_service: bool) -> None:
        """Put a connector into service or out of it; whoever charges there goes on, whoever has only identified does not."""
        if in_service == self.serves(connector):
            return
        (self._out_of_service.discard if in_service else self._out_of_service.add)(connector)
        if not in_service and self._connectors[connector].state is State.AUTHORISED:
            self._connectors[connector].stop("out of service")
        self._tell(AvailabilityChanged(connector=connector, in_service=in_service))

    def present(self, token: Token, *, connector: int | None = None, random: bool = False) -> None:
        """Somebody identifies, however; the verdict is told as :class:`~cc613_chargepoint.domain.events.Decided`.

        Args:
            token: who.
            connector: where; the station chooses if omitted.
            random: the card's identifier changes with every read.
        """
        taken = False if self.elsewhere is None else self.elsewhere(token, random)
        if isinstance(taken, Verdict):
            self._tell(Decided(connector=connector or next(iter(self._connectors)), verdict=taken))
        if taken:
            return
        try:
            self._queue.put_nowait(_Presentation(token=token, connector=connector, random=random, late=self._too_late(connector)))
        except asyncio.QueueFull:
            _log.warning("%s is not looked at: too many wait for their verdict", token.id)

    def hear(self, news: StationEvent) -> None:
        """A plug may bring a customer along: free charging, a turned key, somebody who was expected at another connector."""
        if isinstance(news, Identified):
            self.present(news.token, connector=news.connector)
            return
        if not isinstance(news, StateChanged) or news.after != State.CONNECTED.value:
            return
        here = self._connectors[news.connector]
        if here.token is not None or not self.serves(here.number):
            return
        waiting = [each for each in self._connectors.values() if each.state is State.AUTHORISED and each is not here]
        if len(waiting) == 1 and (token := waiting[0].token) is not None:
            group = waiting[0].group
            waiting[0].stop("the customer plugged in elsewhere")
            here.accept(token, group=group)
        elif self.settings.mode is Mode.FREE:
            self.present(Token(id=self.settings.free_id, source=TokenSource.FREE), connector=here.number)
        elif self._key_turned:
            self.present(Token(id="KEY", source=TokenSource.KEY_SWITCH), connector=here.number)

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._decide(), name="verdicts")
            if self._reader is not None:
                group.create_task(self._read_cards(self._reader), name="cards")
            if self._refusals is not None:
                group.create_task(self._hear_refusals(self._refusals), name="refused cards")
            if self._key_switch is not None:
                group.create_task(self._watch_key(self._key_switch), name="key switch")

    async def _decide(self) -> None:
        while True:
            await self._judge(await self._queue.get())

    async def _judge(self, presented: _Presentation) -> None:
        token = presented.token
        connector = self._meant_by(presented) if presented.connector is None else self._connectors[presented.connector]
        if (known := self._known_beforehand(presented, connector)) is not None:
            self._tell(Decided(connector=connector.number, verdict=known))
            if known.accepted:
                connector.accept(token, group=connector.group)
            return
        verdict = await self._authorizer.decide(token, connector=connector.number, random=presented.random)
        connector = self._group_of(verdict) or connector
        if verdict.accepted and not verdict.master and connector.token is None and connector.number in presented.late:
            verdict = evolve(LATE, token=token)
        self._tell(Decided(connector=connector.number, verdict=verdict))
        if verdict.accepted:
            self._let(connector, verdict)

    def _too_late(self, named: int | None) -> frozenset[int]:
        """Where a plug has waited for so long that a card, which names no connector, may be somebody else's."""
        if named is not None or self.settings.mode is not Mode.BACKEND or self.settings.late_card:
            return frozenset()
        return frozenset(each.number for each in self._connectors.values() if each.state is State.UNCLAIMED)

    def _known_beforehand(self, presented: _Presentation, connector: ServedConnector) -> Verdict | None:
        """What needs no rule: who ends the own charge, and who could neither begin nor end anything. A backend is not asked for them."""
        token = presented.token
        if connector.token is not None and connector.token.same_as(token):
            return Verdict(token=token, accepted=True, reasons=("ends the own charge",), rule="own-charge", parent=connector.group)
        if token.id.casefold() not in {card.casefold() for card in self.settings.master_cards}:
            elsewhere = [each for each in self._connectors.values() if each.token is not None or each.number not in presented.late]
            if elsewhere and all(each.token is not None and each.group is None for each in elsewhere):
                in_use = Verdict(token=token, accepted=False, reasons=("every connector is in use",), rule="no-connector")
                return evolve(LATE, token=token) if presented.late else in_use
            if not elsewhere:
                return evolve(LATE, token=token)
        if connector.token is None and not self.serves(connector.number):
            return Verdict(token=token, accepted=False, reasons=(f"connector {connector.number} is out of service",), rule="out-of-service")
        return None

    def admit(self, token: Token, connector: int) -> None:
        """Somebody need not be judged; what was reserved for them is used up as for everybody."""
        self._let(self._connectors[connector], Verdict(token=token, accepted=True, reasons=("started from afar",), rule="from-afar"))

    def _let(self, connector: ServedConnector, verdict: Verdict) -> None:
        if verdict.master:
            if connector.token is not None:
                connector.stop("ended with a master card")
            return
        if connector.token is None:
            used = self._authorizer.used(verdict, connector.number)
            if used is not None:
                self._tell(ReservationUsed(connector=connector.number, number=used.number))
        connector.accept(verdict.token, group=verdict.parent)

    def _meant_by(self, presented: _Presentation) -> ServedConnector:
        """Where a customer wants to charge, or stop: their own session, else a vehicle that waits for a customer, else a free place."""
        own = [each for each in self._connectors.values() if each.token is not None and each.token.same_as(presented.token)]
        ranked = sorted(
            self._connectors.values(),
            key=lambda each: (each.token is not None, not self.serves(each.number), each.number in presented.late, _rank(each.state)),
        )
        return (own or ranked)[0]

    def _group_of(self, verdict: Verdict) -> ServedConnector | None:
        """The connector where somebody of the same group charges: the card came to end that. A master card ends what runs."""
        if not verdict.accepted:
            return None
        if verdict.master:
            return next((each for each in self._connectors.values() if each.token is not None), None)
        if verdict.parent is None or any(
            each.token is not None and each.token.same_as(verdict.token) for each in self._connectors.values()
        ):
            return None
        return next((each for each in self._connectors.values() if each.token is not None and each.group == verdict.parent), None)

    async def _read_cards(self, reader: CardReader) -> None:
        pause_s = 1.0
        while True:
            try:
                await reader.start_polling()
                break
            except Exception as error:  # noqa: BLE001 - a station without its reader still serves all who identify otherwise
                _log.warning("cards cannot be read: %s: %s", type(error).__name__, error)
            await asyncio.sleep(pause_s)
            pause_s = min(60.0, 2.0 * pause_s)
        try:
            with reader.cards.stream() as cards:
                async for event in cards:
                    if event.present:
                        self._card_came(event)
        finally:
            try:
                await reader.stop_polling()
            except Exception as error:  # noqa: BLE001 - the end of the station does not wait for its reader
                _log.warning("the reader cannot be switched off: %s: %s", type(error).__name__, error)

    async def _hear_refusals(self, reader: CardRefusals) -> None:
        """What the reader refused is a refusal like another: whoever stands there is told, and why is kept."""
        with reader.refusals.stream() as refusals:
            async for refusal in refusals:
                token = Token(id="", source=TokenSource.CARD)
                verdict = Verdict(token=token, accepted=False, reasons=(refusal.detail or refusal.reason.value,), rule="reader")
                self._tell(Decided(connector=next(iter(self._connectors)), verdict=verdict))

    def _card_came(self, event: CardEvent) -> None:
        token = token_of(event.card)
        if not self._authorizer.is_repeat(token):
            self.present(token, random=event.card.random_uid)

    async def _watch_key(self, switch: DigitalInput) -> None:
        with switch.changes.stream() as changes:
            try:
                self._key_moved(await switch.read_input())
            except Exception as error:  # noqa: BLE001 - not known is not turned; its next change tells
                _log.warning("the key switch cannot be read: %s: %s", type(error).__name__, error)
            async for reading in changes:
                self._key_moved(reading)

    def _key_moved(self, reading: DigitalReading) -> None:
        self._key_turned = reading.active
        for connector in self._connectors.values():
            if reading.active and connector.state in {State.CONNECTED, State.UNCLAIMED} and connector.token is None:
                self.present(Token(id="KEY", source=TokenSource.KEY_SWITCH), connector=connector.number)
            elif not reading.active and connector.token is not None and connector.token.source is TokenSource.KEY_SWITCH:
                connector.stop("key switch turned off")


def _rank(state: State) -> int:
    """A plug that has waited for too long is a plug all the same, where that does not count against it."""
    return _RANK.get(State.CONNECTED if state is State.UNCLAIMED else state, len(_RANK))
