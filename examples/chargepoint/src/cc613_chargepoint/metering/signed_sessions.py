"""Signed sessions: every step is kept before the next one is taken, and what a crash or a lost meter left is finished.

::

    INTENDED ──▶ meter begins ──▶ BEGUN ──▶ charging ──▶ ENDING ──▶ meter ends ──▶ ENDED ──▶ meter forgets ──▶ finished

Whoever is killed between two of these finds the stage before, asks the meter what it holds, and takes the step again: meters give the
same record for the same transaction, and a record that is kept is not kept twice.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable

from attrs import evolve, field, frozen, validators

from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.metering.identification import assignment_of, end_reason_of
from cc613_chargepoint.metering.record_keeper import OpenTransaction, RecordKeeper, Stage
from cc613hal.clock import Clock, ClockState
from cc613hal.errors import CommandFailed, DeviceRefused, HalError, Unsupported
from cc613hal.interfaces import EndReason, OnDemandSigner, SignedMeter, SignedReading, SignedTransaction, TransactionPhase
from cc613hal.ocmf import PublicKey, SignedValue
from cc613hal.ocmf.evidence import evidence_of
from cc613hal.ocmf.signatures import verify

__all__ = ["SignedSessions", "SigningSettings", "proven"]

_log = logging.getLogger(__name__)
_HOLDS = frozenset({TransactionPhase.RUNNING, TransactionPhase.INTERRUPTED, TransactionPhase.CLOSED})


@frozen(kw_only=True)
class SigningSettings:
    """What may be decided about signing.

    Attributes:
        enabled: a meter that signs does so; switched off, its sessions are like those of any other meter.
        charge_point: what the records call this connector: its EVSE ID; ``""`` to leave it out.
        tariff_text: the tariff in words, for meters whose records have a place for it.
        needs_time: no session begins while the clock is not synchronised: for tariffs that bill time.
        retry_s: between attempts to finish what is owed, s.
        give_up_s: a meter that answers and does not sign gets so long; then the session has no signed end and is not sold, s.
    """

    enabled: bool = True
    charge_point: str = ""
    tariff_text: str = field(default="", validator=validators.max_len(200))
    needs_time: bool = False
    retry_s: float = field(default=5.0, validator=validators.gt(0))
    give_up_s: float = field(default=15.0, validator=validators.ge(0))


class SignedSessions:
    """The signed sessions of one connector.

    Args:
        meter: signs.
        keeper: keeps.
        clock: the station's clock.
        settings: what was decided.
        tell: hears of every record that was kept (of one in between also its context), and of sessions whose end cannot be signed any
            more (``None`` and why).
    """

    def __init__(
        self,
        meter: SignedMeter,
        keeper: RecordKeeper,
        clock: Clock,
        settings: SigningSettings | None = None,
        tell: Callable[[OpenTransaction, SignedReading | None, str], None] = lambda _open, _reading, _why: None,
    ) -> None:
        self._meter = meter
        self._keeper = keeper
        self._clock = clock
        self._settings = settings or SigningSettings()
        self._tell = tell
        self._failing: tuple[str, float] = ("", 0.0)
        self._turn = asyncio.Lock()

    @property
    def signs_now(self) -> bool:
        """Whether the meter signs values in between, and not only begin and end."""
        return isinstance(self._meter, OnDemandSigner)

    async def now(self, number: int, context: str) -> SignedReading:
        """Have a value in between signed; the record is kept when this returns. It changes nothing about the session.

        Args:
            number: of the session, which runs.
            context: why it is taken, as OCPP names it: ``Sample.Periodic``, ``Sample.Clock``, ``Trigger``.

        Raises:
            Unsupported: the meter signs begin and end only.
            DeviceRefused: the session has not begun, or is being ended.
            CommandFailed: the meter did not sign, or its signature does not fit its key.
            BusError: the meter does not answer.
        """
        meter = self._meter
        if not isinstance(meter, OnDemandSigner):
            raise Unsupported("the meter signs the begin and the end of a session only", device="meter")
        async with self._turn:
            opened = await self._keeper.unfinished()
            if opened is None or opened.session != number or opened.stage is not Stage.BEGUN:
                raise DeviceRefused(f"session {number} is not one whose values are signed now", device="meter", transient=True)
            reading = await meter.sign_now(opened.transaction)
            proven(reading)
            await self._keeper.keep(opened, reading, context)
        self._tell(opened, reading, context)
        return reading

    async def public_key(self) -> bytes:
        """The key that the meter signs with, DER.

        Raises:
            HalError: the meter does not tell it now.
        """
        async with self._turn:
            return await self._meter.public_key()

    async def begin(self, number: int, token: Token) -> None:
        """Have the begin signed. What an earlier session still owes comes first.

        Raises:
            DeviceRefused: the clock is not synchronised and the tariff needs it, or the meter refuses.
            CommandFailed: the meter did not sign, or its signature does not fit its key.
            BusError: the meter does not answer.
        """
        if self._settings.needs_time and self._clock.state is not ClockState.SYNCHRONISED:
            raise DeviceRefused(
                "the clock is not synchronised, and the tariff bills time",
                device="clock",
                hint="wait for the time, or sell energy only (needs_time)",
                transient=True,
            )
        async with self._turn:
            await self._begin(number, token)

    async def _begin(self, number: int, token: Token) -> None:
        await self._settle()
        transaction = SignedTransaction(
            id=str(uuid.uuid4()),
            user=assignment_of(token),
            charge_point=self._settings.charge_point,
            tariff_text=self._settings.tariff_text,
        )
        opened = OpenTransaction(session=number, transaction=transaction)
        await self._keeper.advance(opened)
        reading = await self._meter.begin_transaction(transaction)
        if reading is not None:
            proven(reading)
        opened = evolve(opened, stage=Stage.BEGUN)
        await self._keeper.advance(opened, reading)
        if reading is not None:
            self._tell(opened, reading, "")

    async def end(self, number: int, reason: str) -> None:
        """Have the end signed. If this raises, the end is owed, and :meth:`settle` gets it.

        Raises:
            HalError: it could not be signed or kept now.
        """
        async with self._turn:
            opened = await self._keeper.unfinished()
            if opened is None or opened.session != number:
                return
            if opened.stage is Stage.BEGUN:
                opened = evolve(opened, stage=Stage.ENDING, reason=end_reason_of(reason))
                await self._keeper.advance(opened)
            await self._finish(opened)

    async def settle(self) -> None:
        """Finish what is owed: after a restart, after the meter was away, and before every begin.

        Raises:
            HalError: it cannot be finished now.
        """
        async with self._turn:
            await self._settle()

    async def _settle(self) -> None:
        while (opened := await self._keeper.unfinished()) is not None:
            await self._finish(await self._recovered(opened))
        held = await self._meter.read_transaction()
        if held.phase is TransactionPhase.IDLE:
            return
        # the meter holds what this station knows nothing of: another controller began it, or the data directory is new
        transaction = SignedTransaction(id=held.transaction or f"unknown-{uuid.uuid4().hex[:12]}")
        _log.warning("the meter holds transaction %s (%s), which nobody here began", transaction.id, held.detail)
        opened = OpenTransaction(session=None, transaction=transaction, stage=Stage.ENDING, reason=EndReason.POWER_FAILURE)
        await self._keeper.advance(opened)
        await self._finish(opened)

    async def run(self) -> None:
        """Finish what is owed whenever there is something, until cancelled."""
        while True:
            await self._clock.sleep(self._settings.retry_s)
            try:
                async with self._turn:
                    opened = await self._keeper.unfinished()
                    if opened is not None and opened.stage in {Stage.ENDING, Stage.ENDED}:
                        await self._finish(opened)
            except HalError as error:
                _log.warning("a signed end is still owed: %s", error)

    async def _recovered(self, opened: OpenTransaction) -> OpenTransaction:
        """A session that was cut before its end was asked for: nothing is energised, so it ends now."""
        if opened.stage is Stage.INTENDED:
            held = await self._meter.read_transaction()
            if held.phase is TransactionPhase.IDLE:
                return opened  # the meter never heard of it, and nothing flowed
            try:
                reading = await self._meter.begin_transaction(opened.transaction)
            except DeviceRefused as refusal:
                _log.info("the begin of %s is not given again: %s", opened.transaction.id, refusal.message)
                reading = None
            opened = evolve(opened, stage=Stage.BEGUN)
            await self._keeper.advance(opened, reading)
            if reading is not None:
                self._tell(opened, reading, "")
        if opened.stage is Stage.BEGUN:
            opened = evolve(opened, stage=Stage.ENDING, reason=EndReason.POWER_FAILURE)
            await self._keeper.advance(opened)
        return opened

    async def _finish(self, opened: OpenTransaction) -> None:
        if opened.stage is Stage.INTENDED:
            await self._keeper.finish(opened)
            return
        if opened.stage is not Stage.ENDED:
            try:
                reading = await self._meter.end_transaction(opened.transaction, opened.reason)
                proven(reading)
            except (CommandFailed, DeviceRefused) as error:
                await self._gone(opened, error)
                return
            opened = evolve(opened, stage=Stage.ENDED)
            await self._keeper.advance(opened, reading)
            self._tell(opened, reading, "")
        try:
            await self._meter.release_record(opened.transaction)
        except DeviceRefused as refusal:  # it holds something else by now; what it was asked to forget is kept
            _log.info("the meter releases nothing of %s: %s", opened.transaction.id, refusal.message)
        await self._keeper.finish(opened)

    async def _gone(self, opened: OpenTransaction, error: CommandFailed | DeviceRefused) -> None:
        """The meter answers and gives no end. As long as it holds the transaction there is hope, for a while."""
        held = await self._meter.read_transaction()
        ours = held.transaction in {None, opened.transaction.id}
        if ours and held.phase in _HOLDS and self._failing_s(opened.transaction.id) < self._settings.give_up_s:
            raise error
        _log.error("transaction %s gets no signed end: %s", opened.transaction.id, error)
        await self._keeper.finish(opened, lost=str(error))
        self._tell(opened, None, str(error))
        if ours and held.phase in {TransactionPhase.FAULTY, TransactionPhase.CLOSED}:
            await self._meter.release_record(opened.transaction)

    def _failing_s(self, transaction: str) -> float:
        """How long the meter has failed to end this transaction, s."""
        now_s = self._clock.monotonic_s()
        if self._failing[0] != transaction:
            self._failing = transaction, now_s
        return now_s - self._failing[1]


def proven(reading: SignedReading) -> None:
    """Make sure that a record is one, and is signed with the meter's key; a session must not be sold on one that is not.

    Raises:
        CommandFailed: it cannot be read, or the signature does not fit.
    """
    if not reading.public_key:
        return
    value = SignedValue(data=reading.data.decode("utf-8", "replace"), format=reading.format)
    try:
        evidence = evidence_of(value)
        fits = verify(PublicKey.from_der(reading.public_key), evidence.signed_bytes, evidence.signature, evidence.algorithm.hash_name)
    except HalError as error:
        raise CommandFailed(f"gave a record that cannot be verified: {error.message}", evidence=reading, device=reading.source) from error
    if not fits:
        raise CommandFailed(
            "gave a record whose signature does not fit its key",
            evidence=reading,
            device=reading.source,
            hint="the record is not sold; have the meter checked",
        )
