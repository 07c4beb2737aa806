"""The emulated RTU line, on a pty and asked by pymodbus's own client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusIOException

from cc613hal.bus.modbus import Table
from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit, crc16
from cc613hal.bus.sim.pty import PtyLine
from cc613hal.bus.sim.rtu_server import RtuServer
from cc613hal.clock import run_virtual


def three_units() -> ModbusUnits:
    units = ModbusUnits()
    for number in (1, 2, 3):
        units.attach(number, RegisterUnit({Table.HOLDING: {address: 1000 * number + address for address in range(50)}}))
    return units


async def test_raw_pymodbus_reads_and_writes_several_units_on_one_pty() -> None:
    async with PtyLine(RtuServer(three_units())) as line:
        client = AsyncModbusSerialClient(line.path, baudrate=9600, timeout=1, retries=0)
        assert await client.connect()
        for unit in (1, 2, 3):
            assert (await client.read_holding_registers(5, count=3, device_id=unit)).registers == [
                1000 * unit + 5 + index for index in range(3)
            ]
        assert not (await client.write_registers(7, [1, 2, 3], device_id=2)).isError()
        assert (await client.read_holding_registers(7, count=3, device_id=2)).registers == [1, 2, 3]
        assert (await client.read_holding_registers(70, count=3, device_id=2)).exception_code == 2
        client.close()


async def test_raw_pymodbus_hears_nothing_from_an_absent_or_lost_unit() -> None:
    units = three_units()
    async with PtyLine(RtuServer(units)) as line:
        client = AsyncModbusSerialClient(line.path, baudrate=9600, timeout=0.1, retries=0)
        assert await client.connect()
        with pytest.raises(ModbusIOException):
            await client.read_holding_registers(5, device_id=9)
        units.faults_of(1).loss = 1.0
        with pytest.raises(ModbusIOException):
            await client.read_holding_registers(5, device_id=1)
        assert (await client.read_holding_registers(5, device_id=2)).registers == [2005]
        client.close()


class Bench:
    """The server without a wire: what is said, and when."""

    def __init__(self, build: Callable[[], RtuServer]) -> None:
        self.server = build()
        self.said: list[tuple[float, bytes]] = []
        self.server.attach(lambda data: self.said.append((asyncio.get_running_loop().time(), data)))

    def ask(self, hexadecimal: str) -> bytes:
        frame = bytes.fromhex(hexadecimal)
        return frame + crc16(frame)


REQUEST = "010300050001"


def test_requests_are_found_in_pieces_after_noise_and_back_to_back() -> None:
    async def main() -> Bench:
        bench = Bench(lambda: RtuServer(three_units()))
        request = bench.ask(REQUEST)
        for index in range(len(request)):
            bench.server.receive(request[index : index + 1])
        bench.server.receive(b"\xff\x00" + request + request)
        return bench

    bench = run_virtual(main())
    assert [data for _, data in bench.said] == [bench.ask("01030203ED")] * 3
    assert bench.server.statistics.dropped_bytes == 2


def test_half_a_request_is_forgotten_after_a_pause() -> None:
    async def main() -> Bench:
        bench = Bench(lambda: RtuServer(three_units()))
        request = bench.ask(REQUEST)
        bench.server.receive(request[:5])
        await asyncio.sleep(0.2)
        bench.server.receive(request)
        return bench

    bench = run_virtual(main())
    assert len(bench.said) == 1
    assert bench.server.statistics.dropped_bytes == 5


def test_a_paced_line_takes_the_time_of_the_wire_and_the_turnaround() -> None:
    async def main() -> Bench:
        bench = Bench(lambda: RtuServer(three_units(), pace=SerialSettings(baud=9600), turnaround_s=0.05))
        bench.server.receive(bench.ask(REQUEST))
        await asyncio.sleep(1)
        return bench

    (at_s, _), *_ = run_virtual(main()).said
    assert at_s == pytest.approx(0.05 + (8 + 7) * 10 / 9600)


def test_wrong_check_sums_late_answers_and_noise_look_as_on_a_bad_line() -> None:
    async def main() -> Bench:
        units = three_units()
        bench = Bench(lambda: RtuServer(units))
        request = bench.ask(REQUEST)
        units.faults_of(1).crc = True
        bench.server.receive(request)
        units.faults_of(1).clear()
        units.faults_of(1).late_s = 0.7
        bench.server.receive(request)
        await asyncio.sleep(1)
        units.faults_of(1).clear()
        units.line.noise = 1.0
        bench.server.receive(request)
        return bench

    bench = run_virtual(main())
    good = bench.ask("01030203ED")
    assert bench.said[0][1][:-2] == good[:-2]
    assert bench.said[0][1] != good
    assert bench.said[1] == (pytest.approx(0.7), good)
    assert bench.said[2][1] != good


async def test_an_unplugged_pty_hangs_up_and_returns_under_the_same_name(tmp_path: Path) -> None:
    faults = Faults()
    async with PtyLine(RtuServer(three_units()), faults=faults, link=tmp_path / "meter") as line:
        assert str((tmp_path / "meter").readlink()).startswith("/dev/")
        faults.unplug()
        assert not (tmp_path / "meter").exists()
        faults.plug()
        client = AsyncModbusSerialClient(line.path, timeout=1, retries=0)
        assert await client.connect()
        assert (await client.read_holding_registers(5, device_id=3)).registers == [3005]
        client.close()
    assert not (tmp_path / "meter").is_symlink()
