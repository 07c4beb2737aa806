"""The actor of a household socket (CEE 7): no pilot asks and nothing can be offered, so the customer switches and the station supervises.

Facts: ten amperes are what such a socket bears for hours (VDE field advice); the controller sees a plug switch, if one is fitted, and the
auxiliary contacts of the socket's own breakers. "The vehicle does not draw" can only be seen at the meter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from attrs import evolve, field, frozen, validators

from cc613_chargepoint.domain.events import Offered, Sampled
from cc613_chargepoint.domain.fault import Clearing, Fault, FaultName
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.session import Sample
from cc613_chargepoint.evse.actor import ConnectorActor
from cc613_chargepoint.evse.parts import HouseholdParts
from cc613_chargepoint.evse.recording import CountingRecorder, SessionRecorder
from cc613_chargepoint.evse.session_keeper import SessionKeeper
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.signing import SessionSigner, Unsigned
from cc613_chargepoint.evse.supervision import OverCurrentWatch
from cc613_chargepoint.evse.switching import Switching
from cc613_chargepoint.evse.transitions import Action, Event, State, household_step
from cc613_chargepoint.limits import LimitBook
from cc613hal.clock import Clock
from cc613hal.interfaces import ContactorReading, ContactorState, HouseholdReading

__all__ = ["HouseholdConnector", "HouseholdSettings"]

SOCKET = "household socket"
"""Source name of the limit that the socket itself sets."""


@frozen(kw_only=True)
class HouseholdSettings:
    """How a household socket behaves.

    Attributes:
        enabled: the board's household socket is a connector of the station.
        idle_a: a current below this is no charging, A.
        idle_s: a session that drew less than ``idle_a`` for this long ends, s; 0 never.
        weld_unproven: its contactor may close although nothing shows that it is open: few sockets have a feedback.
        flap_must_close: no current while the flap is open, where a flap switch is fitted.
    """

    enabled: bool = True
    idle_a: float = field(default=0.2, validator=validators.ge(0.0))
    idle_s: float = field(default=0.0, validator=validators.ge(0.0))
    flap_must_close: bool = False
    weld_unproven: bool = True


class HouseholdConnector(ConnectorActor):
    """One household socket.

    Args:
        parts: what the board offers for it.
        clock: the station's clock.
        limits: every limit that applies to it; the socket's own is added.
        settings: what it shares with other connectors.
        household: how it behaves.
        recorder: records sessions, where a meter measures them; by default they are only counted.
        signer: has sessions signed; by default they are not.
    """

    def __init__(
        self,
        parts: HouseholdParts,
        clock: Clock,
        limits: LimitBook,
        settings: ConnectorSettings | None = None,
        *,
        household: HouseholdSettings | None = None,
        recorder: SessionRecorder | None = None,
        signer: SessionSigner | None = None,
    ) -> None:
        self.parts = parts
        self._settings = settings or ConnectorSettings()
        self._household = household or HouseholdSettings()
        super().__init__(parts.number, parts.drop, clock, limits, household_step)
        limits.set(SOCKET, parts.socket.max_current_a)
        self._switching = Switching(
            parts.number, parts.contactor, parts.weld, clock, self._news.publish, weld_unproven=self._household.weld_unproven
        )
        self._over_current = OverCurrentWatch()
        self._plugged: bool | None = None
        self._drew_s = 0.0
        self._session: SessionKeeper | None = None
        if parts.meter is not None:
            self._session = SessionKeeper(
                parts.number,
                parts.meter,
                clock,
                settings=self._settings,
                recorder=recorder or CountingRecorder(),
                jobs=self._jobs,
                signer=signer or Unsigned(),
                tell=self._news.publish,
                fault=self._raise,
                cleared=self.clear_fault,
            )

    @property
    def session_number(self) -> int | None:
        """See :class:`ConnectorActor`."""
        return None if self._session is None else self._session.number

    @property
    def locks(self) -> bool:
        """See :class:`ConnectorActor`."""
        return False

    def release_plug(self, because: str) -> None:
        """Nothing holds a household plug; what matters is that the contactor is off."""
        self._drop()
        self.stop(because)

    def obey(self, settings: ConnectorSettings) -> None:
        """See :meth:`ConnectorActor.obey`."""
        self._settings = evolve(self._settings, plug_in_s=settings.plug_in_s)

    async def _live(self) -> None:
        """See :meth:`ConnectorActor._live`."""
        subscriptions = [
            self.parts.socket.changes.on(self._socket_changed),
            self.parts.contactor.unexpected.on(self._contactor_moved),
            self.limits.changes.on(self._limits_changed),
        ]
        try:
            try:
                self._plugged = None
                await self._switching.weld_check("at start-up")
                self._socket_changed(await self.parts.socket.read_socket())
            except Exception as error:  # noqa: BLE001 - out of order until somebody has seen to it
                self._failed(error)
            await self._serve()
        finally:
            for subscription in subscriptions:
                subscription.cancel()
            self._drop()
            await self._jobs.end()

    def _carried_out(self) -> Mapping[Action, Callable[[], Awaitable[None]]]:
        return {
            Action.START: self._start,
            Action.CLOSE: self._close,
            Action.OPEN: self._open,
            Action.END_SESSION: self._end_session,
            Action.RELEASE: self._prove_open,
            Action.EXPECT_VEHICLE: lambda: self._expect(Event.AUTHORISATION_EXPIRED, "nothing plugged in"),
            Action.EXPECT_CUSTOMER: lambda: self._expect(Event.NOBODY_CAME, "nobody identified"),
            Action.FORGET: self._forget,
        }

    # What the parts report.

    def _socket_changed(self, reading: HouseholdReading) -> None:
        self._breaker(FaultName.MCB_HOUSEHOLD, reading.breaker_ok)
        self._breaker(FaultName.RCD_TRIPPED, reading.rcd_ok)
        before, self._plugged = self._plugged, reading.plugged
        if reading.flap_closed is False and self._household.flap_must_close and self._state in {State.ENERGISING, State.CHARGING}:
            self._drop()
            self.stop("flap opened")
        if reading.plugged is before:
            return
        if reading.plugged is False:
            self._drop()
            self._post(Event.VEHICLE_A, "plug pulled")
        elif reading.plugged:
            self._post(Event.VEHICLE_B, "plug in the socket")

    def _breaker(self, name: FaultName, closed: bool | None) -> None:
        if closed is False:
            self.raise_fault(Fault(name=name, detail="its auxiliary contact is open"))
        elif closed:
            self.clear_fault(name, "closed again")

    def _contactor_moved(self, reading: ContactorReading) -> None:
        self._drop()
        name = FaultName.CONTACTOR_WELDED if reading.state is ContactorState.ON else FaultName.CONTACTOR_FAILED
        self._raise(Fault(name=name, detail=f"contacts went {reading.state.value} without a command"))

    def _limits_changed(self, offer: Offer) -> None:
        self._post(
            Event.NOTHING_TO_OFFER if offer.current_a <= 0.0 else Event.SOMETHING_TO_OFFER, f"{offer.current_a:g} A by {offer.source}"
        )

    # Actions of the table.

    async def _unmoved(self, event: Event) -> None:
        """Nothing else follows from an event here."""

    def _moved(self, before: State, event: Event) -> None:
        if event is Event.VEHICLE_A:
            self._clear_unplugged()
        elif self._state is State.AUTHORISED and self._plugged is not False:
            self._post(Event.VEHICLE_B, "no plug switch says otherwise" if self._plugged is None else "already plugged in")
        elif self._state is State.CONNECTED and self._token is not None:
            self._post(Event.ACCEPTED, "accepted before")
        elif self._state is State.FINISHING and self._plugged is None:
            self._post(Event.VEHICLE_A, "no plug switch is fitted")
        elif self._state is State.AVAILABLE and before is State.FAULTED and self._plugged:
            self._post(Event.VEHICLE_B, "still plugged in")

    def _clear_unplugged(self) -> None:
        for name in [name for name in self._faults if name.clearing is Clearing.UNPLUG]:
            self.clear_fault(name, "unplugged")

    async def _start(self) -> None:
        self._jobs.start("start", self._start_sequence())

    async def _start_sequence(self) -> None:
        await self._switching.proven_open()
        self._post(Event.STARTED, "contacts are open")

    async def _close(self) -> None:
        self._jobs.start("close", self._close_sequence())

    async def _close_sequence(self) -> None:
        await self._switching.proven_open()
        if self._session is not None and not self._session.open and self._token is not None:
            await self._session.begin(self._token)
            self._stop_reason = ""
        offer = self.limits.effective()
        if offer.current_a <= 0.0:
            self._post(Event.NOTHING_TO_OFFER, f"{offer.current_a:g} A by {offer.source}")
            return
        if self._stopping_faults() or self._token is None or self._plugged is False:  # what came while the steps before took their time
            return
        self._contactor_on = True
        await self._switching.energise()
        self._drew_s = self._clock.monotonic_s()
        self._news.publish(Offered(connector=self.number, offer=offer))
        self._post(Event.CLOSED, "feedback")
        if self._session is not None:
            self._jobs.start("sampling", self._session.sampling(self._judge))

    async def _open(self) -> None:
        was_on = self._contactor_on
        self._drop()
        await self._jobs.end("close", "sampling", "start")
        self._over_current.start_over()
        try:
            if was_on:
                await self._switching.de_energise(under_load=True)
        finally:
            self._contactor_on = False

    async def _end_session(self) -> None:
        if self._session is not None:
            await self._session.end(self._stop_reason or ("plug pulled" if self._plugged is False else "ended"))

    async def _prove_open(self) -> None:
        await self._switching.weld_check("after the session")

    async def _expect(self, event: Event, what: str) -> None:
        self._expect_in_time(self._settings.plug_in_s, event, what)

    async def _forget(self) -> None:
        await self._jobs.end("expect", "start")
        self._stop_reason = ""
        if self._session is not None:
            self._session.close()

    def _judge(self, sample: Sample, energy_wh: float) -> None:
        offer = self.limits.effective()
        self._news.publish(Sampled(connector=self.number, sample=sample, offered_a=offer.current_a, energy_wh=energy_wh))
        drawn_a = max(map(abs, sample.current_a), default=0.0)
        if self._over_current.exceeded(drawn_a, offer.current_a, sample.at_s):
            self.raise_fault(Fault(name=FaultName.OVER_CURRENT, detail=f"{drawn_a:.1f} A drawn, {offer.current_a:g} A allowed"))
        if drawn_a >= self._household.idle_a:
            self._drew_s = sample.at_s
        elif self._household.idle_s and sample.at_s - self._drew_s >= self._household.idle_s:
            self.stop(f"less than {self._household.idle_a:g} A for {self._household.idle_s:g} s")
