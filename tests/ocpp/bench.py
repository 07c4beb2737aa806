"""A station on the simulated board, a central system on a real WebSocket, and people and weather in between; all on virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import Factory, define, field

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.maintenance.interface import Diagnostics, Firmware, FirmwareRefused, Installation
from cc613_chargepoint.ocpp.engine.asked.upkeep import Tools
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.files import Location, TransferFailed, location
from cc613_chargepoint.ocpp.service import backend_of
from cc613_chargepoint.settings import Actor, Settings
from cc613_chargepoint.store import Store
from cc613hal.board import Board, BoardDescription, load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plant.vehicle import Vehicle
from tests.ocpp.central import Central

CARD, OTHER = "04A2B3C4D5E680", "04FFEEDDCCBBAA"
INSTALLER = Actor(name="bench", role=Role.MANUFACTURER)

SETTINGS: dict[str, Any] = {
    "ocpp.url": "ws://central.example/ocpp",
    "ocpp.identity": "CP 1",
    "authorization.mode": "backend",
    "authorization.cache": False,
    "ocpp.sample_s": 0,
    "connector.plug_in_s": 60.0,
    "metering.store_sample_s": 10.0,
    "ocpp.backoff_repeats": 4,
    "ocpp.backoff_random_s": 0,
}
"""What every case starts with: a backend that decides, nothing remembered, no values unless asked for."""


@define(eq=False)
class Bench:
    """What a case works with.

    Attributes:
        central: the central system.
        simulation: the world.
        place: where the station keeps what outlives it.
    """

    central: Central
    simulation: Simulation
    place: Path
    settings: dict[str, Any]
    station: Station | None = None
    store: Store | None = None
    kept: Settings | None = None
    engine: Engine | None = None
    board: Board | None = None
    vehicles: dict[int, Vehicle] = field(factory=dict)
    _life: asyncio.Task[None] | None = None
    _up: asyncio.Event = field(factory=asyncio.Event)
    restarts: int = 0
    files: FilesInMemory = field(factory=lambda: FilesInMemory())
    firmware: FirmwareInMemory = field(default=Factory(lambda self: FirmwareInMemory(self.place), takes_self=True))

    # -- the station's life -----------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def alive(self, *, boot: bool) -> AsyncIterator[None]:
        """The station may run meanwhile, and does from the beginning if it shall boot; behind it nothing of it runs."""
        try:
            if boot:
                await self.idle()
            yield
        finally:
            if self._life is not None:
                self._life.cancel()
                await asyncio.gather(self._life, return_exceptions=True)

    async def power_up(self) -> None:
        """Start the station; it starts again by itself when it asks for that."""
        self._life = asyncio.create_task(self._live())
        up = asyncio.create_task(self._up.wait())
        await asyncio.wait([up, self._life], return_when=asyncio.FIRST_COMPLETED)
        if self._life.done():
            up.cancel()
            await self._life  # which says why it did not come up

    async def power_cut(self) -> None:
        """Take its supply away: nothing is ended, nothing is said."""
        assert self._life is not None
        self._life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._life
        self._up.clear()

    async def _live(self) -> None:
        while True:
            async with self._running() as (station, tasks):
                restart = asyncio.create_task(station.restart.wait())
                try:
                    done, _ = await asyncio.wait([restart, *tasks], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    restart.cancel()
                for task in done - {restart}:
                    task.result()
                    raise AssertionError(f"{task.get_name()} ended by itself")
            self.restarts += 1

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[tuple[Station, list[asyncio.Task[None]]]]:
        description, clock = self.simulation.description, self.simulation.clock
        async with (
            await Store.open(self.place / "station.db") as store,
            open_board(description, self.simulation.buses, clock=clock, state_dir=self.place) as board,
        ):
            settings = await Settings.load(store, clock)
            if not self.restarts and not settings.value("ocpp.url").value:
                await settings.set(self.settings, actor=INSTALLER)
            engine = backend_of(
                settings, store, clock, board=description.name, data=self.place, unix_socket=self.central.socket_path,
                tools=Tools(
                    files=self.files, firmware=self.firmware, diagnostics=DiagnosticsInMemory(), place=self.place / "diagnostics"
                ),
            )  # fmt: skip
            assert engine is not None
            station = Station(board, StationSettings.of(settings), store=store, along=engine.ledger.along, backend=engine)
            settings.changes.on(lambda _: station.obey(StationSettings.of(settings)))
            answers = StationAnswers(station, board, store, settings)
            self.station, self.store, self.kept, self.engine, self.board = station, store, settings, engine, board
            tasks = [asyncio.create_task(engine.run(answers.facade), name="backend")]
            await engine.listening.wait()
            tasks.append(asyncio.create_task(station.run(), name="station"))
            self._up.set()
            try:
                yield station, tasks
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    # -- people -------------------------------------------------------------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        """Let time pass, s."""
        await asyncio.sleep(seconds)

    def wall(self) -> datetime:
        """The calendar."""
        return self.simulation.clock.wall()

    async def card(self, uid: str = CARD) -> None:
        """Hold a card to the reader."""
        cards = self.simulation.plant.cabinet.cards
        cards.set((FieldCard(uid=bytes.fromhex(uid), sak=0x00, atqa=0x0044),))
        await self.sleep(1.0)
        cards.set(())
        await self.sleep(3.5)

    def plug(self, connector: int = 1, **properties: Any) -> Vehicle:
        """Plug a vehicle in."""
        if connector not in self.vehicles or properties:
            self.vehicles[connector] = Vehicle(self.simulation.plant.outlet(connector), **properties)
        vehicle = self.vehicles[connector]
        vehicle.plug_in(cable_ohm=None if self.tethered else 220.0)
        return vehicle

    async def unplug(self, connector: int = 1, *, force: bool = False) -> None:
        """Pull the plug out, once the lock lets go of it."""
        outlet = self.simulation.plant.outlet(connector)
        async with asyncio.timeout(30.0):
            while outlet.bolt_locked.value > 0.5 and not force:
                await self.sleep(0.2)
        self.vehicles[connector].unplug(force=force)

    def drive_off(self, connector: int = 1) -> None:
        """Pull the cable out of the vehicle; its plug stays in the outlet, where the cable is not the station's own."""
        if self.tethered:
            self.vehicles[connector].unplug(force=True)
        else:
            self.vehicles[connector].let_go_of_cable()

    async def take_cable(self, connector: int = 1) -> None:
        """Pull a plug without a vehicle out of the outlet, as soon as the lock lets go of it."""
        async with asyncio.timeout(30.0):
            while self.locked(connector):
                await self.sleep(0.2)
        self.vehicles[connector].take_cable()

    def locked(self, connector: int = 1) -> bool:
        """Whether the bolt holds the plug."""
        return self.simulation.plant.outlet(connector).bolt_locked.value > 0.5

    @property
    def tethered(self) -> bool:
        """Whether the cable is the station's own."""
        return "tethered" in self.simulation.description.name

    # -- preconditions ----------------------------------------------------------------------------------------------------------------

    async def idle(self) -> None:
        """Accepted, connected, idle, everything told."""
        await self.power_up()
        await self.central.expect("BootNotification")
        await self.central.status("Available", 0)
        await self.central.status("Available", 1)
        self.central.forget()

    async def charging(self) -> int:
        """A transaction runs, begun from afar; its name."""
        self.plug()
        await self.central.status("Preparing")
        await self.remote_start()
        await self.central.expect("StartTransaction", idTag=CARD)
        await self.central.status("Charging")
        self.central.forget()
        return self.central.transaction

    async def remote_start(self, tag: str = CARD, connector: int | None = 1, **more: Any) -> None:
        """Start somebody from afar, as it must work."""
        where = {} if connector is None else {"connectorId": connector}
        answer = await self.central.ask("RemoteStartTransaction", idTag=tag, **where, **more)
        assert answer == {"status": "Accepted"}

    async def configure(self, **keys: Any) -> None:
        """Change configuration keys, as it must work."""
        for key, value in keys.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            answer = await self.central.ask("ChangeConfiguration", key=key, value=text)
            assert answer["status"] in {"Accepted", "RebootRequired"}, (key, value, answer)

    async def key(self, name: str) -> str:
        """The value of a configuration key."""
        answer = await self.central.ask("GetConfiguration", key=[name])
        value: str = answer["configurationKey"][0]["value"]
        return value


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _content(path: Path) -> bytes:
    return path.read_bytes()


