"""Bauer BSM-WS36A: signed snapshots, each with a record of its own; the meter itself knows no transaction.

Models, points and procedure: bsm-python (github.com/chargeITmobility/bsm-python), model files 64900, 64901 and 64903 and the chapters on
snapshots, OCMF and time.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal.clock import ClockState
from cc613hal.errors import CommandFailed, DeviceRefused
from cc613hal.interfaces import (
    EndReason,
    MeterClock,
    MeterClockReading,
    OnDemandSigner,
    SignedMeter,
    SignedReading,
    SignedTransaction,
    SigningEvent,
    TransactionPhase,
    TransactionReading,
)
from cc613hal.plugins import DeviceContext
from cc613hal_meters.meter import ModbusMeter
from cc613hal_meters.options import BsmWs36aOptions, Snapshots
from cc613hal_meters.signing.registers import bytes_of, read_bytes, u32_of, write_bytes
from cc613hal_meters.signing.transactions import (
    TransactionMemory,
    local_offset_min,
    ocmf_payload,
    refuse_begin,
    refuse_other,
    refuse_release,
    wait_for,
)

__all__ = ["CURRENT", "END", "EPOCH", "META", "START", "TURN_OFF", "TURN_ON", "BsmWs36a", "Snapshot"]


@frozen
class Snapshot:
    """One kind of snapshot.

    Attributes:
        name: for messages.
        model: address of its model 64901.
        record: address of its model 64903, the same as OCMF.
    """

    name: str
    model: int
    record: int

    @property
    def status(self) -> int:
        """Written to ask for it, read to wait for it."""
        return self.model + 3

    @property
    def counter(self) -> int:
        """The response counter it was made with: the record's page."""
        return self.model + 19

    @property
    def note(self) -> int:
        """Its third metadata text."""
        return self.model + 152


CURRENT = Snapshot("current snapshot", 40521, 41791)
TURN_ON = Snapshot("turn-on snapshot", 40775, 42291)
TURN_OFF = Snapshot("turn-off snapshot", 41029, 42791)
START = Snapshot("start snapshot", 41283, 43291)
END = Snapshot("end snapshot", 41537, 43791)

POWER_DOWNS = 40254
EPOCH = 40260
"""Seconds since 1970, two registers, and the zone in minutes: one write for all three sets the clock."""
META = ((40279, 70), (40349, 50), (40399, 50))
"""The three metadata texts: address and registers."""
KEY = 40449
"""Registers of the key, its bytes, and the key."""
RECORD_REGISTERS = 496
RECORD_TEXT = 4
RECORD_STATUS = 3

VALID, UPDATING = 0, 2
_FAILED = {1: "invalid", 3: "failed", 4: "not enabled", 5: "the contactor's feedback is wrong"}
_NO_TIME = frozenset({0, 0xFFFFFFFF, 0x80000000})
"""What the clock shows before it was set; "not implemented" of SunSpec's 32-bit types included."""
_UPDATE_S = 24 * 3600.0
"""Setting the time more often wears the meter out (bsm-python, doc/examples/time.md)."""
_LOOK_S = 0.1
NOTE = "transaction-id: "


