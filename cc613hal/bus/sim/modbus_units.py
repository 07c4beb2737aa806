"""Emulated Modbus units behind one wire: what they answer to a request, and what is wrong with each of them.

The protocol data units follow MODBUS Application Protocol V1.1b3 (functions 1 to 6, 15 and 16), the check sum MODBUS over Serial
Line V1.02, section 2.5.1.2. Written here anew, because only ``bus.linux`` may load pymodbus; tests hold both against each other.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TypeVar

from attrs import Factory, define

from cc613hal.bus.modbus import ModbusRequest, Table
from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.sim.chips import ModbusUnit
from cc613hal.bus.sim.faults import Faults
from cc613hal.errors import DeviceRefused

__all__ = ["ModbusUnits", "RegisterUnit", "SharedUnit", "crc16", "request_length"]

_READS = {1: Table.COILS, 2: Table.DISCRETE_INPUTS, 3: Table.HOLDING, 4: Table.INPUT}
_MOST = {1: 2000, 2: 2000, 3: 125, 4: 125, 15: 1968, 16: 123}
"""Largest counts (MODBUS Application Protocol V1.1b3, section 6)."""


T = TypeVar("T")
_NO_REGISTER = 2
"""Illegal data address (MODBUS Application Protocol V1.1b3, section 7)."""


def _table() -> tuple[int, ...]:
    entries: list[int] = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        entries.append(crc)
    return tuple(entries)


_CRC = _table()


def crc16(data: bytes | bytearray) -> bytes:
    """The two check sum bytes of a Modbus RTU frame, in wire order."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def request_length(frame: bytes | bytearray) -> int | None:
    """Length of the RTU request that begins like this, check sum included.

    Returns:
        0 if more bytes are needed to tell, ``None`` if no request begins like this.
    """
    if len(frame) < 2:
        return 0
    if 1 <= frame[1] <= 6:
        return 8
    if frame[1] in {15, 16}:
        return 9 + frame[6] if len(frame) > 6 else 0
    return None


@define
class _RefusalError(Exception):
    code: int


def _checked(count: int, function: int) -> int:
    if not 1 <= count <= _MOST[function]:
        raise _RefusalError(3)
    return count


