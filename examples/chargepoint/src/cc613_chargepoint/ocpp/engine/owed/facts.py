"""What is told to backends, before a version of the protocol gives it words; and how it lies in the outbox."""

from __future__ import annotations

import contextlib
import enum
from datetime import datetime
from typing import TypeVar

from attrs import frozen
from cattrs.preconf.json import make_converter

__all__ = [
    "BEGAN",
    "CLOSED",
    "ENDED",
    "MEASURED",
    "QUEUE",
    "SHIFTED",
    "STEPPED",
    "Cause",
    "Measured",
    "Notice",
    "Quantity",
    "Reading",
    "Registration",
    "SecurityEvent",
    "Shifted",
    "SignedValue",
    "Standing",
    "StatusReport",
    "StopReason",
    "TransactionBegan",
    "TransactionClosed",
    "TransactionEnded",
    "TransactionStepped",
    "packed",
    "unpacked",
]

QUEUE = "transactions"
"""The one queue of everything that is said about transactions: strictly in order (OCPP 1.6, 3.7)."""
BEGAN, MEASURED, SHIFTED, ENDED = "began", "measured", "shifted", "ended"
"""Kinds of messages about the session of a transaction: every version has words for the first two and the last."""
STEPPED, CLOSED = "stepped", "closed"
"""Kinds of messages about what lies before and behind the session of a transaction, for versions in which it is more than that."""

T = TypeVar("T")
_json = make_converter()


class StopReason(enum.Enum):
    """Why a transaction ended."""

    DE_AUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    EV_DISCONNECTED = "EVDisconnected"
    HARD_RESET = "HardReset"
    LOCAL = "Local"
    OTHER = "Other"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOFT_RESET = "SoftReset"
    STOPPED_BY_EV = "StoppedByEV"
    TIMEOUT = "Timeout"
    UNLOCK_COMMAND = "UnlockCommand"


class Cause(enum.Enum):
    """Why something is said about a transaction that is more than its session."""

    PLUGGED_IN = "plugged in"
    AUTHORIZED = "authorised"
    REMOTE_START = "started from afar"
    STANDING = "charging or waiting"
    STOPPED = "the customer's turn is over"


