"""Modbus requests and answers in pymodbus's words: the only place that loads it.

pymodbus's framers and PDU classes write and read the frames; its clients and transports are not used, because they believe a late
answer to be the answer to the next request (RTU frames carry no transaction number, and neither address nor count is compared).
Pinned to 3.16: middle-number releases may change these classes.
"""

from __future__ import annotations

import struct

from attrs import field, frozen
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from cc613hal.bus.modbus import EXCEPTION_NAMES, ModbusRequest, Table
from cc613hal.errors import BusTimeout, ConfigError, DeviceRefused

__all__ = ["Exchange", "Exchanges", "check_sum", "foreign_length", "mbap_decode", "mbap_encode"]

_READERS: dict[Table, type[ModbusPDU]] = {
    Table.COILS: ReadCoilsRequest,
    Table.DISCRETE_INPUTS: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
_MOST_READ = {Table.COILS: 2000, Table.DISCRETE_INPUTS: 2000, Table.HOLDING: 125, Table.INPUT: 125}
_MOST_WRITTEN = {Table.COILS: 1968, Table.HOLDING: 123}
"""Largest counts of one request (MODBUS Application Protocol V1.1b3, section 6)."""

_TARGET_SILENT = 11
"""Exception code of a gateway whose unit does not answer (MODBUS Application Protocol V1.1b3, section 7)."""

_DECODER = DecodePDU(is_server=False)
_SOCKET = FramerSocket(_DECODER)
_RTU = FramerRTU(_DECODER)


def check_sum(frame: bytes) -> bytes:
    """The two check sum bytes of an RTU frame, in wire order."""
    return FramerRTU.compute_CRC(frame).to_bytes(2, "big")


def mbap_encode(pdu: bytes, unit: int, transaction: int) -> bytes:
    """A Modbus TCP frame."""
    return _SOCKET.encode(pdu, unit, transaction)


def mbap_decode(data: bytes) -> tuple[int, int, int, bytes]:
    """The first Modbus TCP frame: bytes used (0: incomplete), unit, transaction, protocol data unit."""
    return _SOCKET.decode(data)


def foreign_length(data: bytes) -> int:
    """Length of the complete, undamaged RTU answer that begins these bytes; 0 if none does."""
    if len(data) < 5:
        return 0
    kind = _DECODER.lookupPduClass(data)
    if kind is None or not (kind.rtu_frame_size or kind.rtu_byte_count_pos):
        return 0
    size = kind.calculateRtuFrameSize(data)
    return size if 5 <= size <= len(data) and check_sum(data[: size - 2]) == data[size - 2 : size] else 0


def _writer(request: ModbusRequest) -> ModbusPDU:
    if request.table is Table.COILS:
        bits = [bool(value) for value in request.values]
        if len(bits) == 1:
            return WriteSingleCoilRequest(address=request.address, bits=bits)
        return WriteMultipleCoilsRequest(address=request.address, bits=bits)
    registers = list(request.values)
    if len(registers) == 1:
        return WriteSingleRegisterRequest(address=request.address, registers=registers)
    return WriteMultipleRegistersRequest(address=request.address, registers=registers, count=len(registers))


def _check(request: ModbusRequest) -> None:
    most = (_MOST_WRITTEN if request.values else _MOST_READ).get(request.table, 0)
    if not most:
        raise ConfigError(f"{request.table.name.lower()} cannot be written")
    if not 1 <= request.count <= most or (request.values and request.count != len(request.values)):
        raise ConfigError(f"{request.count} values of {request.table.name.lower()} in one request; possible is 1 to {most}")
    if not 0 <= request.address <= 0x10000 - request.count:
        raise ConfigError(f"addresses {request.address} to {request.address + request.count - 1} are outside 0 to 65535")
    if not 0 <= request.unit <= 255:
        raise ConfigError(f"unit {request.unit} is outside 0 to 255")
    if any(not 0 <= value <= 0xFFFF for value in request.values):
        raise ConfigError(f"values {request.values} do not fit into 16-bit registers")


@frozen
class Exchange:
    """A request as bytes, and all that an answer to it must have.

    Attributes:
        request: the request.
        pdu: its protocol data unit.
        function: its function code.
        answer_length: length of the protocol data unit of a good answer.
        head: how a good answer's protocol data unit begins, as far as it is known beforehand.
    """

    request: ModbusRequest
    pdu: bytes
    function: int
    answer_length: int
    head: bytes
    _answer: type[ModbusPDU] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, request: ModbusRequest) -> Exchange:
        """Prepare a request.

        Raises:
            ConfigError: no frame can be formed from it.
        """
        _check(request)
        if not request.values:
            reader = _READERS[request.table]
            message = reader(address=request.address, count=request.count)
            pdu = bytes([message.function_code]) + message.encode()
            size = (request.count + 7) // 8 if request.table in {Table.COILS, Table.DISCRETE_INPUTS} else 2 * request.count
            return cls(
                request, pdu, message.function_code, 2 + size, bytes([message.function_code, size]), _DECODER.lookupPduClass(b"\0" + pdu)
            )
        message = _writer(request)
        pdu = bytes([message.function_code]) + message.encode()
        return cls(request, pdu, message.function_code, 5, pdu[:5])

    @property
    def rtu(self) -> bytes:
        """The request as an RTU frame."""
        return _RTU.encode(self.pdu, self.request.unit, 0)

    @property
    def rtu_answer_length(self) -> int:
        """Length of a good answer as an RTU frame."""
        return self.answer_length + 3

    def answers(self, pdu: bytes) -> bool:
        """Whether a protocol data unit has the shape of an answer to this request: function, count, and what a write echoes."""
        if len(pdu) == 2 and pdu[0] == self.function | 0x80:
            return True
        return len(pdu) == self.answer_length and pdu.startswith(self.head)

    def values(self, pdu: bytes) -> tuple[int, ...]:
        """What an answer says; only for one that :meth:`answers`.

        Raises:
            DeviceRefused: it is an exception response.
            BusTimeout: it is the gateway's word that the unit is silent, so that a silent unit is suspended behind a gateway as on a line.
        """
        if pdu[0] & 0x80:
            refusal = ExceptionResponse(pdu[0])
            refusal.decode(pdu[1:])
            code = refusal.exception_code
            if code == _TARGET_SILENT:
                raise BusTimeout(
                    f"the gateway heard nothing from unit {self.request.unit}",
                    hint="check the unit's supply, wiring and number behind the gateway",
                )
            name = EXCEPTION_NAMES.get(code, "unknown exception")
            raise DeviceRefused(
                f"unit {self.request.unit} refuses function {self.function} at {self.request.address}: {name} ({code})", code=code
            )
        if self._answer is None:
            return ()
        if self.function in {3, 4}:  # one unpack instead of one per register: this is where polling spends its time
            return struct.unpack_from(f">{self.request.count}H", pdu, 2)
        message = self._answer()
        message.decode(pdu[1:])
        return tuple(int(bit) for bit in message.bits[: self.request.count])

    def find(self, heard: bytes) -> tuple[bytes, int] | None:
        """The answer as a frame among heard bytes, and where it begins; ``None`` if it is not (yet) there."""
        for start in self._starts(heard):
            for size in self._sizes(heard, start):
                frame = heard[start : start + size]
                if len(frame) == size and self.answers(frame[1:-2]) and check_sum(frame[:-2]) == frame[-2:]:
                    return frame, start
        return None

    def begun(self, heard: bytes) -> bool:
        """Whether something that looks like the beginning of the answer is among the heard bytes."""
        return any(True for start in self._starts(heard) for _ in self._sizes(heard, start))

    def _starts(self, heard: bytes) -> list[int]:
        unit = self.request.unit
        if heard and heard[0] == unit:
            return [0] if heard.count(unit) == 1 else [index for index, byte in enumerate(heard) if byte == unit]
        return [index for index, byte in enumerate(heard) if byte == unit]

    def _sizes(self, heard: bytes, start: int) -> tuple[int, ...]:
        if len(heard) < start + 2:
            return ()
        if heard[start + 1] == self.function | 0x80:
            return (5,)
        seen = heard[start + 1 : start + 1 + len(self.head)]
        return (self.rtu_answer_length,) if self.head.startswith(seen) else ()


class Exchanges:
    """Prepared requests; pollers ask the same ones again and again.

    Args:
        size: how many are remembered.
    """

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._known: dict[ModbusRequest, Exchange] = {}

    def of(self, request: ModbusRequest) -> Exchange:
        """The request, prepared.

        Raises:
            ConfigError: no frame can be formed from it.
        """
        exchange = self._known.get(request)
        if exchange is None:
            exchange = Exchange.of(request)
            if not request.values:
                if len(self._known) >= self._size:
                    self._known.clear()
                self._known[request] = exchange
        return exchange
