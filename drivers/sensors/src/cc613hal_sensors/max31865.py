"""A PT1000 or PT100 through a Maxim MAX31865 over SPI: one temperature, and what is wrong with the wires.

It converts without pause; a reading fetches the configuration together with the value, so that a chip that lost its supply (and is then
silent at its last zero) is noticed by the same transfer. Facts: Maxim MAX31865 data sheet 19-6478 rev. 3; second readers:
Adafruit_CircuitPython_MAX31865, Linux drivers/iio/temperature/max31865.c.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen, validators

from cc613hal.bus.spi import SpiSettings
from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_sensors import rtd
from cc613hal_sensors.spi_doubt import SpiDoubt, nobody_there
from cc613hal_sensors.thermometer import Measured, Thermometer, ThermometerOptions

__all__ = ["FAULTS", "Max31865", "Max31865Options"]

CONFIGURATION = 0x00
RTD = 0x01
HIGH_THRESHOLD = 0x03
FAULT_STATUS = 0x07
WRITE = 0x80
"""Added to an address to write (data sheet, table 1)."""

BIAS = 0x80
AUTOMATIC = 0x40
ONE_SHOT = 0x20
THREE_WIRES = 0x10
DETECT = 0x04
"""Look for open wires, with automatic delay; the bits read 0 when it is done."""
CLEAR_FAULTS = 0x02
FILTER_50_HZ = 0x01
_KEPT = BIAS | AUTOMATIC | THREE_WIRES | FILTER_50_HZ
"""Bits that read as written; the others end by themselves."""

FAULTS: Mapping[int, str] = {
    0x80: "above the high threshold: the element or a wire is open",
    0x40: "below the low threshold: the element or its wires are shorted",
    0x20: "REFIN− too high: the element is open",
    0x10: "REFIN− too low with FORCE− open: a wire is shorted to ground or open",
    0x08: "RTDIN− too low with FORCE− open: a wire is shorted to ground or open",
    0x04: "over- or undervoltage at an input",
}
"""Bits of the fault status (data sheet, table 6), and what they point to (table 7)."""

_SETTINGS = SpiSettings(mode=1, speed_hz=1_000_000)
"""Modes 1 and 3, up to 5 MHz (data sheet)."""
_BIAS_S = 0.0105
"""Until the input network has settled: 10 ms and a margin (data sheet: 10.5 time constants and 1 ms)."""
_FIRST_CONVERSION_S: Mapping[int, float] = {50: 0.066, 60: 0.055}
"""Longest first conversion by filter (data sheet)."""
_DETECT_S = 0.001
"""Longest search for open wires (data sheet: 550 µs)."""
_FULL_SCALE = 32768

_LOW_C, _HIGH_C = -45.0, 130.0
"""What is plausible at a charging station (inferred); the part and the element can do more."""


@frozen(kw_only=True)
class Max31865Options(ThermometerOptions):
    """The element, how it is wired, and what is plausible where it sits.

    Attributes:
        r0_ohm: resistance of the element at 0 °C, Ω: 1000 for a PT1000, 100 for a PT100.
        reference_ohm: reference resistor on the board, Ω: usually 4300 for a PT1000 (some boards 4000) and 430 for a PT100.
        wires: 2, 3 or 4 wires to the element.
        lead_ohm: resistance of both leads together, Ω, taken off with two wires; three and four wires cancel it by themselves.
        filter_hz: mains frequency the filter suppresses, 50 or 60 Hz.
    """

    r0_ohm: float = field(default=1000.0, validator=[validators.ge(10), validators.le(10000)])
    reference_ohm: float = field(default=4300.0, validator=[validators.ge(10), validators.le(100000)])
    wires: int = field(default=2, validator=validators.in_((2, 3, 4)))
    lead_ohm: float = field(default=0.0, validator=[validators.ge(0), validators.le(100)])
    filter_hz: int = field(default=50, validator=validators.in_((50, 60)))

    def code(self, celsius: float) -> int:
        """The converter's code for a temperature, 0 to 32767."""
        lead_ohm = self.lead_ohm if self.wires == 2 else 0.0
        bounded_c = max(rtd.LOWEST_C, min(rtd.HIGHEST_C, celsius))
        code = round((rtd.ohm(bounded_c, self.r0_ohm) + lead_ohm) / self.reference_ohm * _FULL_SCALE)
        return max(0, min(_FULL_SCALE - 1, code))

    def celsius(self, code: int) -> float:
        """The temperature that a code means, °C; infinite beyond the curve."""
        lead_ohm = self.lead_ohm if self.wires == 2 else 0.0
        return rtd.celsius(code / _FULL_SCALE * self.reference_ohm - lead_ohm, self.r0_ohm)


