"""NXP PCA9633: one RGB or RGBW light on four 8-bit channels over I2C, which the chip can blink by itself.

Facts: NXP PCA9633 data sheet (registers, reset values, equations of the group clock), the Linux driver ``leds-pca963x`` as second reader.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.actor import Priority
from cc613hal.errors import ConfigError, WrongIdentity
from cc613hal.interfaces import Colour, Identity
from cc613hal.plugins import DeviceContext
from cc613hal_hmi.animator import ChipLights, nearest_steps
from cc613hal_hmi.channels import RgbChannels, four_channels

__all__ = ["Pca9633", "Pca9633Options"]

MODE1 = 0x00
MODE2 = 0x01
PWM0 = 0x02
GRPPWM = 0x06
GRPFREQ = 0x07
LEDOUT = 0x08
INCREMENT = 0x80
"""In the control register: go on to the next register after each byte (data sheet, table "Auto-Increment options")."""

SLEEP = 0x10
MODE1_SETTINGS = 0x1F
"""SLEEP, SUB1 to SUB3 and ALLCALL; the bits above only tell about auto-increment."""

GROUP_BLINKS = 0x20
"""DMBLNK: the group clock blinks instead of dimming (data sheet, table "MODE2")."""

INVERTED = 0x10
TOTEM_POLE = 0x04
MODE2_RESERVED = 0xC0
"""Bits 7 and 6 of MODE2 read 0 in every PCA9633."""

OUTNE = 0x01
"""What outputs do while /OE is high; the reset value, "as OUTDRV says"."""

GROUP_STEP_S = 1 / 24
"""The blink period is GRPFREQ + 1 of these (data sheet, section "Group frequency")."""

GROUP_HALF = 0x80
"""GRPPWM: half of the period on."""

BY_PWM = 0b10
BY_PWM_AND_GROUP = 0b11

WAKE_S = 0.0005
"""The oscillator needs 500 µs after SLEEP is cleared (data sheet, remark on MODE1)."""


@frozen(kw_only=True)
class Pca9633Options:
    """How the light is wired.

    Attributes:
        channels: red, green and blue channel of the light; one light, because the chip has four channels.
        white: channel of a white LED that takes over the part all three colours share; ``None`` if there is none.
        inverted: the outputs are inverted (for external N-channel transistors, see the data sheet).
        open_drain: the outputs only pull low.
        hardware_blink: let the chip blink by itself where the period allows; otherwise every change is written.
        brightness: share of full brightness, 0 to 1.
        check_s: how often the chip is asked whether it still has its settings, s; 0 never.
        language: table of patterns by state: ``bender``, ``generic``, or the path of a file.
    """

    channels: RgbChannels = field(default=((0, 1, 2),), converter=four_channels)
    white: int | None = field(default=None, validator=validators.optional([validators.ge(0), validators.le(3)]))
    inverted: bool = False
    open_drain: bool = False
    hardware_blink: bool = True
    brightness: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])
    language: str = "bender"


class Pca9633(ChipLights):
    """A light on a PCA9633.

    Args:
        context: the device's place on its board.
        options: how the light is wired.

    Raises:
        ConfigError: the light language cannot be read, or the white channel is one of a colour.
    """

    def __init__(self, context: DeviceContext, options: Pca9633Options) -> None:
        super().__init__(context, lights=1, image_at=INCREMENT | MODE2, language=options.language, check_s=options.check_s)
        if options.white in options.channels[0]:
            raise ConfigError(f"channel {options.white} is both white and a colour", device=context.device)
        self._options = options
        self._mode2 = (INVERTED if options.inverted else 0) | (0 if options.open_drain else TOTEM_POLE) | OUTNE

    async def identify(self) -> Identity:
        """The chip has no identity register: bits that are 0 in every PCA9633 are checked, and settings that were written.

        Raises:
            WrongIdentity: they are not a PCA9633's.
        """
        mode1, mode2 = await self._context.i2c.write_read(bytes((INCREMENT | MODE1,)), 2)
        if mode2 & MODE2_RESERVED:
            raise WrongIdentity(
                f"MODE2 reads 0x{mode2:02X}; its upper bits are 0 in a PCA9633", device=self._context.device, hint="check address and part"
            )
        if mode1 & MODE1_SETTINGS or mode2 & ~GROUP_BLINKS != self._mode2:
            raise WrongIdentity(
                f"MODE1 and MODE2 read 0x{mode1:02X} and 0x{mode2:02X} after 0x00 and 0x{self._mode2:02X} were written",
                device=self._context.device,
                hint="another chip?",
            )
        return Identity(vendor="NXP", model="PCA9633")

    async def _set_up(self) -> None:
        self._written = None
        mode2 = (await self._context.i2c.write_read(bytes((MODE2,)), 1))[0]
        if mode2 & MODE2_RESERVED:  # look before writing to what may be another chip
            raise WrongIdentity(
                f"MODE2 reads 0x{mode2:02X}; its upper bits are 0 in a PCA9633", device=self._context.device, hint="check address and part"
            )
        await self._context.i2c.write(bytes((MODE1, 0)))  # awake, and no longer listening to the all-call address
        await self._context.clock.sleep(WAKE_S)
        await self._black_out()
        await self.identify()

    async def _has_settings(self) -> bool:
        mode1 = (await self._context.i2c.write_read(bytes((MODE1,)), 1, priority=Priority.DIAGNOSTICS))[0]
        return not mode1 & MODE1_SETTINGS

    def _image(self, lights: tuple[Colour, ...]) -> bytes:
        """MODE2, PWM0 to PWM3, GRPPWM, GRPFREQ, LEDOUT."""
        return bytes((self._mode2, *self._levels(lights[0]), 0xFF, 0, BY_PWM * 0b01010101))

    def _blinking_image(self, lights: tuple[Colour, ...], period_s: float) -> bytes | None:
        steps = nearest_steps(period_s, GROUP_STEP_S, 256) if self._options.hardware_blink else None
        if steps is None:
            return None
        return bytes((self._mode2 | GROUP_BLINKS, *self._levels(lights[0]), GROUP_HALF, steps - 1, BY_PWM_AND_GROUP * 0b01010101))

    def _levels(self, light: Colour) -> tuple[int, int, int, int]:
        levels = [0.0] * 4
        white = 0.0
        if self._options.white is not None:
            white = levels[self._options.white] = min(light.red, light.green, light.blue)
        for channel, share in zip(self._options.channels[0], (light.red, light.green, light.blue), strict=True):
            levels[channel] = share - white
        first, second, third, fourth = (round(255 * min(max(level * self._options.brightness, 0.0), 1.0)) for level in levels)
        return first, second, third, fourth
