"""Every readable capability of a board, polled at a default rate, as a station's telemetry does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from attrs import define, field

from cc613hal.board import Board
from cc613hal.interfaces import (
    CardReader,
    ClimateControl,
    Contactor,
    ControlPilot,
    DigitalInput,
    EmergencyOpener,
    HouseholdSocket,
    Modem,
    PlcModem,
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
        left_out: what is not polled here, because an application reads it at its own rate.
        readings: finished reads by capability.
    """

    board: Board
    left_out: frozenset[str] = frozenset()
    readings: Counter[str] = field(factory=Counter)

    def rates(self) -> Iterator[tuple[str, float, Read]]:
        """What is read, how often in s, and how; what watches itself and reports its changes needs a look only now and then."""
        every = self.board.all
        yield from (("temperature", 10.0, each.read) for each in every(TemperatureSensor).values())
        yield from (("tilt", 1.0, each.read_tilt) for each in every(TiltSensor).values())
        yield from (("presence", 10.0, each.read_presence) for each in every(PresenceSensor).values())
        yield from (("supply", 10.0, each.read_supply) for each in every(SupplyMonitor).values())
        yield from (("residual current", 10.0, each.read) for each in every(ResidualCurrentMonitor).values())
        yield from (("pilot", 10.0, each.read) for each in every(ControlPilot).values())
        yield from (("cable", 10.0, each.read_cable) for each in every(ProximityPilot).values())
        yield from (("contactor", 10.0, each.sense) for each in every(Contactor).values())
        yield from (("lock", 10.0, each.position) for each in every(PlugLock).values())
        yield from (("emergency opener", 10.0, each.opener) for each in every(EmergencyOpener).values())
        yield from (("input", 10.0, each.read_input) for each in every(DigitalInput).values())
        yield from (("household socket", 10.0, each.read_socket) for each in every(HouseholdSocket).values())
        yield from (("climate", 10.0, each.read_climate) for each in every(ClimateControl).values())
        yield from (("modem", 30.0, each.read_modem) for each in every(Modem).values())
        yield from (("power line modem", 10.0, each.read_plc) for each in every(PlcModem).values())
        yield from (("meter", 1.0, each.read_all) for each in every(SnapshotMeter).values())

    async def run(self) -> None:
        """Poll until cancelled; a read that fails ends it."""
        async with asyncio.TaskGroup() as group:
            for reader in self.board.all(CardReader).values():
                await reader.start_polling()
            for what, period_s, read in self.rates():
                if what in self.left_out:
                    continue
                group.create_task(self._poll(what, period_s, read), name=f"poll {what}")

    async def _poll(self, what: str, period_s: float, read: Read) -> None:
        while True:
            await read()
            self.readings[what] += 1
            await self.board.clock.sleep(period_s)
