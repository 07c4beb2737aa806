"""The library's serial and Modbus adapters on real 16550 ports."""

from __future__ import annotations

import asyncio
import time

import pytest
import serial

from cc613hal.bus.modbus import ModbusAdapter, ModbusRequest, Table
from cc613hal.bus.serial import Parity, Rs485Settings, SerialAdapter, SerialSettings
from cc613hal.errors import BusBusy, BusClosed, BusMissing, BusTimeout, DeviceRefused, FrameError
from tests.kernel.bench.ports import SerialPair
from tests.kernel.bench.serial_peer import crc16
from tests.kernel.guest.conftest import ModbusBench, Opener

EVEN = SerialSettings(baud=19200, parity=Parity.EVEN)


async def read_all(adapter: SerialAdapter, count: int) -> bytes:
    """So many bytes, in whatever pieces they come."""
    heard = b""
    while len(heard) < count:
        piece = await adapter.read(5.0)
        assert piece, f"only {len(heard)} of {count} bytes came"
        heard += piece
    return heard


async def test_8e1_is_what_the_line_runs_with(echo: str, open_bus: Opener) -> None:
    adapter = await open_bus.serial(echo, EVEN)
    assert adapter.capabilities.parity
    assert adapter.capabilities.modem_lines
    assert adapter.capabilities.notes == ()
    await adapter.write(bytes(range(256)) * 4)
    assert await read_all(adapter, 1024) == bytes(range(256)) * 4


async def test_seven_data_bits_and_two_stop_bits_are_kept(serial_ports: SerialPair, open_bus: Opener) -> None:
    settings = SerialSettings(baud=9600, parity=Parity.ODD, data_bits=7, stop_bits=2)
    adapter = await open_bus.serial(serial_ports.device, settings)
    assert adapter.capabilities.parity


async def test_direction_control_that_the_port_refuses_is_noted_and_the_line_works(echo: str, open_bus: Opener) -> None:
    settings = SerialSettings(baud=19200, parity=Parity.EVEN, rs485=Rs485Settings())
    adapter = await open_bus.serial(echo, settings)
    assert not adapter.capabilities.rs485
    assert any("RS-485" in note for note in adapter.capabilities.notes)
    await adapter.write(b"still here")
    assert await read_all(adapter, 10) == b"still here"


async def test_silence_ends_with_the_time_limit(serial_ports: SerialPair, open_bus: Opener) -> None:
    adapter = await open_bus.serial(serial_ports.device, EVEN)
    started = time.monotonic()
    assert await adapter.read(0.2) == b""
    assert 0.15 < time.monotonic() - started < 2.0


async def test_what_arrived_unread_can_be_thrown_away(echo: str, open_bus: Opener) -> None:
    adapter = await open_bus.serial(echo, EVEN)
    await adapter.write(b"old")
    await asyncio.sleep(0.5)
    assert adapter.discard_input() == 3
    await adapter.write(b"new")
    assert await read_all(adapter, 3) == b"new"


async def test_a_line_has_one_user(serial_ports: SerialPair, open_bus: Opener) -> None:
    await open_bus.serial(serial_ports.device, EVEN)
    with pytest.raises(BusBusy):
        await open_bus.serial(serial_ports.device, EVEN)


async def test_closing_wakes_a_waiting_read(serial_ports: SerialPair, open_bus: Opener) -> None:
    adapter = await open_bus.serial(serial_ports.device, EVEN)
    waiting = asyncio.create_task(adapter.read(20.0))
    await asyncio.sleep(0.05)
    await adapter.aclose()
    with pytest.raises(BusClosed):
        await asyncio.wait_for(waiting, 2.0)


async def test_a_line_that_is_not_there_is_told(open_bus: Opener) -> None:
    with pytest.raises(BusMissing, match="ttyS99"):
        await open_bus.serial("/dev/ttyS99", EVEN)


