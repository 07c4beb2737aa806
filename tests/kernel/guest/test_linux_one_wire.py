"""A DS18B20 on the kernel's 1-Wire bus: found by its search, read by its driver, and by ours through its file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cc613hal.clock import Clock
from cc613hal.errors import BusError, ImplausibleReading
from cc613hal.interfaces import Identified, TemperatureSensor
from cc613hal.plant import Signal
from cc613hal_sensors.ds18b20 import Ds18b20Options
from cc613hal_sensors.emulated_sysfs import EmulatedDs18b20
from tests.kernel.bench.one_wire import Ds18b20OnWire, Ds2482
from tests.kernel.guest.conftest import I2cBench
from tests.kernel.guest.test_linux_sensors import kernel_has, our_board, temperature

W1 = Path("/sys/bus/w1/devices")
ADDRESS = 0x18


@asynccontextmanager
async def wire(i2c: I2cBench, emulated: EmulatedDs18b20) -> AsyncIterator[Ds18b20OnWire]:
    """A wire with the sensor, after the kernel's search has found it."""
    sensor = Ds18b20OnWire(bytes.fromhex("ff4b79a21603"), emulated.scratchpad)
    i2c.attach(ADDRESS, Ds2482(sensor))
    with kernel_has(i2c, "ds2482", ADDRESS):
        for _ in range(300):
            if (W1 / sensor.name / "w1_slave").exists():
                break
            await asyncio.sleep(0.1)
        yield sensor


@pytest.mark.parametrize("celsius", [-55.0, -10.125, 25.0625, 85.0, 125.0])
async def test_the_kernels_temperature_and_ours(i2c: I2cBench, celsius: float) -> None:
    emulated = EmulatedDs18b20(Signal(celsius), Clock(), Ds18b20Options())
    async with wire(i2c, emulated) as sensor:
        theirs = int((W1 / sensor.name / "temperature").read_text()) / 1000
        async with our_board("sensors.ds18b20", options=f'rom = "{sensor.name}"') as board:
            ours = await temperature(board)
            assert (await board.get(Identified).identify()).serial == sensor.name
    assert ours == celsius
    assert ours == pytest.approx(theirs, abs=0.0011), "the kernel rounds to m°C"


async def test_85_degrees_after_power_on_are_a_temperature_for_the_kernel_and_none_for_us(i2c: I2cBench) -> None:
    emulated = EmulatedDs18b20(Signal(21.0), Clock(), Ds18b20Options())
    async with wire(i2c, emulated) as sensor, our_board("sensors.ds18b20") as board:
        emulated.powered_on = 1000
        assert (W1 / sensor.name / "temperature").read_text().strip() == "85000"
        with pytest.raises(ImplausibleReading, match="power-on"):
            await board.get(TemperatureSensor).read()
        emulated.powered_on = 0
        assert await temperature(board) == 21.0
        sensor.there = False
        with pytest.raises(BusError):
            await board.get(TemperatureSensor).read()
        sensor.there = True
        assert await temperature(board) == 21.0
