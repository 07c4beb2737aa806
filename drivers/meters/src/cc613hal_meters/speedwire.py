"""SMA Speedwire: the datagrams in which SMA's energy meters tell a multicast group what they measure. Pure; no I/O.

Sources: SMA, "SMA Energy Meter, Zählerprotokoll" (technical information); the decoders of openWB and evcc, which agree where it matters.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from decimal import Decimal

from attrs import field, frozen

from cc613hal.modbus_map import Value

__all__ = ["COUNTED", "GROUP", "PORT", "SpeedwireTelegram", "decode_telegram", "encode_telegram", "values_of"]

GROUP = "239.12.255.254"
PORT = 9522

_HEADER = b"SMA\0\x00\x04\x02\xa0\x00\x00\x00\x01"
_LENGTH_AT = 12
_ENERGY_METER = 0x6069
_DATA_AT = 28
_PRESENT, _COUNTER, _VERSION = 4, 8, 0
_END = b"\0\0\0\0"
_SOFTWARE = 0x90
"""Channel of the software version (channel 144, type 0)."""

_WATT_SECONDS_PER_WH = Decimal(3600)


@frozen(kw_only=True)
class SpeedwireTelegram:
    """One datagram of an energy meter.

    Attributes:
        susy_id: kind of device (270 Energy Meter 1.0, 349 Energy Meter 2.0, 372 Sunny Home Manager 2.0).
        serial_number: on the type plate.
        ticks_ms: the meter's time, ms; wraps at 2³².
        present: present values by number, as they stand in the datagram.
        counters: counters by number, in Ws (VAs, vars).
        version: the software's; ``""`` if not told.
    """

    susy_id: int
    serial_number: int
    ticks_ms: int = 0
    present: dict[int, int] = field(factory=dict[int, int])
    counters: dict[int, int] = field(factory=dict[int, int])
    version: str = ""


def decode_telegram(data: bytes) -> SpeedwireTelegram | None:
    """What an energy meter says; ``None`` for a Speedwire datagram of another kind (inverters, discovery, the extended protocol 0x6081).

    Raises:
        ValueError: the datagram is cut off, or no Speedwire at all.
    """
    if data[:4] != b"SMA\0":
        raise ValueError("not Speedwire: it does not begin with SMA")
    if len(data) < 18 or data[4:8] != _HEADER[4:8] or int.from_bytes(data[16:18], "big") != _ENERGY_METER:
        return None
    if len(data) < _DATA_AT:
        raise ValueError(f"cut off after {len(data)} bytes")
    length = int.from_bytes(data[_LENGTH_AT : _LENGTH_AT + 2], "big")
    end = _LENGTH_AT + 4 + length  # the length counts what follows the tag, which is 4 bytes behind the place of the length
    if end > len(data):
        raise ValueError(f"cut off: {end} bytes are announced, {len(data)} came")
    susy_id, serial_number, ticks_ms = struct.unpack_from(">HII", data, 18)
    present: dict[int, int] = {}
    counters: dict[int, int] = {}
    version = ""
    for channel, number, kind, value in _elements(data, end):
        if kind == _PRESENT:
            present[number] = value
        elif kind == _COUNTER:
            counters[number] = value
        elif channel == _SOFTWARE:
            version = ".".join(map(str, value.to_bytes(4, "big")[:3]))
    return SpeedwireTelegram(
        susy_id=susy_id, serial_number=serial_number, ticks_ms=ticks_ms, present=present, counters=counters, version=version
    )


def _elements(data: bytes, end: int) -> Iterator[tuple[int, int, int, int]]:
    at = _DATA_AT
    while at + 4 <= end and data[at : at + 4] != _END:
        channel, number, kind = data[at], data[at + 1], data[at + 2]
        width = 8 if kind == _COUNTER else 4
        if kind not in {_PRESENT, _COUNTER, _VERSION}:
            raise ValueError(f"an element of type {kind} at byte {at}: its length is not known")
        if at + 4 + width > end:
            raise ValueError(f"the element at byte {at} is cut off")
        yield channel, number, kind, int.from_bytes(data[at + 4 : at + 4 + width], "big")
        at += 4 + width


def encode_telegram(telegram: SpeedwireTelegram) -> bytes:
    """The datagram of a telegram, for emulated meters."""
    body = struct.pack(">HHII", _ENERGY_METER, telegram.susy_id, telegram.serial_number, telegram.ticks_ms)
    for number in sorted({*telegram.present, *telegram.counters}):
        if number in telegram.present:
            body += struct.pack(">BBBBI", 0, number, _PRESENT, 0, telegram.present[number])
        if number in telegram.counters:
            body += struct.pack(">BBBBQ", 0, number, _COUNTER, 0, telegram.counters[number])
    if telegram.version:
        octets = bytes(map(int, telegram.version.split(".")))[:3].ljust(3, b"\0") + b"R"
        body += bytes([_SOFTWARE, 0, _VERSION, 0]) + octets
    return _HEADER + struct.pack(">HH", len(body), 0x0010) + body + _END


_SIGNED = {"power": (1, 2), "power_l1": (21, 22), "power_l2": (41, 42), "power_l3": (61, 62)}
"""Import and export as numbers of their own, 0.1 W; one of them is always zero."""
_PLAIN: Mapping[str, tuple[int, float]] = {
    "current_l1": (31, 0.001),
    "current_l2": (51, 0.001),
    "current_l3": (71, 0.001),
    "voltage_l1": (32, 0.001),
    "voltage_l2": (52, 0.001),
    "voltage_l3": (72, 0.001),
    "frequency": (14, 0.001),
}
COUNTED = {"energy_import": 1, "energy_export": 2}
"""Counters by quantity, as numbers of elements."""


def values_of(telegram: SpeedwireTelegram) -> dict[str, Value]:
    """What a telegram says in the vocabulary's words and units, import-positive; what it leaves out is missing."""
    values: dict[str, Value] = {}
    for quantity, (imported, exported) in _SIGNED.items():
        if imported in telegram.present or exported in telegram.present:
            values[quantity] = (telegram.present.get(imported, 0) - telegram.present.get(exported, 0)) / 10.0
    for quantity, (number, factor) in _PLAIN.items():
        if number in telegram.present:
            values[quantity] = telegram.present[number] * factor
    for quantity, number in COUNTED.items():
        if number in telegram.counters:
            values[quantity] = (Decimal(telegram.counters[number]) / _WATT_SECONDS_PER_WH).quantize(Decimal("0.0001"))
    return values
