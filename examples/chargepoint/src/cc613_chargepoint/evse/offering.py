"""What the pilot shows: the offer that the limits allow, paced; the 5 % of digital communication; and state F."""

from __future__ import annotations

from collections.abc import Callable

from cc613_chargepoint.domain.events import Offered, StationEvent
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.evse.jobs import Jobs
from cc613_chargepoint.limits import LimitBook, OfferPacing
from cc613hal.clock import Clock
from cc613hal.interfaces import ControlPilot
from cc613hal.units import duty_for_current

__all__ = ["DIGITAL_DUTY", "FAULT_HOLD_S", "Offering"]

DIGITAL_DUTY = 5.0
"""The duty cycle that says "the current is agreed on by digital communication", % (IEC 61851-1 Annex A; 3 to 7 % are read so)."""
FAULT_HOLD_S = 0.3
"""State F stands at least so long, s (IEC 61851-1 Table A.5, as EVerest's EvseManager cites it)."""


class Offering:
    """The pilot of one connector, as far as the station drives it.

    Args:
        number: of the connector.
        pilot: its pilot.
        limits: every limit that applies to it.
        clock: the station's clock.
        jobs: of the connector; a raise that has to wait becomes one.
        stands: whether the connector is in a state that offers current.
        nothing: is told when there is nothing to offer, and why.
        again: is told when a raise that waited may be shown.
        tell: where news goes.
    """

    def __init__(
        self,
        number: int,
        pilot: ControlPilot,
        limits: LimitBook,
        clock: Clock,
        jobs: Jobs,
        *,
        stands: Callable[[], bool],
        nothing: Callable[[str], None],
        again: Callable[[str], None],
        tell: Callable[[StationEvent], None],
    ) -> None:
        self._number, self._pilot, self._limits, self._clock, self._jobs = number, pilot, limits, clock, jobs
        self._stands, self._nothing, self._again, self._tell = stands, nothing, again, tell
        self._pacing = OfferPacing()
        self._faulted_s = float("-inf")
        self._duty: float | None = None
        self.held = False
        self.digital = False
        self.now = Offer(current_a=0.0, source="no valid limit")

    async def show(self) -> None:
        """Offer what is allowed now: a reduction at once, a raise when five seconds have passed since the last change.

        While digital communication has the vehicle, the pilot shows 5 % and the offer is told there.
        """
        if self.held or not self._stands():
            return
        offer, now_s = self._limits.effective(), self._clock.monotonic_s()
        nominal = duty_for_current(offer.current_a)
        if nominal is None:
            self._nothing(f"{offer.current_a:g} A by {offer.source}")
            return
        duty = DIGITAL_DUTY if self.digital else nominal
        if (wait_s := self._pacing.wait_s(offer.current_a, now_s)) > 0.0 and not self.digital:
            self._jobs.start("raise", self._raise_later(wait_s))
            return
        if offer != self.now or duty != self._duty:
            await self._pilot.offer(duty)
            self._duty = duty
            self._pacing.shown(offer.current_a, now_s)
            self.now = offer
            self._tell(Offered(connector=self._number, offer=offer))

    async def invite(self) -> None:
        """Show the 5 % of digital communication to a vehicle that nobody has authorised yet."""
        await self._pilot.offer(DIGITAL_DUTY)
        self._duty = DIGITAL_DUTY

    async def rest(self, seconds: float) -> None:
        """No PWM for a while, s."""
        await self._pilot.steady()
        self._duty = None
        await self._clock.sleep(seconds)

    async def withdraw(self) -> None:
        """No current from now on; a state F that has only just been shown is held for its time first."""
        self._jobs.cancel("raise")
        if (left_s := self._faulted_s + FAULT_HOLD_S - self._clock.monotonic_s()) > 0.0:
            await self._clock.sleep(left_s)
        await self._pilot.steady()
        self._duty = None
        if self.now.current_a > 0.0:
            self.now = Offer(current_a=0.0, source=self._limits.effective().source)
            self._pacing.shown(0.0, self._clock.monotonic_s())
            self._tell(Offered(connector=self._number, offer=self.now))

    async def signal_fault(self) -> None:
        """State F."""
        self.now, self._duty = Offer(current_a=0.0, source="fault"), None
        self._faulted_s = self._clock.monotonic_s()
        await self._pilot.fault()

    async def repeat(self, source: str) -> None:
        """Somebody else has driven the pilot: offer again, as a first offer.

        Args:
            source: what there was instead of an offer.
        """
        self.now, self._duty = Offer(current_a=0.0, source=source), None
        self.start_over()
        await self.show()

    def start_over(self) -> None:
        """Another vehicle: its first offer waits for nothing."""
        self._pacing.start_over()

    async def _raise_later(self, wait_s: float) -> None:
        await self._clock.sleep(wait_s)
        self._again("the duty cycle may change again")