@define(eq=False)
class FilesInMemory:
    """File servers of the world outside.

    Attributes:
        there: address → content.
        arrived: what was uploaded: address, name, content.
    """

    there: dict[str, bytes] = field(factory=dict)
    arrived: list[tuple[str, str, bytes]] = field(factory=list)
    takes_s: float = 5.0

    def judge(self, url: str) -> Location:
        return location(url)

    async def download(self, url: str, target: Path, *, retries: int = 0, interval_s: float | None = None, size_bytes: Any = None) -> None:
        self.judge(url)
        for attempt in range(retries + 1):
            await asyncio.sleep(self.takes_s)
            if url in self.there:
                _put(target, self.there[url])
                return
            if attempt < retries:
                await asyncio.sleep(interval_s or 30.0)
        raise TransferFailed("nobody is there")

    async def upload(self, url: str, source: Path, *, name: str | None = None, retries: int = 0, interval_s: float | None = None) -> None:
        self.judge(url)
        await asyncio.sleep(self.takes_s)
        if "dead" in url:
            raise TransferFailed("nobody is there")
        self.arrived.append((url, name or source.name, _content(source)))


@define(eq=False)
class FirmwareInMemory(Firmware):
    """Takes every image that does not say that it is bad."""

    place: Path
    taken: list[bytes] = field(factory=list)

    async def landing(self) -> Path:
        return self.place / "incoming.bin"

    async def install(self, image: Path, *, source: str = "", signed_by: str = "") -> Installation:
        content = _content(image)
        if content.startswith(b"bad"):
            raise FirmwareRefused("it is bad")
        self.taken.append(content)
        await asyncio.sleep(10.0)
        return Installation(image=image, sha256="", size_bytes=len(content), taken=datetime.now(UTC), source=source, signed_by=signed_by)

    async def installed(self) -> Installation | None:
        return None


