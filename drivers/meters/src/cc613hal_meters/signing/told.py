"""What signing meters without registers have in common: one record that holds begin and end, and which transaction it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cc613hal.errors import CommandFailed, DeviceRefused
from cc613hal.interfaces import SignedReading, SignedTransaction, SigningEvent
from cc613hal.ocmf import Curve, KeyUnusable, PublicKey
from cc613hal.plugins import DeviceContext
from cc613hal_meters.signing.transactions import TransactionMemory, ocmf_payload, wait_for

__all__ = ["Recorder", "der_of"]

_LOOK_S = 0.25
_NOT_YET = frozenset({404, 409, 425, 428, 503, 7, 8})
"""Statuses of HTTP and of the GSH01 that say: not available, busy."""


class Recorder:
    """Fetches the record of a transaction that has ended, and makes sure that it is that one's.

    Args:
        context: the device's place on the board.
        transactions: what the driver remembers.
        deadline_s: longest wait for a signature, s.
    """

    def __init__(self, context: DeviceContext, transactions: TransactionMemory, deadline_s: float) -> None:
        self._context = context
        self._transactions = transactions
        self._deadline_s = deadline_s

    async def fetch(self, transaction: SignedTransaction, look: Callable[[], Awaitable[bytes]], key: bytes) -> SignedReading:
        """Wait for the record, and keep its page.

        Args:
            transaction: whose.
            look: asks the meter; refusals that say "not yet" are waited over.
            key: verifies it, DER.

        Raises:
            CommandFailed: no record by the deadline, none that can be read, or one that was released before.
            DeviceRefused: the meter says that it has none.
        """

        async def patient() -> bytes:
            try:
                return await look()
            except DeviceRefused as refusal:
                if refusal.code in _NOT_YET:
                    return b""
                raise

        data = await wait_for(patient, bool, context=self._context, what="the record", deadline_s=self._deadline_s, every_s=_LOOK_S)
        text = data.decode("utf-8", "replace").strip().rstrip("\0")
        page = str(ocmf_payload(text, self._context.device)["PG"])
        told = self._transactions.told
        if page == told.last_page:
            raise CommandFailed(
                f"gave the record of page {page} again, which is another transaction's",
                evidence=text,
                device=self._context.device,
                hint="have the meter checked; the energy of this transaction cannot be sold",
            )
        self._transactions.keep(id=transaction.id, begun=True, page=page)
        return SignedReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            event=SigningEvent.END,
            transaction=transaction.id,
            with_begin=True,
            format="OCMF",
            encoding="plain",
            data=text.encode(),
            public_key=key,
        )


def der_of(text: str, curve: Curve, device: str) -> bytes:
    """A key as a meter spells it, as DER.

    Raises:
        CommandFailed: it is no key.
    """
    try:
        return PublicKey.from_text(text, (curve,)).der
    except KeyUnusable as error:
        raise CommandFailed(f"tells a public key that is none: {error.message}", evidence=text[:200], device=device) from error