class Standing(enum.Enum):
    """How a connector is, as backends distinguish it."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


@frozen(kw_only=True)
class StatusReport:
    """How a connector is.

    Attributes:
        connector: 0 for the station.
        standing: how.
        error: OCPP's code for what is wrong; ``NoError``.
        info: in words.
        vendor_error: the station's own word for what is wrong.
        at: since when, UTC; two reports that differ in it alone say the same.
    """

    connector: int
    standing: Standing
    error: str = "NoError"
    info: str = ""
    vendor_error: str = ""
    at: datetime | None = None

    def says(self) -> tuple[object, ...]:
        """What it says, without the time."""
        return self.connector, self.standing, self.error, self.info, self.vendor_error


@frozen(kw_only=True)
class Registration:
    """What a backend answers to a boot.

    Attributes:
        status: ``Accepted``, ``Pending`` or ``Rejected``.
        time: its clock, UTC.
        interval_s: between heartbeats, or until the next boot, s; 0 leaves it to the station.
    """

    status: str
    time: datetime
    interval_s: int


@frozen(kw_only=True)
class Quantity:
    """One measured value.

    Attributes:
        measurand: as OCPP names it.
        value: decimal text.
        unit: ``Wh``, ``W``, ``A``, ``V``; ``None`` where OCPP has none for it.
        phase: ``L1`` …; ``None`` for all together.
    """

    measurand: str
    value: str
    unit: str | None = None
    phase: str | None = None


@frozen(kw_only=True)
class SignedValue:
    """A signed record.

    Attributes:
        context: ``Transaction.Begin`` or ``Transaction.End``; of a value in between ``Sample.Periodic`` …
        format: ``OCMF`` …
        record: byte for byte.
        public_key: DER, hexadecimal.
        at: when it was made, UTC.
        register_wh: the register that it is about, Wh; ``None`` if it is not known apart from the record.
        key: the public key as it is told along; empty where it is not (see ``transactions.signing``).
        method: how it is signed, as it is told along; empty where the record says so itself.
    """

    context: str
    format: str
    record: str
    public_key: str
    at: datetime
    register_wh: str | None = None
    key: str = ""
    method: str = ""

    @property
    def content(self) -> bytes:
        """What the meter signed, as bytes: telegrams are kept in hexadecimal, other records as they are."""
        if self.format.startswith("EDL"):
            with contextlib.suppress(ValueError):
                return bytes.fromhex(self.record)
        return self.record.encode()


@frozen(kw_only=True)
class Reading:
    """The values of one moment.

    Attributes:
        at: UTC.
        context: as OCPP names it: ``Sample.Periodic`` …
        quantities: at least one.
        signed: the record of the energy register among them; ``None`` where it is not signed.
    """

    at: datetime
    context: str
    quantities: tuple[Quantity, ...]
    signed: SignedValue | None = None


@frozen(kw_only=True)
class TransactionBegan:
    """A transaction began; ``session`` is the key under which its name is kept once the backend has given one.

    Attributes:
        uid: what the station itself calls it; never repeats.
        source: how the customer identified; a value of :class:`~cc613_chargepoint.domain.token.TokenSource`.
        remote: number of the request that started it from afar.
        offline: the backend could not be told when it happened.
        goes_on: it began before its session, and said so with a :class:`TransactionStepped`.
        register_told: its register was told then.
    """

    session: int
    connector: int
    token: str
    started: datetime
    begin_wh: str | None
    reservation: int | None = None
    uid: str = ""
    source: str = ""
    remote: int | None = None
    offline: bool = False
    goes_on: bool = False
    register_told: bool = False


@frozen(kw_only=True)
class TransactionStepped:
    """Something happened to a transaction before its session began, or where it has none.

    Attributes:
        uid: what the station itself calls the transaction; see :class:`TransactionBegan`.
        connector: where; ``None`` while that is not known.
        at: UTC.
        cause: what happened.
        standing: how the connector is now.
        opens: the transaction begins with this.
        token: who, where they have just identified.
        source: how they identified; see :class:`TransactionBegan`.
        remote: number of the request that started it from afar.
        reservation: which they used.
        reason: why the customer's turn is over.
        readings: of the begin, where the meter could be read.
        offline: see :class:`TransactionBegan`.
    """

    uid: str
    connector: int | None
    at: datetime
    cause: Cause
    standing: Standing
    opens: bool = False
    token: str | None = None
    source: str = ""
    remote: int | None = None
    reservation: int | None = None
    reason: StopReason | None = None
    readings: tuple[Reading, ...] = ()
    offline: bool = False


@frozen(kw_only=True)
class TransactionEnded:
    """A transaction ended.

    Attributes:
        token: who ended it; ``None`` if the station did.
        readings: of the whole transaction, where the backend wants them.
        signed: its signed records.
        uid: see :class:`TransactionBegan`.
        offline: see :class:`TransactionBegan`.
        goes_on: the transaction ends later than its session, with a :class:`TransactionClosed`.
        with_energy: it ends because the energy has stopped; that the customer's turn is over was said before.
    """

    session: int
    connector: int
    token: str | None
    started: datetime
    begin_wh: str | None
    ended: datetime
    end_wh: str | None
    reason: StopReason
    readings: tuple[Reading, ...] = ()
    signed: tuple[SignedValue, ...] = ()
    uid: str = ""
    offline: bool = False
    goes_on: bool = False
    with_energy: bool = False


@frozen(kw_only=True)
class TransactionClosed:
    """A transaction ended later than its session, or had none.

    Attributes:
        uid: see :class:`TransactionBegan`.
        connector: where.
        at: UTC.
        reason: why now.
        plugged: a vehicle is still connected.
        session: the end of its session; ``None`` if it had none.
        offline: see :class:`TransactionBegan`.
    """

    uid: str
    connector: int
    at: datetime
    reason: StopReason
    plugged: bool
    session: TransactionEnded | None = None
    offline: bool = False


@frozen(kw_only=True)
class Measured:
    """Values in a transaction, or outside of one.

    Attributes:
        session: of the transaction; ``None`` outside of a session.
        connector: where.
        readings: what was measured.
        offline: see :class:`TransactionBegan`.
        uid: of the transaction that runs without a session; empty if there is none.
        standing: how the connector is, where the backend has asked for the values; ``None`` where they came by themselves.
    """

    session: int | None
    connector: int
    readings: tuple[Reading, ...]
    offline: bool = False
    uid: str = ""
    standing: Standing | None = None


@frozen(kw_only=True)
class Shifted:
    """A transaction went from charging to waiting, or back; only for versions that want to hear of it.

    Attributes:
        standing: how its connector is now.
        offline: see :class:`TransactionBegan`.
        rate: it is not this that has changed, but how fast the vehicle may charge, by somebody from outside.
    """

    session: int
    connector: int
    at: datetime
    standing: Standing
    offline: bool = False
    rate: bool = False


@frozen(kw_only=True)
class SecurityEvent:
    """Something that matters for security.

    Attributes:
        type: as the security whitepaper names it.
        at: UTC.
        detail: in words, at most 255 characters.
    """

    type: str
    at: datetime
    detail: str = ""


@frozen(kw_only=True)
class Notice:
    """How an update or an upload is, or that a reservation is over.

    Attributes:
        kind: ``firmware``, ``signed-firmware``, ``diagnostics``, ``log`` or ``reservation``.
        status: in OCPP's word.
        request: the backend's number for it; ``None`` where it gave none.
        at: UTC.
    """

    kind: str
    status: str
    request: int | None
    at: datetime


def packed(fact: object) -> str:
    """A fact as it lies in the outbox."""
    return _json.dumps(fact)


def unpacked(kind: type[T], text: str) -> T:
    """The fact of a text."""
    return _json.loads(text, kind)
