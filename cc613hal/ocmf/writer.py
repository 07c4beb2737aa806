"""Writes payloads: every field in the format's order, digits exact, nothing that a verifier would stumble over.

Version 1.3 at most: the transparency software 1.4.1 refuses records that say 1.4. Every reading carries all its fields, although
the format would let it leave out what the one before it said; readers that do not know this rule then read the same.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cc613hal.ocmf.errors import RecordInvalid
from cc613hal.ocmf.fields import ChargePointType, IdentificationFlag, IdentificationType, MeterState, PageContext, ReadingReason
from cc613hal.ocmf.strict_json import dump, load_object
from cc613hal.ocmf.values import CableLoss, Identification, OcmfPayload, OcmfReading

__all__ = ["NEWEST_WRITTEN", "plain_text", "write_payload"]

NEWEST_WRITTEN = (1, 3)
"""Newest format version that is written; the transparency software 1.4.1 refuses 1.4."""

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})", re.ASCII)
_EXTENSION = re.compile(r"[U-Z][A-Za-z0-9_]*", re.ASCII)
_DATA_FORMATS = {
    IdentificationType.ISO14443: (re.compile(r"(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14})", re.ASCII), "4 or 7 bytes in hexadecimal"),
    IdentificationType.ISO15693: (re.compile(r"[0-9A-Fa-f]{16}", re.ASCII), "8 bytes in hexadecimal"),
    IdentificationType.EMAID: (re.compile(r"[0-9A-Za-z]{14,15}", re.ASCII), "14 or 15 letters and digits, without hyphens"),
    IdentificationType.PHONE_NUMBER: (re.compile(r"\+[0-9]{3,15}", re.ASCII), "international, with a leading +"),
    IdentificationType.ISO7812: (re.compile(r"[0-9]{8,19}", re.ASCII), "8 to 19 digits"),
}
_LIMITS = {"ID": 40, "TT": 250, "CF": 25, "LN": 20}
"""Characters that the format plans for (tables 4, 5 and 24; ID: section "Type")."""


def write_payload(payload: OcmfPayload) -> str:
    """The JSON text of a payload, to be signed exactly as returned.

    Args:
        payload: what to say.

    Raises:
        RecordInvalid: a version above 1.3, a missing or contradicting field, a text too long, a pipe in a text.
    """
    _check_payload(payload)
    members: dict[str, Any] = {}
    _put(members, "FV", payload.version)
    _put(members, "GI", payload.gateway)
    _put(members, "GS", payload.gateway_serial)
    _put(members, "GV", payload.gateway_version)
    _put(members, "PG", str(payload.page))
    _put(members, "MV", payload.meter_vendor)
    _put(members, "MM", payload.meter_model)
    _put(members, "MS", payload.meter_serial)
    _put(members, "MF", payload.meter_firmware)
    if payload.identification is not None:
        _put_identification(members, payload.identification)
    _put(members, "CF", payload.controller_firmware)
    _put(members, "LC", None if payload.cable is None else _cable(payload.cable))
    _put(members, "CT", payload.charge_point_type)
    _put(members, "CI", payload.charge_point)
    members.update(payload.extensions)
    members["RD"] = [_reading(reading) for reading in payload.readings]
    text = dump(members)
    load_object(text, "payload")  # what a reader would refuse (a depth, a name twice) never gets a signature
    return text


def plain_text(text: str, limit: int | None = None) -> str:
    """A user's text as a record may carry it: pipes become slashes, control characters blanks, cut at a limit."""
    cleaned = "".join("/" if sign == "|" else sign if sign.isprintable() else " " for sign in text)
    return cleaned if limit is None else cleaned[:limit]


def _put(members: dict[str, Any], key: str, value: Any) -> None:
    if value is not None:
        members[key] = value.value if isinstance(value, enum.Enum) else value


def _put_identification(members: dict[str, Any], who: Identification) -> None:
    members["IS"] = who.assigned
    _put(members, "IL", who.level)
    if who.flags is not None:
        members["IF"] = [flag.value if isinstance(flag, IdentificationFlag) else flag for flag in who.flags]
    _put(members, "IT", who.type)
    _put(members, "ID", who.data)
    _put(members, "TT", who.tariff_text)


def _cable(cable: CableLoss) -> dict[str, Any]:
    members: dict[str, Any] = {}
    _put(members, "LN", cable.name)
    _put(members, "LI", cable.id)
    _put(members, "LR", cable.resistance)
    _put(members, "LU", cable.unit)
    return members


def _reading(reading: OcmfReading) -> dict[str, Any]:
    members: dict[str, Any] = {"TM": str(reading.time)}
    _put(members, "TX", reading.reason)
    _put(members, "RV", reading.value)
    _put(members, "RI", reading.obis)
    _put(members, "RU", reading.unit)
    _put(members, "RT", reading.current)
    _put(members, "CL", reading.loss)
    _put(members, "EF", reading.errors)
    _put(members, "ST", reading.state)
    members.update(reading.extensions)
    return members


