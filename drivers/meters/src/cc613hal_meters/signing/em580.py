"""Carlo Gavazzi EM580: the meter holds the transaction, and keeps its record as a file until reading it is confirmed.

Registers, commands and states: EM580 Modbus communication protocol, tables 4.18 to 4.39, as EVerest's CarloGavazzi_EM580 follows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from cc613hal.clock import ClockState
from cc613hal.errors import CommandFailed, DeviceRefused, Unsupported
from cc613hal.interfaces import (
    EndReason,
    MeterClock,
    MeterClockReading,
    SignedMeter,
    SignedReading,
    SignedTransaction,
    SigningEvent,
    TransactionPhase,
    TransactionReading,
)
from cc613hal.plugins import DeviceContext
from cc613hal_meters.meter import ModbusMeter
from cc613hal_meters.options import Em580Options
from cc613hal_meters.signing.registers import bytes_of, read_bytes, write_bytes
from cc613hal_meters.signing.transactions import (
    TransactionMemory,
    local_offset_min,
    ocmf_payload,
    refuse_begin,
    refuse_other,
    refuse_release,
    wait_for,
)

__all__ = ["COMMAND", "CORRUPTED", "FILE", "NOT_READY", "READY", "RUNNING", "STATE", "Em580"]

IDENT_STATUS = 0x7000
IDENT_LEVEL = 0x7001
IDENT_FLAGS = 0x7002
IDENT_TYPE = 0x7006
IDENT_DATA = 0x7007
IDENT_DATA_REGISTERS = 20
CHARGE_POINT_TYPE = 0x701B
CHARGE_POINT = 0x701C
CHARGE_POINT_REGISTERS = 20
ZONE = 0x7031
TIME = 0x7032
"""Seconds since 1970 in UTC, 64 bits in four registers, the lowest first."""
MODALITY = 0x7036
CHARGING_VEHICLE = 0
COMMAND = 0x7040
BEGIN, END, ABORT = ord("B"), ord("E"), ord("A")
TIME_STATE = 0x7060
"""0 after a loss of supply; any other value is taken as synchronised (the meanings are not publicly documented)."""
STATE = 0x7100
FILE_SIZE = 0x7101
"""In registers."""
FILE = 0x7110
FILE_REGISTERS = 2031
TARIFF_TEXT = 0x6900
TARIFF_TEXT_REGISTERS = 126
KEY_TYPE = 0x24FF
KEY_DER = 0x2600
KEY_REGISTERS = {0: 46, 1: 62}
"""Registers of the key by the signature's type: 256 and 384 bits. The block has to be read as a whole (tables 4.20 and 4.21)."""

NOT_READY, RUNNING, READY, CORRUPTED = 0, 1, 2, 3
_PHASES = {
    NOT_READY: (TransactionPhase.IDLE, "no transaction"),
    RUNNING: (TransactionPhase.RUNNING, "running"),
    READY: (TransactionPhase.CLOSED, "record ready"),
    CORRUPTED: (TransactionPhase.FAULTY, "record corrupted"),
}

