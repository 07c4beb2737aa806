"""Microchip MCP9808 over I2C: one temperature, ±0.25 °C, with registers that tell who it is.

Facts: Microchip MCP9808 data sheet DS25095; second readers: Adafruit_CircuitPython_MCP9808, Linux drivers/hwmon/jc42.c.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_sensors.thermometer import Measured, Thermometer, ThermometerOptions

__all__ = ["Mcp9808", "Mcp9808Options", "celsius_of", "raw_of"]

CONFIGURATION = 0x01
TEMPERATURE = 0x05
MANUFACTURER = 0x06
DEVICE = 0x07
RESOLUTION = 0x08
"""One byte, unlike the others."""

MICROCHIP = 0x0054
MCP9808 = 0x04
"""Upper byte of DEVICE; the lower one is the revision."""
SHUTDOWN = 0x0100
_CONVERSION_S = (0.03, 0.065, 0.13, 0.25)
"""By resolution, typical (data sheet, table 5-1); at power-on it is the finest."""
_LOW_C, _HIGH_C = -40.0, 125.0


@frozen(kw_only=True)
class Mcp9808Options(ThermometerOptions):
    """What is plausible where it sits."""


def celsius_of(raw: int) -> float:
    """The temperature that a content of TEMPERATURE means: 13 bits of 1/16 °C, below three flags about its limits."""
    signed = raw & 0x1FFF
    return (signed - 0x2000 if signed & 0x1000 else signed) / 16


def raw_of(celsius: float) -> int:
    """The content, without flags, that the chip makes of a temperature, held at the ends of its scale; for the emulated one."""
    return max(-4096, min(4095, round(celsius * 16))) & 0x1FFF


class Mcp9808(Thermometer):
    """An MCP9808.

    Args:
        context: the device's place on its board.
        options: what is plausible where it sits.
    """

    def __init__(self, context: DeviceContext, options: Mcp9808Options) -> None:
        super().__init__(context, options, low_c=_LOW_C, high_c=_HIGH_C)

    async def connect(self) -> None:
        """Check the identity, and start measuring if it was shut down.

        Raises:
            WrongIdentity: another chip.
            BusError: nobody answers.
        """
        await self.identify()
        self._forget()
        configuration = await self._word(CONFIGURATION)
        if configuration & SHUTDOWN:
            await self._context.i2c.write(bytes((CONFIGURATION,)) + (configuration & ~SHUTDOWN).to_bytes(2, "big"))
        resolution = (await self._context.i2c.write_read(bytes((RESOLUTION,)), 1))[0]
        await self._context.clock.sleep(1.2 * _CONVERSION_S[resolution & 0x03])  # till then it holds 0 °C or an old temperature

    async def identify(self) -> Identity:
        """Vendor, model and revision, from the chip.

        Raises:
            WrongIdentity: another chip.
        """
        maker, part = await self._word(MANUFACTURER), await self._word(DEVICE)
        if maker != MICROCHIP or part >> 8 != MCP9808:
            raise WrongIdentity(
                f"manufacturer and device read 0x{maker:04X} and 0x{part:04X}, an MCP9808 has 0x{MICROCHIP:04X} and 0x{MCP9808:02X}xx",
                device=self._context.device,
                hint="check part and address",
            )
        return Identity(vendor="Microchip", model="MCP9808", hardware=f"revision {part & 0xFF}")

    async def _measure(self) -> Measured:
        raw = await self._word(TEMPERATURE)
        if raw == 0xFFFF:  # −0.06 °C above the critical and below the lower limit
            raise self._implausible("every bit reads 1: the data line is not driven", "check the wiring")
        return Measured(celsius_of(raw), raw & 0x1FFF)

    async def _word(self, register: int) -> int:
        return int.from_bytes(await self._context.i2c.write_read(bytes((register,)), 2), "big")
