"""EMH eHZ and its like with customer identification (EDL40): the contract id is written, and the meter signs a telegram that holds it.

What public samples of such meters show: the contract id stands in the telegram with the time at which it was set; a few seconds after, a
record with the next page is signed; the end is a record of its own, with the page after it. Of the newer meters (eMOC, signatures of 64
bytes) the id is set twice, with a 1 in front at the begin and a 2 at the end.

How it is set is general knowledge of SML (BSI TR-03109-1, Anlage IV: SetProcParameter, attention 81 81 C7 C7 FD 00 for "done"), with the
entry's own name as the path; no maker's document was at hand. A meter that is told another way has ``assign = "none"``.
"""

from __future__ import annotations

import asyncio
import itertools

from attrs import frozen

from cc613hal.clock import Stamp
from cc613hal.errors import CommandFailed, DeviceRefused, ProtocolViolation
from cc613hal.interfaces import (
    EndReason,
    SignedMeter,
    SignedReading,
    SignedTransaction,
    SigningEvent,
    TransactionPhase,
    TransactionReading,
)
from cc613hal.ocmf import Curve, EdlRecord, KeyUnusable, PublicKey, RecordUnreadable, read_edl
from cc613hal.plugins import DeviceContext
from cc613hal.sml import SmlError, SmlInt, encode_frame, encode_message, obis_code, parse_file, value_lists
from cc613hal_meters.signing.transactions import TransactionMemory, refuse_other, refuse_release, wait_for
from cc613hal_meters.sml_meter import SmlLink, SmlMeter
from cc613hal_meters.told_options import Assignment, Edl40Options

__all__ = ["ATTENTION_RESPONSE", "CONTRACT", "DONE", "SET_PARAMETER_REQUEST", "ContractLink", "Edl40"]

OPEN_REQUEST, CLOSE_REQUEST, SET_PARAMETER_REQUEST, ATTENTION_RESPONSE = 0x0100, 0x0200, 0x0600, 0xFF01
CONTRACT = bytes.fromhex("8182815401FF")
"""The entry of the contract id, and its path as a parameter."""
DONE = bytes.fromhex("8181C7C7FD00")
"""Attention number: done."""
CONTRACT_BYTES = 128
_KEY = obis_code("129-129:199.130.5*255")
_BEGIN, _END = b"\x01", b"\x02"
_ANSWER_S = 5.0
_LOOK_S = 0.25
_RECORD = "record"


class ContractLink(SmlLink):
    """A line on which a meter pushes telegrams and takes a contract id.

    Args:
        context: the device's place on the board; a serial bus.
        age_s: how old a telegram may be, s.
    """

    def __init__(self, context: DeviceContext, age_s: float) -> None:
        super().__init__(context, age_s)
        self._numbers = itertools.count(1)
        self._awaited: tuple[bytes, asyncio.Future[tuple[bytes, bytes]]] | None = None

    def heard(self, file: bytes) -> None:
        """A telegram, or what the meter says to a request."""
        try:
            told = [message for message in parse_file(file) if message.tag == ATTENTION_RESPONSE]
        except SmlError:
            told = []
        if not told:
            super().heard(file)
        for message in told:
            match message.body:
                case [_, bytes() as number, text, *_]:
                    self._answered(message.transaction, number, text if isinstance(text, bytes) else b"")
                case _:
                    self._context.log.debug("%s: an attention that makes no sense", self._context.device)

    def _answered(self, transaction: bytes, number: bytes, text: bytes) -> None:
        if self._awaited is not None and self._awaited[0] == transaction and not self._awaited[1].done():
            self._awaited[1].set_result((number, text))

    async def assign(self, server: bytes, contract: bytes) -> None:
        """Write the contract id. A meter that is silent about it may have taken it all the same: the telegram tells.

        Raises:
            DeviceRefused: the meter says no.
            BusError: the line is gone.
        """
        count = next(self._numbers)
        names = [f"cc613-{count}-{part}".encode() for part in range(3)]
        tree: list[object] = [CONTRACT, [SmlInt(1, 1), contract], None]
        file = b"".join(
            (
                encode_message(OPEN_REQUEST, [None, b"cc613hal", names[0], server, None, None, None], transaction=names[0]),
                encode_message(SET_PARAMETER_REQUEST, [server, None, None, [CONTRACT], tree], transaction=names[1]),  # type: ignore[list-item]
                encode_message(CLOSE_REQUEST, [None], transaction=names[2]),
            )
        )
        answer: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()
        self._awaited = names[1], answer
        try:
            await self._port.write(encode_frame(file))
            await asyncio.wait((answer,), timeout=_ANSWER_S)
        finally:
            self._awaited = None
        if not answer.done():
            self._context.log.info("%s says nothing to the contract id; its telegrams will tell", self._context.device)
            return
        number, text = answer.result()
        if number != DONE:
            raise DeviceRefused(
                f"does not take the contract id: attention {number.hex(' ').upper()} {text.decode('utf-8', 'replace')}".rstrip(),
                device=self._context.device,
                hint="see the meter's manual for how its customer identification is set; the option assign",
            )


