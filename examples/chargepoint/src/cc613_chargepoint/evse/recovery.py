"""How faults go again: with the plug where nothing else stands against it, else when the cause is seen to be gone; never by luck."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from cc613_chargepoint.domain.fault import Clearing, Fault, FaultName
from cc613_chargepoint.evse.jobs import Jobs
from cc613_chargepoint.evse.parts import ConnectorParts
from cc613_chargepoint.evse.sequences import Sequences, StepFailed
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613hal.clock import Clock
from cc613hal.health import HealthState
from cc613hal.interfaces import CableState, WeldState

__all__ = ["Recovery"]

_log = logging.getLogger(__name__)
_LONGEST_S = 30.0


class Recovery:
    """Clears the faults of one connector.

    Args:
        parts: of the connector.
        clock: the station's clock.
        settings: the connector's.
        jobs: of the connector.
        sequences: its steps.
        standing: the faults that stand.
        clear: clears one, and says why.
    """

    def __init__(
        self,
        parts: ConnectorParts,
        clock: Clock,
        settings: ConnectorSettings,
        jobs: Jobs,
        sequences: Sequences,
        *,
        standing: Mapping[FaultName, Fault],
        clear: Callable[[FaultName, str], None],
    ) -> None:
        self._parts, self._clock, self._settings, self._jobs, self._sequences = parts, clock, settings, jobs, sequences
        self._standing, self._clear = standing, clear

    def unplugged(self) -> None:
        """The vehicle is gone: what stood because of it goes, and what has to be looked at is looked at."""
        for name in [name for name in self._standing if name.clearing is Clearing.UNPLUG]:
            if name is FaultName.DEVICE_LOST:
                self._jobs.start("health", self._until(name, self._answering, "its parts answer again"))
            elif name in {FaultName.METER_LOST, FaultName.RCD_SUSPECTED}:
                self._jobs.start(f"{name.word} health", self._until(name, self._metering, "the meter answers again"))
            elif name is FaultName.RESIDUAL_CURRENT and self._parts.rcd.latched:
                self._jobs.start("rcd-reset", self._reset_rcd())
            else:
                self._clear(name, "unplugged")

    def unlock_again(self) -> None:
        """A plug that could not be released is tried again, a bounded number of times, with growing pauses."""
        self._jobs.start("unlock again", self._unlock_again())

    async def _until(self, name: FaultName, look: Callable[[], Awaitable[bool]], because: str) -> None:
        """Clear a fault when a look says so, with pauses of 1 to 30 s between looks."""
        pause_s = 1.0
        while not await look():
            await self._clock.sleep(pause_s)
            pause_s = min(_LONGEST_S, 2.0 * pause_s)
        self._clear(name, because)

    async def _answering(self) -> bool:
        """Whether every part that keeps people safe is in health, and answers."""
        gone = {HealthState.OFFLINE, HealthState.FAULT}
        away = [name for name, health in self._parts.vital.items() if health.state in gone]
        if away:
            _log.debug("connector %d: %s still away", self._parts.number, ", ".join(away))
            return False
        try:
            await self._parts.pilot.read()
            await self._parts.contactor.sense()
            await self._parts.rcd.read()
            if self._parts.weld is not None and (await self._parts.weld.check_weld()).state is WeldState.WELDED:
                return False
            if self._parts.lock is not None:
                await self._parts.lock.position()
            if self._parts.proximity is not None and (await self._parts.proximity.read_cable()).cable is CableState.FAULT:
                _log.debug("connector %d: proximity shows no valid value", self._parts.number)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, it is not well
            _log.debug("connector %d: its parts do not all answer: %s: %s", self._parts.number, type(error).__name__, error)
            return False
        return True

    async def _metering(self) -> bool:
        try:
            return (await self._parts.meter.read_all()).energy is not None
        except Exception as error:  # noqa: BLE001 - as above
            _log.debug("connector %d: the meter does not answer: %s: %s", self._parts.number, type(error).__name__, error)
            return False

    async def _reset_rcd(self) -> None:
        """Reset on unplug; where the current still flows, again after a while, a bounded number of times."""
        for attempt in range(1, self._settings.rcd_resets + 1):
            try:
                await self._parts.rcd.reset()
                break
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, this attempt failed
                _log.warning("connector %d: reset %d of the residual current monitor: %s", self._parts.number, attempt, error)
            await self._clock.sleep(self._settings.rcd_reset_s)
        else:
            return  # somebody has to look; the next unplugging tries again
        self._clear(FaultName.RESIDUAL_CURRENT, "residual current gone")

    async def _unlock_again(self) -> None:
        pause_s = self._settings.unlock_again_s
        for attempt in range(1, self._settings.unlock_retries + 1):
            await self._clock.sleep(pause_s)
            pause_s = min(300.0, 2.0 * pause_s)
            if FaultName.UNLOCK_FAILED not in self._standing:
                return  # somebody has been there, and whoever came since may need the bolt
            try:
                await self._sequences.unlock(lambda: FaultName.UNLOCK_FAILED in self._standing)
            except StepFailed as failed:
                _log.warning("connector %d: try %d to release the plug: %s", self._parts.number, attempt, failed)
                continue
            self._clear(FaultName.UNLOCK_FAILED, "released at last")
            return