# -- Modbus RTU ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def line(modbus: ModbusBench, open_bus: Opener) -> ModbusAdapter:
    modbus.line.units[3] = {100 + number: number * 7 for number in range(10)}
    return await open_bus.modbus(modbus.path, EVEN)


def holding(address: int, count: int, *values: int, unit: int = 3) -> ModbusRequest:
    return ModbusRequest(unit=unit, table=Table.HOLDING, address=address, count=count, values=values)


async def test_registers_are_read_and_written(modbus: ModbusBench, line: ModbusAdapter) -> None:
    assert await line.execute(holding(100, 10), 2.0) == tuple(number * 7 for number in range(10))
    await line.execute(holding(100, 1, 0xBEEF), 2.0)
    await line.execute(holding(101, 2, 1, 2), 2.0)
    assert [modbus.line.units[3][address] for address in (100, 101, 102)] == [0xBEEF, 1, 2]
    assert [request[1] for request in modbus.line.requests] == [3, 6, 16]


async def test_an_exception_response_is_a_refusal_with_its_code(line: ModbusAdapter) -> None:
    with pytest.raises(DeviceRefused) as failure:
        await line.execute(holding(500, 1), 2.0)
    assert failure.value.code == 2


async def test_a_unit_that_is_not_there_is_a_timeout(line: ModbusAdapter) -> None:
    started = time.monotonic()
    with pytest.raises(BusTimeout, match="unit 9"):
        await line.execute(holding(100, 1, unit=9), 0.3)
    assert 0.25 < time.monotonic() - started < 2.0


async def test_a_late_answer_is_not_taken_for_the_next_one(modbus: ModbusBench, line: ModbusAdapter) -> None:
    modbus.line.delay_s = 0.5
    with pytest.raises(BusTimeout):
        await line.execute(holding(100, 1), 0.2)
    modbus.line.delay_s = 0.0
    assert await line.execute(holding(105, 1), 2.0) == (35,)  # register 105, not the late value of register 100


async def test_noise_before_an_answer_is_skipped(modbus: ModbusBench, line: ModbusAdapter) -> None:
    modbus.line.before = b"\xff\x00"
    assert await line.execute(holding(101, 1), 2.0) == (7,)


async def test_a_damaged_answer_is_told_without_waiting_for_the_time_limit(modbus: ModbusBench, line: ModbusAdapter) -> None:
    modbus.line.spoil = lambda frame: frame[:-1] + bytes([frame[-1] ^ 1])
    started = time.monotonic()
    with pytest.raises(FrameError):
        await line.execute(holding(100, 2), 5.0)
    assert time.monotonic() - started < 2.0
    modbus.line.spoil = None
    assert await line.execute(holding(100, 2), 2.0) == (0, 7)


async def test_an_answer_of_another_unit_is_not_believed(modbus: ModbusBench, line: ModbusAdapter) -> None:
    modbus.line.spoil = lambda frame: bytes([4]) + frame[1:-2] + crc16(bytes([4]) + frame[1:-2])
    with pytest.raises((BusTimeout, FrameError)):
        await line.execute(holding(100, 1), 0.4)


async def test_a_meter_that_echoes_nothing_for_a_while_recovers(modbus: ModbusBench, line: ModbusAdapter) -> None:
    registers = modbus.line.units.pop(3)
    for _ in range(2):
        with pytest.raises(BusTimeout):
            await line.execute(holding(100, 1), 0.1)
    modbus.line.units[3] = registers
    assert await line.execute(holding(102, 1), 2.0) == (14,)


async def test_unplugging_the_peer_is_silence_and_replugging_heals(serial_ports: SerialPair, open_bus: Opener) -> None:
    adapter = await open_bus.serial(serial_ports.device, EVEN)
    assert await adapter.read(0.1) == b""
    with serial.Serial(serial_ports.peer, 19200, parity="E") as peer:
        peer.write(b"hello")
        peer.flush()
        assert await read_all(adapter, 5) == b"hello"
