"""What reading an SDM630 through the typed interface costs over raw pymodbus with the same frames, the server in another process."""

from __future__ import annotations

import asyncio
import statistics

from pymodbus.client import AsyncModbusTcpClient

from cc613hal.board import open_board, parse_board
from cc613hal.interfaces import SnapshotMeter
from cc613hal_meters.meter import ModbusMeter
from tests.bench._apart import seconds_per_call, server_process

TARGET = 1.15
ROUNDS = 40
READS = 60
BOARD = """
schema = 1
name = "bench"
summary = "An SDM630 behind a gateway"
[bus.lan]
type = "modbus-tcp"
host = "127.0.0.1"
port = {port}
[device.meter1]
driver = "meters.sdm630"
bus = "lan"
address = 1
"""


async def compare(rounds: int = ROUNDS, reads: int = READS) -> tuple[float, float, int, int]:
    """Seconds per group with raw pymodbus and through the interface (medians of alternating rounds); requests made and planned."""
    async with server_process("_sdm630_server.py") as port, open_board(parse_board(BOARD.format(port=port))) as board:
        meter = board.get(SnapshotMeter, "meter1")
        assert isinstance(meter, ModbusMeter)
        plan = meter.plans["read_all"]
        frames = [(read.address, read.count) for read in plan.reads]
        raw = AsyncModbusTcpClient("127.0.0.1", port=port)
        assert await raw.connect()

        async def raw_read() -> None:
            for address, count in frames:
                answer = await raw.read_input_registers(address, count=count, device_id=1)
                assert len(answer.registers) == count

        actor, _ = board.buses["lan"]
        before = actor.statistics.transfers
        reading = await meter.read_all()
        requests = actor.statistics.transfers - before
        assert reading.total_power_w == 11040.0
        raw_s: list[float] = []
        ours_s: list[float] = []
        for _ in range(rounds):
            raw_s.append(await seconds_per_call(raw_read, reads))
            ours_s.append(await seconds_per_call(meter.read_all, reads))
        raw.close()
    return statistics.median(raw_s), statistics.median(ours_s), requests, len(plan.reads)


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of name, measured, target, met."""
    raw_s, ours_s, requests, planned = asyncio.run(compare())
    ratio = ours_s / raw_s
    return [
        (
            "SDM630 through SnapshotMeter over Modbus TCP against raw pymodbus, same frames",
            f"{ours_s * 1e6:.0f} µs, {ratio:.2f} x raw ({raw_s * 1e6:.0f} µs)",
            f"at most {TARGET:.2f} x raw",
            ratio <= TARGET,
        ),
        ("SDM630 through SnapshotMeter over Modbus TCP: requests", str(requests), f"{planned}, the planned minimum", requests == planned),
    ]
