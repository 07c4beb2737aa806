"""The field of an MFRC522: frames through its FIFO, one at a time (NXP MFRC522 data sheet rev. 3.9, sections 8.3, 8.5, 9.3 and 10.3)."""

from __future__ import annotations

from cc613hal.clock import Clock
from cc613hal.errors import BusTimeout, NoAnswer
from cc613hal_rfid.iso14443a import RfAnswer, RfLink
from cc613hal_rfid.mfrc522_registers import FIFO_SIZE, Register, Registers

__all__ = ["GAIN_BITS", "ChipHangs", "Mfrc522Link", "NobodyThere"]

IDLE, CALC_CRC, MEM, TRANSCEIVE, SOFT_RESET = 0x00, 0x03, 0x01, 0x0C, 0x0F
"""Commands (section 10.3, table 149)."""

RX_IRQ, IDLE_IRQ, TIMER_IRQ = 0x20, 0x10, 0x01
"""Bits of ComIrqReg (section 9.3.1.5)."""

PARITY, PROTOCOL, OVERFLOW, COLLISION = 0x02, 0x01, 0x10, 0x08
"""Bits of ErrorReg (section 9.3.1.7)."""

COLLISION_NOT_VALID = 0x20
"""Bit of CollReg: no collision, or its position is beyond 32 (section 9.3.1.15)."""

START_SEND = 0x80
"""Bit of BitFramingReg (section 9.3.1.14)."""

FLUSH = 0x80
"""Bit of FIFOLevelReg (section 9.3.1.11)."""

ANTENNA = 0x03
"""Bits of TxControlReg: both drivers carry the field (section 9.3.2.5)."""

POWER_DOWN = 0x10
"""Bit of CommandReg that stays set until the oscillator runs (section 9.3.1.2)."""

ALWAYS_ASK = 0x40
"""Bit of TxASKReg: 100 % modulation, which type A needs; 0 after a reset (section 9.3.2.6)."""

GAIN_BITS = {18: 0x00, 23: 0x10, 33: 0x40, 38: 0x50, 43: 0x60, 48: 0x70}
"""Receiver gain in dB to bits of RFCfgReg (section 9.3.3.6, table 98)."""

_PRESCALER = 169
_TICK_S = (2 * _PRESCALER + 1) / 13.56e6
"""25 µs: the timer runs at 13.56 MHz / (2 · TPrescaler + 1) (section 8.5)."""

_SETUP = (
    (Register.TX_MODE, 0x00),  # 106 kbit/s, no check sum by the chip (section 9.3.2.3)
    (Register.RX_MODE, 0x00),
    (Register.MOD_WIDTH, 0x26),  # width of the modulation pause, reset value (section 9.3.3.5)
    (Register.T_MODE, 0x80),  # the timer starts by itself when the last bit is sent (section 9.3.3.10)
    (Register.T_PRESCALER, _PRESCALER),
    (Register.TX_ASK, ALWAYS_ASK),
    (Register.MODE, 0x3D),  # CRC preset 6363 (section 9.3.2.2)
    (Register.COLL, 0x00),  # bits after a collision are cleared (section 9.3.1.15)
)

_START_S = 0.05
"""Longest wait for the oscillator after a reset, s; the data sheet leaves it to the quartz (section 8.8.2)."""

_GUARD_S = 0.005
"""A card must be ready 5 ms after the field came, and has lost its state 5 ms after it went (ISO/IEC 14443-3, section 5)."""

_EXTRA_S = 0.03
"""How long after its own time-out the chip may take to say so; 64 bytes last 5.5 ms on the air."""


_LOOKS = 3
"""So often the version must read wrong before nobody is there: one transfer may be spoilt."""


class NobodyThere(NoAnswer):
    """The transfers are carried out and nobody answers: on SPI nobody else notices."""


class ChipHangs(BusTimeout):
    """The registers answer and the chip does not work."""


