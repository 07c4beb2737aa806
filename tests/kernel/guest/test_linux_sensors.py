"""Our sensor drivers and the kernel's own, one after the other on the same emulated chip: they must read the same.

The kernel's hardware monitors (lm75, tmp102, jc42) and IIO drivers (mma8451, lis2dh12, ads1115, max31865, scl3300) take the chip first;
then our driver has it, over the same kernel's bus. Our driver for hardware monitors is asked as well, while the kernel has the chip. The
kernel's driver for the ADXL345 takes its chip from a device tree only, which the lane has not: Adafruit's is compared with ours instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cc613hal.board import Board, open_board, parse_board
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.clock import Clock
from cc613hal.interfaces import Identified, TemperatureSensor, TiltSensor
from cc613hal.plant import Signal
from cc613hal.plugins.manager import Plugins
from cc613hal_sensors.ads1115 import Ads1115Options
from cc613hal_sensors.emulated_scl3300 import Scl3300Chip
from cc613hal_sensors.emulated_thermometers import Ads1115Chip, Max31865Chip, Mcp9808Chip
from cc613hal_sensors.emulated_tilt import Lis2dh12Chip, Mma8451Chip
from cc613hal_sensors.emulation import Lm75Chip
from cc613hal_sensors.max31865 import Max31865Options
from cc613hal_sensors.variants import VARIANTS
from tests.kernel.guest.conftest import I2cBench, SpiBench

Vector = tuple[float, float, float]

BOARD = """
schema = 1
name = "sensors"
summary = "one sensor"
{bus}
[device.sensor]
driver = "{driver}"
{place}
options = {{ {options} }}
"""
GRAVITY = 9.80665
ATTITUDES: tuple[Vector, ...] = ((0.0, 0.0, 1.0), (0.5, -0.866, 0.0), (-0.2, 0.3, -0.93))


@contextlib.asynccontextmanager
async def our_board(driver: str, path: str = "", place: str = "", options: str = "") -> AsyncIterator[Board]:
    """A board with our driver for the sensor, on the kernel's buses."""
    bus = f'[bus.wire]\ntype = "{"spi" if "spi" in path else "i2c"}"\npath = "{path}"' if path else ""
    text = BOARD.format(bus=bus, driver=driver, place=f'bus = "wire"\n{place}' if path else "", options=options)
    async with open_board(parse_board(text, file="sensors.toml", plugins=Plugins.discover()), LinuxBuses(), sigterm=False) as board:
        yield board


async def temperature(board: Board) -> float:
    return (await board.get(TemperatureSensor).read()).temperature_c


async def gravity(board: Board) -> Vector:
    return (await board.get(TiltSensor).read_tilt()).gravity_g


@contextlib.contextmanager
def kernel_has(i2c: I2cBench, name: str, address: int) -> Iterator[Path]:
    """The kernel's driver of that name on the chip; yields the folder of the device."""
    bus = Path(f"/sys/bus/i2c/devices/i2c-{i2c.number}")
    (bus / "new_device").write_text(f"{name} 0x{address:02x}")
    try:
        folder = bus / f"{i2c.number}-{address:04x}"
        assert (folder / "driver").exists(), f"the kernel's driver did not take the {name}"
        yield folder
    finally:
        (bus / "delete_device").write_text(f"0x{address:02x}")


@contextlib.contextmanager
def kernel_has_spi(driver: str, device: str) -> Iterator[Path]:
    """The same on SPI, at a chip select that the lane keeps for it."""
    place = Path("/sys/bus/spi/drivers") / driver
    (place / "bind").write_text(device)
    try:
        yield place / device
    finally:
        (place / "unbind").write_text(device)


def milli(folder: Path) -> float:
    """The first temperature of a hardware monitor, °C."""
    (hwmon,) = (folder / "hwmon").glob("hwmon*")
    for _ in range(50):  # a tmp102 says EAGAIN until its first conversion in the mode that the kernel wants
        descriptor = os.open(hwmon / "temp1_input", os.O_RDONLY)
        try:
            return int(os.read(descriptor, 20)) / 1000
        except BlockingIOError:
            time.sleep(0.02)
        finally:
            os.close(descriptor)
    raise AssertionError("the kernel's driver never has a value")


def iio(folder: Path, *files: str) -> list[float]:
    """Numbers of an IIO device."""
    (device,) = folder.glob("iio:device*")
    return [float((device / file).read_text()) for file in files]


AXES = ("in_accel_x_raw", "in_accel_y_raw", "in_accel_z_raw")


# -- thermometers -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("celsius", [-40.0, -0.5, 25.0, 85.25, 120.0])
@pytest.mark.parametrize("variant", ["lm75", "lm75b", "pct2075", "tmp102", "tmp1075"])
async def test_lm75_and_its_relatives(i2c: I2cBench, variant: str, celsius: float) -> None:
    address = 0x4A
    chip = Lm75Chip(VARIANTS[variant], Signal(celsius), Clock())
    i2c.attach(address, chip)
    await asyncio.sleep(VARIANTS[variant].conversion_s)  # it is powered for longer than its first conversion
    with kernel_has(i2c, variant, address) as folder:
        theirs = milli(folder)
        where = f'chip = "{variant}", bus_device = "{i2c.number}-{address:04x}"'
        async with our_board("sensors.hwmon", options=where) as board:
            assert await temperature(board) == theirs, "their file, read by our driver for it"
            assert (await board.get(Identified).identify()).hardware == f"{i2c.number}-{address:04x}"
    chip.power_cycle()
    async with our_board("sensors.lm75", i2c.path, f"address = {address}", f'variant = "{variant}"') as board:
        ours = await temperature(board)
    assert ours == pytest.approx(celsius, abs=VARIANTS[variant].step_c / 2)
    assert ours == pytest.approx(theirs, abs=0.0011), "the kernel rounds to m°C"


