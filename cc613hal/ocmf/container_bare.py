"""Reads records that stand bare in a text, one behind the other, and those that JSON carries: as OCPP does, or as plain texts."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from attrs import evolve

from cc613hal.ocmf.errors import KeyUnusable, RecordUnreadable
from cc613hal.ocmf.keys import PublicKey
from cc613hal.ocmf.reader import MAX_RECORD_BYTES
from cc613hal.ocmf.signed_value import SignedValue, ValueFormat, format_named
from cc613hal.ocmf.strict_json import load_object

__all__ = ["read_bare"]

_LIMIT = 2 * MAX_RECORD_BYTES
_MAX_JSON = 1 << 24
"""Bytes of a JSON document over several lines; a StopTransaction with all its values has some ten thousand."""
_LABEL = re.compile(r"\W*public\s*key\W*", re.IGNORECASE)
_COMPLETE = re.compile(r"OCMF\|[^|]*\|\s*\{(?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*\}\s*(?:\|.*)?", re.DOTALL)
_HEX_STARTS = frozenset({"4F434D467C", "1B1B1B1B01"})
"""How OCMF and a frame of SML begin in hexadecimal."""
_SIGNED_MEMBERS = ("signedMeterData", "signedMeterValue")


def read_bare(chunks: Iterable[bytes]) -> Iterator[SignedValue]:
    """The values of a text, one by one; a public key on a line of its own belongs to the record before it.

    Raises:
        RecordUnreadable: no text in UTF-8, a record or a line too long. Values before it were given out.
    """
    held: SignedValue | None = None
    for found in _pieces(chunks):
        if isinstance(found, str):
            if held is not None and not held.key:
                held = evolve(held, key=found)
            continue
        if held is not None:
            yield held
        held = found
    if held is not None:
        yield held


def _pieces(chunks: Iterable[bytes]) -> Iterator[SignedValue | str]:
    """Values, and public keys as texts."""
    lines: list[str] = []
    size = begin = 0
    for number, line in enumerate(_lines(chunks), start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RecordUnreadable(f"line {number} is neither XML nor text in UTF-8") from error
        if lines and _ends(lines, text):
            yield from _whole("\n".join(lines), begin)
            lines = []
        if not lines:
            if not text.strip() or _LABEL.fullmatch(text):
                continue
            begin, size = number, 0
        size += len(line) + 1
        if size > (_MAX_JSON if lines and lines[0].lstrip()[:1] in {"{", "["} else _LIMIT):
            raise RecordUnreadable(f"the record in line {begin} is larger than {_LIMIT} bytes")
        lines.append(text)
    if "".join(lines).strip():
        yield from _whole("\n".join(lines), begin)


def _ends(lines: list[str], following: str) -> bool:
    """Whether what was collected is whole, given the line behind it."""
    first = lines[0].lstrip().lstrip('"')
    if first.startswith("OCMF|"):
        return following.lstrip().lstrip('"').startswith("OCMF|") or _COMPLETE.fullmatch("\n".join(lines).strip().strip('"')) is not None
    if first[:1] in {"{", "["}:
        return len(lines) == 1 and _document(lines[0]) is not None
    return True


def _whole(text: str, line: int) -> Iterator[SignedValue | str]:
    text = text.strip()
    if text[:1] in {"{", "["} and (document := _document(text)) is not None:
        found = list(_signed(document, "", "", line))
        yield from found or [SignedValue(data=text, line=line)]
        return
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = _unquoted(text)
    key = text.partition(":")[2] if _LABEL.fullmatch(text.partition(":")[0]) else text
    if "|" not in key and _is_key(key):
        yield key
        return
    yield SignedValue(data=text, format="OCMF" if text.startswith("OCMF|") else "", line=line)


def _unquoted(text: str) -> str:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return text[1:-1]
    return value if isinstance(value, str) else text


def _is_key(text: str) -> bool:
    try:
        PublicKey.from_text(text)
    except KeyUnusable:
        return False
    return True


def _document(text: str) -> Any:
    try:
        return load_object('{"":' + text + "}", "document")[""]
    except RecordUnreadable:
        return None


def _signed(value: Any, context: str, transaction: str, line: int) -> Iterator[SignedValue]:
    """Signed values anywhere in a document, in its order."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):  # type: ignore[redundant-cast]  # pyright needs it
            yield from _signed(item, context, transaction, line)
    elif isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        context = _text(members.get("context")) or context
        transaction = _text(members.get("transactionId")) or transaction
        if any(isinstance(members.get(name), str) for name in _SIGNED_MEMBERS):
            found = _telegram(members) or SignedValue(
                data=json.dumps({name: item for name, item in members.items() if isinstance(item, str)}, ensure_ascii=False)
            )
            yield evolve(found, key=_text(members.get("publicKey")), transaction_id=transaction, context=context, line=line)
            return
        for item in members.values():
            yield from _signed(item, context, transaction, line)
    elif isinstance(value, str) and value.lstrip()[:5] == "OCMF|":
        yield SignedValue(data=value.strip(), format="OCMF", transaction_id=transaction, context=context, line=line)
    elif isinstance(value, str) and value.lstrip()[:10].upper() in _HEX_STARTS:
        yield SignedValue(data=value.strip(), encoding="hex", transaction_id=transaction, context=context, line=line)
    elif isinstance(value, str) and value.lstrip().startswith("{") and any(name in value for name in _SIGNED_MEMBERS):
        # OCPP 1.6 carries the object of 2.0.1 as a text
        inner = _document(value)
        if isinstance(inner, dict):
            yield from _signed(inner, context, transaction, line)


def _telegram(members: dict[str, Any]) -> SignedValue | None:
    """What an object of OCPP carries if it is no OCMF: a telegram, as bytes or in hexadecimal, or a text of another format."""
    encoded = next(members[name] for name in _SIGNED_MEMBERS if isinstance(members.get(name), str)).strip()
    if encoded[:5] == "OCMF|" or not encoded:
        return None
    try:
        content = encoded.encode() if encoded[:10].upper() in _HEX_STARTS else base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    if content[:4] == b"\x1b\x1b\x1b\x1b" or content[:1] == b"\x76":
        content = content.hex().encode()
    text = content.decode("utf-8", "replace").strip()
    named = format_named(_text(members.get("encodingMethod")))
    known = named if named in {each.value for each in ValueFormat} else ""
    if text[:2].upper() in {"1B", "76"} and "|" not in text:
        return SignedValue(data=text, format=known if known.startswith(("EDL", "ISA")) else "", encoding="hex")
    if text[:5] == "OCMF|" or not known or known == ValueFormat.OCMF.value:
        return None
    return SignedValue(data=text, format=known, encoding="plain")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None or isinstance(value, dict | list | bool) else str(value)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, each at most twice the size of a record."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r")
        if len(rest) > _LIMIT:
            raise RecordUnreadable(f"a line of more than {_LIMIT} bytes is no record")
    if rest:
        yield rest.rstrip(b"\r")