LEVELS = ("", "HEARSAY", "TRUSTED", "VERIFIED", "CERTIFIED", "SECURE", "MISMATCH", "INVALID", "OUTDATED", "UNKNOWN")
FLAGS: Mapping[str, int] = {
    "RFID_NONE": 0,
    "RFID_PLAIN": 1,
    "RFID_RELATED": 2,
    "RFID_PSK": 3,
    "OCPP_NONE": 0,
    "OCPP_RS": 1,
    "OCPP_AUTH": 2,
    "OCPP_RS_TLS": 3,
    "OCPP_AUTH_TLS": 4,
    "OCPP_CACHE": 5,
    "OCPP_WHITELIST": 6,
    "OCPP_CERTIFIED": 7,
    "ISO15118_NONE": 0,
    "ISO15118_PNC": 1,
    "PLMN_NONE": 0,
    "PLMN_RING": 1,
    "PLMN_SMS": 2,
}
FAMILIES = ("RFID", "OCPP", "ISO15118", "PLMN")
"""The four flag registers, in this order: each family counts from 0 (inferred from the format's order of families)."""
TYPES: Mapping[str, int] = {
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
MARKER = "<=>"
"""Between the tariff's text and the transaction's id, which travels in the same signed field (``TT``)."""

_LOOK_S = 0.1
_RUNNING_S = 5.0


class Em580(ModbusMeter, SignedMeter, MeterClock):
    """The measured values, and signed transactions.

    Args:
        context: the device's place on the board.
        options: how it is mounted, and how long it may take to sign.
    """

    def __init__(self, context: DeviceContext, options: Em580Options) -> None:
        super().__init__(context, options)
        self._signing = options
        self._longest = self.map.limits.max_registers
        self._transactions = TransactionMemory(context.memory)
        self._key = b""

    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Set the clock, write who and where, command B, wait until it runs.

        Returns:
            ``None``: the record of the end holds the begin.

        Raises:
            DeviceRefused: a transaction or an unread record is held, or something has no place in the meter's registers.
            CommandFailed: it does not run by its deadline.
        """
        held = await self.read_transaction()
        if refuse_begin(held, transaction, self._device):
            self._transactions.keep(begun=True)
            return None
        await self.set_clock()
        await self._write_user(transaction)
        await self._port.write_registers(MODALITY, [CHARGING_VEHICLE])
        self._transactions.keep(id=transaction.id, begun=False)
        await self._port.write_registers(COMMAND, [BEGIN])
        await self._reach(RUNNING, "the running transaction", _RUNNING_S)
        self._transactions.keep(begun=True)
        return None

    async def end_transaction(self, transaction: SignedTransaction, reason: EndReason = EndReason.END) -> SignedReading:
        """Command E (or A for an abort, where the options want it), wait for the record, read it. It stays until it is released.

        Raises:
            DeviceRefused: it holds no transaction, or another one.
            CommandFailed: no record by the deadline, or it is corrupted.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        state = await self._state()
        if state == NOT_READY:
            raise DeviceRefused(f"holds no transaction {transaction.id}", device=self._device)
        self._transactions.keep(id=transaction.id, begun=True)
        if state == RUNNING:
            command = ABORT if reason is EndReason.ABORT and self._signing.abort else END
            await self._port.write_registers(COMMAND, [command])
        await self._reach(READY, "the record", self._signing.signature_s)
        text = await self._read_file()
        payload = ocmf_payload(text, self._device)
        told = str(payload.get("TT", "")).rpartition(MARKER)[2]
        if told != transaction.id:
            raise DeviceRefused(f"the record it holds is that of transaction {told or 'without a name'}", device=self._device)
        self._transactions.keep(page=str(payload["PG"]))
        return SignedReading(
            stamp=self._clock.stamp(),
            source=self._device,
            event=SigningEvent.END,
            transaction=transaction.id,
            with_begin=True,
            format="OCMF",
            encoding="plain",
            data=text.encode(),
            public_key=await self.public_key(),
        )

    async def read_transaction(self) -> TransactionReading:
        """The state register; the transaction's id comes from the record if there is one, else from the driver's memory."""
        state = await self._state()
        phase, detail = _PHASES.get(state, (TransactionPhase.FAULTY, f"unknown state {state}"))
        told = self._transactions.told.id or None
        if phase is TransactionPhase.CLOSED:
            payload = ocmf_payload(await self._read_file(), self._device)
            told = str(payload.get("TT", "")).rpartition(MARKER)[2] or told
        known = told if phase is not TransactionPhase.IDLE else None
        return TransactionReading(stamp=self._clock.stamp(), source=self._device, phase=phase, transaction=known, detail=detail)

    async def release_record(self, transaction: SignedTransaction) -> None:
        """Confirm that the record was read; without this the next transaction is refused.

        Raises:
            DeviceRefused: the transaction still runs, or it is another one.
            CommandFailed: the state does not follow.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        state = await self._state()
        refuse_release(transaction, self._device, running=state == RUNNING)
        if state != NOT_READY:
            await self._port.write_registers(STATE, [NOT_READY])
            await self._reach(NOT_READY, "the confirmation", _RUNNING_S)
        self._transactions.forget()

    async def public_key(self) -> bytes:
        """The key in the meter, as it stands there.

        Raises:
            Unsupported: the meter has no key: it is not made for this.
        """
        if not self._key:
            kind = (await self._port.read_registers(KEY_TYPE, 1))[0]
            if kind not in KEY_REGISTERS:
                raise Unsupported(f"{self._device}: no signature key is configured ({kind})", device=self._device)
            block = bytes_of(await self._port.read_registers(KEY_DER, KEY_REGISTERS[kind]))
            self._key = block[: 2 + block[1]]  # a SEQUENCE with a short length
        return self._key

    async def read_clock(self) -> MeterClockReading:
        """The meter's time, and whether it was set since its supply came."""
        words = await self._port.read_registers(TIME, 4)
        sync = (await self._port.read_registers(TIME_STATE, 1))[0]
        seconds = sum(word << 16 * place for place, word in enumerate(words))
        return MeterClockReading(
            stamp=self._clock.stamp(),
            source=self._device,
            error_s=seconds - self._clock.wall().timestamp(),
            state=ClockState.SYNCHRONISED if sync else ClockState.UNKNOWN,
        )

    async def set_clock(self) -> MeterClockReading:
        """Time and zone. The meter then counts its clock as synchronised: with a controller whose clock is not, nothing is written.

        Raises:
            DeviceRefused: a transaction runs; the time must not move in it.
            CommandFailed: it shows another time.
        """
        if await self._state() == RUNNING:
            raise DeviceRefused("a transaction runs: the time must not move in it", device=self._device)
        if self._clock.state is not ClockState.SYNCHRONISED:
            return await self.read_clock()
        moment = self._clock.wall()
        seconds = int(moment.timestamp())
        await self._port.write_registers(TIME, [seconds >> 16 * place & 0xFFFF for place in range(4)])
        await self._port.write_registers(ZONE, [local_offset_min(self._signing.timezone, moment) & 0xFFFF])
        reading = await self.read_clock()
        if reading.error_s is None or abs(reading.error_s) > 5.0:  # whole seconds, a slow line, and room
            raise CommandFailed("shows another time than was written", evidence=reading, device=self._device)
        return reading

    async def _state(self) -> int:
        return (await self._port.read_registers(STATE, 1))[0]

    async def _reach(self, wanted: int, what: str, deadline_s: float) -> None:
        def there(state: int) -> bool:
            if state == CORRUPTED and wanted != NOT_READY:
                raise CommandFailed("says that the record is corrupted", evidence=state, device=self._device)
            return state == wanted

        await wait_for(self._state, there, context=self._context, what=what, deadline_s=deadline_s, every_s=_LOOK_S)

    async def _write_user(self, transaction: SignedTransaction) -> None:
        user, write = transaction.user, self._port.write_registers
        flags = [0, 0, 0, 0]
        for flag in user.flags:
            family = flag.partition("_")[0]
            if flag not in FLAGS or family not in FAMILIES:
                raise DeviceRefused(f"has no number for the flag {flag}", device=self._device)
            flags[FAMILIES.index(family)] = FLAGS[flag]
        if user.level.replace("NONE", "") not in LEVELS or user.type not in TYPES:
            raise DeviceRefused(f"has no number for level {user.level!r} or type {user.type!r}", device=self._device)
        await write(IDENT_STATUS, [int(user.assigned)])
        await write(IDENT_LEVEL, [LEVELS.index(user.level.replace("NONE", ""))])
        await write(IDENT_FLAGS, flags)
        await write(IDENT_TYPE, [TYPES[user.type]])
        await self._text(IDENT_DATA, user.data, IDENT_DATA_REGISTERS, "identification")
        await write(CHARGE_POINT_TYPE, [0 if transaction.charge_point_type == "EVSEID" else 1])
        await self._text(CHARGE_POINT, transaction.charge_point, CHARGE_POINT_REGISTERS, "charge point")
        await self._text(TARIFF_TEXT, transaction.tariff_text + MARKER + transaction.id, TARIFF_TEXT_REGISTERS, "tariff text")

    async def _text(self, address: int, text: str, count: int, what: str) -> None:
        """A text with the zero byte behind it that the meter wants."""
        data = text.encode() + b"\0"
        if len(data) > 2 * count:
            raise DeviceRefused(f"the {what} has {len(data) - 1} bytes, {2 * count - 1} fit", device=self._device)
        await write_bytes(self._port, address, data, longest=self._longest - 2)  # a write carries two registers less than a read

    async def _read_file(self) -> str:
        size = (await self._port.read_registers(FILE_SIZE, 1))[0]
        if not 0 < size <= FILE_REGISTERS:
            raise CommandFailed(f"says that the record has {size} registers", evidence=size, device=self._device)
        data = await read_bytes(self._port, FILE, 2 * size, longest=self._longest)
        return data.rstrip(b"\0").decode("utf-8", "replace")
