"""Meters that sign what they say: transactions that the meter holds, and records kept byte for byte.

There are two kinds, and one way to use both. A meter that makes one record (Iskra, Carlo Gavazzi, LEM, Isabellenhütte) takes the begin
when it is told to and signs begin and end together; a meter that signs single values (Bauer, a signing controller) has a record for each.

::

    begin = await meter.begin_transaction(transaction)   # a record, or None if the begin comes with the end
    ...                                                  # commit, energise, charge, de-energise
    end = await meter.end_transaction(transaction)       # the record; asked again it is the same one
    ...                                                  # commit
    await meter.release_record(transaction)              # only now the meter may forget it

Whoever was interrupted anywhere in between asks :meth:`SignedMeter.read_transaction` and goes on from there.
"""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from attrs import Attribute, field, frozen, validators

from cc613hal.clock import ClockState
from cc613hal.readings import Reading

__all__ = [
    "EndReason",
    "MeterClock",
    "MeterClockReading",
    "OnDemandSigner",
    "SignedMeter",
    "SignedReading",
    "SignedTransaction",
    "SigningEvent",
    "TransactionPhase",
    "TransactionReading",
    "UserAssignment",
]


class SigningEvent(enum.Enum):
    """Where in a transaction a signed value belongs; the letters of OCMF's reading type (``TX``), ``F`` outside transactions."""

    BEGIN = "B"
    INTERMEDIATE = "C"
    END = "E"
    SUSPENDED = "S"
    FISCAL = "F"


class EndReason(enum.Enum):
    """Why a transaction ends; the letters of OCMF's reading type (``TX``). A meter that knows fewer says ``E`` or what it has."""

    END = "E"
    LOCAL = "L"
    REMOTE = "R"
    ABORT = "A"
    POWER_FAILURE = "P"


class TransactionPhase(enum.Enum):
    """How far the meter is with a transaction."""

    IDLE = "idle"
    """None: a new one can begin."""
    RUNNING = "running"
    """Begun, not ended."""
    INTERRUPTED = "interrupted"
    """Begun, and the meter lost its supply since; it still can be ended, the record says what it knows."""
    CLOSED = "closed"
    """Ended: the record waits to be fetched and released."""
    FAULTY = "faulty"
    """The meter says that what it has is of no use."""


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _carried(_: object, attribute: Attribute[str], value: str) -> None:
    """A text that fits into a record: the pipe separates its parts, and control characters have no place in it."""
    if "|" in value or not value.isprintable():
        raise ValueError(f"{attribute.name} {value!r} has a pipe or a control character, which no signed record can carry")


@frozen(kw_only=True)
class UserAssignment:
    """Who charges, in the words of OCMF (tables 5 and 13 to 17 of the format).

    Attributes:
        assigned: somebody is assigned to the transaction (``IS``).
        level: how sure that is: ``HEARSAY`` for the UID of a card, ``TRUSTED`` … (``IL``); ``""`` if not said.
        flags: how it was found out: ``RFID_PLAIN``, ``OCPP_AUTH_TLS`` …, one of each family at most (``IF``).
        type: kind of ``data``: ``ISO14443``, ``EMAID``, ``CENTRAL`` … (``IT``).
        data: the identification itself (``ID``).
    """

    assigned: bool = False
    level: str = field(default="", validator=_carried)
    flags: tuple[str, ...] = field(default=(), converter=_texts, validator=validators.max_len(4))
    type: str = field(default="NONE", validator=[validators.min_len(1), _carried])
    data: str = field(default="", validator=_carried)


@frozen(kw_only=True)
class SignedTransaction:
    """What is to be signed for whom.

    Attributes:
        id: names the transaction; unique at this meter, 1 to 36 characters.
        user: who charges.
        charge_point: identification of the charge point (``CI``): EVSE ID, or charge box and connector; ``""`` to leave it out.
        charge_point_type: which of both (``CT``): ``EVSEID`` or ``CBIDC``.
        tariff_text: the tariff in words, for records that have a place for it (``TT``).
    """

    id: str = field(validator=[validators.matches_re(r"[!-{}~]{1,36}"), _carried])
    user: UserAssignment = field(factory=UserAssignment)
    charge_point: str = field(default="", validator=_carried)
    charge_point_type: str = field(default="EVSEID", validator=validators.in_(("EVSEID", "CBIDC")))
    tariff_text: str = field(default="", validator=[validators.max_len(250), _carried])


