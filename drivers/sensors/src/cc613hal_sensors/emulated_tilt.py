"""Emulated accelerometers on I2C. They hang in the simulated cabinet, sample, make noise, saturate, and can misbehave on request."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from cc613hal.clock import Clock
from cc613hal.plant.emulation import EmulationSite, I2cChip
from cc613hal.plant.signal import Signal
from cc613hal_sensors import adxl345, lis2dh12, mma8451
from cc613hal_sensors.adxl345 import Adxl345Options
from cc613hal_sensors.lis2dh12 import Lis2dh12Options
from cc613hal_sensors.mma8451 import Mma8451Options
from cc613hal_sensors.tilt_rules import Vector

__all__ = [
    "Adxl345Chip",
    "EmulatedAccelerometer",
    "Lis2dh12Chip",
    "Mma8451Chip",
    "emulate_adxl345",
    "emulate_lis2dh12",
    "emulate_mma8451",
]

_NOISE = (0, 1, 0, -1, 1, -1, 0)
"""Steps of the converter by which samples differ at rest."""


class EmulatedAccelerometer:
    """What all of them share: samples at a rate, a step of noise, an end of the scale.

    Args:
        gravity_g: what it feels along its axes, g.
        clock: paces its samples.
        steps_per_g: steps of its converter for 1 g.
        full_scale: highest step; the lowest is one more below zero.

    Attributes:
        identity: what its identity register reads.
        stuck: the axes keep their last values without noise, and new data is still announced.
        steps: the last sample, in steps of the converter.
        steps_per_g: steps for 1 g; chips whose range is set change it.
    """

    def __init__(self, gravity_g: Signal[Vector], clock: Clock, *, identity: int, steps_per_g: float, full_scale: int) -> None:
        self.identity = identity
        self.stuck = False
        self.steps = (0, 0, 0)
        self._gravity_g = gravity_g
        self._clock = clock
        self.steps_per_g = steps_per_g
        self._full_scale = full_scale
        self._sampled_s = 0.0
        self._samples = 0

    def sample_if_due(self, period_s: float) -> bool:
        """Take a sample if one is due; whether there is a new one."""
        now_s = self._clock.monotonic_s()
        if now_s - self._sampled_s < period_s * 0.99:
            return False
        self._sampled_s = now_s
        self._samples += 1
        if not self.stuck:
            x, y, z = (self._step(axis_g, _NOISE[(self._samples + index) % 7]) for index, axis_g in enumerate(self._gravity_g.value))
            self.steps = (x, y, z)
        return True

    def _step(self, axis_g: float, noise: int) -> int:
        return max(-self._full_scale - 1, min(self._full_scale, round(axis_g * self.steps_per_g) + noise))


class _Registers(I2cChip):
    """A chip with registers of one byte, counted up while reading.

    Attributes:
        accelerometer: what feels.
    """

    reset: dict[int, int]

    def __init__(self, accelerometer: EmulatedAccelerometer) -> None:
        self.accelerometer = accelerometer
        self._registers: dict[int, int] = {}
        self._pointer = 0
        self.power_cycle()

    @property
    def identity(self) -> int:
        """What the identity register reads."""
        return self.accelerometer.identity

    @identity.setter
    def identity(self, value: int) -> None:
        self.accelerometer.identity = value

    @property
    def stuck(self) -> bool:
        """The axes keep their last values without noise, and new data is still announced."""
        return self.accelerometer.stuck

    @stuck.setter
    def stuck(self, value: bool) -> None:
        self.accelerometer.stuck = value

    def register(self, address: int) -> int:
        """What a register holds."""
        return self._registers.get(address, 0)

    def power_cycle(self) -> None:
        """The supply went and came back: reset values as in the data sheet, no axes."""
        self._registers = dict(self.reset)
        self.accelerometer.steps = (0, 0, 0)

    def write(self, data: bytes) -> None:
        """A register address, and values for it and what follows."""
        if not data:
            return
        self._pointer = data[0]
        for place, value in enumerate(data[1:], start=data[0]):
            self._store(place & 0xFF, value)

    def read(self, count: int) -> bytes:
        """Values from the register address on."""
        fresh = self._sample()
        values = bytes(self._load((self._pointer + place) & 0xFF, fresh) for place in range(count))
        self._pointer = (self._pointer + count) & 0xFF
        return values

    def _store(self, address: int, value: int) -> None:
        self._registers[address] = value

    @abstractmethod
    def _sample(self) -> bool:
        """Take a sample if the chip measures and one is due; whether there is a new one."""

    @abstractmethod
    def _load(self, address: int, fresh: bool) -> int:
        """What a register reads."""


class Lis2dh12Chip(I2cChip):
    """An accelerometer with a data rate, a milli-g of noise and an end of scale at ±2 g.

    Args:
        gravity_g: what it feels along its axes, g.
        clock: paces its samples.

    Attributes:
        identity: what WHO_AM_I reads.
        stuck: the axes keep their last values without noise, and new data is still announced.
    """

    def __init__(self, gravity_g: Signal[Vector], clock: Clock) -> None:
        self.identity = lis2dh12.IDENTITY
        self._accelerometer = EmulatedAccelerometer(gravity_g, clock, identity=self.identity, steps_per_g=1000.0, full_scale=2047)
        self._registers: dict[int, int] = {}
        self._pointer = 0
        self.power_cycle()

    @property
    def stuck(self) -> bool:
        """The axes keep their last values without noise, and new data is still announced."""
        return self._accelerometer.stuck

    @stuck.setter
    def stuck(self, value: bool) -> None:
        self._accelerometer.stuck = value

    def power_cycle(self) -> None:
        """The supply went and came back: power-down mode (reset values as in the data sheet)."""
        self._registers = {lis2dh12.CTRL_REG1: 0x07}
        self._accelerometer.steps = (0, 0, 0)

    def write(self, data: bytes) -> None:
        """A register address, and values for it and what follows."""
        if not data:
            return
        self._pointer = data[0]
        address = data[0] & 0x7F
        for value in data[1:]:
            self._registers[address] = value
            address += bool(data[0] & lis2dh12.AUTO_INCREMENT)

    def read(self, count: int) -> bytes:
        """Values from the register address on; only the first one again and again without auto-increment."""
        measuring = self._registers.get(lis2dh12.CTRL_REG1, 0) & 0xF0
        fresh = bool(measuring) and self._accelerometer.sample_if_due(lis2dh12.SAMPLE_S)
        address, step = self._pointer & 0x7F, bool(self._pointer & lis2dh12.AUTO_INCREMENT)
        axes = b"".join((each << 4).to_bytes(2, "little", signed=True) for each in self._accelerometer.steps)
        content = bytes((0x0F if fresh else 0x00,)) + axes
        values = bytearray()
        for _ in range(count):
            if address == lis2dh12.WHO_AM_I:
                values.append(self.identity)
            elif lis2dh12.STATUS_REG <= address < lis2dh12.STATUS_REG + 7:
                values.append(content[address - lis2dh12.STATUS_REG])
            else:
                values.append(self._registers.get(address, 0))
            address += step
        return bytes(values)


class Adxl345Chip(_Registers):
    """An ADXL345 in full resolution: 256 steps for 1 g, ±2 g."""

    reset = {adxl345.BW_RATE: 0x0A}  # noqa: RUF012  # a table of the data sheet, nobody writes to it

    def __init__(self, gravity_g: Signal[Vector], clock: Clock) -> None:
        feels = EmulatedAccelerometer(gravity_g, clock, identity=adxl345.IDENTITY, steps_per_g=256.0, full_scale=511)
        super().__init__(feels)

    def _sample(self) -> bool:
        measuring = self.register(adxl345.POWER_CTL) & adxl345.MEASURE
        return bool(measuring) and self.accelerometer.sample_if_due(adxl345.SAMPLE_S)

    def _load(self, address: int, fresh: bool) -> int:
        if address == adxl345.DEVICE_ID:
            return self.identity
        if address == adxl345.INT_SOURCE:
            return (adxl345.DATA_READY if fresh else 0x00) | 0x02  # the watermark of an empty FIFO in bypass mode
        if adxl345.DATA_X0 <= address < adxl345.DATA_X0 + 6:
            axis, high = divmod(address - adxl345.DATA_X0, 2)
            return self.accelerometer.steps[axis].to_bytes(2, "little", signed=True)[high]
        return self.register(address)


class Mma8451Chip(_Registers):
    """An MMA8451: 14 bits at ±2, ±4 or ±8 g; a reset by software ends at once."""

    reset = {mma8451.CTRL_REG1: 0x00}  # noqa: RUF012  # a table of the data sheet, nobody writes to it

    def __init__(self, gravity_g: Signal[Vector], clock: Clock) -> None:
        super().__init__(EmulatedAccelerometer(gravity_g, clock, identity=mma8451.IDENTITY, steps_per_g=4096.0, full_scale=8191))

    def _store(self, address: int, value: int) -> None:
        if address == mma8451.CTRL_REG2 and value & mma8451.RESET:
            self.power_cycle()
            return
        super()._store(address, value)
        if address == mma8451.XYZ_DATA_CFG:
            self.accelerometer.steps_per_g = mma8451.STEPS_PER_G / (1 << (value & 0x03))

    def _sample(self) -> bool:
        measuring = self.register(mma8451.CTRL_REG1) & mma8451.ACTIVE
        return bool(measuring) and self.accelerometer.sample_if_due(mma8451.SAMPLE_S)

    def _load(self, address: int, fresh: bool) -> int:
        if address == mma8451.WHO_AM_I:
            return self.identity
        if address == mma8451.STATUS:
            return 0x0F if fresh else 0x00
        if mma8451.OUT_X_MSB <= address < mma8451.OUT_X_MSB + 6:
            axis, low = divmod(address - mma8451.OUT_X_MSB, 2)
            return (self.accelerometer.steps[axis] << 2).to_bytes(2, "big", signed=True)[low]
        return self.register(address)


def _mount(site: EmulationSite, make: Callable[[Signal[Vector], Clock], I2cChip]) -> None:
    chip = make(site.plant.cabinet.gravity_g, site.plant.clock)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)


def emulate_lis2dh12(site: EmulationSite, options: Lis2dh12Options) -> None:  # noqa: ARG001  # the options concern the driver only
    """Mount an accelerometer in the cabinet; ``plant.parts[device]`` is the :class:`Lis2dh12Chip`."""
    _mount(site, Lis2dh12Chip)


def emulate_adxl345(site: EmulationSite, options: Adxl345Options) -> None:  # noqa: ARG001  # as above
    """Mount an accelerometer in the cabinet; ``plant.parts[device]`` is the :class:`Adxl345Chip`."""
    _mount(site, Adxl345Chip)


def emulate_mma8451(site: EmulationSite, options: Mma8451Options) -> None:  # noqa: ARG001  # as above
    """Mount an accelerometer in the cabinet; ``plant.parts[device]`` is the :class:`Mma8451Chip`."""
    _mount(site, Mma8451Chip)
