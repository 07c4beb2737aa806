"""Signed records into the store: the stage of a signed session and its record in one commit, and pages for a signing controller."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from attrs import asdict

from cc613_chargepoint.domain.events import RecordSigned, SignatureLost, StationEvent
from cc613_chargepoint.metering import SignedSessions, SigningSettings
from cc613_chargepoint.metering.controller_signer import ControllerSignedMeter, Gateway, SignerPages
from cc613_chargepoint.metering.record_keeper import OpenTransaction, Stage
from cc613_chargepoint.store import SignedRecord, Store, Transaction
from cc613hal.clock import Clock
from cc613hal.errors import HalError
from cc613hal.interfaces import EndReason, EnergyMeter, SignedMeter, SignedReading, SignedTransaction, SigningEvent, UserAssignment
from cc613hal.ocmf import FileKey, OcmfRecord, Page, PageContext, PagesLost, SignedValue
from cc613hal.ocmf.evidence import evidence_of

__all__ = ["CONTEXTS", "StoreKeeper", "StorePages", "settle", "signed_sessions", "signing_controller"]

_log = logging.getLogger(__name__)

ROOM = "metering"
CONTEXTS = {
    SigningEvent.BEGIN: "Transaction.Begin",
    SigningEvent.INTERMEDIATE: "Sample.Periodic",
    SigningEvent.END: "Transaction.End",
    SigningEvent.SUSPENDED: "Interruption.Begin",
    SigningEvent.FISCAL: "Sample.Clock",
}
"""OCPP's reading context of each record; a record that holds begin and end belongs to the end."""


class StoreKeeper:
    """Keeps one connector's signed session in the store.

    Args:
        store: open.
        clock: the station's clock.
        connector: whose.
    """

    def __init__(self, store: Store, clock: Clock, connector: int) -> None:
        self._store = store
        self._clock = clock
        self._connector = connector
        self._name = f"open transaction {connector}"

    async def unfinished(self) -> OpenTransaction | None:
        """The session that is not finished, if there is one."""
        value = await self._store.read(lambda tx: tx.memory.get(ROOM, self._name), "looking for a signed session")
        return None if value is None else _opened(value)

    async def advance(self, open_transaction: OpenTransaction, reading: SignedReading | None = None) -> None:
        """One commit for stage and record."""

        def work(tx: Transaction) -> None:
            tx.memory.put(ROOM, self._name, _plain(open_transaction))
            if reading is not None:
                self._add(tx, open_transaction, reading)

        await self._store.write(work, f"keeping the {open_transaction.stage.value} stage of {open_transaction.transaction.id}")

    async def keep(self, open_transaction: OpenTransaction, reading: SignedReading, context: str) -> None:
        """One commit for the record; the stage stays."""
        await self._store.write(
            lambda tx: self._add(tx, open_transaction, reading, context), f"keeping a signed value of {open_transaction.transaction.id}"
        )

    async def finish(self, open_transaction: OpenTransaction, *, lost: str = "") -> None:
        """Forget the stage; a session without a signed end goes into the audit."""

        def work(tx: Transaction) -> None:
            tx.memory.forget(ROOM, self._name)
            if lost:
                tx.audit.add(
                    at=self._clock.wall(),
                    actor="metering",
                    role="station",
                    action="signed end lost",
                    subject=f"session {open_transaction.session}, transaction {open_transaction.transaction.id}",
                    after=lost,
                )

        await self._store.write(work, f"finishing {open_transaction.transaction.id}")

    async def records(self, session: int) -> list[SignedRecord]:
        """The records of a session, in order."""
        return list(await self._store.read(lambda tx: tx.signed.of_session(session), "reading signed records"))

    def _add(self, tx: Transaction, opened: OpenTransaction, reading: SignedReading, context: str = "") -> None:
        text, key = reading.data.decode(), reading.public_key.hex().upper()
        kept = tx.signed.of_session(opened.session) if opened.session is not None else tx.signed.owed()
        if any(record.record == text for record in kept):
            return  # a crash came between this commit and the one that would have told of it
        counter, page = _page(reading)
        tx.signed.add(
            session=opened.session,
            connector=self._connector,
            context=context or CONTEXTS[reading.event],
            format=reading.format,
            record=text,
            public_key=key,
            counter=counter,
            page=page,
            created=self._clock.wall(),
        )


