"""Emulated PCA9633 and PCA9552: registers, auto-increment, and the light that comes out, blinking told as a period."""

from __future__ import annotations

from abc import abstractmethod

from cc613hal.interfaces import BLACK, Colour
from cc613hal.plant.emulation import EmulationSite, I2cChip
from cc613hal.plant.signal import Signal
from cc613hal_hmi import pca9552, pca9633
from cc613hal_hmi.channels import RgbChannels
from cc613hal_hmi.pca9552 import Pca9552Options
from cc613hal_hmi.pca9633 import Pca9633Options

__all__ = ["BlinkerChip", "Pca9552Chip", "Pca9633Chip", "emulate_pca9552", "emulate_pca9633"]


class BlinkerChip(I2cChip):
    """A LED driver that can blink by itself.

    Args:
        registers: what they hold after power-on.
        increment: bit of the control register that makes the pointer move on.
        channels: red, green and blue channel of each light.

    Attributes:
        lights: the colour of each light, as seen while it shines.
        period_s: what each light blinks with by itself, s; 0 for steady or dark.
        stuck: what a register reads, whatever was written; another chip's value makes it another chip.
        writes: transactions that wrote something, for tests of what a pattern costs.
        written_bytes: bytes in those.
    """

    def __init__(self, registers: bytes, increment: int, channels: RgbChannels) -> None:
        self.lights: tuple[Signal[Colour], ...] = tuple(Signal(BLACK) for _ in channels)
        self.period_s: tuple[Signal[float], ...] = tuple(Signal(0.0) for _ in channels)
        self.stuck: dict[int, int] = {}
        self.writes = 0
        self.written_bytes = 0
        self._reset = registers
        self._increment = increment
        self._channels = channels
        self._registers = bytearray(registers)
        self._pointer = 0
        self._moves_on = False
        self._shine()

    def power_cycle(self) -> None:
        """The supply went and came back."""
        self._registers[:] = self._reset
        self._shine()

    def register(self, address: int) -> int:
        """What a register holds."""
        return self._registers[address]

    def write(self, data: bytes) -> None:
        """A control byte, and values for the register it names and what follows."""
        if not data:
            return
        self._moves_on = bool(data[0] & self._increment)
        self._pointer = data[0] & 0x0F
        for value in data[1:]:
            self._registers[self._pointer % len(self._registers)] = value
            self._move_on()
        if len(data) > 1:
            self.writes += 1
            self.written_bytes += len(data)
            self._shine()

    def read(self, count: int) -> bytes:
        """Values from the named register on."""
        values = bytearray()
        for _ in range(count):
            values.append(self.stuck.get(self._pointer, self._registers[self._pointer % len(self._registers)]))
            self._move_on()
        return bytes(values)

    def _move_on(self) -> None:
        if self._moves_on:
            self._pointer = (self._pointer + 1) % len(self._registers)

    @abstractmethod
    def _output(self, channel: int) -> tuple[float, float]:
        """Brightness of a channel while it shines, 0 to 1, and the period with which it blinks, s; 0 for steady."""

    def _shine(self) -> None:
        for light, period_s, channels in zip(self.lights, self.period_s, self._channels, strict=True):
            outputs = [self._output(channel) for channel in channels]
            period_s.set(max(blinks_s if level else 0.0 for level, blinks_s in outputs))
            light.set(Colour(*(level for level, _ in outputs)))


class Pca9633Chip(BlinkerChip):
    """A PCA9633 with an RGB light, and perhaps a white LED.

    Args:
        channels: red, green and blue channel of the light.
        white: channel of the white LED.

    Attributes:
        white_level: brightness of the white LED, 0 to 1.
    """

    def __init__(self, channels: RgbChannels, white: int | None) -> None:
        self.white_level = Signal(0.0)
        self._white = white
        # reset values: data sheet, tables of each register; MODE1 sleeps and listens to all-call
        super().__init__(bytes((0x91, 0x05, 0, 0, 0, 0, 0xFF, 0, 0, 0xE2, 0xE4, 0xE8, 0xE0)), pca9633.INCREMENT, channels)

    def _output(self, channel: int) -> tuple[float, float]:
        mode2 = self._registers[pca9633.MODE2]
        how = self._registers[pca9633.LEDOUT] >> 2 * channel & 0b11
        level = (0.0, 1.0, self._registers[pca9633.PWM0 + channel] / 255, self._registers[pca9633.PWM0 + channel] / 255)[how]
        period_s = 0.0
        if how == pca9633.BY_PWM_AND_GROUP and mode2 & pca9633.GROUP_BLINKS:
            period_s = (self._registers[pca9633.GRPFREQ] + 1) * pca9633.GROUP_STEP_S
        elif how == pca9633.BY_PWM_AND_GROUP:
            level *= self._registers[pca9633.GRPPWM] / 255
        return (0.0 if self._registers[pca9633.MODE1] & pca9633.SLEEP else level), period_s

    def _shine(self) -> None:
        super()._shine()
        if self._white is not None:
            self.white_level.set(self._output(self._white)[0])


class Pca9552Chip(BlinkerChip):
    """A PCA9552 with RGB lights between supply and outputs.

    Args:
        channels: red, green and blue output of each light.
        active_high: the lights sit behind transistors that invert.
    """

    def __init__(self, channels: RgbChannels, active_high: bool) -> None:
        self._active_high = active_high
        # reset values: data sheet, table "Register summary": slowest blink, half on, every LED off
        super().__init__(bytes((0, 0, 0xFF, 0x80, 0xFF, 0x80, 0x55, 0x55, 0x55, 0x55)), pca9552.INCREMENT, channels)

    def _output(self, channel: int) -> tuple[float, float]:
        selector = self._registers[pca9552.LS0 + channel // 4] >> 2 * (channel % 4) & 0b11
        if selector in pca9552.BLINK:
            return 1.0, (self._registers[pca9552.PSC0 + 2 * pca9552.BLINK.index(selector)] + 1) * pca9552.STEP_S
        return (1.0 if (selector == pca9552.ON) != self._active_high else 0.0), 0.0


def emulate_pca9633(site: EmulationSite, options: Pca9633Options) -> None:
    """Put a PCA9633 on the device's bus; ``plant.parts[device]`` is the :class:`Pca9633Chip`."""
    chip = Pca9633Chip(options.channels[:1], options.white)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)


def emulate_pca9552(site: EmulationSite, options: Pca9552Options) -> None:
    """Put a PCA9552 on the device's bus; ``plant.parts[device]`` is the :class:`Pca9552Chip`."""
    chip = Pca9552Chip(options.channels, options.active_high)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)
