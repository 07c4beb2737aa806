"""Signing on the controller: a session becomes a begin, intermediate and end record, each on its own page, none missing.

The meter measures and cannot sign; the controller reads it, signs, and commits the page together with the record before anybody
sees it (the pattern of gateways with a DZG DVH4013). A transaction judges what it is given: energy below the begin is never
signed as good, and an error once said stays said until the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import attrs
from attrs import frozen

from cc613hal.ocmf.errors import RecordInvalid
from cc613hal.ocmf.fields import ChargePointType, MeterState, PageContext, ReadingReason, ReadingUnit, TimeState
from cc613hal.ocmf.pages import PageCounter
from cc613hal.ocmf.signing import SigningKey, sign_payload
from cc613hal.ocmf.values import CableLoss, Identification, OcmfPayload, OcmfReading, OcmfRecord, OcmfTime, Page
from cc613hal.readings import Energy

__all__ = ["ControllerSigner", "ControllerTransaction", "SignerIdentity", "reading_of"]


@frozen(kw_only=True)
class SignerIdentity:
    """Who signs and what measures: the fields that are the same in every record of a connector.

    Attributes:
        version: of the format to write, at most ``"1.3"``.
        gateway: manufacturer and model of the controller.
        gateway_serial: its serial number.
        gateway_version: version of its legally relevant software.
        meter_vendor: manufacturer of the meter.
        meter_model: model of the meter.
        meter_serial: serial number of the meter.
        meter_firmware: firmware of the meter.
        controller_firmware: of the charge controller, where a notified body asks for it.
        cable: characteristics of the cable, with loss compensation.
        charge_point_type: kind of ``charge_point``.
        charge_point: EVSE id, or charge box id and connector.
    """

    version: str = "1.3"
    gateway: str
    gateway_serial: str = ""
    gateway_version: str
    meter_vendor: str = ""
    meter_model: str = ""
    meter_serial: str
    meter_firmware: str = ""
    controller_firmware: str | None = None
    cable: CableLoss | None = None
    charge_point_type: ChargePointType | None = None
    charge_point: str | None = None


def reading_of(
    energy: Energy | None,
    time: OcmfTime,
    reason: ReadingReason | None,
    *,
    obis: str = "1-b:1.8.0",
    unit: ReadingUnit = ReadingUnit.KWH,
    state: MeterState = MeterState.GOOD,
    errors: str = "",
) -> OcmfReading:
    """A reading from a meter's counter; the digits of the counter stay (123450 Wh in kWh is 123.450).

    Args:
        energy: the counter; ``None`` if the meter gave none, which makes an event without a value.
        time: when it was read.
        reason: why, ``None`` outside transactions.
        obis: the register.
        unit: kWh or Wh.
        state: of the meter.
        errors: ``E``, ``t``, both or none.
    """
    if energy is None:
        return OcmfReading(time=time, reason=reason, errors=errors, state=state)
    value = energy.wh if unit is ReadingUnit.WH else energy.kwh
    return OcmfReading(time=time, reason=reason, value=value, obis=obis, unit=unit, errors=errors, state=state)


class ControllerSigner:
    """Signs the records of one meter.

    Args:
        key: signs.
        pages: gives pages and keeps records; one counter for one key, whatever number of meters it serves.
        identity: the constant fields.
        lock: shared by all signers of one page counter; own if omitted.
    """

    def __init__(self, key: SigningKey, pages: PageCounter, identity: SignerIdentity, *, lock: asyncio.Lock | None = None) -> None:
        self._key = key
        self._pages = pages
        self._identity = identity
        self._lock = lock or asyncio.Lock()

    async def begin(self, reading: OcmfReading, identification: Identification) -> ControllerTransaction:
        """Sign and commit the begin of a transaction.

        Args:
            reading: good, with energy and reason ``BEGIN``.
            identification: who charges.

        Raises:
            RecordInvalid: this reading cannot begin a transaction that can be sold.
            SigningFailed: the key did not sign.
            PagesLost: nothing could be committed.
        """
        if reading.reason is not ReadingReason.BEGIN:
            raise RecordInvalid(f"a transaction begins with reason B, not with {_letter(reading)}")
        if reading.wh is None or reading.state is not MeterState.GOOD or reading.errors:
            raise RecordInvalid(
                "a transaction begins with a good energy value", hint="read the meter again; do not sell without a begin value"
            )
        if reading.time.state is TimeState.RELATIVE:
            raise RecordInvalid(
                "a begin cannot have relative time: there is nothing before it", hint="write I at the begin and R from then on"
            )
        return ControllerTransaction(self, await self.sign(reading, identification))

    def resume(self, records: Iterable[OcmfRecord]) -> ControllerTransaction:
        """Take up a transaction after a restart, from the records that were committed.

        Raises:
            RecordInvalid: the first does not begin a transaction of this meter, or one already ends it.
        """
        stored = tuple(records)
        if not stored or stored[0].payload.readings[0].reason is not ReadingReason.BEGIN:
            raise RecordInvalid("the stored records do not begin with the begin of a transaction")
        if any(record.payload.meter_serial != self._identity.meter_serial for record in stored):
            raise RecordInvalid("the stored records are of another meter", hint="end this transaction with state X (exchanged)")
        return ControllerTransaction(self, *stored)

    async def fiscal(self, reading: OcmfReading) -> OcmfRecord:
        """Sign and commit a reading outside transactions (page F).

        Raises:
            RecordInvalid: the reading has a reason.
        """
        return await self.sign(reading, None)

    async def sign(self, reading: OcmfReading, identification: Identification | None) -> OcmfRecord:
        """Sign one reading on the next page of its context, and commit both; the record is durable when this returns."""
        context = PageContext.FISCAL if identification is None else PageContext.TRANSACTION
        constant = attrs.asdict(self._identity, recurse=False)
        async with self._lock:
            page = Page(context, await self._pages.next_page(context))
            payload = OcmfPayload(page=page, identification=identification, readings=(reading,), **constant)
            record = await sign_payload(payload, self._key)
            await self._pages.commit(page, record)
        return record


class ControllerTransaction:
    """A transaction that has begun; each record is durable before the call returns."""

    def __init__(self, signer: ControllerSigner, *records: OcmfRecord) -> None:
        self._signer = signer
        self._records = list(records)
        begin = records[0].payload
        self._begin = begin.readings[0]
        if begin.identification is None:
            raise RecordInvalid(f"the record of page {begin.page} belongs to no transaction")
        self._identification = begin.identification
        if self._begin.wh is None:
            raise RecordInvalid(f"the transaction of page {begin.page} began without energy")
        self._memory = _Memory(self._begin, self._begin.wh, self._begin.time.when)
        for record in records[1:]:
            for reading in record.payload.readings:
                self._memory = self._memory.after(reading)
        if any(self._ends(record) for record in records):
            raise RecordInvalid(f"the transaction of page {begin.page} has ended")

    @property
    def records(self) -> tuple[OcmfRecord, ...]:
        """What was signed, in order."""
        return tuple(self._records)

    @property
    def ended(self) -> bool:
        """Whether the end is signed."""
        return self._ends(self._records[-1])

    async def record(self, reading: OcmfReading) -> OcmfRecord:
        """Sign an intermediate reading: charging, suspended, tariff change, exception.

        Raises:
            RecordInvalid: a begin or an end, or the transaction has ended.
        """
        if reading.reason in {ReadingReason.BEGIN, None} or (isinstance(reading.reason, ReadingReason) and reading.reason.ends):
            raise RecordInvalid(f"{_letter(reading)} is no reason for an intermediate record")
        return await self._sign(reading)

    async def end(self, reading: OcmfReading) -> OcmfRecord:
        """Sign the end.

        Args:
            reading: with one of the reasons that end; without a value if the meter is gone (reason A, state T or D).

        Raises:
            RecordInvalid: the reason does not end, or the transaction has ended.
        """
        if not isinstance(reading.reason, ReadingReason) or not reading.reason.ends:
            raise RecordInvalid(f"{_letter(reading)} does not end a transaction")
        return await self._sign(reading)

    async def _sign(self, reading: OcmfReading) -> OcmfRecord:
        if self.ended:
            raise RecordInvalid("the transaction has ended", hint="begin a new one")
        judged = self._memory.judge(reading)
        record = await self._signer.sign(judged, self._identification)
        self._memory = self._memory.after(judged)
        self._records.append(record)
        return record

    @staticmethod
    def _ends(record: OcmfRecord) -> bool:
        reasons = (reading.reason for reading in record.payload.readings)
        return any(isinstance(reason, ReadingReason) and reason.ends for reason in reasons)


@frozen
class _Memory:
    """What a transaction remembers of its readings: the highest energy, the latest time, the errors said."""

    begin: OcmfReading
    wh: Decimal
    latest: datetime
    errors: str = ""

    def judge(self, reading: OcmfReading) -> OcmfReading:
        """The reading as it may be signed: less energy than before is out of range, time that ran backwards is unusable."""
        errors = set(reading.errors or "") | set(self.errors)
        state = reading.state
        if reading.value is not None and (reading.obis, reading.unit) != (self.begin.obis, self.begin.unit):
            raise RecordInvalid(
                f"the register changed within a transaction: {reading.obis} {reading.unit} after {self.begin.obis} {self.begin.unit}"
            )
        if reading.wh is None:
            errors.add("E")
        elif reading.wh < self.wh:
            errors.add("E")
            state = MeterState.OUT_OF_RANGE if state is MeterState.GOOD else state
        if reading.time.when < self.latest:
            errors.add("t")
        return attrs.evolve(reading, errors="".join(letter for letter in "Et" if letter in errors), state=state)

    def after(self, reading: OcmfReading) -> _Memory:
        """The memory with one more reading."""
        wh = self.wh if reading.wh is None else max(self.wh, reading.wh)
        said = self.errors + (reading.errors or "")
        return _Memory(self.begin, wh, max(self.latest, reading.time.when), "".join(letter for letter in "Et" if letter in said))


def _letter(reading: OcmfReading) -> str:
    return reading.reason.value if isinstance(reading.reason, ReadingReason) else str(reading.reason)
