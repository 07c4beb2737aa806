"""An emulated MFRC522 for SPI and I2C, register by register, with emulated cards in its field. It can misbehave on request."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import zip_longest

from attrs import define, field

from cc613hal.bus.spi import SpiSettings
from cc613hal.errors import NoAnswer
from cc613hal.plant.emulation import EmulationSite, I2cChip, SpiChip, follow_output
from cc613hal.plant.signal import Signal
from cc613hal.plant.world import FieldCard
from cc613hal_rfid.iso14443a import crc_a
from cc613hal_rfid.mfrc522 import SELF_TEST, Mfrc522Options
from cc613hal_rfid.mfrc522_registers import Register
from cc613hal_rfid.picc import Application, EmulatedCard, bits_of, bytes_of, no_such_file

__all__ = ["I2cMfrc522", "Mfrc522Chip", "SpiMfrc522", "emulate_mfrc522"]

_RESET = {Register.COMMAND: 0x20, Register.TX_CONTROL: 0x80, Register.COLL: 0x80, Register.RF_CFG: 0x48, Register.MODE: 0x3F}
"""Reset values that differ from 0 and that somebody looks at (data sheet, section 9.2)."""


@define(eq=False)
class Mfrc522Chip:
    """The chip behind its host interface.

    Attributes:
        cards: what is in the field.
        version: VersionReg; another one is another chip.
        deaf: nobody drives the bus: SPI reads FF, I2C is not acknowledged.
        hangs: a transmission never ends.
        answer_s: the end of a transmission is told this much later, s.
        damage: this many of the next answers over the air arrive with a flipped bit.
        noise: this many of the next transmissions end with a parity error.
        defective: the self-test leaves a wrong byte.
        collision_counts: from where a collision's position counts: ``"aligned"`` (first received byte), ``"frame"`` (first received bit) or
            ``"level"`` (first bit of the cascade level). The data sheet can be read in more than one way.
        wait_requests: cards ask for more time this often.
        application: what ISO-DEP cards answer to an APDU; ``None`` means that the card left.
        transfers: host accesses so far, by ``read`` and ``write``.
    """

    cards: Signal[tuple[FieldCard, ...]]
    version: int = 0x92
    deaf: bool = False
    hangs: bool = False
    answer_s: float = 0.0
    damage: int = 0
    noise: int = 0
    defective: bool = False
    collision_counts: str = "aligned"
    wait_requests: int = 0
    application: Application = no_such_file
    transfers: Counter[str] = field(factory=lambda: Counter[str]())
    _registers: dict[int, int] = field(factory=dict, init=False)
    _fifo: bytearray = field(factory=bytearray, init=False)
    _field: dict[FieldCard, EmulatedCard] = field(factory=dict, init=False)
    _ready_s: float = field(default=0.0, init=False)
    _pending_irq: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.power_cycle()

    @property
    def field_on(self) -> bool:
        """Whether the chip powers cards."""
        return self._registers[Register.TX_CONTROL] & 0x03 == 0x03

    @property
    def gain_bits(self) -> int:
        """Receiver gain as set."""
        return self._registers[Register.RF_CFG] & 0x70

    def power_cycle(self) -> None:
        """The supply went and came back, or a reset."""
        self._registers = dict.fromkeys(range(0x40), 0) | {int(key): value for key, value in _RESET.items()}
        self._fifo.clear()
        self._field.clear()
        self._pending_irq = 0

    def read(self, address: int) -> int:
        """One register, as the host reads it."""
        self.transfers["read"] += 1
        match address:
            case Register.VERSION:
                return self.version
            case Register.FIFO_DATA:
                return self._fifo.pop(0) if self._fifo else 0
            case Register.FIFO_LEVEL:
                return len(self._fifo)
            case Register.COM_IRQ if self._pending_irq and asyncio.get_running_loop().time() >= self._ready_s:
                self._registers[Register.COM_IRQ] |= self._pending_irq
                self._pending_irq = 0
            case Register.COMMAND:
                return self._registers[Register.COMMAND] & ~0x10
            case _:
                pass
        return self._registers[address]

    def write(self, address: int, value: int) -> None:
        """One register, as the host writes it."""
        self.transfers["write"] += 1
        match address:
            case Register.FIFO_DATA:
                self._fifo.append(value) if len(self._fifo) < 64 else None
            case Register.FIFO_LEVEL:
                self._fifo.clear() if value & 0x80 else None
            case Register.COM_IRQ:
                self._registers[address] = self._registers[address] | value & 0x7F if value & 0x80 else self._registers[address] & ~value
            case Register.COMMAND:
                self._registers[address] = value
                self._command(value & 0x0F)
            case Register.TX_CONTROL:
                self._registers[address] = value
                if not self.field_on:
                    self._field.clear()  # without power they forget
            case Register.BIT_FRAMING:
                self._registers[address] = value & 0x7F
                if value & 0x80 and self._registers[Register.COMMAND] & 0x0F == 0x0C:
                    self._transceive(value)
            case Register.VERSION:
                pass
            case _:
                self._registers[address] = value

    def _command(self, code: int) -> None:
        if code == 0x0F:
            self.power_cycle()
        elif code == 0x01:
            self._fifo.clear()
        elif code == 0x03 and self._registers[Register.AUTO_TEST] & 0x0F == 0x09:
            self._fifo = bytearray(SELF_TEST.get(self.version, bytes(64)))
            if self.defective:
                self._fifo[40] ^= 0x10
        elif code == 0x03:  # the CRC coprocessor, which our driver does not need and others use
            self._registers[Register.CRC_RESULT_LOW], self._registers[Register.CRC_RESULT_HIGH] = crc_a(bytes(self._fifo))
            self._registers[Register.DIV_IRQ] |= 0x04

    def _present(self) -> list[EmulatedCard]:
        now = self.cards.value
        self._field = {card: self._field.get(card) or EmulatedCard(card) for card in now}
        for card in self._field.values():
            card.application, card.wait_requests = self.application, self.wait_requests
        return list(self._field.values())

    def _transceive(self, framing: int) -> None:
        self._registers[Register.ERROR] = 0
        self._registers[Register.COLL] = self._registers[Register.COLL] & 0x80 | 0x20
        sent = bits_of(bytes(self._fifo))
        if framing & 0x07:
            sent = sent[: len(sent) - 8 + (framing & 0x07)]
        self._fifo.clear()
        answers = [answer for card in self._present() if (answer := card.hear(sent)) is not None] if self.field_on else []
        if self.hangs:
            return
        self._ready_s = asyncio.get_running_loop().time() + self.answer_s
        self._pending_irq = 0x01  # the timer
        if self.noise:
            self.noise -= 1
            self._registers[Register.ERROR], self._pending_irq = 0x02, 0x20
            self._fifo += b"\x55"
        elif answers:
            self._receive(answers, framing >> 4 & 0x07, bytes_of(sent))
            self._pending_irq = 0x20

    def _receive(self, answers: list[list[int]], align: int, sent: bytes) -> None:
        merged: list[int] = []
        for place, column in enumerate(zip_longest(*answers, fillvalue=0)):
            if len(set(column)) > 1:
                self._collide(place, align, sent)
                break
            merged.append(column[0])
        longest = max(map(len, answers))
        merged += [0] * (longest - len(merged))
        if self.damage:
            self.damage -= 1
            merged[len(merged) // 2] ^= 1
        bits = [0] * align + merged
        self._fifo += bytes_of(bits)[:64]
        self._registers[Register.CONTROL] = len(bits) % 8

    def _collide(self, place: int, align: int, sent: bytes) -> None:
        known = (sent[1] >> 4) * 8 + (sent[1] & 0x0F) - 16 if len(sent) > 1 else 0
        start = {"aligned": align, "frame": 0, "level": known}[self.collision_counts]
        position = start + place + 1
        self._registers[Register.ERROR] |= 0x08
        self._registers[Register.COLL] = self._registers[Register.COLL] & 0x80 | (position & 0x1F if position <= 32 else 0x20)


@define(eq=False)
class SpiMfrc522(SpiChip):
    """The chip on SPI."""

    chip: Mfrc522Chip
    settings: SpiSettings = field(factory=lambda: SpiSettings(mode=0, speed_hz=10_000_000))

    def transfer(self, data: bytes) -> bytes:
        """One transfer: addresses and their answers one byte later, or one address and bytes for it."""
        if self.chip.deaf:
            return b"\xff" * len(data)
        if data[0] & 0x80:
            return b"\x00" + bytes(self.chip.read(address >> 1 & 0x3F) for address in data[:-1])
        for value in data[1:]:
            self.chip.write(data[0] >> 1 & 0x3F, value)
        return bytes(len(data))


@define(eq=False)
class I2cMfrc522(I2cChip):
    """The chip on I2C."""

    chip: Mfrc522Chip
    _address: int = field(default=0, init=False)

    def write(self, data: bytes) -> None:
        """A register's address, and bytes for it."""
        if self.chip.deaf:
            raise NoAnswer("nobody acknowledges the address", hint="check supply and wiring")
        self._address = data[0] & 0x3F
        for value in data[1:]:
            self.chip.write(self._address, value)

    def read(self, count: int) -> bytes:
        """Bytes of the register."""
        return bytes(self.chip.read(self._address) for _ in range(count))


def emulate_mfrc522(site: EmulationSite, options: Mfrc522Options) -> None:  # noqa: ARG001  # the options concern the driver only
    """Put an MFRC522 where the board has one; ``plant.parts[device]`` is the :class:`Mfrc522Chip`."""
    chip = Mfrc522Chip(site.plant.cabinet.cards)
    site.plant.parts[site.device] = chip
    follow_output(site, "reset", lambda active: chip.power_cycle() if active else None)
    if site.has_bus("i2c"):
        site.attach_i2c(I2cMfrc522(chip))
    else:
        site.attach_spi(SpiMfrc522(chip))
