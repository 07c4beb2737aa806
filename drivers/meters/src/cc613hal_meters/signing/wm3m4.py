"""Iskra WM3M4 and WM3M4C: the meter holds the transaction and signs begin and end as one OCMF record.

Registers, commands and states: Iskra WM3M4 user manual V1.14, sections 6.5 and 6.6, as EVerest's RsIskraMeter follows it.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from cc613hal.clock import ClockState
from cc613hal.errors import CommandFailed, DeviceRefused
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
from cc613hal_meters.options import Wm3m4Options
from cc613hal_meters.signing.der import lean_signature
from cc613hal_meters.signing.registers import read_bytes, u32_of, write_bytes
from cc613hal_meters.signing.transactions import (
    TransactionMemory,
    local_offset_min,
    ocmf_payload,
    refuse_begin,
    refuse_other,
    refuse_release,
    wait_for,
)

__all__ = [
    "ALGORITHM",
    "COMMAND",
    "DATA",
    "DATA_LENGTH",
    "METADATA",
    "METADATA_LENGTH",
    "METADATA_REGISTERS",
    "POINT",
    "SIGNATURE",
    "SIGNATURE_LENGTH",
    "STATE",
    "STATUS",
    "SYNCHRONISED",
    "TIME",
    "TIME_STATE",
    "ZONE",
    "Wm3m4",
]

STATE = 7000
COMMAND = 7051
STATUS = 7052
ZONE = 7053
TIME = 7054
"""Seconds since 1970 in UTC, two registers, the high half first; written one by one."""
METADATA_LENGTH = 7056
DATA_LENGTH = 7057
SIGNATURE_LENGTH = 7058
ALGORITHM = 7059
TIME_STATE = 7071
METADATA = 7100
METADATA_REGISTERS = 512
DATA = 7612
POINT = 8124
"""The public key's point, 64 bytes."""
SIGNATURE = 8188

BEGIN = 0x4200
"""The letter B in the high half."""
END_REMOTE = 0x7200
"""The letter r in the high half: the only end whose number a public source has."""
SECP256R1 = 0
SYNCHRONISED = 2
NOT_SYNCHRONISED = 0

_PHASES = {
    0: (TransactionPhase.IDLE, "idle"),
    1: (TransactionPhase.RUNNING, "active"),
    2: (TransactionPhase.INTERRUPTED, "active after a power failure"),
    3: (TransactionPhase.INTERRUPTED, "active after a reset"),
}
_AFTER_POWER_FAILURE = 2
_SIGNED = 15
_PENDING = {0: "not initialised", 1: "idle", 2: "signature in progress"}
_FAILED = {
    128: "invalid date or time",
    129: "check sum error",
    130: "invalid command",
    131: "invalid state",
    132: "invalid measurement",
    133: "test mode",
    243: "verification state error",
    244: "signature state error",
    245: "key pair generation error",
    246: "SHA failed",
    247: "initialisation failed",
    248: "data not locked",
    249: "configuration not locked",
    250: "verification error",
    251: "public key error",
    252: "invalid message format",
    253: "invalid message size",
    254: "signature error",
    255: "undefined error",
}
_P256_PREFIX = bytes.fromhex("3059301306072A8648CE3D020106082A8648CE3D03010703420004")
"""SubjectPublicKeyInfo of a P-256 key up to its point (RFC 5480)."""

_LOOK_S = 0.05


