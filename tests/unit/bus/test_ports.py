"""The Modbus and serial ports as drivers see them."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.bus.actor import BusActor, Priority
from cc613hal.bus.modbus import ModbusPort, Table
from cc613hal.bus.serial import Parity, SerialPort, SerialSettings
from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.modbus import SimulatedModbus
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit
from cc613hal.bus.sim.serial import SimulatedSerial
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusSuspended, BusTimeout, ConfigError, DeviceRefused, FrameError
from cc613hal.health import Health, HealthState


def meter() -> tuple[ModbusUnits, ModbusPort, Health]:
    units = ModbusUnits()
    units.attach(
        1, RegisterUnit({Table.HOLDING: dict.fromkeys(range(20), 0), Table.INPUT: {30: 7}, Table.COILS: dict.fromkeys(range(9), 0)})
    )
    actor = BusActor("line", Clock())
    health = Health("meter1", actor.clock)
    return units, ModbusPort(actor, SimulatedModbus(units, name="line"), 1, timeout_s=0.3, observer=health), health


async def test_what_is_written_can_be_read_back() -> None:
    _, port, health = meter()
    await port.write_registers(3, [500])
    await port.write_registers(4, [1, 2])
    await port.write_coils(2, [True, False, True])
    assert await port.read_registers(3, 3) == (500, 1, 2)
    assert await port.read_registers(30, 1, table=Table.INPUT) == (7,)
    assert await port.read_bits(1, 4, table=Table.COILS) == (False, True, False, True)
    assert health.state is HealthState.OK


async def test_writing_nothing_is_a_mistake_and_not_a_read() -> None:
    _, port, _ = meter()
    with pytest.raises(ConfigError, match="nothing to write to register 3"):
        await port.write_registers(3, [])
    with pytest.raises(ConfigError, match="nothing to write to coil 3"):
        await port.write_coils(3, [])


async def test_a_refusal_carries_its_code_and_its_words_and_leaves_the_device_healthy() -> None:
    _, port, health = meter()
    with pytest.raises(DeviceRefused, match="illegal data address") as refused:
        await port.read_registers(100, 2)
    assert refused.value.code == 2
    assert health.usable


def test_a_unit_that_falls_silent_goes_offline_is_suspended_and_returns() -> None:
    async def main() -> None:
        units, port, health = meter()
        await port.read_registers(0, 1)
        units.faults_of(1).silence = True
        begun = asyncio.get_running_loop().time()
        for _ in range(3):
            with pytest.raises(BusTimeout):
                await port.read_registers(0, 1)
        assert asyncio.get_running_loop().time() - begun == pytest.approx(0.9)
        assert health.state is HealthState.OFFLINE
        with pytest.raises(BusSuspended):
            await port.read_registers(0, 1)
        units.faults_of(1).clear()
        await asyncio.sleep(1.1)
        assert await port.read_registers(0, 1) == (0,)
        assert health.state is HealthState.OK

    run_virtual(main())


def test_faults_of_a_simulated_line_end_as_the_errors_of_a_real_one() -> None:
    async def main() -> None:
        units, port, _ = meter()
        units.line.crc = True
        with pytest.raises(FrameError):
            await port.read_registers(0, 1)
        units.line.clear()
        units.line.late_s = 0.2
        begun = asyncio.get_running_loop().time()
        assert await port.read_registers(0, 1) == (0,)
        assert asyncio.get_running_loop().time() - begun == pytest.approx(0.2)
        units.line.late_s = 0.5
        with pytest.raises(BusTimeout):
            await port.read_registers(0, 1)
        units.line.unplug()
        with pytest.raises(BusClosed):
            await port.read_registers(0, 1, priority=Priority.SAFETY)
        units.line.plug()

    run_virtual(main())


async def test_a_broadcast_reaches_every_simulated_unit() -> None:
    units, _, _ = meter()
    units.attach(2, RegisterUnit({Table.HOLDING: {5: 0}}))
    actor = BusActor("line", Clock())
    await ModbusPort(actor, SimulatedModbus(units), 0).write_registers(5, [9])
    assert [await ModbusPort(actor, SimulatedModbus(units), unit).read_registers(5, 1) for unit in (1, 2)] == [(9,), (9,)]


class Echo:
    def attach(self, send: object) -> None:
        self.send = send

    def receive(self, data: bytes) -> None:
        self.send(data.upper())


async def test_a_serial_port_traces_both_directions_and_reports_what_the_driver_says() -> None:
    actor = BusActor("reader", Clock())
    health = Health("reader", actor.clock)
    faults = Faults()
    port = SerialPort(actor, SimulatedSerial(Echo(), settings=SerialSettings(baud=115200), faults=faults, name="reader"), health)
    await port.write(b"hello")
    assert await port.read(0.1) == b"HELLO"
    port.worked()
    assert [(frame.direction, frame.data) for frame in actor.trace] == [(">", b"hello"), ("<", b"HELLO")]
    assert health.state is HealthState.OK
    assert port.settings.baud == 115200
    await port.write(b"abc")
    assert port.discard_input() == 3
    assert await port.read(0.001) == b""
    faults.unplug()
    with pytest.raises(BusClosed):
        await port.write(b"x")
    assert actor.statistics.errors == {"bus-closed": 1}


def test_a_character_of_8e1_takes_eleven_bits() -> None:
    assert SerialSettings(baud=9600, parity=Parity.EVEN).character_s == pytest.approx(11 / 9600)
    assert str(SerialSettings(baud=19200, parity=Parity.EVEN, stop_bits=1)) == "19200 8E1"
