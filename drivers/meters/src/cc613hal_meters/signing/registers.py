"""Texts and blobs in holding registers, read and written in the pieces that a meter takes."""

from __future__ import annotations

from collections.abc import Sequence

from cc613hal.bus.modbus import ModbusPort
from cc613hal.errors import DeviceRefused

__all__ = ["bytes_of", "read_bytes", "u32_of", "words_of", "write_bytes"]

_SHORTEST = 8
"""Registers of the shortest piece that is tried before a refusal is believed."""
_TOO_LONG = frozenset({2, 3})
"""Illegal data address, illegal data value (MODBUS Application Protocol V1.1b3, section 7): what meters answer to a long request."""


def words_of(data: bytes, count: int | None = None) -> list[int]:
    """Two characters a register, the first one high; filled up with zeros.

    Args:
        data: what to write.
        count: how many registers; as many as needed if ``None``.

    Raises:
        ValueError: it does not fit.
    """
    needed = (len(data) + 1) // 2
    wanted = needed if count is None else count
    if needed > wanted:
        raise ValueError(f"{len(data)} bytes do not fit into {wanted} registers")
    padded = data.ljust(2 * wanted, b"\0")
    return [padded[index] << 8 | padded[index + 1] for index in range(0, 2 * wanted, 2)]


def bytes_of(words: Sequence[int]) -> bytes:
    """The characters of registers, the high half first."""
    return b"".join(word.to_bytes(2, "big") for word in words)


def u32_of(words: Sequence[int]) -> int:
    """Two registers, the high half first."""
    return words[0] << 16 | words[1]


async def read_bytes(port: ModbusPort, address: int, length: int, *, longest: int, text: bool = False) -> bytes:
    """A blob of ``length`` bytes from holding registers; what the meter refuses to give at once is asked for in shorter pieces.

    Args:
        port: the meter's.
        address: of the first register.
        length: in bytes.
        longest: registers of one read.
        text: it ends with the first zero byte, and so does the reading.

    Raises:
        BusError: the meter does not answer.
        DeviceRefused: it refuses even short pieces.
    """
    words: list[int] = []
    count = (length + 1) // 2
    while len(words) < count:
        piece = min(longest, count - len(words))
        try:
            words.extend(await port.read_registers(address + len(words), piece))
        except DeviceRefused as refusal:
            if refusal.code not in _TOO_LONG or piece <= _SHORTEST:
                raise
            longest = max(_SHORTEST, piece // 2)
        if text and b"\0" in bytes_of(words[-piece:]):
            return bytes_of(words).partition(b"\0")[0]
    return bytes_of(words)[:length]


async def write_bytes(port: ModbusPort, address: int, data: bytes, *, longest: int, count: int | None = None) -> None:
    """A blob into holding registers, in pieces of at most ``longest`` registers.

    Args:
        port: the meter's.
        address: of the first register.
        data: what to write.
        longest: registers of one write.
        count: how many registers to fill; as many as needed if ``None``.

    Raises:
        BusError: the meter does not answer.
        DeviceRefused: it refuses.
        ValueError: the data do not fit into ``count`` registers.
    """
    words = words_of(data, count)
    for start in range(0, len(words), longest):
        await port.write_registers(address + start, words[start : start + longest])