@frozen(kw_only=True)
class SignedReading(Reading):
    """A signed record, kept byte for byte.

    Attributes:
        event: where in the transaction it belongs.
        transaction: whose record it is; ``""`` outside transactions.
        with_begin: the record of an end holds the begin too: it is the whole transaction.
        format: ``OCMF``, ``EDL_40_P`` …, as the transparency software names it.
        encoding: how ``data`` is written: ``plain``, ``base64`` or ``hex``.
        data: the record exactly as the meter gave it.
        public_key: the key that verifies it, DER, ``b""`` if the meter does not tell.
    """

    event: SigningEvent
    transaction: str = ""
    with_begin: bool = False
    format: str
    encoding: str
    data: bytes
    public_key: bytes = field(default=b"", repr=False)


@frozen(kw_only=True)
class TransactionReading(Reading):
    """What the meter holds.

    Attributes:
        phase: how far it is.
        transaction: which one, as far as meter and driver remember; ``None`` if they do not, or there is none.
        detail: the meter's own state, in words.
    """

    phase: TransactionPhase
    transaction: str | None = None
    detail: str = ""


@frozen(kw_only=True)
class MeterClockReading(Reading):
    """The meter's own clock. The stamp is the controller's; the difference is the meter's error.

    Attributes:
        error_s: how far the meter is ahead of the controller, s; ``None`` if it does not tell its time.
        state: how far the meter trusts its clock: what its records will say.
    """

    error_s: float | None
    state: ClockState


@runtime_checkable
class SignedMeter(Protocol):
    """Signs transactions itself."""

    @abstractmethod
    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Take the begin; the meter has it when this returns. Of a transaction that runs already nothing is taken again.

        The meter's clock is set where its procedure asks for it, with the state the controller's clock has: a clock that was never
        synchronised stays visible in the record.

        Returns:
            The record of the begin; ``None`` from a meter whose record of the end holds the begin.

        Raises:
            DeviceRefused: the meter holds another transaction, or says that it cannot sign.
            CommandFailed: it did not confirm by its deadline, or the signature failed; :meth:`read_transaction` tells what it holds.
        """

    @abstractmethod
    async def end_transaction(self, transaction: SignedTransaction, reason: EndReason = EndReason.END) -> SignedReading:
        """Take the end and fetch the record. Of a transaction that is ended already the record is fetched again.

        Args:
            transaction: as it began: after a power failure some meters want to hear it again.
            reason: why; as precise in the record as the meter can say.

        Raises:
            DeviceRefused: the meter holds no transaction, or another one.
            CommandFailed: it did not confirm by its deadline, or the signature failed; what the record would have said is lost.
        """

    @abstractmethod
    async def read_transaction(self) -> TransactionReading:
        """What the meter holds, also after a restart of either side."""

    @abstractmethod
    async def release_record(self, transaction: SignedTransaction) -> None:
        """The record of the end is safe: the meter may forget it. Nothing happens where there is nothing to forget.

        Raises:
            DeviceRefused: the transaction runs, or the record is that of another one.
        """

    @abstractmethod
    async def public_key(self) -> bytes:
        """The key that verifies the records: SubjectPublicKeyInfo, DER.

        Raises:
            Unsupported: the meter does not tell; it is printed on the housing.
        """


@runtime_checkable
class OnDemandSigner(Protocol):
    """Signs what its register shows now."""

    @abstractmethod
    async def sign_now(self, transaction: SignedTransaction | None = None) -> SignedReading:
        """A signed value in between; it changes nothing about the transaction.

        Args:
            transaction: whose value it is; ``None`` outside transactions.

        Raises:
            CommandFailed: the meter did not finish the record by its deadline, or the signature failed.
        """


@runtime_checkable
class MeterClock(Protocol):
    """A meter with a clock that the controller keeps."""

    @abstractmethod
    async def read_clock(self) -> MeterClockReading:
        """How far the meter's clock is off, and what it thinks of it."""

    @abstractmethod
    async def set_clock(self) -> MeterClockReading:
        """Set the meter's clock to the controller's, and confirm by reading it.

        Some meters count this, wear out from it or refuse it in a transaction; their page in the documentation says so.

        Raises:
            DeviceRefused: the meter does not take a time now.
            CommandFailed: it took it and shows another.
        """
