"""OLED displays with an SSD1306 (or SH1106) on I2C, as text displays: 21 columns and 8 rows on 128 x 64 dots.

The display's memory has a byte for eight dots on top of each other, a *page* being a row of them: one text row is one page, so that text
can be written cell by cell without keeping a picture. Facts: Solomon Systech SSD1306 data sheet (commands, application note on start-up),
Sino Wealth SH1106 data sheet (132 columns, own charge pump command), the MIT-licensed library luma.oled as second reader.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.actor import Priority
from cc613hal.errors import WrongIdentity
from cc613hal.plugins import DeviceContext
from cc613hal_hmi.characters import Change
from cc613hal_hmi.font import WIDTH, font
from cc613hal_hmi.screen import TextScreen

__all__ = ["Ssd1306", "Ssd1306Options"]

COMMANDS = 0x00
DATA = 0x40
ONE_COMMAND = 0x80
"""Control bytes: what follows (SSD1306 data sheet, section 8.1.5.2)."""

DISPLAY_OFF = 0xAE
DISPLAY_ON = 0xAF
PAGE = 0xB0
COLUMN_LOW = 0x00
COLUMN_HIGH = 0x10
IS_OFF = 0x40
"""Bit 6 of the status byte: the display is off (SSD1306 data sheet, table 9-2, "Status register read")."""

_DOTS = 128
_BURST = 64
"""Bytes of dots in one transaction: about 6 ms on a 100 kHz bus, after which somebody else may go first."""


@frozen(kw_only=True)
class Ssd1306Options:
    """The display.

    Attributes:
        controller: ``ssd1306`` or ``sh1106``.
        height: dots, 64 or 32.
        rotated: mounted upside down.
        contrast: 0 to 255; less keeps OLEDs alive longer.
        read_back: prove by its status byte that the part is there; ``false`` for modules that cannot be read.
        check_s: how often the part is asked whether it lost its supply, s; 0 never. Needs ``read_back``.
    """

    controller: str = field(default="ssd1306", validator=validators.in_(("ssd1306", "sh1106")))
    height: int = field(default=64, validator=validators.in_((32, 64)))
    rotated: bool = False
    contrast: int = field(default=0x7F, validator=[validators.ge(0), validators.le(255)])
    read_back: bool = True
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])


class Ssd1306(TextScreen):
    """An OLED display that shows text.

    Args:
        context: the device's place on its board.
        options: the display.
    """

    def __init__(self, context: DeviceContext, options: Ssd1306Options) -> None:
        super().__init__(
            context,
            size=(_DOTS // WIDTH, options.height // 8),
            table=font().table,
            check_s=options.check_s if options.read_back else 0.0,
            bridge=1,  # moving costs seven bytes, a cell six
        )
        self._options = options
        self._offset = 2 if options.controller == "sh1106" else 0  # 128 dots in the middle of 132 (SH1106 data sheet)

    async def _set_up(self) -> None:
        await self._command(DISPLAY_OFF)
        if self._options.read_back and not await self._status() & IS_OFF:
            raise WrongIdentity(
                "the status byte says the display is on after it was switched off",
                device=self._context.device,
                hint="another chip? read_back = false for modules that cannot be read",
            )
        await self._command(*self._settings())
        blank = bytes(_DOTS)
        for page in range(self._options.height // 8):
            await self._dots(page, 0, blank)  # the memory is random after power-on
        await self._command(DISPLAY_ON)
        if self._options.read_back and await self._status() & IS_OFF:
            raise WrongIdentity("the display stays off after it was switched on", device=self._context.device, hint="another chip?")

    def _settings(self) -> tuple[int, ...]:
        high = self._options.height == 64
        pump = (0xAD, 0x8B) if self._options.controller == "sh1106" else (0x8D, 0x14)  # charge pump on: each part's data sheet
        return (
            *(0xD5, 0x80),  # clock, from here on: SSD1306 data sheet, table 9-1, values as after reset where nothing is said
            *(0xA8, self._options.height - 1),  # rows that are driven
            *(0xD3, 0x00),  # no shift
            0x40,  # first line of the memory on top
            *pump,
            *(0x20, 0x02),  # page addressing; the SH1106 knows no other and takes these for column bits, set again before each write
            0xA0 if self._options.rotated else 0xA1,
            0xC0 if self._options.rotated else 0xC8,
            *(0xDA, 0x12 if high else 0x02),  # how rows are wired to pins
            *(0x81, self._options.contrast),
            *(0xD9, 0xF1),  # precharge, for supply by the charge pump (application note)
            *(0xDB, 0x40),
            0xA4,  # dots follow the memory
            0xA6,  # not inverted
        )

    async def _has_settings(self) -> bool:
        return not await self._status(Priority.DIAGNOSTICS) & IS_OFF  # off after power-on

    async def _write(self, change: Change) -> None:
        columns = font().columns
        await self._dots(change.row, change.column * WIDTH, b"".join(columns[code] for code in change.codes))

    async def _dots(self, page: int, column: int, dots: bytes) -> None:
        for start in range(0, len(dots), _BURST):
            at = column + start + self._offset
            head = bytes((ONE_COMMAND, PAGE | page, ONE_COMMAND, COLUMN_LOW | at & 0x0F, ONE_COMMAND, COLUMN_HIGH | at >> 4, DATA))
            await self._context.i2c.write(head + dots[start : start + _BURST], priority=Priority.CONTROL)

    async def _command(self, *commands: int) -> None:
        await self._context.i2c.write(bytes((COMMANDS, *commands)), priority=Priority.CONTROL)

    async def _status(self, priority: Priority = Priority.CONTROL) -> int:
        return (await self._context.i2c.read(1, priority=priority))[0]
