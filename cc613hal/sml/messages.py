"""Messages of an SML file, and the list of readings in a get-list response (SML 1.04, 6.2 and 6.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from attrs import field, frozen

from cc613hal.sml.transport import crc16_x25
from cc613hal.sml.values import SmlError, SmlInt, SmlValue, decode_value, encode_value

__all__ = [
    "CLOSE_RESPONSE",
    "GET_LIST_RESPONSE",
    "OPEN_RESPONSE",
    "UNITS",
    "Entry",
    "Message",
    "ValueList",
    "encode_message",
    "encode_value_list",
    "obis_code",
    "obis_text",
    "parse_file",
    "parse_value_list",
    "value_lists",
]

OPEN_RESPONSE = 0x0101
CLOSE_RESPONSE = 0x0201
GET_LIST_RESPONSE = 0x0701

UNITS = {27: "W", 28: "VA", 29: "var", 30: "Wh", 31: "VAh", 32: "varh", 33: "A", 35: "V", 44: "Hz", 8: "°", 9: "°C", 7: "s"}
"""Units by their number (DLMS/COSEM blue book, table of physical units)."""

_MESSAGE_FIELDS = 6
_LIST_FIELDS = 7
_ENTRY_FIELDS = 7


@frozen(kw_only=True)
class Message:
    """One message of a file.

    Attributes:
        transaction: what binds a request to its answer.
        tag: what kind of message it is.
        body: its content, as fields.
        crc_ok: whether its own check sum is right. Some meters compute it in another way, so it is told and not enforced; the frame around
            the file has one too.
    """

    transaction: bytes
    tag: int
    body: SmlValue
    crc_ok: bool = True


@frozen(kw_only=True)
class Entry:
    """One value of a list.

    Attributes:
        obis: the six octets that name it.
        value: what it is; numbers before the scaler, a time in seconds.
        unit: number of the unit, see :data:`UNITS`; ``None`` without.
        scaler: power of ten the value is multiplied with.
        status: status bits as the meter gives them; ``None`` without.
        time: seconds of the meter's time or its second index, for this value; ``None`` without.
        signature: of this value; empty without.
    """

    obis: bytes
    value: bytes | bool | int | None
    unit: int | None = None
    scaler: int = 0
    status: int | bytes | None = None
    time: int | None = None
    signature: bytes = field(default=b"", repr=False)

    @property
    def number(self) -> Decimal | None:
        """The value with its scaler, exact; ``None`` for what is no number."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return Decimal(self.value).scaleb(self.scaler)
        return None


@frozen(kw_only=True)
class ValueList:
    """A get-list response.

    Attributes:
        server: identification of the meter.
        entries: its values, in the order of the telegram.
        client: whom it answers; empty for nobody in particular.
        name: OBIS code of the list; empty without.
        time: seconds of the meter's time or its second index; ``None`` without.
        signature: of the whole list; empty without.
    """

    server: bytes
    entries: tuple[Entry, ...]
    client: bytes = b""
    name: bytes = b""
    time: int | None = None
    signature: bytes = field(default=b"", repr=False)

    def find(self, *codes: bytes) -> Entry | None:
        """The entry with the first of these OBIS codes that is there; ``None`` if none is."""
        for code in codes:
            for entry in self.entries:
                if entry.obis == code:
                    return entry
        return None


def obis_code(text: str) -> bytes:
    """The six octets of ``1-0:1.8.0*255``.

    Raises:
        ValueError: it is no OBIS code.
    """
    try:
        medium, _, rest = text.partition("-")
        channel, _, rest = rest.partition(":")
        value, _, tariff = rest.partition("*")
        return bytes(map(int, (medium, channel, *value.split("."), tariff or "255")))[:6]
    except ValueError as error:
        raise ValueError(f"{text!r} is no OBIS code such as 1-0:1.8.0*255") from error


def obis_text(code: bytes) -> str:
    """An OBIS code as people write it, ``1-0:1.8.0*255``; other octets in hexadecimal digits."""
    if len(code) != 6:
        return code.hex()
    return f"{code[0]}-{code[1]}:{code[2]}.{code[3]}.{code[4]}*{code[5]}"


def parse_file(data: bytes) -> list[Message]:
    """All messages of a file (what is inside a frame, or a signed record on its own).

    Raises:
        SmlError: it is cut off, or not SML.
    """
    messages: list[Message] = []
    at = 0
    while at < len(data):
        if data[at] == 0:  # end of a message, or padding that somebody counted wrong
            at += 1
            continue
        fields, end = decode_value(data, at)
        messages.append(_message(fields, data, at, end))
        at = end
    return messages


