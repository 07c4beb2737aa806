"""Our PCA9685 driver and the kernel's, one after the other on the same emulated chip: the lights must be the same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc613hal.board import open_board, parse_board
from cc613hal.bus.actor import BusActor
from cc613hal.bus.gpio import PwmAdapter
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.options import PwmOptions
from cc613hal.clock import Clock
from cc613hal.interfaces import Colour, Indicator, Pattern
from cc613hal.plugins.manager import Plugins
from cc613hal_hmi.emulation import Pca9685Chip
from tests.kernel.guest.conftest import I2cBench

ADDRESS = 0x40
CHANNELS = ((0, 1, 2),)
FREQUENCY_HZ = 200.0
LEVELS = (0.0, 0.001, 0.1, 1 / 3, 0.5, 0.6, 0.999, 1.0)

BOARD = """
schema = 1
name = "lights"
summary = "lights on a PCA9685"
[bus.i2c]
type = "i2c"
path = "{path}"
[device.lights]
driver = "hmi.pca9685"
bus = "i2c"
address = 0x40
options = {{ channels = [[0, 1, 2]], frequency_hz = 200.0 }}
"""


@contextlib.contextmanager
def kernel_driver(i2c: I2cBench) -> Iterator[str]:
    """The kernel's driver on the chip; yields the sysfs folder of its PWM chip."""
    bus = Path(f"/sys/bus/i2c/devices/i2c-{i2c.number}")
    (bus / "new_device").write_text(f"pca9685 0x{ADDRESS:02x}")
    try:
        folders = list((bus / f"{i2c.number}-{ADDRESS:04x}" / "pwm").glob("pwmchip*"))
        assert folders, "the kernel's driver did not take the chip"
        yield f"/sys/class/pwm/{folders[0].name}"
    finally:
        (bus / "delete_device").write_text(f"0x{ADDRESS:02x}")


async def seen_through_the_kernel(i2c: I2cBench, chip: Pca9685Chip, level: float) -> tuple[float, float]:
    with kernel_driver(i2c) as path:
        pwm = await LinuxBuses().open("pwm", PwmOptions(path=path, channels={"RED": 0}), BusActor("pwm", Clock()))
        assert isinstance(pwm, PwmAdapter)
        try:
            pwm.pwm("RED").set(FREQUENCY_HZ, level)
            return chip.lights[0].value.red, chip.frequency_hz
        finally:
            await pwm.aclose()


async def seen_through_our_driver(i2c: I2cBench, chip: Pca9685Chip, level: float) -> tuple[float, float]:
    description = parse_board(BOARD.format(path=i2c.path), file="lights.toml", plugins=Plugins.discover())
    async with open_board(description, LinuxBuses(), sigterm=False) as board:
        await board.get(Indicator).show(Pattern(colours=(Colour(level, 0.0, 0.0),)))
        return chip.lights[0].value.red, chip.frequency_hz


@pytest.mark.parametrize("level", LEVELS)
async def test_the_kernels_driver_and_ours_make_the_same_light(i2c: I2cBench, level: float) -> None:
    chip = Pca9685Chip(CHANNELS)
    i2c.attach(ADDRESS, chip)
    theirs, their_hz = await seen_through_the_kernel(i2c, chip, level)
    chip.power_cycle()
    ours, our_hz = await seen_through_our_driver(i2c, chip, level)
    assert ours == pytest.approx(level, abs=1 / 4096)
    assert ours == pytest.approx(theirs, abs=1.5 / 4096), "a step of the chip: the kernel rounds nanoseconds down"
    assert our_hz == pytest.approx(their_hz, rel=0.04), "a step of the prescaler"