class Mfrc522Link(RfLink):
    """The chip, set up to speak type A at 106 kbit/s.

    Args:
        registers: access to it.
        clock: the board's clock.
        device: for error messages.
    """

    def __init__(self, registers: Registers, clock: Clock, device: str) -> None:
        self.registers = registers
        self.field_on = False
        self._clock = clock
        self._device = device
        self._reload = -1

    async def set_up(self, gain_db: int) -> None:
        """Reset the chip and prepare it; the field stays off.

        Raises:
            ChipHangs: its oscillator does not start.
        """
        await self.reset()
        for register, value in _SETUP:
            await self.registers.write(register, value)
        await self.registers.write(Register.RF_CFG, GAIN_BITS[gain_db])
        await self.antenna(on=False)

    async def reset(self) -> None:
        """Soft reset.

        Raises:
            ChipHangs: the oscillator does not start.
        """
        self._reload, self.field_on = -1, False
        await self.registers.write(Register.COMMAND, SOFT_RESET)
        until_s = self._clock.monotonic_s() + _START_S
        while True:
            await self._clock.sleep(0.001)
            (command,) = await self.registers.read(Register.COMMAND)
            if not command & POWER_DOWN:
                return
            if self._clock.monotonic_s() >= until_s:
                raise ChipHangs(
                    "the MFRC522 does not come out of its reset", device=self._device, hint="check its supply, quartz and wiring"
                )

    async def antenna(self, *, on: bool) -> None:
        """Switch the field, and wait until cards have noticed."""
        (control,) = await self.registers.read(Register.TX_CONTROL)
        await self.registers.write(Register.TX_CONTROL, control | ANTENNA if on else control & ~ANTENNA & 0xFF)
        self.field_on = on
        await self._clock.sleep(_GUARD_S)

    async def version(self) -> int:
        """The version register.

        Raises:
            NobodyThere: nobody drives the line: an absent chip reads 00 or FF on SPI.
        """
        found = 0x00
        for _ in range(_LOOKS):
            (found,) = await self.registers.read(Register.VERSION)
            if found not in {0x00, 0xFF}:
                return found
        raise NobodyThere(
            f"the version register reads 0x{found:02X}: nobody drives the line",
            device=self._device,
            hint="check supply, wiring and chip select",
        )

    async def check(self, version: int) -> bool:
        """Whether the chip is the one that was set up, and still is; ``False`` after a reset that nobody asked for.

        Raises:
            NobodyThere: another version, or none.
        """
        found = ask = 0
        for _ in range(_LOOKS):
            found, ask = await self.registers.read(Register.VERSION, Register.TX_ASK)
            if found == version:
                return ask == ALWAYS_ASK
        raise NobodyThere(
            f"the version register reads 0x{found:02X} instead of 0x{version:02X}",
            device=self._device,
            hint="check supply, wiring and chip select",
        )

    async def exchange(self, data: bytes, *, timeout_s: float, tx_bits: int = 0, rx_align: int = 0) -> RfAnswer | None:
        """One frame out, one in.

        Raises:
            ChipHangs: the chip never ends.
        """
        registers = self.registers
        await registers.write(Register.COMMAND, IDLE)
        await registers.write(Register.COM_IRQ, 0x7F)
        await registers.write(Register.FIFO_LEVEL, FLUSH)
        await registers.write(Register.FIFO_DATA, *data)
        await self._set_timer(timeout_s)
        await registers.write(Register.COMMAND, TRANSCEIVE)
        await registers.write(Register.BIT_FRAMING, START_SEND | rx_align << 4 | tx_bits)
        if not await self._finished(timeout_s):
            return None
        error, level, control, collided = await registers.read(Register.ERROR, Register.FIFO_LEVEL, Register.CONTROL, Register.COLL)
        received = await registers.read_fifo(min(level & 0x7F, FIFO_SIZE)) if level & 0x7F else b""
        collision = None
        if error & COLLISION and not collided & COLLISION_NOT_VALID:
            collision = collided & 0x1F or 32
        if not received and collision is None:
            return None
        damaged = bool(error & (PARITY | PROTOCOL | OVERFLOW)) or (bool(error & COLLISION) and collision is None)
        return RfAnswer(data=received, bits=control & 0x07, collision=collision, damaged=damaged and collision is None)

    async def _set_timer(self, timeout_s: float) -> None:
        reload = min(max(round(timeout_s / _TICK_S), 1), 0xFFFF)
        if reload != self._reload:
            await self.registers.write(Register.T_RELOAD_HIGH, reload >> 8)
            await self.registers.write(Register.T_RELOAD_LOW, reload & 0xFF)
            self._reload = reload

    async def _finished(self, timeout_s: float) -> bool:
        """Wait for the end of the exchange; whether anything was received. The chip is asked at growing intervals."""
        until_s = self._clock.monotonic_s() + timeout_s + _EXTRA_S
        pause_s = 0.001
        while True:
            await self._clock.sleep(pause_s)
            (irq,) = await self.registers.read(Register.COM_IRQ)
            if irq & (RX_IRQ | IDLE_IRQ):
                return True
            if irq & TIMER_IRQ:
                return False
            if self._clock.monotonic_s() >= until_s:
                raise ChipHangs("the MFRC522 does not end an exchange", device=self._device, hint="reset it; check its supply")
            pause_s = min(pause_s * 2, 0.02)
