"""The file for the S.A.F.E. transparency software: signed values in XML, read as a stream, written with every attribute.

Reading holds one value in memory at a time, whatever the size of the file. Document types and entities are refused, so nothing
expands and nothing is fetched. A file that is no XML is read as bare records, one after the other.

Format: ``<values><value transactionId= context=><signedData format= encoding=/><publicKey encoding=/></value>…</values>``, as the
transparency software 1.4.1 reads it.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NoReturn
from xml.parsers import expat  # the only XML of the standard library that streams and tells of document types before it obeys them
from xml.sax.saxutils import escape, quoteattr

from attrs import frozen

from cc613hal.ocmf.errors import RecordInvalid, RecordUnreadable
from cc613hal.ocmf.keys import PublicKey
from cc613hal.ocmf.reader import MAX_RECORD_BYTES

__all__ = ["MAX_VALUES", "SignedValue", "ValueContext", "ValueFormat", "read_values", "value_of", "write_values"]

MAX_VALUES = 1_000_000
"""Values read from one file; a busy station makes a hundred a day."""
_CHUNK = 1 << 16
_MAX_SILENT = 1 << 22
"""Bytes without the end of a tag, comment or attribute after which the file is given up: they would pile up in the parser."""
_MAX_DEPTH = 32
_BOM = b"\xef\xbb\xbf"
_PLAIN = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*")


class ValueFormat(enum.Enum):
    """What ``signedData`` holds, as the transparency software names it."""

    OCMF = "OCMF"
    EDL_40_P = "EDL_40_P"
    EDL_40_SIG = "EDL_40_SIG"
    EDL_40_MENNEKES = "EDL_40_MENNEKES"
    ISA_EDL_40_P = "ISA_EDL_40_P"
    ALFEN = "ALFEN"
    PCDF = "PCDF"


class ValueContext(enum.Enum):
    """Where in a transaction a value belongs, as OCPP names it."""

    BEGIN = "Transaction.Begin"
    END = "Transaction.End"
    PERIODIC = "Sample.Periodic"
    CLOCK = "Sample.Clock"
    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"


@frozen(kw_only=True)
class SignedValue:
    """One value of a file, as it stands there.

    Attributes:
        data: the signed data, encoded as ``encoding`` says.
        format: ``OCMF``, ``EDL_40_P`` …; empty if the file does not say.
        encoding: ``plain``, ``hex`` or ``base64``; empty if the file does not say.
        key: the public key; empty without one.
        key_encoding: as ``encoding``.
        transaction_id: binds the values of a transaction; empty without.
        context: ``Transaction.Begin`` …; empty without.
        line: in the file, from 1 on.
        source: which file, where several are read.
    """

    data: str
    format: str = ""
    encoding: str = ""
    key: str = ""
    key_encoding: str = ""
    transaction_id: str = ""
    context: str = ""
    line: int = 0
    source: str = ""

    def content(self) -> bytes:
        """The signed data without its encoding; an encoding that is not said is found out.

        Raises:
            RecordUnreadable: the data are not encoded as the file says.
        """
        text = self.data.strip()
        try:
            if self.encoding == "base64":
                return base64.b64decode("".join(text.split()), validate=True)
            if self.encoding == "hex" or (text[:2].upper() in {"1B", "76"} and "|" not in text):
                return bytes.fromhex(text)
        except (binascii.Error, ValueError) as error:
            raise RecordUnreadable(f"the data are not {self.encoding or 'hex'} as they should be") from error
        if self.encoding not in {"", "plain"}:
            raise RecordUnreadable(f"the encoding {self.encoding!r} is none of plain, hex and base64")
        return text.encode("utf-8")


def value_of(record: str, key: PublicKey | None, *, transaction_id: str, context: ValueContext | str) -> SignedValue:
    """An OCMF record as a value of a file, with format and encoding on everything.

    Args:
        record: the record's text.
        key: verifies it; ``None`` leaves it out.
        transaction_id: the same for all values of a transaction; the transparency software wants a number.
        context: where in the transaction it belongs.
    """
    return SignedValue(
        data=record,
        format=ValueFormat.OCMF.value,
        encoding="plain",
        key="" if key is None else key.hex,
        key_encoding="" if key is None else "hex",
        transaction_id=transaction_id,
        context=context.value if isinstance(context, ValueContext) else context,
    )


def write_values(stream: BinaryIO, values: Iterable[SignedValue]) -> int:
    """Write values as a file for the transparency software, one by one; a session or a whole period.

    Args:
        stream: where to.
        values: in order.

    Returns:
        How many there were.

    Raises:
        RecordInvalid: a value without format or encoding (two-record transactions need both), or with a character XML cannot carry.
    """
    count = 0
    stream.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<values>\n')
    for value in values:
        stream.write(_xml(value).encode("utf-8"))
        count += 1
    stream.write(b"</values>\n")
    return count


def _xml(value: SignedValue) -> str:
    if not value.format or not value.encoding or (value.key and not value.key_encoding):
        raise RecordInvalid("a value of the file needs its format and encoding, and its key the encoding too")
    if not all(_PLAIN.fullmatch(text) for text in (value.data, value.key, value.transaction_id, value.context)):
        raise RecordInvalid("a value holds a control character, which XML cannot carry", hint="write it in hex or base64")
    attributes = "".join(
        f" {name}={quoteattr(text)}" for name, text in (("transactionId", value.transaction_id), ("context", value.context)) if text
    )
    data = escape(value.data, {"\r": "&#13;"})
    lines = [f"  <value{attributes}>", f'    <signedData format="{value.format}" encoding="{value.encoding}">{data}</signedData>']
    if value.key:
        lines.append(f'    <publicKey encoding="{value.key_encoding}">{escape(value.key)}</publicKey>')
    return "\n".join((*lines, "  </value>", ""))


def read_values(stream: BinaryIO) -> Iterator[SignedValue]:
    """The values of a file, one by one: an XML container, or bare records.

    Args:
        stream: opened for reading bytes.

    Raises:
        RecordUnreadable: broken XML, a document type, another root, a value or the file too large. Values before it were given out.
    """
    head = stream.read(_CHUNK)
    begin = head.removeprefix(_BOM).lstrip()
    if begin.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\0<")):
        values = _read_xml(head, stream)
    else:
        values = _read_bare(head.removeprefix(_BOM), stream)
    for count, value in enumerate(values, start=1):
        if count > MAX_VALUES:
            raise RecordUnreadable(f"the file holds more than {MAX_VALUES} values", hint="split it by period")
        yield value


def _read_xml(head: bytes, stream: BinaryIO) -> Iterator[SignedValue]:
    reader = _XmlReader()
    chunk = head
    while chunk:
        reader.feed(chunk)
        while reader.found:
            yield reader.found.popleft()
        chunk = stream.read(_CHUNK)
    reader.feed(b"", last=True)
    yield from reader.found


class _XmlReader:
    """Feeds the parser and collects whole values."""

    def __init__(self) -> None:
        self.found: deque[SignedValue] = deque()
        self._path: list[str] = []
        self._value: dict[str, str] = {}
        self._line = 0
        self._text: list[str] = []
        self._size = 0
        self._silent = 0
        self._parser = expat.ParserCreate()
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
        except expat.ExpatError as error:
            raise RecordUnreadable(f"the file is no XML: {error}") from error
        if self._silent > _MAX_SILENT:
            raise RecordUnreadable(f"{_MAX_SILENT} bytes without an end of what they began", hint="this is no file of signed values")

    def _refused(self, *_: object) -> NoReturn:
        raise RecordUnreadable(
            "the file has a document type or an entity, which a file of signed values never needs", hint="do not trust it"
        )

    def _heard(self, *_: object) -> None:
        self._silent = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._silent = 0
        local = name.rpartition(":")[2]
        self._path.append(local)
        if len(self._path) > _MAX_DEPTH:
            raise RecordUnreadable(f"the file is nested deeper than {_MAX_DEPTH} elements")
        if len(self._path) == 1 and local != "values":
            raise RecordUnreadable(f"the file's root is <{local[:40]}>, not <values>", hint="billing files of other makers are not read")
        if self._path == ["values", "value"]:
            self._line = self._parser.CurrentLineNumber
            self._value = {"transaction_id": attributes.get("transactionId", ""), "context": attributes.get("context", "").strip()}
        elif len(self._path) == 3 and local in {"signedData", "encodedData", "publicKey"}:
            self._text, self._size = [], 0
            where = "key" if local == "publicKey" else "data"
            if where in self._value:
                raise RecordUnreadable(f"the value in line {self._line} has <{local}> twice, and readers differ about which one counts")
            self._value["key_encoding" if where == "key" else "encoding"] = attributes.get("encoding", "").strip()
            if where == "data":
                self._value["format"] = attributes.get("format", "").strip()

    def _characters(self, text: str) -> None:
        self._silent = 0
        if len(self._path) == 3 and self._path[2] in {"signedData", "encodedData", "publicKey"}:
            self._size += len(text)
            if self._size > 2 * MAX_RECORD_BYTES:
                raise RecordUnreadable(f"the value in line {self._line} is larger than {2 * MAX_RECORD_BYTES} characters")
            self._text.append(text)
        elif len(self._path) > 3 and self._path[2] in {"signedData", "publicKey"} and text.strip():
            raise RecordUnreadable(
                f"the value in line {self._line} has elements inside its signed data", hint="escape < as &lt; in the record"
            )

    def _end(self, _: str) -> None:
        self._silent = 0
        local = self._path.pop()
        if len(self._path) == 2 and local in {"signedData", "encodedData", "publicKey"}:
            self._value["key" if local == "publicKey" else "data"] = "".join(self._text).strip()
            self._text = []
        elif self._path == ["values"] and local == "value":
            self.found.append(SignedValue(line=self._line, data=self._value.pop("data", ""), **self._value))


def _read_bare(head: bytes, stream: BinaryIO) -> Iterator[SignedValue]:
    lines: list[str] = []
    size = begin = 0
    for number, line in enumerate(_lines(head, stream), start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RecordUnreadable(f"line {number} is neither XML nor text in UTF-8") from error
        starts = not (lines and lines[0].startswith("OCMF|")) or text.startswith("OCMF|")
        if starts and "".join(lines).strip():
            yield _bare("\n".join(lines), begin)
            lines = []
        if not lines:
            if not text.strip():
                continue
            begin, size = number, 0
        size += len(line) + 1
        if size > 2 * MAX_RECORD_BYTES:
            raise RecordUnreadable(f"the record in line {begin} is larger than {2 * MAX_RECORD_BYTES} bytes")
        lines.append(text)
    if "".join(lines).strip():
        yield _bare("\n".join(lines), begin)


def _bare(text: str, line: int) -> SignedValue:
    return SignedValue(data=text.strip(), format="OCMF" if text.startswith("OCMF|") else "", line=line)


def _lines(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends, each at most twice the size of a record."""
    rest, limit = head, 2 * MAX_RECORD_BYTES
    while rest:
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r")
        if len(rest) > limit:
            raise RecordUnreadable(f"a line of more than {limit} bytes is no record")
        more = stream.read(_CHUNK)
        if not more:
            break
        rest += more
    if rest:
        yield rest.rstrip(b"\r")
