"""Drivers that others wrote, on the parts that we emulate: they and ours must read the same.

The CircuitPython libraries of Adafruit (MIT) are installed with the tests only. They set parts up in their own way (other ranges, one
conversion at a time), which the emulated parts must bear as well.
"""

from __future__ import annotations

import asyncio

import pytest
from adafruit_ads1x15 import ads1x15
from adafruit_ads1x15.ads1115 import ADS1115
from adafruit_ads1x15.analog_in import AnalogIn
from adafruit_adxl34x import ADXL345
from adafruit_bus_device.i2c_device import I2CDevice
from adafruit_ds18x20 import DS18X20
from adafruit_lis3dh import LIS3DH_I2C
from adafruit_max31865 import MAX31865
from adafruit_mcp9808 import MCP9808
from adafruit_mma8451 import MMA8451
from adafruit_onewire.bus import OneWireBus
from adafruit_pct2075 import PCT2075
from adafruit_tmp117 import TMP117
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.plant import Signal
from cc613hal.testing.bench import open_part
from cc613hal_sensors.ads1115 import Ads1115Options
from cc613hal_sensors.ds18b20 import Ds18b20Options
from cc613hal_sensors.ds18b20_scratchpad import Scratchpad, crc8
from cc613hal_sensors.emulated_sysfs import EmulatedDs18b20
from cc613hal_sensors.emulated_thermometers import Ads1115Chip, Max31865Chip, Mcp9808Chip
from cc613hal_sensors.emulated_tilt import Adxl345Chip, Lis2dh12Chip, Mma8451Chip
from cc613hal_sensors.emulation import Lm75Chip
from cc613hal_sensors.max31865 import Max31865Options
from cc613hal_sensors.variants import VARIANTS

TEMPERATURES = [-40.0, -10.125, 0.0, 25.0625, 60.0, 85.0, 120.0]
ATTITUDES = [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (0.5, 0.0, 0.866), (-0.6, 0.8, 0.0), (0.1, -0.2, 0.97)]
GRAVITY = 9.80665


class Hurrying:
    """A clock that jumps a second whenever somebody looks: no conversion is ever waited for."""

    now_s = 0.0

    def monotonic_s(self) -> float:
        self.now_s += 1.0
        return self.now_s


class I2cBus:
    """An I2C bus as CircuitPython has it, with one chip at every address."""

    def __init__(self, chip) -> None:
        self.chip = chip

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        return

    def writeto(self, address, data, *, start=0, end=None) -> None:
        self.chip.write(bytes(data)[start:end])

    def readfrom_into(self, address, buffer, *, start=0, end=None) -> None:
        span = range(*slice(start, end).indices(len(buffer)))
        buffer[span.start : span.stop] = self.chip.read(len(span))

    def writeto_then_readfrom(self, address, out, into, *, out_start=0, out_end=None, in_start=0, in_end=None) -> None:
        self.writeto(address, out, start=out_start, end=out_end)
        self.readfrom_into(address, into, start=in_start, end=in_end)


class SpiBus:
    """An SPI bus as CircuitPython has it, and its chip select: what is clocked while it is active is one transfer."""

    def __init__(self, chip) -> None:
        self.chip = chip
        self.sent = b""

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        return

    def configure(self, *, baudrate, polarity, phase) -> None:
        assert (polarity, phase) in {(0, 1), (1, 1)}, "the part knows modes 1 and 3"

    def switch_to_output(self, *, value) -> None:
        assert value

    @property
    def value(self) -> bool:
        return True

    @value.setter
    def value(self, level: bool) -> None:
        if level and self.sent:
            self.chip.transfer(self.sent)
        self.sent = b""

    def write(self, data, *, start=0, end=None) -> None:
        self.sent += bytes(data)[start:end]

    def readinto(self, buffer, *, start=0, end=None) -> None:
        span = range(*slice(start, end).indices(len(buffer)))
        buffer[span.start : span.stop] = self.chip.transfer(self.sent + bytes(len(span)))[-len(span) :]
        self.sent = b""


def ours(driver, celsius, **options):
    async def main():
        async with open_part(driver, options=options) as bench:
            bench.plant.cabinet.temperature("internal").set(celsius)
            await asyncio.sleep(1.0)
            return (await bench.device.read()).temperature_c

    return run_virtual(main())


def our_gravity(driver, gravity_g):
    async def main():
        async with open_part(driver) as bench:
            bench.plant.cabinet.gravity_g.set(gravity_g)
            await asyncio.sleep(0.5)
            return (await bench.device.read_tilt()).gravity_g

    return run_virtual(main())


# -- thermometers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("celsius", TEMPERATURES)
def test_pct2075(celsius):
    theirs = PCT2075(I2cBus(Lm75Chip(VARIANTS["pct2075"], Signal(celsius), Hurrying())), address=0x48)
    assert theirs.temperature == ours("sensors.lm75", celsius, variant="pct2075")


@pytest.mark.parametrize("celsius", TEMPERATURES)
def test_tmp117(celsius):
    theirs = TMP117.__new__(TMP117)  # its constructor waits a second for the first conversion
    theirs.i2c_device = I2CDevice(I2cBus(Lm75Chip(VARIANTS["tmp117"], Signal(celsius), Hurrying())), 0x48)
    assert theirs.temperature == ours("sensors.lm75", celsius, variant="tmp117")


@pytest.mark.parametrize("celsius", TEMPERATURES)
def test_mcp9808(celsius):
    theirs = MCP9808(I2cBus(Mcp9808Chip(Signal(celsius), Hurrying())))
    assert theirs.temperature == ours("sensors.mcp9808", celsius)


