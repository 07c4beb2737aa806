"""The composition root: takes a board, builds the station, runs it. The only module that knows everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, Self

from attrs import field, fields, frozen

from cc613_chargepoint.around import heat_of, household_of, surroundings_of
from cc613_chargepoint.authorization import Authorizer
from cc613_chargepoint.authorization.memory import MemoryDirectory
from cc613_chargepoint.authorization.plugins import rules_of_plugins
from cc613_chargepoint.authorization.policy import AuthorizationSettings, FreeMode, Mode, rules_for
from cc613_chargepoint.authorization.rules import Backend, Directory, Reservations
from cc613_chargepoint.customers import Customers, StoreDirectory
from cc613_chargepoint.domain.events import FaultCleared, FaultRaised, StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.limit import HARDWARE, INSTALLATION, OPERATOR
from cc613_chargepoint.evse.actor import ConnectorActor
from cc613_chargepoint.evse.connector import Connector
from cc613_chargepoint.evse.heat import ClimateMode, HeatSettings, HeatWatch
from cc613_chargepoint.evse.high_level import HighLevel
from cc613_chargepoint.evse.household import HouseholdConnector, HouseholdSettings
from cc613_chargepoint.evse.parts import ConnectorParts, HouseholdParts
from cc613_chargepoint.evse.recording import SessionRecorder
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.signing import SessionSigner
from cc613_chargepoint.evse.surroundings import Surroundings, SurroundingsSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.history import History
from cc613_chargepoint.hmi import HmiSettings, Panel
from cc613_chargepoint.housekeeping import keep_house
from cc613_chargepoint.limits import LimitBook
from cc613_chargepoint.metering import SignedSessions, SigningSettings
from cc613_chargepoint.records import Along, StoreRecorder, close_interrupted, interrupted
from cc613_chargepoint.settings import Settings, table
from cc613_chargepoint.signed_records import settle, signed_sessions
from cc613_chargepoint.store import Store
from cc613hal.board import Board
from cc613hal.errors import ConfigError, NotOnBoard
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import (
    CardReader,
    CardRefusals,
    ControlPilot,
    DigitalInput,
    HouseholdSocket,
    PresenceSensor,
    Relay,
    SignedMeter,
    SupplyMonitor,
    TemperatureSensor,
    TiltSensor,
)

__all__ = ["INSTALLATION", "Station", "StationSettings", "connector_numbers"]


@frozen(kw_only=True)
class StationSettings:
    """What an installer decides.

    Attributes:
        hardware_current_a: what controller, contactor and wires bear, A per phase.
        installed_current_a: what the installation may give, A per phase.
        operator_current_a: what the operator allows, A per phase; ``None`` for no limit of theirs.
        authorization: who may charge.
        connector: how every connector behaves.
        household: how a household socket behaves.
        heat: what temperatures mean.
        surroundings: what tilt, supply, breakers and parking bays mean.
        store_sample_s: between stored samples of a session, s.
        signing: how sessions are signed where the meter can.
        hmi: what lights, displays and sounders say.
    """

    hardware_current_a: float = 80.0
    installed_current_a: float = 16.0
    operator_current_a: float | None = None
    authorization: AuthorizationSettings = field(factory=AuthorizationSettings)
    connector: ConnectorSettings = field(factory=ConnectorSettings)
    household: HouseholdSettings = field(factory=HouseholdSettings)
    heat: HeatSettings = field(factory=HeatSettings)
    surroundings: SurroundingsSettings = field(factory=SurroundingsSettings)
    store_sample_s: float = 60.0
    signing: SigningSettings = field(factory=SigningSettings)
    hmi: HmiSettings = field(factory=HmiSettings)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the parameter table says."""
        values = settings.plain()
        names = (each.name for each in fields(ConnectorSettings))
        connector = {name: values[_CONNECTOR_KEYS.get(name, f"connector.{name}")] for name in names}
        authorization = {each.name: values[f"authorization.{each.name}"] for each in fields(AuthorizationSettings)}
        return cls(
            hardware_current_a=settings.get(table.HARDWARE_CURRENT_A),
            installed_current_a=settings.get(table.INSTALLED_CURRENT_A),
            operator_current_a=settings.get(table.OPERATOR_CURRENT_A),
            authorization=AuthorizationSettings(
                **{**authorization, "mode": Mode(authorization["mode"]), "free_mode": FreeMode(authorization["free_mode"])}
            ),
            connector=ConnectorSettings(**connector),
            household=household_of(values),
            heat=heat_of(values),
            surroundings=surroundings_of(values),
            store_sample_s=settings.get(table.STORE_SAMPLE_S),
            signing=SigningSettings(
                enabled=settings.get(table.SIGN),
                charge_point=settings.get(table.SIGNED_CHARGE_POINT),
                tariff_text=settings.get(table.SIGNED_TARIFF_TEXT),
                needs_time=settings.get(table.SIGN_NEEDS_TIME),
            ),
            hmi=HmiSettings.of(settings),
        )


