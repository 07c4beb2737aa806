"""The plug in the socket: released when the charge is over, kept for whom it belongs to where that is wanted, never let go under power."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.evse.parts import ConnectorParts
from cc613_chargepoint.evse.recovery import Recovery
from cc613_chargepoint.evse.sequences import Sequences, StepFailed
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613hal.clock import Clock
from cc613hal.interfaces import CableState, LockPosition, PilotState

__all__ = ["PlugKeeper"]

_log = logging.getLogger(__name__)


class PlugKeeper:
    """Keeps the plug of one connector, and gives it back. With a tethered cable there is nothing to keep.

    Args:
        parts: of the connector.
        clock: the station's clock.
        settings: the connector's.
        sequences: its steps.
        recovery: goes on trying where the plug is stuck.
        standing: the faults that stand.
        vehicle: what the pilot shows.
        contactor_on: whether the contactor may be closed.
    """

    def __init__(
        self,
        parts: ConnectorParts,
        clock: Clock,
        settings: ConnectorSettings,
        sequences: Sequences,
        recovery: Recovery,
        *,
        standing: Mapping[FaultName, Fault],
        vehicle: Callable[[], PilotState],
        contactor_on: Callable[[], bool],
    ) -> None:
        self._parts, self._clock, self._settings, self._sequences, self._recovery = parts, clock, settings, sequences, recovery
        self._standing, self._vehicle, self._contactor_on = standing, vehicle, contactor_on

    @property
    def holds(self) -> bool:
        """Whether a plug can be kept from whoever is not its owner: a lock is fitted, and the cable is the customer's."""
        return self._parts.lock is not None and not self._settings.lock_permanent

    @property
    def shows(self) -> bool:
        """Whether it can be seen that a plug is in the socket although no vehicle is at its other end."""
        return self._parts.proximity is not None

    async def prove_open(self) -> None:
        """See that the contactor does not hang, now that the charge is over.

        Raises:
            StepFailed: it does.
        """
        await self._sequences.weld_check("vehicle unplugged" if self._vehicle() is PilotState.A else "vehicle still plugged in")

    async def release(self, wanted: Callable[[], bool] = lambda: True) -> None:
        """Give the plug back, if nothing says that it may be live.

        Args:
            wanted: whether it still is, asked right before the bolt moves.

        Raises:
            StepFailed: the contactor hangs, or the bolt is stuck.
        """
        if FaultName.CONTACTOR_WELDED in self._standing:
            return  # a plug that may be live stays locked
        await self.prove_open()
        if self._settings.lock_permanent:
            return
        try:
            await self._sequences.unlock(wanted)
        except StepFailed as failed:
            if failed.fault.name is FaultName.UNLOCK_FAILED:
                self._recovery.unlock_again()
            raise

    async def release_after_fault(self, wanted: Callable[[], bool]) -> None:
        """Whoever finds a station in F must be able to take the plug; also where the fault went again, and nobody else has come."""
        await self._clock.sleep(self._settings.fault_release_s)
        if wanted() and self._parts.lock is not None:
            await self.release(wanted)

    async def release_in_need(self, because: str) -> None:
        """Give the plug back as soon as the contactor is off."""
        while self._contactor_on():
            await self._clock.sleep(0.02)
        if FaultName.CONTACTOR_WELDED not in self._standing:
            _log.warning("connector %d: the plug is released: %s", self._parts.number, because)
            await self._sequences.unlock()

    async def release_at_start(self) -> None:
        """What a power cut left locked is released, unless the cable belongs to the station."""
        if self._parts.lock is None or self._settings.lock_permanent:
            return
        if (await self._parts.lock.position()).position is not LockPosition.UNLOCKED:
            await self._sequences.unlock()

    async def until_pulled(self, gone: Callable[[], None]) -> None:
        """Look until no plug is in the socket any more: without a vehicle the pilot cannot tell.

        Args:
            gone: is told then.
        """
        if self._parts.proximity is None:
            return
        while True:
            try:
                pulled = (await self._parts.proximity.read_cable()).cable is CableState.NO_CABLE
            except Exception as error:  # noqa: BLE001 - not known is not gone: asked again when the part is back
                what = f"{type(error).__name__}: {error}"
                _log.debug("connector %d: whether the plug is still there is not known: %s", self._parts.number, what)
                pulled = False
            if pulled:
                gone()
                return
            await self._clock.sleep(self._settings.fault_look_s)
