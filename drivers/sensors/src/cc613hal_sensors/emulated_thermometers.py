"""Emulated MCP9808, MAX31865 and ADS1115: they feel the simulated cabinet, and can misbehave on request."""

from __future__ import annotations

from collections.abc import Callable

from cc613hal.bus.spi import SpiSettings
from cc613hal.clock import Clock
from cc613hal.plant.emulation import EmulationSite, I2cChip, SpiChip
from cc613hal.plant.signal import Signal
from cc613hal_sensors import ads1115, max31865, mcp9808, rtd
from cc613hal_sensors.ads1115 import FULL_SCALE_V, Ads1115Options
from cc613hal_sensors.max31865 import Max31865Options
from cc613hal_sensors.mcp9808 import Mcp9808Options

__all__ = ["Ads1115Chip", "Max31865Chip", "Mcp9808Chip", "emulate_ads1115", "emulate_max31865", "emulate_mcp9808"]

_MCP9808_CONVERSION_S = (0.03, 0.065, 0.13, 0.25)


class Mcp9808Chip(I2cChip):
    """An MCP9808.

    Args:
        temperature_c: what it feels, °C.
        clock: paces its first conversion.

    Attributes:
        identity: what the device register reads.
        manufacturer: what the manufacturer register reads.
        stuck_raw: what the temperature register reads, whatever it feels; ``None`` for the truth.
    """

    def __init__(self, temperature_c: Signal[float], clock: Clock) -> None:
        self.identity = 0x0400
        self.manufacturer = 0x0054
        self.stuck_raw: int | None = None
        self._temperature_c = temperature_c
        self._clock = clock
        self._pointer = 0
        self._words: dict[int, int] = {}
        self._resolution = 3
        self._held_raw = 0
        self._ready_s = 0.0
        self.power_cycle()

    def power_cycle(self) -> None:
        """The supply went and came back: 0 °C until the first conversion is done."""
        self._words = {1: 0, 2: 0, 3: 0, 4: 0}
        self._resolution, self._held_raw = 3, 0
        self._ready_s = self._clock.monotonic_s() + _MCP9808_CONVERSION_S[3]

    @property
    def shut_down(self) -> bool:
        """Whether it measures nothing and keeps its last value."""
        return bool(self._words[mcp9808.CONFIGURATION] & mcp9808.SHUTDOWN)

    def shut(self) -> None:
        """Somebody shut it down."""
        self._held_raw = self._result()
        self._words[mcp9808.CONFIGURATION] |= mcp9808.SHUTDOWN

    def write(self, data: bytes) -> None:
        """A register address, and a value for it."""
        if data:
            self._pointer = data[0]
        if self._pointer == mcp9808.RESOLUTION and len(data) > 1:
            self._resolution = data[1] & 0x03
        elif self._pointer in self._words and len(data) > 2:
            was_shut = self.shut_down
            self._words[self._pointer] = int.from_bytes(data[1:3], "big")
            if was_shut and not self.shut_down:
                self._ready_s = self._clock.monotonic_s() + _MCP9808_CONVERSION_S[self._resolution]

    def read(self, count: int) -> bytes:
        """The register at the address; all are of two bytes but the resolution."""
        resolution = self._pointer == mcp9808.RESOLUTION
        content = bytes((self._resolution,)) if resolution else self._word(self._pointer).to_bytes(2, "big")
        return content[:count].ljust(count, b"\xff")

    def _word(self, register: int) -> int:
        if register == mcp9808.TEMPERATURE:
            return self._flagged(self._result())
        fixed = {mcp9808.MANUFACTURER: self.manufacturer, mcp9808.DEVICE: self.identity, 0x00: 0x001D}
        return fixed.get(register, self._words.get(register, 0))

    def _result(self) -> int:
        if self.shut_down or self._clock.monotonic_s() < self._ready_s:
            return self._held_raw
        if self.stuck_raw is not None:
            return self.stuck_raw
        return mcp9808.raw_of(self._temperature_c.value) & (0x1FFF << 3 - self._resolution & 0x1FFF)

    def _flagged(self, raw: int) -> int:
        """With the bits that tell how it compares with the limits."""
        if self.stuck_raw is not None:
            return raw
        upper, lower, critical = (mcp9808.celsius_of(self._words[register]) for register in (2, 3, 4))
        celsius = mcp9808.celsius_of(raw)
        return raw | 0x8000 * (celsius >= critical) | 0x4000 * (celsius > upper) | 0x2000 * (celsius < lower)


