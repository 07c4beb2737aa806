"""What the station tells the rest of the world: frozen values, one class per kind of news."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import frozen

from cc613_chargepoint.domain.fault import Fault
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.domain.verdict import Verdict

__all__ = [
    "AvailabilityChanged",
    "BayChanged",
    "ChargingEnded",
    "CustomerAccepted",
    "Decided",
    "FaultCleared",
    "FaultRaised",
    "Identified",
    "Offered",
    "RecordSigned",
    "ReservationUsed",
    "ResidualMeasured",
    "Sampled",
    "SessionBegan",
    "SessionEnded",
    "SessionRecovered",
    "SessionResumed",
    "SignatureLost",
    "StateChanged",
    "StationEvent",
    "StepDone",
    "Toggled",
]


@frozen(kw_only=True)
class StationEvent:
    """Base of all news; ``connector`` says where, 0 for the station as a whole."""

    connector: int


@frozen(kw_only=True)
class AvailabilityChanged(StationEvent):
    """A connector was put out of service, or into it again, by whoever operates it."""

    in_service: bool


@frozen(kw_only=True)
class BayChanged(StationEvent):
    """A parking bay was taken or left.

    Attributes:
        bay: the sensor's name.
        occupied: whether somebody stands there.
        blocked: somebody has stood there for longer than is allowed without charging.
    """

    bay: str
    occupied: bool
    blocked: bool = False


@frozen(kw_only=True)
class Decided(StationEvent):
    """A customer was accepted or refused."""

    verdict: Verdict


@frozen(kw_only=True)
class CustomerAccepted(StationEvent):
    """It is somebody's turn at a connector from now on, however they were accepted; what follows is told by its states."""

    token: Token


@frozen(kw_only=True)
class StateChanged(StationEvent):
    """The connector went from one state to another, because of an event (all by their words)."""

    before: str
    after: str
    because: str


@frozen(kw_only=True)
class StepDone(StationEvent):
    """A step of the charge reached its effect.

    Attributes:
        step: ``lock``, ``rcd-self-test``, ``contactor-on`` …
        detail: the evidence, in words.
        elapsed_s: how long it took, s.
    """

    step: str
    detail: str
    elapsed_s: float


@frozen(kw_only=True)
class Offered(StationEvent):
    """The current offered to the vehicle changed."""

    offer: Offer


@frozen(kw_only=True)
class Sampled(StationEvent):
    """The meter was read during a session."""

    sample: Sample
    offered_a: float
    energy_wh: float


@frozen(kw_only=True)
class ReservationUsed(StationEvent):
    """A customer whose reservation it was has begun.

    Attributes:
        number: of the reservation.
    """

    number: int


@frozen(kw_only=True)
class SessionBegan(StationEvent):
    """A session is on the disk, begun now or before a restart; the contactor closes next.

    Attributes:
        number: of the session.
        token: who.
        started: when the begin register was taken, UTC.
        begin_wh: that register, Wh.
    """

    number: int
    token: Token
    started: datetime
    begin_wh: Decimal


@frozen(kw_only=True)
class ChargingEnded(StationEvent):
    """The contactor is off for good in this session; the vehicle may still be plugged in."""

    record: SessionRecord


@frozen(kw_only=True)
class SessionEnded(StationEvent):
    """A session is over: the vehicle is gone, or the fault that ended it is. The record is the one of :class:`ChargingEnded`."""

    record: SessionRecord


@frozen(kw_only=True)
class SessionRecovered(StationEvent):
    """A session that a power cut or crash left open was ended after the restart; its record holds what had been stored of it."""

    record: SessionRecord


@frozen(kw_only=True)
class SessionResumed(StationEvent):
    """A session that a power cut interrupted goes on: same number, same begin value.

    Attributes:
        number: of the session.
        token: who.
    """

    number: int
    token: Token


@frozen(kw_only=True)
class Identified(StationEvent):
    """The vehicle told who it is; the verdict follows as :class:`Decided`."""

    token: Token


@frozen(kw_only=True)
class ResidualMeasured(StationEvent):
    """Residual current, where the monitor measures it: when it moved by more than is set, and at a trip.

    Attributes:
        dc_ma: smooth direct current, mA; ``None`` if not measured.
        rms_ma: alternating current, mA r.m.s.; ``None`` likewise.
        tripped: the monitor signals a trip.
    """

    dc_ma: float | None
    rms_ma: float | None
    tripped: bool


@frozen(kw_only=True)
class RecordSigned(StationEvent):
    """A signed record is on the disk.

    Attributes:
        session: number of the session; ``None`` for one that only the meter knew.
        context: OCPP's reading context: ``Transaction.Begin`` or ``Transaction.End``; of a value in between ``Sample.Periodic`` ….
        with_begin: the record of the end holds the begin too.
        format: ``OCMF`` …, as the transparency software names it.
        record: the record, byte for byte.
        public_key: verifies it; DER in hexadecimal.
    """

    session: int | None
    context: str
    with_begin: bool
    format: str
    record: str
    public_key: str


@frozen(kw_only=True)
class SignatureLost(StationEvent):
    """A session gets no signed end: its energy must not be sold, a backend hears the reason ``Other``.

    Attributes:
        session: number of the session.
        detail: why, in words.
    """

    session: int | None
    detail: str


@frozen(kw_only=True)
class FaultRaised(StationEvent):
    """A fault stands from now on."""

    fault: Fault


@frozen(kw_only=True)
class FaultCleared(StationEvent):
    """A fault is gone."""

    fault: Fault


@frozen(kw_only=True)
class Toggled(StationEvent):
    """The vehicle asked and took it back within the time of a B-C-B toggle (ISO 15118-3: it wants to be matched, not fed).

    Attributes:
        lasted_s: how long it asked, s.
    """

    lasted_s: float
