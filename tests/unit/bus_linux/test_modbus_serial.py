"""Our RTU client over real pyserial and real ptys, against a real pymodbus server and against our emulated line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from cc613hal.bus.actor import BusActor
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.modbus import ModbusPort, Table
from cc613hal.bus.options import ModbusRtuOptions
from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit
from cc613hal.bus.sim.pty import PtyLine
from cc613hal.bus.sim.rtu_server import RtuServer
from cc613hal.clock import Clock
from cc613hal.errors import BusClosed, BusMissing, BusTimeout, DeviceRefused, FrameError


class Cable:
    """One end of a cable between two ptys: what one hears, the other says."""

    other: Cable

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.say = send

    def receive(self, data: bytes) -> None:
        self.other.say(data)


@contextlib.asynccontextmanager
async def pymodbus_line(devices: list[SimDevice]) -> AsyncIterator[str]:
    """A serial line with a real pymodbus server at its other end; yields our end's path."""
    ours, theirs = Cable(), Cable()
    ours.other, theirs.other = theirs, ours
    async with PtyLine(ours) as our_end, PtyLine(theirs) as their_end:
        server = ModbusSerialServer(devices, port=their_end.path, baudrate=19200, ignore_missing_devices=True)
        await server.serve_forever(background=True)
        try:
            yield our_end.path
        finally:
            await server.shutdown()


@contextlib.asynccontextmanager
async def opened(path: str, **options: object) -> AsyncIterator[Callable[[int], ModbusPort]]:
    actor = BusActor("meter", Clock())
    adapter = await LinuxBuses().open("meter", ModbusRtuOptions(path=path, settings=SerialSettings(baud=19200), **options), actor)
    try:
        yield lambda unit: ModbusPort(actor, adapter, unit, timeout_s=0.2)
    finally:
        await adapter.aclose()


async def test_several_real_pymodbus_devices_on_one_line() -> None:
    devices = [
        SimDevice(unit, simdata=[SimData(0, values=[100 * unit + address for address in range(80)], datatype=DataType.REGISTERS)])
        for unit in (1, 2)
    ]
    async with pymodbus_line(devices) as path, opened(path, drain_s=0.05) as port:
        for unit in (1, 2):
            assert await port(unit).read_registers(0, 80) == tuple(100 * unit + address for address in range(80))
        await port(2).write_registers(10, [7])
        await port(2).write_registers(11, [8, 9])
        assert await port(2).read_registers(9, 5) == (209, 7, 8, 9, 213)
        assert await port(1).read_registers(10, 1) == (110,)
        with pytest.raises(DeviceRefused) as refused:
            await port(1).read_registers(500, 1)
        assert refused.value.code == 2
        assert await port(1).read_registers(0, 1) == (100,)


async def test_a_bad_line_gives_errors_and_right_values_but_no_wrong_ones() -> None:
    units = ModbusUnits()
    units.attach(1, RegisterUnit({Table.HOLDING: {address: address * 3 for address in range(50)}}))
    units.line.noise = 0.3
    outcomes: list[object] = []
    async with PtyLine(RtuServer(units), faults=units.line) as line, opened(line.path, drain_s=0.02) as port:
        for address in range(25):
            try:
                outcomes.append(await port(1).read_registers(address, 2) == (3 * address, 3 * address + 3))
            except (FrameError, BusTimeout) as error:
                outcomes.append(error.kind)
    assert False not in outcomes
    assert outcomes.count(True) > 10
    assert "frame" in outcomes


async def test_a_usb_adapter_that_is_pulled_out_and_put_back(tmp_path: Path) -> None:
    units = ModbusUnits()
    units.attach(1, RegisterUnit({Table.HOLDING: {0: 7}}))
    async with PtyLine(RtuServer(units), faults=units.line, link=tmp_path / "ttyMeter") as line, opened(line.path) as port:
        assert await port(1).read_registers(0, 1) == (7,)
        units.line.unplug()
        with pytest.raises((BusClosed, BusMissing)):
            await port(1).read_registers(0, 1)
        units.line.plug()
        await asyncio.sleep(0.25)
        assert await port(1).read_registers(0, 1) == (7,)
