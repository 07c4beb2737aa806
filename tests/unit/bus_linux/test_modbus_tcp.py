"""Our Modbus TCP client against a real pymodbus server, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from pymodbus.server import ModbusTcpServer as PymodbusServer
from pymodbus.simulator import DataType, SimData, SimDevice

from cc613hal.bus.actor import BreakerPolicy, BusActor
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.linux.modbus_tcp import TcpClient
from cc613hal.bus.modbus import ModbusPort, Table
from cc613hal.bus.options import ModbusRtuOverTcpOptions, ModbusTcpOptions
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit
from cc613hal.bus.sim.tcp_server import ModbusTcpServer
from cc613hal.clock import Clock
from cc613hal.errors import BusClosed, BusError, BusMissing, BusSuspended, BusTimeout, DeviceRefused, FrameError


def units() -> ModbusUnits:
    known = ModbusUnits()
    known.attach(1, RegisterUnit({Table.HOLDING: {address: 3 * address for address in range(200)}}))
    return known


def actor() -> BusActor:
    return BusActor("grid", Clock(), breaker=BreakerPolicy(failures=0))


@contextlib.asynccontextmanager
async def opened(port: int, *, rtu: bool = False, timeout_s: float = 1.0) -> AsyncIterator[tuple[ModbusPort, BusActor]]:
    owner = actor()
    options = (ModbusRtuOverTcpOptions if rtu else ModbusTcpOptions)(host="127.0.0.1", port=port)
    adapter = await LinuxBuses().open("grid", options, owner)
    try:
        yield ModbusPort(owner, adapter, 1, timeout_s=timeout_s), owner
    finally:
        await adapter.aclose()
        await asyncio.sleep(0.005)  # lets the other side notice


async def test_a_real_pymodbus_server_is_read_and_written() -> None:
    blocks = (
        [SimData(0, values=[True, False, True, True], datatype=DataType.BITS)],
        [SimData(0, values=[False, True], datatype=DataType.BITS)],
        [SimData(0, values=[3 * address for address in range(130)], datatype=DataType.REGISTERS)],
        [SimData(100, values=[7, 8, 9], datatype=DataType.REGISTERS)],
    )
    server = PymodbusServer(SimDevice(1, simdata=blocks), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        async with opened(server.transport.sockets[0].getsockname()[1]) as (port, owner):
            assert await port.read_registers(0, 125) == tuple(3 * address for address in range(125))
            assert await port.read_registers(100, 3, table=Table.INPUT) == (7, 8, 9)
            assert await port.read_bits(0, 4, table=Table.COILS) == (True, False, True, True)
            assert await port.read_bits(0, 2) == (False, True)
            await port.write_registers(5, [1234])
            await port.write_registers(6, [1, 2, 3])
            await port.write_coils(1, [True])
            await port.write_coils(2, [False, False])
            assert await port.read_registers(5, 4) == (1234, 1, 2, 3)
            assert await port.read_bits(0, 4, table=Table.COILS) == (True, True, False, False)
            with pytest.raises(DeviceRefused) as refused:
                await port.read_registers(1000, 2)
            assert refused.value.code == 2
            assert owner.statistics.transfers == 11
    finally:
        await server.shutdown()


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu-over-tcp"])
async def test_after_a_lost_connection_the_next_request_connects_again(rtu: bool) -> None:
    async with ModbusTcpServer(units(), rtu=rtu) as server, opened(server.port, rtu=rtu) as (port, _):
        assert await port.read_registers(1, 2) == (3, 6)
        server.drop()
        await asyncio.sleep(0.02)
        assert await port.read_registers(1, 2) == (3, 6)


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu-over-tcp"])
async def test_a_connection_lost_in_the_middle_is_said_at_once(rtu: bool) -> None:
    known = units()
    async with ModbusTcpServer(known, rtu=rtu) as server, opened(server.port, rtu=rtu, timeout_s=5.0) as (port, _):
        known.faults_of(1).silence = True
        asyncio.get_running_loop().call_later(0.05, server.drop)
        with pytest.raises(BusClosed, match="closed"):
            await port.read_registers(1, 2)


async def test_a_late_answer_is_dropped_by_its_transaction_number() -> None:
    known = units()
    async with ModbusTcpServer(known) as server, opened(server.port) as (port, owner):
        port.timeout_s = 0.05
        known.faults_of(1).late_s = 0.1
        with pytest.raises(BusTimeout):
            await port.read_registers(10, 2)
        known.faults_of(1).clear()
        port.timeout_s = 1.0
        assert await port.read_registers(20, 2) == (60, 63)
        await asyncio.sleep(0.1)
        assert await port.read_registers(30, 2) == (90, 93)
        assert owner.statistics.discarded_frames == 1


async def test_a_cancelled_request_leaves_no_answer_behind() -> None:
    known = units()
    async with ModbusTcpServer(known) as server, opened(server.port) as (port, owner):
        known.faults_of(1).late_s = 0.05
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await port.read_registers(10, 2)
        known.faults_of(1).clear()
        assert await port.read_registers(20, 2) == (60, 63)
        await asyncio.sleep(0.06)
        assert owner.statistics.discarded_frames == 1


async def test_a_device_that_lost_power_is_connected_to_anew_after_three_time_outs() -> None:
    known = units()
    async with ModbusTcpServer(known) as server, opened(server.port, timeout_s=0.02) as (port, _):
        known.faults_of(1).silence = True
        connections = []
        for _ in range(4):
            with pytest.raises(BusTimeout):
                await port.read_registers(10, 2)
            connections.append(next(iter(server._connections), None))
            await asyncio.sleep(0.005)
        assert connections[0] is connections[1]
        assert connections[3] is not connections[0]


class Answering(asyncio.Protocol):
    """Answers every request with what the function makes of it, piece by piece."""

    def __init__(self, answer: Callable[[bytes], list[bytes]]) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for index, piece in enumerate(self._answer(data)):
            asyncio.get_running_loop().call_later(0.002 * index, self._transport.write, piece)


async def _serving(answer: Callable[[bytes], list[bytes]]) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(lambda: Answering(answer), "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda request: request[:2] + bytes.fromhex("0000 0007 02 03 04 0001 0002".replace(" ", "")), "unit 2"),
        (lambda request: request[:2] + bytes.fromhex("0000 0005 01 03 02 0001".replace(" ", "")), "no answer to"),
        (lambda request: request[:2] + bytes.fromhex("0000 0007 01 04 04 0001 0002".replace(" ", "")), "no answer to"),
        (lambda request: b"HTTP/1.1 400 Bad Request\r\n", "not Modbus TCP"),
    ],
    ids=["unit", "count", "function", "http"],
)
async def test_an_answer_to_another_question_is_a_frame_error(answer: Callable[[bytes], bytes], message: str) -> None:
    server = await _serving(lambda request: [answer(request)])
    async with server, opened(server.sockets[0].getsockname()[1]) as (port, _):
        with pytest.raises(FrameError, match=message):
            await port.read_registers(0, 2)


async def test_answers_in_pieces_and_glued_together_are_found() -> None:
    told = bytes.fromhex("0001000000050103020007" + "0002000000050103020008")
    answers = [[told[:3], told[3:7], told[7:15]], [told[15:]]]
    server = await _serving(lambda _: answers.pop(0))
    async with server, opened(server.sockets[0].getsockname()[1]) as (port, _):
        assert await port.read_registers(0, 1) == (7,)
        assert await port.read_registers(0, 1) == (8,)


async def test_connecting_says_what_is_wrong_and_what_to_do() -> None:
    with pytest.raises(BusMissing, match=r"nobody listens there.*check the port"):
        await LinuxBuses().open("grid", ModbusTcpOptions(host="127.0.0.1", port=1), actor())
    with pytest.raises(BusError, match=r"check the host name|check network"):
        await LinuxBuses().open("grid", ModbusTcpOptions(host="no-such-host.invalid", connect_timeout_s=5.0), actor())


async def test_a_closed_adapter_refuses() -> None:
    async with ModbusTcpServer(units()) as server:
        client = TcpClient(actor(), ModbusTcpOptions(host="127.0.0.1", port=server.port))
        await client.connect()
        await client.aclose()
        with pytest.raises(BusClosed):
            await ModbusPort(actor(), client, 1).read_registers(0, 1)


async def test_rtu_over_tcp_keeps_late_answers_apart() -> None:
    known = units()
    async with ModbusTcpServer(known, rtu=True) as server, opened(server.port, rtu=True, timeout_s=0.1) as (port, owner):
        known.faults_of(1).late_s = 0.15
        with pytest.raises(BusTimeout):
            await port.read_registers(10, 2)
        known.faults_of(1).clear()
        assert await port.read_registers(20, 2) == (60, 63)
        assert owner.statistics.discarded_frames == 1


async def test_a_unit_that_is_silent_behind_a_gateway_is_suspended_as_on_a_line() -> None:
    async with ModbusTcpServer(units()) as server:
        owner = BusActor("grid", Clock(), breaker=BreakerPolicy(failures=2))
        adapter = await LinuxBuses().open("grid", ModbusTcpOptions(host="127.0.0.1", port=server.port), owner)
        for _ in range(2):
            with pytest.raises(BusTimeout, match="gateway heard nothing from unit 9"):
                await ModbusPort(owner, adapter, 9).read_registers(0, 1)
        with pytest.raises(BusSuspended):
            await ModbusPort(owner, adapter, 9).read_registers(0, 1)
        assert await ModbusPort(owner, adapter, 1).read_registers(0, 1) == (0,)
        await adapter.aclose()


async def test_whole_frames_are_traced_in_both_directions() -> None:
    async with ModbusTcpServer(units()) as server, opened(server.port) as (port, owner):
        await port.read_registers(2, 1)
        assert [(frame.direction, frame.data.hex()) for frame in owner.trace] == [
            (">", "000100000006010300020001"),
            ("<", "0001000000050103020006"),
        ]


async def test_rtu_over_tcp_recovers_from_a_connection_lost_in_the_middle() -> None:
    known = units()
    async with ModbusTcpServer(known, rtu=True) as server, opened(server.port, rtu=True, timeout_s=0.1) as (port, _):
        known.faults_of(1).silence = True
        asyncio.get_running_loop().call_later(0.02, server.drop)
        with pytest.raises(BusClosed):
            await port.read_registers(1, 2)
        known.faults_of(1).clear()
        assert await port.read_registers(1, 2) == (3, 6)
