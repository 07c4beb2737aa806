"""Signed records on their way out: as values of the transparency file, and the key that verifies them.

A session's records go out together, each with the format and encoding that verifiers need. Begin and end that are records of their own
are bound by the number of the session; a record that holds both stands for itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from cc613_chargepoint.app import Station
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.facade import Handler, Refused
from cc613_chargepoint.facade.commands import (
    Answer,
    Command,
    GetPublicKey,
    ListSigned,
    PublicKeyView,
    SignedList,
    SignedNow,
    SignedView,
    SignNow,
)
from cc613_chargepoint.settings import Actor
from cc613_chargepoint.store import SignedRecord, Store
from cc613hal.errors import HalError, Unsupported
from cc613hal.ocmf import PublicKey, ReadingReason, SignedValue, qr_svg, read_record

__all__ = ["SignedAnswers", "value_of_view", "view_of"]

_log = logging.getLogger(__name__)

PART = 200
"""Records in one answer."""


class SignedAnswers:
    """Answers what is asked about signed records.

    Args:
        station: whose meters sign.
        store: keeps what they signed.
        connector: the connector of a number; refuses those that are not there.
    """

    def __init__(self, station: Station, store: Store, connector: Callable[[int], ServedConnector]) -> None:
        self._station, self._store, self._connector = station, store, connector

    def handlers(self) -> Mapping[type[Command], Handler]:
        """Command → who carries it out."""
        return {ListSigned: self._list, GetPublicKey: self._public_key, SignNow: self._sign_now}

    async def _list(self, command: ListSigned, actor: Actor) -> Answer:
        del actor
        since, until, session, after = command.since, command.until, command.session, command.after
        if any(each is not None and each.tzinfo is None for each in (since, until)):
            raise Refused("begin and end of a period need a time zone")
        if session is not None:
            of_it = await self._store.read(lambda tx: tx.signed.of_session(session), "reading signed records")
            return SignedList(records=tuple(view_of(each) for each in of_it if each.id > after))
        found = await self._store.read(
            lambda tx: tx.signed.of_period(since, until, after=after, limit=PART + 1), "reading signed records of a period"
        )
        return SignedList(records=tuple(view_of(each) for each in found[:PART]), more=len(found) > PART)

    async def _public_key(self, command: GetPublicKey, actor: Actor) -> Answer:
        del actor
        number = self._connector(command.connector).number
        key = PublicKey.from_bytes(await self._key(number))
        drawing = ""
        try:
            drawing = qr_svg(key, title=f"connector {number}") if command.drawing else ""
        except Unsupported as error:
            _log.info("no QR code: %s", error)
        return PublicKeyView(
            connector=number, curve=key.curve.value, hex=key.hex, base64=key.base64, fingerprint=key.fingerprint, qr_svg=drawing
        )

    async def _sign_now(self, command: SignNow, actor: Actor) -> Answer:
        del actor
        number = self._connector(command.connector).number
        signing = self._station.signing.get(number)
        if signing is None:
            raise Unsupported(f"connector {number} has no meter that signs", hint="signed meters are in docs/reference/signed-meters")
        reading = await signing.now(command.session, command.context)
        return SignedNow(
            at=reading.stamp.wall, format=reading.format, record=reading.data.decode(), public_key=reading.public_key.hex().upper()
        )

    async def _key(self, number: int) -> bytes:
        """The meter's own word; while it is silent, what its last record was signed with."""
        signing, silent = self._station.signing.get(number), None
        if signing is not None:
            try:
                return await signing.public_key()
            except HalError as error:
                silent = error
        latest = await self._store.read(lambda tx: tx.signed.latest(number), "looking for a public key")
        if latest is not None and latest.public_key:
            return bytes.fromhex(latest.public_key)
        raise silent or Unsupported(f"connector {number} has no meter that signs", hint="signed meters are in docs/reference/signed-meters")


def view_of(record: SignedRecord) -> SignedView:
    """A record as the transparency file holds it."""
    whole = record.format == "OCMF" and _holds_both(record.record)
    return SignedView(
        id=record.id,
        session=record.session,
        connector=record.connector,
        created=record.created,
        format=record.format,
        encoding="hex" if record.format.startswith("EDL") else "plain",
        data=record.record,
        public_key=record.public_key,
        transaction_id="" if whole or record.session is None else str(record.session),
        context="" if whole else record.context,
    )


def _holds_both(text: str) -> bool:
    try:
        reasons = [reading.reason for reading in read_record(text).payload.readings]
    except HalError:
        return False
    return ReadingReason.BEGIN in reasons and any(isinstance(each, ReadingReason) and each.ends for each in reasons)


def value_of_view(view: SignedView) -> SignedValue:
    """A record as the writer of the file takes it."""
    return SignedValue(
        data=view.data,
        format=view.format,
        encoding=view.encoding,
        key=view.public_key,
        key_encoding="hex" if view.public_key else "",
        transaction_id=view.transaction_id,
        context=view.context,
    )