async def test_a_tmp102_in_the_mode_in_which_the_kernel_left_it(i2c: I2cBench) -> None:
    chip = Lm75Chip(VARIANTS["tmp102"], Signal(130.0), Clock())
    i2c.attach(0x4A, chip)
    await asyncio.sleep(VARIANTS["tmp102"].conversion_s)
    with kernel_has(i2c, "tmp102", 0x4A) as folder:
        theirs = milli(folder)
        chip.write(b"\x01")
        left = chip.read(2)
    chip.write(b"\x01" + left)  # the driver puts back what it found when it goes
    async with our_board("sensors.lm75", i2c.path, "address = 0x4A", 'variant = "tmp102", high_c = 150.0') as board:
        assert await temperature(board) == theirs == 130.0, "beyond 128 °C in extended mode only"


@pytest.mark.parametrize("celsius", [-40.0, -0.0625, 25.0625, 85.0, 120.0])
async def test_mcp9808(i2c: I2cBench, celsius: float) -> None:
    chip = Mcp9808Chip(Signal(celsius), Clock())
    i2c.attach(0x1B, chip)
    await asyncio.sleep(0.3)  # as above
    with kernel_has(i2c, "jc42", 0x1B) as folder:
        theirs = milli(folder)
    async with our_board("sensors.mcp9808", i2c.path, "address = 0x1B") as board:
        assert await temperature(board) == pytest.approx(theirs, abs=0.0011)


@pytest.mark.parametrize("celsius", [-40.0, 0.0, 25.0, 85.0])
async def test_max31865(spi: SpiBench, celsius: float) -> None:
    options = Max31865Options(wires=4, filter_hz=60)
    chip = Max31865Chip(Signal(celsius), Clock(), options)
    spi.attach(2, chip)
    spi.attach(0, chip)
    with kernel_has_spi("max31865", "spi0.2") as folder:
        (code,) = iio(folder, "in_temp_raw")
    async with our_board("sensors.max31865", spi.path.removesuffix(".0"), "select = 0", "wires = 4, filter_hz = 60") as board:
        ours = await temperature(board)
    assert ours == pytest.approx(celsius, abs=0.05)
    assert ours == options.celsius(int(code)), "their scale is a straight line for a PT100; the code is the same"


@pytest.mark.parametrize("celsius", [-40.0, 25.0, 125.0])
async def test_ads1115(i2c: I2cBench, celsius: float) -> None:
    options = Ads1115Options(supply_input=3)
    volts = {0: options.share(celsius) * 3.25, 3: 3.25}
    i2c.attach(0x49, Ads1115Chip(lambda source: volts.get(source, 0.0), Clock()))
    with kernel_has(i2c, "ads1115", 0x49) as folder:
        raw, scale = iio(folder, "in_voltage0_raw", "in_voltage0_scale")
        theirs_v = raw * scale / 1000
    async with our_board("sensors.ads1115", i2c.path, "address = 0x49", "supply_input = 3") as board:
        ours = await temperature(board)
    assert ours == pytest.approx(celsius, abs=0.1)
    assert ours == pytest.approx(options.celsius(theirs_v / 3.25), abs=0.1)


# -- accelerometers -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gravity_g", ATTITUDES)
@pytest.mark.parametrize(
    ("driver", "kernel_name", "address", "make", "step_g"),
    [
        ("sensors.mma8451", "mma8451", 0x1C, Mma8451Chip, 1 / 4096),
        ("sensors.lis2dh12", "lis2dh12_accel", 0x19, Lis2dh12Chip, 0.001),
    ],
)
async def test_accelerometers(
    i2c: I2cBench, driver: str, kernel_name: str, address: int, make: type[Lis2dh12Chip], step_g: float, gravity_g: Vector
) -> None:
    i2c.attach(address, make(Signal(gravity_g), Clock()))
    with kernel_has(i2c, kernel_name, address) as folder:
        scale = "in_accel_scale" if driver == "sensors.mma8451" else "in_accel_x_scale"
        x, y, z, step_m_s2 = iio(folder, *AXES, scale)
    theirs = [axis * step_m_s2 / GRAVITY for axis in (x, y, z)]
    async with our_board(driver, i2c.path, f"address = {address}") as board:
        ours = await gravity(board)
    assert ours == pytest.approx(gravity_g, abs=2 * step_g)
    assert ours == pytest.approx(theirs, abs=3 * step_g, rel=0.002), "a step of noise each; the kernel rounds the scale"


@pytest.mark.parametrize("gravity_g", ATTITUDES)
async def test_scl3300(spi: SpiBench, gravity_g: Vector) -> None:
    chip = Scl3300Chip(Signal(gravity_g), Clock())
    spi.attach(3, chip)
    spi.attach(1, chip)
    with kernel_has_spi("sca3300", "spi0.3") as folder:
        theirs = [axis / 6000 for axis in iio(folder, *AXES)]
    async with our_board("sensors.scl3300", spi.path.removesuffix(".0"), "select = 1") as board:
        ours = await gravity(board)
    assert ours == pytest.approx(gravity_g, abs=2 / 6000)
    assert ours == pytest.approx(theirs, abs=3 / 6000), "a step of noise each"
