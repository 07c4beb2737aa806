"""A busy station with two sockets: customers, and a fault every few charges, on the fast clock with a real database."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

from attrs import define, field

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.domain.events import ChargingEnded, FaultRaised, SessionEnded, StationEvent
from cc613_chargepoint.domain.fault import Clearing
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import SimulatedStation, simulated_station
from cc613_chargepoint.simulating.actions import Break, Drive, Plug, Tap, Unplug, Weather
from cc613_chargepoint.simulating.world import World
from cc613_chargepoint.store import Store
from cc613hal.board import load_board
from cc613hal.errors import HalError

__all__ = ["EXPECTED", "Outcome", "soak"]

BOARD = Path(__file__).parents[1] / "bench" / "double_board.toml"
CONNECTORS = (1, 2)
SERVED_S = 600.0
"""The longest that a connector may take to serve again after a fault was mended, s."""

EXPECTED = tuple(
    re.compile(pattern)
    for pattern in (
        r"^rcd[12]: ok -> fault: tripped",
        r"^(meter[12]|reader): ok -> offline",
        r"^supply: ok -> degraded: supply: mains-lost",
        r"^connector [12]: the plug is released: mains-lost",
        r"^lock[12]: ",
        r"^session \d+ ends without an end register",
    )
)
"""Log lines of warning and above that belong to the faults this run makes."""


class _Ears(logging.Handler):
    """Keeps what nobody expects."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.unexpected: list[str] = []
        self.expected = 0

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info is None and any(pattern.search(text) for pattern in EXPECTED):
            self.expected += 1
        else:
            self.unexpected.append(f"{record.levelname} {record.name}: {text}")


@define
class Look:
    """What the process holds at one moment."""

    hour: float
    memory_kb: int
    tasks: int
    descriptors: int
    timers: int