class StorePages(SignerPages):
    """Pages and records of a controller that signs, in the store: both in one commit.

    Args:
        store: open.
        connector: whose meter.
        key: fingerprint of the key: pages belong to it.
    """

    def __init__(self, store: Store, connector: int, key: str) -> None:
        self._store = store
        self._counters = {context: f"controller {key} {connector} {context.value}" for context in PageContext}
        self._name = f"signer {connector}"
        self._transaction = ""
        self._next: dict[PageContext, int] = {}
        """What the next page is, as long as the last commit is known to have worked; the commit itself never believes it."""

    async def next_page(self, context: PageContext) -> int:
        """One more than the last page used."""
        if context not in self._next:
            used = await self._store.read(lambda tx: tx.signed.pages(), "looking at pages")
            self._next[context] = 1 + used.get(self._counters[context], 0)
        return self._next[context]

    async def commit(self, page: Page, record: OcmfRecord) -> None:
        """Page and record, in one transaction of the database."""
        counter, transaction = self._counters[page.context], self._transaction

        def work(tx: Transaction) -> None:
            if page.number != 1 + tx.signed.pages().get(counter, 0):
                raise PagesLost(f"page {page} is not the next one", hint="only one signer may use a page counter")
            tx.signed.set_page(counter, page.number)
            if page.context is PageContext.TRANSACTION:
                signed = dict(tx.memory.get(ROOM, self._name) or {"records": []})
                kept = signed["records"] if signed.get("transaction") == transaction else []
                tx.memory.put(ROOM, self._name, {"transaction": transaction, "records": [*kept, record.text]})

        self._next.pop(page.context, None)  # whoever is cancelled or refused here looks again
        await self._store.write(work, f"keeping page {page}")
        self._next[page.context] = page.number + 1

    async def signed(self) -> tuple[str, tuple[str, ...]]:
        """The transaction that is not released, and its records."""
        value = await self._store.read(lambda tx: tx.memory.get(ROOM, self._name), "looking for signed records")
        return ("", ()) if value is None else (str(value["transaction"]), tuple(value["records"]))

    def assign(self, transaction: str) -> None:
        """The next records belong to this transaction."""
        self._transaction = transaction

    async def forget(self) -> None:
        """The transaction is released."""
        await self._store.write(lambda tx: tx.memory.forget(ROOM, self._name), "releasing signed records")


def signed_sessions(
    meter: SignedMeter, store: Store, clock: Clock, settings: SigningSettings, *, number: int, tell: Callable[[StationEvent], None]
) -> SignedSessions:
    """The signed sessions of a connector, kept in the store and told as news.

    Args:
        meter: signs.
        store: open.
        clock: the station's clock.
        settings: what was decided.
        number: the connector.
        tell: where news goes.
    """

    def news(opened: OpenTransaction, reading: SignedReading | None, said: str) -> None:
        if reading is None:
            tell(SignatureLost(connector=number, session=opened.session, detail=said))
            return
        tell(
            RecordSigned(
                connector=number,
                session=opened.session,
                context=said or CONTEXTS[reading.event],
                with_begin=reading.with_begin,
                format=reading.format,
                record=reading.data.decode(),
                public_key=reading.public_key.hex().upper(),
            )
        )

    return SignedSessions(meter, StoreKeeper(store, clock, number), clock, settings, news)


def signing_controller(meter: EnergyMeter, store: Store, clock: Clock, *, key_file: Path, gateway: Gateway, number: int) -> SignedMeter:
    """A plain meter whose values this controller signs.

    Args:
        meter: measures.
        store: keeps pages and records.
        clock: the station's clock.
        key_file: the signing key; made at the first start.
        gateway: what signs, as the records name it.
        number: the connector.

    Raises:
        KeyUnusable: the file is no key, or others may read it.
        Unsupported: the package cryptography is not installed.
    """
    key = FileKey.open_or_create(key_file)
    return ControllerSignedMeter(meter, key, StorePages(store, number, key.public_key.fingerprint), clock, gateway)


async def settle(sessions: Iterable[SignedSessions]) -> None:
    """After a start: finish what the last run owes. What cannot be had now is tried again, and nothing begins before."""
    for each in sessions:
        try:
            await each.settle()
        except HalError as error:
            _log.error("a signed end of the last run is still owed: %s", error)


def _page(reading: SignedReading) -> tuple[str, int | None]:
    """Which pagination a record belongs to and its page there; the database refuses a page that is used twice."""
    try:
        evidence = evidence_of(SignedValue(data=reading.data.decode("utf-8", "replace"), format=reading.format))
    except HalError:
        return reading.source, None
    if evidence.page is None:
        return reading.source, None
    return f"{evidence.signer} {evidence.page.context.value}", evidence.page.number


def _plain(opened: OpenTransaction) -> dict[str, Any]:
    return {
        "session": opened.session,
        "stage": opened.stage.value,
        "reason": opened.reason.value,
        "transaction": asdict(opened.transaction),
    }


def _opened(value: dict[str, Any]) -> OpenTransaction:
    told = dict(value["transaction"])
    user = UserAssignment(**told.pop("user"))
    return OpenTransaction(
        session=value["session"],
        stage=Stage(value["stage"]),
        reason=EndReason(value["reason"]),
        transaction=SignedTransaction(user=user, **told),
    )