def _bits(packed: bytes, count: int) -> list[int]:
    return [packed[index // 8] >> index % 8 & 1 for index in range(count)]


def _packed(bits: list[int]) -> bytes:
    packed = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        packed[index // 8] |= bool(bit) << index % 8
    return bytes(packed)


@define
class ModbusUnits:
    """The units on one line or behind one address.

    Attributes:
        units: unit number to emulated unit.
        faults: unit number to what is wrong with it; made when first asked for.
        line: what is wrong with the line itself.
        opened: speed and format the line was opened with; ``None`` for any.
        speaks: unit number to the only speed and format it understands; one that is not here understands any.
    """

    units: dict[int, ModbusUnit] = Factory(dict[int, ModbusUnit])
    faults: dict[int, Faults] = Factory(dict[int, Faults])
    line: Faults = Factory(Faults)
    opened: SerialSettings | None = None
    speaks: dict[int, SerialSettings] = Factory(dict[int, SerialSettings])

    def attach(self, number: int, unit: ModbusUnit, faults: Faults | None = None) -> None:
        """Put a unit on the line."""
        self.units[number] = unit
        if faults is not None:
            self.faults[number] = faults

    def faults_of(self, number: int) -> Faults:
        """What is wrong with one unit, for changing it."""
        return self.faults.setdefault(number, Faults(seed=number + 1))

    def hears(self, number: int) -> bool:
        """Whether a unit is there and understands what is said on the line."""
        return number in self.units and (self.opened is None or self.speaks.get(number, self.opened) == self.opened)

    def of(self, number: int) -> tuple[Faults, ...]:
        """The faults that concern a request to this unit: the line's and its own, only those where anything is wrong."""
        unit = self.faults.get(number)
        return tuple(faults for faults in (self.line, unit) if faults is not None and faults.any)

    def apply(self, request: ModbusRequest) -> list[int]:
        """Carry out a request on its unit.

        Raises:
            DeviceRefused: the unit says no.
            KeyError: there is no such unit.
        """
        unit = self.units[request.unit]
        if not request.values:
            return unit.read(request.table, request.address, request.count)
        unit.write(request.table, request.address, list(request.values))
        return []

    def serve(self, number: int, pdu: bytes) -> bytes | None:
        """The answer to a protocol data unit; ``None`` where there is no such unit, or a broadcast."""
        if number == 0 and 0 not in self.units:
            for other in self.units:
                self.serve(other, pdu)
            return None
        unit = self.units.get(number)
        if unit is None or not pdu or not self.hears(number):
            return None
        try:
            return bytes([pdu[0]]) + _answer(unit, pdu[0], pdu[1:])
        except _RefusalError as refusal:
            return bytes([pdu[0] | 0x80, refusal.code])
        except DeviceRefused as refusal:
            return bytes([pdu[0] | 0x80, refusal.code or 4])
        except struct.error:
            return bytes([pdu[0] | 0x80, 3])


def _answer(unit: ModbusUnit, function: int, body: bytes) -> bytes:
    if function in _READS:
        address, count = struct.unpack(">HH", body)
        if address + _checked(count, function) > 0x10000:
            raise _RefusalError(2)
        values = unit.read(_READS[function], address, count)
        data = _packed(values) if function in {1, 2} else struct.pack(f">{count}H", *values)
        return bytes([len(data)]) + data
    if function in {5, 6}:
        address, value = struct.unpack(">HH", body)
        if function == 5 and value not in {0, 0xFF00}:
            raise _RefusalError(3)
        unit.write(Table.COILS if function == 5 else Table.HOLDING, address, [int(bool(value)) if function == 5 else value])
        return body
    if function in {15, 16}:
        address, count, size = struct.unpack_from(">HHB", body)
        expected = (_checked(count, function) + 7) // 8 if function == 15 else 2 * count
        if size != expected or len(body) != 5 + size:
            raise _RefusalError(3)
        values = _bits(body[5:], count) if function == 15 else list(struct.unpack(f">{count}H", body[5:]))
        unit.write(Table.COILS if function == 15 else Table.HOLDING, address, values)
        return body[:4]
    raise _RefusalError(1)


class RegisterUnit(ModbusUnit):
    """A unit that is just registers and bits; addresses it does not have are refused with code 2.

    Args:
        tables: table to address to value.
    """

    def __init__(self, tables: Mapping[Table, Mapping[int, int]]) -> None:
        self.tables = {table: dict(values) for table, values in tables.items()}

    def read(self, table: Table, address: int, count: int) -> list[int]:
        """Registers or bits; refuses with code 2 where one is missing."""
        values = self.tables.get(table, {})
        try:
            return [values[number] for number in range(address, address + count)]
        except KeyError as missing:
            raise DeviceRefused(f"no {table.name.lower()} {missing}", code=2) from missing

    def write(self, table: Table, address: int, values: list[int]) -> None:
        """Take registers or bits; refuses with code 2 where one is missing."""
        known = self.tables.get(table, {})
        if any(address + offset not in known for offset in range(len(values))):
            raise DeviceRefused(f"no {table.name.lower()} {address} to {address + len(values) - 1}", code=2)
        known.update({address + offset: value for offset, value in enumerate(values)})


@define
class SharedUnit(ModbusUnit):
    """Several emulated parts behind one unit number: the first that has the register answers.

    Attributes:
        parts: the parts, in the order they are asked.
    """

    parts: tuple[ModbusUnit, ...]

    def read(self, table: Table, address: int, count: int) -> list[int]:
        """Registers or bits of the part that has them."""
        return self._first(lambda part: part.read(table, address, count))

    def write(self, table: Table, address: int, values: list[int]) -> None:
        """To the part that has them."""
        self._first(lambda part: part.write(table, address, values))

    def _first(self, ask: Callable[[ModbusUnit], T]) -> T:
        refusal = DeviceRefused("no part has this register", code=_NO_REGISTER)
        for part in self.parts:
            try:
                return ask(part)
            except DeviceRefused as error:
                if error.code != _NO_REGISTER:
                    raise
                refusal = error
        raise refusal
