"""Emulated sensors. They read the simulated cabinet and can misbehave on request."""

from __future__ import annotations

from cc613hal.clock import Clock
from cc613hal.plant.emulation import EmulationSite, I2cChip
from cc613hal.plant.signal import Signal
from cc613hal_sensors.lis2dh12 import AUTO_INCREMENT, CTRL_REG1, SAMPLE_S, STATUS_REG, WHO_AM_I, Lis2dh12Options
from cc613hal_sensors.lm75 import Lm75Options
from cc613hal_sensors.variants import VARIANTS, Variant

__all__ = ["Lis2dh12Chip", "Lm75Chip", "emulate_lis2dh12", "emulate_lm75"]


class Lm75Chip(I2cChip):
    """A temperature sensor of the LM75 family.

    Args:
        variant: which chip.
        temperature_c: what it feels, °C.
        clock: paces its first conversion.

    Attributes:
        stuck_raw: what the temperature register reads, whatever it feels; ``None`` for the truth.
        identity: what the identity register reads; ``None`` for the right value.
    """

    def __init__(self, variant: Variant, temperature_c: Signal[float], clock: Clock) -> None:
        self.stuck_raw: int | None = None
        self.identity: int | None = None
        self._variant = variant
        self._temperature_c = temperature_c
        self._pointer = 0
        self._configuration = 0
        self._clock = clock
        self._held_raw = 0
        self._ready_s = 0.0
        self.power_cycle()

    def power_cycle(self) -> None:
        """The supply went and came back: 0 °C (TMP117: −256 °C) until the first conversion is done (data sheets)."""
        self._configuration = 0
        self._held_raw = 0x8000 if self._variant.shift == 0 else 0x0000
        self._ready_s = self._clock.monotonic_s() + self._variant.conversion_s

    @property
    def shut_down(self) -> bool:
        """Whether it measures nothing and keeps its last value."""
        return self._configuration & self._variant.shutdown_mask == self._variant.shutdown_value

    def shut(self) -> None:
        """Somebody shut it down; the temperature register keeps its value."""
        self._held_raw = self._result()
        self._configuration |= self._variant.shutdown_value

    def write(self, data: bytes) -> None:
        """A register address, and a value for the configuration."""
        if data:
            self._pointer = data[0]
        if self._pointer == 0x01 and len(data) > 1:
            was_shut = self.shut_down
            self._configuration = int.from_bytes(data[1 : 1 + self._variant.config_bytes], "big")
            if was_shut and not self.shut_down:
                self._ready_s = self._clock.monotonic_s() + self._variant.conversion_s

    def read(self, count: int) -> bytes:
        """The register at the address, most significant byte first."""
        identity = self._variant.identity
        if self._pointer == 0x01:
            content = self._configuration.to_bytes(self._variant.config_bytes, "big")
        elif identity is not None and self._pointer == identity.address:
            content = (identity.value if self.identity is None else self.identity).to_bytes(2, "big")
        elif self._pointer == 0x00:
            content = self._result().to_bytes(2, "big")
        else:  # the limits after power-on: 75 °C and 80 °C
            content = {0x02: b"\x4b\x00", 0x03: b"\x50\x00"}.get(self._pointer, b"\x00\x00")
        return content[:count].ljust(count, b"\xff")

    def _result(self) -> int:
        if self.shut_down or self._clock.monotonic_s() < self._ready_s:
            return self._held_raw
        return self._variant.raw(self._temperature_c.value) if self.stuck_raw is None else self.stuck_raw


class Lis2dh12Chip(I2cChip):
    """An accelerometer with a data rate, a milli-g of noise and an end of scale at ±2 g.

    Args:
        gravity_g: what it feels along its axes, g.
        clock: paces its samples.

    Attributes:
        identity: what WHO_AM_I reads.
        stuck: the axes keep their last values without noise, and new data is still announced.
    """

    def __init__(self, gravity_g: Signal[tuple[float, float, float]], clock: Clock) -> None:
        self.identity = 0x33
        self.stuck = False
        self._gravity_g = gravity_g
        self._clock = clock
        self._registers: dict[int, int] = {}
        self._pointer = 0
        self._sampled_s = 0.0
        self._samples = 0
        self._axes = bytes(6)
        self.power_cycle()

    def power_cycle(self) -> None:
        """The supply went and came back: power-down mode (reset values as in the data sheet)."""
        self._registers = {CTRL_REG1: 0x07}
        self._axes = bytes(6)

    def write(self, data: bytes) -> None:
        """A register address, and values for it and what follows."""
        if not data:
            return
        self._pointer = data[0]
        address = data[0] & 0x7F
        for value in data[1:]:
            self._registers[address] = value
            address += bool(data[0] & AUTO_INCREMENT)

    def read(self, count: int) -> bytes:
        """Values from the register address on; only the first one again and again without auto-increment."""
        fresh = self._sample()
        address, step = self._pointer & 0x7F, bool(self._pointer & AUTO_INCREMENT)
        content = bytes((0x0F if fresh else 0x00,)) + self._axes
        values = bytearray()
        for _ in range(count):
            if address == WHO_AM_I:
                values.append(self.identity)
            elif STATUS_REG <= address < STATUS_REG + 7:
                values.append(content[address - STATUS_REG])
            else:
                values.append(self._registers.get(address, 0))
            address += step
        return bytes(values)

    def _sample(self) -> bool:
        """Take a sample if one is due; whether there is a new one."""
        now_s = self._clock.monotonic_s()
        if not self._registers.get(CTRL_REG1, 0) & 0xF0 or now_s - self._sampled_s < SAMPLE_S * 0.99:
            return False
        self._sampled_s = now_s
        self._samples += 1
        if not self.stuck:
            noise_mg = (0, 1, 0, -1, 1, -1, 0)
            self._axes = b"".join(
                _left_aligned(axis, noise_mg[(self._samples + index) % 7]) for index, axis in enumerate(self._gravity_g.value)
            )
        return True


def _left_aligned(axis_g: float, noise_mg: int) -> bytes:
    steps = max(-2048, min(2047, round(axis_g * 1000) + noise_mg))
    return (steps << 4).to_bytes(2, "little", signed=True)


def emulate_lm75(site: EmulationSite, options: Lm75Options) -> None:
    """Put a temperature sensor at its place in the cabinet; ``plant.parts[device]`` is the :class:`Lm75Chip`."""
    chip = Lm75Chip(VARIANTS[options.variant], site.plant.cabinet.temperature(options.place), site.plant.clock)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)


def emulate_lis2dh12(site: EmulationSite, options: Lis2dh12Options) -> None:  # noqa: ARG001  # the options concern the driver only
    """Mount an accelerometer in the cabinet; ``plant.parts[device]`` is the :class:`Lis2dh12Chip`."""
    chip = Lis2dh12Chip(site.plant.cabinet.gravity_g, site.plant.clock)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)
