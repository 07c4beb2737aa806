"""LEM DCBM 400 and 600: a transaction has the identifier that it was given; one record holds its begin and its end.

Procedure: EVerest's driver LemDCBM400600, which follows LEM's communication protocols manual. The time is set before every begin, since
the meter wants it no older than 48 h; it takes settings reliably from two minutes after power-up on, and a transaction should last two
minutes at least.
"""

from __future__ import annotations

from datetime import datetime

from cc613hal.clock import ClockState
from cc613hal.errors import CommandFailed, DeviceRefused
from cc613hal.interfaces import (
    EndReason,
    MeterClock,
    MeterClockReading,
    SignedMeter,
    SignedReading,
    SignedTransaction,
    TransactionPhase,
    TransactionReading,
)
from cc613hal.ocmf import Curve
from cc613hal.plugins import DeviceContext
from cc613hal_meters.http_values import member
from cc613hal_meters.lem import LemMeter
from cc613hal_meters.signing.told import Recorder, der_of
from cc613hal_meters.signing.transactions import TransactionMemory, local_offset_min, refuse_begin, refuse_other, refuse_release
from cc613hal_meters.told_options import LemDcbmOptions

__all__ = ["LemDcbm"]

_CLIENT_LENGTH = 37
_TARIFF_LENGTH = 20
_ONGOING = 0b100


class LemDcbm(LemMeter, SignedMeter, MeterClock):
    """The measured values, and signed transactions.

    What the meter's records call ``ID`` is the client that it is told. Level, flags and type of the identification are settings of the
    meter, and are left as they are.

    Args:
        context: the device's place on the board; an HTTP bus.
        options: units, zone, and the meter's numbers for tariff and cable.
    """

    def __init__(self, context: DeviceContext, options: LemDcbmOptions) -> None:
        super().__init__(context, options)
        self._signing = options
        self._transactions = TransactionMemory(context.memory)
        self._recorder = Recorder(context, self._transactions, options.signature_s)
        self._key = b""

    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Set the clock, and begin. The record comes with the end.

        Raises:
            DeviceRefused: a transaction is not released yet, or something does not fit.
            CommandFailed: the meter did not begin.
        """
        held = await self.read_transaction()
        if refuse_begin(held, transaction, self._device):
            self._transactions.keep(id=transaction.id, begun=True)
            return None
        content = self._content(transaction)
        await self.set_clock()
        self._transactions.keep(id=transaction.id, begun=False)
        answer = await self.link.begin(content)
        if answer.get("running") is not True:
            raise CommandFailed(
                f"did not begin {transaction.id}", evidence=answer, device=self._device, hint="see its status bits and errors"
            )
        self._transactions.keep(begun=True)
        return None

    async def end_transaction(
        self,
        transaction: SignedTransaction,
        reason: EndReason = EndReason.END,  # noqa: ARG002  # the meter knows one
    ) -> SignedReading:
        """End, and fetch the record.

        Raises:
            DeviceRefused: the meter holds another transaction, or none.
            CommandFailed: it did not end, or there is no record by the deadline.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        ongoing, current = await self._held()
        if current != transaction.id or not (ongoing or self._transactions.told.id):
            raise DeviceRefused(f"holds transaction {current or '–'}, not {transaction.id}", device=self._device)
        if ongoing:
            answer = await self.link.end(transaction.id)
            status = member(answer, "meterValue", "transactionStatus", device=self._device)
            if not isinstance(status, int) or status & _ONGOING:
                raise CommandFailed(f"did not end {transaction.id}: status {status}", evidence=answer, device=self._device)
        return await self._recorder.fetch(transaction, lambda: self.link.ocmf(transaction.id), await self.public_key())

    async def read_transaction(self) -> TransactionReading:
        """What the meter says that it holds."""
        ongoing, current = await self._held()
        told = self._transactions.told
        phase, known, detail = TransactionPhase.IDLE, None, "no transaction is going on"
        if ongoing:
            phase, known, detail = TransactionPhase.RUNNING, current or told.id or None, "a transaction is going on"
        elif told.id and told.id == current:
            phase, known, detail = TransactionPhase.CLOSED, current, "the transaction has ended"
        return TransactionReading(stamp=self._context.clock.stamp(), source=self._device, phase=phase, transaction=known, detail=detail)

    async def release_record(self, transaction: SignedTransaction) -> None:
        """The meter keeps its records; the driver remembers that this one is safe.

        Raises:
            DeviceRefused: the transaction runs, or it is another one.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        ongoing, current = await self._held()
        refuse_release(transaction, self._device, running=ongoing and current == transaction.id)
        self._transactions.forget()

    async def public_key(self) -> bytes:
        """The key for OCMF, DER."""
        if not self._key:
            text = member(await self.link.status(), "publicKeyOcmf", device=self._device)
            self._key = der_of(str(text), Curve.SECP256R1, self._device)
        return self._key

    async def read_clock(self) -> MeterClockReading:
        """The meter's time, and whether it calls it synchronised."""
        status = await self.link.status()
        stamp = self._context.clock.stamp()
        error_s: float | None = None
        text = status.get("time")
        if isinstance(text, str):
            try:
                shown = datetime.fromisoformat(text)
            except ValueError:
                shown = None
            if shown is not None and shown.tzinfo is not None:
                error_s = (shown - stamp.wall).total_seconds()
        synchronised = member(status, "status", "bits", "timeSyncStatusIsOk", device=self._device) is True
        state = ClockState.SYNCHRONISED if synchronised else ClockState.UNKNOWN
        return MeterClockReading(stamp=stamp, source=self._device, error_s=error_s, state=state)

    async def set_clock(self) -> MeterClockReading:
        """Time, then zone with its present offset. A controller that is not synchronised writes nothing.

        Raises:
            DeviceRefused: a transaction is going on.
        """
        if self._context.clock.state is ClockState.SYNCHRONISED:
            now = self._context.clock.wall()
            offset = local_offset_min(self._signing.timezone, now)
            zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
            for what, text in (("utc", f"{now:%Y-%m-%dT%H:%M:%S}Z"), ("tz", zone)):
                answer = await self.link.settings({"time": {what: text}})
                if answer.get("result") != 1:
                    raise DeviceRefused(f"does not take the time ({what} {text})", device=self._device, hint="not in a transaction")
        return await self.read_clock()

    async def _held(self) -> tuple[bool, str]:
        """Whether a transaction is going on, and the identifier of that or the last one."""
        ongoing = member(await self.link.status(), "status", "bits", "transactionIsOnGoing", device=self._device) is True
        return ongoing, await self.link.legal()

    def _content(self, transaction: SignedTransaction) -> dict[str, object]:
        client = transaction.user.data or transaction.id
        if len(client) > _CLIENT_LENGTH:
            raise DeviceRefused(f"the identification {client!r} has {len(client)} characters, {_CLIENT_LENGTH} fit", device=self._device)
        content: dict[str, object] = {
            "evseId": transaction.charge_point,
            "transactionId": transaction.id,
            "clientId": client,
            "tariffId": self._signing.tariff_id,
        }
        if self.link.version > 1:
            if len(transaction.tariff_text) > _TARIFF_LENGTH:
                raise DeviceRefused(
                    f"the tariff text has {len(transaction.tariff_text)} characters, {_TARIFF_LENGTH} fit", device=self._device
                )
            content |= {"TT": transaction.tariff_text, "UV": "", "UD": "", "SC": 0}
        return content | {"cableId": self._signing.cable_id, "userData": ""}
