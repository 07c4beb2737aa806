"""Emulated IS31FL32xx and LP5562, and LEDs of an emulated kernel: registers, engines, and the light that comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from cc613hal.errors import BusClosed, BusError, BusMissing
from cc613hal.interfaces import BLACK, Colour
from cc613hal.plant.emulation import EmulationSite, I2cChip
from cc613hal.plant.signal import Signal
from cc613hal_hmi import lp5562
from cc613hal_hmi.channels import RgbChannels
from cc613hal_hmi.is31fl32xx import CHIPS, SHUTDOWN, Is31fl32xxOptions, Layout
from cc613hal_hmi.led_class import KernelLed, LedClassOptions, LedPort
from cc613hal_hmi.lp5562 import Lp5562Options

__all__ = ["EmulatedLeds", "Is31fl32xxChip", "Lp5562Chip", "emulate_is31fl32xx", "emulate_led_class", "emulate_lp5562"]


_RGB = ("red", "green", "blue")


class Is31fl32xxChip(I2cChip):
    """A chip of the family. It cannot be read: who tries hears the bus's pull-up.

    Args:
        layout: where its registers are.
        channels: red, green and blue output of each light.

    Attributes:
        lights: the colour of each light, as seen.
        writes: transactions that wrote something.
        reads: attempts to read it.
    """

    def __init__(self, layout: Layout, channels: RgbChannels) -> None:
        self.lights: tuple[Signal[Colour], ...] = tuple(Signal(BLACK) for _ in channels)
        self.writes = 0
        self.reads = 0
        self._layout = layout
        self._channels = channels
        self._written = bytearray(256)
        self._taken = bytearray(256)

    def power_cycle(self) -> None:
        """The supply went and came back: everything is 0, the chip is shut down."""
        self._written[:] = self._taken[:] = bytes(256)
        self._shine()

    def register(self, address: int) -> int:
        """What was written to a register."""
        return self._written[address]

    def write(self, data: bytes) -> None:
        """A register address, and values for it and what follows."""
        if len(data) < 2:
            return
        self.writes += 1
        for place, value in enumerate(data[1:], start=data[0]):
            if place == self._layout.reset:
                self.power_cycle()
            elif place == self._layout.update:
                keep = self._taken[SHUTDOWN]
                self._taken[:] = self._written
                self._taken[SHUTDOWN] = keep
            else:
                self._written[place % 256] = value
                if place == SHUTDOWN:
                    self._taken[SHUTDOWN] = value
        self._shine()

    def read(self, count: int) -> bytes:
        """Nothing drives the wire."""
        self.reads += 1
        return b"\xff" * count

    def _level(self, channel: int) -> float:
        layout, taken = self._layout, self._taken
        switch = taken[layout.control + channel // layout.per_control]
        on = switch & 1 if layout.per_control == 1 else switch >> channel % layout.per_control & 1
        divider = (switch >> 1 & 0b11) + 1 if layout.per_control == 1 else 1
        return taken[layout.pwm + channel] / 255 / divider if on and taken[SHUTDOWN] & 1 else 0.0

    def _shine(self) -> None:
        for light, (red, green, blue) in zip(self.lights, self._channels, strict=True):
            light.set(Colour(self._level(red), self._level(green), self._level(blue)))


class Lp5562Chip(I2cChip):
    """An LP5562 with an RGB light and a white LED, its engines told as a period.

    Attributes:
        lights: the colour of the light, as seen while it shines.
        white_level: brightness of the white LED, 0 to 1.
        period_s: what it blinks with by itself, s; 0 for steady or dark.
        stuck: what a register reads, whatever was written.
        writes: transactions that wrote something.
        mishaps: rules of the data sheet that were broken.
    """

    def __init__(self) -> None:
        self.lights: tuple[Signal[Colour], ...] = (Signal(BLACK),)
        self.white_level = Signal(0.0)
        self.period_s: tuple[Signal[float], ...] = (Signal(0.0),)
        self.stuck: dict[int, int] = {}
        self.writes = 0
        self.mishaps: list[str] = []
        self._registers = bytearray(256)
        self._pointer = 0
        self.power_cycle()

    def power_cycle(self) -> None:
        """The supply went and came back (reset values: all 0 but the currents, 17.5 mA)."""
        self._registers[:] = bytes(256)
        for register in lp5562.CURRENT:
            self._registers[register] = 175
        self._shine()

    def register(self, address: int) -> int:
        """What a register holds."""
        return self._registers[address]

    def write(self, data: bytes) -> None:
        """A register address, and values for it and what follows."""
        self._pointer = data[0] if data else self._pointer
        if len(data) > 1:
            self.writes += 1
        for place, value in enumerate(data[1:], start=self._pointer):
            self._store(place, value)
        self._shine()

    def read(self, count: int) -> bytes:
        """Values from the register address on."""
        span = range(self._pointer, self._pointer + count)
        return bytes(self.stuck.get(place % 256, self._registers[place % 256]) for place in span)

    def _store(self, place: int, value: int) -> None:
        if place == lp5562.RESET and value == 0xFF:
            self.power_cycle()
            return
        if place != lp5562.ENABLE and not self._registers[lp5562.ENABLE] & lp5562.CHIP_ON:
            self.mishaps.append(f"register 0x{place:02X} written while the chip is off")
            return
        for engine, start in enumerate(lp5562.PROGRAM):
            if start <= place < start + 0x20 and self._mode(lp5562.OP_MODE, engine) != lp5562.LOAD:
                self.mishaps.append(f"program of engine {engine + 1} written outside load mode")
                return
        self._registers[place % 256] = value

    def _mode(self, register: int, engine: int) -> int:
        return self._registers[register] >> lp5562.ENGINE_SHIFT[engine] & 0b11

    def _output(self, index: int) -> tuple[float, float]:
        """Level of an output while it shines, and the period with which it blinks, s."""
        if not self._registers[lp5562.ENABLE] & lp5562.CHIP_ON:
            return 0.0, 0.0
        engine = (self._registers[lp5562.LED_MAP] >> lp5562.MAP_SHIFT[index] & 0b11) - 1
        if engine < 0:
            return self._registers[lp5562.PWM[index]] / 255, 0.0
        if self._mode(lp5562.OP_MODE, engine) != lp5562.RUN or self._mode(lp5562.ENABLE, engine) != lp5562.RUN:
            return 0.0, 0.0
        return self._run(engine)

    def _run(self, engine: int) -> tuple[float, float]:
        level, counts = 0, 0
        start = lp5562.PROGRAM[engine]
        for place in range(start, start + 0x20, 2):
            instruction = int.from_bytes(self._registers[place : place + 2], "big")
            if instruction == lp5562.GO_TO_START:
                return level / 255, counts * lp5562.STEP_S
            if instruction & 0x3F00:
                counts += instruction >> 8 & 0x3F
            else:
                level = max(level, instruction & 0xFF)
        return level / 255, counts * lp5562.STEP_S

    def _shine(self) -> None:
        outputs = [self._output(index) for index in range(4)]
        self.period_s[0].set(max(period_s if level else 0.0 for level, period_s in outputs))
        self.white_level.set(outputs[3][0])
        self.lights[0].set(Colour(*(level for level, _ in outputs[:3])))


class EmulatedLeds(LedPort):
    """LEDs of an emulated kernel.

    Args:
        lights: LEDs of each light; a light of one LED has a multicolour LED.

    Attributes:
        lights: the colour of each light, as seen.
        refusal: raised instead of everything; ``None`` for none.
        present: the kernel driver is there.
        writes: values written.
    """

    def __init__(self, lights: Sequence[Sequence[str]]) -> None:
        self.lights: tuple[Signal[Colour], ...] = tuple(Signal(BLACK) for _ in lights)
        self.refusal: BusError | None = None
        self.present = True
        self.writes = 0
        self._names = lights
        self.leds: Mapping[str, KernelLed] = {
            name: KernelLed(name, 255, _RGB if len(light) == 1 else (), "leds-emulated") for light in lights for name in light
        }
        self._values: dict[str, tuple[int, ...]] = {}
        self.power_cycle()

    def replace(self, name: str, *, most: int = 255, colours: tuple[str, ...] = ()) -> None:
        """Make an LED another one."""
        self.leds = {**self.leds, name: evolve(self.leds[name], most=most, colours=colours)}
        self.power_cycle()

    def power_cycle(self) -> None:
        """The kernel driver was loaded again, or somebody else wrote zeros."""
        self._values = {name: (0,) * max(len(led.colours), 1) for name, led in self.leds.items()}
        self._shine()

    def take(self, name: str) -> KernelLed:
        """Take an LED over."""
        self._check(BusMissing)
        if name not in self.leds:
            raise BusMissing(f"the kernel has no LED {name}", device=name, hint=f"there are: {', '.join(self.leds)}")
        return self.leds[name]

    def write(self, led: KernelLed, values: Sequence[int]) -> None:
        """Set an LED."""
        self._check(BusClosed)
        self.writes += 1
        self._values[led.name] = tuple(values)
        self._shine()

    def read(self, led: KernelLed) -> tuple[int, ...]:
        """What an LED is set to."""
        self._check(BusClosed)
        return self._values[led.name]

    def _check(self, gone: type[BusError]) -> None:
        if self.refusal is not None:
            raise self.refusal
        if not self.present:
            raise gone("the LED driver is not loaded", device="leds", hint="load its kernel driver")

    def _shine(self) -> None:
        for light, names in zip(self.lights, self._names, strict=True):
            shares: dict[str, float] = {}
            for place, name in enumerate(names):
                led = self.leds[name]
                colours = led.colours or (_RGB[place],)
                shares.update({colour: value / led.most for colour, value in zip(colours, self._values[name], strict=True)})
            white = shares.get("white", 0.0)
            light.set(Colour(*(shares.get(colour, 0.0) + white for colour in _RGB)))


def emulate_is31fl32xx(site: EmulationSite, options: Is31fl32xxOptions) -> None:
    """Put a chip of the family on the device's bus; ``plant.parts[device]`` is the :class:`Is31fl32xxChip`."""
    chip = Is31fl32xxChip(CHIPS[options.part], options.channels)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)


def emulate_lp5562(site: EmulationSite, options: Lp5562Options) -> None:
    """Put an LP5562 on the device's bus; ``plant.parts[device]`` is the :class:`Lp5562Chip`."""
    del options
    chip = Lp5562Chip()
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)


def emulate_led_class(site: EmulationSite, options: LedClassOptions) -> None:
    """Give the emulated kernel the LEDs of the options; ``plant.parts[device]`` is the :class:`EmulatedLeds`."""
    leds = EmulatedLeds(options.lights)
    site.plant.parts[site.device] = leds
    site.attach_port(leds)
