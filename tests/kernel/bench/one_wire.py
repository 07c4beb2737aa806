"""A 1-Wire bus for the kernel: a DS2482-100 on I2C, which is its bus master, and one DS18B20 on the wire, bit by bit.

Facts: Maxim DS2482-100 and DS18B20 data sheets. The master is never busy: here a time slot takes no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cc613hal_sensors.ds18b20_scratchpad import crc8

__all__ = ["Ds18b20OnWire", "Ds2482"]

MATCH, SKIP, SEARCH = 0x55, 0xCC, 0xF0
CONVERT, READ_SCRATCHPAD, WRITE_SCRATCHPAD, READ_POWER = 0x44, 0xBE, 0x4E, 0xB4


class Ds18b20OnWire:
    """A DS18B20 with its own supply.

    Args:
        serial: six bytes, least significant first.
        scratchpad: its eight bytes after a conversion.

    Attributes:
        there: it hangs on the wire.
        conversions: conversions asked of it so far.
    """

    def __init__(self, serial: bytes, scratchpad: Callable[[], bytes]) -> None:
        self.rom = b"\x28" + serial + bytes((crc8(b"\x28" + serial),))
        self.there = True
        self.conversions = 0
        self._scratchpad = scratchpad
        self._content = scratchpad()
        self._taken: list[int] = []
        self._to_send: Iterator[int] = iter(())
        self._state = "idle"

    @property
    def name(self) -> str:
        """What the kernel calls it."""
        return f"28-{self.rom[6:0:-1].hex()}"

    def reset(self) -> bool:
        """A reset pulse; whether it answers."""
        self._taken, self._to_send, self._state = [], iter(()), "rom"
        return self.there

    def write_bit(self, bit: int) -> None:
        """A write slot."""
        self._taken.append(bit)
        if self._state == "rom" and len(self._taken) == 8:
            self._state = {MATCH: "match", SKIP: "function", SEARCH: "search"}.get(_number(self._taken), "idle")
            self._taken = []
        elif self._state == "match" and len(self._taken) == 64:
            self._state = "function" if _number(self._taken) == int.from_bytes(self.rom, "little") else "idle"
            self._taken = []
        elif self._state == "function" and len(self._taken) == 8:
            self._do(_number(self._taken))
            self._taken = []

    def read_bit(self) -> int:
        """A read slot; whoever has nothing to say leaves the wire high."""
        return next(self._to_send, 1) if self.there else 1

    def search(self, wanted: int) -> tuple[int, int, int]:
        """Three slots of a search: its bit, the complement, and the direction that the master takes."""
        if self._state != "search" or not self.there:
            return 1, 1, wanted
        own = int.from_bytes(self.rom, "little") >> len(self._taken) & 1
        self._taken.append(own)
        if len(self._taken) == 64:
            self._state, self._taken = "function", []
        return own, 1 - own, own

    def _do(self, function: int) -> None:
        if function == CONVERT:
            self.conversions += 1
            self._content = self._scratchpad()
        elif function == READ_SCRATCHPAD:
            self._to_send = _bits(self._content + bytes((crc8(self._content),)))
        elif function == READ_POWER:
            self._to_send = iter((1,))


class Ds2482:
    """The bus master, as an I2C chip.

    Args:
        sensor: what hangs on its wire.
    """

    def __init__(self, sensor: Ds18b20OnWire) -> None:
        self.sensor = sensor
        self._registers = {0xF0: 0x18, 0xE1: 0x00, 0xC3: 0x00}  # status, data, configuration
        self._pointer = 0xF0

    def write(self, data: bytes) -> None:
        """A command and what goes with it."""
        if not data:
            return
        command, parameter = data[0], data[1] if len(data) > 1 else 0
        self._pointer = 0xF0
        if command == 0xF0:  # reset of the master: its mark, and the level of the wire
            self._status(0x18)
        elif command == 0xE1:
            self._pointer = parameter if parameter in self._registers else 0xF0
        elif command == 0xD2:
            self._registers[0xC3], self._pointer = parameter & 0x0F, 0xC3
        elif command == 0xB4:
            self._status(0x08 | (0x02 if self.sensor.reset() else 0))
        elif command == 0xA5:
            for bit in _bits(bytes((parameter,))):
                self.sensor.write_bit(bit)
        elif command == 0x96:
            self._registers[0xE1] = _number([self.sensor.read_bit() for _ in range(8)])
        elif command == 0x87:
            self._single_bit(parameter >> 7)
        elif command == 0x78:
            own, complement, direction = self.sensor.search(parameter >> 7)
            self._status(0x08 | own << 5 | complement << 6 | direction << 7)

    def read(self, count: int) -> bytes:
        """The register the last command left the pointer at."""
        return bytes((self._registers[self._pointer],)) * count

    def _single_bit(self, bit: int) -> None:
        if bit:  # a read slot begins as a 1 that is written
            self._status(0x08 | self.sensor.read_bit() << 5)
        else:
            self.sensor.write_bit(0)
            self._status(0x08)

    def _status(self, value: int) -> None:
        self._registers[0xF0] = value


def _bits(data: bytes) -> Iterator[int]:
    """Least significant bit first."""
    return (byte >> place & 1 for byte in data for place in range(8))


def _number(bits: list[int]) -> int:
    """The other way round."""
    return sum(bit << place for place, bit in enumerate(bits))