def _check_payload(payload: OcmfPayload) -> None:
    version = _VERSION.fullmatch(payload.version or "")
    if version is None or (int(version[1]), int(version[2])) > NEWEST_WRITTEN:
        raise RecordInvalid(
            f"format version {payload.version!r} is not written", hint="write 1.3 or less: transparency software 1.4.1 refuses 1.4"
        )
    if payload.page is None or not 0 <= payload.page.number < 10**19:
        raise RecordInvalid("a record needs a page (PG)")
    if not payload.gateway_serial and not payload.meter_serial:
        raise RecordInvalid("a record needs the serial number of the gateway (GS) or of the meter (MS)")
    if not payload.readings:
        raise RecordInvalid("a record needs a reading")
    _check_length("CF", payload.controller_firmware)
    _check_extensions(payload.extensions)
    if payload.cable is not None:
        _check_length("LN", payload.cable.name)
        if payload.cable.resistance is None or payload.cable.unit is None:
            raise RecordInvalid("loss compensation needs the cable's resistance (LR) and its unit (LU)")
    _check_charge_point(payload)
    in_transaction = payload.page.context is PageContext.TRANSACTION
    if in_transaction != (payload.identification is not None):
        raise RecordInvalid(f"page {payload.page}: the user assignment is there exactly when there is a transaction")
    if payload.identification is not None:
        _check_identification(payload.identification)
    for reading in payload.readings:
        _check_reading(reading, payload.page.context)
    for before, after in itertools.pairwise(payload.readings):
        if after.current is None and before.current is not None and after.value is not None:
            raise RecordInvalid(
                "a reading without its kind of current (RT) would inherit the one before it", hint="say it in every reading"
            )


def _check_charge_point(payload: OcmfPayload) -> None:
    if (payload.charge_point_type is None) != (payload.charge_point is None):
        raise RecordInvalid("the charge point needs its type (CT) and its identification (CI), or neither")
    if payload.charge_point_type is ChargePointType.CBIDC and (payload.charge_point or "").count(" ") != 1:
        raise RecordInvalid(f"charge point {payload.charge_point!r} is not a charge box id, one blank and a connector")


def _check_identification(who: Identification) -> None:
    if who.assigned is None:
        raise RecordInvalid("the user assignment needs IS")
    _check_length("ID", who.data)
    _check_length("TT", who.tariff_text)
    families = [flag.family for flag in who.flags or () if isinstance(flag, IdentificationFlag)]
    if len(families) != len(set(families)) or len(who.flags or ()) > 4:
        raise RecordInvalid("identification flags: at most one of each family (RFID, OCPP, ISO15118, PLMN)")
    wanted = _DATA_FORMATS.get(who.type) if isinstance(who.type, IdentificationType) else None
    if wanted and who.data and not wanted[0].fullmatch(who.data):
        raise RecordInvalid(f"identification {who.data!r} is not {wanted[1]}", hint=f"{who.type} does not fit this identification")


def _check_reading(reading: OcmfReading, context: PageContext) -> None:
    if (context is PageContext.TRANSACTION) != (reading.reason is not None):
        raise RecordInvalid("a reading says why it was taken (TX) exactly when there is a transaction")
    if (reading.obis is None) != (reading.unit is None):
        raise RecordInvalid("the register (RI) and its unit (RU) go together")
    if (reading.value is None) != (reading.obis is None):
        raise RecordInvalid("a value (RV) needs its register and unit; an event without a value has neither")
    if reading.state is None or reading.errors is None:
        raise RecordInvalid("a reading needs the meter's state (ST) and the error flags (EF)")
    if set(reading.errors) - set("Et") or len(reading.errors) > 2:
        raise RecordInvalid(f"error flags {reading.errors!r} are not of E and t")
    if reading.value is None and (reading.state is MeterState.GOOD or reading.loss is not None):
        raise RecordInvalid("a reading without a value is an event: the meter's state (ST) says which, and there is no loss (CL)")
    if reading.reason is ReadingReason.BEGIN and reading.loss is not None and reading.loss != Decimal(0):
        raise RecordInvalid("the cumulated loss (CL) is zero at the begin of a transaction")
    if reading.loss is not None and not accumulates(reading.obis or ""):
        raise RecordInvalid(f"the cumulated loss (CL) goes with an accumulation register, not with {reading.obis!r}")
    _check_extensions(reading.extensions)


def accumulates(obis: str) -> bool:
    """Whether a register is one of the format's billing registers (B0 to B3, C0 to C3; table 25), which may carry a loss."""
    return re.match(r"0?1-0?0:[BbCc][0-3]\.0?8\.0?0", obis) is not None


def _check_length(key: str, text: str | None) -> None:
    if text is not None and len(text) > _LIMITS[key]:
        raise RecordInvalid(f"{key} has {len(text)} characters, the format plans for {_LIMITS[key]}", hint="shorten it with plain_text()")


def _check_extensions(extensions: Mapping[str, Any]) -> None:
    for key in extensions:
        if not _EXTENSION.fullmatch(key):
            raise RecordInvalid(f"the vendor member {key!r} does not begin with one of the letters U to Z")
