"""What every tilt sensor of this package does the same way: mounting reference, shocks, frozen chips, chips that lost their supply.

A chip's driver adds how it is recognised, set up and sampled. The mounting attitude is kept in the device's memory. A sample that is not
about 1 g is a shock and says nothing about attitude; it is counted and not judged.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

from attrs import frozen

from cc613hal.errors import CommandFailed, HalError, ImplausibleReading
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import Identified, TiltReading, TiltSensor
from cc613hal.plugins import DeviceContext, Driver
from cc613hal.readings import Quality
from cc613hal.units import tilt_deg
from cc613hal_sensors.boot import boot_id
from cc613hal_sensors.tilt_rules import Shocks, Stillness, TiltLatch, TiltOptions, Vector, stored_vector

__all__ = ["Sample", "TiltChip"]

_STALLED_S = 1.0
"""Without a new sample for this long, the chip is set up again, s; the slowest chip here samples ten times as often."""
_REFERENCE = "reference_g"
_TILTED_IN_BOOT = "tilted_in_boot"


@frozen
class Sample:
    """One look at a chip.

    Attributes:
        gravity_g: acceleration along its axes, g.
        new: the chip says that it measured since the last look.
        raw: the axes as they came, to tell a frozen sensor.
        set_up: whatever the answer tells about the chip's settings is as it was set.
        saturated: the chip itself says that this sample cannot be used.
    """

    gravity_g: Vector
    new: bool
    raw: bytes
    set_up: bool = True
    saturated: bool = False

    @property
    def alive(self) -> bool:
        """Whether the chip measures. Axes without a single bit are registers after power-on: even in free fall there is noise."""
        return self.set_up and any(self.raw)


class TiltChip(Driver, TiltSensor, Identified):
    """A tilt sensor.

    Args:
        context: the device's place on its board; its memory keeps the mounting reference.
        options: what counts as tilted.

    Attributes:
        sample_s: time between two samples of the chip, s.
    """

    sample_s: ClassVar[float] = 0.1

    def __init__(self, context: DeviceContext, options: TiltOptions) -> None:
        self._context = context
        self._options = options
        self._changes: EventSource[TiltReading] = EventSource(f"{context.device}.changes")
        self._reference = stored_vector(context.memory.load(_REFERENCE))
        self._boot = boot_id() if options.latch else None
        self._latch = TiltLatch(options, tilted=self._boot is not None and context.memory.load(_TILTED_IN_BOOT) == self._boot)
        self._shocks = Shocks(options)
        self._stillness = Stillness(options)
        self._last_tilt_deg: float | None = None
        self._stalled = False
        self._new_s = 0.0

    # -- what a chip's driver adds --------------------------------------------------------------------------------------------------

    @abstractmethod
    async def _set_up(self) -> None:
        """Make the chip measure; returns when its first samples are there.

        Raises:
            BusError: nobody answers.
        """

    @abstractmethod
    async def _sample(self) -> Sample:
        """Look at the chip.

        Raises:
            BusError: nobody answers.
        """

    # -- life -----------------------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Check the identity and start measuring. What is latched stays latched.

        Raises:
            WrongIdentity: another chip.
            BusError: nobody answers.
        """
        await self.identify()
        await self._start()

    async def aclose(self) -> None:
        """Nothing runs; the chip goes on measuring."""

    # -- tilt -----------------------------------------------------------------------------------------------------------------------

    @property
    def changes(self) -> Events[TiltReading]:
        """``tilted`` changed; published by reading."""
        return self._changes

    @property
    def shocks(self) -> int:
        """Shocks since the board was opened; samples less than 1 s apart belong to the same shock."""
        return self._shocks.count

    async def read_tilt(self) -> TiltReading:
        """The attitude now. During a shock the last angle is given again, with quality SUSPECT.

        Raises:
            ImplausibleReading: the length has not been about 1 g for ``shock_limit_s``: saturated, open or broken.
        """
        sample = await self._fresh_sample()
        now_s = self._context.clock.monotonic_s()
        if sample.saturated or self._shocks.is_shock(sample.gravity_g):
            return self._shock(sample, now_s)
        if self._shocks.accept():
            self._context.health.ok("at 1 g again")
        if self._reference is not None:
            self._last_tilt_deg = tilt_deg(sample.gravity_g, self._reference)
        changed = self._last_tilt_deg is not None and self._latch.follow(self._last_tilt_deg, now_s)
        reading = self._reading(sample.gravity_g, self._frozen(sample))
        if changed:
            self._keep_latched()
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
            if sample.saturated or self._shocks.is_shock(sample.gravity_g):
                length_g = math.hypot(*sample.gravity_g)
                raise CommandFailed(
                    f"the station is not at rest: {length_g:.2f} g instead of 1 g",
                    evidence=length_g,
                    device=self._context.device,
                    hint="keep still and try again",
                    transient=True,
                )
            total = [part + axis for part, axis in zip(total, sample.gravity_g, strict=True)]
            await self._context.clock.sleep(self.sample_s)
        reference = (total[0] / count, total[1] / count, total[2] / count)
        self._context.memory.save(_REFERENCE, list(reference))
        self._reference, self._last_tilt_deg = reference, 0.0
        was_tilted = self._latch.reset()
        self._keep_latched()
        reading = self._reading(reference, Quality.GOOD)
        if was_tilted:
            self._changes.publish(reading)
        return reading

    # -- judging --------------------------------------------------------------------------------------------------------------------

    def _shock(self, sample: Sample, now_s: float) -> TiltReading:
        too_long_s = self._shocks.reject(now_s)
        if too_long_s is None:
            return self._reading(sample.gravity_g, Quality.SUSPECT)
        raise self._defect(
            f"gravity has measured {math.hypot(*sample.gravity_g):.2f} g for {too_long_s:.0f} s", "the sensor is saturated or broken"
        )

    def _frozen(self, sample: Sample) -> Quality:
        if not sample.new:
            return Quality.GOOD
        was_frozen = self._stillness.frozen
        self._stillness.see(sample.raw)
        if self._stillness.frozen:
            self._context.health.degraded(f"{self._stillness.same} samples without a bit of change: the sensor is frozen")
            return Quality.SUSPECT
        if was_frozen:
            self._context.health.ok("moves again")
        return Quality.GOOD

    def _keep_latched(self) -> None:
        """What is latched outlives the program, and not the next boot."""
        if self._boot is not None:
            self._context.memory.save(_TILTED_IN_BOOT, self._boot if self._latch.tilted else None)

    def _reading(self, gravity_g: Vector, quality: Quality) -> TiltReading:
        return TiltReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            quality=quality,
            gravity_g=gravity_g,
            tilt_deg=self._last_tilt_deg,
            tilted=self._latch.tilted,
        )

    def _defect(self, what: str, hint: str) -> HalError:
        error = ImplausibleReading(what, device=self._context.device, hint=hint)
        self._context.health.fault(error.message, error)
        return error

    # -- the chip -------------------------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        await self._set_up()
        self._new_s = self._context.clock.monotonic_s()

    async def _look(self) -> Sample:
        sample = await self._sample()
        if sample.new:
            self._new_s = self._context.clock.monotonic_s()
        return sample

    async def _fresh_sample(self) -> Sample:
        """A sample of a chip that measures; one that lost its supply has lost its settings as well, and is set up again."""
        sample = await self._look()
        if sample.alive and (sample.new or self._context.clock.monotonic_s() - self._new_s < _STALLED_S):
            return self._measures(sample)
        self._context.log.warning("%s: the sensor stopped measuring and is set up again", self._context.device)
        await self._start()
        sample = await self._look()
        if sample.new and sample.alive:
            return self._measures(sample)
        self._stalled = True
        raise self._defect("the sensor does not measure", "check its supply")

    def _measures(self, sample: Sample) -> Sample:
        if self._stalled:
            self._stalled = False
            self._context.health.ok("measures again")
        return sample