class BsmWs36a(ModbusMeter, SignedMeter, OnDemandSigner, MeterClock):
    """The measured values, and signed snapshots.

    What the meter's records call ``ID`` is its first metadata text; it always says that a user is assigned, and no flags. The second text
    carries the charge point, the third the transaction; both are signed in the snapshot, and in the record by newer firmware.

    Args:
        context: the device's place on the board.
        options: how it is mounted, and which snapshots are used.
    """

    def __init__(self, context: DeviceContext, options: BsmWs36aOptions) -> None:
        super().__init__(context, options)
        self._signing = options
        self._longest = self.map.limits.max_registers
        self._transactions = TransactionMemory(context.memory)
        self._key = b""
        switching = options.snapshots is Snapshots.TURN_ON_OFF
        self._first, self._last = (TURN_ON, TURN_OFF) if switching else (START, END)

    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Set the clock if it needs it, write the metadata, take the start snapshot, read its record.

        Returns:
            The record of the begin.

        Raises:
            DeviceRefused: a transaction is not released yet, or something has no place in the metadata.
            CommandFailed: no snapshot by the deadline, or the meter says why not.
        """
        held = await self.read_transaction()
        if refuse_begin(held, transaction, self._device):
            self._transactions.keep(id=transaction.id, begun=True)
            return await self._record(self._first, transaction.id, SigningEvent.BEGIN)
        if await self._clock_is_due():
            await self.set_clock()
        await self._write_metadata(transaction)
        self._transactions.keep(id=transaction.id, begun=False, mark=u32_of(await self._port.read_registers(POWER_DOWNS, 2)))
        await self._take(self._first)
        self._transactions.keep(begun=True)
        return await self._record(self._first, transaction.id, SigningEvent.BEGIN)

    async def end_transaction(
        self,
        transaction: SignedTransaction,
        reason: EndReason = EndReason.END,  # noqa: ARG002  # the meter knows one letter
    ) -> SignedReading:
        """Take the end snapshot and read its record. A snapshot that carries this transaction already is not taken again.

        The record says E whatever the reason was: the meter knows no other letter.

        Raises:
            DeviceRefused: it holds another transaction, or never began this one.
            CommandFailed: no snapshot by the deadline, or the meter says why not.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        if not await self._is_of(self._first, transaction.id):
            raise DeviceRefused(f"holds no {self._first.name} of transaction {transaction.id}", device=self._device)
        if not await self._ended(transaction.id):
            if await self._clock_is_due():
                await self.set_clock()
            await self._write_metadata(transaction)
            await self._take(self._last)
        reading = await self._record(self._last, transaction.id, SigningEvent.END)
        self._transactions.keep(id=transaction.id, begun=True, page=str(ocmf_payload(reading.data.decode(), self._device)["PG"]))
        return reading

    async def read_transaction(self) -> TransactionReading:
        """What the snapshots carry: the third metadata text names the transaction."""
        told = self._transactions.told
        note = await self._note(self._first)
        known = note.removeprefix(NOTE) if note.startswith(NOTE) else None
        phase, detail = TransactionPhase.IDLE, "no snapshot of a transaction that is not released"
        if known is not None and await self._ended(known):
            if known == told.id:
                phase, detail = TransactionPhase.CLOSED, f"{self._last.name} taken"
        elif known is not None:
            lost = known == told.id and u32_of(await self._port.read_registers(POWER_DOWNS, 2)) != told.mark
            phase = TransactionPhase.INTERRUPTED if lost else TransactionPhase.RUNNING
            detail = f"{self._first.name} taken" + (", supply lost since" if lost else "")
        if phase is TransactionPhase.IDLE:
            known = None
        return TransactionReading(stamp=self._clock.stamp(), source=self._device, phase=phase, transaction=known, detail=detail)

    async def release_record(self, transaction: SignedTransaction) -> None:
        """The snapshots stay in the meter until the next ones; the driver remembers that they may be overwritten.

        Raises:
            DeviceRefused: it is another transaction, or this one has begun and not ended.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        running = await self._is_of(self._first, transaction.id) and not await self._ended(transaction.id)
        refuse_release(transaction, self._device, running=running)
        self._transactions.forget()

    async def sign_now(self, transaction: SignedTransaction | None = None) -> SignedReading:
        """Take the current snapshot and read its record; metadata stay as they are."""
        await self._take(CURRENT)
        return await self._record(CURRENT, transaction.id if transaction else "", SigningEvent.INTERMEDIATE)

    async def public_key(self) -> bytes:
        """The key in the meter, DER."""
        if not self._key:
            registers, length = await self._port.read_registers(KEY, 2)
            if not 0 < length <= 2 * registers:
                raise CommandFailed(f"says that its key has {length} bytes in {registers} registers", device=self._device)
            self._key = await read_bytes(self._port, KEY + 2, length, longest=self._longest)
        return self._key

    async def read_clock(self) -> MeterClockReading:
        """The meter's time; after a loss of supply it has none until it is set."""
        seconds = u32_of(await self._port.read_registers(EPOCH, 2))
        known = seconds not in _NO_TIME
        return MeterClockReading(
            stamp=self._clock.stamp(),
            source=self._device,
            error_s=seconds - self._clock.wall().timestamp() if known else None,
            state=ClockState.SYNCHRONISED if known else ClockState.UNKNOWN,
        )

    async def set_clock(self) -> MeterClockReading:
        """Time and zone in one write. The meter counts this, and more than once in 24 h wears it out.

        With a controller whose clock is not synchronised nothing is written: the meter would call it synchronised.

        Raises:
            CommandFailed: it shows another time.
        """
        if self._clock.state is not ClockState.SYNCHRONISED:
            return await self.read_clock()
        moment = self._clock.wall()
        seconds = int(moment.timestamp())
        zone = local_offset_min(self._signing.timezone, moment)
        await self._port.write_registers(EPOCH, [seconds >> 16, seconds & 0xFFFF, zone & 0xFFFF])
        reading = await self.read_clock()
        if reading.error_s is None or abs(reading.error_s) > self._signing.clock_error_s:
            raise CommandFailed("shows another time than was written", evidence=reading, device=self._device)
        self._context.memory.save("clock-set", moment.timestamp())
        return reading

    async def _clock_is_due(self) -> bool:
        seconds_high, seconds_low, zone = await self._port.read_registers(EPOCH, 3)
        now = self._clock.wall()
        seconds = seconds_high << 16 | seconds_low
        if seconds in _NO_TIME or zone != local_offset_min(self._signing.timezone, now) & 0xFFFF:
            return True
        set_at: object = self._context.memory.load("clock-set")
        late = not isinstance(set_at, float) or not 0.0 <= now.timestamp() - set_at < _UPDATE_S
        return late or abs(seconds - now.timestamp()) > self._signing.clock_error_s

    async def _write_metadata(self, transaction: SignedTransaction) -> None:
        """All three texts in full, as the meter wants them, and read back: it signs what stands there."""
        texts = (transaction.user.data, f"evse-id: {transaction.charge_point}" if transaction.charge_point else "", NOTE + transaction.id)
        for text, (address, count) in zip(texts, META, strict=True):
            data = text.encode()
            if len(data) > 2 * count:
                raise DeviceRefused(f"the text {text!r} has {len(data)} bytes, {2 * count} fit", device=self._device)
            await write_bytes(self._port, address, data, longest=self._longest - 2, count=count)
            there = await read_bytes(self._port, address, 2 * count, longest=self._longest)
            if there.rstrip(b"\0") != data:
                raise CommandFailed("shows other metadata than were written", evidence=there, device=self._device)

    async def _take(self, snapshot: Snapshot) -> None:
        async def look() -> int:
            return (await self._port.read_registers(snapshot.status, 1))[0]

        def valid(status: int) -> bool:
            if status in {VALID, UPDATING}:
                return status == VALID
            raise CommandFailed(f"no {snapshot.name}: {_FAILED.get(status, 'unknown')} ({status})", evidence=status, device=self._device)

        await self._port.write_registers(snapshot.status, [UPDATING])
        await wait_for(
            look, valid, context=self._context, what=f"the {snapshot.name}", deadline_s=self._signing.signature_s, every_s=_LOOK_S
        )

    async def _record(self, snapshot: Snapshot, transaction: str, event: SigningEvent) -> SignedReading:
        """The record of a snapshot, and that it really is of this one: its page is the snapshot's counter."""
        status = (await self._port.read_registers(snapshot.record + RECORD_STATUS, 1))[0]
        if status != VALID:
            raise CommandFailed(f"no record of the {snapshot.name}: {_FAILED.get(status, 'unknown')} ({status})", device=self._device)
        data = await read_bytes(self._port, snapshot.record + RECORD_TEXT, 2 * RECORD_REGISTERS, longest=self._longest, text=True)
        text = data.decode("utf-8", "replace")
        payload = ocmf_payload(text, self._device)
        counter = u32_of(await self._port.read_registers(snapshot.counter, 2))
        if payload["PG"] != f"T{counter}":
            raise CommandFailed(
                f"the record of the {snapshot.name} has page {payload['PG']}, the snapshot T{counter}", evidence=text, device=self._device
            )
        return SignedReading(
            stamp=self._clock.stamp(),
            source=self._device,
            event=event,
            transaction=transaction,
            format="OCMF",
            encoding="plain",
            data=text.encode(),
            public_key=await self.public_key(),
        )

    async def _note(self, snapshot: Snapshot) -> str:
        words = await self._port.read_registers(snapshot.note, META[2][1])
        return bytes_of(words).partition(b"\0")[0].decode("utf-8", "replace")

    async def _is_of(self, snapshot: Snapshot, transaction: str) -> bool:
        return await self._note(snapshot) == NOTE + transaction

    async def _ended(self, transaction: str) -> bool:
        """Whether the last snapshot was taken for this transaction, after its first one."""
        if not await self._is_of(self._last, transaction):
            return False
        first = u32_of(await self._port.read_registers(self._first.counter, 2))
        last = u32_of(await self._port.read_registers(self._last.counter, 2))
        return last > first
