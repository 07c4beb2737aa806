"""An emulated PCA9685: registers, auto-increment, the sleep rule of the prescaler, and the light that comes out."""

from __future__ import annotations

from cc613hal.interfaces import BLACK, Colour
from cc613hal.plant.emulation import EmulationSite, I2cChip
from cc613hal.plant.signal import Signal
from cc613hal_hmi.pca9685 import (
    ALL_LED_ON_L,
    AUTO_INCREMENT,
    LED0_ON_L,
    MODE1,
    MODE2,
    OUTPUT_INVERTED,
    PRE_SCALE,
    SLEEP,
    Pca9685Options,
)

__all__ = ["Pca9685Chip", "emulate_pca9685"]

_AFTER_LAST_LED = LED0_ON_L + 4 * 16
"""Where auto-increment starts over (data sheet, section 7.3: after LED15_OFF_H comes MODE1)."""


class Pca9685Chip(I2cChip):
    """The chip with RGB lights on its channels.

    Args:
        channels: red, green and blue channel of each light.

    Attributes:
        lights: the colour of each light, as seen.
        mode2_stuck: what MODE2 reads, whatever was written; another chip's value makes it another chip. ``None`` for the truth.
        writes: transactions that wrote something, for tests of what a pattern costs.
    """

    def __init__(self, channels: tuple[tuple[int, int, int], ...]) -> None:
        self.lights: tuple[Signal[Colour], ...] = tuple(Signal(BLACK) for _ in channels)
        self.mode2_stuck: int | None = None
        self.writes = 0
        self._channels = channels
        self._registers = bytearray(256)
        self._pointer = 0
        self.power_cycle()

    def power_cycle(self) -> None:
        """The supply went and came back (reset values: data sheet, table 4)."""
        self._registers[:] = bytes(256)
        self._registers[MODE1], self._registers[MODE2], self._registers[0x05], self._registers[PRE_SCALE] = 0x11, 0x04, 0xE0, 0x1E
        for channel in range(16):
            self._registers[LED0_ON_L + 4 * channel + 3] = 0x10
        self._pointer = 0
        self._shine()

    def register(self, address: int) -> int:
        """What a register holds."""
        return self._registers[address]

    @property
    def frequency_hz(self) -> float:
        """Frequency of the outputs, Hz."""
        return 25_000_000 / (4096 * (self._registers[PRE_SCALE] + 1))

    def write(self, data: bytes) -> None:
        """A register address, and values for it and what follows."""
        if not data:
            return
        self._pointer = data[0]
        if len(data) > 1:
            self.writes += 1
        start, stop = self._pointer, self._pointer + len(data) - 1
        if self._registers[MODE1] & AUTO_INCREMENT and start >= LED0_ON_L and stop <= _AFTER_LAST_LED:
            self._registers[start:stop] = data[1:]  # a picture, in one go
            self._pointer = 0 if stop == _AFTER_LAST_LED else stop
        else:
            for value in data[1:]:
                self._store(self._pointer, value)
                self._advance()
        if len(data) > 1:
            self._shine()

    def read(self, count: int) -> bytes:
        """Values from the register address on."""
        values = bytearray()
        for _ in range(count):
            stuck = self.mode2_stuck if self._pointer == MODE2 else None
            values.append(self._registers[self._pointer] if stuck is None else stuck)
            self._advance()
        return bytes(values)

    def _advance(self) -> None:
        if self._registers[MODE1] & AUTO_INCREMENT:
            self._pointer = 0 if self._pointer == _AFTER_LAST_LED - 1 else (self._pointer + 1) & 0xFF

    def _store(self, address: int, value: int) -> None:
        if address == PRE_SCALE and not self._registers[MODE1] & SLEEP:
            return
        if ALL_LED_ON_L <= address < ALL_LED_ON_L + 4:
            for channel in range(16):
                self._registers[LED0_ON_L + 4 * channel + address - ALL_LED_ON_L] = value
            return
        self._registers[address] = max(value, 3) if address == PRE_SCALE else value

    def _level(self, channel: int) -> float:
        on_l, on_h, off_l, off_h = self._registers[LED0_ON_L + 4 * channel : LED0_ON_L + 4 * channel + 4]
        if off_h & 0x10:
            share = 0.0
        elif on_h & 0x10:
            share = 1.0
        else:
            share = ((off_l + 256 * (off_h & 0x0F)) - (on_l + 256 * (on_h & 0x0F))) % 4096 / 4096
        if self._registers[MODE1] & SLEEP:
            share = 0.0
        return 1.0 - share if self._registers[MODE2] & OUTPUT_INVERTED else share

    def _shine(self) -> None:
        for light, (red, green, blue) in zip(self.lights, self._channels, strict=True):
            light.set(Colour(self._level(red), self._level(green), self._level(blue)))


def emulate_pca9685(site: EmulationSite, options: Pca9685Options) -> None:
    """Put a PCA9685 on the device's bus; ``plant.parts[device]`` is the :class:`Pca9685Chip`."""
    chip = Pca9685Chip(options.channels)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)