class Max31865Chip(SpiChip):
    """A MAX31865 with its element.

    Args:
        temperature_c: what the element feels, °C.
        clock: paces its conversions.
        options: the element.

    Attributes:
        settings: how it wants to be spoken to.
        broken: ``open``, ``short``, ``wire`` (FORCE− is open), ``voltage`` (a glitch at an input), or ``""``.
        lead_ohm: resistance of both leads together, Ω; seen with two wires, and with three where the chip is not told.
        stuck_raw: what the RTD register reads, whatever it feels; ``None`` for the truth.
        forgets: it keeps nothing that is written: another chip.
        powered: its supply is there; without it the data line stays low.
    """

    settings = SpiSettings(mode=1, speed_hz=5_000_000)

    def __init__(self, temperature_c: Signal[float], clock: Clock, options: Max31865Options) -> None:
        self.broken = ""
        self.lead_ohm = options.lead_ohm
        self.stuck_raw: int | None = None
        self.forgets = False
        self.powered = True
        self._temperature_c = temperature_c
        self._clock = clock
        self._options = options
        self._registers = bytearray(8)
        self._started_s: float | None = None
        self.power_cycle()

    def power_cycle(self) -> None:
        """The supply went and came back (reset values of the data sheet)."""
        self._registers[:] = bytes((0, 0, 0, 0xFF, 0xFF, 0, 0, 0))
        self._started_s = None

    def register(self, address: int) -> int:
        """What a register holds."""
        return self._registers[address]

    def transfer(self, data: bytes) -> bytes:
        """An address, then values read from there on or written to it."""
        if not self.powered or not data:
            return bytes(len(data))
        self._convert()
        address = data[0] & 0x7F
        if not data[0] & max31865.WRITE:
            return bytes((0xFF,)) + bytes(self._registers[(address + place) % 8] for place in range(len(data) - 1))
        for place, value in enumerate(data[1:]):
            self._store((address + place) % 8, value)
        return b"\xff" * len(data)

    def _store(self, address: int, value: int) -> None:
        if self.forgets or address in {1, 2, 7}:  # what it measured cannot be written
            return
        if address != max31865.CONFIGURATION:
            self._registers[address] = value
            return
        if value & max31865.CLEAR_FAULTS and not value & 0x2C:
            self._registers[7] = 0
            self._registers[2] &= 0xFE
        if value & 0x0C and not value & max31865.AUTOMATIC:
            self._registers[7] |= {"open": 0x20, "wire": 0x18}.get(self.broken, 0)
        before = self._registers[0]
        self._registers[0] = value & ~0x2E & 0xFF
        converting = value & (max31865.AUTOMATIC | max31865.ONE_SHOT)
        if converting and not (before & max31865.AUTOMATIC and value & max31865.AUTOMATIC):
            self._started_s = self._clock.monotonic_s()

    def _convert(self) -> None:
        """What the registers of the measurement read from now on."""
        if self._started_s is None:
            return
        first_s = 0.0625 if self._registers[0] & max31865.FILTER_50_HZ else 0.052
        if self._clock.monotonic_s() - self._started_s < first_s * 0.999 or not self._registers[0] & max31865.BIAS:
            return
        if not self._registers[0] & max31865.AUTOMATIC:
            self._started_s = None
        code = self._code()
        high, low = (int.from_bytes(self._registers[start : start + 2], "big") >> 1 for start in (3, 5))
        faults = (0x80 if code >= high else 0) | (0x40 if code <= low else 0) | (0x04 if self.broken == "voltage" else 0)
        self._registers[7] |= faults
        word = code << 1 | bool(self._registers[7])
        self._registers[1:3] = (word if self.stuck_raw is None else self.stuck_raw).to_bytes(2, "big")

    def _code(self) -> int:
        if self.broken in {"open", "wire"}:
            return 0x7FFF
        if self.broken == "short":
            return 0
        cancelled = self._options.wires == 4 or bool(self._registers[0] & max31865.THREE_WIRES)
        element_ohm = rtd.ohm(self._temperature_c.value, self._options.r0_ohm) + (0.0 if cancelled else self.lead_ohm)
        return max(0, min(0x7FFF, round(element_ohm / self._options.reference_ohm * 32768)))


