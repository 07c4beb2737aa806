"""The actor of a vehicle's connector: turns what the parts report into events, and carries out what the table says."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from attrs import evolve

from cc613_chargepoint.domain.events import (
    FaultCleared,
    Offered,
    Sampled,
    StepDone,
    Toggled,
)
from cc613_chargepoint.domain.fault import Clearing, Fault, FaultName
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.session import Sample
from cc613_chargepoint.evse.actor import ConnectorActor
from cc613_chargepoint.evse.parts import ConnectorParts
from cc613_chargepoint.evse.phases import PhaseChanger
from cc613_chargepoint.evse.recording import CountingRecorder, SessionRecorder
from cc613_chargepoint.evse.sequences import Sequences
from cc613_chargepoint.evse.session_keeper import SessionKeeper
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.signing import SessionSigner, Unsigned
from cc613_chargepoint.evse.supervision import OverCurrentWatch, PartsWatch
from cc613_chargepoint.evse.switching import StepFailed
from cc613_chargepoint.evse.transitions import Action, Event, State, step
from cc613_chargepoint.limits import LimitBook, OfferPacing
from cc613hal.clock import Clock
from cc613hal.errors import HalError, SafetyRefused, Unsupported
from cc613hal.events import Subscription
from cc613hal.health import HealthChange, HealthState
from cc613hal.interfaces import (
    CableState,
    ContactorReading,
    ContactorState,
    LockPosition,
    LockReading,
    PilotOutput,
    PilotReading,
    PilotState,
    ResidualTrip,
)
from cc613hal.units import duty_for_current

__all__ = ["Connector"]

_log = logging.getLogger(__name__)

_PILOT_EVENTS = {
    PilotState.A: Event.VEHICLE_A,
    PilotState.B: Event.VEHICLE_B,
    PilotState.C: Event.VEHICLE_C,
    PilotState.D: Event.VEHICLE_D,  # refused, or served like C where the place is ventilated
    PilotState.E: Event.PILOT_E,
}

_IN_USE = {State.STARTING, State.READY, State.ENERGISING, State.CHARGING, State.PAUSED, State.STOPPING}
"""Where a part that goes away ends the session."""

CABLE, SIMPLIFIED_PILOT, SELF_TEST = "cable", "simplified pilot", "residual current self-test"
"""Source names of the limits that a connector sets itself."""


class Connector(ConnectorActor):
    """One connector.

    Args:
        parts: what the board offers for it.
        clock: the station's clock.
        limits: every limit that applies to it.
        settings: how it behaves.
        recorder: records sessions before anybody is told about them; by default they are only counted.
        signer: has sessions signed; by default they are not.
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
    ) -> None:
        self.parts = parts
        self._settings = settings or ConnectorSettings()
        super().__init__(parts.number, parts.drop, clock, limits, step)
        self._sequences = Sequences(parts, clock, self._news.publish)
        self._pacing, self._over_current, self._watch = OfferPacing(), OverCurrentWatch(), PartsWatch(parts)
        self._vehicle: PilotState = PilotState.UNKNOWN
        self._offer = Offer(current_a=0.0, source="no valid limit")
        self._phases = PhaseChanger(parts.phases, limits, clock, self._settings, is_off=lambda: not self._contactor_on)
        self._waking = False
        self._asked_s = self._tested_s = float("-inf")
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
            Action.OFFER: self._show_offer,
            Action.WITHDRAW: self._withdraw,
            Action.CLOSE: self._close,
            Action.OPEN: self._open,
            Action.WAIT_FOR_VEHICLE: self._wait_for_vehicle,
            Action.END_SESSION: self._end_session,
            Action.RELEASE: self._release,
            Action.SIGNAL_FAULT: self._signal_fault,
            Action.EXPECT_VEHICLE: self._expect_vehicle,
            Action.FORGET: self._forget,
        }

    def use_phases(self, phases: int) -> None:
        """Charge with 1 or 3 phases from now on; a running charge pauses for it.

        Raises:
            ValueError: neither 1 nor 3.
            Unsupported: the board has one contactor only.
            SafetyRefused: not allowed by configuration, or too often in this session.
        """
        self._phases.check(phases)
        self._jobs.start("phases", self._change_phases(phases))

    async def _change_phases(self, phases: int) -> None:
        started_s = self._clock.monotonic_s()
        try:
            changed = await self._phases.change(phases)
        except (Unsupported, SafetyRefused) as error:  # the charge goes on as it was
            _log.warning("connector %d: the phases stay as they are: %s", self.number, error)
            return
        if changed:
            elapsed_s = self._clock.monotonic_s() - started_s
            self._news.publish(StepDone(connector=self.number, step="phases", detail=f"{phases}", elapsed_s=elapsed_s))

    @property
    def locks(self) -> bool:
        """See :class:`ConnectorActor`."""
        return self.parts.lock is not None

    def release_plug(self, because: str) -> None:
        """See :meth:`ConnectorActor.release_plug`."""
        self._jobs.start("release", self._release_in_need(because))

    def obey(self, settings: ConnectorSettings) -> None:
        """See :meth:`ConnectorActor.obey`."""
        self._settings = evolve(self._settings, plug_in_s=settings.plug_in_s)

    async def run(self) -> None:
        """See :meth:`ConnectorActor.run`."""
        subscriptions: list[Subscription] = [
            self.parts.pilot.changes.on(self._pilot_changed),
            self.parts.rcd.trips.on(self._tripped),
            self.parts.contactor.unexpected.on(self._contactor_moved),
            self.limits.changes.on(self._limits_changed),
            *([self.parts.lock.unexpected.on(self._lock_moved)] if self.parts.lock is not None else ()),
            *(health.changes.on(self._health_changed) for health in self.parts.vital.values()),
        ]
        try:
            try:
                await self.parts.pilot.steady()
                await self._first_look()
            except HalError as error:  # a part that is not there yet: out of order until it is
                self._raise(Fault(name=FaultName.DEVICE_LOST, detail=str(error)))
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
    def _asks(self) -> bool:
        """The vehicle asks for energy in a way that is served."""
        return self._vehicle is PilotState.C or (self._vehicle is PilotState.D and self._settings.ventilation)

    def _pilot_event(self) -> Event | None:
        return Event.VEHICLE_C if self._asks else _PILOT_EVENTS.get(self._vehicle)

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

    def _tripped(self, trip: ResidualTrip) -> None:
        self._drop()
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
        if not offer.pauses and offer.current_a < self._offer.current_a and self._state in {State.READY, State.ENERGISING, State.CHARGING}:
            self._jobs.start("offer", self._show_offer())  # a reduction goes out at once, and needs no turn of its own
            return
        self._post(Event.NOTHING_TO_OFFER if offer.pauses else Event.SOMETHING_TO_OFFER, f"{offer.current_a:g} A by {offer.source}")

    # The owner of the state.

    async def _first_look(self) -> None:
        try:
            await self._sequences.weld_check("at start-up")
        except StepFailed as failed:
            self._raise(failed.fault)
        reading = await self.parts.pilot.read()
        self._vehicle = reading.state
        if reading.state is not PilotState.A and (event := self._pilot_event()) is not None:
            self._post(event, "already there at start-up")

    async def _handle(self, event: Event, because: str) -> None:
        if event is Event.VEHICLE_D:
            self._note(Fault(name=FaultName.VENTILATION_REFUSED, detail="the vehicle asks for ventilation"))
        elif event is Event.PILOT_E:
            self._note(Fault(name=FaultName.PILOT_ERROR, detail="pilot shorted to protective earth"))
        await super()._handle(event, because)

    async def _unmoved(self, event: Event) -> None:
        if event is Event.SOMETHING_TO_OFFER and self._state in {State.READY, State.CHARGING}:
            await self._show_offer()

    def _moved(self, before: State, event: Event) -> None:
        if before is State.READY and self._state is not State.READY:
            self._jobs.cancel("wake")
        if event is Event.VEHICLE_A:
            self._clear_faults()
        elif self._state is State.READY and self._asks:
            self._post(Event.VEHICLE_C, "still asking")
        elif self._state is State.READY and event in {Event.STARTED, Event.SOMETHING_TO_OFFER} and self._settings.wake_up:
            self._jobs.start("wake", self._wake_up())
        elif self._state is State.CONNECTED and self._token is not None:
            self._post(Event.ACCEPTED, "accepted before")

    def _clear_faults(self) -> None:
        latched = self.parts.rcd.latched
        for name in [name for name in self._faults if name.clearing is Clearing.UNPLUG]:
            if name is FaultName.DEVICE_LOST and (away := self._away()):
                _log.debug("connector %d: %s is still away", self.number, away)
                self._jobs.start("health", self._await_health())
                continue
            if name is FaultName.RESIDUAL_CURRENT and latched:
                self._jobs.start("rcd-reset", self._reset_rcd())
                continue
            self._news.publish(FaultCleared(connector=self.number, fault=self._faults.pop(name)))
        if self._state is State.FAULTED and not self._stopping_faults():
            self._post(Event.CLEARED, "unplugged")
        elif self._state is State.AVAILABLE and self._stopping_faults():
            self._post(Event.FAULT, "a fault stands")

    def _away(self) -> str:
        """The vital parts that cannot be relied on; empty if all can."""
        gone = {HealthState.OFFLINE, HealthState.FAULT}
        return ", ".join(name for name, health in self.parts.vital.items() if health.state in gone)

    async def _await_health(self) -> None:
        """A part that was lost clears its fault by being back, not by an empty socket: looked for with pauses of 1 to 30 s."""
        pause_s = 1.0
        while self._away():
            await self._clock.sleep(pause_s)
            pause_s = min(30.0, 2.0 * pause_s)
        self._clear_faults()

    async def _reset_rcd(self) -> None:
        """Reset on unplug; where the current still flows, again after a while, a bounded number of times."""
        for attempt in range(1, self._settings.rcd_resets + 1):
            try:
                await self.parts.rcd.reset()
                break
            except HalError as error:
                _log.warning("connector %d: reset %d of the residual current monitor: %s", self.number, attempt, error)
            await self._clock.sleep(self._settings.rcd_reset_s)
        else:
            return  # somebody has to look; the next unplugging tries again
        self.clear_fault(FaultName.RESIDUAL_CURRENT, "residual current gone")

    # Actions of the table.

    async def _start(self) -> None:
        self._jobs.start("start", self._start_sequence())

    async def _start_sequence(self) -> None:
        ampacity_a = await self._sequences.cable_ampacity_a()
        if ampacity_a is not None:
            self.limits.set(CABLE, ampacity_a)
        await self._sequences.lock()
        await self._sequences.weld_check("before closing")
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
        self._waking = True
        try:
            await self._sequences.wake_up(self._settings.wake_pulse_s, self._settings.wake_rest_s)
        finally:
            self._waking = False
        self._offer = Offer(current_a=0.0, source="wake-up")
        self._pacing.start_over()
        await self._show_offer()

    async def _show_offer(self) -> None:
        if self._waking or self._state not in {State.READY, State.ENERGISING, State.CHARGING}:
            return
        offer, now_s = self.limits.effective(), self._clock.monotonic_s()
        duty = duty_for_current(offer.current_a)
        if duty is None:
            self._post(Event.NOTHING_TO_OFFER, f"{offer.current_a:g} A by {offer.source}")
            return
        if (wait_s := self._pacing.wait_s(offer.current_a, now_s)) > 0.0:
            self._jobs.start("raise", self._raise_later(wait_s))
            return
        if offer != self._offer:
            await self.parts.pilot.offer(duty)
            self._pacing.shown(offer.current_a, now_s)
            self._offer = offer
            self._news.publish(Offered(connector=self.number, offer=offer))

    async def _raise_later(self, wait_s: float) -> None:
        await self._clock.sleep(wait_s)
        self._post(Event.SOMETHING_TO_OFFER, "the duty cycle may change again")

    async def _withdraw(self) -> None:
        await self.parts.pilot.steady()
        self._jobs.cancel("raise")
        if self._offer.current_a > 0.0:
            self._offer = Offer(current_a=0.0, source=self.limits.effective().source)
            self._pacing.shown(0.0, self._clock.monotonic_s())
            self._news.publish(Offered(connector=self.number, offer=self._offer))

    async def _close(self) -> None:
        self._jobs.start("close", self._close_sequence())

    async def _close_sequence(self) -> None:
        held_s = self._clock.monotonic_s() - self._asked_s
        if held_s < self._settings.toggle_hold_s:
            await self._clock.sleep(self._settings.toggle_hold_s - held_s)  # a toggle takes it back, which cancels this
        await self._sequences.diode()
        if not self._session.open:
            if self._token is None:
                raise StepFailed(Fault(name=FaultName.DEVICE_LOST, detail="nobody is authorised"))
            await self._session.begin(self._token)
            self._stop_reason = ""
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

    async def _open(self) -> None:
        was_on, self._contactor_on = self._contactor_on, False
        self._drop()
        await self._jobs.end("close", "sampling", "watch", "wait", "start", "raise")
        self._over_current.start_over()
        self._watch.start_over()
        if was_on:
            await self._sequences.de_energise(under_load=self._asks)

    async def _wait_for_vehicle(self) -> None:
        self._jobs.start("wait", self._stop_timeout())

    async def _stop_timeout(self) -> None:
        await self._clock.sleep(self._settings.vehicle_stop_s)
        self._post(Event.STOP_TIMEOUT, f"still asking after {self._settings.vehicle_stop_s:g} s")

    async def _expect_vehicle(self) -> None:
        self._jobs.start("expect", self._expect())

    async def _expect(self) -> None:
        await self._clock.sleep(self._settings.plug_in_s)
        self._post(Event.AUTHORISATION_EXPIRED, f"no vehicle within {self._settings.plug_in_s:g} s")

    async def _end_session(self) -> None:
        await self._jobs.end("retest")
        await self._session.end(self._stop_reason or ("vehicle unplugged" if self._vehicle is PilotState.A else "ended"))

    async def _release(self) -> None:
        if FaultName.CONTACTOR_WELDED in self._faults:
            return  # a plug that may be live stays locked
        when = "vehicle unplugged" if self._vehicle is PilotState.A else "vehicle still plugged in"
        await self._sequences.weld_check(when)
        if not self._settings.lock_permanent:
            await self._sequences.unlock()

    async def _release_in_need(self, because: str) -> None:
        while self._contactor_on:
            await self._clock.sleep(0.02)
        if FaultName.CONTACTOR_WELDED not in self._faults:
            _log.warning("connector %d: the plug is released: %s", self.number, because)
            await self._sequences.unlock()

    async def _signal_fault(self) -> None:
        self._offer = Offer(current_a=0.0, source="fault")
        self._jobs.start("unplugged", self._notice_unplugging())
        await self.parts.pilot.fault()

    async def _notice_unplugging(self) -> None:
        """In F the pilot cannot show whether a vehicle is there. The proximity resistor can; without one the pilot is let go briefly."""
        there = True
        while self._state is State.FAULTED:
            try:
                gone = await self._gone_in_fault()
            except HalError as error:  # the part that would tell may be the one that is lost: it is asked again when it is back
                _log.debug("connector %d: whether the plug is still there is not known: %s", self.number, error)
                gone = False
            if gone and there:
                self._vehicle = PilotState.A
                self._post(Event.VEHICLE_A, "no plug in the socket")
                if self.parts.proximity is None:
                    return
            there = not gone
            await self._clock.sleep(self._settings.fault_look_s)

    async def _gone_in_fault(self) -> bool:
        if self.parts.proximity is not None:
            if (await self.parts.pilot.read()).output is not PilotOutput.FAULT:
                await self.parts.pilot.fault()  # it was away and has forgotten
            return (await self.parts.proximity.read_cable()).cable is CableState.NO_CABLE
        await self.parts.pilot.steady()
        try:
            await self._clock.sleep(0.1)
            return (await self.parts.pilot.read()).state is PilotState.A
        finally:
            await self.parts.pilot.fault()

    async def _forget(self) -> None:
        await self._jobs.end("expect", "start", "phases")
        self._phases.start_over()
        self._token, self._group, self._stop_reason = None, None, ""
        self._session.close()
        self.limits.withdraw(CABLE)
        self.limits.withdraw(SIMPLIFIED_PILOT)
        self._pacing.start_over()

    async def _watching(self) -> None:
        while True:
            await self._clock.sleep(self._watch.PERIOD_S)
            if (fault := await self._watch.look()) is not None:
                self._drop()
                self._raise(fault)
                return

    def _judge(self, sample: Sample, energy_wh: float) -> None:
        self._news.publish(Sampled(connector=self.number, sample=sample, offered_a=self._offer.current_a, energy_wh=energy_wh))
        drawn_a = max(map(abs, sample.current_a), default=0.0)
        if self._over_current.exceeded(drawn_a, self._offer.current_a, sample.at_s):
            self._drop()
            self._raise(Fault(name=FaultName.OVER_CURRENT, detail=f"{drawn_a:.1f} A drawn, {self._offer.current_a:g} A offered"))
