"""Texas Instruments LP5562: one RGB or RGBW light whose blinking the chip's own engines make.

The chip has three small engines that run programs of sixteen instructions. A pattern that blinks is a program; engines of one level blink
as one, because they are started with a single write. Rules of the data sheet that hold here: 500 µs pass after ENABLE is written and
153 µs after OP_MODE; programs are loaded only in load mode; an output belongs to an engine or to its register, as LED_MAP says. Facts: TI
LP5562 data sheet SNVS820 (registers, instructions), the Linux driver ``leds-lp5562`` as second reader.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.actor import Priority
from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Colour, Identity
from cc613hal.plugins import DeviceContext
from cc613hal_hmi.animator import ChipLights

__all__ = ["Lp5562", "Lp5562Options", "blink_program"]

ENABLE = 0x00
OP_MODE = 0x01
PWM = (0x04, 0x03, 0x02, 0x0E)
"""Red, green, blue, white."""
CURRENT = (0x07, 0x06, 0x05, 0x0F)
CONFIG = 0x08
RESET = 0x0D
PROGRAM = (0x10, 0x30, 0x50)
LED_MAP = 0x70
MAP_SHIFT = (4, 2, 0, 6)
"""Where LED_MAP has red, green, blue and white; 0 is the register, 1 to 3 an engine."""

CHIP_ON = 0x40
INTERNAL_CLOCK = 0x01
ENABLE_S, OP_MODE_S = 0.0005, 0.000_153
LOAD, RUN = 0b01, 0b10
ENGINE_SHIFT = (4, 2, 0)
"""Where ENABLE and OP_MODE have the engines."""

SET_PWM = 0x4000
WAIT = 0x4000
"""Ramp with the slow prescaler and no step; the count is in bits 13 to 8. SET_PWM has none, which makes the difference."""
GO_TO_START = 0x0000
STEP_S = 0.015_6
"""One count of WAIT (data sheet, "Ramp/Wait": 15.6 ms with the slow prescaler)."""
MOST_COUNTS = 63
MOST_WAITS = 6


@frozen(kw_only=True)
class Lp5562Options:
    """How the light is wired.

    Attributes:
        white: a white LED hangs at output W and takes over the part all three colours share.
        current_ma: of every output at full level, mA.
        hardware_blink: let the chip blink by itself where the period allows; otherwise every change is written.
        external_clock: a 32 kHz clock is connected; otherwise the chip's own is used.
        brightness: share of full brightness, 0 to 1.
        check_s: how often the chip is asked whether it still has its settings, s; 0 never.
        language: table of patterns by state: ``bender``, ``generic``, or the path of a file.
    """

    white: bool = False
    current_ma: float = field(default=17.5, validator=[validators.ge(0.1), validators.le(25.5)])
    hardware_blink: bool = True
    external_clock: bool = False
    brightness: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])
    language: str = "bender"


def blink_program(level: int, half_counts: int) -> bytes:
    """The engine's program: shine, wait, be dark, wait, from the start.

    Args:
        level: 0 to 255.
        half_counts: counts of half of the period; at most ``MOST_WAITS * MOST_COUNTS``.
    """
    program = b""
    for value in (level, 0):
        program += (SET_PWM | value).to_bytes(2, "big")
        left = half_counts
        while left:
            counts = min(left, MOST_COUNTS)
            program += (WAIT | counts << 8).to_bytes(2, "big")
            left -= counts
    return program + GO_TO_START.to_bytes(2, "big")


class Lp5562(ChipLights):
    """A light on an LP5562.

    Its image is not a row of registers: two bytes with half of the blink period in counts of 15.6 ms (0 for steady), then the levels of
    red, green, blue and white.

    Args:
        context: the device's place on its board.
        options: how the light is wired.

    Raises:
        ConfigError: the light language cannot be read.
    """

    def __init__(self, context: DeviceContext, options: Lp5562Options) -> None:
        super().__init__(context, lights=1, image_at=0, language=options.language, check_s=options.check_s)
        self._options = options
        self._current = round(options.current_ma * 10)  # registers count tenths of a milliampere
        self._config = 0 if options.external_clock else INTERNAL_CLOCK

    async def identify(self) -> Identity:
        """The chip has no identity register: what was written to its settings must be there.

        Raises:
            WrongIdentity: it is not.
        """
        if not await self._has_settings():
            raise WrongIdentity(
                "the settings that were written cannot be read back",
                device=self._context.device,
                hint="another chip?",
            )
        return Identity(vendor="Texas Instruments", model="LP5562")

    async def _set_up(self) -> None:
        self._written = None
        await self._put(RESET, 0xFF)
        await self._put(ENABLE, CHIP_ON)
        await self._context.clock.sleep(ENABLE_S)
        await self._put(CONFIG, self._config)
        for register in CURRENT:
            await self._put(register, self._current)
        await self._black_out()
        await self.identify()

    async def _has_settings(self) -> bool:
        enable = await self._get(ENABLE)
        return bool(enable & CHIP_ON) and (await self._get(CONFIG), await self._get(CURRENT[0])) == (self._config, self._current)

    def _image(self, lights: tuple[Colour, ...]) -> bytes:
        return bytes((0, 0, *self._levels(lights[0])))

    def _blinking_image(self, lights: tuple[Colour, ...], period_s: float) -> bytes | None:
        counts = round(period_s / 2 / STEP_S)
        levels = self._levels(lights[0])
        off = abs(2 * counts * STEP_S - period_s) > 0.05 * period_s
        if not self._options.hardware_blink or off or not 1 <= counts <= MOST_WAITS * MOST_COUNTS or len({*levels} - {0}) > 3:
            return None
        return counts.to_bytes(2, "big") + levels

    async def _write(self, image: bytes, held: bytes | None) -> None:
        counts, levels = int.from_bytes(image[:2], "big"), image[2:]
        steady = held is not None and held[:2] == b"\0\0"
        self._written = None
        if not steady or counts:
            await self._stop_engines()
        if counts:
            await self._run_engines(levels, counts)
        else:
            for index, level in enumerate(levels):
                if not steady or held is None or held[2 + index] != level:
                    await self._put(PWM[index], level)
        self._written = image

    async def _stop_engines(self) -> None:
        await self._put(ENABLE, CHIP_ON)
        await self._context.clock.sleep(ENABLE_S)
        await self._put(OP_MODE, 0)
        await self._context.clock.sleep(OP_MODE_S)
        await self._put(LED_MAP, 0)

    async def _run_engines(self, levels: bytes, counts: int) -> None:
        """One engine for each level there is; all are let go with one write, so they blink as one."""
        engine_of = {level: engine for engine, level in enumerate(sorted({*levels} - {0}))}
        engines = range(len(engine_of))
        await self._put(OP_MODE, sum(LOAD << ENGINE_SHIFT[engine] for engine in engines))
        await self._context.clock.sleep(OP_MODE_S)
        for level, engine in engine_of.items():
            for place, byte in enumerate(blink_program(level, counts)):
                await self._put(PROGRAM[engine] + place, byte)
        mapping = 0
        for index, level in enumerate(levels):
            if level:
                mapping |= engine_of[level] + 1 << MAP_SHIFT[index]
            else:
                await self._put(PWM[index], 0)
        await self._put(LED_MAP, mapping)
        running = sum(RUN << ENGINE_SHIFT[engine] for engine in engines)
        await self._put(OP_MODE, running)
        await self._context.clock.sleep(OP_MODE_S)
        await self._put(ENABLE, CHIP_ON | running)
        await self._context.clock.sleep(ENABLE_S)

    def _levels(self, light: Colour) -> bytes:
        white = min(light.red, light.green, light.blue) if self._options.white else 0.0
        shares = (light.red - white, light.green - white, light.blue - white, white)
        return bytes(round(255 * min(max(share * self._options.brightness, 0.0), 1.0)) for share in shares)

    async def _put(self, register: int, value: int) -> None:
        await self._context.i2c.write(bytes((register, value)), priority=Priority.CONTROL)

    async def _get(self, register: int) -> int:
        return (await self._context.i2c.write_read(bytes((register,)), 1, priority=Priority.DIAGNOSTICS))[0]