@frozen
class _Signed:
    """A signed telegram."""

    file: bytes
    record: EdlRecord
    stamp: Stamp


class Edl40(SmlMeter, SignedMeter):
    """The measured values, and signed telegrams at begin and end.

    The record names the customer's identification (or the transaction, without one); type, level and charge point have no place in it.

    Args:
        context: the device's place on the board.
        options: which meter it must be, and how the identification gets into it.
    """

    def __init__(self, context: DeviceContext, options: Edl40Options) -> None:
        super().__init__(context, options)
        self._signing = options
        self._line = ContractLink(context, options.age_s)
        self.link = self._line
        self._transactions = TransactionMemory(context.memory)
        self._server = b""

    async def begin_transaction(self, transaction: SignedTransaction) -> SignedReading:
        """Write the contract id, and take the record that is signed then.

        Raises:
            DeviceRefused: a transaction is not released yet, the identification has no room, or the meter does not take it.
            CommandFailed: no record with it by the deadline, or none that the driver can read.
            BusError: no telegram.
        """
        told = self._transactions.told
        if told.id and (told.id != transaction.id or told.page):
            held = "its end is signed" if told.page else "it runs"
            raise DeviceRefused(
                f"cannot begin {transaction.id}: it holds {told.id} ({held})",
                device=self._device,
                hint="end that one and release its record first",
            )
        if told.begun:
            return self._reading(transaction, SigningEvent.BEGIN, self._kept())
        if told.id != transaction.id:
            before = await self._newest()
            self._user(transaction)
            await self.public_key()  # one that is not the label's begins nothing
            self._transactions.keep(id=transaction.id, begun=False, mark=-1 if before is None else before.record.page)
        return await self._take(transaction, _BEGIN, self._transactions.told.mark)

    async def end_transaction(
        self,
        transaction: SignedTransaction,
        reason: EndReason = EndReason.END,  # noqa: ARG002  # the meter knows one
    ) -> SignedReading:
        """Have the end signed: the same record again, if that was done before.

        Raises:
            DeviceRefused: the meter was told of another transaction, or of none.
            CommandFailed: no record with a page after the begin's by the deadline.
            BusError: no telegram.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        told = self._transactions.told
        if not told.begun:
            raise DeviceRefused(f"holds no transaction {transaction.id}", device=self._device)
        if told.page:
            return self._reading(transaction, SigningEvent.END, self._kept())
        return await self._take(transaction, _END, told.mark)

    async def read_transaction(self) -> TransactionReading:
        """Which transaction the driver told the meter of, and whose contract id it holds."""
        told, seen = self._transactions.told, await self._newest()
        phase = TransactionPhase.IDLE
        if told.id and (told.begun or self._began(seen)):
            phase = TransactionPhase.CLOSED if told.page else TransactionPhase.RUNNING
        detail = "no signed telegram" if seen is None else f"contract {seen.record.contract!r}, page {seen.record.page}"
        known = told.id if phase is not TransactionPhase.IDLE else None
        return TransactionReading(stamp=self._context.clock.stamp(), source=self._device, phase=phase, transaction=known, detail=detail)

    async def release_record(self, transaction: SignedTransaction) -> None:
        """The driver remembers that both records are safe; the meter keeps nothing for anybody.

        Raises:
            DeviceRefused: the transaction runs, or it is another one.
        """
        refuse_other(self._transactions.told, transaction, self._device)
        told = self._transactions.told
        refuse_release(transaction, self._device, running=bool(told.id) and not told.page)
        self._transactions.forget()
        self._context.memory.save(_RECORD, "")

    async def public_key(self) -> bytes:
        """The key in the meter's telegrams, DER, or the one that was configured.

        Raises:
            CommandFailed: neither is one, or they differ.
        """
        file, _ = await self._line.telegram()
        return self._key(file)

    async def _take(self, transaction: SignedTransaction, mark: bytes, after: int) -> SignedReading:
        """Have a record signed whose page is after another one's, unless it is there already: whoever died waiting finds it."""
        wanted = self._user(transaction)
        seen = await self._newest()
        if not self._is(seen, wanted, mark, after):
            assign = self._assignment(seen)
            if assign is not Assignment.NONE:
                await self._line.assign(self._server, (mark if assign is Assignment.MARKED else b"") + wanted)
            seen = await wait_for(
                self._newest,
                lambda signed: self._is(signed, wanted, mark, after),
                context=self._context,
                what="the signed record of the begin" if mark == _BEGIN else "the signed record of the end",
                deadline_s=self._signing.signature_s,
                every_s=_LOOK_S,
            )
        if seen is None:
            raise CommandFailed("signs nothing", device=self._device)
        self._context.memory.save(_RECORD, seen.file.hex())
        if mark == _BEGIN:
            self._transactions.keep(id=transaction.id, begun=True, mark=seen.record.page)
            return self._reading(transaction, SigningEvent.BEGIN, seen.file)
        self._transactions.keep(id=transaction.id, begun=True, page=str(seen.record.page))
        return self._reading(transaction, SigningEvent.END, seen.file)

    def _kept(self) -> bytes:
        """The last record that was taken, as the driver keeps it across restarts: the meter pushes only its newest."""
        return bytes.fromhex(str(self._context.memory.load(_RECORD, "")))

    def _reading(self, transaction: SignedTransaction, event: SigningEvent, file: bytes) -> SignedReading:
        return SignedReading(
            stamp=self._context.clock.stamp(),
            source=self._device,
            event=event,
            transaction=transaction.id,
            format="EDL_40_P",
            encoding="hex",
            data=encode_frame(file).hex().upper().encode(),
            public_key=self._key(file),
        )

    async def _newest(self) -> _Signed | None:
        """The newest telegram, if it is signed and of the right meter."""
        await self.sample()  # another meter's are refused
        file, stamp = await self._line.telegram()
        lists = list(value_lists(parse_file(file)))
        if not lists or not lists[0].signature:
            return None
        self._server = lists[0].server
        try:
            return _Signed(file, read_edl(file, "EDL_40_P"), stamp)
        except RecordUnreadable as error:
            raise ProtocolViolation(f"a signed telegram that cannot be read: {error.message}", device=self._device) from error

    def _assignment(self, seen: _Signed | None) -> Assignment:
        if self._signing.assign is not Assignment.AUTO:
            return self._signing.assign
        return Assignment.MARKED if seen is not None and seen.record.curve is Curve.SECP256R1 else Assignment.PLAIN

    def _is(self, seen: _Signed | None, wanted: bytes, mark: bytes, after: int) -> bool:
        """Whether a telegram is the record that was asked for."""
        if seen is None or seen.record.page <= after:
            return False
        contract = seen.record.contract
        if self._assignment(seen) is Assignment.MARKED:
            return contract == mark + wanted
        return contract == wanted

    def _began(self, seen: _Signed | None) -> bool:
        """A begin was written and nobody took its record: it is there with a later page."""
        return seen is not None and seen.record.page > self._transactions.told.mark

    def _user(self, transaction: SignedTransaction) -> bytes:
        text = (transaction.user.data or transaction.id).encode()
        if len(text) > CONTRACT_BYTES - 1:
            raise DeviceRefused(
                f"the identification has {len(text)} bytes, {CONTRACT_BYTES - 1} fit into a contract id", device=self._device
            )
        return text

    def _key(self, file: bytes) -> bytes:
        told = next(value_lists(parse_file(file)), None)
        entry = None if told is None else told.find(_KEY)
        raw = entry.value if entry is not None and isinstance(entry.value, bytes) else b""
        curves = (Curve.SECP192R1, Curve.SECP256R1)
        try:
            keys = {PublicKey.from_bytes(raw, curves)} if raw else set[PublicKey]()
            if self._signing.public_key:
                keys.add(PublicKey.from_text(self._signing.public_key, curves))
        except KeyUnusable as error:
            raise CommandFailed(f"has a public key that is none: {error.message}", device=self._device) from error
        if len(keys) > 1:
            raise CommandFailed(
                "tells another public key than the one that was configured",
                evidence=raw.hex(),
                device=self._device,
                hint="compare the option public_key with the meter's label; a meter with another key must not sell energy",
            )
        return next(iter(keys)).der if keys else b""
