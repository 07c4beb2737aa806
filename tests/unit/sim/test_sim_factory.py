"""Simulated buses are opened by their description, in process or through real ptys and sockets behind the Linux adapters."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest

from cc613hal.bus.actor import BusActor
from cc613hal.bus.gpio import GpioAdapter, LineRequest, PwmAdapter
from cc613hal.bus.i2c import I2cAdapter, I2cRead
from cc613hal.bus.modbus import ModbusAdapter, ModbusRequest, Table
from cc613hal.bus.options import (
    BusOptions,
    GpioOptions,
    I2cOptions,
    ModbusRtuOptions,
    ModbusRtuOverTcpOptions,
    ModbusTcpOptions,
    PwmOptions,
    SerialOptions,
    SpiOptions,
)
from cc613hal.bus.serial import SerialAdapter, SerialSettings
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.bus.sim.modbus import SimulatedModbus
from cc613hal.bus.sim.modbus_units import RegisterUnit
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusError, BusTimeout, ConfigError, Unsupported

FAST = SerialSettings(baud=115200)
MODBUS: list[BusOptions] = [
    ModbusRtuOptions(path="/dev/ttyS1", settings=FAST),
    ModbusTcpOptions(host="meter.invalid"),
    ModbusRtuOverTcpOptions(host="gateway.invalid"),
]
READ = ModbusRequest(unit=7, table=Table.INPUT, address=0, count=2)


class Parrot:
    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def receive(self, data: bytes) -> None:
        self.send(data.upper())


class Chip:
    def write(self, data: bytes) -> None: ...

    def read(self, count: int) -> bytes:
        return b"\x42" * count


async def use_thrice(line: SerialAdapter) -> None:
    """A pty tells with the first or the second call that its other end is gone."""
    for _ in range(3):
        await line.write(b"x")
        await line.read(0.05)


def actor(name: str) -> BusActor:
    return BusActor(name, Clock())


@pytest.mark.parametrize("ptys", [False, True])
@pytest.mark.parametrize("options", MODBUS, ids=lambda options: options.kind)
async def test_a_meter_answers_the_same_in_process_and_over_real_frames(options: BusOptions, ptys: bool) -> None:
    async with SimulatedBuses(ptys=ptys) as buses:
        buses.modbus("meter").attach(7, RegisterUnit({Table.INPUT: {0: 230, 1: 16}}))
        for _ in range(2):  # closed and opened again: the meter is still there
            adapter = await buses.open("meter", options, actor("meter"))
            assert isinstance(adapter, ModbusAdapter)
            assert isinstance(adapter, SimulatedModbus) is not ptys
            assert await adapter.execute(READ, 2.0) == (230, 16)
            await adapter.aclose()


@pytest.mark.parametrize("ptys", [False, True])
async def test_a_silent_meter_times_out_and_comes_back(ptys: bool) -> None:
    async with SimulatedBuses(ptys=ptys) as buses:
        units = buses.modbus("meter")
        units.attach(7, RegisterUnit({Table.INPUT: {0: 230, 1: 16}}))
        adapter = await buses.open("meter", MODBUS[0], actor("meter"))
        assert isinstance(adapter, ModbusAdapter)
        units.faults_of(7).silence = True
        with pytest.raises(BusTimeout):
            await adapter.execute(READ, 0.1)
        units.faults_of(7).clear()
        assert await adapter.execute(READ, 2.0) == (230, 16)
        await adapter.aclose()


@pytest.mark.parametrize("ptys", [False, True])
async def test_a_serial_part_may_be_joined_after_the_line_was_opened(ptys: bool) -> None:
    async with SimulatedBuses(ptys=ptys) as buses:
        line = await buses.open("reader", SerialOptions(path="/dev/ttyS2"), actor("reader"))
        assert isinstance(line, SerialAdapter)
        await line.write(b"lost")
        assert await line.read(0.05) == b""
        buses.serial("reader").join(Parrot())
        await line.write(b"abc")
        heard = b""
        async with asyncio.timeout(2.0):
            while len(heard) < 3:
                heard += await line.read(0.5)
        assert heard == b"ABC"
        await line.aclose()


async def test_a_pty_is_there_for_other_programs_and_gone_afterwards() -> None:
    buses = SimulatedBuses(ptys=True)
    line = await buses.open("reader", SerialOptions(path="/dev/ttyS2"), actor("reader"))
    path = buses.path("reader")
    assert path is not None
    assert os.path.lexists(path)  # noqa: ASYNC240 - a temporary folder does not block
    await line.aclose()
    await buses.aclose()
    assert not os.path.lexists(path)  # noqa: ASYNC240 - as above
    assert buses.path("reader") is None


@pytest.mark.parametrize("ptys", [False, True])
async def test_an_unplugged_serial_line_cannot_be_used_nor_opened_until_it_is_back(ptys: bool) -> None:
    options = SerialOptions(path="/dev/ttyS2")
    async with SimulatedBuses(ptys=ptys) as buses:
        buses.serial("reader").join(Parrot())
        line = await buses.open("reader", options, actor("reader"))
        assert isinstance(line, SerialAdapter)
        buses.faults("reader").unplug()
        with pytest.raises(BusClosed):
            await use_thrice(line)
        await line.aclose()
        with pytest.raises(BusError):
            await buses.open("reader", options, actor("reader"))
        buses.faults("reader").plug()
        line = await buses.open("reader", options, actor("reader"))
        assert isinstance(line, SerialAdapter)
        await line.write(b"x")
        assert await line.read(1.0) == b"X"
        await line.aclose()


@pytest.mark.parametrize(
    "options",
    [
        I2cOptions(path="/dev/i2c-1"),
        SpiOptions(path="/dev/spidev0"),
        GpioOptions(chips=("/dev/gpiochip0",)),
        PwmOptions(path="/sys/class/pwm/pwmchip0", channels={"A": 0}),
        SerialOptions(path="/dev/ttyS2"),
        MODBUS[0],
    ],
    ids=lambda options: options.kind,
)
def test_every_kind_of_bus_can_be_unplugged_by_name(options: BusOptions) -> None:
    async def main() -> None:
        buses = SimulatedBuses()
        buses.prepare("b", options)
        assert buses.names == ("b",)
        buses.faults("b").unplug()
        with pytest.raises(BusClosed, match="unplugged") as caught:
            await buses.open("b", options, actor("b"))
        assert caught.value.transient
        buses.faults("b").plug()
        await (await buses.open("b", options, actor("b"))).aclose()

    run_virtual(main())


def test_parts_and_lines_stay_over_closing_and_opening() -> None:
    async def main() -> bytes:
        buses = SimulatedBuses()
        buses.i2c("i2c0").attach(0x48, Chip())
        for _ in range(2):
            adapter = await buses.open("i2c0", I2cOptions(path="/dev/i2c-1"), actor("i2c0"))
            assert isinstance(adapter, I2cAdapter)
            answer = await adapter.transfer(0x48, [I2cRead(1)])
            await adapter.aclose()
        return answer

    assert run_virtual(main()) == b"\x42"


def test_lines_and_channels_named_in_the_board_file_exist() -> None:
    async def main() -> None:
        buses = SimulatedBuses()
        gpio = await buses.open("gpio", GpioOptions(chips=("/dev/gpiochip0",), lines={"K1": "gpiochip0:17"}), actor("gpio"))
        pwm = await buses.open("pwm", PwmOptions(path="/sys/x", channels={"CP1": 0}), actor("pwm"))
        assert isinstance(gpio, GpioAdapter)
        assert isinstance(pwm, PwmAdapter)
        gpio.output(LineRequest(name="K1"), initial=True)
        pwm.pwm("CP1").set(1000.0, 0.5)
        assert buses.gpio("gpio").wire("K1").level.value is True
        assert buses.pwm("pwm").output("CP1").value == (1000.0, 0.5)

    run_virtual(main())


def test_mistakes_are_named() -> None:
    buses = SimulatedBuses()
    buses.serial("reader").join(Parrot())
    with pytest.raises(ConfigError, match="two parts on one serial line"):
        buses.serial("reader").join(Parrot())
    with pytest.raises(ConfigError, match=r"no simulated bus meter \(there are: reader\)"):
        buses.faults("meter")
    with pytest.raises(Unsupported, match="no simulation of a bus of type"):
        buses.prepare("x", BusOptions())
