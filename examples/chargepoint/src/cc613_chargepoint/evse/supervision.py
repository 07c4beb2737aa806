"""What is watched while the contactor is on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cc613_chargepoint.domain.events import ResidualMeasured, StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.evse.parts import ConnectorParts
from cc613hal.errors import HalError
from cc613hal.interfaces import CableState, ControlPilot, PilotOutput, PilotReading, ResidualReading

__all__ = ["OverCurrentWatch", "PartsWatch", "ResidualLog"]

_log = logging.getLogger(__name__)


class PartsWatch:
    """Looks at the parts that keep people safe while the contactor is on.

    Their events tell what they see. That they see nothing any more (a converter that floats, a wire that broke, a chip that lost its
    supply) only shows when somebody asks. One look that fails is noise on the line; the second in a row is a part that is blind.

    Args:
        parts: of the connector.
        residual: is given what the residual current monitor shows.

    Attributes:
        cable_a: what the cable carried when the charge began, A; ``None`` with a tethered one.
    """

    PERIOD_S = 0.75
    """Between two looks, s."""
    UNDEFINED_S = 1.0
    """How long the pilot may be between two states, s."""
    LATE_S = 1.0
    """How long the answers may take altogether, s."""
    FAILURES = 2
    """Looks in a row that may not fail."""

    def __init__(self, parts: ConnectorParts, residual: Callable[[ResidualReading], None] = lambda _: None) -> None:
        self._parts = parts
        self._residual = residual
        self._failures = 0
        self._cable_wrong = 0
        self.cable_a: float | None = None

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
        self._residual(await self._parts.rcd.read())
        return fault or await self._cable()

    async def _cable(self) -> Fault | None:
        """The plug is watched through the whole charge: its resistor must stay what it was."""
        if self._parts.proximity is None or self.cable_a is None:
            return None
        reading = await self._parts.proximity.read_cable()
        fits = reading.cable is CableState.CABLE and reading.ampacity_a is not None and reading.ampacity_a >= self.cable_a
        self._cable_wrong = 0 if fits else self._cable_wrong + 1
        if self._cable_wrong < self.FAILURES:
            return None
        seen = "open" if reading.resistance_ohm is None else f"{reading.resistance_ohm:.0f} Ω"
        detail = f"the proximity resistor changed in the charge: {seen} where {self.cable_a:g} A belong"
        return Fault(name=FaultName.CABLE_FAULT, detail=detail)

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
        self._failures = self._cable_wrong = 0


def _flat(reading: PilotReading) -> bool:
    """Whether the low level of the pulses is missing although they are on: the generator, or its chip, is gone. No vehicle, whatever its
    diode, can pull the low level above 0 V (IEC 61851-1 annex A: -12 V from the station).
    """
    return reading.output is PilotOutput.PWM and reading.low_v is not None and reading.low_v > 0.0


def _heard(asking: asyncio.Future[Fault | None]) -> None:
    """What comes too late has been told as such already."""
    if not asking.cancelled():
        asking.exception()


class ResidualLog:
    """Tells residual current when it moved by more than is set, and at a trip. Monitors with switching outputs alone have no values.

    Args:
        parts: of the connector.
        delta_ma: how much is worth telling, mA; 0 for trips alone.
        tell: where news goes.
    """

    def __init__(self, parts: ConnectorParts, delta_ma: float, tell: Callable[[StationEvent], None]) -> None:
        self._parts, self._delta_ma, self._tell = parts, delta_ma, tell
        self._told_ma: float | None = None

    def seen(self, reading: ResidualReading) -> None:
        """The monitor was read."""
        if reading.dc_ma is None and reading.rms_ma is None:
            return
        most_ma = max(abs(reading.dc_ma or 0.0), abs(reading.rms_ma or 0.0))
        moved = self._told_ma is None or abs(most_ma - self._told_ma) >= self._delta_ma
        if reading.tripped or (self._delta_ma and moved):
            self._told_ma = most_ma
            news = ResidualMeasured(connector=self._parts.number, dc_ma=reading.dc_ma, rms_ma=reading.rms_ma, tripped=reading.tripped)
            self._tell(news)

    async def look(self) -> None:
        """Read it now: what flowed at a trip."""
        try:
            self.seen(await self._parts.rcd.read())
        except HalError as error:
            _log.debug("connector %d: what flowed at the trip is not known: %s", self._parts.number, error)

    def start_over(self) -> None:
        """Another vehicle: its first value is told."""
        self._told_ma = None


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
