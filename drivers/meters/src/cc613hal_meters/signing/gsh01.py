"""DZG GSH01: start and stop by command; one record holds begin and end, with the energies at the meter, of the cable, and at the vehicle.

Procedure: EVerest's driver DZG_GSH01. The charge point is set when the meter is assembled. A start is ignored while a transaction runs, so
the status word is asked first; the count of records tells an old record from a new one.
"""

from __future__ import annotations

from cc613hal.clock import ClockState
from cc613hal.errors import CommandFailed, DeviceRefused, ProtocolViolation
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
from cc613hal.ocmf import Curve, KeyUnusable, PublicKey
from cc613hal.plugins import DeviceContext
from cc613hal_meters.gsh01 import Command, Gsh01Meter, StatusBit
from cc613hal_meters.signing.told import Recorder, der_of
from cc613hal_meters.signing.transactions import TransactionMemory, local_offset_min, refuse_begin, refuse_other, refuse_release, wait_for
from cc613hal_meters.told_options import Gsh01Options

__all__ = ["ID_BYTES", "ID_TYPES", "Gsh01"]

ID_BYTES = 40
ID_TYPES = {
    "NONE": 0,
    "DENIED": 1,
    "UNDEFINED": 2,
    "ISO14443": 10,
    "ISO15693": 11,
    "EMAID": 20,
    "EVCCID": 21,
    "EVCOID": 30,
    "ISO7812": 40,
    "CARD_TXN_NR": 50,
    "CENTRAL": 60,
    "CENTRAL_1": 61,
    "CENTRAL_2": 62,
    "LOCAL": 70,
    "LOCAL_1": 71,
    "LOCAL_2": 72,
    "PHONE_NUMBER": 80,
    "KEY_CODE": 90,
}
"""Types of identification and the meter's numbers for them."""
_LOOK_S = 0.25
_UNFIT = (
    StatusBit.CLOCK_FAILED
    | StatusBit.CONFIGURATION_MEMORY_FAILED
    | StatusBit.SIGNATURE_MODULE_FAILED
    | StatusBit.CONFIGURATION_FAILED
    | StatusBit.METERING_COMMUNICATION_FAILED
    | StatusBit.METERING_FATAL
)


