"""Isabellenhütte IEM-DCR: the meter is told the user, then begin and end; one record holds both.

Procedure: EVerest's driver IsabellenhuetteIemDcr. The charge point is told once after power-up and stays until the next; begin and end are
refused while more current flows than the meter's activation threshold, so the contactor opens first. The meter knows no identifier of a
transaction: which one it is, the driver remembers.
"""

from __future__ import annotations

from datetime import timedelta, timezone

from cc613hal.clock import ClockState
from cc613hal.errors import DeviceRefused
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
from cc613hal.ocmf import Curve, OcmfTime, RecordUnreadable, TimeState
from cc613hal.plugins import DeviceContext
from cc613hal_meters.http_values import member
from cc613hal_meters.iem_dcr import IemDcrMeter
from cc613hal_meters.signing.told import Recorder, der_of
from cc613hal_meters.signing.transactions import TransactionMemory, local_offset_min, refuse_begin, refuse_other, refuse_release, wait_for
from cc613hal_meters.told_options import IemDcrOptions

__all__ = ["HEALTHY", "IemDcr"]

HEALTHY = "0x0000, 0x00000000, 0x00, 0x00"
"""What the status (``XC``) says while nothing is wrong."""
_LOOK_S = 0.25


class IemDcr(IemDcrMeter, SignedMeter, MeterClock):
    """The measured values, and signed transactions.

    Args:
        context: the device's place on the board; an HTTP bus.
        options: zone, and the maker's own text.
    """

    def __init__(self, context: DeviceContext, options: IemDcrOptions) -> None:
        super().__init__(context, options)
        self._signing = options
        self._transactions = TransactionMemory(context.memory)
        self._recorder = Recorder(context, self._transactions, options.signature_s)
        self._key = b""

    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Tell charge point (if it has none), time and user, then begin. The record comes with the end.

        Raises:
            DeviceRefused: a transaction is not released yet, the meter is in error, has another charge point, or current flows.
            CommandFailed: the meter did not begin by the deadline.
        """
        held = await self.read_transaction()
        if refuse_begin(held, transaction, self._device):
            self._transactions.keep(id=transaction.id, begun=True)
            return None
        status = str(member(await self.link.live(), "XC", device=self._device))
        if status != HEALTHY:
            raise DeviceRefused(f"is in error: {status}", device=self._device, hint="see the meter's manual for its status")
        await self._tell_place(transaction)
        await self.set_clock()
        self._transactions.keep(id=transaction.id, begun=False)
        user = transaction.user
        told: dict[str, object] = {
            "IS": user.assigned,
            "IL": user.level or "NONE",
            "IF": list(user.flags),
            "IT": user.type,
            "ID": user.data or transaction.id,
            "US": self._signing.user_text,
        }
        await self.link.tell("user", told | ({"TT": transaction.tariff_text} if transaction.tariff_text else {}))
        await self.link.tell("receipt", {"TX": "B"})
        await self._wait(running=True, what="the begin")
        self._transactions.keep(begun=True)
        return None

    async def end_transaction(
        self,
        transaction: SignedTransaction,
        reason: EndReason = EndReason.END,  # noqa: ARG002  # the meter knows one
    ) -> SignedReading:
        """End, and fetch the record.

        Raises:
            DeviceRefused: the meter holds another transaction or none, or current flows.
            CommandFailed: it did not end, or there is no record by the deadline.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        what = "transaction"
        if await self._runs():
            await self.link.tell("receipt", {"TX": "E"})
            await self._wait(running=False, what="the end")
            what = "receipt"
        elif not self._transactions.told.begun:
            raise DeviceRefused(f"holds no transaction {transaction.id}", device=self._device)
        self._transactions.keep(id=transaction.id, begun=True)
        return await self._recorder.fetch(transaction, lambda: self.link.record(what), await self.public_key())

    async def read_transaction(self) -> TransactionReading:
        """Whether a transaction runs; which one, the driver remembers."""
        told = self._transactions.told
        phase, known, detail = TransactionPhase.IDLE, None, "no transaction runs"
        if await self._runs():
            phase, known, detail = TransactionPhase.RUNNING, told.id or None, "a transaction runs"
        elif told.id and told.begun:
            phase, known, detail = TransactionPhase.CLOSED, told.id, "the transaction has ended"
        return TransactionReading(stamp=self._context.clock.stamp(), source=self._device, phase=phase, transaction=known, detail=detail)

    async def release_record(self, transaction: SignedTransaction) -> None:
        """The meter keeps its last record; the driver remembers that it is safe.

        Raises:
            DeviceRefused: the transaction runs, or it is another one.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        refuse_release(transaction, self._device, running=bool(self._transactions.told.id) and await self._runs())
        self._transactions.forget()

    async def public_key(self) -> bytes:
        """The key in the meter, DER; the meter tells the bare point."""
        if not self._key:
            self._key = der_of(str(member(await self.link.ask("publickey"), "PK", device=self._device)), Curve.SECP256R1, self._device)
        return self._key

    async def read_clock(self) -> MeterClockReading:
        """The meter's time; the letter behind it, where it writes one, says what it thinks of it."""
        text = str(member(await self.link.ask("datetime"), "TM", device=self._device))
        stamp = self._context.clock.stamp()
        try:
            time = OcmfTime.parse(text)
        except RecordUnreadable:
            return MeterClockReading(stamp=stamp, source=self._device, error_s=None, state=ClockState.UNKNOWN)
        state = ClockState.SYNCHRONISED if time.state is TimeState.SYNCHRONISED else ClockState.UNKNOWN
        return MeterClockReading(stamp=stamp, source=self._device, error_s=(time.when - stamp.wall).total_seconds(), state=state)

    async def set_clock(self) -> MeterClockReading:
        """Local time with its present offset. A controller that is not synchronised writes nothing.

        Raises:
            DeviceRefused: a transaction runs.
        """
        if self._context.clock.state is ClockState.SYNCHRONISED:
            await self.link.tell("datetime", {"TM": self._local_time()})
        return await self.read_clock()

    async def _tell_place(self, transaction: SignedTransaction) -> None:
        """Charge point: once per power-up; afterwards it is what it is."""
        place = await self.link.ask("gw")
        there = str(place.get("CI") or "")
        wanted = transaction.charge_point
        if not str(place.get("CT") or "") and wanted:
            time = self._local_time()
            if self._context.clock.state is not ClockState.SYNCHRONISED:
                # it wants a time here; one that nobody knows must not become the meter's
                time = str(member(await self.link.ask("datetime"), "TM", device=self._device))[:28]
            await self.link.tell("gw", {"CT": transaction.charge_point_type, "CI": wanted, "TM": time})
        elif wanted and there != wanted:
            raise DeviceRefused(
                f"has the charge point {there or '–'}, not {wanted}",
                device=self._device,
                hint="it takes another one only after its supply was off",
            )

    async def _runs(self) -> bool:
        return member(await self.link.live(), "XT", device=self._device) is True

    async def _wait(self, *, running: bool, what: str) -> None:
        await wait_for(
            self._runs,
            lambda runs: runs is running,
            context=self._context,
            what=what,
            deadline_s=self._signing.signature_s,
            every_s=_LOOK_S,
        )

    def _local_time(self) -> str:
        now = self._context.clock.wall()
        offset = timezone(timedelta(minutes=local_offset_min(self._signing.timezone, now)))
        return f"{now.astimezone(offset):%Y-%m-%dT%H:%M:%S,000%z}"
