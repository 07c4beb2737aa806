"""Reads records as they come, tolerant by version, and keeps every byte.

The bytes between the pipes are what the signature covers, so they are never written again. Words the format does not know stay
text. What files of the field spell differently and can only mean one thing is taken: numbers in quotes and with blanks in front, a
number where a text must be, ``"true"``, a single flag that is no list. Any other wrong *type* is refused, since nobody can say what
was meant.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar, cast

from cc613hal.ocmf.errors import RecordUnreadable
from cc613hal.ocmf.fields import (
    ChargePointType,
    CurrentType,
    IdentificationFlag,
    IdentificationLevel,
    IdentificationType,
    MeterState,
    ReadingReason,
    ReadingUnit,
    ResistanceUnit,
)
from cc613hal.ocmf.strict_json import load_object, number_text
from cc613hal.ocmf.values import CableLoss, Identification, OcmfPayload, OcmfReading, OcmfRecord, OcmfTime, Page, SignatureSection

__all__ = ["MAX_READINGS", "MAX_RECORD_BYTES", "read_record"]

MAX_RECORD_BYTES = 1 << 20
"""A record is one or two kilobytes; one with a reading per minute of a day has 300."""
MAX_READINGS = 10_000

E = TypeVar("E", bound=enum.Enum)

_PAYLOAD_KEYS = frozenset("FV GI GS GV PG MV MM MS MF IS IL IF IT ID TT CF LC CT CI RD".split())  # noqa: SIM905  # as the format lists them
_READING_KEYS = frozenset("TM TX RV RI RU RT CL EF ST".split())  # noqa: SIM905
_INHERITED = ("TM", "TX", "RI", "RU", "RT", "EF", "ST")
"""What a reading takes from the one before it when it leaves the field out."""
_SIGNATURE_KEYS = frozenset({"SA", "SE", "SM", "SD"})
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}\s*)+", re.ASCII)


def read_record(data: bytes | str) -> OcmfRecord:
    """Read one record: ``OCMF|payload|signature``, also in hexadecimal, also with a key behind a third pipe.

    White space around the record and around its parts' JSON is kept where it is signed, and dropped around the whole.

    Args:
        data: the record; bytes are UTF-8.

    Raises:
        RecordUnreadable: too long, not three parts, no JSON, a name twice, a field of the wrong type.
    """
    if len(data) > MAX_RECORD_BYTES * 2:
        raise RecordUnreadable(f"{len(data)} bytes are no record; at most {MAX_RECORD_BYTES} are read")
    text = (_decode(data) if isinstance(data, bytes) else data).strip()
    if not text.startswith("OCMF|"):
        text = _from_hex(text)
    if len(text) > MAX_RECORD_BYTES:
        raise RecordUnreadable(f"{len(text)} characters are no record; at most {MAX_RECORD_BYTES} are read")
    parts = text.split("|", 4)
    if not 3 <= len(parts) <= 4:
        raise RecordUnreadable(
            f"a record has three parts divided by pipes, this has {len(parts)}", hint="a pipe inside a text is not allowed"
        )
    signature_text, key_text = parts[2].rstrip(), parts[3].strip() if len(parts) == 4 else ""
    return OcmfRecord(
        payload_text=parts[1],
        signature_text=signature_text,
        payload=_payload(load_object(parts[1], "payload")),
        signature=_signature(load_object(signature_text, "signature section")),
        key_text=key_text,
    )


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordUnreadable(f"the record is not UTF-8: {error}") from error


def _from_hex(text: str) -> str:
    if not text[:10].upper().startswith(("4F434D467C", "4F 43 4D 4")) or not _HEX.fullmatch(text):
        raise RecordUnreadable(f"a record begins with OCMF|, this begins with {text[:20]!r}")
    return _decode(bytes.fromhex(text)).strip()


def _payload(members: dict[str, Any]) -> OcmfPayload:
    read = _Members(members, "payload")
    version: Any = members.get("FV")
    return OcmfPayload(
        version=str(version) if isinstance(version, Decimal) else read.text("FV"),  # 1.0 keeps its zero
        gateway=read.text("GI"),
        gateway_serial=read.text("GS"),
        gateway_version=read.text("GV"),
        page=None if members.get("PG") is None else Page.parse(read.text("PG") or ""),
        meter_vendor=read.text("MV"),
        meter_model=read.text("MM"),
        meter_serial=read.text("MS"),
        meter_firmware=read.text("MF"),
        identification=_identification(read),
        controller_firmware=read.text("CF"),
        cable=_cable(members),
        charge_point_type=_charge_point_type(read),
        charge_point=read.text("CI"),
        readings=_readings(members.get("RD")),
        extensions=_extensions(members, _PAYLOAD_KEYS),
    )


def _charge_point_type(read: _Members) -> ChargePointType | str | None:
    # gateways without a charge point write 0 or nothing here
    return None if read.members.get("CT") == 0 else read.word("CT", ChargePointType)


def _identification(read: _Members) -> Identification | None:
    if not read.members.keys() & {"IS", "IL", "IF", "IT", "ID", "TT"}:
        return None
    listed: Any = read.members.get("IF")
    if isinstance(listed, str):
        listed = listed.split(",") if listed else []
    flags: list[Any] = listed if isinstance(listed, list) else []  # pyright: ignore[reportUnknownVariableType]  # its elements are checked next
    if (listed is not None and not isinstance(listed, list)) or not all(isinstance(flag, str) for flag in flags):
        raise RecordUnreadable("the payload's IF is no list of words")
    return Identification(
        assigned=read.truth("IS"),
        level=read.word("IL", IdentificationLevel),
        flags=None if listed is None else tuple(_word(flag.strip(), IdentificationFlag) for flag in flags),
        type=read.word("IT", IdentificationType) or IdentificationType.NONE,
        data=read.text("ID"),
        tariff_text=read.text("TT"),
    )


def _cable(members: dict[str, Any]) -> CableLoss | None:
    cable: Any = members.get("LC")
    if cable is None:
        return None
    if not isinstance(cable, dict):
        raise RecordUnreadable("the payload's LC is no object")
    read = _Members(cast("dict[str, Any]", cable), "payload's LC")
    number = read.number("LI")
    return CableLoss(
        name=read.text("LN"),
        id=None if number is None else int(number),
        resistance=read.number("LR"),
        unit=read.word("LU", ResistanceUnit),
    )


def _readings(elements: Any) -> tuple[OcmfReading, ...]:
    if not isinstance(elements, list) or not elements:
        raise RecordUnreadable("the payload's RD is no list with one reading or more")
    listed = cast("list[Any]", elements)  # type: ignore[redundant-cast]  # pyright needs it: isinstance says nothing of the elements
    if len(listed) > MAX_READINGS:
        raise RecordUnreadable(f"{len(listed)} readings in one record; at most {MAX_READINGS} are read")
    inherited: dict[str, Any] = {}
    readings: list[OcmfReading] = []
    for number, element in enumerate(listed, start=1):
        if not isinstance(element, dict):
            raise RecordUnreadable(f"reading {number} is no object")
        own = cast("dict[str, Any]", element)
        members = {**inherited, **own}
        inherited = {key: members[key] for key in _INHERITED if key in members}
        if "RV" not in own and not own.keys() & {"RI", "RU", "RT"}:
            # an event without a value: it has no register and no unit either
            members = {key: item for key, item in members.items() if key not in {"RI", "RU", "RT"}}
        readings.append(_reading(members, number))
    return tuple(readings)


def _reading(members: dict[str, Any], number: int) -> OcmfReading:
    read = _Members(members, f"reading {number}")
    time = read.text("TM")
    if time is None:
        raise RecordUnreadable(f"reading {number} has no time (TM)")
    reason = read.text("TX")
    return OcmfReading(
        time=OcmfTime.parse(time),
        reason=None if reason is None else _word(reason.strip(), ReadingReason),
        value=read.number("RV"),
        obis=read.text("RI"),
        unit=read.word("RU", ReadingUnit),
        current=read.word("RT", CurrentType),
        loss=read.number("CL"),
        errors=read.text("EF"),
        state=read.word("ST", MeterState),
        extensions=_extensions(members, _READING_KEYS),
    )


def _signature(members: dict[str, Any]) -> SignatureSection:
    read = _Members(members, "signature section")
    data = read.text("SD")
    if not data:
        raise RecordUnreadable("the signature section has no signature (SD)")
    return SignatureSection(
        algorithm=read.text("SA"),
        encoding=read.text("SE"),
        mime_type=read.text("SM"),
        data=data,
        extensions=_extensions(members, _SIGNATURE_KEYS),
    )


def _extensions(members: Mapping[str, Any], known: frozenset[str]) -> Mapping[str, Any]:
    return MappingProxyType({key: item for key, item in members.items() if key not in known})


def _word(text: str, kind: type[E]) -> E | str:
    try:
        return kind(text)
    except ValueError:
        return text


class _Members:
    """Typed access to the members of an object; a wrong type is refused by name."""

    def __init__(self, members: Mapping[str, Any], where: str) -> None:
        self.members = members
        self.where = where

    def text(self, key: str) -> str | None:
        value = self.members.get(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, Decimal):
            return number_text(value)  # serial numbers and versions that look like numbers
        raise RecordUnreadable(f"the {self.where}'s {key} is {value!r}, not a text")

    def truth(self, key: str) -> bool | None:
        value = self.members.get(key)
        if value is None or isinstance(value, bool):
            return value
        said = _TRUTHS.get(str(value).lower()) if isinstance(value, str | Decimal) else None
        if said is None:
            raise RecordUnreadable(f"the {self.where}'s {key} is {value!r}, not true or false")
        return said

    def number(self, key: str) -> Decimal | None:
        value = self.members.get(key)
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip(" ")):
            return Decimal(value.strip(" "))  # gateways in the field put their numbers into quotes, some with blanks in front
        raise RecordUnreadable(f"the {self.where}'s {key} is {value!r}, not a number")

    def word(self, key: str, kind: type[E]) -> E | str | None:
        text = self.text(key)
        return None if text is None or not text else _word(text, kind)
