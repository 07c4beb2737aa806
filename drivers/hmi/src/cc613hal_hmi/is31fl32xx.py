"""Lumissil IS31FL3218, IS31FL3235 and IS31FL3236: six to twelve RGB lights on 8-bit channels over I2C.

The chips take orders and answer nothing: they acknowledge, and no register can be read. So nobody can prove that it is the chip, and one
that lost its supply cannot be asked; its settings are written again every ``check_s`` instead. New levels show only when the update
register is written, so a picture never appears half. Facts: Lumissil data sheets of the three (register tables), the Linux driver
``leds-is31fl32xx`` as second reader.
"""

from __future__ import annotations

import enum

from attrs import field, frozen, validators

from cc613hal.bus.actor import Priority
from cc613hal.errors import ConfigError
from cc613hal.interfaces import Colour, Identity
from cc613hal.plugins import DeviceContext
from cc613hal_hmi.animator import ChipLights
from cc613hal_hmi.channels import SIX_LIGHTS, RgbChannels, thirty_six_channels

__all__ = ["CHIPS", "Is31fl32xx", "Is31fl32xxOptions", "Layout", "Part"]


class Part(enum.Enum):
    """Which chip it is; it cannot be asked."""

    IS31FL3218 = "is31fl3218"
    IS31FL3235 = "is31fl3235"
    IS31FL3236 = "is31fl3236"


@frozen(kw_only=True)
class Layout:
    """Where a chip has its registers.

    Attributes:
        channels: how many outputs it has.
        pwm: of the first output; one register each.
        update: writing here shows what was written before.
        control: of the first outputs' switches.
        per_control: how many outputs share a switch register; 1 also has their current in it.
        reset: writing here returns everything to power-on.
    """

    channels: int
    pwm: int
    update: int
    control: int
    per_control: int
    reset: int


SHUTDOWN = 0x00
"""1 is on, in every chip of the family."""

CHIPS = {
    Part.IS31FL3218: Layout(channels=18, pwm=0x01, update=0x16, control=0x13, per_control=6, reset=0x17),
    Part.IS31FL3235: Layout(channels=28, pwm=0x05, update=0x25, control=0x2A, per_control=1, reset=0x4F),
    Part.IS31FL3236: Layout(channels=36, pwm=0x01, update=0x25, control=0x26, per_control=1, reset=0x4F),
}
"""Register tables of the data sheets; leds-is31fl32xx has the same."""


@frozen(kw_only=True)
class Is31fl32xxOptions:
    """How the lights are wired.

    Attributes:
        part: which chip it is: ``is31fl3218``, ``is31fl3235`` or ``is31fl3236``.
        channels: red, green and blue output of each light, from 0, in the order the light language counts them.
        current_divider: 1 to 4: the outputs' current is this part of what the resistor sets; only 1 with the IS31FL3218.
        brightness: share of full brightness, 0 to 1.
        check_s: how often the settings are written again, in case the chip lost its supply, s; 0 never.
        language: table of patterns by state: ``bender``, ``generic``, or the path of a file.
    """

    part: Part = Part.IS31FL3236
    channels: RgbChannels = field(default=SIX_LIGHTS, converter=thirty_six_channels)
    current_divider: int = field(default=1, validator=[validators.ge(1), validators.le(4)])
    brightness: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])
    language: str = "bender"


class Is31fl32xx(ChipLights):
    """Lights on a chip of the family.

    Args:
        context: the device's place on its board.
        options: how the lights are wired.

    Raises:
        ConfigError: the chip has no such output or no such divider, or the light language cannot be read.
    """

    def __init__(self, context: DeviceContext, options: Is31fl32xxOptions) -> None:
        self._layout = layout = CHIPS[options.part]
        used = [channel for light in options.channels for channel in light]
        if max(used) >= layout.channels:
            raise ConfigError(
                f"the {options.part.name} has no output {max(used)}", device=context.device, hint=f"it has 0 to {layout.channels - 1}"
            )
        if options.current_divider != 1 and layout.per_control != 1:
            raise ConfigError(f"the {options.part.name} cannot divide its current", device=context.device, hint="current_divider = 1")
        super().__init__(
            context,
            lights=len(options.channels),
            image_at=layout.pwm,
            language=options.language,
            check_s=options.check_s,
        )
        self._options = options

    async def identify(self) -> Identity:
        """What the board file says: the chip acknowledges, and cannot be read.

        Raises:
            BusError: nobody acknowledges.
        """
        await self._context.i2c.write(bytes((SHUTDOWN, 1)))
        return Identity(vendor="Lumissil", model=self._options.part.name)

    def _image(self, lights: tuple[Colour, ...]) -> bytes:
        levels = bytearray(self._layout.channels)
        for light, channels in zip(lights, self._options.channels, strict=True):
            for channel, share in zip(channels, (light.red, light.green, light.blue), strict=True):
                levels[channel] = round(255 * min(max(share * self._options.brightness, 0.0), 1.0))
        return bytes(levels)

    async def _write(self, image: bytes, held: bytes | None) -> None:
        await super()._write(image, held)
        self._written = None
        await self._context.i2c.write(bytes((self._layout.update, 0)), priority=Priority.CONTROL)
        self._written = image

    async def _set_up(self) -> None:
        self._written = None
        await self._context.i2c.write(bytes((self._layout.reset, 0)))
        await self._switch_on()
        await self._black_out()

    async def _switch_on(self) -> None:
        await self._context.i2c.write(bytes((self._layout.control,)) + self._switches())
        await self._context.i2c.write(bytes((SHUTDOWN, 1)))

    async def _has_settings(self) -> bool:
        """Nobody can tell; so they are written again, without resetting what shines."""
        await self._switch_on()
        held = self._written
        if held is not None:
            await self._write(held, None)
        return True

    def _switches(self) -> bytes:
        used = {channel for light in self._options.channels for channel in light}
        if self._layout.per_control == 1:  # bit 0 switches, bits 2 and 1 are the divider less one
            on = 1 | self._options.current_divider - 1 << 1
            return bytes(on if channel in used else 0 for channel in range(self._layout.channels))
        step = self._layout.per_control
        return bytes(sum(1 << bit for bit in range(step) if first + bit in used) for first in range(0, self._layout.channels, step))
