"""NXP PCA9685: up to five RGB lights on sixteen 12-bit channels over I2C.

The chip keeps what it was told, so a steady pattern costs nothing; a moving one costs one write per change. Facts: NXP PCA9685 data
sheet (registers, timing), Adafruit_CircuitPython_PCA9685 as second reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from attrs import field, frozen, validators

from cc613hal.bus.actor import Priority
from cc613hal.errors import BusError, ConfigError, WrongIdentity
from cc613hal.interfaces import Colour, Identified, Identity, Indicator, Pattern, SafeState
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_hmi.frames import Still, stills
from cc613hal_hmi.language import status_patterns

__all__ = ["Pca9685", "Pca9685Options"]

MODE1 = 0x00
MODE2 = 0x01
LED0_ON_L = 0x06
ALL_LED_ON_L = 0xFA
PRE_SCALE = 0xFE

AUTO_INCREMENT = 0x20
SLEEP = 0x10
OUTPUT_INVERTED = 0x10
TOTEM_POLE = 0x04
MODE2_RESERVED = 0xE0
"""Bits 7 to 5 of MODE2 read 0 in every PCA9685 (data sheet, table 6)."""

OSCILLATOR_HZ = 25_000_000.0
WAKE_S = 0.0005
"""The oscillator needs 500 µs after SLEEP is cleared (data sheet, section 7.3.1.1)."""

_FULL = 4096
_FULL_OFF = b"\x00\x00\x00\x10"
_FULL_ON = b"\x00\x10\x00\x00"


def _channels(value: object) -> tuple[tuple[int, int, int], ...]:
    if not isinstance(value, list | tuple):
        raise TypeError("channels is a list of [red, green, blue]")
    lights = tuple(tuple(light) for light in value)
    used = [channel for light in lights for channel in light]
    if not lights or any(len(light) != 3 for light in lights):
        raise ValueError("each light needs three channels: [red, green, blue]")
    if any(not isinstance(channel, int) or not 0 <= channel <= 15 for channel in used):
        raise ValueError("channels are numbered 0 to 15")
    if len(set(used)) != len(used):
        raise ValueError("a channel is used twice")
    return tuple((light[0], light[1], light[2]) for light in lights)


@frozen(kw_only=True)
class Pca9685Options:
    """How the lights are wired.

    Attributes:
        channels: red, green and blue channel of each light, in the order the light language counts them.
        frequency_hz: of the pulse width modulation.
        inverted: the outputs are inverted (lights on N-channel transistors need ``false``, see the data sheet's table 12).
        open_drain: the outputs only pull low.
        brightness: share of full brightness, 0 to 1.
        check_s: how often the chip is asked whether it still has its settings, s; 0 never.
        language: table of patterns by state: ``bender``, ``generic``, or the path of a file.
    """

    channels: tuple[tuple[int, int, int], ...] = field(
        default=((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11), (12, 13, 14)), converter=_channels
    )
    frequency_hz: float = field(default=200.0, validator=[validators.ge(24), validators.le(1526)])
    inverted: bool = False
    open_drain: bool = False
    brightness: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])
    language: str = "bender"


class Pca9685(Driver, Indicator, SafeState, Identified):
    """Lights on a PCA9685.

    Args:
        context: the device's place on its board.
        options: how the lights are wired.

    Raises:
        ConfigError: the light language cannot be read.
    """

    def __init__(self, context: DeviceContext, options: Pca9685Options) -> None:
        self._context = context
        self._options = options
        self._patterns = status_patterns(options.language)
        self._written: bytes | None = None
        self._shown: Pattern | None = None
        self._moving: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._first = min(channel for light in options.channels for channel in light)
        self._count = max(channel for light in options.channels for channel in light) - self._first + 1

    # -- life ---------------------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Check that it is such a chip, set it up, and show again what was shown before it was gone.

        Raises:
            WrongIdentity: the registers are not a PCA9685's.
            BusError: nobody answers.
        """
        await self._set_up()
        if self._shown is not None:
            await self._start(self._shown)
        if self._options.check_s and (self._watching is None or self._watching.done()):
            self._watching = asyncio.create_task(self._watch(), name=f"{self._context.device}.watch")

    async def aclose(self) -> None:
        """Stop moving and watching; the lights stay as they are."""
        await self._stop()
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def identify(self) -> Identity:
        """The chip has no identity register: what its mode and prescale registers can prove is checked.

        Raises:
            WrongIdentity: they are not a PCA9685's.
        """
        await self._check_chip()
        prescale = (await self._context.i2c.write_read(bytes((PRE_SCALE,)), 1))[0]
        if prescale != self._prescale:
            raise WrongIdentity(
                f"the prescale register reads {prescale}, {self._prescale} was written", device=self._context.device, hint="another chip?"
            )
        return Identity(vendor="NXP", model="PCA9685")

    async def make_safe(self) -> None:
        """Every light off."""
        await self.dark()

    # -- lights -------------------------------------------------------------------------------------------------------------------

    @property
    def lights(self) -> int:
        """How many lights there are."""
        return len(self._options.channels)

    @property
    def shown(self) -> Pattern | None:
        """The pattern that is shown."""
        return self._shown

    @property
    def patterns(self) -> Mapping[str, Pattern]:
        """The light language: pattern by state."""
        return self._patterns

    async def show(self, pattern: Pattern) -> None:
        """Show a pattern until the next call.

        Raises:
            BusError: the chip does not answer; the pattern is shown as soon as it is back.
            ConfigError: a moving pattern has a period of less than 0.1 s, or one with no colours was given.
        """
        if not pattern.colours:
            raise ConfigError("a pattern needs at least one colour", device=self._context.device)
        if any(0 < still.duration_s < 0.02 for still in stills(pattern, self.lights)):
            raise ConfigError(f"a period of {pattern.period_s:g} s is too fast for these lights", device=self._context.device)
        if pattern == self._shown and (self._moving is None or not self._moving.done()) and self._written is not None:
            return
        await self._start(pattern)

    async def show_state(self, state: str) -> None:
        """Show what the light language says for a state.

        Raises:
            ConfigError: the language has no such state.
        """
        if state not in self._patterns:
            raise ConfigError(
                f"the light language has no state {state!r}", device=self._context.device, hint=f"there are: {', '.join(self._patterns)}"
            )
        await self.show(self._patterns[state])

    async def dark(self) -> None:
        """Switch every light off."""
        await self._stop()
        self._shown = None
        self._written = None
        await self._context.i2c.write(bytes((ALL_LED_ON_L,)) + _FULL_OFF, priority=Priority.CONTROL)
        self._written = _FULL_OFF * self._count

    # -- animation ----------------------------------------------------------------------------------------------------------------

    async def _start(self, pattern: Pattern) -> None:
        await self._stop()
        self._shown = pattern
        pictures = stills(pattern, self.lights)
        try:
            await self._draw(self._registers(pictures[0].lights))
        finally:
            if len(pictures) > 1:  # moves on as soon as the chip is back
                self._moving = asyncio.create_task(self._move(pictures), name=f"{self._context.device}.pattern")

    async def _stop(self) -> None:
        task, self._moving = self._moving, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _move(self, pictures: tuple[Still, ...]) -> None:
        drawn = [(self._registers(still.lights), still.duration_s) for still in pictures]
        clock = self._context.clock
        due_s = clock.monotonic_s()
        while True:
            for registers, duration_s in drawn:
                try:
                    await self._draw(registers)
                except BusError as error:
                    self._context.log.debug("%s: a picture was lost: %s", self._context.device, error)
                due_s = max(due_s + duration_s, clock.monotonic_s())
                await clock.sleep(due_s - clock.monotonic_s())

    def _registers(self, lights: tuple[Colour, ...]) -> bytes:
        channels = [_FULL_OFF] * self._count
        for light, (red, green, blue) in zip(lights, self._options.channels, strict=True):
            for channel, share in ((red, light.red), (green, light.green), (blue, light.blue)):
                channels[channel - self._first] = _channel(share * self._options.brightness)
        return b"".join(channels)

    async def _draw(self, registers: bytes) -> None:
        """Write the span of registers that differs from what the chip holds; nothing if there is none."""
        written = self._written
        if registers == written:
            return
        first, last = 0, len(registers)
        if written is not None:
            while registers[first] == written[first]:
                first += 1
            while registers[last - 1] == written[last - 1]:
                last -= 1
            first -= first % 4  # a channel's four registers go together
            last += -last % 4
        self._written = None
        await self._context.i2c.write(bytes((LED0_ON_L + 4 * self._first + first,)) + registers[first:last], priority=Priority.CONTROL)
        self._written = registers

    # -- the chip -----------------------------------------------------------------------------------------------------------------

    @property
    def _prescale(self) -> int:
        return round(OSCILLATOR_HZ / (_FULL * self._options.frequency_hz)) - 1  # data sheet, section 7.3.5, equation 1

    @property
    def _mode2(self) -> int:
        return (OUTPUT_INVERTED if self._options.inverted else 0) | (0 if self._options.open_drain else TOTEM_POLE)

    async def _check_chip(self) -> None:
        mode2 = (await self._context.i2c.write_read(bytes((MODE2,)), 1))[0]
        if mode2 & MODE2_RESERVED:
            raise WrongIdentity(
                f"MODE2 reads 0x{mode2:02X}; its upper bits are 0 in a PCA9685", device=self._context.device, hint="check address and part"
            )

    async def _set_up(self) -> None:
        i2c = self._context.i2c
        await self._check_chip()
        self._written = None
        await i2c.write(bytes((MODE1, SLEEP | AUTO_INCREMENT)))  # the prescaler can be written only asleep; all-call is off from here on
        await i2c.write(bytes((PRE_SCALE, self._prescale)))
        await i2c.write(bytes((MODE2, self._mode2)))
        await i2c.write(bytes((ALL_LED_ON_L,)) + _FULL_OFF)
        await i2c.write(bytes((MODE1, AUTO_INCREMENT)))
        await self._context.clock.sleep(WAKE_S)
        await self._confirm()
        self._written = _FULL_OFF * self._count

    async def _confirm(self) -> None:
        mode1 = (await self._context.i2c.write_read(bytes((MODE1,)), 1))[0]
        if mode1 & 0x7F != AUTO_INCREMENT:
            raise WrongIdentity(
                f"MODE1 reads 0x{mode1:02X} after 0x{AUTO_INCREMENT:02X} was written", device=self._context.device, hint="another chip?"
            )
        await self.identify()

    async def _watch(self) -> None:
        """See that the chip still has its settings: one that lost its supply sleeps and would stay dark behind a steady pattern."""
        while True:
            await self._context.clock.sleep(self._options.check_s)
            try:
                mode1 = (await self._context.i2c.write_read(bytes((MODE1,)), 1, priority=Priority.DIAGNOSTICS))[0]
                if mode1 & SLEEP or not mode1 & AUTO_INCREMENT:
                    self._context.log.warning(
                        "%s: the chip lost its settings (MODE1 0x%02X) and is set up again", self._context.device, mode1
                    )
                    await self._set_up()
                    if self._shown is not None:
                        await self._start(self._shown)
            except BusError as error:
                self._written = None
                self._context.log.debug("%s: the check failed: %s", self._context.device, error)
            except WrongIdentity as error:
                self._context.health.fault(str(error), error)


def _channel(share: float) -> bytes:
    """The four registers of a channel: on at 0, off after its share of 4096 steps; full on and full off have bits of their own."""
    steps = round(share * _FULL)
    if steps <= 0:
        return _FULL_OFF
    if steps >= _FULL:
        return _FULL_ON
    return b"\x00\x00" + steps.to_bytes(2, "little")
