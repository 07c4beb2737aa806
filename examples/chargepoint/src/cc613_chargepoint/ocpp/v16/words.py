"""The engine's facts in the words of OCPP 1.6. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.ocpp.engine.owed.facts import (
    Measured,
    Reading,
    SignedValue,
    StatusReport,
    StopReason,
    TransactionBegan,
    TransactionEnded,
)
from cc613_chargepoint.ocpp.engine.transactions.thinning import spread
from cc613_chargepoint.ocpp.messages import v16
from cc613_chargepoint.ocpp.messages.v16_types import (
    ChargePointErrorCode,
    IdTagInfo,
    Measurand,
    MeterValue,
    Phase,
    ReadingContext,
    SampledValue,
    Unit,
)

__all__ = ["ID_LIMIT", "known", "meter_values", "signed_values", "start", "status", "stop", "thinned"]

ID_LIMIT = 20
"""Longest identifier (CiString20)."""


def whole_wh(register: str | None) -> int:
    """A register in whole Wh, as 1.6 has it; what is less than one is cut, so that no energy is invented."""
    return 0 if register is None else int(Decimal(register))


def start(began: TransactionBegan) -> v16.StartTransaction:
    """The begin of a transaction."""
    return v16.StartTransaction(
        connector_id=began.connector,
        id_tag=began.token[:ID_LIMIT],
        meter_start=whole_wh(began.begin_wh),
        timestamp=began.started,
        reservation_id=began.reservation,
    )


def stop(ended: TransactionEnded, transaction: int, *, most: int, bare: bool) -> v16.StopTransaction:
    """The end of a transaction.

    Args:
        ended: the fact.
        transaction: the backend's name for it.
        most: values it may carry.
        bare: whether signed records stand as they are, instead of in the container of the application note.
    """
    data = (*meter_values(ended.readings, bare=bare), *signed_values(ended.signed, bare=bare))
    return v16.StopTransaction(
        id_tag=None if ended.token is None else ended.token[:ID_LIMIT],
        meter_stop=whole_wh(ended.end_wh if ended.end_wh is not None else ended.begin_wh),
        timestamp=ended.ended,
        transaction_id=transaction,
        reason=_reason(ended.reason),
        transaction_data=thinned(data, most) or None,
    )


def _reason(reason: StopReason) -> Any:
    """Why, as 1.6 distinguishes it: what only transactions of a later version end with is something else here."""
    return "Other" if reason in {StopReason.STOPPED_BY_EV, StopReason.TIMEOUT} else reason.value


def measured(fact: Measured, transaction: int | None, *, bare: bool) -> v16.MeterValues:
    """Values of a meter; see :func:`stop`."""
    return v16.MeterValues(connector_id=fact.connector, transaction_id=transaction, meter_value=meter_values(fact.readings, bare=bare))


def meter_values(readings: Sequence[Reading], *, bare: bool) -> tuple[MeterValue, ...]:
    """Readings; every default of the specification is written out. A signed value stands beside the raw one."""
    return tuple(
        MeterValue(
            timestamp=reading.at,
            sampled_value=(
                *(
                    SampledValue(
                        value=each.value,
                        context=cast("ReadingContext", reading.context),
                        format="Raw",
                        measurand=cast("Measurand", each.measurand),
                        phase=cast("Phase | None", each.phase),
                        location="Outlet",
                        unit=cast("Unit | None", each.unit),
                    )
                    for each in reading.quantities
                ),
                *(() if reading.signed is None else (_signed_value(reading.signed, reading.context, bare=bare),)),
            ),
        )
        for reading in readings
    )


def signed_values(signed: Sequence[SignedValue], *, bare: bool) -> tuple[MeterValue, ...]:
    """Signed records: in the container of "Signed meter values in OCPP", or, for backends that expect it, bare."""
    return tuple(MeterValue(timestamp=each.at, sampled_value=(_signed_value(each, each.context, bare=bare),)) for each in signed)


def _signed_value(signed: SignedValue, context: str, *, bare: bool) -> SampledValue:
    return SampledValue(
        value=signed.record if bare else container(signed),
        context=cast("ReadingContext", context),
        format="SignedData",
        measurand="Energy.Active.Import.Register",
        location="Outlet",
        unit="Wh",
    )


def container(signed: SignedValue) -> str:
    """The JSON text of a signed record: record, how it is signed and encoded, and the key that verifies it where that goes along."""
    return json.dumps(
        {
            "signedMeterData": base64.b64encode(signed.content).decode("ascii"),
            "signingMethod": signed.method,
            "encodingMethod": signed.format,
            "publicKey": signed.key,
        },
        separators=(",", ":"),
    )


def thinned(values: Sequence[MeterValue], most: int) -> tuple[MeterValue, ...]:
    """At most so many: those of begin and end stay, of the middle ones evenly spread ones do (errata 3.14)."""
    ends = [each for each in values if each.sampled_value[0].context in {"Transaction.Begin", "Transaction.End"}]
    room = max(0, most - len(ends))
    middle = [each for each in values if each not in ends]
    if len(middle) <= room:
        return tuple(values)
    kept = spread(len(middle), room)
    stay = [each for index, each in enumerate(middle) if index in kept]
    return tuple(each for each in values if each in ends or each in stay)


def status(report: StatusReport) -> v16.StatusNotification:
    """How a connector is."""
    return v16.StatusNotification(
        connector_id=report.connector,
        error_code=cast("ChargePointErrorCode", report.error),
        status=report.standing.value,
        info=report.info or None,
        timestamp=report.at,
        vendor_id="cc613hal" if report.vendor_error else None,
        vendor_error_code=report.vendor_error or None,
    )


def known(identifier: str, info: IdTagInfo) -> KnownToken:
    """What the backend says of a customer."""
    return KnownToken(id=identifier, status=info.status, expires=info.expiry_date, parent=info.parent_id_tag)
