"""ST LIS2DH12 (and LIS3DH) over I2C: has somebody driven into the station?

The mounting attitude is kept in the device's memory. A sample that is not about 1 g is a shock and says nothing about attitude; it is
counted and not judged. Facts: ST LIS2DH12 data sheet DocID025056, Adafruit_CircuitPython_LIS3DH as second reader.
"""

from __future__ import annotations

import math
from typing import Any, cast

from attrs import define, field, frozen, validators

from cc613hal.errors import CommandFailed, ConfigError, ImplausibleReading, WrongIdentity
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import Identified, Identity, TiltReading, TiltSensor
from cc613hal.plugins import DeviceContext, Driver
from cc613hal.readings import Quality
from cc613hal.units import tilt_deg

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
_STALLED_S = 1.0
_REFERENCE = "reference_g"
_SHOCK_APART_S = 1.0


@frozen(kw_only=True)
class Lis2dh12Options:
    """What counts as tilted.

    Attributes:
        threshold_deg: more than this, for ``hold_s``, is tilted, degrees.
        hold_s: how long, s.
        clear_deg: less than this, for ``clear_s``, is upright again, degrees.
        clear_s: how long, s.
        latch: once tilted, tilted until the program starts anew (Bender: "no charging until reboot").
        shock_g: a sample whose length differs from 1 g by more than this is a shock, g.
        shock_limit_s: samples that are never about 1 g for this long are a defect, s.
        frozen_samples: this many new samples without a single bit of change are SUSPECT (a live sensor is never that quiet); 0 never.
        reference_samples: samples averaged for the reference.
    """

    threshold_deg: float = field(default=15.0, validator=[validators.ge(5), validators.le(45)])
    hold_s: float = field(default=1.0, validator=[validators.ge(0), validators.le(60)])
    clear_deg: float = field(default=10.0, validator=[validators.ge(1), validators.le(45)])
    clear_s: float = field(default=10.0, validator=[validators.ge(0), validators.le(3600)])
    latch: bool = False
    shock_g: float = field(default=0.15, validator=[validators.gt(0), validators.le(0.9)])
    shock_limit_s: float = field(default=5.0, validator=[validators.gt(0), validators.le(3600)])
    frozen_samples: int = field(default=100, validator=validators.ge(0))
    reference_samples: int = field(default=8, validator=[validators.ge(1), validators.le(100)])

    def __attrs_post_init__(self) -> None:
        if self.clear_deg > self.threshold_deg:
            raise ConfigError(f"clear_deg = {self.clear_deg:g} is above threshold_deg = {self.threshold_deg:g}")


@define
class _Sample:
    gravity_g: tuple[float, float, float]
    new: bool
    raw: bytes

    @property
    def length_g(self) -> float:
        """Length of the acceleration vector, g; 1 at rest."""
        return math.hypot(*self.gravity_g)


