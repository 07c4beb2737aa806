"""Signed values in OCPP, in every dialect that backends understand; pure functions.

What ``value`` of a signed sampled value holds differs between backends of OCPP 1.6, so it is a choice:

- ``JSON``: OCPP 2.0.1's object as a JSON text (the Open Charge Alliance's application note on signed meter values in 1.6). Some
  backends call its first member ``signedMeterValue``.
- ``PLAIN``: the OCMF text.
- ``HEX``: the OCMF text in hexadecimal (OCPP 1.5's definition of SignedData).

Beside it stands the unsigned raw value. Begin *and* end belong into StopTransaction's ``transactionData``: a StartTransaction has no place.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from cc613hal.ocmf.errors import RecordInvalid, RecordUnreadable
from cc613hal.ocmf.keys import PublicKey
from cc613hal.ocmf.signatures import algorithm_of
from cc613hal.ocmf.signed_value import ValueContext
from cc613hal.ocmf.strict_json import load_object
from cc613hal.ocmf.values import OcmfRecord

__all__ = [
    "SignedValueForm",
    "meter_value_16",
    "meter_value_201",
    "sampled_value_16",
    "sampled_value_201",
    "signed_meter_value",
    "transaction_data_16",
    "unwrap",
    "whole_wh",
]

_MEASURAND = "Energy.Active.Import.Register"
_MEMBERS = ("signedMeterData", "signedMeterValue")


class SignedValueForm(enum.Enum):
    """What the ``value`` of a signed sampled value holds in OCPP 1.6."""

    JSON = "json"
    JSON_SIGNED_METER_VALUE = "json-signed-meter-value"
    """As ``JSON``, with the first member called ``signedMeterValue``."""
    PLAIN = "plain"
    HEX = "hex"


def signed_meter_value(record: OcmfRecord, key: PublicKey | None, *, name: str = "signedMeterData") -> dict[str, str]:
    """OCPP 2.0.1's SignedMeterValueType.

    Args:
        record: goes in as base64, byte for byte.
        key: goes in as base64 of its DER form; ``None`` leaves the member empty, as is allowed after the first.
        name: of the first member.
    """
    return {
        name: base64.b64encode(record.text.encode("utf-8")).decode(),
        "signingMethod": str(algorithm_of(record.signature)),
        "encodingMethod": "OCMF",
        "publicKey": "" if key is None else key.base64,
    }


def sampled_value_16(
    record: OcmfRecord, key: PublicKey | None, context: ValueContext, form: SignedValueForm = SignedValueForm.JSON
) -> dict[str, str]:
    """A signed SampledValue of OCPP 1.6.

    Raises:
        RecordInvalid: the record has no energy value whose unit could be named.
    """
    if form is SignedValueForm.PLAIN:
        value = record.text
    elif form is SignedValueForm.HEX:
        value = record.text.encode("utf-8").hex().upper()
    else:
        name = "signedMeterValue" if form is SignedValueForm.JSON_SIGNED_METER_VALUE else "signedMeterData"
        value = json.dumps(signed_meter_value(record, key, name=name), separators=(",", ":"))
    return {
        "value": value,
        "context": context.value,
        "format": "SignedData",
        "measurand": _MEASURAND,
        "location": "Outlet",
        "unit": _unit(record),
    }


def meter_value_16(
    record: OcmfRecord, key: PublicKey | None, context: ValueContext, form: SignedValueForm = SignedValueForm.JSON
) -> dict[str, Any]:
    """A MeterValue of OCPP 1.6: the signed value and beside it the raw one, with the record's own time."""
    reading = _reading(record, context)
    raw = {
        "value": str(reading[1]),
        "context": context.value,
        "format": "Raw",
        "measurand": _MEASURAND,
        "location": "Outlet",
        "unit": _unit(record),
    }
    return {"timestamp": _time(reading[0]), "sampledValue": [raw, sampled_value_16(record, key, context, form)]}


def transaction_data_16(
    begin: OcmfRecord, end: OcmfRecord | None, key: PublicKey | None, form: SignedValueForm = SignedValueForm.JSON
) -> list[dict[str, Any]]:
    """StopTransaction's ``transactionData``: begin and end together; one record that holds both stands at both places' contexts.

    Args:
        begin: the record of the begin, or of the whole transaction.
        end: the record of the end; ``None`` if ``begin`` holds it.
        key: the public key, sent with the first.
        form: see :class:`SignedValueForm`.
    """
    if end is None:
        return [meter_value_16(begin, key, ValueContext.END, form)]
    return [meter_value_16(begin, key, ValueContext.BEGIN, form), meter_value_16(end, None, ValueContext.END, form)]


def sampled_value_201(record: OcmfRecord, key: PublicKey | None, context: ValueContext) -> dict[str, Any]:
    """A SampledValue of OCPP 2.0.1 with its native signed value."""
    return {
        "value": float(_reading(record, context)[1]),
        "context": context.value,
        "measurand": _MEASURAND,
        "location": "Outlet",
        "unitOfMeasure": {"unit": _unit(record)},
        "signedMeterValue": signed_meter_value(record, key),
    }


def meter_value_201(record: OcmfRecord, key: PublicKey | None, context: ValueContext) -> dict[str, Any]:
    """A MeterValue of OCPP 2.0.1."""
    return {"timestamp": _time(_reading(record, context)[0]), "sampledValue": [sampled_value_201(record, key, context)]}


def whole_wh(begin: Decimal, now: Decimal) -> int:
    """Energy since the begin in whole watt hours for OCPP's integers, rounded down; never to bill from.

    Raises:
        RecordInvalid: the meter runs backwards.
    """
    if now < begin:
        raise RecordInvalid(f"{now} Wh after {begin} Wh: the meter runs backwards")
    return int((now - begin).to_integral_value(ROUND_DOWN))


def unwrap(value: str) -> str:
    """The OCMF text in the ``value`` of a signed sampled value, whichever form it has.

    Raises:
        RecordUnreadable: none of the forms.
    """
    text = value.strip()
    if text.startswith("OCMF|"):
        return text
    try:
        if not text.startswith("{"):
            return _is_ocmf(bytes.fromhex(text))
        members = load_object(text, "signed meter value")
        encoded = next((members[name] for name in _MEMBERS if isinstance(members.get(name), str)), None)
        if encoded is None:
            raise RecordUnreadable("the signed meter value has none of the members " + " and ".join(_MEMBERS))
        return encoded if encoded.startswith("OCMF|") else _is_ocmf(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        if isinstance(error, RecordUnreadable):
            raise
        raise RecordUnreadable("the signed value is neither OCMF, nor hexadecimal, nor an object with base64 in it") from error


def _is_ocmf(data: bytes) -> str:
    text = data.decode("utf-8")
    if not text.startswith("OCMF|"):
        raise RecordUnreadable("the signed value holds no OCMF")
    return text


def _reading(record: OcmfRecord, context: ValueContext) -> tuple[datetime, Decimal]:
    """Time and value of the reading that a context means: the first for a begin, the last for anything else."""
    valued = [
        (reading.time.when, reading.value) for reading in record.payload.readings if reading.value is not None and reading.wh is not None
    ]
    if not valued:
        raise RecordInvalid("the record has no energy value", hint="send it as SignedData only, with sampled_value_16")
    return valued[0] if context is ValueContext.BEGIN else valued[-1]


def _unit(record: OcmfRecord) -> str:
    for reading in record.payload.readings:
        if reading.wh is not None and reading.unit is not None:
            return reading.unit if isinstance(reading.unit, str) else reading.unit.value
    return "kWh"


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"
