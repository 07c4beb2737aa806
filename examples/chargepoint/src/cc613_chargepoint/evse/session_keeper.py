"""The session of one connector: begun before the contactor closes, sampled while it is on, on the disk before anybody is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from attrs import frozen

from cc613_chargepoint.domain.events import ChargingEnded, SessionBegan, SessionEnded, StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.jobs import Jobs
from cc613_chargepoint.evse.recording import SessionRecorder
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.signing import SessionSigner, Unsigned
from cc613_chargepoint.evse.switching import StepFailed
from cc613_chargepoint.metering import SessionMeter
from cc613hal.board import shielded
from cc613hal.clock import Clock
from cc613hal.errors import HalError
from cc613hal.interfaces import SnapshotMeter

__all__ = ["OpenSession", "SessionKeeper"]

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class OpenSession:
    """A session that a power cut interrupted, as far as it was recorded.

    Attributes:
        number: of the session.
        token: who.
        started: when its begin register was taken, UTC.
        begin_wh: import register then, Wh.
        last_wh: the last register that was recorded, Wh.
        samples: how many readings were counted.
        highest_current_a: highest current of any phase that was recorded, A.
    """

    number: int
    token: Token
    started: datetime
    begin_wh: Decimal
    last_wh: Decimal
    samples: int = 0
    highest_current_a: float = 0.0


class SessionKeeper:
    """Keeps the sessions of one connector.

    Args:
        number: of the connector.
        meter: its meter.
        clock: the station's clock.
        settings: the connector's.
        recorder: records sessions before anybody is told about them.
        jobs: of the connector.
        signer: has sessions signed.
        tell: where news goes.
        fault: raises a fault at the connector.
        cleared: clears a fault at the connector, and says why.
    """

    def __init__(
        self,
        number: int,
        meter: SnapshotMeter,
        clock: Clock,
        *,
        settings: ConnectorSettings,
        recorder: SessionRecorder,
        jobs: Jobs,
        signer: SessionSigner,
        tell: Callable[[StationEvent], None],
        fault: Callable[[Fault], None],
        cleared: Callable[[FaultName, str], None],
    ) -> None:
        self._number, self._source, self._clock, self._settings, self._recorder, self._jobs = number, meter, clock, settings, recorder, jobs
        self._signer = signer
        self._tell, self._fault, self._cleared = tell, fault, cleared
        self._meter: SessionMeter | None = None
        self._ending: SessionMeter | None = None
        self._record: SessionRecord | None = None
        self._blind = False

    @property
    def number(self) -> int | None:
        """The number of the open session, until its end is recorded; ``None`` without one."""
        meter = self._meter or self._ending
        return None if meter is None else meter.number

    @property
    def may_resume(self) -> bool:
        """Whether an interrupted session may go on: a signed one was ended with its signature and cannot."""
        return isinstance(self._signer, Unsigned)

    def reopen(self, session: OpenSession) -> None:
        """Go on with a session that is recorded and not ended."""
        meter = SessionMeter(self._source, self._clock, connector=self._number, token=session.token, number=session.number)
        meter.take_up(
            started=session.started,
            begin_wh=session.begin_wh,
            last_wh=session.last_wh,
            samples=session.samples,
            highest_a=session.highest_current_a,
        )
        self._meter = meter
        self._tell(
            SessionBegan(
                connector=self._number, number=session.number, token=session.token, started=session.started, begin_wh=session.begin_wh
            )
        )

    @property
    def open(self) -> bool:
        """Whether a session has begun and not ended."""
        return self._meter is not None

    async def begin(self, token: Token) -> None:
        """Take the begin register, record it, and have it signed.

        It is done to its end even if the caller is cancelled, because the vehicle left meanwhile: a session that is on the disk, and of
        which nobody here knows, would never end.

        Raises:
            StepFailed: the meter, the store or the signature does not do its part: no session, no current.
        """
        await shielded(self._begin(token))

    async def _begin(self, token: Token) -> None:
        meter = SessionMeter(self._source, self._clock, connector=self._number, token=token)
        try:
            first = await meter.begin()
        except Exception as error:
            raise StepFailed(self._lost(_words(error))) from error
        try:
            meter.number = await self._recorder.begin(self._number, token, meter.started, first)
        except HalError as error:
            self._jobs.start("mend store", self._mend_store(None))
            raise StepFailed(Fault(name=FaultName.STORE_FAILED, detail=error.message)) from error
        try:
            await self._signer.begin(meter.number, token)
        except Exception as error:
            await self._record_end(meter.end("the meter did not sign the begin", end_read=True))
            raise StepFailed(Fault(name=FaultName.METER_UNSIGNED, detail=_words(error))) from error
        self._meter = meter
        self._tell(
            SessionBegan(connector=self._number, number=meter.number, token=token, started=meter.started, begin_wh=first.register_wh)
        )

    async def end(self, reason: str) -> None:
        """Take the end register, record the session, and tell; nothing happens without an open one.

        Args:
            reason: why it ends, in words.
        """
        meter, self._meter = self._meter, None
        if meter is None:
            return
        self._ending = meter
        try:
            await self._end(meter, reason)
        finally:
            self._ending = None

    async def _end(self, meter: SessionMeter, reason: str) -> None:
        self._seeing(because="the session is over")
        end_read = True
        try:
            await meter.insist()
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, the session ends and says what it does not know
            _log.error("session %d ends without an end register: %s", meter.number, _words(error))
            end_read = False
        try:
            await self._signer.end(meter.number, reason)
        except Exception as error:  # noqa: BLE001 - owed: it is signed as soon as the meter can, and nothing begins before
            _log.error("session %d has no signed end yet: %s", meter.number, _words(error))
            self._fault(Fault(name=FaultName.METER_UNSIGNED, detail=_words(error)))
        record = meter.end(reason, end_read=end_read)
        if await self._record_end(record):
            self._record = record
            self._tell(ChargingEnded(connector=self._number, record=record))

    async def _record_end(self, record: SessionRecord) -> bool:
        """Record the end of a session; where that fails, a job goes on trying."""
        try:
            await self._recorder.end(record)
        except HalError as error:
            self._jobs.start("mend store", self._mend_store(record))
            self._fault(Fault(name=FaultName.STORE_FAILED, detail=error.message))
            return False
        return True

    def close(self) -> None:
        """The vehicle is gone, or the fault that ended the session is: tell the summary, once."""
        record, self._record = self._record, None
        if record is not None:
            self._tell(SessionEnded(connector=self._number, record=record))

    async def sampling(self, judge: Callable[[Sample, float], None]) -> None:
        """Read the meter until the session ends.

        Args:
            judge: is given every sample, and the energy delivered so far in Wh.
        """
        heard_s = self._clock.monotonic_s()
        while self._meter is not None:
            await self._clock.sleep(self._settings.sample_s)
            try:
                sample = await self._meter.sample()
            except Exception as error:  # noqa: BLE001 - a driver that raises anything else is a meter that cannot be read
                if getattr(error, "transient", False) and self._clock.monotonic_s() - heard_s < self._settings.meter_lost_s:
                    continue  # noise on the line costs a sample, not the session
                if self._goes_on_blind(_words(error)):
                    continue
                self._fault(self._lost(_words(error)))
                return
            heard_s = self._clock.monotonic_s()
            self._seeing(because="the meter answers again")
            judge(sample, float(self._meter.energy_wh))
            try:
                await self._recorder.sample(self._meter.number, self._meter.samples, self._clock.wall(), sample)
            except HalError as error:
                self._jobs.start("mend store", self._mend_store(None))
                self._fault(Fault(name=FaultName.STORE_FAILED, detail=error.message))
                return

    def _lost(self, detail: str) -> Fault:
        if self._settings.meter_behind_rcd:
            return Fault(name=FaultName.RCD_SUSPECTED, detail=f"the meter behind it is silent: {detail}")
        return Fault(name=FaultName.METER_LOST, detail=detail)

    def _goes_on_blind(self, detail: str) -> bool:
        """Where nothing is billed, a charge may go on without its meter; a session that is signed never does."""
        if self._settings.meter_lost_policy != "continue" or not isinstance(self._signer, Unsigned):
            return False
        if not self._blind:
            self._blind = True
            self._fault(Fault(name=FaultName.METER_SILENT, detail=detail))
        return True

    def _seeing(self, *, because: str) -> None:
        if self._blind:
            self._blind = False
            self._cleared(FaultName.METER_SILENT, because)

    async def _mend_store(self, owed: SessionRecord | None) -> None:
        """Try to record what is owed, with pauses of 1 to 60 s; nobody is told of a session's end that is not on the disk."""
        pause_s = 1.0
        while True:
            await self._clock.sleep(pause_s)
            try:
                await (self._recorder.probe() if owed is None else self._recorder.end(owed))
            except HalError as error:
                _log.debug("connector %d: sessions still cannot be recorded: %s", self._number, error)
                pause_s = min(60.0, 2.0 * pause_s)
                continue
            break
        if owed is not None:
            self._tell(ChargingEnded(connector=self._number, record=owed))
            self._tell(SessionEnded(connector=self._number, record=owed))
        self._cleared(FaultName.STORE_FAILED, "sessions can be recorded again")


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, HalError) else f"{type(error).__name__}: {error}"
