"""Random charging sessions, signed by the controller's signer, for tests and benchmarks of records."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from attrs import frozen

from cc613hal.interfaces.card import Card, CardTechnology
from cc613hal.ocmf import (
    AuthorizedBy,
    ChargePointType,
    ControllerSigner,
    CurrentType,
    Curve,
    FileKey,
    Identification,
    MemoryPageCounter,
    OcmfReading,
    OcmfRecord,
    OcmfTime,
    PageCounter,
    PublicKey,
    ReadingReason,
    ReadingUnit,
    SignerIdentity,
    TimeState,
    card_identification,
    contract_identification,
    no_identification,
    phone_identification,
    plain_text,
    remote_identification,
)

SIGNING_CURVES = tuple(curve for curve in Curve if curve is not Curve.SECP192K1)
_TEXTS = ("", "Säule 7", 'quote " and \\ slash', "tab\there", "日本", "a|b", "€ 0,49/kWh", "\N{GRINNING FACE}")
_ENDS = [reason for reason in ReadingReason if reason.ends]
_ZONES = [UTC, *(timezone(timedelta(minutes=minutes)) for minutes in (120, 60, -210, 345, 840))]


@frozen
class Signed:
    """A session as it was signed.

    Attributes:
        key: verifies it.
        records: in order.
        wh: charged.
    """

    key: PublicKey
    records: tuple[OcmfRecord, ...]
    wh: Decimal


async def sessions(
    folder: Path, count: int, *, seed: int = 1, curves: Sequence[Curve] = SIGNING_CURVES, pages: PageCounter | None = None
) -> AsyncIterator[Signed]:
    """Sessions on all curves in turn, with random meters, units, digits, customers, texts, zones and intermediate readings."""
    chance = random.Random(seed)
    keys = {curve: FileKey.open_or_create(folder / f"{curve.value}.pem", curve) for curve in curves}
    counters = {curve: pages or MemoryPageCounter(first=chance.randrange(10**6)) for curve in curves}
    for number in range(count):
        curve = curves[number % len(curves)]
        signer = ControllerSigner(keys[curve], counters[curve], _identity(chance))
        unit = chance.choice([ReadingUnit.KWH, ReadingUnit.WH])
        digits = chance.randrange(5) if unit is ReadingUnit.KWH else 0
        obis = chance.choice(["1-b:1.8.0", "1-0:1.8.0*255", "01-00:B2.08.00", "01-00:98.08.00.FF"])
        current = chance.choice([None, CurrentType.AC, CurrentType.DC])
        state = chance.choice([TimeState.SYNCHRONISED, TimeState.INFORMATIVE])
        when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=chance.randrange(10**11))
        value = begin = Decimal(chance.randrange(10**9)).scaleb(-digits)
        zone = chance.choice(_ZONES)

        def reading(reason: ReadingReason) -> OcmfReading:
            time = OcmfTime(when.astimezone(zone), state)  # noqa: B023  # called at once
            return OcmfReading(time=time, reason=reason, value=value, obis=obis, unit=unit, current=current)  # noqa: B023

        transaction = await signer.begin(reading(ReadingReason.BEGIN), _customer(chance))
        for reason in chance.choices(
            [ReadingReason.CHARGING, ReadingReason.TARIFF_CHANGE, ReadingReason.SUSPENDED], k=chance.choice([0, 0, 0, 1, 3])
        ):
            when += timedelta(seconds=chance.randrange(900))
            value += Decimal(chance.randrange(10**4)).scaleb(-digits)
            await transaction.record(reading(reason))
        when += timedelta(milliseconds=chance.randrange(10**8))
        value += Decimal(chance.randrange(10**5)).scaleb(-digits)
        await transaction.end(reading(chance.choice(_ENDS)))
        yield Signed(keys[curve].public_key, transaction.records, (value - begin) * (1000 if unit is ReadingUnit.KWH else 1))


def _identity(chance: random.Random) -> SignerIdentity:
    kind, point = chance.choice([(None, None), (ChargePointType.EVSEID, "DE*ABC*E1*1"), (ChargePointType.CBIDC, "STATION_01 2")])
    return SignerIdentity(
        version=chance.choice(["1.0", "1.2", "1.3"]),
        gateway=plain_text(chance.choice(_TEXTS)),
        gateway_serial=f"G{chance.randrange(10**6)}",
        gateway_version="5.33.1",
        meter_vendor=plain_text(chance.choice(_TEXTS)),
        meter_serial=f"{chance.randrange(10**12):012d}",
        controller_firmware=chance.choice([None, "5.33.1-12345"]),
        charge_point_type=kind,
        charge_point=point,
    )


def _customer(chance: random.Random) -> Identification:
    by = chance.choice(list(AuthorizedBy))
    tariff = chance.choice([None, *_TEXTS])
    card = Card(uid=chance.randbytes(chance.choice([4, 7, 8, 10])).hex().upper(), technology=CardTechnology.ISO_14443A)
    return chance.choice(
        [
            lambda: card_identification(card, by, tariff=tariff),
            lambda: remote_identification(chance.choice(_TEXTS) or "x", tls=chance.random() < 0.5, tariff=tariff),
            lambda: contract_identification("DE-TNM-C12345678-X", by, tariff=tariff),
            lambda: phone_identification("+49301234567", message=True, tariff=tariff),
            lambda: no_identification(tariff=tariff),
        ]
    )()
