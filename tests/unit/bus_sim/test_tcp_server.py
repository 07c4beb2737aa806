"""The emulated Modbus TCP server and gateway, asked by pymodbus's own client."""

from __future__ import annotations

import asyncio

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from cc613hal.bus.modbus import Table
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit
from cc613hal.bus.sim.tcp_server import ModbusTcpServer


def units() -> ModbusUnits:
    known = ModbusUnits()
    known.attach(1, RegisterUnit({Table.HOLDING: {address: address for address in range(200)}, Table.COILS: {0: 1, 1: 0, 2: 1}}))
    return known


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu-over-tcp"])
async def test_raw_pymodbus_reads_and_writes(rtu: bool) -> None:
    async with ModbusTcpServer(units(), rtu=rtu) as server:
        client = AsyncModbusTcpClient(server.host, port=server.port, framer=FramerType.RTU if rtu else FramerType.SOCKET, retries=0)
        assert await client.connect()
        assert (await client.read_holding_registers(10, count=125, device_id=1)).registers == list(range(10, 135))
        assert (await client.read_coils(0, count=3, device_id=1)).bits[:3] == [True, False, True]
        assert not (await client.write_register(3, 99, device_id=1)).isError()
        assert (await client.read_holding_registers(3, device_id=1)).registers == [99]
        client.close()


async def test_an_absent_unit_is_answered_as_a_gateway_does() -> None:
    async with ModbusTcpServer(units()) as server:
        client = AsyncModbusTcpClient(server.host, port=server.port, retries=0)
        assert await client.connect()
        assert (await client.read_holding_registers(3, device_id=9)).exception_code == 11
        client.close()


async def test_late_and_lost_answers() -> None:
    known = units()
    async with ModbusTcpServer(known) as server:
        client = AsyncModbusTcpClient(server.host, port=server.port, timeout=0.15, retries=0)
        assert await client.connect()
        known.faults_of(1).late_s = 0.05
        begun = asyncio.get_running_loop().time()
        assert (await client.read_holding_registers(3, device_id=1)).registers == [3]
        assert asyncio.get_running_loop().time() - begun >= 0.045
        known.faults_of(1).silence = True
        with pytest.raises(ModbusIOException):
            await client.read_holding_registers(3, device_id=1)
        client.close()


async def test_frames_arrive_in_pieces_and_several_at_once() -> None:
    async with ModbusTcpServer(units()) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        request = bytes.fromhex("000100000006 01 0300050001".replace(" ", ""))
        for byte in request:
            writer.write(bytes([byte]))
            await writer.drain()
        writer.write(request + request)
        answer = bytes.fromhex("000100000005010302 0005".replace(" ", ""))
        async with asyncio.timeout(2):
            assert await reader.readexactly(3 * len(answer)) == 3 * answer
        writer.close()


async def test_bytes_that_are_not_modbus_end_the_connection() -> None:
    async with ModbusTcpServer(units()) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(2):
            ended = await asyncio.gather(reader.read(10), return_exceptions=True)
        assert ended == [b""] or isinstance(ended[0], ConnectionResetError)
        writer.close()


async def test_an_unplugged_device_drops_its_connections_and_refuses_new_ones() -> None:
    known = units()
    async with ModbusTcpServer(known) as server:
        client = AsyncModbusTcpClient(server.host, port=server.port, retries=0, timeout=0.2, reconnect_delay=0)
        assert await client.connect()
        known.line.unplug()
        await asyncio.sleep(0.02)
        assert not client.connected
        client.close()
