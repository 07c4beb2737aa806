"""Sign a charging session on the controller, export it for the customer, and check it as the customer would. Needs the extra ``ocmf``."""

from __future__ import annotations

import asyncio
import io
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from cc613hal.interfaces.card import Card, CardTechnology
from cc613hal.ocmf import (
    AuthorizedBy,
    Checker,
    ControllerSigner,
    FileKey,
    FilePageCounter,
    OcmfTime,
    ReadingReason,
    SignerIdentity,
    TimeState,
    ValueContext,
    card_identification,
    read_values,
    reading_of,
    value_of,
    write_values,
)
from cc613hal.readings import Energy


async def main(folder: Path) -> None:
    """A key, a charge, and the check of its record."""
    # once, at commissioning: a key and a page counter that are never made again
    key = FileKey.create(folder / "station.pem")
    FilePageCounter.create(folder / "pages").close()
    identity = SignerIdentity(gateway="CC613", gateway_serial="25012345", gateway_version="1.0", meter_serial="000033022620")

    with FilePageCounter(folder / "pages") as pages:
        signer = ControllerSigner(key, pages, identity)
        customer = card_identification(Card(uid="1F2D3A4F5506C7", technology=CardTechnology.ISO_DEP), AuthorizedBy.BACKEND_TLS)
        start = OcmfTime(datetime(2026, 3, 4, 17, 30, tzinfo=UTC), TimeState.SYNCHRONISED)
        stop = OcmfTime(start.when + timedelta(hours=2), TimeState.SYNCHRONISED)
        transaction = await signer.begin(reading_of(Energy(Decimal(2935600)), start, ReadingReason.BEGIN), customer)
        await transaction.end(reading_of(Energy(Decimal(2957610)), stop, ReadingReason.END_LOCAL))

    begin, end = transaction.records
    bill = io.BytesIO()
    write_values(
        bill,
        (
            value_of(begin.text, key.public_key, transaction_id="4711", context=ValueContext.BEGIN),
            value_of(end.text, key.public_key, transaction_id="4711", context=ValueContext.END),
        ),
    )
    bill.seek(0)
    for verdict in Checker([key.public_key]).check(read_values(bill)):
        print(type(verdict).__name__, verdict.status.value, *(finding.explain("en") for finding in verdict.findings))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(main(Path(scratch)))
