"""What our Modbus TCP costs over raw pymodbus: 80 registers over loopback, the server in another process."""

from __future__ import annotations

import asyncio
import statistics

from pymodbus.client import AsyncModbusTcpClient

from cc613hal.bus.actor import BusActor
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.modbus import ModbusAdapter, ModbusPort
from cc613hal.bus.options import ModbusTcpOptions
from cc613hal.clock import Clock
from tests.bench._apart import seconds_per_call, server_process

REGISTERS = 80
ROUNDS = 15
READS = 200
TARGET = 1.10


async def compare(rounds: int = ROUNDS, reads: int = READS) -> tuple[float, float]:
    """Seconds per read with raw pymodbus and through our port: medians of alternating rounds."""
    async with server_process("_modbus_server.py") as port:
        raw = AsyncModbusTcpClient("127.0.0.1", port=port)
        assert await raw.connect()
        actor = BusActor("meter", Clock())
        adapter = await LinuxBuses().open("meter", ModbusTcpOptions(host="127.0.0.1", port=port), actor)
        assert isinstance(adapter, ModbusAdapter)
        ours = ModbusPort(actor, adapter, 1, timeout_s=1.0)
        expected = [3 * address for address in range(REGISTERS)]
        assert (await raw.read_holding_registers(0, count=REGISTERS, device_id=1)).registers == expected
        assert list(await ours.read_registers(0, REGISTERS)) == expected
        raw_s, ours_s = [], []
        for _ in range(rounds):
            raw_s.append(await seconds_per_call(lambda: raw.read_holding_registers(0, count=REGISTERS, device_id=1), reads))
            ours_s.append(await seconds_per_call(lambda: ours.read_registers(0, REGISTERS), reads))
        raw.close()
        await adapter.aclose()
    return statistics.median(raw_s), statistics.median(ours_s)


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    raw_s, ours_s = asyncio.run(compare())
    ratio = ours_s / raw_s
    return [
        (
            f"Modbus TCP, {REGISTERS} registers through ModbusPort against raw pymodbus",
            f"{ours_s * 1e6:.0f} µs, {ratio:.2f} x raw ({raw_s * 1e6:.0f} µs)",
            f"at most {TARGET:.2f} x raw",
            ratio <= TARGET,
        )
    ]
