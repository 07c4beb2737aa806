"""The meter's part in a session: begin register, samples, end register."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token
from cc613hal.clock import Clock
from cc613hal.errors import BusError, ImplausibleReading
from cc613hal.interfaces import MeterReading, SnapshotMeter

__all__ = ["MOST_A", "MOST_V", "STEP_WH", "SessionMeter"]

MOST_A = 100.0
"""No phase of this class carries more, A: controllers are built for 80 A."""
MOST_V = 300.0
"""No phase has more, V."""
STEP_WH = Decimal(1000)
"""A register may move by so much at once, Wh: the coarsest registers count kilowatt-hours."""


class SessionMeter:
    """Measures one session; energy comes from the registers alone.

    Args:
        meter: reads everything as one group.
        clock: the station's clock.
        connector: where.
        token: who.
        number: known once the session is recorded.
    """

    def __init__(self, meter: SnapshotMeter, clock: Clock, *, connector: int, token: Token, number: int = 0) -> None:
        self._meter = meter
        self._clock = clock
        self.number = number
        self.connector = connector
        self.token = token
        self._started: datetime = clock.wall()
        self._started_s = clock.monotonic_s()
        self._begin_wh: Decimal | None = None
        self._last_wh: Decimal | None = None
        self._last_s: float | None = None
        self._highest_a = 0.0
        self._samples = 0

    @property
    def started(self) -> datetime:
        """When the begin register was taken, UTC."""
        return self._started

    @property
    def samples(self) -> int:
        """How many readings were taken."""
        return self._samples

    @property
    def energy_wh(self) -> Decimal:
        """Delivered so far, Wh."""
        return Decimal(0) if self._begin_wh is None or self._last_wh is None else self._last_wh - self._begin_wh

    def take_up(self, *, started: datetime, begin_wh: Decimal, last_wh: Decimal, samples: int, highest_a: float) -> None:
        """Go on with a session that was interrupted.

        Args:
            started: when its begin register was taken, UTC.
            begin_wh: that register, Wh.
            last_wh: the last register known, Wh; the next one may not be less.
            samples: readings counted so far.
            highest_a: highest current of any phase so far, A.
        """
        self._started, self._begin_wh, self._last_wh = started, begin_wh, last_wh
        self._samples, self._highest_a = samples, highest_a
        gone_s = (self._clock.wall() - started).total_seconds()
        self._started_s = self._clock.monotonic_s() - max(0.0, gone_s)
        self._last_s = self._clock.monotonic_s()

    async def begin(self) -> Sample:
        """Take the begin register; a frame that noise has damaged is asked for again.

        Raises:
            BusError: the meter does not answer: no session without a begin value.
            ImplausibleReading: it has no energy register, or the register makes no sense.
        """
        sample = await self.insist()
        self._begin_wh, self._started, self._started_s = sample.register_wh, self._clock.wall(), self._clock.monotonic_s()
        return sample

    async def insist(self, tries: int = 3) -> Sample:
        """Read the meter, several times if need be: of the first and the last register of a session there is no second chance.

        Args:
            tries: how often.

        Raises:
            BusError: it did not answer any of them.
        """
        for _ in range(tries - 1):
            try:
                return await self.sample()
            except BusError as error:
                if not error.transient:
                    raise
        return await self.sample()

    async def sample(self) -> Sample:
        """Read the meter."""
        reading = await self._meter.read_all()
        register = _register(reading)
        if self._last_wh is not None and register < self._last_wh:
            raise ImplausibleReading(
                f"the energy register went back from {self._last_wh} Wh to {register} Wh",
                device=reading.source,
                hint="was the meter exchanged?",
            )
        self._judge(reading, register)
        self._last_wh, self._last_s = register, reading.stamp.monotonic_s
        self._samples += 1
        self._highest_a = max(self._highest_a, reading.current_a.highest() or 0.0)
        return Sample(
            at_s=reading.stamp.monotonic_s,
            power_w=reading.total_power_w,
            current_a=reading.current_a.known(),
            register_wh=register,
        )

    def _judge(self, reading: MeterReading, register: Decimal) -> None:
        """A value that no installation of this class can have is no measurement; the next one may be.

        Raises:
            ImplausibleReading: a current, or a step of the register, beyond what can be.
        """
        highest_a = max((abs(each) for each in reading.current_a.known()), default=0.0)
        if highest_a > MOST_A:
            raise ImplausibleReading(
                f"{highest_a:.0f} A cannot be: {MOST_A:g} A is more than any phase here carries",
                device=reading.source,
                hint="check the meter's transformer ratio",
                transient=True,
            )
        if self._last_wh is None or self._last_s is None:
            return
        passed_h = max(0.0, reading.stamp.monotonic_s - self._last_s) / 3600.0
        most_wh = Decimal(3.0 * MOST_A * MOST_V * passed_h) + STEP_WH
        if register - self._last_wh > most_wh:
            raise ImplausibleReading(
                f"the energy register went from {self._last_wh} Wh to {register} Wh in {passed_h * 3600.0:.1f} s",
                device=reading.source,
                hint="was the meter exchanged?",
                transient=True,
            )

    def end(self, reason: str, *, end_read: bool) -> SessionRecord:
        """Close the session.

        Args:
            reason: why it ends, in words.
            end_read: whether the end register was read after the contactor opened; without it the record has none.
        """
        return SessionRecord(
            number=self.number,
            connector=self.connector,
            token=self.token,
            started=self._started,
            ended=self._clock.wall(),
            duration_s=self._clock.monotonic_s() - self._started_s,
            begin_wh=self._begin_wh,
            end_wh=self._last_wh if end_read else None,
            highest_current_a=self._highest_a,
            samples=self._samples,
            reason=reason,
        )


def _register(reading: MeterReading) -> Decimal:
    if reading.energy is None:
        raise ImplausibleReading("the meter gives no energy register", device=reading.source, hint="a session needs one: fit another meter")
    return reading.energy.imported.wh
