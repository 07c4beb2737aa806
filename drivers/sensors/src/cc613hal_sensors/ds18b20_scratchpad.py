"""The scratchpad of a DS18B20, as the kernel shows it. Pure.

::

    72 01 4b 46 7f ff 0e 10 57 : crc=57 YES         temperature (low, high), alarms, configuration, three reserved, CRC
    72 01 4b 46 7f ff 0e 10 57 t=23125

Facts: Maxim DS18B20 data sheet 19-7487; Linux ``Documentation/w1/slaves/w1_therm.rst`` and drivers/w1/slaves/w1_therm.c (which knows the
value after power-on by the reserved byte 6).
"""

from __future__ import annotations

import re

from attrs import frozen

from cc613hal.errors import FrameError

__all__ = ["POWER_ON", "Scratchpad", "crc8", "parse_slave", "slave_text"]

POWER_ON = bytes.fromhex("50054b467fff0c10")
"""After power-on, and until the first conversion: +85 °C with 0x0C in byte 6."""
_FIRST_LINE = re.compile(r"((?:[0-9a-f]{2} ){9}): crc=([0-9a-f]{2}) (YES|NO)")


@frozen
class Scratchpad:
    """A scratchpad whose CRC is right.

    Attributes:
        content: its eight bytes, without the CRC.
    """

    content: bytes

    @property
    def bits(self) -> int:
        """Resolution, 9 to 12 bits."""
        return 9 + (self.content[4] >> 5 & 0x03)

    @property
    def raw(self) -> int:
        """The temperature's bits; those beyond the resolution are undefined (data sheet) and read 0 here."""
        return int.from_bytes(self.content[:2], "little") & ~((1 << 12 - self.bits) - 1) & 0xFFFF

    @property
    def celsius(self) -> float:
        """The temperature, °C."""
        raw = self.raw
        return (raw - 0x10000 if raw & 0x8000 else raw) / 16

    @property
    def after_power_on(self) -> bool:
        """Whether it holds the value from before its first conversion."""
        return self.content[:2] == POWER_ON[:2] and self.content[6] == POWER_ON[6]

    @property
    def reads_85(self) -> bool:
        """Whether it is exactly +85 °C, by measuring or from power-on."""
        return self.raw == 0x0550


def crc8(data: bytes) -> int:
    """CRC of 1-Wire: x⁸ + x⁵ + x⁴ + 1, least significant bit first, start 0 (data sheet)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc


def parse_slave(text: str, device: str | None = None) -> Scratchpad:
    """The scratchpad in a ``w1_slave`` file; its CRC is computed here, whatever the kernel says of it.

    Args:
        text: content of the file.
        device: for the error.

    Raises:
        FrameError: no scratchpad, a wrong CRC, or a bus shorted to ground (whose zeros have a right CRC).
    """
    lines = text.splitlines()
    found = _FIRST_LINE.fullmatch(lines[0].strip()) if lines else None
    if found is None:
        raise FrameError(f"{text[:60]!r} is no scratchpad", device=device, hint="see Documentation/w1/slaves/w1_therm.rst of the kernel")
    data = bytes.fromhex(found[1])
    if crc8(data[:8]) != data[8]:
        raise FrameError(f"the check sum of {data.hex(' ')} is wrong", device=device, hint="check cable, pull-up resistor and supply")
    if data[4] & 0x9F != 0x1F:  # these bits of the configuration always read so (data sheet)
        raise FrameError(f"{data.hex(' ')} is no scratchpad of a DS18B20", device=device, hint="is the data line shorted?")
    return Scratchpad(data[:8])


def slave_text(content: bytes, *, good: bool = True) -> str:
    """A ``w1_slave`` file; for the emulated kernel.

    Args:
        content: eight bytes of scratchpad.
        good: whether the CRC is right.
    """
    crc = crc8(content)
    shown = (content + bytes((crc if good else crc ^ 0x55,))).hex(" ")
    milli = int.from_bytes(content[:2], "little", signed=True) * 1000 // 16
    return f"{shown} : crc={crc:02x} {'YES' if good else 'NO'}\n{shown} t={milli}\n"
