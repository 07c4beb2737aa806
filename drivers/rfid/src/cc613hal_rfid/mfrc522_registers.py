"""The MFRC522's registers and how they are reached over SPI and I2C (NXP MFRC522 data sheet rev. 3.9, sections 8.1 and 9)."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol

from cc613hal.bus.i2c import I2cPort
from cc613hal.bus.spi import SpiPort, SpiSettings

__all__ = ["ADDRESS", "FIFO_SIZE", "SETTINGS", "I2cRegisters", "Register", "Registers", "SpiRegisters"]

ADDRESS = 0x28
"""7-bit address with pin EA low and ADR_0 to ADR_2 low (section 8.1.4.5: 0101 and three pins); up to 0x2F with the pins."""

SETTINGS = SpiSettings(mode=0, speed_hz=4_000_000)
"""Mode 0, most significant bit first, up to 10 MHz (section 8.1.2); 4 MHz leaves room for wires."""

FIFO_SIZE = 64
"""Bytes (section 8.3)."""

_BLOCK = 32
"""Bytes in one I2C message: what SMBus-only adapters take too (SMBus 2.0, section 5.5.7)."""


class Register(enum.IntEnum):
    """Register addresses (section 9.2, table 20)."""

    COMMAND = 0x01
    COM_IRQ = 0x04
    DIV_IRQ = 0x05
    ERROR = 0x06
    FIFO_DATA = 0x09
    FIFO_LEVEL = 0x0A
    CONTROL = 0x0C
    BIT_FRAMING = 0x0D
    COLL = 0x0E
    MODE = 0x11
    TX_MODE = 0x12
    RX_MODE = 0x13
    TX_CONTROL = 0x14
    TX_ASK = 0x15
    CRC_RESULT_HIGH = 0x21
    CRC_RESULT_LOW = 0x22
    MOD_WIDTH = 0x24
    RF_CFG = 0x26
    T_MODE = 0x2A
    T_PRESCALER = 0x2B
    T_RELOAD_HIGH = 0x2C
    T_RELOAD_LOW = 0x2D
    AUTO_TEST = 0x36
    VERSION = 0x37


class Registers(Protocol):
    """Access to the registers."""

    @abstractmethod
    async def read(self, *registers: Register) -> tuple[int, ...]:
        """One byte of each."""

    @abstractmethod
    async def write(self, register: Register, *values: int) -> None:
        """Bytes to one register, in order; only the FIFO takes more than one."""

    @abstractmethod
    async def read_fifo(self, count: int) -> bytes:
        """The oldest ``count`` bytes of the FIFO."""


class SpiRegisters(Registers):
    """Over SPI: an address byte is ``register << 1``, with bit 7 to read; each byte out brings the answer to the one before it.

    Section 8.1.2.

    Args:
        port: the bus.
    """

    def __init__(self, port: SpiPort) -> None:
        self._port = port.using(SETTINGS)

    async def read(self, *registers: Register) -> tuple[int, ...]:
        """One byte of each, in one transfer."""
        return tuple((await self._port.transfer(bytes(0x80 | register << 1 for register in registers) + b"\x00"))[1:])

    async def write(self, register: Register, *values: int) -> None:
        """Bytes to one register, in one transfer."""
        await self._port.transfer(bytes((register << 1, *values)))

    async def read_fifo(self, count: int) -> bytes:
        """The oldest bytes of the FIFO, in one transfer."""
        return (await self._port.transfer(bytes((0x80 | Register.FIFO_DATA << 1,)) * count + b"\x00"))[1:]


class I2cRegisters(Registers):
    """Over I2C: the register's address, then its bytes (section 8.1.4). Keeps to what SMBus-only adapters can form.

    Args:
        port: the bus, bound to the chip's address.
    """

    def __init__(self, port: I2cPort) -> None:
        self._port = port

    async def read(self, *registers: Register) -> tuple[int, ...]:
        """One byte of each, one transaction each."""
        return tuple([(await self._port.write_read(bytes((register,)), 1))[0] for register in registers])

    async def write(self, register: Register, *values: int) -> None:
        """Bytes to one register."""
        for at in range(0, len(values), _BLOCK):
            await self._port.write(bytes((register, *values[at : at + _BLOCK])))

    async def read_fifo(self, count: int) -> bytes:
        """The oldest bytes of the FIFO."""
        data = b""
        while len(data) < count:
            data += await self._port.write_read(bytes((Register.FIFO_DATA,)), min(_BLOCK, count - len(data)))
        return data
