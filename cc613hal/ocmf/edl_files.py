"""EDL40 records as files carry them without their telegram: the signed bytes with a signature, and the billing files of Mennekes.

``EDL_40_SIG``: an XML element ``signedMeterValue`` inside the signed data, with the 320 signed bytes, the signature, and a public key.
``EDL_40_MENNEKES``: the file's root is ``Billing``; every charge has begin and end as numbers, from which the 320 bytes are built. The
container reads such a file into one value for each measurement, whose data are the numbers as a JSON object.

Sources: the readers of the S.A.F.E. transparency software 1.4.1 (Apache-2.0), checked against its public samples.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NoReturn
from xml.parsers import expat  # the only XML of the standard library that tells of document types before it obeys them

from cc613hal.ocmf.curves import Curve
from cc613hal.ocmf.edl import EdlRecord, EdlValue
from cc613hal.ocmf.edl_block import EdlBlock, build_block, read_block
from cc613hal.ocmf.errors import RecordUnreadable
from cc613hal.ocmf.strict_json import load_object
from cc613hal.sml import obis_text

__all__ = ["MENNEKES_FIELDS", "read_mennekes", "read_signature_only"]

_CURVES = {48: Curve.SECP192R1, 50: Curve.SECP192R1, 64: Curve.SECP256R1, 66: Curve.SECP256R1}
"""Bytes of a raw signature, with or without the index of the log book, to the curve it is on."""
_IMPORT = bytes.fromhex("0100011100FF")

MENNEKES_FIELDS = frozenset(
    {
        "ServerId",
        "CustomerIdent",
        "TimestampCustomerIdent",
        "Timestamp",
        "Signature",
        "EventCounter",
        "MeterStatus",
        "Value",
        "Scaler",
        "Pagination",
        "SecondIndex",
    }
)
"""What a measurement of a billing file needs, the first three from its charge."""


def read_signature_only(data: bytes) -> tuple[EdlRecord, str]:
    """Read a ``signedMeterValue``.

    Returns:
        The record, and the public key that it brings, as text.

    Raises:
        RecordUnreadable: no such element, another method, another length.
    """
    parts = _leaves(data)
    method = parts.get("encodingMethod", ("EDL", ""))[0]
    if method not in {"", "EDL"}:
        raise RecordUnreadable(f"the signed meter value is encoded as {method!r}, not EDL")
    signature = _bytes(parts, "meterValueSignature")
    block = read_block(_bytes(parts, "encodedMeterValue"))
    key = _bytes(parts, "publicKey").hex() if "publicKey" in parts else ""
    return _record("EDL_40_SIG", block, signature, block.time), key


def read_mennekes(data: bytes) -> EdlRecord:
    """Read a measurement of a billing file.

    Args:
        data: JSON object with the members :data:`MENNEKES_FIELDS`.

    Raises:
        RecordUnreadable: a member is missing or makes no sense.
    """
    fields = {name: text for name, text in load_object(data.decode("utf-8", "replace"), "measurement").items() if isinstance(text, str)}
    missing = sorted(MENNEKES_FIELDS - fields.keys())
    if missing:
        raise RecordUnreadable(f"the measurement has no {', '.join(missing)}")
    try:
        when, customer_when = (datetime.fromisoformat(fields[name]) for name in ("Timestamp", "TimestampCustomerIdent"))
        block = EdlBlock(
            server=bytes.fromhex(fields["ServerId"]),
            seconds=_local_seconds(when),
            status=int(fields["MeterStatus"]),
            seconds_index=int(fields["SecondIndex"]),
            page=int(fields["Pagination"]),
            obis=_IMPORT,
            scaler=int(fields["Scaler"]),
            value=int(fields["Value"]),
            log_index=int(fields["EventCounter"]).to_bytes(2, "big"),
            contract=bytes.fromhex(fields["CustomerIdent"]),
            contract_seconds=_local_seconds(customer_when),
        )
        signature = bytes.fromhex(fields["Signature"])
    except (ValueError, OverflowError) as error:
        raise RecordUnreadable(f"a number, time or identification of the measurement makes no sense: {error}") from error
    return _record("EDL_40_MENNEKES", block, signature, when)


def _record(name: str, block: EdlBlock, signature: bytes, time: datetime | None) -> EdlRecord:
    curve = _CURVES.get(len(signature))
    if curve is None:
        raise RecordUnreadable(f"a signature of {len(signature)} bytes; 48 or 64 are known, with two more for the log book")
    if not -9 <= block.scaler <= 9:
        raise RecordUnreadable(f"the scaler of the value is {block.scaler}")
    half = curve.scalar_bytes
    return EdlRecord(
        format=name,
        server=block.server,
        page=block.page,
        seconds_index=block.seconds_index,
        contract=block.contract,
        value=EdlValue(obis=obis_text(block.obis), wh=Decimal(block.value).scaleb(block.scaler), time=time, status=block.status & 0xFF),
        signed_bytes=build_block(block),
        signature=(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half : 2 * half], "big")),
        curve=curve,
        log_index=block.log_index,
    )


def _local_seconds(when: datetime) -> int:
    offset = when.utcoffset()
    if offset is None:
        raise ValueError(f"the time {when.isoformat()} has no zone")
    return int(when.timestamp() + offset.total_seconds())


def _leaves(data: bytes) -> dict[str, tuple[str, str]]:
    """Text and ``encoding`` of each element of a small document, by its local name; none may be there twice."""
    found: dict[str, tuple[str, str]] = {}
    texts: list[list[str]] = []
    encodings: list[str] = []

    def start(_name: str, attributes: Mapping[str, str]) -> None:
        texts.append([])
        encodings.append(attributes.get("encoding", "").strip().lower())
        if len(texts) > 4:
            raise RecordUnreadable("the signed meter value is nested deeper than it should be")

    def end(name: str) -> None:
        local = name.rpartition(":")[2]
        text, encoding = "".join(texts.pop()).strip(), encodings.pop()
        if local in found:
            raise RecordUnreadable(f"the signed meter value has <{local}> twice, and readers differ about which one counts")
        found[local] = (text, encoding)

    def characters(text: str) -> None:
        if texts:
            texts[-1].append(text)

    def refused(*_: object) -> NoReturn:
        raise RecordUnreadable("the signed meter value has a document type or an entity, which it never needs", hint="do not trust it")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = refused
    try:
        parser.Parse(data, True)  # expat's own signature
    except RecordUnreadable:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: an encoding that nobody knows, or a wide one
        raise RecordUnreadable(f"the signed meter value is no XML: {error}") from error
    return found


def _bytes(parts: Mapping[str, tuple[str, str]], name: str) -> bytes:
    if name not in parts:
        raise RecordUnreadable(f"the signed meter value has no <{name}>")
    text, encoding = parts[name]
    compact = "".join(text.split())
    try:
        return bytes.fromhex(compact) if encoding == "hex" else base64.b64decode(compact, validate=True)
    except (ValueError, binascii.Error) as error:
        raise RecordUnreadable(f"<{name}> of the signed meter value is not {encoding or 'base64'}") from error