class DiagnosticsInMemory(Diagnostics):
    """One line, and the security log as it is."""

    async def archive(self, directory: Path, *, since: datetime | None = None, until: datetime | None = None) -> Path | None:
        return self._written(directory / "diagnostics.txt", "all is well")

    async def security_log(self, directory: Path, lines: Sequence[str]) -> Path | None:
        return self._written(directory / "security.txt", "\n".join(lines)) if lines else None

    def _written(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@define
class Story:
    """A case as it was told: for those who play it in another way."""

    story: Callable[[Bench], Awaitable[None]]
    boards: tuple[str, ...]
    settings: dict[str, Any]
    boot: bool
    start: datetime | None


STORIES: dict[str, dict[str, Story]] = {}
"""The cases by module and name, once their module is imported."""
BOARDS: dict[str, str | Path] = {
    "socket": "bender.cc613",
    "tethered": "bender.cc613-tethered",
    "double": Path(__file__).parents[1] / "bench" / "double_board.toml",
}
"""Kinds of stations: a socket, a cable of its own, two sockets on one controller."""


def play(
    story: Callable[[Any], Awaitable[None]],
    *,
    board: str | Path | BoardDescription,
    settings: dict[str, Any],
    boot: bool = True,
    kind: type[Bench] = Bench,
    dialect: str = "v16",
    start: datetime | None = None,
    backend: type[Central] = Central,
) -> None:
    """Run a case; every message of the station must have obeyed its schema."""

    async def whole() -> None:
        description = board if isinstance(board, BoardDescription) else load_board(board)
        with tempfile.TemporaryDirectory(prefix="ocpp-") as place:
            central = backend(Path(place) / "central.sock", dialect=dialect)
            simulation = Simulation(description)
            async with central.serving(), simulation:
                it = kind(central, simulation, Path(place), {**SETTINGS, **settings})
                async with it.alive(boot=boot):
                    await story(it)
            assert not central.mistakes, central.mistakes

    run_virtual(whole(), start=start)


def case(
    *, boards: tuple[str, ...] = ("socket", "tethered"), boot: bool = True, start: datetime | None = None, **settings: Any
) -> Callable[[Any], Any]:
    """Make a test of a story: one run for each kind of outlet.

    Args:
        boards: ``socket``, ``tethered``.
        boot: whether the station is up and idle when the story begins.
        start: where the calendar begins.
        settings: of the station, with ``__`` for the full stop.
    """
    import pytest

    named = {key.replace("__", "."): value for key, value in settings.items()}

    def made(story: Callable[[Bench], Awaitable[None]]) -> Any:
        def test(outlet: str) -> None:
            play(story, board=BOARDS[outlet], settings=named, boot=boot, start=start)

        functools.update_wrapper(test, story)
        del test.__wrapped__  # or pytest would look at the story's arguments
        STORIES.setdefault(story.__module__, {})[story.__name__] = Story(story, boards, named, boot, start)
        return pytest.mark.parametrize("outlet", boards)(test)

    return made
