"""What one poll of each driver costs on its wire: transactions and bytes, against the fewest its chip needs for the same answer.

Counted in the bus trace of an open simulated board, over reads after the first (which may set things up). The chip's minimum is worked out
from its data sheet, beside each figure; a driver that needs more says why here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from cc613hal.board import open_board
from cc613hal.bus.replay import Recording, RecordingBuses
from cc613hal.bus.replay.script import read_recording
from cc613hal.clock import run_virtual
from cc613hal.plant import Simulation
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import BusKind, DriverSpec
from cc613hal.testing.bench import PART, board_for

READS = {
    "TemperatureSensor": "read",
    "TiltSensor": "read_tilt",
    "PresenceSensor": "read_presence",
    "ResidualCurrentMonitor": "read",
    "ControlPilot": "read",
    "SnapshotMeter": "read_all",
    "Modem": "read_modem",
    "PlcModem": "read_plc",
    "DigitalInput": "read_input",
}
"""Capability and the read a station polls it with."""
ROUNDS = 10
_NO_POLL = frozenset({"meters.custom"})  # has no registers of its own


@frozen
class Least:
    """The fewest transactions and bytes on the wire (both directions) for one poll, and why.

    Attributes:
        transactions: transfers.
        data_bytes: bytes both ways, without addresses and start conditions.
        why: where that comes from.
    """

    transactions: int
    data_bytes: int
    why: str


LEAST: Mapping[str, Least] = {
    "sensors.lm75": Least(1, 3, "the pointer and two bytes of temperature in one combined transfer"),
    "sensors.mcp9808": Least(1, 3, "the pointer and two bytes of temperature in one combined transfer"),
    "sensors.max31865": Least(
        1, 8, "the address, configuration and value in one transfer: without the configuration a lost supply shows as 0"
    ),
    "sensors.ads1115": Least(3, 9, "start a conversion, is it ended and ours, its value: the chip may have other users"),
    "sensors.lis2dh12": Least(1, 8, "the register, then status and three axes by auto-increment in the same transfer"),
    "sensors.adxl345": Least(1, 9, "the register, then interrupt source, format and three axes: whether new, whether set up, and what"),
    "sensors.mma8451": Least(1, 8, "the register, then status and three axes in the same transfer"),
    "sensors.scl3300": Least(4, 32, "three axes of one frame each, and a fourth that fetches the last answer: it comes one frame late"),
    "bender.pilot": Least(1, 6, "one conversion of the positive peak, three bytes each way; the negative one only while PWM runs"),
    "bender.pilot-tethered": Least(1, 6, "as bender.pilot"),
    "bender.rcmb104-measuring": Least(2, 12, "two conversions: the converter samples one channel at a time"),
    "bender.plc-qca7000": Least(
        14, 0, "two messages, each: room, size, frame, what arrived, size, frame, and one look for an answer that came late"
    ),
    "banner.dx80": Least(1, 23, "one request from the first to the last input it needs, the sensor's and the status"),
    "banner.modbus-distance": Least(1, 9, "one request of one register"),
    "hmi.usb": Least(1, 21, "a question and its answer, framed: a press whose message got lost is known with it"),
    "meters.gsh01": Least(1, 88, "one telegram asks for all values at once"),
    "modem.at": Least(5, 0, "CPIN, CEREG, COPS, CSQ, CESQ: five questions, none of which answers another"),
}


def _polled() -> list[tuple[str, DriverSpec, str]]:
    drivers = Plugins.discover().drivers
    found: list[tuple[str, DriverSpec, str]] = []
    for name, spec in sorted(drivers.items()):
        read = next((READS[capability] for capability in spec.capabilities if capability in READS), None)
        if spec.buses and spec.emulator and read is not None and name not in _NO_POLL:
            found.append((name, spec, read))
    return found


def cost(name: str, read: str) -> tuple[float, float]:
    """Transactions and bytes of one poll, the mean of several; as the recorder sees the wire (Modbus as protocol data units)."""
    polls: list[tuple[int, int]] = []

    async def main(file: Path) -> None:
        description = board_for(name)
        with Recording(file) as recording:
            async with Simulation(description) as simulation:
                buses = RecordingBuses(simulation.buses, recording)
                async with open_board(description, buses, clock=simulation.clock) as board:
                    poll = getattr(board.devices[PART], read)
                    for _ in range(ROUNDS + 1):
                        recording.flush()
                        before = recording.frames
                        await poll()
                        recording.flush()
                        fresh = read_recording(file)[before : recording.frames]
                        asked = [frame for frame in fresh if frame.direction == ">"]
                        polls.append((len(asked) or len(fresh), sum(len(frame.data) for frame in fresh)))
                        await asyncio.sleep(1.5)

    with TemporaryDirectory() as folder:
        run_virtual(main(Path(folder) / "polls"))
    later = polls[1:]  # the first may set things up
    return sum(count for count, _ in later) / len(later), sum(size for _, size in later) / len(later)


def _row(name: str, spec: DriverSpec, read: str) -> tuple[str, str, str, bool]:
    transactions, size = cost(name, read)
    least = LEAST.get(name)
    measured = f"{transactions:g} transactions, {size:.0f} bytes"
    if least is None:
        plan = BusKind.MODBUS in spec.buses
        return f"{name}.{read}: one poll", measured, "reads as planned, see the planner" if plan else "reported", True
    wanted = f"the part's minimum {least.transactions}" + (f" and {least.data_bytes} bytes" if least.data_bytes else "")
    met = transactions <= least.transactions and (not least.data_bytes or size <= least.data_bytes)
    return f"{name}.{read}: one poll", measured, f"{wanted}: {least.why}", met


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    return [_row(*polled) for polled in _polled()]
