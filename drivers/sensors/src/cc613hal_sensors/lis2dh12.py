"""ST LIS2DH12 (and LIS3DH) over I2C: has somebody driven into the station?

Facts: ST LIS2DH12 data sheet DocID025056, Adafruit_CircuitPython_LIS3DH as second reader.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal.errors import WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal_sensors.tilt import Sample, TiltChip
from cc613hal_sensors.tilt_rules import TiltOptions

__all__ = ["Lis2dh12", "Lis2dh12Options"]

WHO_AM_I = 0x0F
IDENTITY = 0x33
CTRL_REG1 = 0x20
CTRL_REG4 = 0x23
STATUS_REG = 0x27
AUTO_INCREMENT = 0x80
NEW_DATA = 0x08

RATE_10_HZ = 0x27
"""CTRL_REG1: 10 Hz, all axes (data sheet)."""
HIGH_RESOLUTION_2_G = 0x88
"""CTRL_REG4: block data update, high resolution, ±2 g (data sheet): 12 bits, 1 mg each."""

SAMPLE_S = 0.1


@frozen(kw_only=True)
class Lis2dh12Options(TiltOptions):
    """What counts as tilted."""


class Lis2dh12(TiltChip):
    """A LIS2DH12. What it does beyond sampling is in :class:`~cc613hal_sensors.tilt.TiltChip`."""

    sample_s = SAMPLE_S

    async def identify(self) -> Identity:
        """Vendor and model. The LIS3DH and other parts of that generation carry the same identity.

        Raises:
            WrongIdentity: another chip.
        """
        who = (await self._context.i2c.write_read(bytes((WHO_AM_I,)), 1))[0]
        if who != IDENTITY:
            raise WrongIdentity(
                f"WHO_AM_I reads 0x{who:02X}, a LIS2DH12 has 0x{IDENTITY:02X}", device=self._context.device, hint="check part and address"
            )
        return Identity(vendor="STMicroelectronics", model="LIS2DH12", hardware=f"0x{who:02X}")

    async def _set_up(self) -> None:
        await self._context.i2c.write(bytes((CTRL_REG4, HIGH_RESOLUTION_2_G)))
        await self._context.i2c.write(bytes((CTRL_REG1, RATE_10_HZ)))
        await self._context.clock.sleep(2 * SAMPLE_S)  # the first samples after power-down settle (data sheet)

    async def _sample(self) -> Sample:
        """Status and all axes in one transaction, so that they belong together."""
        answer = await self._context.i2c.write_read(bytes((STATUS_REG | AUTO_INCREMENT,)), 7)
        x, y, z = (int.from_bytes(answer[start : start + 2], "little", signed=True) >> 4 for start in (1, 3, 5))
        return Sample((x / 1000, y / 1000, z / 1000), new=bool(answer[0] & NEW_DATA), raw=answer[1:])  # 1 mg per bit (data sheet)