_CONNECTOR_KEYS = {
    "sample_s": table.SAMPLE_S.key,
    "meter_lost_s": table.METER_LOST_S.key,
    "meter_lost_policy": table.METER_LOST_POLICY.key,
    "meter_behind_rcd": table.METER_BEHIND_RCD.key,
}
"""Where a connector's parameter stands in another group."""


class Station:
    """A charging station with one or more connectors.

    Args:
        board: open.
        settings: what the installer decided.
        number: serve this connector only; every one the board has a control pilot for if omitted.
        store: where sessions and faults are kept; without one they are only told, and nothing is signed.
        recorder: puts sessions into the store; one of its own if omitted.
        backend: who is asked for tokens that the station does not know.
        elsewhere: connectors of the station whose parts are on another controller's board.
        along: is called in the transaction of every session's begin and end: what is owed to others about them.
        high_level: who talks ISO 15118 at a connector.
        signed_meters: what signs at a connector where that is not the board's own meter (a signing controller).

    Raises:
        NotOnBoard: the board lacks a part that no charge can do without.
        ConfigError: a connector is on this board and elsewhere.
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
        along: Along | None = None,
        backend: Backend | None = None,
        elsewhere: Sequence[ServedConnector] = (),
        high_level: Mapping[int, HighLevel] | None = None,
    ) -> None:
        clock = board.clock
        self._clock = clock
        self._store = store
        self.restart = asyncio.Event()
        self._news: EventSource[StationEvent] = EventSource("station")
        self._resume_within_s = settings.connector.resume_within_s
        self._recorder = recorder or (None if store is None else StoreRecorder(store, clock, along=along))
        self._history = None if store is None else History(store, clock)
        self.books: dict[int, LimitBook] = {}
        self.connectors: dict[int, ServedConnector] = {}
        self.signing: dict[int, SignedSessions] = {}
        for each in [number] if number is not None else connector_numbers(board, household=settings.household.enabled):
            self._serve(board, each, settings, signed_meter=(signed_meters or {}).get(each), high_level=(high_level or {}).get(each))
        self.services: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        """What runs along with the station, by name; before it runs, others may add theirs."""
        self._elsewhere = self._join(elsewhere)
        self._backend, self._rules = backend, rules_of_plugins()
        self.authorizer = Authorizer(clock, reservations=self._reservations())
        key_switch = board.get(DigitalInput, settings.authorization.key_switch) if settings.authorization.key_switch else None
        self.customers = Customers(
            self.connectors,
            self.authorizer,
            settings.authorization,
            tell=self._news.publish,
            reader=board.optional(CardReader),
            refusals=board.optional(CardRefusals),
            key_switch=key_switch,
        )
        self._panel = Panel(board, self.connectors, settings.hmi)
        self.obey(settings)
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
        self._news.on(self.customers.hear)
        self._news.on(self._panel.hear)
        if self._history is not None:
            self._news.on(self._history.hear)

    def _serve(
        self, board: Board, number: int, settings: StationSettings, *, signed_meter: SignedMeter | None, high_level: HighLevel | None
    ) -> None:
        """A connector of the board, with its limits and with what signs its sessions."""
        book = self.books[number] = LimitBook(self._clock)
        meter = signed_meter or board.optional(SignedMeter, connector=number)
        if meter is not None and self._store is not None and settings.signing.enabled:
            self.signing[number] = signed_sessions(
                meter, self._store, self._clock, settings.signing, number=number, tell=self._news.publish
            )
        signer = self.signing.get(number)
        self.connectors[number] = _connector(board, number, book, settings, recorder=self._recorder, signer=signer, high_level=high_level)

    def _join(self, elsewhere: Sequence[ServedConnector]) -> frozenset[int]:
        """Connectors of other controllers; which numbers they have."""
        numbers = frozenset(each.number for each in elsewhere)
        if taken := sorted(numbers & set(self.connectors)):
            raise ConfigError(f"this board has a connector {taken[0]} of its own", hint="give the other controller's another number")
        for connector in elsewhere:
            self.connectors[connector.number], self.books[connector.number] = connector, connector.limits
        return numbers

    @property
    def connector(self) -> ServedConnector:
        """The first connector."""
        return next(iter(self.connectors.values()))

    @property
    def lights(self) -> bool:
        """Whether there are lights for customers."""
        return self._panel.lights

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
            book.set(HARDWARE, settings.hardware_current_a)
            book.set(INSTALLATION, settings.installed_current_a)
            if settings.operator_current_a is None:
                book.withdraw(OPERATOR)
            else:
                book.set(OPERATOR, settings.operator_current_a)
        for connector in self.connectors.values():
            connector.obey(settings.connector)
        self.customers.settings = settings.authorization
        self.authorizer.repeat_s = settings.authorization.repeat_s
        self.authorizer.rules = rules_for(settings.authorization, self._directory(settings.authorization), self._backend, self._rules)
        self._panel.obey(settings.hmi)
        if self._recorder is not None:
            self._recorder.every_s = settings.store_sample_s

    def _directory(self, settings: AuthorizationSettings) -> Directory:
        if self._store is None:
            return MemoryDirectory(size=settings.cache_size)
        return StoreDirectory(self._store, self._clock, size=settings.cache_size)

    async def run(self) -> None:
        """Serve until cancelled. Sessions that the last run left open are ended first."""
        if self._store is not None and self._history is not None:
            self.authorizer.reservations.restore(await self._history.reservations())
            for fault in await self._history.begin():
                self._news.publish(FaultRaised(connector=0, fault=fault))
            await settle(self.signing.values())
            along = None if self._recorder is None else self._recorder.along
            for news in await close_interrupted(
                self._store, self._clock, spared=self._elsewhere, keep=await self._taken_up(self._store), along=along
            ):
                self._news.publish(news)
        async with asyncio.TaskGroup() as group:
            for number, connector in self.connectors.items():
                group.create_task(connector.run(), name=f"connector {number}")
            for number, signing in self.signing.items():
                group.create_task(signing.run(), name=f"signed records of connector {number}")
            group.create_task(self.heat.run(), name="heat")
            group.create_task(self._surroundings.run(), name="surroundings")
            if self._history is not None:
                group.create_task(self._history.run(), name="history")
            if self._store is not None:
                group.create_task(keep_house(self._store, self._clock, self._busy), name="housekeeping")
            group.create_task(self._panel.run(), name="hmi")
            group.create_task(self.customers.run(), name="customers")
            for name, service in self.services.items():
                group.create_task(service(), name=name)

    def _reservations(self) -> Reservations:
        numbers = tuple(self.connectors)
        if self._history is None:
            return Reservations(numbers, free=self._free)
        return Reservations(numbers, changed=self._history.reserved, free=self._free)

    def _free(self) -> list[int]:
        """The connectors with nobody and nothing there."""
        return [number for number, each in self.connectors.items() if each.state is State.AVAILABLE and self.customers.serves(number)]

    async def _taken_up(self, store: Store) -> Collection[int]:
        """The sessions that a power cut interrupted and a connector goes on with; a clock that cannot tell how long ago ends them."""
        taken: set[int] = set()
        for each in await interrupted(store):
            connector = self.connectors.get(each.connector)
            gone_s = abs((self._clock.wall() - each.last).total_seconds())
            if connector is not None and gone_s <= self._resume_within_s and connector.resume(each.session):
                taken.add(each.session.number)
        return taken

    def _busy(self) -> bool:
        """Whether a customer is being served."""
        idle = {State.AVAILABLE, State.CONNECTED, State.UNCLAIMED, State.HELD, State.FAULTED}
        return any(each.state not in idle for each in self.connectors.values())

    def clear_fault(self, name: FaultName, by: str) -> None:
        """Somebody has been there: a fault of the station as a whole is gone."""
        self._news.publish(FaultCleared(connector=0, fault=Fault(name=name, detail=by)))


def connector_numbers(board: Board, *, household: bool = True) -> list[int]:
    """The connectors of a board, ascending: those with a control pilot, and those with a household socket if it is wanted.

    Raises:
        NotOnBoard: there is none.
    """
    names = {*board.all(ControlPilot), *(board.all(HouseholdSocket) if household else ())}
    if not names:
        raise NotOnBoard(f"no device of {board.description.name} is a ControlPilot", hint="a station needs at least one connector")
    return sorted({board.parts[name].description.connector or 1 for name in names})


def _connector(
    board: Board,
    number: int,
    book: LimitBook,
    settings: StationSettings,
    *,
    recorder: SessionRecorder | None,
    signer: SessionSigner | None,
    high_level: HighLevel | None,
) -> ConnectorActor:
    clock = board.clock
    if board.all(HouseholdSocket, connector=number):
        parts = HouseholdParts.of(board, number)
        return HouseholdConnector(parts, clock, book, settings.connector, household=settings.household, recorder=recorder, signer=signer)
    return Connector(ConnectorParts.of(board, number), clock, book, settings.connector, recorder, signer=signer, high_level=high_level)