def _message(fields: SmlValue, data: bytes, at: int, end: int) -> Message:
    if not isinstance(fields, list) or len(fields) != _MESSAGE_FIELDS:
        raise SmlError(f"no message at byte {at}: a list of {_MESSAGE_FIELDS} fields is expected")
    transaction, _, _, choice, said, last = fields
    match choice:
        case [int() as tag, body]:
            pass
        case _:
            raise SmlError(f"the message at byte {at} has no body")
    if last is not None and last != 0:
        raise SmlError(f"the message at byte {at} does not end")
    # the check sum is the last field before the end mark; it covers everything before its own head, and is written low octet first
    width = 3 if data[end - 4 : end - 3] == b"\x63" else 2
    found = crc16_x25(data[at : end - 1 - width])
    right = isinstance(said, int) and said == (found & 0xFF) << 8 | found >> 8
    return Message(transaction=transaction if isinstance(transaction, bytes) else b"", tag=tag, body=body, crc_ok=right)


def value_lists(messages: Sequence[Message]) -> Iterator[ValueList]:
    """The get-list responses among messages.

    Raises:
        SmlError: one is not built as it must be.
    """
    for message in messages:
        if message.tag == GET_LIST_RESPONSE:
            yield parse_value_list(message.body)


def parse_value_list(body: SmlValue) -> ValueList:
    """The body of a get-list response.

    Raises:
        SmlError: it is not built as it must be.
    """
    if not isinstance(body, list) or len(body) != _LIST_FIELDS:
        raise SmlError(f"a get-list response has {_LIST_FIELDS} fields")
    client, server, name, time, values, signature, _ = body
    if not isinstance(values, list):
        raise SmlError("a get-list response without a list of values")
    return ValueList(
        client=_octets(client),
        server=_octets(server),
        name=_octets(name),
        time=_time(time),
        entries=tuple(map(_entry, values)),
        signature=_octets(signature),
    )


def _entry(fields: SmlValue) -> Entry:
    if not isinstance(fields, list) or len(fields) != _ENTRY_FIELDS:
        raise SmlError(f"a value of a list has {_ENTRY_FIELDS} fields")
    obis, status, time, unit, scaler, value, signature = fields
    match value:
        case [1, [int(), *_] as moment]:  # SML 1.04: a list of the kind time; EDL40 meters tell their second index so
            value = _time(moment)
        case _:
            pass
    if isinstance(value, list | SmlInt):
        raise SmlError(f"the value {_octets(obis).hex()} is a list")
    power = _whole(scaler) or 0
    if not -18 <= power <= 18:
        raise SmlError(f"the value {_octets(obis).hex()} has a scaler of {power}")
    return Entry(
        obis=_octets(obis),
        value=value,
        unit=_whole(unit),
        scaler=power,
        status=_octets(status) or _whole(status),
        time=_time(time),
        signature=_octets(signature),
    )


def _octets(value: SmlValue) -> bytes:
    return value if isinstance(value, bytes) else b""


def _whole(value: SmlValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: SmlValue) -> int | None:
    """Seconds; meters write the choice of second index, time stamp and local time stamp (with its offsets), some just a number."""
    match value:
        case [int(), int() as seconds] | [int(), [int() as seconds, *_]]:
            return seconds
        case _:
            return _whole(value)


def encode_message(tag: int, body: SmlValue, *, transaction: bytes = b"\0") -> bytes:
    """A message with its check sum and end mark."""
    fields: list[SmlValue] = [transaction, SmlInt(0, 1), SmlInt(0, 1), [SmlInt(tag, 4 if tag > 0xFFFF else 2), body]]
    head = b"\x76" + b"".join(encode_value(item) for item in fields)
    crc = crc16_x25(head)
    return head + encode_value(SmlInt((crc & 0xFF) << 8 | crc >> 8, 2)) + b"\0"


def encode_value_list(values: ValueList) -> SmlValue:
    """The body of a get-list response."""
    entries: list[SmlValue] = [
        [
            entry.obis,
            entry.status if entry.status is None or isinstance(entry.status, bytes) else SmlInt(entry.status, 4),
            None if entry.time is None else [SmlInt(1, 1), SmlInt(entry.time, 4)],
            None if entry.unit is None else SmlInt(entry.unit, 1),
            None if entry.unit is None and not entry.scaler else SmlInt(entry.scaler, 1, signed=True),
            entry.value,
            entry.signature or None,
        ]
        for entry in values.entries
    ]
    time: SmlValue = None if values.time is None else [SmlInt(1, 1), SmlInt(values.time, 4)]
    return [values.client or None, values.server, values.name or None, time, entries, values.signature or None, None]
