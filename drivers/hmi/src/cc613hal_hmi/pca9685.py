"""NXP PCA9685: up to five RGB lights on sixteen 12-bit channels over I2C.

The chip keeps what it was told, so a steady pattern costs nothing; a moving one costs one write per change. Facts: NXP PCA9685 data
sheet (registers, timing), Adafruit_CircuitPython_PCA9685 as second reader.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.bus.actor import Priority
from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Colour, Identity
from cc613hal.plugins import DeviceContext
from cc613hal_hmi.animator import ChipLights
from cc613hal_hmi.channels import FIVE_LIGHTS, RgbChannels, sixteen_channels

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

    channels: RgbChannels = field(default=FIVE_LIGHTS, converter=sixteen_channels)
    frequency_hz: float = field(default=200.0, validator=[validators.ge(24), validators.le(1526)])
    inverted: bool = False
    open_drain: bool = False
    brightness: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])
    check_s: float = field(default=30.0, validator=[validators.ge(0), validators.le(3600)])
    language: str = "bender"


class Pca9685(ChipLights):
    """Lights on a PCA9685.

    Args:
        context: the device's place on its board.
        options: how the lights are wired.

    Raises:
        ConfigError: the light language cannot be read.
    """

    def __init__(self, context: DeviceContext, options: Pca9685Options) -> None:
        self._first = min(channel for light in options.channels for channel in light)
        super().__init__(
            context,
            lights=len(options.channels),
            image_at=LED0_ON_L + 4 * self._first,
            together=4,
            language=options.language,
            check_s=options.check_s,
        )
        self._options = options
        self._count = max(channel for light in options.channels for channel in light) - self._first + 1

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

    def _image(self, lights: tuple[Colour, ...]) -> bytes:
        channels = [_FULL_OFF] * self._count
        for light, (red, green, blue) in zip(lights, self._options.channels, strict=True):
            for channel, share in ((red, light.red), (green, light.green), (blue, light.blue)):
                channels[channel - self._first] = _channel(share * self._options.brightness)
        return b"".join(channels)

    async def _black_out(self) -> None:
        await self._context.i2c.write(bytes((ALL_LED_ON_L,)) + _FULL_OFF, priority=Priority.CONTROL)
        self._written = _FULL_OFF * self._count

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

    async def _has_settings(self) -> bool:
        mode1 = (await self._context.i2c.write_read(bytes((MODE1,)), 1, priority=Priority.DIAGNOSTICS))[0]
        return mode1 & (SLEEP | AUTO_INCREMENT) == AUTO_INCREMENT


def _channel(share: float) -> bytes:
    """The four registers of a channel: on at 0, off after its share of 4096 steps; full on and full off have bits of their own."""
    steps = round(share * _FULL)
    if steps <= 0:
        return _FULL_OFF
    if steps >= _FULL:
        return _FULL_ON
    return b"\x00\x00" + steps.to_bytes(2, "little")
