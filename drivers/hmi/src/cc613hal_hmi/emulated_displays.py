"""Emulated displays: an HD44780 behind a PCF8574 backpack, and an SSD1306. They show what a passer-by would read."""

from __future__ import annotations

from cc613hal.plant.emulation import EmulationSite, I2cChip
from cc613hal_hmi.hd44780 import Hd44780Options

__all__ = ["Hd44780Backpack", "emulate_hd44780"]


class Hd44780Backpack(I2cChip):
    """A PCF8574 port with an HD44780 on its pins.

    Args:
        options: the driver's, for size and wiring.

    Attributes:
        absent: nothing hangs at the port.
        swallow: so many of the next falling enable edges get lost (a loose contact), which puts the halves of bytes out of step.
        characters: characters written since power-on, for tests of what a change costs.
    """

    def __init__(self, options: Hd44780Options) -> None:
        self.absent = False
        self.swallow = 0
        self.characters = 0
        self._options = options
        self._pins = options.pins
        self._port = 0xFF
        self.power_cycle()

    def power_cycle(self) -> None:
        """The supply went and came back: the port is all high, the display in 8-bit mode, off, with a memory of blanks."""
        self._port = 0xFF
        self._memory = bytearray(b" " * 0x80)
        self._address = 0
        self._four_bits = False
        self._half: int | None = None
        self._reading: int | None = None
        self._on = False

    @property
    def text(self) -> list[bytes]:
        """What can be read, as codes of the character generator; blank while the display is off."""
        columns, rows = self._options.columns, self._options.rows
        starts = (0x00, 0x40, columns, 0x40 + columns)[:rows]
        return [bytes(self._memory[start : start + columns]) if self._on else b" " * columns for start in starts]

    @property
    def lit(self) -> bool:
        """Whether the backlight shines."""
        return self._pin(self._pins.backlight) != self._options.backlight_low

    def write(self, data: bytes) -> None:
        """States of the port."""
        for port in data:
            was_enabled, self._port = self._pin(self._pins.enable), port
            now_enabled = self._pin(self._pins.enable)
            if was_enabled and not now_enabled and not self.absent:
                self._falls()

    def read(self, count: int) -> bytes:
        """The port's pins."""
        return bytes((self._seen(),)) * count

    def _pin(self, pin: int) -> bool:
        return bool(self._port >> pin & 1)

    def _data_pins(self) -> tuple[int, int, int, int]:
        return self._pins.d4, self._pins.d5, self._pins.d6, self._pins.d7

    def _seen(self) -> int:
        if self.absent or not self._pin(self._pins.rw) or not self._pin(self._pins.enable):
            return self._port
        half = self._address >> 4 if self._reading is None else self._address & 0x0F
        seen = self._port
        for bit, pin in enumerate(self._data_pins()):
            if not half >> bit & 1:
                seen &= ~(1 << pin)
        return seen

    def _falls(self) -> None:
        if self.swallow:
            self.swallow -= 1
            return
        if self._pin(self._pins.rw):
            self._reading = 0 if self._reading is None else None
            return
        half = sum(1 << bit for bit, pin in enumerate(self._data_pins()) if self._pin(pin))
        if not self._four_bits:
            self._command(half << 4)
        elif self._half is None:
            self._half = half
        else:
            value, self._half = self._half << 4 | half, None
            if self._pin(self._pins.rs):
                self._character(value)
            else:
                self._command(value)

    def _character(self, code: int) -> None:
        self._memory[self._address] = code
        self.characters += 1
        self._address = (self._address + 1) % 0x80

    def _command(self, value: int) -> None:
        if value & 0x80:
            self._address = value & 0x7F
        elif value & 0x20:
            self._four_bits = not value & 0x10
            self._half = None
        elif value & 0x08:
            self._on = bool(value & 0x04)
        elif value == 0x01:
            self._memory[:] = b" " * 0x80
            self._address = 0


def emulate_hd44780(site: EmulationSite, options: Hd44780Options) -> None:
    """Put a backpack with a display on the device's bus; ``plant.parts[device]`` is the :class:`Hd44780Backpack`."""
    chip = Hd44780Backpack(options)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)
