"""The LM75 and its relatives (LM75B, PCT2075, TMP102, TMP1075, TMP117) over I2C: one temperature."""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_sensors.thermometer import Measured, Thermometer, ThermometerOptions
from cc613hal_sensors.variants import VARIANTS, Variant

__all__ = ["Lm75", "Lm75Options"]

_TEMPERATURE = 0x00
_CONFIGURATION = 0x01
_OPEN_BUS = 0xFFFF


@frozen(kw_only=True)
class Lm75Options(ThermometerOptions):
    """Which chip it is and what is plausible where it sits.

    Attributes:
        variant: the chip: ``lm75``, ``lm75b``, ``pct2075``, ``tmp102``, ``tmp1075`` or ``tmp117``. They share addresses and most cannot
            tell themselves apart, so a wrong word here means a wrong temperature.
    """

    variant: str = field(default="lm75b", validator=validators.in_(tuple(VARIANTS)))


class Lm75(Thermometer):
    """A temperature sensor of the LM75 family.

    Args:
        context: the device's place on its board.
        options: which chip it is.
    """

    def __init__(self, context: DeviceContext, options: Lm75Options) -> None:
        self._variant: Variant = VARIANTS[options.variant]
        super().__init__(context, options, low_c=self._variant.low_c, high_c=self._variant.high_c)

    async def connect(self) -> None:
        """Check the identity where the chip has one, and start measuring if it was shut down.

        Raises:
            WrongIdentity: another chip's identity.
            BusError: nobody answers.
        """
        await self._check_identity()
        self._forget()
        width, variant = self._variant.config_bytes, self._variant
        configuration = int.from_bytes(await self._context.i2c.write_read(bytes((_CONFIGURATION,)), width), "big")
        if configuration & variant.shutdown_mask == variant.shutdown_value:
            running = configuration & ~variant.shutdown_mask
            await self._context.i2c.write(bytes((_CONFIGURATION,)) + running.to_bytes(width, "big"))
        await self._context.clock.sleep(variant.conversion_s)  # till then the register holds its reset value or an old temperature

    async def identify(self) -> Identity:
        """The configured model, proven where the chip has an identity register.

        Raises:
            WrongIdentity: another chip's identity.
        """
        raw = await self._check_identity()
        if raw is None:
            return Identity(model=self._variant.model)
        return Identity(vendor=self._variant.vendor, model=self._variant.model, hardware=f"0x{raw:04X}")

    async def _measure(self) -> Measured:
        raw = int.from_bytes(await self._context.i2c.write_read(bytes((_TEMPERATURE,)), 2), "big")
        if raw == _OPEN_BUS and self._variant.shift:  # the unused low bits read 0 in every part that has them
            raise self._implausible("every bit reads 1: the data line is not driven", "check the wiring")
        return Measured(self._variant.celsius(raw), raw)

    async def _check_identity(self) -> int | None:
        identity = self._variant.identity
        if identity is None:
            return None
        raw = int.from_bytes(await self._context.i2c.write_read(bytes((identity.address,)), 2), "big")
        if raw & identity.mask != identity.value:
            raise WrongIdentity(
                f"the identity register reads 0x{raw:04X}, a {self._variant.model} has 0x{identity.value:04X}",
                device=self._context.device,
                hint="correct the option variant, or the address",
            )
        return raw
