"""NXP PCA9552: up to five RGB lights on sixteen switched outputs over I2C, with two blink rates made by the chip.

Outputs are on or off; there is no dimming (the chip's clock is too slow to be one: 44 Hz at most flickers). Facts: NXP PCA9552 data sheet
(registers, reset values, blink equations), the Linux driver ``leds-pca955x`` as second reader.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.actor import Priority
from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Colour, Identity, Motion
from cc613hal.plugins import DeviceContext
from cc613hal_hmi.animator import ChipLights, nearest_steps
from cc613hal_hmi.channels import FIVE_LIGHTS, RgbChannels, sixteen_channels

__all__ = ["Pca9552", "Pca9552Options"]

PSC0 = 0x02
LS0 = 0x06
INCREMENT = 0x10
"""In the control register: go on to the next register after each byte (data sheet, section "Control register")."""

ON = 0b00
OFF = 0b01
BLINK = (0b10, 0b11)
"""Selectors of the two blinkers (data sheet, section "LS0 to LS3")."""

STEP_S = 1 / 44
"""The blink period is PSC + 1 of these (data sheet, section "PSC0")."""

HALF = 0x80
"""PWM: half of the period on."""


@frozen(kw_only=True)
class Pca9552Options:
    """How the lights are wired.

    Attributes:
        channels: red, green and blue output of each light, in the order the light language counts them.
        threshold: a primary of at least this brightness is on, 0 to 1; below, it is off.
        active_high: the lights shine while an output is high (behind a transistor); as a rule they hang between supply and output.
        hardware_blink: let the chip blink by itself where the period allows; otherwise every change is written.
        check_s: how often the chip is asked whether it still has its settings, s; 0 never.
        language: table of patterns by state: ``bender``, ``generic``, or the path of a file.
    """

    channels: RgbChannels = field(default=FIVE_LIGHTS, converter=sixteen_channels)
    threshold: float = field(default=0.5, validator=[validators.gt(0), validators.le(1)])
    active_high: bool = False
    hardware_blink: bool = True
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])
    language: str = "bender"


class Pca9552(ChipLights):
    """Lights on a PCA9552.

    Both blinkers are set to the rates of the light language beforehand, so that a state that blinks costs one short write; another rate
    takes the blinker that was used longer ago.

    Args:
        context: the device's place on its board.
        options: how the lights are wired.

    Raises:
        ConfigError: the light language cannot be read.
    """

    def __init__(self, context: DeviceContext, options: Pca9552Options) -> None:
        super().__init__(
            context, lights=len(options.channels), image_at=INCREMENT | PSC0, language=options.language, check_s=options.check_s
        )
        self._options = options
        self._rates = self._usual_rates()
        self._latest = 1
        self._shining, self._dark = (OFF, ON) if options.active_high else (ON, OFF)

    async def identify(self) -> Identity:
        """The chip has no identity register: what was written to its blinkers and selectors must be there.

        Raises:
            WrongIdentity: it is not.
        """
        written = self._written
        held = await self._context.i2c.write_read(bytes((INCREMENT | PSC0,)), 8)
        if written is not None and held != written:
            raise WrongIdentity(
                f"the registers read {held.hex(' ')} after {written.hex(' ')} was written",
                device=self._context.device,
                hint="another chip?",
            )
        return Identity(vendor="NXP", model="PCA9552")

    async def _set_up(self) -> None:
        self._written = None
        await self._black_out()
        await self.identify()

    async def _has_settings(self) -> bool:
        written = self._written
        held = await self._context.i2c.write_read(bytes((INCREMENT | PSC0,)), 8, priority=Priority.DIAGNOSTICS)
        return self._written is not written or held == written  # a picture drawn meanwhile proves nothing, and harms nothing

    def _usual_rates(self) -> list[int]:
        periods = sorted({pattern.period_s for pattern in self._patterns.values() if pattern.motion is Motion.BLINK})
        usual = [steps for period_s in periods if (steps := nearest_steps(period_s, STEP_S, 256)) is not None]
        return [usual[0], usual[-1]] if usual else [22, 88]

    def _image(self, lights: tuple[Colour, ...]) -> bytes:
        """PSC0, PWM0, PSC1, PWM1, LS0 to LS3."""
        return self._registers(lights, self._shining)

    def _blinking_image(self, lights: tuple[Colour, ...], period_s: float) -> bytes | None:
        steps = nearest_steps(period_s, STEP_S, 256) if self._options.hardware_blink else None
        if steps is None:
            return None
        if steps not in self._rates:
            self._rates[1 - self._latest] = steps
        self._latest = self._rates.index(steps)
        return self._registers(lights, BLINK[self._latest])

    def _registers(self, lights: tuple[Colour, ...], selector: int) -> bytes:
        selectors = 0
        for channel in range(16):
            selectors |= self._dark << 2 * channel
        for light, channels in zip(lights, self._options.channels, strict=True):
            for channel, share in zip(channels, (light.red, light.green, light.blue), strict=True):
                if share >= self._options.threshold:
                    selectors ^= (self._dark ^ selector) << 2 * channel
        return bytes((self._rates[0] - 1, HALF, self._rates[1] - 1, HALF)) + selectors.to_bytes(4, "little")
