"""The byte form of Modbus requests and answers in recordings.

A recording holds protocol data units: function code and data as in the MODBUS Application Protocol V1.1b3, section 6, without unit number
(it is in the frame's ``unit``), check sum or MBAP header, marked with the note ``pdu``. So the same recording plays for RTU, TCP and RTU
over TCP. Trace dumps of the adapters hold whole frames instead; :func:`pdu_of` finds the unit's part in those too.
"""

from __future__ import annotations

from cc613hal.bus.modbus import EXCEPTION_NAMES, ModbusRequest, Table
from cc613hal.bus.trace import Frame
from cc613hal.errors import DeviceRefused, FrameError

__all__ = ["PDU_NOTE", "answer_pdu", "crc16", "pdu_of", "refusal_pdu", "request_pdu", "values_from"]

PDU_NOTE = "pdu"
"""Note of a frame that holds a protocol data unit."""


def request_pdu(request: ModbusRequest) -> bytes:
    """The request as function code and data: functions 1 to 4 read; 5 and 6 write one, 15 and 16 several values."""
    address = request.address.to_bytes(2, "big")
    if not request.values:
        return bytes([request.table.value]) + address + request.count.to_bytes(2, "big")
    if request.table is Table.COILS:
        if len(request.values) == 1:
            return b"\x05" + address + (b"\xff\x00" if request.values[0] else b"\x00\x00")
        packed = _pack_bits(request.values)
        return b"\x0f" + address + len(request.values).to_bytes(2, "big") + bytes([len(packed)]) + packed
    words = _pack_words(request.values)
    if len(request.values) == 1:
        return b"\x06" + address + words
    return b"\x10" + address + len(request.values).to_bytes(2, "big") + bytes([len(words)]) + words


def answer_pdu(request: ModbusRequest, values: tuple[int, ...]) -> bytes:
    """The answer to a request as function code and data.

    Args:
        request: what was asked.
        values: the registers or bits that were read; empty for a write.
    """
    asked = request_pdu(request)
    if request.values:
        return asked[:5]  # functions 5 and 6 echo the request, 15 and 16 its address and count
    packed = _pack_bits(values) if request.table in {Table.COILS, Table.DISCRETE_INPUTS} else _pack_words(values)
    return asked[:1] + bytes([len(packed)]) + packed


def refusal_pdu(request: ModbusRequest, code: int) -> bytes:
    """An exception answer: function code with its highest bit set, and the exception code."""
    return bytes([request_pdu(request)[0] | 0x80, code])


def values_from(request: ModbusRequest, answer: bytes) -> tuple[int, ...]:
    """What a driver gets from an answer.

    Raises:
        DeviceRefused: it is an exception answer.
        FrameError: it does not answer this request.
    """
    asked = request_pdu(request)
    if len(answer) == 2 and answer[0] == asked[0] | 0x80:
        name = EXCEPTION_NAMES.get(answer[1], "unknown exception")
        raise DeviceRefused(f"unit {request.unit} refused: {name} (code {answer[1]})", code=answer[1])
    if not answer or answer[0] != asked[0]:
        raise FrameError(f"the answer {answer.hex(' ')} has another function than the request {asked.hex(' ')}")
    if request.values:
        if answer != asked[:5]:
            raise FrameError(f"the answer {answer.hex(' ')} does not confirm the write {asked.hex(' ')}")
        return ()
    bits = request.table in {Table.COILS, Table.DISCRETE_INPUTS}
    length = (request.count + 7) // 8 if bits else 2 * request.count
    data = answer[2:]
    if len(data) != length or answer[1] != length:
        raise FrameError(f"the answer holds {len(data)} bytes, the request asks for {length}")
    if bits:
        return tuple(data[index // 8] >> index % 8 & 1 for index in range(request.count))
    return tuple(int.from_bytes(data[index : index + 2], "big") for index in range(0, length, 2))


def pdu_of(frame: Frame) -> bytes | None:
    """The protocol data unit in a frame: as recorded, or cut out of an RTU or TCP frame; ``None`` if it is none of these."""
    data = frame.data
    if frame.note == PDU_NOTE:
        return data
    if len(data) >= 4 and crc16(data[:-2]) == int.from_bytes(data[-2:], "little"):
        return data[1:-2]
    if len(data) >= 8 and data[2:4] == b"\x00\x00" and int.from_bytes(data[4:6], "big") == len(data) - 6:
        return data[7:]
    return None


def crc16(data: bytes) -> int:
    """The check sum of Modbus RTU (MODBUS over Serial Line V1.02, section 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def _pack_words(values: tuple[int, ...]) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in values)


def _pack_bits(values: tuple[int, ...]) -> bytes:
    packed = bytearray((len(values) + 7) // 8)
    for index, value in enumerate(values):
        packed[index // 8] |= bool(value) << index % 8
    return bytes(packed)
