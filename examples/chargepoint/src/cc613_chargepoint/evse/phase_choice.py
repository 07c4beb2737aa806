"""With how many phases a connector charges: as many as somebody wished, and no more than any limit allows."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cc613_chargepoint.domain.events import StationEvent, StepDone
from cc613_chargepoint.domain.limit import ALL_PHASES, Offer
from cc613_chargepoint.evse.jobs import Jobs
from cc613_chargepoint.evse.phases import PhaseChanger
from cc613_chargepoint.limits import LimitBook
from cc613hal.clock import Clock
from cc613hal.errors import SafetyRefused, Unsupported

__all__ = ["PhaseChoice"]

_log = logging.getLogger(__name__)
_JOB = "phases"


class PhaseChoice:
    """Chooses for one connector, where its board can choose.

    Args:
        number: of the connector.
        changer: carries changes out.
        limits: of the connector.
        clock: the station's clock.
        jobs: of the connector.
        tell: where news goes.
    """

    def __init__(
        self, number: int, changer: PhaseChanger, limits: LimitBook, clock: Clock, jobs: Jobs, *, tell: Callable[[StationEvent], None]
    ) -> None:
        self._number, self._changer, self._limits, self._clock, self._jobs, self._tell = number, changer, limits, clock, jobs, tell
        self._wished: int | None = None

    def wish(self, phases: int) -> None:
        """Charge with 1 or 3 phases from now on; a running charge pauses for it.

        Raises:
            ValueError: neither 1 nor 3.
            Unsupported: the board has one contactor only.
            SafetyRefused: not allowed by configuration, or too often in this session.
        """
        self._changer.check(phases)
        self._wished = phases
        self._jobs.start(_JOB, self._change(phases))

    def follow(self, offer: Offer) -> None:
        """What is allowed has changed in a charge: its phases follow, if they may."""
        if self._changer.phases is None:
            return
        wanted = min(offer.phases or 3, self._wished or 3)
        if wanted == self._changer.phases or self._jobs.running(_JOB) or not self._changer.allowed(wanted):
            return
        self._jobs.start(_JOB, self._change(wanted))

    async def choose(self) -> None:
        """Before a charge nothing stands against another number of phases."""
        if self._changer.phases is not None:
            await self._changer.prepare(min(self._limits.effective().phases or 3, self._wished or 3))
            self._use()

    def start_over(self) -> None:
        """Another session: nobody has wished anything, and the whole budget again."""
        self._changer.start_over()
        self._wished = None

    def _use(self) -> None:
        self._limits.use((1,) if self._changer.phases == 1 else ALL_PHASES)

    async def _change(self, phases: int) -> None:
        started_s = self._clock.monotonic_s()
        try:
            changed = await self._changer.change(phases)
        except (Unsupported, SafetyRefused) as error:  # the charge goes on as it was
            _log.warning("connector %d: the phases stay as they are: %s", self._number, error)
            return
        if changed:
            self._use()
            elapsed_s = self._clock.monotonic_s() - started_s
            self._tell(StepDone(connector=self._number, step="phases", detail=f"{phases}", elapsed_s=elapsed_s))