class Wm3m4(ModbusMeter, SignedMeter, MeterClock):
    """The measured values, and signed transactions.

    Args:
        context: the device's place on the board.
        options: how it is mounted, and how long it may take to sign.
    """

    def __init__(self, context: DeviceContext, options: Wm3m4Options) -> None:
        super().__init__(context, options)
        self._signing = options
        self._longest = self.map.limits.max_registers
        self._transactions = TransactionMemory(context.memory)
        self._key = b""

    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading | None:
        """Set the clock, hand over the metadata, command B, wait for the state and for the signature status.

        Returns:
            ``None``: the record of the end holds the begin.

        Raises:
            DeviceRefused: a transaction is held, or its record not yet released.
            CommandFailed: it did not become active, or its signature status says why not.
        """
        held = await self.read_transaction()
        if refuse_begin(held, transaction, self._device):
            self._transactions.keep(begun=True)
            return None
        await self.set_clock()
        await self._port.write_registers(ALGORITHM, [SECP256R1])
        await self._write_metadata(transaction)
        self._transactions.keep(id=transaction.id, begun=False)
        await self._port.write_registers(COMMAND, [BEGIN])
        await self._reach(TransactionPhase.RUNNING)
        await self._signature("the begin")
        self._transactions.keep(begun=True)
        return None

    async def end_transaction(
        self,
        transaction: SignedTransaction,
        reason: EndReason = EndReason.END,  # noqa: ARG002  # the meter has one known command
    ) -> SignedReading:
        """Command r, wait for the state and the signature status, then read data and signature.

        After a power failure the meter has forgotten time and metadata; it hears them again first. The record always says that the end
        came from remote: other commands are not publicly documented.

        Raises:
            DeviceRefused: it holds no transaction, or another one.
            CommandFailed: no signature by the deadline, or the status says what went wrong.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        state = await self._state()
        if _PHASES.get(state, (TransactionPhase.FAULTY, ""))[0] is TransactionPhase.FAULTY:
            raise DeviceRefused(f"is in the unknown state {state}", code=state, device=self._device)
        if state:
            self._transactions.keep(id=transaction.id, begun=True)
            if state == _AFTER_POWER_FAILURE:
                await self.set_clock()
                await self._write_metadata(transaction)
            await self._port.write_registers(COMMAND, [END_REMOTE])
            await self._reach(TransactionPhase.IDLE)
            await self._signature("the end")
        return await self._fetch_record(transaction)

    async def read_transaction(self) -> TransactionReading:
        """The state register; which transaction it is, only the driver's memory knows."""
        state = await self._state()
        phase, detail = _PHASES.get(state, (TransactionPhase.FAULTY, f"unknown state {state}"))
        told = self._transactions.told
        if phase is TransactionPhase.IDLE and told.id and told.begun:
            phase, detail = TransactionPhase.CLOSED, "idle, the last record not released"
        known = told.id if told.id and phase is not TransactionPhase.IDLE else None
        return TransactionReading(stamp=self._clock.stamp(), source=self._device, phase=phase, transaction=known, detail=detail)

    async def release_record(self, transaction: SignedTransaction) -> None:
        """The meter keeps its last record until the next begin; the driver remembers that it may be overwritten.

        Raises:
            DeviceRefused: the transaction still runs, or it is another one.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        refuse_release(transaction, self._device, running=bool(await self._state()))
        self._transactions.forget()

    async def public_key(self) -> bytes:
        """The point in the meter, as SubjectPublicKeyInfo."""
        if not self._key:
            self._key = _P256_PREFIX + await read_bytes(self._port, POINT, 64, longest=self._longest)
        return self._key

    async def read_clock(self) -> MeterClockReading:
        """The meter's time, and whether it counts it as synchronised.

        Reading the time registers back is not documented for every firmware; what a meter refuses stays ``None``.
        """
        sync, error_s = (await self._port.read_registers(TIME_STATE, 1))[0], None
        try:
            seconds = u32_of(await self._port.read_registers(TIME, 2))
            error_s = seconds - self._clock.wall().timestamp()
        except DeviceRefused as refusal:
            self._context.log.info("%s: does not tell its time: %s", self._device, refusal.message)
        state = ClockState.SYNCHRONISED if sync == SYNCHRONISED else ClockState.UNKNOWN
        return MeterClockReading(stamp=self._clock.stamp(), source=self._device, error_s=error_s, state=state)

    async def set_clock(self) -> MeterClockReading:
        """Time, zone, and "synchronised" only if the controller's clock is.

        Raises:
            CommandFailed: the flag does not stay.
        """
        moment: datetime = self._clock.wall()
        seconds = int(moment.timestamp())
        flag = SYNCHRONISED if self._clock.state is ClockState.SYNCHRONISED else NOT_SYNCHRONISED
        await self._port.write_registers(TIME, [seconds >> 16 & 0xFFFF])
        await self._port.write_registers(TIME + 1, [seconds & 0xFFFF])
        await self._port.write_registers(ZONE, [local_offset_min(self._signing.timezone, moment) & 0xFFFF])
        await self._port.write_registers(TIME_STATE, [flag])
        reading = await self.read_clock()
        if (reading.state is ClockState.SYNCHRONISED) != (flag == SYNCHRONISED):
            raise CommandFailed("the time was written, its synchronisation flag is another", evidence=reading, device=self._device)
        return reading

    async def _state(self) -> int:
        return (await self._port.read_registers(STATE, 1))[0]

    async def _reach(self, phase: TransactionPhase) -> None:
        number = next(number for number, (known, _) in _PHASES.items() if known is phase)
        await wait_for(
            self._state,
            lambda state: state == number,
            context=self._context,
            what=f"state {number} ({_PHASES[number][1]})",
            deadline_s=self._signing.signature_s,
            every_s=_LOOK_S,
        )

    async def _signature(self, what: str) -> None:
        async def look() -> int:
            return (await self._port.read_registers(STATUS, 1))[0]

        def signed(status: int) -> bool:
            if status in _PENDING or status == _SIGNED:
                return status == _SIGNED
            raise CommandFailed(
                f"did not sign {what}: {_FAILED.get(status, 'unknown status')} ({status})",
                evidence=status,
                device=self._device,
                hint="set its clock" if status == 128 else None,  # invalid date or time, see above
            )

        await wait_for(
            look, signed, context=self._context, what=f"the signature of {what}", deadline_s=self._signing.signature_s, every_s=_LOOK_S
        )

    async def _write_metadata(self, transaction: SignedTransaction) -> None:
        """The JSON that the meter completes and signs; read back: to sign something else is worse than not to sign."""
        data = json.dumps(_metadata(transaction), ensure_ascii=True, separators=(",", ":")).encode("ascii")
        if len(data) > 2 * METADATA_REGISTERS:
            raise DeviceRefused(f"the metadata have {len(data)} bytes, {2 * METADATA_REGISTERS} fit", device=self._device)
        await write_bytes(self._port, METADATA, data, longest=self._longest)
        await self._port.write_registers(METADATA_LENGTH, [len(data)])
        there = await read_bytes(self._port, METADATA, len(data), longest=self._longest)
        if there != data:
            raise CommandFailed("shows other metadata than were written", evidence=there, device=self._device)

    async def _fetch_record(self, transaction: SignedTransaction) -> SignedReading:
        data_length, signature_length = await self._port.read_registers(DATA_LENGTH, 2)
        data = await read_bytes(self._port, DATA, data_length, longest=self._longest)
        signature = await read_bytes(self._port, SIGNATURE, signature_length, longest=self._longest)
        lengths = await self._port.read_registers(DATA_LENGTH, 2)
        text = data.decode("utf-8", "replace")
        if not data_length or lengths != (data_length, signature_length) or "|" in text:
            raise DeviceRefused(f"holds no record of transaction {transaction.id}", device=self._device)
        payload = ocmf_payload(text, self._device)
        told = self._transactions.told
        if payload["PG"] == told.last_page or not _is_of(payload, transaction):
            raise DeviceRefused(f"its last record (page {payload['PG']}) is not that of transaction {transaction.id}", device=self._device)
        try:
            signed = lean_signature(signature).hex()
        except ValueError as error:
            raise CommandFailed(f"gave no signature: {error}", evidence=signature, device=self._device) from error
        self._transactions.keep(id=transaction.id, begun=True, page=str(payload["PG"]))
        return SignedReading(
            stamp=self._clock.stamp(),
            source=self._device,
            event=SigningEvent.END,
            transaction=transaction.id,
            with_begin=True,
            format="OCMF",
            encoding="plain",
            data=f'OCMF|{text}|{{"SD":"{signed}"}}'.encode(),
            public_key=await self.public_key(),
        )


def _metadata(transaction: SignedTransaction) -> dict[str, Any]:
    """The fields a controller may set; the meter fills in what is empty (user manual, section 6.5.15)."""
    user = transaction.user
    fields: dict[str, Any] = {
        "FV": "1.0",
        "GI": "",
        "GS": "",
        "GV": "",
        "PG": "",
        "MV": "",
        "MM": "",
        "MS": "",
        "MF": "",
        "IS": user.assigned,
        "IL": user.level,
        "IF": list(user.flags),
        "IT": user.type,
        "ID": user.data,
        "CT": transaction.charge_point_type,
        "CI": transaction.charge_point,
        "RD": [],
    }
    if not user.level:
        del fields["IL"]
    return fields


def _is_of(payload: dict[str, Any], transaction: SignedTransaction) -> bool:
    user = transaction.user
    return (payload.get("ID", ""), payload.get("CI", "")) == (user.data, transaction.charge_point)
