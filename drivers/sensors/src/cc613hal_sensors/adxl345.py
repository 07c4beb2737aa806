"""Analog Devices ADXL345 (and ADXL343) over I2C as a tilt sensor.

Facts: Analog Devices ADXL345 data sheet rev. E. Second readers: Adafruit_CircuitPython_ADXL34x, Linux drivers/iio/accel/adxl345_core.c.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal_sensors.tilt import Sample, TiltChip
from cc613hal_sensors.tilt_rules import TiltOptions

__all__ = ["Adxl345", "Adxl345Options"]

DEVICE_ID = 0x00
IDENTITY = 0xE5
BW_RATE = 0x2C
POWER_CTL = 0x2D
INT_SOURCE = 0x30
DATA_FORMAT = 0x31
DATA_X0 = 0x32

RATE_12_5_HZ = 0x07
"""BW_RATE: 12.5 Hz, 6.25 Hz bandwidth (data sheet, table 7)."""
MEASURE = 0x08
"""POWER_CTL: measure instead of standing by."""
FULL_RESOLUTION_2_G = 0x08
"""DATA_FORMAT: full resolution, ±2 g, right justified: 10 bits."""
DATA_READY = 0x80
"""INT_SOURCE: a sample that was not read yet."""

STEPS_PER_G = 256.0
"""In full resolution, any range (data sheet, table 1; the part itself is within 230 to 282)."""
SAMPLE_S = 0.08


@frozen(kw_only=True)
class Adxl345Options(TiltOptions):
    """What counts as tilted."""


class Adxl345(TiltChip):
    """An ADXL345. What it does beyond sampling is in :class:`~cc613hal_sensors.tilt.TiltChip`."""

    sample_s = SAMPLE_S

    async def identify(self) -> Identity:
        """Vendor and model. The ADXL343 and ADXL346 carry nearly the same registers; the ADXL343 also the same identity.

        Raises:
            WrongIdentity: another chip.
        """
        found = (await self._context.i2c.write_read(bytes((DEVICE_ID,)), 1))[0]
        if found != IDENTITY:
            raise WrongIdentity(
                f"DEVID reads 0x{found:02X}, an ADXL345 has 0x{IDENTITY:02X}", device=self._context.device, hint="check part and address"
            )
        return Identity(vendor="Analog Devices", model="ADXL345", hardware=f"0x{found:02X}")

    async def _set_up(self) -> None:
        await self._context.i2c.write(bytes((BW_RATE, RATE_12_5_HZ)))
        await self._context.i2c.write(bytes((DATA_FORMAT, FULL_RESOLUTION_2_G)))
        await self._context.i2c.write(bytes((POWER_CTL, MEASURE)))
        await self._context.clock.sleep(2 * SAMPLE_S)  # turn-on time is a sample and 1.1 ms (data sheet)

    async def _sample(self) -> Sample:
        """Interrupt source, format and all axes in one transaction: one look tells whether it is new, and whether the settings are ours."""
        answer = await self._context.i2c.write_read(bytes((INT_SOURCE,)), 8)
        x, y, z = (int.from_bytes(answer[start : start + 2], "little", signed=True) for start in (2, 4, 6))
        return Sample(
            (x / STEPS_PER_G, y / STEPS_PER_G, z / STEPS_PER_G),
            new=bool(answer[0] & DATA_READY),
            raw=answer[2:],
            set_up=answer[1] == FULL_RESOLUTION_2_G,
        )
