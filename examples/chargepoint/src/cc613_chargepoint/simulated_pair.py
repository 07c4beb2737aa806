"""Two simulated controllers in one station, and a link between them that can be cut, stalled or swallowed: for tests, on virtual time.

::

    async def main() -> None:
        async with simulated_pair(place) as pair:
            await pair.slave.charge()
            pair.link.cut()
            await pair.slave.sleep(30.0)

    run_virtual(main())
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from attrs import define, field

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.paired import master_station, slave_station
from cc613_chargepoint.pairing import PairingSettings
from cc613_chargepoint.pairing.wire import Dial, Door, Wire, WireLost
from cc613_chargepoint.records import Along
from cc613_chargepoint.simulated import SimulatedStation
from cc613_chargepoint.store import Store, StoreClosed, Transaction
from cc613hal.board import Board, BoardDescription, load_board, open_board
from cc613hal.clock import Clock
from cc613hal.plant import Simulation

__all__ = ["SimulatedLink", "SimulatedPair", "simulated_pair"]

T = TypeVar("T")


class SimulatedLink:
    """A network between two controllers: in order, with a delay, and as bad as it is told to be.

    Args:
        clock: of both.
        delay_s: from one end to the other, s.
    """

    def __init__(self, clock: Clock, delay_s: float = 0.005) -> None:
        self.clock, self.delay_s = clock, delay_s
        self.up, self.stalled, self.swallows = True, False, False
        self.changed = asyncio.Event()
        self._serve: Callable[[Wire], Awaitable[None]] | None = None
        self._ends: list[_End] = []
        self._served: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Both ends hear at once that the connection is gone, and none can be made."""
        self.up = False
        for end in tuple(self._ends):
            end.abort()

    def stall(self) -> None:
        """Nothing arrives; what is sent waits."""
        self.stalled = True

    def swallow(self) -> None:
        """What is sent is lost, and neither end hears anything: a half-open connection."""
        self.swallows = True

    def mend(self) -> None:
        """Everything that was stalled arrives, and new connections can be made; a connection that lost something stays broken."""
        self.up, self.stalled, self.swallows = True, False, False
        self._wake()

    async def dial(self) -> Wire:
        """For the slave."""
        await self.clock.sleep(self.delay_s)
        if not self.up or self.stalled or self.swallows or self._serve is None:
            raise WireLost("the master does not answer")
        here, there = _End(self), _End(self)
        here.peer, there.peer = there, here
        self._ends += [here, there]
        serve = self._serve

        async def meet() -> None:
            try:
                await serve(there)
            finally:
                there.abort()

        task = asyncio.create_task(meet(), name="simulated link")
        self._served.add(task)
        task.add_done_callback(self._served.discard)
        return here

    @asynccontextmanager
    async def door(self, serve: Callable[[Wire], Awaitable[None]]) -> AsyncIterator[None]:
        """For the master."""
        self._serve = serve
        try:
            yield
        finally:
            self._serve = None
            for task in tuple(self._served):
                task.cancel()
            await asyncio.gather(*self._served, return_exceptions=True)

    def forget(self, end: _End) -> None:
        """An end is closed."""
        if end in self._ends:
            self._ends.remove(end)

    def _wake(self) -> None:
        for end in self._ends:
            end.wake.set()


class _End(Wire):
    def __init__(self, link: SimulatedLink) -> None:
        self._link = link
        self.peer: _End | None = None
        self.wake = asyncio.Event()
        self._arriving: deque[tuple[float, bytes]] = deque()
        self._closed = self._torn = False

    def send(self, raw: bytes) -> None:
        if self._closed or self.peer is None:
            raise WireLost("the link has ended")
        if self._link.swallows or self._torn:
            self._torn = self.peer._torn = True  # a stream with a hole in it delivers nothing any more
            return
        self.peer._arriving.append((self._link.clock.monotonic_s() + self._link.delay_s, raw))
        self.peer.wake.set()

    async def receive(self) -> bytes:
        while True:
            if self._closed:
                raise WireLost("the other controller has ended the link")
            if self._arriving and not self._link.stalled:
                wait_s = self._arriving[0][0] - self._link.clock.monotonic_s()
                if wait_s <= 1e-6:  # less than that may not move the clock at all
                    return self._arriving.popleft()[1]
                await self._link.clock.sleep(wait_s)
                continue
            self.wake.clear()
            await self.wake.wait()

    async def finish(self) -> None:
        """What is on its way arrives before the end does."""
        await self._link.clock.sleep(2.0 * self._link.delay_s)
        self.abort()

    def abort(self) -> None:
        """The other end hears of it, unless the network swallows that too."""
        if self._closed:
            return
        self._closed = True
        self.wake.set()
        self._link.forget(self)
        peer = self.peer
        if peer is not None and not (self._link.swallows or self._link.stalled or self._torn):
            peer._closed = True
            peer.wake.set()
            self._link.forget(peer)


class MortalStore(Store):
    """A store that takes nothing any more once its controller is dead."""

    dead = False

    async def write(self, work: Callable[[Transaction], T], what: str = "writing") -> T:
        """See :meth:`Store.write`."""
        if self.dead:
            raise StoreClosed(f"{what}: the controller is dead")
        return await super().write(work, what)


