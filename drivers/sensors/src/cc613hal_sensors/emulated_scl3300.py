"""An emulated SCL3300: off-frame answers, return status, flags that stay until read. It can misbehave on request.

Source, as for the driver: Murata SCL3300-D01 data sheet rev. 2.
"""

from __future__ import annotations

from cc613hal.bus.spi import SpiSettings
from cc613hal.clock import Clock
from cc613hal.plant.emulation import EmulationSite, SpiChip
from cc613hal.plant.signal import Signal
from cc613hal_sensors.emulated_tilt import EmulatedAccelerometer
from cc613hal_sensors.scl3300 import IDENTITY, MODES, RESET, SATURATED, Scl3300Options
from cc613hal_sensors.scl3300_frames import Answer, Register, ReturnStatus, answer_frame, crc8, parse
from cc613hal_sensors.tilt_rules import Vector

__all__ = ["Scl3300Chip", "emulate_scl3300"]

_POWERED_UP = 0x0012
"""Flags after power-on: supply and mode changed."""
_SAMPLE_S = 0.0005


class Scl3300Chip(SpiChip):
    """An inclinometer.

    Args:
        gravity_g: what it feels along its axes, g.
        clock: paces its samples.

    Attributes:
        settings: how it wants to be spoken to.
        stuck: the axes keep their last values without noise.
        identity: what WHO_AM_I reads.
        flags: what is wrong with it; every answer is an error until STATUS is read, which clears it.
        broken_flags: the same for something that lasts.
        spoilt: so many answers from now on have a wrong check sum.
        starting: every answer says that it is still starting.
        requests: valid frames it took.
    """

    settings = SpiSettings(mode=0, speed_hz=8_000_000)

    def __init__(self, gravity_g: Signal[Vector], clock: Clock) -> None:
        self._accelerometer = EmulatedAccelerometer(gravity_g, clock, identity=IDENTITY, steps_per_g=6000.0, full_scale=32767)
        self.flags = 0
        self.broken_flags = 0
        self.spoilt = 0
        self.starting = False
        self.requests = 0
        self._gravity_g = gravity_g
        self._next = bytes(4)
        self.power_cycle()

    @property
    def identity(self) -> int:
        """What WHO_AM_I reads."""
        return self._accelerometer.identity

    @identity.setter
    def identity(self, value: int) -> None:
        self._accelerometer.identity = value

    @property
    def stuck(self) -> bool:
        """The axes keep their last values without noise."""
        return self._accelerometer.stuck

    @stuck.setter
    def stuck(self, value: bool) -> None:
        self._accelerometer.stuck = value

    def power_cycle(self) -> None:
        """The supply went and came back: mode 1, and an error until STATUS has been read."""
        self._accelerometer.steps_per_g = MODES[1].steps_per_g
        self._accelerometer.steps = (0, 0, 0)
        self.flags = _POWERED_UP
        self._next = answer_frame(0, ReturnStatus.STARTING, 0)

    def transfer(self, data: bytes) -> bytes:
        """One frame; the answer is to the frame before. Anything but a whole, right frame is not understood."""
        answer, self._next = self._next, answer_frame(0, ReturnStatus.ERROR, 0)
        if len(data) == 4 and data[3] == crc8(data[:3]):
            self.requests += 1
            self._next = self._answer(parse(data))
        if self.spoilt:
            self.spoilt -= 1
            answer = answer[:3] + bytes((answer[3] ^ 0x10,))
        return answer[: len(data)].ljust(len(data), b"\x00")

    def _answer(self, asked: Answer) -> bytes:
        status = ReturnStatus.ERROR if self.flags | self.broken_flags else ReturnStatus.NORMAL
        writes, address = bool(asked.operation & 0x20), asked.operation & 0x1F
        value = self._write(address, asked.value) if writes else self._read(address)
        return answer_frame(asked.operation, ReturnStatus.STARTING if self.starting else status, value)

    def _write(self, address: int, value: int) -> int:
        if address == Register.COMMAND:
            if value & RESET:
                self.power_cycle()
            else:
                self._accelerometer.steps_per_g = next(mode.steps_per_g for mode in MODES.values() if mode.command == value & 0x01)
                self.flags |= 0x0002
        return value

    def _read(self, address: int) -> int:
        if address == Register.STATUS:
            flags, self.flags = self.flags | self.broken_flags, 0
            return flags
        if address == Register.WHO_AM_I:
            return self.identity
        if Register.ACC_X <= address <= Register.ACC_Z:
            self._accelerometer.sample_if_due(_SAMPLE_S)
            if any(abs(axis_g) * self._accelerometer.steps_per_g > 7200 for axis_g in self._gravity_g.value):
                self.flags |= SATURATED  # ±1.2 g in mode 1, ±2.4 g in mode 2
            return self._accelerometer.steps[address - Register.ACC_X] & 0xFFFF
        return 0


def emulate_scl3300(site: EmulationSite, options: Scl3300Options) -> None:  # noqa: ARG001  # the options concern the driver only
    """Mount an inclinometer in the cabinet; ``plant.parts[device]`` is the :class:`Scl3300Chip`."""
    chip = Scl3300Chip(site.plant.cabinet.gravity_g, site.plant.clock)
    site.plant.parts[site.device] = chip
    site.attach_spi(chip)
