"""HD44780 text displays (16x2, 20x4, …) behind a PCF8574 or PCF8574A backpack on I2C.

The backpack is eight port pins; each byte written to it is a state of those pins, so a character is four bytes: two half bytes, each with
the enable line high and then low. Facts: Hitachi HD44780U data sheet (commands, start by instruction in 4-bit mode, figure 24, character
tables), NXP PCF8574/PCF8574A data sheet (port, addresses); which pin goes where on the usual backpacks is common practice (RPLCD and
LiquidCrystal_I2C assume the same), and an option.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.actor import Priority
from cc613hal.errors import WrongIdentity
from cc613hal.plugins import DeviceContext
from cc613hal_hmi.characters import A00, A02, Change
from cc613hal_hmi.screen import TextScreen

__all__ = ["Hd44780", "Hd44780Options", "Pins"]

CLEAR = 0x01
ENTRY_RIGHT = 0x06
DISPLAY_OFF = 0x08
DISPLAY_ON = 0x0C
FOUR_BITS_TWO_LINES = 0x28
SET_ADDRESS = 0x80
"""Commands: HD44780U data sheet, table 6."""

POWER_S = 0.040
"""The controller needs more than 40 ms after its supply reaches 2.7 V (data sheet, figure 24)."""

FIRST_S = 0.0041
SECOND_S = 0.0001
"""Waits after the first and the second 8-bit function set (same figure)."""

CLEAR_S = 0.002
"""Clearing takes 1.52 ms at the typical 270 kHz clock (data sheet, table 6); slower copies get some more."""

_BURST = 8
"""Characters in one transaction: about 3 ms on a 100 kHz bus, after which somebody else may go first."""

_PROOF = 0x15
"""An address of the display memory that is written and read back."""


@frozen(kw_only=True)
class Pins:
    """Port pin of each line of the display, 0 to 7.

    Attributes:
        rs: register select.
        rw: read or write.
        enable: takes over at its falling edge.
        backlight: transistor of the backlight.
        d4: data, lowest of the four.
        d5: data.
        d6: data.
        d7: data, highest.
    """

    rs: int = 0
    rw: int = 1
    enable: int = 2
    backlight: int = 3
    d4: int = 4
    d5: int = 5
    d6: int = 6
    d7: int = 7

    def __attrs_post_init__(self) -> None:
        """Refuse two lines on one pin."""
        if sorted((self.rs, self.rw, self.enable, self.backlight, self.d4, self.d5, self.d6, self.d7)) != list(range(8)):
            raise ValueError("pins uses each of the port pins 0 to 7 once")


@frozen(kw_only=True)
class Hd44780Options:
    """The display and its backpack.

    Attributes:
        columns: characters in a row, 8 to 40.
        rows: 1, 2 or 4; a part with four rows has at most 20 columns.
        rom: character generator: ``A00`` (Japanese, the usual one) or ``A02`` (European).
        pins: port pin of each line: ``rs``, ``rw``, ``enable``, ``backlight``, ``d4`` to ``d7``.
        backlight: the backlight shines while the board is open.
        backlight_low: the backlight shines while its pin is low.
        read_back: prove that a display hangs at the port by reading from it; ``false`` where R/W is tied to ground.
        check_s: how often the port is asked whether it lost its supply, s; 0 never.
    """

    columns: int = field(default=16, validator=[validators.ge(8), validators.le(40)])
    rows: int = field(default=2, validator=validators.in_((1, 2, 4)))
    rom: str = field(default="A00", validator=validators.in_(("A00", "A02")))
    pins: Pins = field(factory=Pins)
    backlight: bool = True
    backlight_low: bool = False
    read_back: bool = True
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])


class Hd44780(TextScreen):
    """An HD44780 display on an I2C backpack.

    Args:
        context: the device's place on its board.
        options: the display and its backpack.
    """

    def __init__(self, context: DeviceContext, options: Hd44780Options) -> None:
        columns = min(options.columns, 20) if options.rows == 4 else options.columns
        super().__init__(
            context,
            size=(columns, options.rows),
            table=A02 if options.rom == "A02" else A00,
            check_s=options.check_s,
            bridge=1,  # moving costs as much as one character
        )
        self._options = options
        self._lit = options.backlight
        self._row_starts = (0x00, 0x40, columns, 0x40 + columns)
        pins = options.pins
        self._data = tuple(
            sum(1 << pin for bit, pin in enumerate((pins.d4, pins.d5, pins.d6, pins.d7)) if half >> bit & 1) for half in range(16)
        )

    async def make_safe(self) -> None:
        """Show nothing, backlight off."""
        await self.clear()
        await self.light(False)

    async def light(self, on: bool) -> None:
        """Switch the backlight.

        Raises:
            BusError: the backpack does not answer.
        """
        self._lit = on
        await self._context.i2c.write(bytes((self._idle,)), priority=Priority.CONTROL)

    @property
    def _idle(self) -> int:
        """The port while nothing is written: everything low but the backlight."""
        return (1 if self._lit != self._options.backlight_low else 0) << self._options.pins.backlight

    def _half(self, half: int, *, rs: bool) -> bytes:
        pins = self._idle | self._data[half] | (1 if rs else 0) << self._options.pins.rs
        return bytes((pins | 1 << self._options.pins.enable, pins))  # taken over when E falls

    def _whole(self, value: int, *, rs: bool = False) -> bytes:
        return self._half(value >> 4, rs=rs) + self._half(value & 0x0F, rs=rs)

    async def _send(self, data: bytes) -> None:
        await self._context.i2c.write(data, priority=Priority.CONTROL)

    async def _set_up(self) -> None:
        self._lit = self._options.backlight
        clock = self._context.clock
        await self._send(bytes((self._idle,)))
        await clock.sleep(POWER_S)
        for wait_s in (FIRST_S, SECOND_S, SECOND_S):
            await self._send(self._half(0x3, rs=False))
            await clock.sleep(wait_s)
        await self._send(self._half(0x2, rs=False))  # from here on two halves make a byte
        await self._send(self._whole(FOUR_BITS_TWO_LINES) + self._whole(DISPLAY_OFF) + self._whole(CLEAR))
        await clock.sleep(CLEAR_S)
        await self._send(self._whole(ENTRY_RIGHT) + self._whole(DISPLAY_ON))
        if self._options.read_back:
            await self._prove()
        await self._send(bytes((self._idle,)))

    async def _prove(self) -> None:
        """Set an address and read it back: a bare port, or a port with something else on it, cannot answer that."""
        pins = self._options.pins
        listening = self._idle | self._data[0xF] | 1 << pins.rw  # a port pin reads only while it is written high
        await self._send(self._whole(SET_ADDRESS | _PROOF))
        halves: list[int] = []
        for _ in range(2):
            port = (await self._context.i2c.write_read(bytes((listening, listening | 1 << pins.enable)), 1))[0]
            await self._send(bytes((listening,)))
            halves.append(sum(1 << bit for bit, pin in enumerate((pins.d4, pins.d5, pins.d6, pins.d7)) if port >> pin & 1))
        answer = halves[0] << 4 | halves[1]
        await self._send(bytes((self._idle,)))
        if answer != _PROOF:
            raise WrongIdentity(
                f"the display's address counter reads 0x{answer:02X} after 0x{_PROOF:02X} was written",
                device=self._context.device,
                hint="is a display wired to the port, and as the option pins says? read_back = false where R/W is tied to ground",
            )

    async def _has_settings(self) -> bool:
        port = (await self._context.i2c.read(1, priority=Priority.DIAGNOSTICS))[0]
        return port & ~(1 << self._options.pins.backlight) == 0  # after power-on every pin is high (PCF8574 data sheet, section 7.3)

    async def _write(self, change: Change) -> None:
        data = self._whole(SET_ADDRESS | (self._row_starts[change.row] + change.column))
        for start in range(0, len(change.codes), _BURST):
            for code in change.codes[start : start + _BURST]:
                data += self._whole(code, rs=True)
            await self._send(data + bytes((self._idle,)))  # a port at rest is what the check expects
            data = b""