@define
class Outcome:
    """What the run came to.

    Attributes:
        charges: that were begun by customers.
        sessions: in the database, and how many of them are ended.
        ended: sessions whose end was told, by reason.
        faults: raised, by name.
        looks: at what the process holds, once per simulated hour while both sockets rest.
        expected: log lines that belong to the faults.
        unexpected: log lines that do not.
        stuck: connectors that did not serve again in time, in words.
    """

    charges: int = 0
    sessions: int = 0
    open_sessions: int = 0
    ended: Counter[str] = field(factory=Counter[str])
    told: int = 0
    faults: Counter[str] = field(factory=Counter[str])
    looks: list[Look] = field(factory=list[Look])
    expected: int = 0
    unexpected: list[str] = field(factory=list[str])
    stuck: list[str] = field(factory=list[str])

    def growth(self, name: str) -> int:
        """How much more of something there is at the end than after the first sixth of the run, when everything has been used once."""
        first, last = self.looks[len(self.looks) // 6], self.looks[-1]
        return int(getattr(last, name)) - int(getattr(first, name))


class Customers:
    """Those who come to one socket, one after the other."""

    def __init__(
        self, made: SimulatedStation, world: World, number: int, dice: random.Random, door: asyncio.Lock, outcome: Outcome
    ) -> None:
        self._made, self._world, self._number, self._dice, self._door, self._outcome = made, world, number, dice, door, outcome

    @property
    def _state(self) -> State:
        return self._made.station.connectors[self._number].state

    async def come(self, charges: int, every_s: float) -> None:
        """So many customers, one per ``every_s``."""
        clock, began_s = self._made.board.clock, self._made.board.clock.monotonic_s()
        for count in range(charges):
            await self._visit()
            await clock.sleep(max(5.0, began_s + (count + 1) * every_s - clock.monotonic_s()))

    async def _visit(self) -> None:
        made, dice = self._made, self._dice
        card = f"04{dice.getrandbits(48):012X}"
        async with self._door:  # one customer stands at the reader at a time
            await self._world.do(Plug(connector=self._number, phases=dice.choice((1, 3)), max_current_a=dice.choice((10.0, 16.0, 32.0))))
            await made.until(lambda: self._state is not State.AVAILABLE)
            await self._world.do(Tap(card=card))
            with contextlib.suppress(TimeoutError):
                await made.until(lambda: self._state in {State.CHARGING, State.FAULTED}, 90.0)
            await made.sleep(5.0)
        self._outcome.charges += 1
        await made.sleep(dice.uniform(120.0, 300.0))
        if dice.random() < 0.2:
            await self._trouble()
        await made.sleep(dice.uniform(120.0, 300.0))
        await self._leave(card)

    async def _trouble(self) -> None:
        """Something breaks for a while."""
        number = self._number
        action: Any = self._dice.choice(
            (
                Break(fault="residual-dc", value=30.0, connector=number),
                Break(fault="pilot-short", connector=number),
                Break(fault="no-mains", connector=number),
                Break(fault=f"silent:meter{number}", connector=number),
                Break(fault="silent:reader"),
                Break(fault="lock-stuck", connector=number),
                Weather(temperature_c=72.0, place="relay"),
            )
        )
        await self._world.do(action)
        await self._made.sleep(self._dice.uniform(5.0, 60.0))
        if isinstance(action, Weather):
            await self._world.do(Weather(temperature_c=25.0, place="relay"))
        else:
            await self._world.do(Break(fault=action.fault, over=True, connector=number))
        await self._made.sleep(10.0)

    async def _leave(self, card: str) -> None:
        how = self._dice.random()
        if how < 0.6 and self._state is not State.FAULTED:
            async with self._door:
                await self._world.do(Tap(card=card))
                await self._made.sleep(5.0)
        elif how < 0.8:
            await self._world.do(Drive(wants=False, connector=self._number))
            await self._made.sleep(30.0)
        await self._world.do(Unplug(connector=self._number, force=True))
        try:
            await self._made.until(lambda: self._state is State.AVAILABLE, SERVED_S)
        except TimeoutError:
            self._serviced()
        await self._made.sleep(5.0)

    def _serviced(self) -> None:
        """What only people clear is cleared; anything else that still stands is a finding."""
        connector = self._made.station.connectors[self._number]
        standing = list(connector.faults)
        for fault in standing:
            if fault.name.clearing is Clearing.SERVICE:
                connector.clear_fault(fault.name, "somebody has been there")
        left = [f"{fault.name.word}: {fault.detail}" for fault in standing if fault.name.clearing is not Clearing.SERVICE]
        if left or not standing:
            self._outcome.stuck.append(f"connector {self._number} is {self._state.value} with {left or 'no fault'}")


async def _watch(made: SimulatedStation, outcome: Outcome) -> None:
    """Once an hour, as soon as both sockets are free: what is held then is held for nobody."""
    while True:
        await made.sleep(3600.0)
        while any(each.token is not None for each in made.station.connectors.values()):
            await made.sleep(1.0)
        gc.collect()
        loop: Any = asyncio.get_running_loop()
        pages = int(Path("/proc/self/statm").read_text().split()[1])  # noqa: ASYNC240 - the kernel answers from memory
        outcome.looks.append(
            Look(
                hour=made.board.clock.monotonic_s() / 3600.0,
                memory_kb=pages * os.sysconf("SC_PAGE_SIZE") // 1024,
                tasks=len(asyncio.all_tasks()),
                descriptors=sum(1 for _ in Path("/proc/self/fd").iterdir()),  # noqa: ASYNC240 - likewise
                timers=sum(not each.cancelled() for each in loop._scheduled),
            )
        )


async def soak(data: Path, *, hours: float, charges: int, seed: int) -> Outcome:
    """The whole run.

    Args:
        data: directory of the database.
        hours: simulated.
        charges: over both sockets.
        seed: of the customers and their faults.
    """
    outcome, ears = Outcome(), _Ears()
    logging.getLogger().addHandler(ears)

    def hear(news: StationEvent) -> None:
        match news:
            case ChargingEnded(record=record):
                outcome.ended[re.sub(r"\d+(\.\d+)?", "…", record.reason)] += 1
            case SessionEnded():
                outcome.told += 1
            case FaultRaised(fault=fault):
                outcome.faults[fault.name.word] += 1
            case _:
                pass
        made.news.clear()  # the list is for short tests

    try:
        async with (
            await Store.open(data / "station.db") as store,
            simulated_station(load_board(BOARD), StationSettings(), state_dir=data, store=store) as made,
        ):
            world = World(made.simulation, lambda number: made.station.connectors[number].state.value, lambda _: None)
            made.station.news.on(hear)
            door = asyncio.Lock()
            watching = asyncio.create_task(_watch(made, outcome))
            each = charges // len(CONNECTORS)
            async with asyncio.TaskGroup() as group:
                for number in CONNECTORS:
                    customers = Customers(made, world, number, random.Random(seed + number), door, outcome)
                    group.create_task(customers.come(each, hours * 3600.0 / each))
            watching.cancel()
            outcome.sessions = len(await store.read(lambda tx: tx.sessions.recent(1_000_000)))
            outcome.open_sessions = len(await store.read(lambda tx: tx.sessions.open()))
            await store.check()
    except (HalError, ExceptionGroup) as error:
        outcome.stuck.append(f"the station ended: {error!r}")
    finally:
        logging.getLogger().removeHandler(ears)
    outcome.expected, outcome.unexpected = ears.expected, ears.unexpected
    return outcome
