"""32 meters on one simulated RS-485 line with noise, late and lost answers: is any wrong value believed, and what does a dead meter cost?

The line is in process and its time is virtual; frames, check sums and the client that reads them are the real ones. Every register of
every meter holds another value, so that an answer to another question shows.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from cc613hal.bus.actor import BusActor, Timing
from cc613hal.bus.linux.modbus_rtu import RtuClient
from cc613hal.bus.modbus import ModbusPort, Table
from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit
from cc613hal.bus.sim.rtu_server import RtuServer
from cc613hal.bus.sim.serial import SimulatedSerial
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusError, BusSuspended
from cc613hal.units import rtu_silence_s

METERS = 32
READS = 100_000
BAUD = 9600
TURNAROUND_S = 0.03
TIMEOUT_S = 0.3
LATE_S = 0.4
DRAIN_S = 0.3


def value(unit: int, address: int) -> int:
    """What a register of a meter holds."""
    return (unit * 2003 + address * 31) & 0xFFFF


class Line:
    """The meters, the line, and the client."""

    def __init__(self, *, faulty: bool) -> None:
        self.units = ModbusUnits()
        for number in range(1, METERS + 1):
            self.units.attach(number, RegisterUnit({Table.HOLDING: {address: value(number, address) for address in range(100)}}))
            if faulty:
                faults = self.units.faults_of(number)
                faults.loss, faults.noise, faults.late_s, faults.late = 0.005, 0.02, LATE_S, 0.005
        settings = SerialSettings(baud=BAUD)
        server = RtuServer(self.units, pace=settings, turnaround_s=TURNAROUND_S)
        self.actor = BusActor("line", Clock(), Timing(silence_s=rtu_silence_s(BAUD)))
        self.actor.trace.enabled = False
        self.client = RtuClient(self.actor, SimulatedSerial(server, settings=settings), drain_s=DRAIN_S)
        self.outcomes: Counter[str] = Counter()

    async def read(self, unit: int, address: int, count: int) -> None:
        """One read, its outcome counted."""
        try:
            read = await ModbusPort(self.actor, self.client, unit, timeout_s=TIMEOUT_S).read_registers(address, count)
        except BusError as error:
            self.outcomes[error.kind] += 1
            if isinstance(error, BusSuspended):
                await asyncio.sleep(0.05)
        else:
            self.outcomes["right" if read == tuple(value(unit, address + index) for index in range(count)) else "WRONG"] += 1


async def _correctness(reads: int) -> Counter[str]:
    line, dice = Line(faulty=True), random.Random(485)
    for _ in range(reads):
        await line.read(dice.randint(1, METERS), dice.randrange(90), dice.choice((1, 2, 2, 6, 10)))
    line.outcomes["thrown away"] = line.actor.statistics.discarded_frames
    return line.outcomes


async def _rate(seconds: float, *, dead: bool) -> float:
    """Right reads per second of all meters but the last, each polled by its own task; the last one is dead, or does not exist."""
    line = Line(faulty=False)
    line.units.faults_of(METERS).unplug()

    async def poll(unit: int) -> None:
        while True:
            await line.read(unit, 0, 10)

    pollers = [asyncio.create_task(poll(unit)) for unit in range(1, METERS + int(dead))]
    await asyncio.sleep(seconds)
    for poller in pollers:
        poller.cancel()
    await asyncio.gather(*pollers, return_exceptions=True)
    return line.outcomes["right"] / seconds


def measure(reads: int = READS) -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    outcomes = run_virtual(_correctness(reads))
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(outcomes.items()))
    without, with_dead = run_virtual(_rate(600.0, dead=False)), run_virtual(_rate(600.0, dead=True))
    cost = 1.0 - with_dead / without
    return [
        (
            f"{reads} reads of {METERS} meters with noise, late and lost answers: wrong values believed",
            f"{outcomes['WRONG']} ({told})",
            "0",
            outcomes["WRONG"] == 0 and outcomes["right"] > 0.9 * reads,
        ),
        (
            f"what a dead meter costs the {METERS - 1} others on its line",
            f"{cost:.1%} of their rate ({without:.1f} to {with_dead:.1f} reads/s)",
            "below 5 %",
            cost < 0.05,
        ),
    ]
