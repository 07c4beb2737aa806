"""The LM75 and its relatives (LM75B, PCT2075, TMP102, TMP1075, TMP117) over I2C: one temperature."""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.errors import ConfigError, ImplausibleReading, WrongIdentity
from cc613hal.interfaces import Identified, Identity, TemperatureReading, TemperatureSensor
from cc613hal.plugins import DeviceContext, Driver
from cc613hal.readings import Quality, finite
from cc613hal_sensors.variants import VARIANTS, Variant

__all__ = ["Lm75", "Lm75Options"]

_TEMPERATURE = 0x00
_CONFIGURATION = 0x01
_OPEN_BUS = 0xFFFF


@frozen(kw_only=True)
class Lm75Options:
    """Which chip it is and what is plausible where it sits.

    Attributes:
        variant: the chip: ``lm75``, ``lm75b``, ``pct2075``, ``tmp102``, ``tmp1075`` or ``tmp117``. They share addresses and most cannot
            tell themselves apart, so a wrong word here means a wrong temperature.
        place: where it sits (``internal``, ``ambient``, ``relay`` …); the simulated cabinet gives each place its temperature.
        offset_c: added to what the chip says, °C, for a place that is warmer or colder than what it stands for.
        low_c: less than this is implausible, °C; the part's own limit if omitted.
        high_c: more than this is implausible, °C; the part's own limit if omitted.
        stuck_s: readings that do not change by a single bit for this long are SUSPECT, s; 0 never. Off by default: a quiet cabinet can
            hold 0.5 °C for hours.
    """

    variant: str = field(default="lm75b", validator=validators.in_(tuple(VARIANTS)))
    place: str = "internal"
    offset_c: float = field(default=0.0, validator=[validators.ge(-50), validators.le(50)])
    low_c: float | None = None
    high_c: float | None = None
    stuck_s: float = field(default=0.0, validator=validators.ge(0))

    def __attrs_post_init__(self) -> None:
        if self.low_c is not None and self.high_c is not None and self.low_c >= self.high_c:
            raise ConfigError(f"low_c = {self.low_c:g} is not below high_c = {self.high_c:g}")


class Lm75(Driver, TemperatureSensor, Identified):
    """A temperature sensor of the LM75 family.

    Args:
        context: the device's place on its board.
        options: which chip it is.
    """

    def __init__(self, context: DeviceContext, options: Lm75Options) -> None:
        self._context = context
        self._options = options
        self._variant: Variant = VARIANTS[options.variant]
        self._low_c = self._variant.low_c if options.low_c is None else options.low_c
        self._high_c = self._variant.high_c if options.high_c is None else options.high_c
        self._last_raw: int | None = None
        self._changed_s = 0.0
        self._complained = False

    async def connect(self) -> None:
        """Check the identity where the chip has one, and start measuring if it was shut down.

        Raises:
            WrongIdentity: another chip's identity.
            BusError: nobody answers.
        """
        await self._check_identity()
        self._last_raw = None
        width, variant = self._variant.config_bytes, self._variant
        configuration = int.from_bytes(await self._context.i2c.write_read(bytes((_CONFIGURATION,)), width), "big")
        if configuration & variant.shutdown_mask == variant.shutdown_value:
            running = configuration & ~variant.shutdown_mask
            await self._context.i2c.write(bytes((_CONFIGURATION,)) + running.to_bytes(width, "big"))
        await self._context.clock.sleep(variant.conversion_s)  # till then the register holds its reset value or an old temperature

    async def aclose(self) -> None:
        """Nothing runs; the chip goes on measuring."""

    async def identify(self) -> Identity:
        """The configured model, proven where the chip has an identity register.

        Raises:
            WrongIdentity: another chip's identity.
        """
        raw = await self._check_identity()
        if raw is None:
            return Identity(model=self._variant.model)
        return Identity(vendor=self._variant.vendor, model=self._variant.model, hardware=f"0x{raw:04X}")

    async def read(self) -> TemperatureReading:
        """The temperature now, °C.

        The quality is SUSPECT where the value has not changed for ``stuck_s``.

        Raises:
            ImplausibleReading: outside the part's or the configured range, or no chip behind the bus.
        """
        raw = int.from_bytes(await self._context.i2c.write_read(bytes((_TEMPERATURE,)), 2), "big")
        try:
            celsius = self._plausible(raw)
        except ImplausibleReading as error:
            self._complained = True
            self._context.health.fault(error.message, error)
            raise
        quality = self._judge(raw)
        if quality is Quality.GOOD and self._complained:
            self._complained = False
            self._context.health.ok("measures again")
        return TemperatureReading(stamp=self._context.clock.stamp(), source=self._context.device, quality=quality, temperature_c=celsius)

    def _plausible(self, raw: int) -> float:
        if raw == _OPEN_BUS and self._variant.shift:  # the unused low bits read 0 in every part that has them
            raise ImplausibleReading("every bit reads 1: the data line is not driven", device=self._context.device, hint="check the wiring")
        return finite(
            self._variant.celsius(raw) + self._options.offset_c,
            what="temperature in °C",
            device=self._context.device,
            low=self._low_c,
            high=self._high_c,
        )

    def _judge(self, raw: int) -> Quality:
        now_s = self._context.clock.monotonic_s()
        if raw != self._last_raw:
            self._last_raw, self._changed_s = raw, now_s
            return Quality.GOOD
        if not self._stuck(now_s):
            return Quality.GOOD
        self._complained = True
        self._context.health.degraded(f"the temperature has not moved by a bit for {self._options.stuck_s:g} s")
        return Quality.SUSPECT

    def _stuck(self, now_s: float) -> bool:
        return bool(self._options.stuck_s) and now_s - self._changed_s >= self._options.stuck_s

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