class Gsh01(Gsh01Meter, SignedMeter, MeterClock):
    """The measured values, and signed transactions.

    The record names user and type; level and flags are not told, and the charge point is the one that was set at assembly.

    Args:
        context: the device's place on the board.
        options: its address, zone, and how wrong its clock may be.
    """

    def __init__(self, context: DeviceContext, options: Gsh01Options) -> None:
        super().__init__(context, options)
        self._signing = options
        self._transactions = TransactionMemory(context.memory)
        self._recorder = Recorder(context, self._transactions, options.signature_s)
        self._key = b""

    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Set the clock if it is wrong, and begin. The record comes with the end.

        Raises:
            DeviceRefused: a transaction is not released yet, the meter is not ready, or something has no place or number.
            CommandFailed: the meter did not begin by the deadline.
        """
        held = await self.read_transaction()
        if refuse_begin(held, transaction, self._device):
            self._transactions.keep(id=transaction.id, begun=True)
            return None
        status = await self._status()
        wrong = [bit.name.lower().replace("_", " ") for bit in StatusBit if bit & status & _UNFIT and bit.name]
        if wrong or not status & StatusBit.READY:
            raise DeviceRefused(f"is not ready to sign: {', '.join(wrong) or 'it says so itself'}", device=self._device)
        user = self._user(transaction)
        clock = await self.read_clock()
        if clock.state is not ClockState.SYNCHRONISED or clock.error_s is None or abs(clock.error_s) > self._signing.clock_error_s:
            await self.set_clock()
        self._transactions.keep(id=transaction.id, begun=False, mark=await self._count())
        await self.link.exchange({Command.START_TRANSACTION: await self._now() + user})
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
            DeviceRefused: the meter holds another transaction, or none.
            CommandFailed: it did not end, or there is no new record by the deadline.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        if await self._runs():
            await self.link.exchange({Command.STOP_TRANSACTION: b""}, reply_s=self._signing.signature_s)
            await self._wait(running=False, what="the end")
        elif not self._transactions.told.begun:
            raise DeviceRefused(f"holds no transaction {transaction.id}", device=self._device)
        mark = self._transactions.told.mark
        self._transactions.keep(id=transaction.id, begun=True)

        async def look() -> bytes:
            told = await self.link.ask(Command.OCMF_STATISTICS)
            if self._whole(told, Command.OCMF_STATISTICS, 4) <= mark:
                return b""  # the last one is still another transaction's
            return (await self.link.ask(Command.GET_LAST_OCMF))[Command.GET_LAST_OCMF].partition(b"\0")[0]

        return await self._recorder.fetch(transaction, look, await self.public_key())

    async def read_transaction(self) -> TransactionReading:
        """Whether the status word says that a charge runs; which one, the driver remembers."""
        told = self._transactions.told
        status = await self._status()
        phase, known, detail = TransactionPhase.IDLE, None, f"status word {status:#x}"
        if status & StatusBit.CHARGING:
            cut = bool(status & StatusBit.SESSION_NOT_COMPLETED)
            phase, known = TransactionPhase.INTERRUPTED if cut else TransactionPhase.RUNNING, told.id or None
        elif told.id and told.begun:
            phase, known = TransactionPhase.CLOSED, told.id
        return TransactionReading(stamp=self._context.clock.stamp(), source=self._device, phase=phase, transaction=known, detail=detail)

    async def release_record(self, transaction: SignedTransaction) -> None:
        """The meter keeps its records; the driver remembers that this one is safe.

        Raises:
            DeviceRefused: the transaction runs, or it is another one.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        refuse_release(transaction, self._device, running=bool(self._transactions.told.id) and await self._runs())
        self._transactions.forget()

    async def public_key(self) -> bytes:
        """The key in the meter, DER; it tells it as bytes or in hexadecimal digits."""
        if not self._key:
            data = (await self.link.ask(Command.PUBLIC_KEY_ASN1))[Command.PUBLIC_KEY_ASN1]
            try:
                self._key = PublicKey.from_der(data).der
            except KeyUnusable:
                text = data.partition(b"\0")[0].decode("ascii", "replace")
                self._key = der_of(text, Curve.SECP256K1, self._device)
        return self._key

    async def read_clock(self) -> MeterClockReading:
        """The meter's time, and whether it calls it synchronised."""
        told = await self.link.ask(Command.TIME, Command.STATUS_WORD)
        stamp = self._context.clock.stamp()
        seconds = self._whole(told, Command.TIME, 4)
        unset = self._whole(told, Command.STATUS_WORD, 8) & StatusBit.CLOCK_NOT_SET
        return MeterClockReading(
            stamp=stamp,
            source=self._device,
            error_s=seconds - stamp.wall.timestamp(),
            state=ClockState.UNKNOWN if unset else ClockState.SYNCHRONISED,
        )

    async def set_clock(self) -> MeterClockReading:
        """Time, and the zone in quarters of an hour. A controller that is not synchronised writes nothing.

        Raises:
            DeviceRefused: a transaction runs.
            CommandFailed: it shows another time.
        """
        if self._context.clock.state is not ClockState.SYNCHRONISED:
            return await self.read_clock()
        await self.link.exchange({Command.TIME: self._time(int(self._context.clock.wall().timestamp()))})
        reading = await self.read_clock()
        if reading.error_s is None or abs(reading.error_s) > self._signing.clock_error_s:
            raise CommandFailed("shows another time than was written", evidence=reading, device=self._device)
        return reading

    async def _now(self) -> bytes:
        """The time of the start command: the controller's if it knows it, else the meter's own, which is then not moved."""
        if self._context.clock.state is ClockState.SYNCHRONISED:
            return self._time(int(self._context.clock.wall().timestamp()))
        told = await self.link.ask(Command.TIME)
        return self._time(self._whole(told, Command.TIME, 4))

    def _time(self, seconds: int) -> bytes:
        quarters = local_offset_min(self._signing.timezone, self._context.clock.wall()) // 15
        return (seconds & 0xFFFFFFFF).to_bytes(4, "little") + quarters.to_bytes(1, "little", signed=True)

    def _user(self, transaction: SignedTransaction) -> bytes:
        user = transaction.user
        number = ID_TYPES.get(user.type)
        data = user.data.encode()
        if number is None:
            raise DeviceRefused(f"the identification type {user.type} has no number in this meter", device=self._device)
        if len(data) > ID_BYTES:
            raise DeviceRefused(f"the identification {user.data!r} has {len(data)} bytes, {ID_BYTES} fit", device=self._device)
        return bytes([user.assigned, number]) + data.ljust(ID_BYTES, b"\0")

    async def _status(self) -> int:
        return self._whole(await self.link.ask(Command.STATUS_WORD), Command.STATUS_WORD, 8)

    async def _runs(self) -> bool:
        return bool(await self._status() & StatusBit.CHARGING)

    async def _count(self) -> int:
        """Records the meter holds; before its first one it may have no statistics."""
        try:
            return self._whole(await self.link.ask(Command.OCMF_STATISTICS), Command.OCMF_STATISTICS, 4)
        except (DeviceRefused, ProtocolViolation):
            return 0

    async def _wait(self, *, running: bool, what: str) -> None:
        await wait_for(
            self._runs,
            lambda runs: runs is running,
            context=self._context,
            what=what,
            deadline_s=self._signing.signature_s,
            every_s=_LOOK_S,
        )
