"""Emulated displays: an HD44780 behind a PCF8574 backpack, and an SSD1306. They show what a passer-by would read.

Sources, as for the drivers: Hitachi HD44780U, NXP PCF8574, Solomon Systech SSD1306 and Sino Wealth SH1106 data sheets.
"""

from __future__ import annotations

from cc613hal.plant.emulation import EmulationSite, I2cChip
from cc613hal_hmi.font import WIDTH, font
from cc613hal_hmi.hd44780 import Hd44780Options
from cc613hal_hmi.ssd1306 import Ssd1306Options

__all__ = ["Hd44780Backpack", "Ssd1306Panel", "emulate_hd44780", "emulate_ssd1306"]


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
            self._half = self._reading = None  # setting the width is how a controller that lost count of halves begins anew
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


class Ssd1306Panel(I2cChip):
    """An SSD1306 or SH1106 with its dots.

    Args:
        options: the driver's, for kind and size.

    Attributes:
        status_stuck: what the status byte reads; ``None`` for the truth.
        data_bytes: bytes of dots written since power-on, for tests of what a change costs.
    """

    _WITH_ARGUMENT = frozenset((0x20, 0x81, 0x8D, 0xA8, 0xAD, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB))

    def __init__(self, options: Ssd1306Options) -> None:
        self.status_stuck: int | None = None
        self.data_bytes = 0
        self._options = options
        self._offset = 2 if options.controller == "sh1106" else 0
        self.power_cycle()

    def power_cycle(self) -> None:
        """The supply went and came back: off, with random dots."""
        self.settings: dict[int, int] = {}
        self.on = False
        self._dots = [bytearray(b"\xa5" * 132) for _ in range(8)]
        self._page = self._column = 0
        self._awaits: int | None = None

    @property
    def text(self) -> list[str]:
        """What can be read; ``\N{REPLACEMENT CHARACTER}`` where the dots are no character."""
        known = {columns: character for character, columns in zip(font().table, font().columns, strict=True)}
        rows: list[str] = []
        for page in range(self._options.height // 8):
            dots = bytes(self._dots[page][self._offset : self._offset + 126])
            row = "".join(known.get(dots[start : start + WIDTH], "\N{REPLACEMENT CHARACTER}") for start in range(0, 126, WIDTH))
            rows.append(row.rstrip() if self.on else "")
        return rows

    def write(self, data: bytes) -> None:
        """Control bytes, commands and dots."""
        position = 0
        while position < len(data):
            control = data[position]
            if control & 0x80:
                self._command(data[position + 1])
                position += 2
                continue
            for value in data[position + 1 :]:
                if control & 0x40:
                    self._dot(value)
                else:
                    self._command(value)
            return

    def read(self, count: int) -> bytes:
        """The status byte."""
        status = (0x00 if self.on else 0x40) if self.status_stuck is None else self.status_stuck
        return bytes((status,)) * count

    def _dot(self, value: int) -> None:
        self.data_bytes += 1
        self._dots[self._page][self._column % 132] = value
        self._column += 1

    def _command(self, value: int) -> None:
        if self._awaits is not None:
            self.settings[self._awaits], self._awaits = value, None
        elif value in self._WITH_ARGUMENT:
            self._awaits = value
        elif value in (0xAE, 0xAF):
            self.on = value == 0xAF
        elif 0xB0 <= value <= 0xB7:
            self._page = value & 0x07
        elif value < 0x10:
            self._column = self._column & 0xF0 | value
        elif value < 0x20:
            self._column = self._column & 0x0F | (value & 0x0F) << 4


def emulate_ssd1306(site: EmulationSite, options: Ssd1306Options) -> None:
    """Put an OLED display on the device's bus; ``plant.parts[device]`` is the :class:`Ssd1306Panel`."""
    panel = Ssd1306Panel(options)
    site.plant.parts[site.device] = panel
    site.attach_i2c(panel)
