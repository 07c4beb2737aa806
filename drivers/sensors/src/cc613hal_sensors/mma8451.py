"""NXP MMA8451Q over I2C as a tilt sensor.

Facts: NXP (Freescale) MMA8451Q data sheet rev. 10; Adafruit_CircuitPython_MMA8451 and Linux drivers/iio/accel/mma8452.c as second readers.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal_sensors.tilt import Sample, TiltChip
from cc613hal_sensors.tilt_rules import TiltOptions

__all__ = ["Mma8451", "Mma8451Options"]

STATUS = 0x00
OUT_X_MSB = 0x01
WHO_AM_I = 0x0D
IDENTITY = 0x1A
XYZ_DATA_CFG = 0x0E
CTRL_REG1 = 0x2A
CTRL_REG2 = 0x2B

NEW_DATA = 0x08
"""STATUS: all three axes are new (ZYXDR)."""
RANGE_2_G = 0x00
"""XYZ_DATA_CFG: ±2 g, no high-pass filter."""
ACTIVE = 0x01
RATE_12_5_HZ = 0x28
"""CTRL_REG1: data rate 101 (data sheet, table 56)."""
HIGH_RESOLUTION = 0x02
"""CTRL_REG2: oversampling for resolution while active (MODS = 10)."""
RESET = 0x40
"""CTRL_REG2: reset by software."""

STEPS_PER_G = 4096.0
"""14 bits at ±2 g (data sheet, table 3)."""
SAMPLE_S = 0.08


@frozen(kw_only=True)
class Mma8451Options(TiltOptions):
    """What counts as tilted."""


class Mma8451(TiltChip):
    """An MMA8451. What it does beyond sampling is in :class:`~cc613hal_sensors.tilt.TiltChip`."""

    sample_s = SAMPLE_S

    async def identify(self) -> Identity:
        """Vendor and model. The MMA8452 and MMA8453 have other identities and fewer bits, and are refused.

        Raises:
            WrongIdentity: another chip.
        """
        who = (await self._context.i2c.write_read(bytes((WHO_AM_I,)), 1))[0]
        if who != IDENTITY:
            raise WrongIdentity(
                f"WHO_AM_I reads 0x{who:02X}, an MMA8451 has 0x{IDENTITY:02X}", device=self._context.device, hint="check part and address"
            )
        return Identity(vendor="NXP", model="MMA8451", hardware=f"0x{who:02X}")

    async def _set_up(self) -> None:
        await self._context.i2c.write(bytes((CTRL_REG1, 0x00)))  # the others take values in standby only (data sheet)
        await self._context.i2c.write(bytes((XYZ_DATA_CFG, RANGE_2_G)))
        await self._context.i2c.write(bytes((CTRL_REG2, HIGH_RESOLUTION)))
        await self._context.i2c.write(bytes((CTRL_REG1, RATE_12_5_HZ | ACTIVE)))
        await self._context.clock.sleep(3 * SAMPLE_S)  # turn-on time is two samples and 1 ms (data sheet)

    async def _sample(self) -> Sample:
        """Status and all axes in one transaction, so that they belong together; a chip in standby announces nothing new."""
        answer = await self._context.i2c.write_read(bytes((STATUS,)), 7)
        x, y, z = (int.from_bytes(answer[start : start + 2], "big", signed=True) >> 2 for start in (1, 3, 5))
        return Sample((x / STEPS_PER_G, y / STEPS_PER_G, z / STEPS_PER_G), new=bool(answer[0] & NEW_DATA), raw=answer[1:])
