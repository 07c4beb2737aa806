"""A meter that measures and a controller that signs: together they are a signed meter (the pattern of gateways with a DZG DVH4013)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol
from zoneinfo import ZoneInfo

from attrs import field, frozen

from cc613hal.clock import Clock
from cc613hal.errors import BusError, DeviceRefused
from cc613hal.interfaces import (
    EndReason,
    EnergyMeter,
    Identified,
    Identity,
    OnDemandSigner,
    SignedMeter,
    SignedReading,
    SignedTransaction,
    SigningEvent,
    TransactionPhase,
    TransactionReading,
    UserAssignment,
)
from cc613hal.ocmf import (
    ChargePointType,
    ControllerSigner,
    ControllerTransaction,
    Identification,
    MeterState,
    OcmfReading,
    OcmfRecord,
    OcmfTime,
    PageCounter,
    ReadingReason,
    SignerIdentity,
    SigningKey,
    read_record,
    reading_of,
)

__all__ = ["ControllerSignedMeter", "Gateway", "SignerPages"]


class SignerPages(PageCounter, Protocol):
    """Pages, and the records of the transaction that is not released; page and record are one commit."""

    @abstractmethod
    async def signed(self) -> tuple[str, tuple[str, ...]]:
        """The transaction that is not released, ``""`` for none, and its records in order."""

    @abstractmethod
    def assign(self, transaction: str) -> None:
        """The next records belong to this transaction."""

    @abstractmethod
    async def forget(self) -> None:
        """The transaction is released."""


@frozen(kw_only=True)
class Gateway:
    """What signs.

    Attributes:
        model: manufacturer and model of the controller (``GI``).
        serial: its serial number (``GS``).
        version: of its software (``GV``).
        timezone: whose local time the records show.
        tries: how often the meter is read before it counts as lost.
        retry_s: between tries, s.
    """

    model: str
    serial: str
    version: str
    timezone: str = "UTC"
    tries: int = field(default=5)
    retry_s: float = field(default=1.0)


class ControllerSignedMeter(SignedMeter, OnDemandSigner):
    """Signs what a plain meter shows, one record for each value.

    A meter that is lost by the end of a transaction still gets an end: reason A, state D, without a value that nobody has read.

    Args:
        meter: measures.
        key: signs.
        pages: keeps pages and records.
        clock: the station's clock; its state stands in every record.
        gateway: what signs.
    """

    def __init__(self, meter: EnergyMeter, key: SigningKey, pages: SignerPages, clock: Clock, gateway: Gateway) -> None:
        self._meter = meter
        self._key = key
        self._pages = pages
        self._clock = clock
        self._gateway = gateway
        self._zone = ZoneInfo(gateway.timezone)
        self._identity: Identity | None = None

    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Read the meter and sign the begin.

        Raises:
            DeviceRefused: another transaction is not released.
            BusError: the meter does not answer.
            ImplausibleReading: it has no energy.
            SigningFailed: the key did not sign.
        """
        held, records = await self._pages.signed()
        if held == transaction.id and records:
            return self._reading(records[0], transaction.id, SigningEvent.BEGIN)
        if held:
            raise DeviceRefused(f"transaction {held} is not released", device="signer", hint="end it and release its record first")
        signer = await self._signer(transaction)
        reading = await self._read(ReadingReason.BEGIN)
        self._pages.assign(transaction.id)
        signed = await signer.begin(reading, _identification(transaction.user, transaction.tariff_text))
        return self._reading(signed.records[0].text, transaction.id, SigningEvent.BEGIN)

    async def end_transaction(self, transaction: SignedTransaction, reason: EndReason = EndReason.END) -> SignedReading:
        """Read the meter and sign the end.

        Raises:
            DeviceRefused: this transaction never began.
            SigningFailed: the key did not sign.
        """
        held, records = await self._pages.signed()
        if held != transaction.id or not records:
            raise DeviceRefused(f"transaction {transaction.id} never began", device="signer")
        stored = [read_record(text) for text in records]
        if not _ends(stored[-1]):
            self._pages.assign(transaction.id)
            running = (await self._signer(transaction)).resume(stored)
            stored.append(await self._end(running, ReadingReason(reason.value)))
        return self._reading(stored[-1].text, transaction.id, SigningEvent.END)

    async def read_transaction(self) -> TransactionReading:
        """What is kept."""
        held, records = await self._pages.signed()
        phase = TransactionPhase.IDLE
        if held and records:
            phase = TransactionPhase.CLOSED if _ends(read_record(records[-1])) else TransactionPhase.RUNNING
        known = held if phase is not TransactionPhase.IDLE else None
        return TransactionReading(stamp=self._clock.stamp(), source="signer", phase=phase, transaction=known, detail=phase.value)

    async def release_record(self, transaction: SignedTransaction) -> None:
        """Forget the records; they are kept by whoever asked.

        Raises:
            DeviceRefused: another transaction, or one that has not ended.
        """
        held, records = await self._pages.signed()
        if held and (held != transaction.id or not _ends(read_record(records[-1]))):
            raise DeviceRefused(f"transaction {held} is not the one to be released, or has not ended", device="signer")
        await self._pages.forget()

    async def sign_now(self, transaction: SignedTransaction | None = None) -> SignedReading:
        """Read the meter and sign a value in between, or a fiscal one outside transactions."""
        signer = await self._signer(transaction or SignedTransaction(id="fiscal"))
        if transaction is None:
            record = await signer.fiscal(await self._read(None))
            return self._reading(record.text, "", SigningEvent.FISCAL)
        held, records = await self._pages.signed()
        if held != transaction.id:
            raise DeviceRefused(f"transaction {transaction.id} does not run", device="signer")
        self._pages.assign(transaction.id)
        record = await signer.resume(map(read_record, records)).record(await self._read(ReadingReason.CHARGING))
        return self._reading(record.text, transaction.id, SigningEvent.INTERMEDIATE)

    async def public_key(self) -> bytes:
        """Of the controller's key."""
        return self._key.public_key.der

    async def _signer(self, transaction: SignedTransaction) -> ControllerSigner:
        if self._identity is None and isinstance(self._meter, Identified):
            self._identity = await self._meter.identify()
        meter = self._identity
        named = transaction.charge_point != ""
        identity = SignerIdentity(
            gateway=self._gateway.model,
            gateway_serial=self._gateway.serial,
            gateway_version=self._gateway.version,
            meter_vendor=(meter.vendor or "") if meter else "",
            meter_model=(meter.model or "") if meter else "",
            meter_serial=(meter.serial or "") if meter else "",
            meter_firmware=(meter.firmware or "") if meter else "",
            charge_point_type=ChargePointType(transaction.charge_point_type) if named else None,
            charge_point=transaction.charge_point if named else None,
        )
        return ControllerSigner(self._key, self._pages, identity)

    async def _read(self, reason: ReadingReason | None) -> OcmfReading:
        energy = await self._meter.read_energy()
        return reading_of(energy.imported, OcmfTime.of(energy.stamp, self._zone), reason)

    async def _end(self, running: ControllerTransaction, reason: ReadingReason) -> OcmfRecord:
        for number in range(self._gateway.tries):
            try:
                reading = await self._read(reason)
            except BusError:  # as long as it is lost there is nothing to say but that; the record says it
                if number + 1 < self._gateway.tries:
                    await self._clock.sleep(self._gateway.retry_s)
                continue
            return await running.end(reading)
        time = OcmfTime.of(self._clock.stamp(), self._zone)
        return await running.end(reading_of(None, time, ReadingReason.END_ABORT, state=MeterState.DISCONNECTED, errors="E"))

    def _reading(self, text: str, transaction: str, event: SigningEvent) -> SignedReading:
        return SignedReading(
            stamp=self._clock.stamp(),
            source="signer",
            event=event,
            transaction=transaction,
            format="OCMF",
            encoding="plain",
            data=text.encode(),
            public_key=self._key.public_key.der,
        )


def _ends(record: OcmfRecord) -> bool:
    reasons = [reading.reason for reading in record.payload.readings]
    return any(isinstance(reason, ReadingReason) and reason.ends for reason in reasons)


def _identification(user: UserAssignment, tariff_text: str) -> Identification:
    return Identification(
        assigned=user.assigned,
        level=user.level or None,
        flags=user.flags,
        type=user.type,
        data=user.data,
        tariff_text=tariff_text or None,
    )
