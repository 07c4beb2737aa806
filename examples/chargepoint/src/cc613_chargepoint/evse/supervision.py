"""What is watched while the contactor is on."""

from __future__ import annotations

import asyncio

from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.evse.parts import ConnectorParts
from cc613hal.errors import HalError
from cc613hal.interfaces import ControlPilot, PilotOutput, PilotReading

__all__ = ["OverCurrentWatch", "PartsWatch"]


class PartsWatch:
    """Looks at the parts that keep people safe while the contactor is on.

    Their events tell what they see. That they see nothing any more (a converter that floats, a wire that broke, a chip that lost its
    supply) only shows when somebody asks. One look that fails is noise on the line; the second in a row is a part that is blind.

    Args:
        parts: of the connector.
    """

    PERIOD_S = 0.75
    """Between two looks, s."""
    UNDEFINED_S = 1.0
    """How long the pilot may be between two states, s."""
    LATE_S = 1.0
    """How long the answers may take altogether, s."""
    FAILURES = 2
    """Looks in a row that may not fail."""

    def __init__(self, parts: ConnectorParts) -> None:
        self._parts = parts
        self._failures = 0

    async def look(self) -> Fault | None:
        """What speaks against a closed contactor; ``None`` if all is well."""
        asking = asyncio.ensure_future(self._ask())
        try:
            await asyncio.wait([asking], timeout=self.LATE_S)  # not cancelled first: a transfer that has begun is always finished
            if not asking.done():
                detail = f"pilot, contactor and residual current monitor do not answer within {self.LATE_S:g} s"
                return Fault(name=FaultName.DEVICE_LOST, detail=detail)
            fault = asking.result()
        except HalError as error:
            self._failures += 1
            return Fault(name=FaultName.DEVICE_LOST, detail=str(error)) if self._failures >= self.FAILURES else None
        finally:
            asking.add_done_callback(_heard)
            asking.cancel()
        self._failures = 0
        return fault

    async def _ask(self) -> Fault | None:
        fault = await self._pilot(self._parts.pilot)
        await self._parts.contactor.sense()
        await self._parts.rcd.read()
        return fault

    async def _pilot(self, pilot: ControlPilot) -> Fault | None:
        reading = await pilot.read()
        if reading.undefined_s >= self.UNDEFINED_S:
            detail = f"the pilot has shown no valid state for {reading.undefined_s:.1f} s ({reading.high_v:+.1f} V)"
            return Fault(name=FaultName.PILOT_ERROR, detail=detail)
        if reading.output is PilotOutput.FAULT:
            return Fault(name=FaultName.PILOT_ERROR, detail="the pilot shows F although nobody asked for it")
        if _flat(reading) and _flat(reading := await pilot.read()):  # a single odd sample ends no charge
            detail = f"the pilot's generator does not pulse: {reading.low_v:+.1f} V where -12 V belong"
            return Fault(name=FaultName.DEVICE_LOST, detail=detail)
        return None

    def start_over(self) -> None:
        """The contactor was off."""
        self._failures = 0


def _flat(reading: PilotReading) -> bool:
    """Whether the low level of the pulses is missing although they are on: the generator, or its chip, is gone. No vehicle, whatever its
    diode, can pull the low level above 0 V (IEC 61851-1 annex A: -12 V from the station).
    """
    return reading.output is PilotOutput.PWM and reading.low_v is not None and reading.low_v > 0.0


def _heard(asking: asyncio.Future[Fault | None]) -> None:
    """What comes too late has been told as such already."""
    if not asking.cancelled():
        asking.exception()


class OverCurrentWatch:
    """Tells when a vehicle draws more than it was offered, for too long.

    The bound is (offer + 0.5 A) × 1.10, sustained for 7 s; a vehicle has 5 s to follow a reduction (public figures of EVerest's
    EvseManager; IEC 61851-1 leaves the switch-off to the station).
    """

    MARGIN_A = 0.5
    FACTOR = 1.10
    SUSTAINED_S = 7.0

    def __init__(self) -> None:
        self._since_s: float | None = None

    def bound_a(self, offered_a: float) -> float:
        """The current that may be exceeded only briefly, A."""
        return (offered_a + self.MARGIN_A) * self.FACTOR

    def exceeded(self, drawn_a: float, offered_a: float, now_s: float) -> bool:
        """Whether the vehicle has been over the bound for the whole time.

        Args:
            drawn_a: highest phase current, A.
            offered_a: what the pilot offers, A.
            now_s: monotonic time of the measurement, s.
        """
        if drawn_a <= self.bound_a(offered_a):
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = now_s
        return now_s - self._since_s >= self.SUSTAINED_S

    def start_over(self) -> None:
        """Forget the past: another vehicle, or the contactor was off."""
        self._since_s = None
