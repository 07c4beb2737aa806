"""An emulated LM75 and its relatives: it feels the simulated cabinet and can misbehave on request."""

from __future__ import annotations

from cc613hal.clock import Clock
from cc613hal.plant.emulation import EmulationSite, I2cChip
from cc613hal.plant.signal import Signal
from cc613hal_sensors.lm75 import Lm75Options
from cc613hal_sensors.variants import VARIANTS, Variant

__all__ = ["Lm75Chip", "emulate_lm75"]


_EXTENDED = 0x0010
"""Configuration of a TMP102: a bit more in the temperature register (SBOS397, table 10)."""


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
        self._configuration = self._variant.config_reset
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
            fixed = self._variant.config_fixed
            written = int.from_bytes(data[1 : 1 + self._variant.config_bytes], "big")
            self._configuration = written & ~fixed | self._variant.config_reset & fixed
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
        if self.stuck_raw is not None:
            return self.stuck_raw
        return self._variant.raw(self._temperature_c.value, extended=bool(self._configuration & _EXTENDED))


def emulate_lm75(site: EmulationSite, options: Lm75Options) -> None:
    """Put a temperature sensor at its place in the cabinet; ``plant.parts[device]`` is the :class:`Lm75Chip`."""
    chip = Lm75Chip(VARIANTS[options.variant], site.plant.cabinet.temperature(options.place), site.plant.clock)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)
