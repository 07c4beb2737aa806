"""Reads signed values out of XML as a stream: the container of the transparency software, fragments of it, and Mennekes' billing files."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NoReturn
from xml.parsers import expat  # the only XML of the standard library that streams and tells of document types before it obeys them

from cc613hal.ocmf.edl_files import MENNEKES_FIELDS
from cc613hal.ocmf.errors import RecordUnreadable
from cc613hal.ocmf.reader import MAX_RECORD_BYTES
from cc613hal.ocmf.signed_value import SignedValue, ValueContext, ValueFormat, format_named

__all__ = ["read_xml"]

_MAX_SILENT = 1 << 22
"""Bytes without the end of a tag, comment or attribute after which the file is given up: they would pile up in the parser."""
_MAX_DEPTH = 32
_MAX_FIELD = 4096
_DATA, _KEY = frozenset({"signeddata", "encodeddata"}), "publickey"
_ROOTS = frozenset({"values", "value", "current", "billing", _KEY, *_DATA})
_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_WRAPPED = {b"utf-8": "utf-8", b"us-ascii": "us-ascii", b"iso-8859-1": "iso-8859-1"}
_BOM = b"\xef\xbb\xbf"


def read_xml(chunks: Iterable[bytes]) -> Iterator[SignedValue]:
    """The values of a file, one by one.

    Raises:
        RecordUnreadable: broken XML, a document type, another root, a value too large. Values before it were given out.
    """
    stream = iter(chunks)
    head = next(stream, b"")
    encoding, head, tail = _wrapped(head)
    reader = _XmlReader(encoding, wrapped=bool(tail))
    for chunk in chain((head,), stream):
        reader.feed(chunk)
        yield from reader.take()
    reader.feed(tail, last=True)
    yield from reader.take()


def _wrapped(head: bytes) -> tuple[str | None, bytes, bytes]:
    """The head in an element of our own, so that files with several roots, or words behind the last, are read; and that element's end.

    Files with a document type, which are refused, and files in an encoding that this cannot be done in stay as they are.
    """
    text = head.removeprefix(_BOM)
    declaration = _DECLARATION.match(text)
    said = _ENCODING.search(declaration[0]) if declaration else None
    encoding = _WRAPPED.get(said[1].lower() if said else b"utf-8")
    if encoding is None or b"<!DOCTYPE" in head or b"\0" in head[:8]:
        return None, head, b""
    skipped = declaration.end() if declaration else 0
    return encoding, b"<values>" + b"\n" * text[:skipped].count(b"\n") + text[skipped:], b"</values>"


class _XmlReader:
    """Feeds the parser and collects whole values."""

    def __init__(self, encoding: str | None, *, wrapped: bool) -> None:
        self._found: deque[SignedValue] = deque()
        self._path: list[str] = []
        self._outside = 1 if wrapped else 0
        self._value: dict[str, str] | None = None
        self._line = 0
        self._text: list[str] = []
        self._size = 0
        self._inside = 0
        self._silent = 0
        self._billing: _Billing | None = None
        self._parser = expat.ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refused
        self._parser.EntityDeclHandler = self._refused
        self._parser.ExternalEntityRefHandler = self._refused
        self._parser.CommentHandler = self._heard
        self._parser.ProcessingInstructionHandler = self._heard

    def feed(self, data: bytes, *, last: bool = False) -> None:
        self._silent += len(data)
        try:
            self._parser.Parse(data, last)
        except RecordUnreadable:
            raise
        except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: an encoding that nobody knows, or a wide one
            raise RecordUnreadable(f"the file is no XML: {error}") from error
        if self._silent > _MAX_SILENT:
            raise RecordUnreadable(f"{_MAX_SILENT} bytes without an end of what they began", hint="this is no file of signed values")
        if last:
            self._emit()

    def take(self) -> Iterator[SignedValue]:
        while self._found:
            yield self._found.popleft()

    def _refused(self, *_: object) -> NoReturn:
        raise RecordUnreadable(
            "the file has a document type or an entity, which a file of signed values never needs", hint="do not trust it"
        )

    def _heard(self, *_: object) -> None:
        self._silent = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._silent = 0
        local = name.rpartition(":")[2].lower()
        self._path.append(local)
        if len(self._path) > _MAX_DEPTH:
            raise RecordUnreadable(f"the file is nested deeper than {_MAX_DEPTH} elements")
        if self._inside:
            self._inside += 1  # what stands in there is judged when text comes
        elif len(self._path) == self._outside + 1 and local not in _ROOTS:
            raise RecordUnreadable(f"the file's root is <{name[:40]}>, not <values>", hint="billing files of other makers are not read")
        elif local == "billing":
            self._billing = _Billing(self._found)
        elif self._billing is not None:
            self._billing.start(local, name.rpartition(":")[2], self._parser.CurrentLineNumber)
        else:
            self._open(local, name, {key.rpartition(":")[2].lower(): text for key, text in attributes.items()})

    def _open(self, local: str, name: str, attributes: dict[str, str]) -> None:
        if local == "value":
            self._emit()
            self._begin(attributes)
        elif local in _DATA or local == _KEY:
            where = "key" if local == _KEY else "data"
            alone = "value" not in self._path
            if alone and where == "data":  # a fragment: signed data without the element around them
                self._emit()
                self._begin({})  # its number counts values, not transactions
            if self._value is None:
                return
            if where in self._value:
                raise RecordUnreadable(f"the value in line {self._line} has <{name[:40]}> twice, and readers differ about which one counts")
            self._text, self._size, self._inside = [], 0, 1
            self._value["key_encoding" if where == "key" else "encoding"] = attributes.get("encoding", "").strip().lower()
            if where == "data":
                self._value["format"] = format_named(attributes.get("format", ""))

    def _begin(self, attributes: dict[str, str]) -> None:
        self._line = self._parser.CurrentLineNumber
        self._value = {"transaction_id": attributes.get("transactionid", ""), "context": attributes.get("context", "").strip()}

    def _emit(self) -> None:
        if self._value is not None:
            self._found.append(SignedValue(line=self._line, data=self._value.pop("data", ""), **self._value))
            self._value = None

    def _characters(self, text: str) -> None:
        self._silent = 0
        if self._billing is not None:
            self._billing.characters(text)
        elif self._inside == 1:
            self._size += len(text)
            if self._size > 2 * MAX_RECORD_BYTES:
                raise RecordUnreadable(f"the value in line {self._line} is larger than {2 * MAX_RECORD_BYTES} characters")
            self._text.append(text)
        elif self._inside and text.strip():
            raise RecordUnreadable(
                f"the value in line {self._line} has elements inside its signed data", hint="escape < as &lt; in the record"
            )

    def _end(self, _: str) -> None:
        self._silent = 0
        local = self._path.pop()
        if self._inside:
            self._inside -= 1
            if not self._inside and self._value is not None:
                self._value["key" if local == _KEY else "data"] = "".join(self._text).strip()
                self._text = []
        elif self._billing is not None:
            self._billing.end(local)
            if local == "billing":
                self._billing = None
        elif local == "value":
            self._emit()


class _Billing:
    """Collects the charges of a billing file: each gives its begin and its end."""

    def __init__(self, found: deque[SignedValue]) -> None:
        self._found = found
        self._charge: dict[str, str] | None = None
        self._measured: dict[str, dict[str, str]] = {}
        self._lines: dict[str, int] = {}
        self._where = ""
        self._leaf = ""
        self._text: list[str] = []
        self._size = 0
        self._count = 0

    def start(self, local: str, name: str, line: int) -> None:
        self._leaf, self._text, self._size = name, [], 0
        if local == "chargingprocess":
            self._charge, self._measured, self._lines, self._where = {}, {}, {}, ""
        elif local in {"measurementstart", "measurementend"}:
            self._where = local
            self._measured[local] = {}
            self._lines[local] = line
        elif local == "eventlogitems":
            self._where = local

    def characters(self, text: str) -> None:
        self._size += len(text)
        if self._size <= _MAX_FIELD:
            self._text.append(text)

    def end(self, local: str) -> None:
        if self._charge is None:
            return
        if local == "chargingprocess":
            self._give()
        elif local in {"measurementstart", "measurementend", "eventlogitems"}:
            self._where = ""
        elif self._leaf.lower() == local and self._where != "eventlogitems":
            fields = self._measured[self._where] if self._where else self._charge
            if self._leaf in fields and self._leaf in MENNEKES_FIELDS:
                raise RecordUnreadable(f"a charge of the file has <{self._leaf}> twice, and readers differ about which one counts")
            fields[self._leaf] = "".join("".join(self._text).split())
        self._leaf = ""

    def _give(self) -> None:
        charge, self._charge = self._charge or {}, None
        self._count += 1
        for where, context in (("measurementstart", ValueContext.BEGIN), ("measurementend", ValueContext.END)):
            fields = {**{name: text for name, text in charge.items() if name in MENNEKES_FIELDS}, **self._measured.get(where, {})}
            self._found.append(
                SignedValue(
                    data=json.dumps({name: text for name, text in fields.items() if name in MENNEKES_FIELDS}),
                    format=ValueFormat.EDL_40_MENNEKES.value,
                    encoding="plain",
                    key=charge.get("PublicKey", ""),
                    key_encoding="hex",
                    transaction_id=f"{charge.get('ServerId', '')} {self._count}",
                    context=context.value,
                    line=self._lines.get(where, 0),
                )
            )
