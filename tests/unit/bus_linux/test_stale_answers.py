"""Why the project has a Modbus client of its own: pymodbus's believes a late answer, ours does not.

The case is that of SmartEVSE and others with slow meters: the first request times out, its answer arrives during the second.
"""

from __future__ import annotations

import asyncio

import pytest
from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusIOException

from cc613hal.bus.actor import BusActor
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.modbus import ModbusPort, Table
from cc613hal.bus.options import ModbusRtuOptions
from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit
from cc613hal.bus.sim.pty import PtyLine
from cc613hal.bus.sim.rtu_server import RtuServer
from cc613hal.clock import Clock
from cc613hal.errors import BusTimeout

TIMEOUT_S = 0.1
LATE_S = 0.15


class SlowOnce(RegisterUnit):
    """A meter with volts at 10 and amperes at 20, whose answer for the volts comes late."""

    def __init__(self) -> None:
        super().__init__({Table.HOLDING: {10: 230, 11: 231, 20: 16, 21: 17}})


def slow_meter() -> tuple[ModbusUnits, PtyLine]:
    units = ModbusUnits()
    units.attach(1, SlowOnce())
    units.faults_of(1).late_s = LATE_S
    return units, PtyLine(RtuServer(units))


async def test_raw_pymodbus_takes_the_late_volts_for_the_amperes() -> None:
    _, line = slow_meter()
    async with line:
        client = AsyncModbusSerialClient(line.path, baudrate=115200, timeout=TIMEOUT_S, retries=0)
        assert await client.connect()
        with pytest.raises(ModbusIOException):
            await client.read_holding_registers(10, count=2, device_id=1)
        amperes = (await client.read_holding_registers(20, count=2, device_id=1)).registers
        client.close()
        await asyncio.sleep(LATE_S)
    assert amperes == [230, 231], "pymodbus has learned to tell late answers: this room's reason is gone, look again"


async def test_ours_reads_the_amperes() -> None:
    units, line = slow_meter()
    async with line:
        actor = BusActor("meter", Clock())
        options = ModbusRtuOptions(path=line.path, settings=SerialSettings(baud=115200), timeout_s=TIMEOUT_S, drain_s=0.2)
        adapter = await LinuxBuses().open("meter", options, actor)
        port = ModbusPort(actor, adapter, 1, timeout_s=TIMEOUT_S)
        with pytest.raises(BusTimeout):
            await port.read_registers(10, 2)
        units.faults_of(1).late_s = 0.02
        assert await port.read_registers(20, 2) == (16, 17)
        assert actor.statistics.discarded_frames == 1
        await adapter.aclose()
