"""The actor of a vehicle's connector: turns what the parts report into events, and carries out what the table says."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from attrs import evolve

from cc613_chargepoint.domain.events import Identified, Sampled, SessionResumed, Toggled
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.limit import CABLE, SELF_TEST, SIMPLIFIED_PILOT, Offer
from cc613_chargepoint.domain.session import Sample
from cc613_chargepoint.evse.absence import Absence
from cc613_chargepoint.evse.actor import ConnectorActor
from cc613_chargepoint.evse.digital import DigitalTalk
from cc613_chargepoint.evse.gate import ClosingFacts, objections
from cc613_chargepoint.evse.high_level import DigitalLink, HighLevel
from cc613_chargepoint.evse.offering import Offering
from cc613_chargepoint.evse.parts import ConnectorParts
from cc613_chargepoint.evse.phase_choice import PhaseChoice
from cc613_chargepoint.evse.phases import PhaseChanger
from cc613_chargepoint.evse.plug import PlugKeeper
from cc613_chargepoint.evse.recording import CountingRecorder, SessionRecorder
from cc613_chargepoint.evse.recovery import Recovery
from cc613_chargepoint.evse.sequences import Sequences
from cc613_chargepoint.evse.session_keeper import OpenSession, SessionKeeper
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.signing import SessionSigner, Unsigned
from cc613_chargepoint.evse.supervision import OverCurrentWatch, PartsWatch, ResidualLog
from cc613_chargepoint.evse.switching import StepFailed
from cc613_chargepoint.evse.transitions import Action, Event, State, step
from cc613_chargepoint.limits import LimitBook
from cc613hal.clock import Clock
from cc613hal.events import Subscription
from cc613hal.health import HealthChange, HealthState
from cc613hal.interfaces import (
    ContactorReading,
    ContactorState,
    LockPosition,
    LockReading,
    PilotReading,
    PilotState,
    ReleaseReport,
    ResidualTrip,
)

__all__ = ["Connector"]

_log = logging.getLogger(__name__)

_PILOT_EVENTS = {
    PilotState.A: Event.VEHICLE_A,
    PilotState.B: Event.VEHICLE_B,
    PilotState.C: Event.VEHICLE_C,
    PilotState.D: Event.VEHICLE_D,  # refused, or served like C where the place is ventilated
    PilotState.E: Event.PILOT_E,
}

_LOCKED = {State.READY, State.ENERGISING, State.CHARGING, State.PAUSED}
"""Where the plug is proven locked and nobody has ended the charge."""
_IN_USE = _LOCKED | {State.STARTING, State.STOPPING, State.REFUSING}
"""Where a part that goes away ends the session."""

RETEST_GRACE_S = 60.0
"""A charge whose self-test is due pauses for it by itself; so long after that the contactor does not close any more, s."""

_OFFERING = {State.READY, State.ENERGISING, State.CHARGING}
"""Where the pilot shows an offer."""


class Connector(ConnectorActor):
    """One connector.

    Args:
        parts: what the board offers for it.
        clock: the station's clock.
        limits: every limit that applies to it.
        settings: how it behaves.
        recorder: records sessions before anybody is told about them; by default they are only counted.
        signer: has sessions signed; by default they are not.
        high_level: talks ISO 15118 with vehicles; ``None``: the pilot's duty cycle alone.
    """

    def __init__(
        self,
        parts: ConnectorParts,
        clock: Clock,
        limits: LimitBook,
        settings: ConnectorSettings | None = None,
        recorder: SessionRecorder | None = None,
        *,
        signer: SessionSigner | None = None,
        high_level: HighLevel | None = None,
    ) -> None:
        self.parts = parts
        self._settings = settings or ConnectorSettings()
        super().__init__(parts.number, parts.drop, clock, limits, step)
        self._sequences = Sequences(parts, clock, self._news.publish, self._settings)
        self._residual = ResidualLog(parts, self._settings.rcd_delta_ma, self._news.publish)
        self._over_current, self._watch = OverCurrentWatch(), PartsWatch(parts, self._residual.seen)
        self._vehicle: PilotState = PilotState.UNKNOWN
        self._offering = Offering(
            parts.number,
            parts.pilot,
            limits,
            clock,
            self._jobs,
            stands=lambda: self._state in _OFFERING,
            nothing=lambda why: self._post(Event.NOTHING_TO_OFFER, why),
            again=lambda why: self._post(Event.SOMETHING_TO_OFFER, why),
            tell=self._news.publish,
        )
        self._recovery = Recovery(parts, clock, self._settings, self._jobs, self._sequences, standing=self._faults, clear=self.clear_fault)
        self._plug = PlugKeeper(
            parts,
            clock,
            self._settings,
            self._sequences,
            self._recovery,
            standing=self._faults,
            vehicle=lambda: self._vehicle,
            contactor_on=lambda: self._contactor_on,
        )
        changer = PhaseChanger(parts.phases, limits, clock, self._settings, is_off=lambda: not self._contactor_on)
        self._phases = PhaseChoice(parts.number, changer, limits, clock, self._jobs, tell=self._news.publish)
        self._digital = DigitalTalk(
            high_level,
            self._offering,
            clock,
            self._jobs,
            link=self._link,
            contactor_on=lambda: self._contactor_on,
            over=self._talked,
        )
        self._absence = Absence(
            parts, clock, self._settings.fault_look_s, faulted=lambda: self._state is State.FAULTED, gone=self._left_in_fault
        )
        self._asked_s = self._tested_s = float("-inf")
        self._interrupted: OpenSession | None = None
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

    def _carried_out(self) -> Mapping[Action, Callable[[], Awaitable[None]]]:
        return {
            Action.START: self._start,
            Action.OFFER: lambda: self._offering.show(),
            Action.WITHDRAW: lambda: self._offering.withdraw(),
            Action.CLOSE: self._close,
            Action.OPEN: self._open,
            Action.WAIT_FOR_VEHICLE: self._wait_for_vehicle,
            Action.END_SESSION: self._end_session,
            Action.RELEASE: lambda: self._plug.release(),
            Action.HOLD: self._hold,
            Action.SIGNAL_FAULT: self._signal_fault,
            Action.EXPECT_VEHICLE: lambda: self._expect(Event.AUTHORISATION_EXPIRED, "no vehicle"),
            Action.EXPECT_CUSTOMER: lambda: self._expect(Event.NOBODY_CAME, "nobody identified"),
            Action.FORGET: self._forget,
        }

    def use_phases(self, phases: int) -> None:
        """See :meth:`PhaseChoice.wish`."""
        self._phases.wish(phases)

    @property
    def locks(self) -> bool:
        """See :class:`ConnectorActor`."""
        return self.parts.lock is not None

    @property
    def _may_hold(self) -> bool:
        return self._plug.holds

    def release_plug(self, because: str) -> None:
        """See :meth:`ConnectorActor.release_plug`."""
        self._jobs.start("release", self._plug.release_in_need(because))

    def obey(self, settings: ConnectorSettings) -> None:
        """See :meth:`ConnectorActor.obey`."""
        self._settings = evolve(self._settings, plug_in_s=settings.plug_in_s, unlock_on_ev_side=settings.unlock_on_ev_side)

    async def _live(self) -> None:
        """See :meth:`ConnectorActor._live`."""
        subscriptions: list[Subscription] = [
            self.parts.pilot.changes.on(self._pilot_changed),
            self.parts.rcd.trips.on(self._tripped),
            self.parts.contactor.unexpected.on(self._contactor_moved),
            self.limits.changes.on(self._limits_changed),
            *([self.parts.lock.unexpected.on(self._lock_moved)] if self.parts.lock is not None else ()),
            *([self.parts.opener.releases.on(self._opened_in_need)] if self.parts.opener is not None else ()),
            *(health.changes.on(self._health_changed) for health in self.parts.vital.values()),
        ]
        try:
            try:
                await self.parts.pilot.steady()
                await self._first_look()
            except Exception as error:  # noqa: BLE001 - a part that is not there yet, or broken: out of order until it is well
                self._failed(error)
            await self._serve()
        finally:
            for subscription in subscriptions:
                subscription.cancel()
            self._drop()
            await self._jobs.end()

    # What the parts report. These run inside the loop iteration in which the edge arrived.

    def _pilot_changed(self, reading: PilotReading) -> None:
        before, self._vehicle = self._vehicle, reading.state
        if self._contactor_on and not self._asks:
            self._drop()
        self._note_asking(before)
        if (event := self._pilot_event()) is not None:
            self._post(event, f"pilot {reading.state.value}, {reading.high_v:+.1f} V")

    @property
    def _shows_c(self) -> bool:
        """The pilot shows a vehicle that asks for energy in a way that is served."""
        return self._vehicle is PilotState.C or (self._vehicle is PilotState.D and self._settings.ventilation)

    @property
    def _asks(self) -> bool:
        """The vehicle asks for energy; where it talks ISO 15118, there too."""
        return self._shows_c and not self._digital.blocks

    def _pilot_event(self) -> Event | None:
        if self._shows_c:
            return Event.VEHICLE_C if self._asks else Event.VEHICLE_B
        return _PILOT_EVENTS.get(self._vehicle)

    def _note_asking(self, before: PilotState) -> None:
        now_s = self._clock.monotonic_s()
        if self._vehicle is PilotState.C:
            self._asked_s = now_s
            if before is PilotState.A and self._settings.simplified_pilot_a is not None:
                self.limits.set(SIMPLIFIED_PILOT, self._settings.simplified_pilot_a)
        elif self._vehicle is PilotState.B and before is PilotState.C and now_s - self._asked_s <= self._settings.toggle_hold_s:
            self._news.publish(Toggled(connector=self.number, lasted_s=now_s - self._asked_s))

    def _lock_moved(self, reading: LockReading) -> None:
        if self._state in _IN_USE and reading.position is not LockPosition.LOCKED:
            self._drop()
            detail = f"the bolt went {reading.position.value} without a command"
            self._raise(Fault(name=FaultName.UNLOCKED_WHILE_CHARGING, detail=detail))

    def _opened_in_need(self, report: ReleaseReport) -> None:
        if (fault := self._sequences.opened_in_need(report)) is not None:
            self._raise(fault)

    def _tripped(self, trip: ResidualTrip) -> None:
        self._drop()
        self._jobs.start("residual", self._residual.look())
        self._raise(Fault(name=FaultName.RESIDUAL_CURRENT, detail=f"residual current monitor tripped ({trip.cause.value})"))

    def _contactor_moved(self, reading: ContactorReading) -> None:
        self._drop()
        name = FaultName.CONTACTOR_WELDED if reading.state is ContactorState.ON else FaultName.CONTACTOR_FAILED
        self._raise(Fault(name=name, detail=f"contacts went {reading.state.value} without a command"))

    def _health_changed(self, change: HealthChange) -> None:
        """A part that went took its settings along; what depends on it starts again with the next plug."""
        if change.after is HealthState.OFFLINE and self._state in _IN_USE:
            self._drop()
            self._raise(Fault(name=FaultName.DEVICE_LOST, detail=change.reason))

    def _limits_changed(self, offer: Offer) -> None:
        if self._state in _LOCKED:
            self._phases.follow(offer)
        if not offer.pauses and offer.current_a < self._offering.now.current_a and self._state in _OFFERING:
            self._jobs.start("offer", self._offering.show())  # a reduction goes out at once, and needs no turn of its own
            return
        self._post(Event.NOTHING_TO_OFFER if offer.pauses else Event.SOMETHING_TO_OFFER, f"{offer.current_a:g} A by {offer.source}")

    # The owner of the state.

    async def _first_look(self) -> None:
        try:
            await self._sequences.weld_check("at start-up")
            if self._interrupted is None:
                await self._plug.release_at_start()
        except StepFailed as failed:
            self._raise(failed.fault)
        reading = await self.parts.pilot.read()
        self._vehicle = reading.state
        await self._take_up_interrupted()
        if reading.state is not PilotState.A and (event := self._pilot_event()) is not None:
            self._post(event, "already there at start-up")

    @property
    def session_number(self) -> int | None:
        """See :class:`ConnectorActor`."""
        return self._session.number

    def resume(self, session: OpenSession) -> bool:
        """See :meth:`ConnectorActor.resume`."""
        if self._settings.after_power_loss != "resume" or not self._session.may_resume:
            return False
        self._interrupted = session
        return True

    async def _take_up_interrupted(self) -> None:
        session, self._interrupted = self._interrupted, None
        if session is None:
            return
        self._session.reopen(session)
        if not self._vehicle.connected or self._stopping_faults():
            await self._session.end("the station lost power or was restarted")
            self._session.close()
            await self._plug.release()
            return
        self._news.publish(SessionResumed(connector=self.number, number=session.number, token=session.token))
        self.accept(session.token)

    async def _handle(self, event: Event, because: str) -> None:
        if event is Event.VEHICLE_A and self._keeps_plug():
            event = Event.VEHICLE_LEFT
        elif self._state is State.HELD:
            pass  # nobody is asked at the loose end of a cable
        elif event is Event.VEHICLE_D:
            self._note(Fault(name=FaultName.VENTILATION_REFUSED, detail="the vehicle asks for ventilation"))
        elif event is Event.PILOT_E:
            self._note(Fault(name=FaultName.PILOT_ERROR, detail="pilot shorted to protective earth"))
        await super()._handle(event, because)

    def _keeps_plug(self) -> bool:
        """Whether the plug stays locked although its vehicle has left: until its owner comes, or somebody unlocks it."""
        if not self._plug.holds:
            return False
        return self._state in {State.REFUSING, State.HELD} or (self._state in _LOCKED and not self._settings.unlock_on_ev_side)

    async def _unmoved(self, event: Event) -> None:
        if event is Event.SOMETHING_TO_OFFER and self._state in {State.READY, State.CHARGING}:
            await self._offering.show()

    def _moved(self, before: State, event: Event) -> None:
        if before is State.READY and self._state is not State.READY:
            self._jobs.cancel("wake")
        if event in {Event.VEHICLE_A, Event.CABLE_GONE}:
            self._clear_faults()
        elif before is State.HELD and self._state is State.FINISHING and self._vehicle is PilotState.A and not self._plug.shows:
            self._post(Event.CABLE_GONE, "nothing tells whether the plug is there")
        elif self._state is State.READY and self._asks:
            self._post(Event.VEHICLE_C, "still asking")
        elif self._state is State.READY and event in {Event.STARTED, Event.SOMETHING_TO_OFFER} and self._settings.wake_up:
            if self._digital.link is None:
                self._jobs.start("wake", self._wake_up())
        elif self._state is State.CONNECTED and self._token is not None:
            self._post(Event.ACCEPTED, "accepted before")
        if self._state in {State.CONNECTED, State.STARTING}:
            self._digital.begin()

    def _clear_faults(self) -> None:
        self._recovery.unplugged()
        if self._state is State.FAULTED and not self._stopping_faults():
            self._post(Event.CLEARED, "unplugged")
        elif self._state is State.AVAILABLE and self._stopping_faults():
            self._post(Event.FAULT, "a fault stands")

    # Digital communication.

    def _link(self) -> DigitalLink:
        return DigitalLink(
            self.number,
            self.limits,
            contactor_on=lambda: self._contactor_on,
            identify=lambda token: self._news.publish(Identified(connector=self.number, token=token)),
            power=self._fed_or_not,
            end=self.stop,
        )

    async def _talked(self) -> None:
        """A talk is over: the duty cycle says it all again."""
        if self._state in _OFFERING:
            await self._offering.repeat("end of the digital communication")
        if self._asks:
            self._post(Event.VEHICLE_C, "still asking")

    def _fed_or_not(self) -> None:
        """The link says that the vehicle may be fed, or not any more."""
        if self._asks:
            self._post(Event.VEHICLE_C, "PowerDelivery")
        elif self._vehicle.connected:
            if self._contactor_on:
                self._drop()
            self._post(Event.VEHICLE_B, "PowerDelivery ended")

    # Actions of the table.

    async def _start(self) -> None:
        self._jobs.start("start", self._start_sequence())

    async def _start_sequence(self) -> None:
        ampacity_a = await self._sequences.cable_ampacity_a()
        if ampacity_a is not None:
            self.limits.set(CABLE, ampacity_a)
        self._watch.cable_a = ampacity_a
        await self._phases.choose()
        await self._sequences.lock()
        await self._sequences.proven_open()
        await self._prove_rcd()
        self._post(Event.STARTED, "lock and self-test proven")

    async def _prove_rcd(self) -> None:
        await self._sequences.self_test()
        self._tested_s = self._clock.monotonic_s()

    async def _retest(self) -> None:
        """Pause a charge that has lasted longer than a self-test is good for, test, and go on."""
        while True:
            await self._clock.sleep(max(0.0, self._tested_s + self._settings.rcd_test_interval_s - self._clock.monotonic_s()))
            self.limits.set(SELF_TEST, 0.0)
            try:
                while self._contactor_on:
                    await self._clock.sleep(0.1)
                await self._prove_rcd()
            finally:
                self.limits.withdraw(SELF_TEST)

    async def _wake_up(self) -> None:
        await self._clock.sleep(self._settings.wake_after_s)
        if self._vehicle is not PilotState.B:
            return
        self._offering.held = True
        try:
            await self._sequences.wake_up(self._settings.wake_pulse_s, self._settings.wake_rest_s)
        finally:
            self._offering.held = False
        await self._offering.repeat("wake-up")

    async def _close(self) -> None:
        self._jobs.start("close", self._close_sequence())

    async def _close_sequence(self) -> None:
        held_s = self._clock.monotonic_s() - self._asked_s
        if held_s < self._settings.toggle_hold_s:
            await self._clock.sleep(self._settings.toggle_hold_s - held_s)  # a toggle takes it back, which cancels this
        clear = await self._sequences.proven_open()
        diode = await self._sequences.diode()
        async with self._sequences.bolt_held():
            locked = await self._sequences.still_locked()
            if not self._session.open and self._token is not None:
                await self._session.begin(self._token)
                self._stop_reason = ""
            if against := self._objections(locked=locked, diode=diode, clear=clear):  # looked at without a pause before the coil is told
                self._refuse(against)
                return
            self._contactor_on = True
            await self._sequences.energise()
        if self._asks:
            self._post(Event.CLOSED, "feedback")
            self._jobs.start("sampling", self._session.sampling(self._judge))
            self._jobs.start("watch", self._watching())
            if not self._jobs.running("retest"):
                self._jobs.start("retest", self._retest())
        else:
            self._drop()

    def _refuse(self, against: tuple[str, ...]) -> None:
        """The contactor stays open. Where nothing else that is under way says so, that is a fault, and not a wait."""
        _log.warning("connector %d: the contactor stays open: %s", self.number, "; ".join(against))
        if self._stopping_faults() or not self._asks:
            return  # the event that goes with it is in the queue
        if self.limits.effective().pauses or self._offering.now.pauses:
            self._post(Event.NOTHING_TO_OFFER, "; ".join(against))
        else:
            self._raise(Fault(name=FaultName.DEVICE_LOST, detail=f"the contactor stays open: {'; '.join(against)}"))

    def _objections(self, *, locked: bool | None, diode: bool, clear: bool) -> tuple[str, ...]:
        return objections(
            ClosingFacts(
                asks=self._asks,
                authorised=self._token is not None,
                locked=locked,
                diode=diode,
                tested_ago_s=self._clock.monotonic_s() - self._tested_s,
                test_interval_s=self._settings.rcd_test_interval_s + RETEST_GRACE_S,
                clear=clear,
                faults=[fault.name.word for fault in self._stopping_faults()],
                offer=self._offering.now,
                allowed=self.limits.effective(),
            )
        )

    async def _open(self) -> None:
        was_on = self._contactor_on
        self._drop()
        await self._jobs.end("close", "sampling", "watch", "wait", "start", "raise")
        self._over_current.start_over()
        self._watch.start_over()
        try:
            if was_on:
                await self._sequences.de_energise(under_load=self._shows_c)
        finally:
            self._contactor_on = False

    async def _wait_for_vehicle(self) -> None:
        self._jobs.start("wait", self._stop_timeout())

    async def _stop_timeout(self) -> None:
        await self._clock.sleep(self._settings.vehicle_stop_s)
        self._post(Event.STOP_TIMEOUT, f"still asking after {self._settings.vehicle_stop_s:g} s")

    async def _expect(self, event: Event, what: str) -> None:
        self._expect_in_time(self._settings.plug_in_s, event, what)

    async def _end_session(self) -> None:
        await self._jobs.end("retest")
        await self._session.end(self._stop_reason or ("vehicle unplugged" if self._vehicle is PilotState.A else "ended"))

    async def _hold(self) -> None:
        """The charge is over, and the plug stays where it is."""
        await self._plug.prove_open()
        self._jobs.start("held", self._plug.until_pulled(lambda: self._post(Event.CABLE_GONE, "no plug in the socket")))

    async def _signal_fault(self) -> None:
        await self._jobs.end("wake", "phases", "held")
        await self._digital.end()
        self._jobs.start("unplugged", self._absence.notice())
        free = self._plug.release_after_fault(lambda: self._state is State.FAULTED or self._token is None)
        self._jobs.start("fault release", free)
        await self._offering.signal_fault()

    def _left_in_fault(self) -> None:
        self._vehicle = PilotState.A
        self._post(Event.VEHICLE_A, "no plug in the socket")

    async def _forget(self) -> None:
        await self._jobs.end("expect", "start", "phases", "held")
        await self._digital.end()
        self._phases.start_over()
        self._residual.start_over()
        self._stop_reason = ""
        self._session.close()
        self.limits.withdraw(CABLE)
        self.limits.withdraw(SIMPLIFIED_PILOT)
        self._offering.start_over()

    async def _watching(self) -> None:
        while True:
            await self._clock.sleep(self._watch.PERIOD_S)
            if (fault := await self._watch.look()) is not None:
                self._drop()
                self._raise(fault)
                return

    def _judge(self, sample: Sample, energy_wh: float) -> None:
        self._news.publish(Sampled(connector=self.number, sample=sample, offered_a=self._offering.now.current_a, energy_wh=energy_wh))
        drawn_a = max(map(abs, sample.current_a), default=0.0)
        offered_a = self._offering.now.current_a
        if self._over_current.exceeded(drawn_a, offered_a, sample.at_s):
            self._drop()
            self._raise(Fault(name=FaultName.OVER_CURRENT, detail=f"{drawn_a:.1f} A drawn, {offered_a:g} A offered"))
