"""What every connector's actor has: a queue of events, a state that only its table changes, faults that stand, and a coil to drop."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping

from cc613_chargepoint.domain.events import CustomerAccepted, FaultCleared, FaultRaised, StateChanged, StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName, Severity
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.jobs import Jobs
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.evse.switching import StepFailed
from cc613_chargepoint.evse.transitions import Action, Event, State, Step
from cc613_chargepoint.limits import LimitBook
from cc613hal.clock import Clock
from cc613hal.errors import HalError
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import ImmediateOff

__all__ = ["ConnectorActor"]

_log = logging.getLogger(__name__)


class ConnectorActor(ServedConnector):
    """One connector, whatever is plugged in there.

    One task owns the state. Callbacks from the parts may do one thing by themselves: release the contactor's coil, because a residual
    current, a vehicle that stops asking, or a plug that leaves must not wait for a turn. Everything else is queued.

    Args:
        number: of the connector.
        drop: the immediate release of its contactor.
        clock: the station's clock.
        limits: every limit that applies to it.
        table: what follows from an event in a state.
    """

    def __init__(
        self, number: int, drop: ImmediateOff, clock: Clock, limits: LimitBook, table: Callable[[State, Event], Step | None]
    ) -> None:
        self.number = number
        self.limits = limits
        self._coil = drop
        self._clock = clock
        self._table = table
        self._news: EventSource[StationEvent] = EventSource(f"connector {number}")
        self._queue: asyncio.Queue[tuple[Event, str] | None] = asyncio.Queue()
        self._restarting = ""
        self._state = State.AVAILABLE
        self._faults: dict[FaultName, Fault] = {}
        self._token: Token | None = None
        self._group: str | None = None
        self._contactor_on = False
        self._stop_reason = ""
        self._jobs = Jobs(f"connector {number}", self._failed)
        self._actions: Mapping[Action, Callable[[], Awaitable[None]]] = self._carried_out()

    @property
    def news(self) -> Events[StationEvent]:
        """Everything that happens here."""
        return self._news

    @property
    def state(self) -> State:
        """Where the connector is."""
        return self._state

    @property
    def token(self) -> Token | None:
        """Whose turn it is."""
        return self._token

    @property
    def group(self) -> str | None:
        """The group of whose turn it is; whoever is of it may end the charge."""
        return self._group

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What stands against charging."""
        return tuple(self._faults.values())

    def accept(self, token: Token, *, group: str | None = None) -> None:
        """A customer was accepted: starts a charge, or stops the one that the same customer, or one of the same group, started."""
        if self._token is None:
            self._token, self._group = token, group
            self._news.publish(CustomerAccepted(connector=self.number, token=token))
            self._post(Event.ACCEPTED, f"{token.source.value} {token.id}")
        elif self._token.same_as(token):
            self.stop("card presented again")
        elif group is not None and group == self._group:
            self.stop("card of the same group presented")

    def stop(self, reason: str, *, keep_plug: bool = False) -> None:
        """See :class:`ServedConnector`."""
        self._stop_reason = reason
        self._post(Event.CUSTOMER_REFUSED if keep_plug and self._may_hold else Event.STOP_REQUESTED, reason)

    @property
    def _may_hold(self) -> bool:
        """Whether the plug can be kept from whoever is not its owner."""
        return False

    def raise_fault(self, fault: Fault) -> None:
        """A fault from around the connector stands from now on: unless it is a warning, the contactor opens in this loop iteration."""
        if fault.name.kind.severity is Severity.WARNING:
            self._note(fault)
            return
        self._drop()
        self._raise(fault)

    def clear_fault(self, name: FaultName, because: str) -> None:
        """The cause of a fault is gone; nothing happens if it does not stand."""
        if (fault := self._faults.pop(name, None)) is not None:
            self._news.publish(FaultCleared(connector=self.number, fault=fault))
            if not self._stopping_faults():
                self._post(Event.CLEARED, because)

    def _stopping_faults(self) -> tuple[Fault, ...]:
        """The faults that are more than warnings."""
        return tuple(fault for fault in self._faults.values() if fault.name.kind.severity is not Severity.WARNING)

    @abstractmethod
    def _carried_out(self) -> Mapping[Action, Callable[[], Awaitable[None]]]:
        """How each action of the table is carried out."""

    @property
    def restarts(self) -> bool:
        """See :class:`ServedConnector`."""
        return True

    def restart(self, reason: str) -> None:
        """See :class:`ServedConnector`."""
        self._restarting = reason
        self._queue.put_nowait(None)

    async def run(self) -> None:
        """See :class:`ServedConnector`."""
        while True:
            await self._live()
            await self._end_life(self._restarting)

    @abstractmethod
    async def _live(self) -> None:
        """Look at everything, then serve until cancelled, or until it shall start again; the contactor is off when this returns."""

    async def _end_life(self, reason: str) -> None:
        """Nothing of what was stays: neither customer nor faults; those whose causes stand come back with the first look."""
        self._stop_reason = self._stop_reason or reason
        ends = (Action.OPEN, Action.WITHDRAW, Action.END_SESSION, Action.FORGET)
        for carry_out in [self._actions[each] for each in ends if each in self._actions]:
            try:
                await carry_out()
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the fault has a name until the next look
                self._failed(error)
        while not self._queue.empty():
            self._queue.get_nowait()
        before, self._state, self._restarting = self._state, State.AVAILABLE, ""
        self._token, self._group, self._contactor_on = None, None, False
        if before is not State.AVAILABLE:
            self._news.publish(StateChanged(connector=self.number, before=before.value, after=self._state.value, because=reason))
        for name in tuple(self._faults):
            self._news.publish(FaultCleared(connector=self.number, fault=self._faults.pop(name)))

    async def _serve(self) -> None:
        """Take one event after the other, until cancelled, or until the connector shall start again."""
        while not self._restarting and (taken := await self._queue.get()) is not None:
            await self._handle(*taken)

    async def _handle(self, event: Event, because: str) -> None:
        following = self._table(self._state, event)
        if following is None:
            await self._unmoved(event)
            return
        before, self._state = self._state, following.next
        if following.next is not before:
            self._news.publish(StateChanged(connector=self.number, before=before.value, after=following.next.value, because=because))
        if Action.FORGET in following.actions:  # at once: whoever comes while the plug is still being released is the next customer
            self._token, self._group = None, None
        for action in following.actions:
            try:
                await self._actions[action]()
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the contactor is off and the fault has a name
                self._failed(error)
        self._moved(before, event)

    @abstractmethod
    async def _unmoved(self, event: Event) -> None:
        """An event that the table has no row for in this state."""

    @abstractmethod
    def _moved(self, before: State, event: Event) -> None:
        """The actions of an event were carried out."""

    def _expect_in_time(self, seconds: float, event: Event, what: str) -> None:
        """Wait for a customer or a plug, s; where nothing changes until then, that is an event."""

        async def expect() -> None:
            await self._clock.sleep(seconds)
            self._post(event, f"{what} within {seconds:g} s")

        self._jobs.start("expect", expect())

    def _drop(self) -> None:
        """Release the coil; where the coil's own chip is the part that went, the fault that follows says so."""
        try:
            self._coil.off_now()
        except HalError as error:
            _log.error("connector %d: the coil cannot be released: %s", self.number, error)

    def _post(self, event: Event, because: str) -> None:
        self._queue.put_nowait((event, because))

    def _raise(self, fault: Fault) -> None:
        self._note(fault)
        if fault.name.kind.severity is not Severity.WARNING:
            self._post(Event.FAULT, fault.detail)

    def _note(self, fault: Fault) -> None:
        """A fault stands; what follows from it has its own row in the table."""
        if fault.name not in self._faults:
            self._faults[fault.name] = fault
            self._news.publish(FaultRaised(connector=self.number, fault=fault))
        if fault.name.kind.severity is not Severity.WARNING:
            self._stop_reason = self._stop_reason or f"fault: {fault.name.word}"

    def _failed(self, error: Exception) -> None:
        """What a step or a job raised, as a fault."""
        if isinstance(error, StepFailed):
            self._raise(error.fault)
            return
        self._drop()
        if not isinstance(error, HalError):
            _log.error("connector %d: a defect of the program or of a driver", self.number, exc_info=error)
        detail = str(error) if isinstance(error, HalError) else f"{type(error).__name__}: {error}"
        self._raise(Fault(name=FaultName.DEVICE_LOST, detail=detail))