class Lis2dh12(Driver, TiltSensor, Identified):
    """A tilt sensor.

    Args:
        context: the device's place on its board; its memory keeps the mounting reference.
        options: what counts as tilted.
    """

    def __init__(self, context: DeviceContext, options: Lis2dh12Options) -> None:
        self._context = context
        self._options = options
        self._changes: EventSource[TiltReading] = EventSource(f"{context.device}.changes")
        self._reference = _vector(context.memory.load(_REFERENCE))
        self._tilted = False
        self._crossed_s: float | None = None
        self._last_tilt_deg: float | None = None
        self._shocks = 0
        self._last_shock_s = -math.inf
        self._rejected_since_s: float | None = None
        self._stalled = False
        self._new_s = 0.0
        self._last_raw = b""
        self._same = 0

    # -- life ---------------------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Check the identity and start measuring. What is latched stays latched.

        Raises:
            WrongIdentity: another chip.
            BusError: nobody answers.
        """
        await self.identify()
        await self._set_up()

    async def aclose(self) -> None:
        """Nothing runs; the chip goes on measuring."""

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

    # -- tilt ---------------------------------------------------------------------------------------------------------------------

    @property
    def changes(self) -> Events[TiltReading]:
        """``tilted`` changed; published by reading."""
        return self._changes

    @property
    def shocks(self) -> int:
        """Shocks since the board was opened; samples less than 1 s apart belong to the same shock."""
        return self._shocks

    async def read_tilt(self) -> TiltReading:
        """The attitude now. During a shock the last angle is given again, with quality SUSPECT.

        Raises:
            ImplausibleReading: the length has not been about 1 g for ``shock_limit_s``: saturated, open or broken.
        """
        sample = await self._fresh_sample()
        now_s = self._context.clock.monotonic_s()
        if abs(sample.length_g - 1.0) > self._options.shock_g:
            return self._shock(sample, now_s)
        if self._rejected_since_s is not None:
            self._rejected_since_s = None
            self._context.health.ok("at 1 g again")
        if self._reference is not None:
            self._last_tilt_deg = tilt_deg(sample.gravity_g, self._reference)
        changed = self._last_tilt_deg is not None and self._judge(self._last_tilt_deg, now_s)
        reading = self._reading(sample, self._frozen(sample))
        if changed:
            self._changes.publish(reading)
        return reading

    async def take_reference(self) -> TiltReading:
        """Make the present attitude the reference and keep it across restarts; clears ``tilted``, also a latched one.

        Raises:
            CommandFailed: the sensor was not at rest; ``evidence`` is the length in g. The old reference stays.
        """
        total = [0.0, 0.0, 0.0]
        count = self._options.reference_samples
        for _ in range(count):
            sample = await self._fresh_sample()
            if abs(sample.length_g - 1.0) > self._options.shock_g:
                raise CommandFailed(
                    f"the station is not at rest: {sample.length_g:.2f} g instead of 1 g",
                    evidence=sample.length_g,
                    device=self._context.device,
                    hint="keep still and try again",
                    transient=True,
                )
            total = [part + axis for part, axis in zip(total, sample.gravity_g, strict=True)]
            await self._context.clock.sleep(SAMPLE_S)
        reference = (total[0] / count, total[1] / count, total[2] / count)
        self._context.memory.save(_REFERENCE, list(reference))
        self._reference = reference
        was_tilted, self._tilted, self._crossed_s, self._last_tilt_deg = self._tilted, False, None, 0.0
        reading = self._reading(_Sample(reference, new=True, raw=b""), Quality.GOOD)
        if was_tilted:
            self._changes.publish(reading)
        return reading

    # -- judging ------------------------------------------------------------------------------------------------------------------

    def _judge(self, angle_deg: float, now_s: float) -> bool:
        """Follow the angle over time; whether ``tilted`` changed."""
        if self._tilted and self._options.latch:
            return False
        crossed = angle_deg < self._options.clear_deg if self._tilted else angle_deg > self._options.threshold_deg
        if not crossed:
            self._crossed_s = None
            return False
        if self._crossed_s is None:
            self._crossed_s = now_s
        if now_s - self._crossed_s < (self._options.clear_s if self._tilted else self._options.hold_s):
            return False
        self._tilted, self._crossed_s = not self._tilted, None
        return True

    def _shock(self, sample: _Sample, now_s: float) -> TiltReading:
        if now_s - self._last_shock_s > _SHOCK_APART_S:
            self._shocks += 1
        self._last_shock_s = now_s
        if self._rejected_since_s is None:
            self._rejected_since_s = now_s
        elif now_s - self._rejected_since_s >= self._options.shock_limit_s:
            error = ImplausibleReading(
                f"gravity has measured {sample.length_g:.2f} g for {now_s - self._rejected_since_s:.0f} s",
                device=self._context.device,
                hint="the sensor is saturated or broken",
            )
            self._context.health.fault(error.message, error)
            raise error
        return self._reading(sample, Quality.SUSPECT)

    def _frozen(self, sample: _Sample) -> Quality:
        if not sample.new or not self._options.frozen_samples:
            return Quality.GOOD
        was_frozen = self._same >= self._options.frozen_samples
        self._same = self._same + 1 if sample.raw == self._last_raw else 0
        self._last_raw = sample.raw
        if self._same >= self._options.frozen_samples:
            self._context.health.degraded(f"{self._same} samples without a bit of change: the sensor is frozen")
            return Quality.SUSPECT
        if was_frozen:
            self._context.health.ok("moves again")
        return Quality.GOOD

    def _reading(self, sample: _Sample, quality: Quality) -> TiltReading:
        return TiltReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            quality=quality,
            gravity_g=sample.gravity_g,
            tilt_deg=self._last_tilt_deg,
            tilted=self._tilted,
        )

    # -- the chip -----------------------------------------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        await self._context.i2c.write(bytes((CTRL_REG4, HIGH_RESOLUTION_2_G)))
        await self._context.i2c.write(bytes((CTRL_REG1, RATE_10_HZ)))
        await self._context.clock.sleep(2 * SAMPLE_S)  # the first samples after power-down settle (data sheet)
        self._new_s = self._context.clock.monotonic_s()

    async def _sample(self) -> _Sample:
        """Status and all axes in one transaction, so that they belong together."""
        answer = await self._context.i2c.write_read(bytes((STATUS_REG | AUTO_INCREMENT,)), 7)
        axes = [int.from_bytes(answer[start : start + 2], "little", signed=True) >> 4 for start in (1, 3, 5)]
        gravity_g = (axes[0] / 1000, axes[1] / 1000, axes[2] / 1000)  # 1 mg per bit (data sheet)
        sample = _Sample(gravity_g, new=bool(answer[0] & NEW_DATA), raw=answer[1:])
        if sample.new:
            self._new_s = self._context.clock.monotonic_s()
        return sample

    async def _fresh_sample(self) -> _Sample:
        """A sample of a chip that measures; one that lost its supply was set back to power-down and is set up again.

        Axes without a single bit are registers after power-on: even in free fall there is noise.
        """
        sample = await self._sample()
        if any(sample.raw) and (sample.new or self._context.clock.monotonic_s() - self._new_s < _STALLED_S):
            return self._measures(sample)
        self._context.log.warning("%s: the sensor stopped measuring and is set up again", self._context.device)
        await self._set_up()
        sample = await self._sample()
        if sample.new and any(sample.raw):
            return self._measures(sample)
        self._stalled = True
        error = ImplausibleReading("the sensor does not measure", device=self._context.device, hint="check its supply")
        self._context.health.fault(error.message, error)
        raise error

    def _measures(self, sample: _Sample) -> _Sample:
        if self._stalled:
            self._stalled = False
            self._context.health.ok("measures again")
        return sample


def _vector(stored: Any) -> tuple[float, float, float] | None:
    """A reference from memory; one that cannot be is none."""
    if not isinstance(stored, list):
        return None
    parts = cast("list[object]", stored)
    numbers = [float(part) for part in parts if isinstance(part, int | float) and not isinstance(part, bool)]
    if len(parts) != 3 or len(numbers) != 3:
        return None
    vector = (numbers[0], numbers[1], numbers[2])
    return vector if 0.5 < math.hypot(*vector) < 1.5 else None
