"""The slave's connector as the master's station sees it: a mirror of what the slave says, and a mouth for what is asked of it."""

from __future__ import annotations

import asyncio
import logging

from cc613_chargepoint.domain.events import CustomerAccepted, FaultCleared, FaultRaised, Offered, StateChanged, StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.limits import LimitBook
from cc613_chargepoint.pairing.messages import Accept, Clear, Message, Mirror, Release, Stop
from cc613_chargepoint.pairing.wire import Talk, WireLost
from cc613hal.clock import Clock
from cc613hal.events import Events, EventSource

__all__ = ["MirroredConnector"]

_log = logging.getLogger(__name__)

IN_USE = {State.STARTING, State.READY, State.ENERGISING, State.CHARGING, State.PAUSED, State.STOPPING, State.REFUSING}
"""Where a connector wants current, or may want it any moment."""


class MirroredConnector(ServedConnector):
    """A connector of another controller. While that is not heard it is faulted, with the reason.

    Args:
        number: at this station.
        clock: the station's clock.
    """

    def __init__(self, number: int, clock: Clock) -> None:
        self.number = number
        self.limits = LimitBook(clock)
        self._news: EventSource[StationEvent] = EventSource(f"connector {number}")
        self._talk: Talk | None = None
        self._state = State.FAULTED
        self._token: Token | None = None
        self._group: str | None = None
        self._locks = True
        self._offer = Offer(current_a=0.0, source="no vehicle")
        self._faults: dict[FaultName, Fault] = {}
        self._asked = 0  # number of the acceptance that the slave has not answered yet
        self._stop_owed: tuple[Token, str, bool] | None = None
        self.imposed: dict[FaultName, Fault] = {}
        self.imposed_changed = asyncio.Event()

    # -- what the station sees ------------------------------------------------------------------------------------------------------------

    @property
    def news(self) -> Events[StationEvent]:
        """See :class:`ServedConnector`."""
        return self._news

    @property
    def state(self) -> State:
        """See :class:`ServedConnector`; ``faulted`` while the slave is not heard, whatever it does."""
        return self._state

    @property
    def token(self) -> Token | None:
        """See :class:`ServedConnector`; while the slave is not heard, who was last."""
        return self._token

    @property
    def group(self) -> str | None:
        """See :class:`ServedConnector`."""
        return self._group

    @property
    def faults(self) -> tuple[Fault, ...]:
        """See :class:`ServedConnector`."""
        return tuple(self._faults.values())

    @property
    def locks(self) -> bool:
        """See :class:`ServedConnector`."""
        return self._locks

    @property
    def reachable(self) -> bool:
        """Whether the slave is heard."""
        return self._talk is not None

    # -- what the station asks ------------------------------------------------------------------------------------------------------------

    def accept(self, token: Token, *, group: str | None = None) -> None:
        """See :class:`ServedConnector`."""
        if self._token is None:
            if (number := self._say(Accept(token=token, group=group))) is not None:
                self._token, self._group, self._asked = token, group, number
                self._news.publish(CustomerAccepted(connector=self.number, token=token))
        elif self._token.same_as(token):
            self.stop("card presented again")
        elif group is not None and group == self._group:
            self.stop("card of the same group presented")

    def stop(self, reason: str, *, keep_plug: bool = False) -> None:
        """See :class:`ServedConnector`; a slave that is not heard is told when it is back, if the same customer still charges there."""
        if self._say(Stop(reason=reason, keep_plug=keep_plug)) is None and self._token is not None:
            self._stop_owed = (self._token, reason, keep_plug)

    def raise_fault(self, fault: Fault) -> None:
        """See :class:`ServedConnector`; the slave is told with its next lease, at once."""
        self.imposed[fault.name] = fault
        self.imposed_changed.set()

    def clear_fault(self, name: FaultName, because: str) -> None:
        """See :class:`ServedConnector`."""
        if self.imposed.pop(name, None) is not None:
            self.imposed_changed.set()
        elif name in self._faults and name is not FaultName.SLAVE_UNREACHABLE:
            self._say(Clear(name=name, because=because))

    def release_plug(self, because: str) -> None:
        """See :class:`ServedConnector`."""
        self._say(Release(because=because))

    async def run(self) -> None:
        """Nothing to do by itself: whoever holds the link keeps the mirror."""
        await asyncio.Event().wait()

    # -- what the link tells --------------------------------------------------------------------------------------------------------------

    def found(self, talk: Talk) -> None:
        """A slave is in conversation; what it is like comes with its mirror."""
        self._talk, self._asked = talk, 0

    def lost(self, why: str) -> None:
        """The slave is not heard; where that was known already nothing happens."""
        self._talk, self._asked = None, 0
        if FaultName.SLAVE_UNREACHABLE not in self._faults:
            fault = Fault(name=FaultName.SLAVE_UNREACHABLE, detail=why)
            self._faults[fault.name] = fault
            self._news.publish(FaultRaised(connector=self.number, fault=fault))
        self._show(State.FAULTED, why)

    def reflect(self, mirror: Mirror) -> None:
        """Take over what the slave says of itself, and tell what has changed."""
        if mirror.heard >= self._asked or mirror.token is not None:
            if self._token is None and mirror.token is not None:
                self._news.publish(CustomerAccepted(connector=self.number, token=mirror.token))
            self._token, self._group, self._asked = mirror.token, mirror.group, 0
        self._locks = mirror.locks
        standing = {fault.name: fault for fault in mirror.faults}
        gone = [fault for name, fault in self._faults.items() if name not in standing]
        fresh = [fault for name, fault in standing.items() if name not in self._faults]
        self._faults = standing
        for fault in fresh:
            self._news.publish(FaultRaised(connector=self.number, fault=fault))
        for fault in gone:
            self._news.publish(FaultCleared(connector=self.number, fault=fault))
        self._show(mirror.state, mirror.because)
        if mirror.offer != self._offer:
            self._offer = mirror.offer
            self._news.publish(Offered(connector=self.number, offer=mirror.offer))
        owed, self._stop_owed = self._stop_owed, None
        if owed is not None and mirror.token is not None and mirror.token.same_as(owed[0]):
            self.stop(owed[1], keep_plug=owed[2])

    def tell(self, news: StationEvent) -> None:
        """News of the slave that change nothing in the mirror."""
        self._news.publish(news)

    def _show(self, state: State, because: str) -> None:
        before, self._state = self._state, state
        if before is not state:
            self._news.publish(StateChanged(connector=self.number, before=before.value, after=state.value, because=because))

    def _say(self, message: Message) -> int | None:
        """Tell the slave; the number of the message, or ``None`` if it is not heard."""
        if self._talk is None:
            _log.warning("connector %d: the slave is not reachable and is not told: %s", self.number, message)
            return None
        try:
            return self._talk.say(message)
        except WireLost as error:
            _log.warning("connector %d: the slave could not be told: %s", self.number, error)
            return None