@define
class _Controller:
    """One of the two, with the world around it, which outlives the application."""

    make: Callable[[Board, Store], Station]
    database: Path
    simulation: Simulation
    made: SimulatedStation | None = None
    store: MortalStore | None = None
    stack: contextlib.AsyncExitStack | None = None

    async def start(self) -> SimulatedStation:
        self.stack = contextlib.AsyncExitStack()
        self.store = await self.stack.enter_async_context(await MortalStore.open(self.database))
        board = await self.stack.enter_async_context(open_board(self.simulation.description, self.simulation.buses, clock=Clock()))
        station = self.make(board, self.store)
        before = self.made
        self.made = SimulatedStation(self.simulation, board, station)
        if before is not None:
            self.made.news, self.made.vehicles = before.news, before.vehicles
        station.news.on(self.made.news.append)
        serving = asyncio.create_task(station.run(), name=f"controller {self.database.parent.name}")

        async def end() -> None:
            failed = serving.done() and not serving.cancelled() and serving.exception() is not None
            serving.cancel()
            if failed:
                await serving
            with contextlib.suppress(asyncio.CancelledError):
                await serving

        self.stack.push_async_callback(end)
        return self.made

    async def stop(self, *, kill: bool) -> None:
        if self.stack is None or self.store is None:
            return
        self.store.dead = kill
        stack, self.stack = self.stack, None
        await stack.aclose()


@define
class SimulatedPair:
    """A running pair.

    Attributes:
        link: between both.
        place: of both databases.
    """

    link: SimulatedLink
    place: Path
    _master: _Controller
    _slave: _Controller
    number: int = field(default=2)

    @property
    def master(self) -> SimulatedStation:
        """The master; its connector ``number`` is the slave's."""
        assert self._master.made is not None
        return self._master.made

    @property
    def slave(self) -> SimulatedStation:
        """The slave."""
        assert self._slave.made is not None
        return self._slave.made

    @property
    def stores(self) -> tuple[Store, Store]:
        """Of master and slave."""
        assert self._master.store is not None
        assert self._slave.store is not None
        return self._master.store, self._slave.store

    async def restart(self, *, master: bool = False, slave: bool = False, kill: bool = True, away_s: float = 1.0) -> None:
        """Stop one or both, by the power or in order, and start them again.

        Args:
            master: the master.
            slave: the slave.
            kill: nothing that the application does on its way out reaches the disk.
            away_s: until it starts again, s.
        """
        chosen = [each for each, wanted in ((self._master, master), (self._slave, slave)) if wanted]
        for each in chosen:
            await each.stop(kill=kill)
        await self.link.clock.sleep(away_s)
        for each in chosen:
            await each.start()

    async def until(self, condition: Callable[[], bool], within_s: float = 30.0) -> None:
        """Wait for something, looking every 10 ms.

        Raises:
            TimeoutError: it did not happen in time.
        """
        await self.master.until(condition, within_s)

    async def sleep(self, seconds: float) -> None:
        """Let time pass, s."""
        await self.link.clock.sleep(seconds)


@asynccontextmanager
async def simulated_pair(
    place: Path,
    pair: PairingSettings | None = None,
    *,
    master: StationSettings | None = None,
    slave: StationSettings | None = None,
    board_name: str = "bender.cc613",
    slave_board: BoardDescription | None = None,
    along: Along | None = None,
    door: Door | None = None,
    dial: Dial | None = None,
    settle_s: float = 20.0,
) -> AsyncIterator[SimulatedPair]:
    """Two controllers, each with a board on simulated buses and a database of its own.

    Args:
        place: for the databases.
        pair: what was decided about both.
        master: settings of the master.
        slave: settings of the slave.
        board_name: of both.
        slave_board: of the slave, if it is another one.
        along: what the master owes to others about sessions.
        door: where the slave comes in, instead of the simulated link's.
        dial: how it gets there, instead of the simulated link's.
        settle_s: time they get before anything happens, s.
    """
    pair = pair or PairingSettings()
    link = SimulatedLink(Clock())
    description = load_board(board_name)
    other = slave_board or description
    for name in ("master", "slave"):
        (place / name).mkdir(parents=True, exist_ok=True)
    wide = StationSettings(installed_current_a=32.0)
    async with Simulation(description) as first, Simulation(other) as second:
        inside, outside = door or link.door, dial or link.dial

        def make_master(board: Board, store: Store) -> Station:
            return master_station(board, master or wide, pair, store, inside, along=along)

        def make_slave(board: Board, store: Store) -> Station:
            return slave_station(board, slave or wide, pair, store, outside, dice=random.Random(613))

        first_one = _Controller(make_master, place / "master" / "station.db", first)
        second_one = _Controller(make_slave, place / "slave" / "station.db", second)
        made = SimulatedPair(link, place, first_one, second_one, number=pair.connector)
        try:
            await first_one.start()
            await second_one.start()
            await made.sleep(settle_s)
            yield made
        finally:
            await second_one.stop(kill=False)
            await first_one.stop(kill=False)
