"""The steps of a charge that take time: each either reaches its effect or raises :class:`StepFailed` with the fault it means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.evse.parts import ConnectorParts
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.switching import StepFailed, Switching
from cc613hal.clock import Clock
from cc613hal.errors import CommandFailed, HalError
from cc613hal.interfaces import CableState, ContactorState, LockPosition, PlugLock, ReleaseReport

__all__ = ["Sequences", "StepFailed"]


class Sequences(Switching):
    """The timed steps of a vehicle's connector.

    Args:
        parts: of the connector.
        clock: the station's clock.
        tell: where the evidence of every step goes.
        settings: the connector's.
    """

    def __init__(self, parts: ConnectorParts, clock: Clock, tell: Callable[[StationEvent], None], settings: ConnectorSettings) -> None:
        super().__init__(parts.number, parts.contactor, parts.weld, clock, tell, weld_unproven=settings.weld_unproven)
        self._parts = parts
        self._settings = settings
        self._bolt = asyncio.Lock()

    def bolt_held(self) -> asyncio.Lock:
        """To be held from the last look at the bolt until the contactor is on: no stroke that was asked for before comes in between."""
        return self._bolt

    async def cable_ampacity_a(self) -> float | None:
        """What the plugged cable may carry, A per phase; ``None`` with a tethered cable.

        Raises:
            StepFailed: there is no valid cable: not proven means no charging.
        """
        if self._parts.proximity is None:
            return None
        started_s = self._clock.monotonic_s()
        reading = await self._parts.proximity.read_cable()
        if reading.cable is CableState.NO_CABLE:
            detail = "the pilot shows a vehicle, and no plug is in the socket: nothing to lock"
            raise StepFailed(Fault(name=FaultName.LOCKED_WITHOUT_PLUG, detail=detail))
        if reading.cable is not CableState.CABLE or reading.ampacity_a is None:
            seen = "open" if reading.resistance_ohm is None else f"{reading.resistance_ohm:.0f} Ω"
            raise StepFailed(Fault(name=FaultName.CABLE_FAULT, detail=f"no valid cable coding (proximity resistor {seen})"))
        if reading.ampacity_a < self._settings.cable_min_a:
            detail = f"a cable for {reading.ampacity_a:g} A is refused here: it has to carry {self._settings.cable_min_a:g} A"
            raise StepFailed(Fault(name=FaultName.CABLE_FAULT, detail=detail))
        self._done("cable", f"{reading.ampacity_a:g} A", started_s)
        return reading.ampacity_a

    async def lock(self) -> None:
        """Lock the plug and see it locked."""
        if self._parts.lock is None:
            return
        async with self._bolt:
            await self._lock(self._parts.lock)

    async def _lock(self, lock: PlugLock) -> None:
        started_s = self._clock.monotonic_s()
        try:
            result = await lock.lock()
            if not (result.verified or self._settings.lock_unproven):  # a contact that is open when locked was never seen to work: show it
                await self._unlock(lock)
                result = await lock.lock()
        except HalError as error:
            raise StepFailed(Fault(name=FaultName.LOCK_FAILED, detail=error.message)) from error
        if not (result.verified or self._settings.lock_unproven):
            detail = "nothing confirms that the bolt is home; connector.lock_unproven believes it from its drive time"
            raise StepFailed(Fault(name=FaultName.LOCK_FAILED, detail=detail))
        proof = "confirmed by feedback" if result.verified else "believed from drive time"
        self._done("lock", f"{result.position.value}, {proof}, stroke {result.attempts}", started_s)

    async def still_locked(self) -> bool | None:
        """Whether the bolt is home now; ``None`` where no lock is fitted."""
        if self._parts.lock is None:
            return None
        reading = await self._parts.lock.position()
        if reading.position is not LockPosition.LOCKED:
            detail = f"the bolt is {reading.position.value} when the contactor should close"
            raise StepFailed(Fault(name=FaultName.LOCK_FAILED, detail=detail))
        return reading.verified or self._settings.lock_unproven

    async def self_test(self) -> None:
        """Prove the residual current monitor, with the contactor off."""
        started_s = self._clock.monotonic_s()
        try:
            result = await self._parts.rcd.self_test()
        except HalError as error:
            raise StepFailed(Fault(name=FaultName.RCD_TEST_FAILED, detail=error.message)) from error
        if not result.passed:
            missed = "; ".join(each.what for each in result.steps if not each.passed)
            raise StepFailed(Fault(name=FaultName.RCD_TEST_FAILED, detail=f"self-test did not pass: {missed}"))
        self._done("rcd-self-test", "passed: " + ", ".join(each.what for each in result.steps), started_s)

    async def diode(self) -> bool:
        """Prove the vehicle's diode while PWM runs.

        Returns:
            That it is proven.

        Raises:
            StepFailed: it is not.
        """
        started_s = self._clock.monotonic_s()
        try:
            proven = await self._parts.pilot.check_diode()
        except CommandFailed as error:
            raise StepFailed(Fault(name=FaultName.PILOT_ERROR, detail=error.message)) from error
        if not proven:
            raise StepFailed(Fault(name=FaultName.DIODE_MISSING, detail="the pilot's low level does not stay at −12 V"))
        self._done("diode", "low level stays at −12 V", started_s)
        return proven

    async def unlock(self, wanted: Callable[[], bool] = lambda: True) -> None:
        """Release the plug and see it released: never while the contactor may be closed.

        Args:
            wanted: whether it still is, asked when it is its turn: another stroke may have taken its time.

        Raises:
            StepFailed: the contactor is on, or the bolt is stuck.
        """
        if self._parts.lock is None:
            return
        async with self._bolt:
            if wanted():
                await self._unlock(self._parts.lock)

    async def _unlock(self, lock: PlugLock) -> None:
        started_s = self._clock.monotonic_s()
        await self._prove_dead()
        try:
            result = await lock.unlock()
        except CommandFailed as error:
            raise StepFailed(Fault(name=FaultName.UNLOCK_FAILED, detail=error.message)) from error
        self._done("unlock", "confirmed by feedback" if result.verified else "believed from drive time", started_s)

    def opened_in_need(self, report: ReleaseReport) -> Fault | None:
        """What became of the plug when the supply failed is told; a plug that nobody can pull is a fault of the station."""
        if report.released is False:
            return Fault(name=FaultName.UNLOCK_FAILED, detail=f"emergency opener: {report.detail}")
        self._done("emergency-release", report.detail, self._clock.monotonic_s() - report.elapsed_s)
        return None

    async def _prove_dead(self) -> None:
        try:
            reading = await self._parts.contactor.sense()
        except HalError as error:
            detail = f"the plug stays locked: whether the contactor is off is not known ({error.message})"
            raise StepFailed(Fault(name=FaultName.DEVICE_LOST, detail=detail)) from error
        if reading.state is ContactorState.ON or (reading.commanded_on and reading.state is not ContactorState.OFF):
            detail = "the plug stays locked: the contactor's feedback shows closed contacts"
            raise StepFailed(Fault(name=FaultName.CONTACTOR_WELDED, detail=detail))

    async def wake_up(self, pulse_s: float, rest_s: float) -> None:
        """Wake a sleeping vehicle: a pulse of F, then a rest without PWM (IEC 61851-1 A.5.3).

        Args:
            pulse_s: length of the pulse, s.
            rest_s: before PWM runs again, s.
        """
        started_s = self._clock.monotonic_s()
        await self._parts.pilot.fault()
        await self._clock.sleep(pulse_s)
        await self._parts.pilot.steady()
        await self._clock.sleep(rest_s)
        self._done("wake-up", f"{pulse_s:g} s of F", started_s)
