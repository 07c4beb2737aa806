"""The SDM630 served by pymodbus's own server, so that nothing of ours is at the other end."""

from __future__ import annotations

import socket
from decimal import Decimal

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from cc613hal.board import open_board, parse_board
from cc613hal.interfaces import SnapshotMeter

FLOATS = {
    0x0000: [231.5, 229.25, 230.0, 16.0, 15.5, 14.25, 3704.0, 3553.375, 3277.5],
    0x0034: [10534.875],
    0x0046: [49.98, 1234.5, 6.25],
}
BOARD = """
schema = 1
name = "independent"
summary = "A meter behind pymodbus"
[bus.lan]
type = "modbus-tcp"
host = "127.0.0.1"
port = {port}
[device.meter1]
driver = "meters.sdm630"
bus = "lan"
address = 1
"""


async def test_our_driver_reads_pymodbus_floats() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    words = [0] * 0x200
    for address, values in FLOATS.items():
        for index, value in enumerate(values):
            place = address + 2 * index
            words[place : place + 2] = _floats(value)
    server = ModbusTcpServer(SimDevice(1, simdata=[SimData(0, values=words, datatype=DataType.REGISTERS)]), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        async with open_board(parse_board(BOARD.format(port=port))) as board:
            reading = await board.get(SnapshotMeter, "meter1").read_all()
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it unannotated
    assert reading.voltage_v.known() == (231.5, 229.25, 230.0)
    assert reading.current_a.known() == (16.0, 15.5, 14.25)
    assert reading.power_w.known() == (3704.0, 3553.375, 3277.5)
    assert reading.total_power_w == 10534.875
    assert reading.energy is not None
    assert reading.energy.imported.wh == Decimal(1234500)
    assert reading.energy.exported is not None
    assert reading.energy.exported.wh == Decimal(6250)


def _floats(value: float) -> list[int]:
    from pymodbus.client.mixin import ModbusClientMixin

    return ModbusClientMixin.convert_to_registers(value, ModbusClientMixin.DATATYPE.FLOAT32)
