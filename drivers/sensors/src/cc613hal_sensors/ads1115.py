"""A PT1000 or PT100 in a divider at one input of a TI ADS1115 over I2C: one temperature.

::

    supply ──[ series_ohm ]──┬──[ element ]── ground        input: here

The supply is a figure of the board file, or measured at another input of the same chip (``supply_input``): only the ratio counts then, and
the supply's error and drift with it are gone. Every reading starts its own conversions, so the chip may be put to other uses between them.
Facts: TI ADS1115 data sheet SBAS444; second readers: Adafruit_CircuitPython_ADS1x15, Linux drivers/iio/adc/ti-ads1015.c.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen, validators

from cc613hal.errors import ConfigError, WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_sensors import rtd
from cc613hal_sensors.thermometer import Measured, Thermometer, ThermometerOptions

__all__ = ["FULL_SCALE_V", "Ads1115", "Ads1115Options"]

CONVERSION = 0x00
CONFIGURATION = 0x01
LOW_THRESHOLD = 0x02
HIGH_THRESHOLD = 0x03
THRESHOLDS: tuple[int, int] = (0x8000, 0x7FFF)
"""After power-on (data sheet, table 9); not used."""

START = 0x8000
"""Written: start a conversion; read: no conversion is going on."""
SINGLE_SHOT = 0x0100
NO_COMPARATOR = 0x0003
INPUT_TO_GROUND = 0x4000
"""Input 0 against ground; the others follow in steps of 0x1000 (data sheet, table 8)."""
FULL_SCALE_V: Mapping[float, int] = {6.144: 0x0000, 4.096: 0x0200, 2.048: 0x0400, 1.024: 0x0600, 0.512: 0x0800, 0.256: 0x0A00}
"""Range of the amplifier, V → its bits; no input may be above the chip's supply, whatever the range (data sheet)."""
_RATE_8_PER_S = 0x0000
_CONVERSION_S = 0.125 * 1.1 + 0.00003
"""A conversion at 8 per second, at the slow end of the oscillator (data sheet: ±10 %), and waking up (30 µs)."""

_LOW_C, _HIGH_C = -45.0, 130.0
"""What is plausible at a charging station (inferred); the element can do more."""


@frozen(kw_only=True)
class Ads1115Options(ThermometerOptions):
    """The element, its divider, and what is plausible where it sits.

    Attributes:
        r0_ohm: resistance of the element at 0 °C, Ω: 1000 for a PT1000, 100 for a PT100.
        series_ohm: resistor between the supply and the element, Ω.
        input: input between both, 0 to 3.
        supply_v: supply of the divider, V; not used where it is measured.
        supply_input: input that measures the supply of the divider, 0 to 3; ``supply_v`` is trusted if omitted.
        range_v: range of the converter for the element, V: 6.144, 4.096, 2.048, 1.024, 0.512 or 0.256.
        supply_range_v: range for the supply, V.
    """

    r0_ohm: float = field(default=1000.0, validator=[validators.ge(10), validators.le(10000)])
    series_ohm: float = field(default=2200.0, validator=[validators.ge(10), validators.le(100000)])
    input: int = field(default=0, validator=[validators.ge(0), validators.le(3)])
    supply_v: float = field(default=3.3, validator=[validators.gt(0), validators.le(5.5)])
    supply_input: int | None = None
    range_v: float = field(default=2.048, validator=validators.in_(tuple(FULL_SCALE_V)))
    supply_range_v: float = field(default=4.096, validator=validators.in_(tuple(FULL_SCALE_V)))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.supply_input is not None and (self.supply_input == self.input or not 0 <= self.supply_input <= 3):
            raise ConfigError(f"supply_input = {self.supply_input} is not another one of the inputs 0 to 3")

    def share(self, celsius: float) -> float:
        """The element's part of the divider's supply at a temperature."""
        element_ohm = rtd.ohm(celsius, self.r0_ohm)
        return element_ohm / (element_ohm + self.series_ohm)

    def celsius(self, share: float) -> float:
        """The temperature at which the element has that part of the supply, °C; infinite for an open or shorted one."""
        if share >= 1.0:
            return float("inf")
        return rtd.celsius(self.series_ohm * share / (1.0 - share), self.r0_ohm)


class Ads1115(Thermometer):
    """A resistance thermometer at an ADS1115.

    Args:
        context: the device's place on its board.
        options: the element and its divider.
    """

    def __init__(self, context: DeviceContext, options: Ads1115Options) -> None:
        super().__init__(context, options, low_c=_LOW_C, high_c=_HIGH_C)
        self._options = options

    async def connect(self) -> None:
        """Prove by a setting that it keeps that it is an ADS1115 (or ADS1015, or ADS1113): it has no identity register.

        Raises:
            WrongIdentity: something keeps other values than were written.
            BusError: nobody answers.
        """
        self._forget()
        await self.identify()

    async def identify(self) -> Identity:
        """The configured model, as far as its configuration can prove it.

        Raises:
            WrongIdentity: something keeps other values than were written.
            BusError: nobody answers.
        """
        wanted = self._configuration(self._options.input, self._options.range_v)
        await self._convert(wanted)
        kept = await self._word(CONFIGURATION)
        if kept != wanted | START:
            raise WrongIdentity(
                f"configuration 0x{wanted:04X} was written and reads 0x{kept:04X} after its conversion",
                device=self._context.device,
                hint="no ADS1115: check part and address; LM75, TMP102 and others share it",
            )
        return Identity(vendor="Texas Instruments", model="ADS1115")

    async def _measure(self) -> Measured:
        options = self._options
        raw = await self._value(options.input, options.range_v)
        if raw == 0x7FFF:
            raise self._implausible(
                "the input is at the end of the range: the element or its wire is open", "check the element, and range_v"
            )
        supply_v = options.supply_v
        if options.supply_input is not None:
            supply_v = _volt(await self._value(options.supply_input, options.supply_range_v), options.supply_range_v)
        volt = _volt(raw, options.range_v)
        if supply_v <= 0.1 or volt >= 0.98 * supply_v:
            raise self._implausible(
                f"{volt:.3f} V of {supply_v:.3f} V: the element or its wire is open, or the divider has no supply", "check the divider"
            )
        return Measured(options.celsius(volt / supply_v), raw)

    async def _value(self, source: int, range_v: float) -> int:
        """One conversion, proven to be the one that was asked for: somebody else may use the chip."""
        wanted = self._configuration(source, range_v)
        for _ in range(2):
            await self._convert(wanted)
            if await self._word(CONFIGURATION) == wanted | START:
                raw = await self._word(CONVERSION)
                return raw - 0x10000 if raw & 0x8000 else raw
        raise self._implausible("the conversion that was started is not the one that ended", "does another program use the chip?")

    async def _convert(self, configuration: int) -> None:
        await self._context.i2c.write(bytes((CONFIGURATION,)) + (configuration | START).to_bytes(2, "big"))
        await self._context.clock.sleep(_CONVERSION_S)

    @staticmethod
    def _configuration(source: int, range_v: float) -> int:
        return INPUT_TO_GROUND + 0x1000 * source | FULL_SCALE_V[range_v] | SINGLE_SHOT | _RATE_8_PER_S | NO_COMPARATOR

    async def _word(self, register: int) -> int:
        return int.from_bytes(await self._context.i2c.write_read(bytes((register,)), 2), "big")


def _volt(raw: int, range_v: float) -> float:
    return raw * range_v / 32768