@pytest.mark.parametrize("element", [{"r0_ohm": 1000.0, "reference_ohm": 4300.0}, {"r0_ohm": 100.0, "reference_ohm": 430.0}])
@pytest.mark.parametrize(("wires", "filter_hz"), [(2, 60), (3, 50)])
@pytest.mark.parametrize("celsius", [-40.0, 0.0, 85.0])
def test_max31865(element, wires, filter_hz, celsius):
    bus = SpiBus(Max31865Chip(Signal(celsius), Hurrying(), Max31865Options(**element, wires=wires)))
    theirs = MAX31865(
        bus, bus, rtd_nominal=element["r0_ohm"], ref_resistor=element["reference_ohm"], wires=wires, filter_frequency=filter_hz
    )
    read = ours("sensors.max31865", celsius, wires=wires, filter_hz=filter_hz, **element)
    # below zero they use a polynomial of fifth order for the whole curve, we the curve itself
    assert theirs.temperature == pytest.approx(read, abs=0.001 if read >= 0 else 0.06)


def test_max31865_open_and_closed_again():
    chip = Max31865Chip(Signal(25.0), Hurrying(), Max31865Options())
    bus = SpiBus(chip)
    theirs = MAX31865(bus, bus, rtd_nominal=1000, ref_resistor=4300.0)
    chip.broken = "open"
    theirs.read_rtd()
    assert theirs.fault[0], "above the high threshold"
    chip.broken = ""
    theirs.clear_faults()
    assert not any(theirs.fault)


@pytest.mark.parametrize("gain", [1, 2])
@pytest.mark.parametrize("celsius", TEMPERATURES)
def test_ads1115(gain, celsius):
    options = Ads1115Options()
    chip = Ads1115Chip(lambda source: options.share(celsius) * 3.3 if source == 0 else 0.0, Hurrying())
    volt = AnalogIn(ADS1115(I2cBus(chip), gain=gain), ads1x15.Pin.A0).voltage
    assert volt == pytest.approx(options.share(celsius) * 3.3, abs=2e-4)
    assert ours("sensors.ads1115", celsius) == pytest.approx(options.celsius(volt / 3.3), abs=0.1)


class Wire:
    """A 1-Wire bus as CircuitPython has it, with one sensor that converts at once."""

    crc8 = staticmethod(OneWireBus.crc8)
    family_code = 0x28
    rom = b"\x28" + bytes(7)

    def __init__(self, sensor: EmulatedDs18b20) -> None:
        self.sensor = sensor
        self.asked = b""

    def reset(self) -> None:
        self.asked = b""

    def write(self, data, *, start=0, end=None) -> None:
        self.asked = bytes(data)[start:end]

    def readinto(self, buffer, *, start=0, end=None) -> None:
        if self.asked == b"\xbe":
            content = self.sensor.scratchpad()
            buffer[:] = content + bytes((crc8(content),))
        else:
            buffer[0] = 1


@pytest.mark.parametrize("celsius", TEMPERATURES)
def test_ds18b20(celsius):
    wire = Wire(EmulatedDs18b20(Signal(celsius), Hurrying(), Ds18b20Options()))
    assert DS18X20(wire, wire).temperature == ours("sensors.ds18b20", celsius)


@given(st.binary(min_size=8, max_size=8))
def test_check_sum_of_1_wire(content):
    assert OneWireBus.crc8(content) == crc8(content)
    assert OneWireBus.crc8(content + bytes((crc8(content),))) == 0


@given(st.integers(-880, 2000))
def test_ds18b20_at_every_step(raw):
    sensor = EmulatedDs18b20(Signal(raw / 16), Hurrying(), Ds18b20Options())
    wire = Wire(sensor)
    assert DS18X20(wire, wire).read_temperature() == Scratchpad(sensor.scratchpad()).celsius == raw / 16


# -- accelerometers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gravity_g", ATTITUDES)
def test_lis3dh(gravity_g):
    theirs = LIS3DH_I2C(I2cBus(Lis2dh12Chip(Signal(gravity_g), Hurrying())), address=0x19)
    # they divide the left-aligned word by 16380 instead of 16 · 1000: 2.4 % less; the data sheet says 1 mg for each of 12 bits
    assert [axis / GRAVITY * 16380 / 16000 for axis in theirs.acceleration] == pytest.approx(
        our_gravity("sensors.lis2dh12", gravity_g), abs=0.003
    )


@pytest.mark.parametrize("gravity_g", ATTITUDES)
def test_adxl345(gravity_g):
    theirs = ADXL345(I2cBus(Adxl345Chip(Signal(gravity_g), Hurrying())))
    # they reckon with 4 mg a step; the data sheet says 256 steps for 1 g, 3.9 mg
    assert [axis / GRAVITY / 0.004 / 256 for axis in theirs.acceleration] == pytest.approx(
        our_gravity("sensors.adxl345", gravity_g), abs=3 / 256
    )


@pytest.mark.parametrize("gravity_g", ATTITUDES)
def test_mma8451(gravity_g):
    theirs = MMA8451(I2cBus(Mma8451Chip(Signal(gravity_g), Hurrying())), address=0x1D)
    assert theirs.range == 1, "±4 g, where we take ±2 g"
    assert [axis / GRAVITY for axis in theirs.acceleration] == pytest.approx(our_gravity("sensors.mma8451", gravity_g), abs=3 / 2048)