class Ads1115Chip(I2cChip):
    """An ADS1115.

    Args:
        volts: the voltage at each of its four inputs, V, when asked.
        clock: paces its conversions.

    Attributes:
        broken: ``open``, ``short``, ``supply`` (the divider has none), or ``""``; for whoever makes the voltages.
        stuck_raw: what the conversion register reads, whatever is at the inputs; ``None`` for the truth.
        meddler: somebody else starts a conversion of another input right after ours.
        forgets: it keeps nothing that is written: another chip.
    """

    def __init__(self, volts: Callable[[int], float], clock: Clock) -> None:
        self.broken = ""
        self.stuck_raw: int | None = None
        self.meddler = False
        self.forgets = False
        self._volts = volts
        self._clock = clock
        self._pointer = 0
        self._configuration = 0x8583
        self._result = 0
        self._busy_until_s: float | None = None
        low, high = ads1115.THRESHOLDS
        self._thresholds: dict[int, int] = {ads1115.LOW_THRESHOLD: low, ads1115.HIGH_THRESHOLD: high}

    def power_cycle(self) -> None:
        """The supply went and came back (reset values of the data sheet)."""
        self._configuration, self._result, self._busy_until_s = 0x8583, 0, None

    def write(self, data: bytes) -> None:
        """A register address, and a value for it."""
        if data:
            self._pointer = data[0] & 0x03
        if len(data) < 3 or self.forgets:
            return
        value = int.from_bytes(data[1:3], "big")
        if self._pointer in self._thresholds:
            self._thresholds[self._pointer] = value
        elif self._pointer == ads1115.CONFIGURATION:
            self._configuration = (value ^ 0x1000 if self.meddler else value) & ~ads1115.START
            if value & ads1115.START or not value & ads1115.SINGLE_SHOT:
                rate = (8, 16, 32, 64, 128, 250, 475, 860)[value >> 5 & 0x07]
                self._busy_until_s = self._clock.monotonic_s() + 1 / rate

    def read(self, count: int) -> bytes:
        """The register at the address, high byte first."""
        self._convert()
        if self._pointer == ads1115.CONVERSION:
            word = self._result if self.stuck_raw is None else self.stuck_raw
        elif self._pointer == ads1115.CONFIGURATION:
            word = self._configuration | (ads1115.START if self._busy_until_s is None else 0)
        else:
            word = self._thresholds[self._pointer]
        return (word & 0xFFFF).to_bytes(2, "big")[:count].ljust(count, b"\xff")

    def _convert(self) -> None:
        if self._busy_until_s is None or self._clock.monotonic_s() < self._busy_until_s:
            return
        if self._configuration & ads1115.SINGLE_SHOT:
            self._busy_until_s = None
        sources = ((0, 1), (0, 3), (1, 3), (2, 3), (0, None), (1, None), (2, None), (3, None))
        plus, minus = sources[self._configuration >> 12 & 0x07]
        volt = self._volts(plus) - (0.0 if minus is None else self._volts(minus))
        range_v = {bits: volts for volts, bits in FULL_SCALE_V.items()}.get(self._configuration & 0x0E00, 0.256)
        self._result = max(-32768, min(32767, round(volt / range_v * 32768)))


def emulate_mcp9808(site: EmulationSite, options: Mcp9808Options) -> None:
    """Put a thermometer at its place in the cabinet; ``plant.parts[device]`` is the :class:`Mcp9808Chip`."""
    chip = Mcp9808Chip(site.plant.cabinet.temperature(options.place), site.plant.clock)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)


def emulate_max31865(site: EmulationSite, options: Max31865Options) -> None:
    """Put an element at its place in the cabinet; ``plant.parts[device]`` is the :class:`Max31865Chip`."""
    chip = Max31865Chip(site.plant.cabinet.temperature(options.place), site.plant.clock, options)
    site.plant.parts[site.device] = chip
    site.attach_spi(chip)


def emulate_ads1115(site: EmulationSite, options: Ads1115Options) -> None:
    """Put an element with its divider at its place in the cabinet; ``plant.parts[device]`` is the :class:`Ads1115Chip`."""
    temperature_c = site.plant.cabinet.temperature(options.place)

    def volts(source: int) -> float:
        if chip.broken == "supply":
            return 0.0
        if source == options.input:
            share = {"open": 1.0, "short": 0.0}.get(chip.broken, options.share(temperature_c.value))
            return share * options.supply_v
        return options.supply_v if source == options.supply_input else 0.0

    chip = Ads1115Chip(volts, site.plant.clock)
    site.plant.parts[site.device] = chip
    site.attach_i2c(chip)
