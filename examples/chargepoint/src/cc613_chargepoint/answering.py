"""How a station carries out the facade's commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from attrs import evolve

from cc613_chargepoint.app import Station
from cc613_chargepoint.domain.events import (
    ChargingEnded,
    FaultCleared,
    FaultRaised,
    Offered,
    Sampled,
    SessionEnded,
    StateChanged,
    StationEvent,
    StepDone,
)
from cc613_chargepoint.domain.fault import Clearing, Fault, FaultName
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.facade import Facade, Handler, Refused
from cc613_chargepoint.facade.codec import packed
from cc613_chargepoint.facade.commands import (
    Answer,
    ChangeSettings,
    ClearFault,
    Command,
    ConnectorStatus,
    Done,
    FaultList,
    FaultView,
    GetSettings,
    GetStatus,
    LimitView,
    ListFaults,
    ListSessions,
    SessionList,
    SetLimit,
    SettingsAnswer,
    SettingView,
    StartCharge,
    StationStatus,
    StopCharge,
    Unlock,
    WithdrawLimit,
)
from cc613_chargepoint.limits import LimitBook
from cc613_chargepoint.serving import ServiceAnswers, remote_token
from cc613_chargepoint.settings import RESET, TABLE, Actor, Layer, Settings, SettingsRefused
from cc613_chargepoint.signed_export import SignedAnswers
from cc613_chargepoint.store import FaultEntry, Store, Transaction
from cc613_chargepoint.store.export import session_dict
from cc613hal.board import Board
from cc613hal.errors import DeadlineExceeded, Unsupported

__all__ = ["StationAnswers"]

CONFIRM_S = 20.0
"""How long the effect of a command may take, s."""


class StationAnswers:
    """Carries out the commands at a station.

    Args:
        station: is asked and told.
        board: its board.
        store: its store, if it has one.
        settings: its settings, if it has some.
        backend: how its backend connection is, in words, if it has one.
    """

    def __init__(
        self,
        station: Station,
        board: Board,
        store: Store | None = None,
        settings: Settings | None = None,
        *,
        backend: Callable[[], str] = str,
    ) -> None:
        self._backend = backend
        self._station = station
        self._board = board
        self._offers: dict[int, Offered] = {}
        self._samples: dict[int, Sampled] = {}
        self._of_station: dict[FaultName, Fault] = {}
        station.news.on(self._hear)
        handlers: dict[type[Command], Handler] = {
            GetStatus: self._status,
            StartCharge: self._start,
            StopCharge: self._stop,
            Unlock: self._unlock,
            SetLimit: self._set_limit,
            WithdrawLimit: self._withdraw_limit,
        }
        handlers |= ServiceAnswers(station, board, self._connector, self.offered_a).handlers()
        if store is not None:
            self._store = store
            handlers |= {ListSessions: self._sessions, ListFaults: self._faults, ClearFault: self._clear_fault}
            handlers |= SignedAnswers(station, store, self._connector).handlers()
        if settings is not None:
            self._settings = settings
            handlers |= {GetSettings: self._get_settings, ChangeSettings: self._change_settings}
        self.facade = Facade(handlers, station.news)

    def _hear(self, news: StationEvent) -> None:
        match news:
            case Offered():
                self._offers[news.connector] = news
            case Sampled():
                self._samples[news.connector] = news
            case ChargingEnded() | SessionEnded():
                self._samples.pop(news.connector, None)
            case StateChanged() if news.after in {State.AVAILABLE.value, State.FAULTED.value}:
                self._samples.pop(news.connector, None)
            case FaultRaised(connector=0, fault=fault):
                self._of_station[fault.name] = fault
            case FaultCleared(connector=0, fault=fault):
                self._of_station.pop(fault.name, None)

    def offered_a(self, connector: int) -> float:
        """What a vehicle may draw at a connector now, A per phase."""
        offer = self._offers.get(connector)
        return 0.0 if offer is None else offer.offer.current_a

    def status(self, role: Role) -> StationStatus:
        """How the station is, as far as a role may know."""
        return StationStatus(
            board=self._board.description.name,
            connectors=tuple(self._connector_status(each, role) for each in self._station.connectors.values()),
            devices={name: health.state.value for name, health in self._board.health().items()},
            clock_state=self._board.clock.state.value,
            backend=self._backend(),
            faults=tuple(_standing(each, 0) for each in self._of_station.values()),
            lights=self._station.lights,
        )

    def status_page(self) -> tuple[int, Any]:
        """For ``/status``: what everybody may know."""
        return 200, packed(self.status(Role.USER))["data"]

    def health_page(self) -> tuple[int, Any]:
        """For ``/health``: 200 while every connector can charge, 503 while one is out of order."""
        faults = [fault.name.word for each in self._station.connectors.values() for fault in each.faults]
        return (503, {"status": "faulted", "faults": faults}) if faults else (200, {"status": "ok", "faults": []})

    def _connector_status(self, connector: ServedConnector, role: Role) -> ConnectorStatus:
        offer, sample = self._offers.get(connector.number), self._samples.get(connector.number)
        signing = self._station.signing.get(connector.number)
        return ConnectorStatus(
            number=connector.number,
            state=connector.state.value,
            token=connector.token.id if connector.token is not None and role >= Role.OPERATOR else "",
            offer_a=offer.offer.current_a if offer is not None else 0.0,
            offer_source=offer.offer.source if offer is not None else "",
            limits=self._limits(self._station.books[connector.number]),
            power_w=sample.sample.power_w if sample is not None else None,
            energy_wh=sample.energy_wh if sample is not None else None,
            faults=tuple(_standing(each, connector.number) for each in connector.faults),
            in_service=self._station.customers.serves(connector.number),
            locks=connector.locks,
            signs=signing is not None,
            signs_now=signing is not None and signing.signs_now,
            restarts=connector.restarts,
        )

    def _limits(self, book: LimitBook) -> tuple[LimitView, ...]:
        now_s = self._board.clock.monotonic_s()
        return tuple(
            LimitView(
                source=each.named,
                current_a=each.on(book.phases),
                phases=each.phases,
                ends_s=None if each.until_s is None else round(each.until_s - now_s, 1),
                then_a=each.then_a,
            )
            for each in book.limits
        )

    def _connector(self, number: int) -> ServedConnector:
        try:
            return self._station.connectors[number]
        except KeyError:
            known = ", ".join(str(each) for each in self._station.connectors)
            raise Refused(f"there is no connector {number}", hint=f"there is: {known}") from None

    async def _confirmed(self, connector: ServedConnector, act: Callable[[], None], holds: Callable[[StationEvent], str]) -> Done:
        """Act, and wait for the news that proves it.

        Raises:
            Refused: a fault came instead.
            DeadlineExceeded: nothing came.
        """
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def hear(news: StationEvent) -> None:
            if news.connector != connector.number or answer.done():
                return
            if isinstance(news, FaultRaised):
                answer.set_exception(Refused(f"{news.fault.name.word}: {news.fault.detail}"))
            elif detail := holds(news):
                answer.set_result(detail)

        with self._station.news.on(hear):
            act()
            try:
                async with asyncio.timeout(CONFIRM_S):
                    return Done(detail=await answer)
            except TimeoutError as error:
                raise DeadlineExceeded(f"connector {connector.number} did not do it within {CONFIRM_S:g} s") from error

    async def _status(self, command: GetStatus, actor: Actor) -> Answer:
        del command
        return self.status(actor.role)

    async def _start(self, command: StartCharge, actor: Actor) -> Answer:
        del actor
        connector = self._connector(command.connector)
        if connector.faults:
            raise Refused(f"connector {connector.number} has a fault: {connector.faults[0].name.word}")
        if connector.token is not None or connector.state not in {State.AVAILABLE, State.CONNECTED, State.UNCLAIMED}:
            raise Refused(f"connector {connector.number} is {connector.state.value}")
        if not self._station.customers.serves(connector.number):
            raise Refused(f"connector {connector.number} is out of service")
        token = remote_token(command.token)
        return await self._confirmed(
            connector,
            lambda: self._station.customers.admit(token, connector.number),
            lambda news: news.after if isinstance(news, StateChanged) else "",
        )

    async def _stop(self, command: StopCharge, actor: Actor) -> Answer:
        del actor
        connector = self._connector(command.connector)
        if connector.token is None or connector.state in {State.FINISHING, State.FAULTED}:
            raise Refused(f"connector {connector.number} has no session to stop")
        over = {State.FINISHING.value, State.HELD.value, State.AVAILABLE.value, State.CONNECTED.value}
        return await self._confirmed(
            connector,
            lambda: connector.stop(command.reason, keep_plug=command.keep_plug),
            lambda news: news.after if isinstance(news, StateChanged) and news.after in over else "",
        )

    async def _unlock(self, command: Unlock, actor: Actor) -> Answer:
        connector = self._connector(command.connector)
        if not connector.locks:
            raise Unsupported(f"connector {connector.number} has no lock", hint="its cable is fixed")
        if any(fault.name is FaultName.CONTACTOR_WELDED for fault in connector.faults):
            raise Refused("the contactor hangs: a plug that may be live stays locked")
        because = f"unlock asked for by {actor.name}"
        running = connector.token is not None and connector.state not in {State.AUTHORISED, State.FINISHING, State.FAULTED}
        return await self._confirmed(
            connector,
            lambda: connector.stop(because) if running else connector.release_plug(because),
            lambda news: news.detail if isinstance(news, StepDone) and news.step == "unlock" else "",
        )

    def _books(self, number: int) -> list[LimitBook]:
        return list(self._station.books.values()) if number == 0 else [self._station.books[self._connector(number).number]]

    async def _set_limit(self, command: SetLimit, actor: Actor) -> Answer:
        del actor
        if not 0.0 <= command.current_a <= 1000.0 or not (command.for_s is None or command.for_s > 0.0):
            raise Refused("a limit has 0 to 1000 A, and a duration above 0 s or none")
        if not 0 < len(command.source) <= 40 or not command.source.isprintable():
            raise Refused("the source of a limit has 1 to 40 characters")
        for book in self._books(command.connector):
            try:
                book.set(command.source, command.current_a, for_s=command.for_s, then_a=command.then_a, phases=command.phases)
            except ValueError as error:
                raise Refused(str(error)) from None
        return self._effective(command.connector)

    async def _withdraw_limit(self, command: WithdrawLimit, actor: Actor) -> Answer:
        del actor
        for book in self._books(command.connector):
            book.withdraw(command.source)
        return self._effective(command.connector)

    def _effective(self, number: int) -> Done:
        offers = [book.effective() for book in self._books(number)]
        return Done(detail="; ".join(f"{offer.current_a:g} A by {offer.source}" for offer in offers))

    async def _sessions(self, command: ListSessions, actor: Actor) -> Answer:
        del actor
        limit = min(max(1, command.limit), 1000)

        def work(tx: Transaction) -> list[dict[str, Any]]:
            found = tx.sessions.recent(limit, before=command.before)
            return [session_dict(each, intervals=tx.sessions.intervals(each.number)) for each in found]

        return SessionList(sessions=tuple(await self._store.read(work, "listing sessions")))

    async def _faults(self, command: ListFaults, actor: Actor) -> Answer:
        del actor
        limit = min(max(1, command.limit), 1000)
        return FaultList(faults=tuple(_view(each) for each in await self._store.read(lambda tx: tx.faults.recent(limit), "listing faults")))

    async def _clear_fault(self, command: ClearFault, actor: Actor) -> Answer:
        try:
            name = FaultName.of(command.name)
        except KeyError:
            raise Refused(f"there is no fault {command.name!r}") from None
        if name.clearing is not Clearing.SERVICE:
            raise Refused(f"{name.word} is not cleared by people, but by: {name.clearing.value}")
        now, by = self._board.clock.wall(), f"cleared by {actor.name}"
        if command.connector:
            self._connector(command.connector).clear_fault(name, by)

        def work(tx: Transaction) -> bool:
            subject = f"{command.connector}:{name.word}"
            tx.audit.add(at=now, actor=actor.name, role=actor.role.value, action="clear fault", subject=subject)
            return tx.faults.end(name=name.word, connector=command.connector, cleared=now, by=by)

        stood = await self._store.write(work, "clearing a fault")
        if stood and not command.connector:
            self._station.clear_fault(name, by)
        return Done(detail=f"{name.word} {'cleared' if stood else 'did not stand'}")

    async def _get_settings(self, command: GetSettings, actor: Actor) -> Answer:
        del command
        return _settings_answer(self._settings, tuple(self._settings.all(actor.role)))

    async def _change_settings(self, command: ChangeSettings, actor: Actor) -> Answer:
        unknown = [name for name in command.layers if name not in {layer.value for layer in Layer}]
        if unknown:
            raise SettingsRefused([("", f"there is no layer {name!r}") for name in unknown])
        changes = {
            Layer(name): {key: RESET if value is None else value for key, value in values.items()}
            for name, values in command.layers.items()
        }
        news = await self._settings.apply(changes, actor=actor, texts=command.texts)
        answer = _settings_answer(self._settings, tuple(news.values))
        return evolve(answer, restart=news.restart)


def _settings_answer(settings: Settings, keys: tuple[str, ...]) -> SettingsAnswer:
    seen = settings.all()
    return SettingsAnswer(values={key: SettingView(value=TABLE[key].json(seen[key].value), layer=seen[key].layer.value) for key in keys})


def _standing(fault: Fault, connector: int) -> FaultView:
    kind = fault.name.kind
    return FaultView(name=kind.word, connector=connector, severity=kind.severity.value, detail=fault.detail, en=kind.en, de=kind.de)


def _view(entry: FaultEntry) -> FaultView:
    try:
        kind = FaultName.of(entry.name).kind
        en, de = kind.en, kind.de
    except KeyError:  # an older version knew it
        en = de = entry.name
    return FaultView(
        name=entry.name, connector=entry.connector, severity=entry.severity, detail=entry.detail, en=en, de=de, raised=entry.raised,
        cleared=entry.cleared,
    )  # fmt: skip
