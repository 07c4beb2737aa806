"""The converter of the reference wiring as its data sheet draws it, bit by bit: whoever speaks to it may place its bits where he likes.

Source: Microchip MCP3204/3208 data sheet DS21298, figures 5-1 and 6-1.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["COMMAND_BITS", "converse"]

COMMAND_BITS = 5
"""Start, single-ended or differential, and the channel's three bits; then one clock samples, and one brings the null bit."""
_CODE_BITS = 12


def converse(data: bytes, convert: Callable[[int], int]) -> bytes:
    """What the converter answers while it is clocked with these bytes; only single-ended conversions are wired.

    Args:
        data: from the controller; the first high bit starts.
        convert: the code of a channel, 0 to 4095.
    """
    clocked = 8 * len(data)
    bits = f"{int.from_bytes(data, 'big'):0{clocked}b}" if data else ""
    start = bits.find("1")
    if start < 0 or start + COMMAND_BITS > clocked or bits[start + 1] == "0":
        return bytes(len(data))
    code = convert(int(bits[start + 2 : start + COMMAND_BITS], 2))
    answer = "0" * (start + COMMAND_BITS + 2) + f"{code:0{_CODE_BITS}b}"
    return int(answer[:clocked].ljust(clocked, "0"), 2).to_bytes(len(data), "big")