class Max31865(Thermometer):
    """A resistance thermometer at a MAX31865.

    Args:
        context: the device's place on its board.
        options: the element and its wiring.
    """

    def __init__(self, context: DeviceContext, options: Max31865Options) -> None:
        super().__init__(context, options, low_c=_LOW_C, high_c=_HIGH_C)
        self._options = options
        self._port = context.spi.using(_SETTINGS)
        self._doubt = SpiDoubt(context)
        self._wiring = (THREE_WIRES if options.wires == 3 else 0) | (FILTER_50_HZ if options.filter_hz == 50 else 0)
        self._running = BIAS | AUTOMATIC | self._wiring
        limits = (options.code(self._high_c - options.offset_c), options.code(self._low_c - options.offset_c))
        self._thresholds = b"".join((code << 1).to_bytes(2, "big") for code in limits)

    async def connect(self) -> None:
        """Set the chip up, and prove by what it keeps that it is one: it has no identity register.

        Raises:
            WrongIdentity: something keeps other values than were written.
            NoAnswer: nobody drives the data line.
        """
        self._forget()
        await self._set_up()
        await self.identify()

    async def identify(self) -> Identity:
        """The configured model, as far as its registers can prove it.

        Raises:
            WrongIdentity: something keeps other values than were written.
            NoAnswer: nobody drives the data line.
        """
        answer = await self._read(CONFIGURATION, 7)
        if missing := nobody_there(self._context.device, answer):
            raise missing
        if answer[0] & _KEPT != self._running or answer[3:] != self._thresholds:
            raise WrongIdentity(
                f"0x{self._running:02X} and {self._thresholds.hex()} were written and read 0x{answer[0]:02X} and {answer[3:].hex()}",
                device=self._context.device,
                hint="no MAX31865: check part and chip select",
            )
        return Identity(vendor="Maxim", model="MAX31865")

    async def _measure(self) -> Measured:
        raw = await self._value()
        if raw & 1:  # once more from the start: a fault that a spark left behind is gone then
            faults = await self._diagnose()
            raw = await self._value()
            if raw & 1:
                told = "; ".join(text for bit, text in FAULTS.items() if faults & bit) or "a fault without a name"
                raise self._implausible(told, "check the element and its wires")
        return Measured(self._options.celsius(raw >> 1), raw)

    async def _value(self) -> int:
        """Configuration and value by one transfer; a chip that lost its supply is set up again first."""
        answer = await self._read(CONFIGURATION, 3)
        if answer[0] & _KEPT != self._running:
            before = answer[0]
            await self._set_up()
            answer = await self._read(CONFIGURATION, 3)
            if answer[0] & _KEPT != self._running:
                missing = nobody_there(self._context.device, answer)
                if missing is not None:
                    raise self._doubt.doubt(missing)
                raise self._implausible(f"the configuration does not stay: 0x{answer[0]:02X}", "check the supply of the chip")
            self._context.log.warning("%s: the configuration was 0x%02X, the chip was set up again", self._context.device, before)
        self._doubt.trust()
        return int.from_bytes(answer[1:3], "big")

    async def _set_up(self) -> None:
        """Filter and wires while nothing converts (data sheet), then bias, then conversions without pause."""
        await self._write(CONFIGURATION, bytes((self._wiring | CLEAR_FAULTS,)))
        await self._write(HIGH_THRESHOLD, self._thresholds)
        await self._write(CONFIGURATION, bytes((self._wiring | BIAS,)))
        await self._context.clock.sleep(_BIAS_S)
        await self._write(CONFIGURATION, bytes((self._running,)))
        await self._context.clock.sleep(_FIRST_CONVERSION_S[self._options.filter_hz])

    async def _diagnose(self) -> int:
        """The bits of the fault status, after a search for open wires; converts again afterwards, with all faults cleared."""
        faults = (await self._read(FAULT_STATUS, 1))[0]
        await self._write(CONFIGURATION, bytes((self._wiring | BIAS | DETECT,)))
        await self._context.clock.sleep(_DETECT_S)
        faults |= (await self._read(FAULT_STATUS, 1))[0]
        await self._set_up()
        return faults

    async def _read(self, register: int, count: int) -> bytes:
        return (await self._port.transfer(bytes((register,)) + bytes(count)))[1:]

    async def _write(self, register: int, values: bytes) -> None:
        await self._port.transfer(bytes((register | WRITE,)) + values)
