"""The connector's side of digital communication: one talk per vehicle, and the way back to the nominal duty cycle."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from cc613_chargepoint.evse.high_level import STEP_S, DigitalLink, HighLevel
from cc613_chargepoint.evse.jobs import Jobs
from cc613_chargepoint.evse.offering import Offering
from cc613hal.clock import Clock

__all__ = ["DigitalTalk"]

_log = logging.getLogger(__name__)
_JOB = "digital"


class DigitalTalk:
    """The talks at one connector.

    Args:
        high_level: who talks; ``None``: nobody, and nothing here ever happens.
        offering: of the connector.
        clock: the station's clock.
        jobs: of the connector.
        link: makes the link for another vehicle.
        contactor_on: whether the contactor is closed.
        over: is told when a talk has ended and the nominal duty cycle goes on.
    """

    def __init__(
        self,
        high_level: HighLevel | None,
        offering: Offering,
        clock: Clock,
        jobs: Jobs,
        *,
        link: Callable[[], DigitalLink],
        contactor_on: Callable[[], bool],
        over: Callable[[], Awaitable[None]],
    ) -> None:
        self._high_level, self._offering, self._clock, self._jobs = high_level, offering, clock, jobs
        self._make_link, self._contactor_on, self._over = link, contactor_on, over
        self.link: DigitalLink | None = None

    @property
    def blocks(self) -> bool:
        """A vehicle talks, and has not asked there to be fed."""
        return self.link is not None and not self.link.fed

    def begin(self) -> None:
        """A vehicle is there; nothing happens where nobody talks, or while a talk goes on."""
        if self._high_level is not None and self.link is None:
            self._jobs.start(_JOB, self._talk(self._high_level))

    async def end(self) -> None:
        """The vehicle left, or a fault stands: the talk is over at once."""
        await self._jobs.end(_JOB)
        self._forget()

    async def _talk(self, high_level: HighLevel) -> None:
        link = self.link = self._make_link()
        self._offering.digital = True
        try:
            await self._offering.invite()
            await high_level.talk(link)
        except Exception as error:  # noqa: BLE001 - whoever talks is no part of what keeps people safe
            _log.warning("connector %d: the digital communication ended: %s: %s", link.connector, type(error).__name__, error)
        link.feed(False)
        link.close()
        while self._contactor_on():
            await self._clock.sleep(0.02)
        self._offering.held = True
        try:
            await self._offering.rest(STEP_S)
        finally:
            self._forget()
        await self._over()

    def _forget(self) -> None:
        if self.link is not None:
            self.link.close()
        self.link, self._offering.digital, self._offering.held = None, False, False
