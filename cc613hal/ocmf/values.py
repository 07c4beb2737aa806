"""A record as values: payload, readings, time, page, identification, signature section.

Numbers are :class:`~decimal.Decimal` and keep their digits (``0.2000`` stays ``0.2000``: trailing zeros carry the resolution).
What the format closes is an enum; a word that the format does not know stays the text it was, so that a reader loses nothing.
The keys of the format stand in the documentation of each attribute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from cc613hal.clock import Stamp
from cc613hal.ocmf.errors import RecordInvalid, RecordUnreadable
from cc613hal.ocmf.fields import (
    ChargePointType,
    CurrentType,
    IdentificationFlag,
    IdentificationLevel,
    IdentificationType,
    MeterState,
    PageContext,
    ReadingReason,
    ReadingUnit,
    ResistanceUnit,
    TimeState,
)

__all__ = ["CableLoss", "Identification", "OcmfPayload", "OcmfReading", "OcmfRecord", "OcmfTime", "Page", "SignatureSection"]

_NO_EXTENSIONS: Mapping[str, Any] = MappingProxyType({})
_PAGE = re.compile(r"([TF])0*([0-9]{1,19})", re.ASCII)
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[,.](\d{1,9}))?(?:([+-])(\d\d):?(\d\d)|Z)(?: ?([A-Za-z]))?",
    re.ASCII,
)


@frozen(order=True)
class Page:
    """The page of a record (``PG``): one counter per context, one more for every record, never reset.

    Attributes:
        context: transaction or fiscal.
        number: from 0 on; at most 19 digits.
    """

    context: PageContext = field(order=lambda context: context.value)
    number: int

    @classmethod
    def parse(cls, text: str) -> Page:
        """Read ``T12345``; leading zeros, which the format forbids, change nothing about the number.

        Raises:
            RecordUnreadable: another letter, no number.
        """
        match = _PAGE.fullmatch(text)
        if match is None:
            raise RecordUnreadable(f"page {text!r} is not the letter T or F and a number")
        return cls(PageContext(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.context.value}{self.number}"


@frozen
class OcmfTime:
    """A time with how far it can be trusted (``TM``).

    Attributes:
        when: with its zone; milliseconds are what the format can say.
        state: the letter behind it; a text where the format does not know it, ``None`` where there is none.
    """

    when: datetime
    state: TimeState | str | None = TimeState.UNKNOWN

    @classmethod
    def of(cls, stamp: Stamp, zone: tzinfo | None = None) -> OcmfTime:
        """The time of a stamp with the state of its clock, shown in a zone (default UTC)."""
        return cls(stamp.wall.astimezone(zone or timezone.utc), TimeState.of(stamp.state))  # noqa: UP017  # timezone is imported anyway

    @classmethod
    def parse(cls, text: str) -> OcmfTime:
        """Read ``2018-07-24T13:22:04,000+0200 S``; a point for the comma, a colon in the zone, ``Z``, another number of digits behind
        the second and a missing blank are tolerated.

        Raises:
            RecordUnreadable: it is no such time.
        """
        match = _TIME.fullmatch(text)
        if match is None:
            raise RecordUnreadable(f"time {text!r} is not like 2018-07-24T13:22:04,000+0200 S")
        year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
        millis = int(f"{match[7] or '':0<3.3}")
        offset = timedelta()
        if match[8]:
            offset = timedelta(hours=int(match[9]), minutes=int(match[10])) * (-1 if match[8] == "-" else 1)
        try:
            when = datetime(year, month, day, hour, minute, second, millis * 1000, timezone(offset))
        except ValueError as error:
            raise RecordUnreadable(f"time {text!r} does not exist: {error}") from error
        return cls(when, _state(match[11]))

    def __str__(self) -> str:
        offset = self.when.utcoffset()
        if offset is None:
            raise RecordInvalid(f"the time {self.when.isoformat()} has no zone", hint="use times with tzinfo")
        minutes = round(offset.total_seconds() / 60)
        sign = "-" if minutes < 0 else "+"
        zone = f"{sign}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
        shown = f"{self.when.year:04d}-{self.when:%m-%dT%H:%M:%S},{self.when.microsecond // 1000:03d}{zone}"
        state = self.state.value if isinstance(self.state, TimeState) else self.state
        return f"{shown} {state}" if state else shown


def _state(letter: str | None) -> TimeState | str | None:
    if letter is None:
        return None
    try:
        return TimeState(letter)
    except ValueError:
        return letter


@frozen(kw_only=True)
class Identification:
    """Who charges, as the signing component knows it; present exactly when there is a transaction.

    Attributes:
        assigned: a user is assigned (``IS``); ``None`` in records that lack it.
        level: how sure that is (``IL``), ``None`` if not said.
        flags: how (``IF``), at most one of each family; ``None`` leaves the field out.
        type: kind of ``data`` (``IT``).
        data: the identification (``ID``), ``None`` leaves the field out.
        tariff_text: the tariff, in words, up to 250 characters (``TT``).
    """

    assigned: bool | None
    level: IdentificationLevel | str | None = None
    flags: tuple[IdentificationFlag | str, ...] | None = ()
    type: IdentificationType | str = IdentificationType.NONE
    data: str | None = None
    tariff_text: str | None = None


@frozen(kw_only=True)
class CableLoss:
    """Characteristics of the charging cable for loss compensation (``LC``).

    Attributes:
        name: of the characteristics, up to 20 characters (``LN``).
        id: number of the characteristics (``LI``).
        resistance: of the cable (``LR``).
        unit: of the resistance (``LU``).
    """

    name: str | None = None
    id: int | None = None
    resistance: Decimal | None = None
    unit: ResistanceUnit | str | None = None


@frozen(kw_only=True)
class OcmfReading:
    """One reading of a record (an element of ``RD``), with what it inherits from the one before it filled in.

    Attributes:
        time: when (``TM``).
        reason: why (``TX``), ``None`` in fiscal records.
        value: the meter's number with its digits (``RV``); ``None`` for an event without one.
        obis: what was read (``RI``); together with ``unit`` or not at all.
        unit: of the value (``RU``).
        current: AC or DC (``RT``).
        loss: cumulated cable loss in ``unit`` (``CL``).
        errors: ``E`` energy unusable, ``t`` time unusable (``EF``).
        state: of the meter (``ST``); ``None`` where a record lacks it.
        extensions: members the format does not define, as read.
    """

    time: OcmfTime
    reason: ReadingReason | str | None = None
    value: Decimal | None = None
    obis: str | None = None
    unit: ReadingUnit | str | None = None
    current: CurrentType | str | None = None
    loss: Decimal | None = None
    errors: str | None = ""
    state: MeterState | str | None = MeterState.GOOD
    extensions: Mapping[str, Any] = _NO_EXTENSIONS

    @property
    def wh(self) -> Decimal | None:
        """The value in watt hours, exact; ``None`` if it is no energy."""
        if self.value is None:
            return None
        if self.unit is ReadingUnit.KWH:
            return Decimal(format(self.value.scaleb(3), "f"))  # 0.15 kWh are 150 Wh, not 1.5E+2
        return self.value if self.unit is ReadingUnit.WH else None


@frozen(kw_only=True)
class OcmfPayload:
    """The signed part of a record.

    Attributes:
        version: of the format (``FV``), ``"1.3"`` or less in what is written here.
        gateway: manufacturer and model of the signing component (``GI``).
        gateway_serial: its serial number (``GS``).
        gateway_version: its software (``GV``).
        page: the page (``PG``); ``None`` only in records that lack it.
        meter_vendor: ``MV``.
        meter_model: ``MM``.
        meter_serial: ``MS``.
        meter_firmware: ``MF``.
        identification: ``IS``, ``IL``, ``IF``, ``IT``, ``ID``, ``TT``.
        controller_firmware: of the charge controller, up to 25 characters (``CF``).
        cable: characteristics of the cable (``LC``).
        charge_point_type: ``CT``.
        charge_point: ``CI``.
        readings: one or more (``RD``).
        extensions: vendor members (``U``… to ``Z``…) and others that the format does not define.
    """

    version: str | None = "1.3"
    gateway: str | None = None
    gateway_serial: str | None = None
    gateway_version: str | None = None
    page: Page | None
    meter_vendor: str | None = None
    meter_model: str | None = None
    meter_serial: str | None = None
    meter_firmware: str | None = None
    identification: Identification | None = None
    controller_firmware: str | None = None
    cable: CableLoss | None = None
    charge_point_type: ChargePointType | str | None = None
    charge_point: str | None = None
    readings: tuple[OcmfReading, ...]
    extensions: Mapping[str, Any] = _NO_EXTENSIONS

    @property
    def signer(self) -> str:
        """What identifies the signing component and its meter: the serial numbers."""
        return "/".join(part for part in (self.gateway_serial, self.meter_serial) if part)


@frozen(kw_only=True)
class SignatureSection:
    """The part that signs.

    Attributes:
        algorithm: ``SA`` as written; ``None`` means the format's default, ECDSA-secp256r1-SHA256.
        encoding: ``SE``: ``hex`` (default) or ``base64``.
        mime_type: ``SM``: ``application/x-der`` (default).
        data: ``SD`` as written.
        extensions: other members, unsigned.
    """

    algorithm: str | None = None
    encoding: str | None = None
    mime_type: str | None = None
    data: str
    extensions: Mapping[str, Any] = _NO_EXTENSIONS


@frozen(kw_only=True)
class OcmfRecord:
    """A record byte for byte, and what it says.

    The signature covers exactly :attr:`payload_text`; nothing here is ever written again from the values.

    Attributes:
        payload_text: between the first and the second pipe.
        signature_text: behind the second pipe.
        payload: what the payload says.
        signature: what the signature section says.
        key_text: the public key that some files append behind a third pipe; unsigned, ``""`` if there is none.
    """

    payload_text: str = field(repr=False)
    signature_text: str = field(repr=False)
    payload: OcmfPayload
    signature: SignatureSection = field(repr=False)
    key_text: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """The record as it is transmitted."""
        return f"OCMF|{self.payload_text}|{self.signature_text}"

    @property
    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return self.payload_text.encode("utf-8")
