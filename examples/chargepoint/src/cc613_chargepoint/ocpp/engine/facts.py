"""What is told to backends, before a version of the protocol gives it words; and how it lies in the outbox."""

from __future__ import annotations

import contextlib
import enum
from datetime import datetime
from typing import TypeVar

from attrs import frozen
from cattrs.preconf.json import make_converter

__all__ = [
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
    "TransactionEnded",
    "packed",
    "unpacked",
]

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
    UNLOCK_COMMAND = "UnlockCommand"


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
        key: the public key as it is told along; empty where it is not (see :class:`~cc613_chargepoint.ocpp.engine.signing.Signing`).
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


@frozen(kw_only=True)
class TransactionEnded:
    """A transaction ended.

    Attributes:
        token: who ended it; ``None`` if the station did.
        readings: of the whole transaction, where the backend wants them.
        signed: its signed records.
        uid: see :class:`TransactionBegan`.
        offline: see :class:`TransactionBegan`.
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


@frozen(kw_only=True)
class Measured:
    """Values in a transaction, or outside of one; ``offline`` as in :class:`TransactionBegan`."""

    session: int | None
    connector: int
    readings: tuple[Reading, ...]
    offline: bool = False


@frozen(kw_only=True)
class Shifted:
    """A transaction went from charging to waiting, or back; only for versions that want to hear of it.

    Attributes:
        standing: how its connector is now.
        offline: see :class:`TransactionBegan`.
    """

    session: int
    connector: int
    at: datetime
    standing: Standing
    offline: bool = False


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
