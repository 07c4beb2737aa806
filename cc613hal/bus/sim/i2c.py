"""An I2C bus in process: emulated chips by address, and everything that can go wrong on two wires.

A transfer ends in the loop iteration in which it was asked for, so a day of polling passes in seconds on the virtual clock; only a
late answer takes (virtual) time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cc613hal.bus.i2c import I2cAdapter, I2cCapabilities, I2cRead, I2cWrite
from cc613hal.bus.sim.chips import I2cChip
from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.presence import Presence
from cc613hal.errors import BusTimeout, ConfigError, NoAnswer, Unsupported

__all__ = ["SMBUS_BLOCK", "SimI2c"]

SMBUS_BLOCK = 32
"""Longest SMBus block, bytes (SMBus 2.0, section 5.5.7; Linux ``I2C_SMBUS_BLOCK_MAX``)."""


class SimI2c(Presence, I2cAdapter):
    """A simulated I2C bus.

    Args:
        name: as the board file names it, for messages.
        smbus_only: refuse what an SMBus-only controller cannot form, to try a driver on such an adapter.
        max_length: longest message, bytes.
    """

    def __init__(self, name: str = "i2c", *, smbus_only: bool = False, max_length: int = 8192) -> None:
        super().__init__(name)
        self.smbus_only = smbus_only
        self.max_length = max_length
        self._chips: dict[int, I2cChip] = {}
        self._part_faults: dict[int, Faults] = {}

    @property
    def capabilities(self) -> I2cCapabilities:
        """What the bus can do, as it is set up now."""
        if self.smbus_only:
            return I2cCapabilities(plain=False, max_length=SMBUS_BLOCK, note="SMBus only: one command byte and up to 32 bytes")
        return I2cCapabilities(max_length=self.max_length)

    def attach(self, address: int, chip: I2cChip, *, faults: Faults | None = None) -> Faults:
        """Put a chip on the bus; returns the faults it can be given.

        Args:
            address: 7-bit address.
            chip: the emulated part.
            faults: share these (a part with two addresses fails as one).

        Raises:
            ConfigError: the address is taken or no 7-bit address.
        """
        if not 0 <= address <= 0x7F:
            raise ConfigError(f"0x{address:X} is no 7-bit I2C address", device=self.name)
        if address in self._chips:
            raise ConfigError(f"two chips at 0x{address:02X}", device=self.name, hint="give one of them another address")
        self._chips[address] = chip
        return self._part_faults.setdefault(address, faults or Faults())

    def detach(self, address: int) -> None:
        """Take a chip off the bus; an address without one is fine."""
        self._chips.pop(address, None)
        self._part_faults.pop(address, None)

    def faults_at(self, address: int) -> Faults:
        """The faults of the chip at an address."""
        faults = self._part_faults.get(address)
        if faults is None:
            faults = self._part_faults[address] = Faults()
        return faults

    @property
    def addresses(self) -> tuple[int, ...]:
        """Where chips are, ascending."""
        return tuple(sorted(self._chips))

    async def transfer(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        """Carry out messages with repeated starts between them: one chip call each.

        Raises:
            NoAnswer: no chip there, it is unplugged, or it refused.
            BusTimeout: it holds the clock (fault ``silence``).
            BusClosed: the bus is unplugged or was closed.
            Unsupported: SMBus-only mode cannot form these messages, or one is too long.
        """
        self.check_open()
        self._check_messages(messages)
        chip, part = self._chips.get(address), self.faults_at(address)
        if not (self.faults.any or part.any):
            return self._exchange(address, chip, messages)
        if delay_s := max(self.faults.delay_s(), part.delay_s()):
            await asyncio.sleep(delay_s)
        if self.faults.silence or (part.silence and part.plugged):
            raise BusTimeout(
                f"the chip at 0x{address:02X} holds the clock",
                device=self.name,
                hint="reset or power-cycle the chip",
            )
        if self.faults.nack or part.nack or part.loses() or self.faults.loses():
            raise self._nobody(address)
        return self._spoil(self._exchange(address, chip, messages), part)

    async def aclose(self) -> None:
        """Release the bus; the chips stay where they are."""
        self._open = False

    def _exchange(self, address: int, chip: I2cChip | None, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        if chip is None:
            raise self._nobody(address)
        answer = b""
        for message in messages:
            if isinstance(message, I2cWrite):
                chip.write(bytes(message.data))
                continue
            data = chip.read(message.count)
            if len(data) != message.count:
                raise AssertionError(f"{type(chip).__name__} at 0x{address:02X} returned {len(data)} bytes, asked for {message.count}")
            answer += data
        return answer

    def _spoil(self, answer: bytes, part: Faults) -> bytes:
        if not answer:
            return answer
        spoilt = bytearray(answer)
        if self.faults.crc or part.crc:
            spoilt[-1] ^= 0xFF  # check sums of I2C parts and the SMBus PEC come last
        for faults in (self.faults, part):
            if faults.noise and faults.corrupts():
                bit = faults.dice.randrange(8 * len(spoilt))  # the number of bytes is the controller's: only bits can change
                spoilt[bit // 8] ^= 1 << bit % 8
        return bytes(spoilt)

    def _nobody(self, address: int) -> NoAnswer:
        return NoAnswer(f"nobody answers at 0x{address:02X}", device=self.name, hint="check address, supply and wiring of the part")

    def _check_messages(self, messages: Sequence[I2cWrite | I2cRead]) -> None:
        for message in messages:
            length = len(message.data) if isinstance(message, I2cWrite) else message.count
            if length > self.max_length:
                raise Unsupported(f"a message of {length} bytes; the adapter takes {self.max_length}", device=self.name)
        if self.smbus_only and not _smbus_can(messages):
            raise Unsupported(
                f"an SMBus-only adapter cannot form {_shape(messages)}",
                device=self.name,
                hint="use an adapter with I2C_RDWR, or a driver that keeps to one command byte and 32 bytes",
            )


def _smbus_can(messages: Sequence[I2cWrite | I2cRead]) -> bool:
    """Whether SMBus has a transaction of this shape: quick, send, receive, and byte, word or block data."""
    match tuple(messages):
        case (I2cWrite(data=data),):
            return len(data) <= 1 + SMBUS_BLOCK
        case (I2cRead(count=count),):
            return count == 1
        case (I2cWrite(data=data), I2cRead(count=count)):
            return len(data) == 1 and 1 <= count <= SMBUS_BLOCK
        case _:
            return False


def _shape(messages: Sequence[I2cWrite | I2cRead]) -> str:
    return (
        " + ".join(f"write of {len(m.data)}" if isinstance(m, I2cWrite) else f"read of {m.count}" for m in messages) or "an empty transfer"
    )
