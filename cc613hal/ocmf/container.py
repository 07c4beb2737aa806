"""The file for the S.A.F.E. transparency software: signed values in XML, read as a stream, written with every attribute.

Reading holds one value in memory at a time, whatever the size of the file. Document types and entities are refused, so nothing
expands and nothing is fetched. Upper and lower case, namespaces, missing attributes and a missing root do not matter. A file that is
no XML is read as bare records, one after the other, or as JSON.

Format: ``<values><value transactionId= context=><signedData format= encoding=/><publicKey encoding=/></value>…</values>``, as the
transparency software 1.4.1 reads it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from cc613hal.ocmf.container_bare import read_bare
from cc613hal.ocmf.container_xml import read_xml
from cc613hal.ocmf.errors import RecordInvalid, RecordUnreadable
from cc613hal.ocmf.keys import PublicKey
from cc613hal.ocmf.signed_value import SignedValue, ValueContext, ValueFormat

__all__ = ["MAX_VALUES", "read_values", "value_of", "write_values"]

MAX_VALUES = 1_000_000
"""Values read from one file; a busy station makes a hundred a day."""
_CHUNK = 1 << 16
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PLAIN = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*")


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
    """The values of a file, one by one: an XML container, a billing file of Mennekes, bare records, or JSON with records in it.

    Bare records stand one behind the other, a public key may follow each on a line of its own. In JSON, records are found wherever
    OCPP puts them: as objects of OCPP 2.0.1, as values of OCPP 1.6, or as plain texts.

    Args:
        stream: opened for reading bytes.

    Raises:
        RecordUnreadable: broken XML, a document type, another root, a value or the file too large. Values before it were given out.
    """
    head = stream.read(_CHUNK)
    begin = head.removeprefix(_BOM).lstrip()
    if begin.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\0<")):
        values = read_xml(_chunks(head, stream))
    elif head.startswith(_UTF16):
        values = read_bare(_as_utf8(_chunks(head, stream)))
    else:
        values = read_bare(_chunks(head.removeprefix(_BOM), stream))
    for count, value in enumerate(values, start=1):
        if count > MAX_VALUES:
            raise RecordUnreadable(f"the file holds more than {MAX_VALUES} values", hint="split it by period")
        yield value


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    while head:
        yield head
        head = stream.read(_CHUNK)


def _as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A text in UTF-16, as some editors save it, in UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8")
        yield decoder.decode(b"", final=True).encode("utf-8")
    except UnicodeError as error:
        raise RecordUnreadable("the file says that it is UTF-16, and is not") from error
