"""Every readable capability of a board, polled at a default rate, as a station's telemetry does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from attrs import define, field

from cc613hal.board import Board
from cc613hal.interfaces import (
    Contactor,
    ControlPilot,
    DigitalInput,
    EmergencyOpener,
    PlugLock,
    PresenceSensor,
    ProximityPilot,
    ResidualCurrentMonitor,
    SnapshotMeter,
    SupplyMonitor,
    TemperatureSensor,
    TiltSensor,
)

__all__ = ["Polling"]

Read = Callable[[], Awaitable[object]]


@define
class Polling:
    """Polls of a board.

    Attributes:
        board: what is polled.
        meter: whether the meter is polled here; not where a session samples it.
        readings: finished reads by capability.
    """

    board: Board
    meter: bool = True
    readings: Counter[str] = field(factory=Counter)

    def rates(self) -> Iterator[tuple[str, float, Read]]:
        """What is read, how often in s, and how."""
        board = self.board
        for temperature in board.all(TemperatureSensor).values():
            yield "temperature", 10.0, temperature.read
        for tilt in board.all(TiltSensor).values():
            yield "tilt", 1.0, tilt.read_tilt
        for bay in board.all(PresenceSensor).values():
            yield "presence", 1.0, bay.read_presence
        for supply in board.all(SupplyMonitor).values():
            yield "supply", 10.0, supply.read_supply
        for rcd in board.all(ResidualCurrentMonitor).values():
            yield "residual current", 10.0, rcd.read
        for pilot in board.all(ControlPilot).values():
            yield "pilot", 1.0, pilot.read
        for cable in board.all(ProximityPilot).values():
            yield "cable", 10.0, cable.read_cable
        for contactor in board.all(Contactor).values():
            yield "contactor", 1.0, contactor.sense
        for lock in board.all(PlugLock).values():
            yield "lock", 10.0, lock.position
        for opener in board.all(EmergencyOpener).values():
            yield "emergency opener", 10.0, opener.opener
        for contact in board.all(DigitalInput).values():
            yield "input", 1.0, contact.read_input
        if self.meter:
            for meter in board.all(SnapshotMeter).values():
                yield "meter", 1.0, meter.read_all

    async def run(self) -> None:
        """Poll until cancelled; a read that fails ends it."""
        async with asyncio.TaskGroup() as group:
            for what, period_s, read in self.rates():
                group.create_task(self._poll(what, period_s, read), name=f"poll {what}")

    async def _poll(self, what: str, period_s: float, read: Read) -> None:
        while True:
            await read()
            self.readings[what] += 1
            await self.board.clock.sleep(period_s)
