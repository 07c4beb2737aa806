"""What ``cc613-chargepoint`` does: run the station on a board, real or simulated."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import math
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.authorization.policy import Mode
from cc613_chargepoint.configuring import DATABASE, add_config, config
from cc613_chargepoint.diagnostics_pages import diagnostics_pages
from cc613_chargepoint.domain.events import SessionEnded
from cc613_chargepoint.driving import SIM_SOCKET, add_sim, sim
from cc613_chargepoint.facade.client import SOCKET, AnswerError
from cc613_chargepoint.facade.server import serve_socket
from cc613_chargepoint.joining import add_pair, pair
from cc613_chargepoint.keeping import add_store, keep
from cc613_chargepoint.narrator import Narrator
from cc613_chargepoint.news_log import log_news
from cc613_chargepoint.operating import VERBS, add_verbs, operate
from cc613_chargepoint.paired import paired_station
from cc613_chargepoint.pairing import PairingRole, PairingSettings
from cc613_chargepoint.service import Supervisor, owned, owned_board, set_up_logging, settled
from cc613_chargepoint.settings import Settings, ocpp, table
from cc613_chargepoint.settings.pairing import SUPPLY_CURRENT_A
from cc613_chargepoint.simulating.script import Line, duration_s, play, read_script
from cc613_chargepoint.status_page import serve_status
from cc613_chargepoint.store import Retention, Store
from cc613_chargepoint.wire_verbs import add_ocpp, ocpp_verb
from cc613hal.board import Board, BoardDescription, load_board, open_board
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import ConfigError, HalError, NotOnBoard, SafetyRefused

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine
    from cc613_chargepoint.simulating.world import World
    from cc613_chargepoint.story import Story

__all__ = ["EXIT_INTERRUPTED", "main"]

_log = logging.getLogger(__name__)

_OTHERS: dict[str, Callable[[argparse.Namespace], int]] = {"config": config, "store": keep, "sim": sim, "pair": pair, "ocpp": ocpp_verb}
"""Verbs beside ``run`` and those that ask a running station."""
EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_DEVICE, EXIT_REFUSED, EXIT_INTERRUPTED = 0, 1, 2, 3, 4, 130
_AGAIN = -1
"""In place of an exit code: somebody asked the station to start again."""


def _amperes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1000.0:
        raise argparse.ArgumentTypeError(f"must be 0 to 1000 A, not {text}")
    return value


def _duration(text: str) -> float:
    try:
        return duration_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cc613-chargepoint",
        description="A charging station on cc613hal.",
        epilog="exit codes: 0 done, 1 the charge failed, 2 usage or board file, 3 device or bus, 4 refused, 130 interrupted",
    )
    parser.add_argument(
        "--version", action="version", version=f"cc613-chargepoint {version('cc613-chargepoint')}, cc613hal {version('cc613hal')}"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser(
        "run",
        help="serve vehicles until Ctrl-C",
        description="Open a board and serve vehicles until Ctrl-C.",
        epilog="example: cc613-chargepoint run --board bender.cc613 --sim --once",
    )
    run.add_argument("--board", default="bender.cc613", help="a board by name or the path of a board file (default: %(default)s)")
    run.add_argument("--overlay", action="append", default=[], metavar="FILE", help="board file laid over it; may be repeated")
    run.add_argument("--sim", action="store_true", help="simulated buses, with customers who come and go")
    run.add_argument("--once", action="store_true", help="stop after the first session; needs --sim")
    run.add_argument("--by-hand", action="store_true", help="nobody comes but whom `cc613-chargepoint sim` sends; needs --sim and --data")
    run.add_argument("--script", type=Path, metavar="FILE", help="what happens, line by line with times, then stop; needs --sim")
    run.add_argument(
        "--for", dest="for_s", type=_duration, metavar="TIME", help="stop after so long: seconds, M:SS or H:MM:SS; needs --sim"
    )
    run.add_argument("--virtual", action="store_true", help="days in seconds: a clock that does not wait; needs --script, --for or --once")
    run.add_argument("--data", type=Path, metavar="DIR", help="where sessions, settings and counters are kept (default: nowhere)")
    run.add_argument(
        "--installed-current", type=_amperes, metavar="A", help="what the installation gives per phase, instead of its setting"
    )
    run.add_argument(
        "--role", choices=["none", "master", "slave"], help="of two controllers in one station, instead of its setting; needs --data"
    )
    run.add_argument("--card", action="append", metavar="UID", help="a card that may charge, instead of the setting; may be repeated")
    run.add_argument(
        "--energise-real-hardware", action="store_true", help="needed without --sim: the station will switch mains voltage on its own"
    )
    run.add_argument("--log", choices=["text", "json"], default="text", help="lines for people or for machines (default: %(default)s)")
    run.add_argument("--debug", action="store_true", help="log everything, show tracebacks")
    add_config(verbs)
    add_verbs(verbs)
    add_store(verbs)
    add_sim(verbs)
    add_pair(verbs)
    add_ocpp(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = _parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    arguments = parser.parse_args(argv)
    set_up_logging(debug=arguments.debug, json_lines=arguments.log == "json")
    try:
        if arguments.verb in VERBS:
            return operate(arguments)
        if arguments.verb in _OTHERS:
            return _OTHERS[arguments.verb](arguments)
        _understood(arguments)
        if arguments.virtual:
            return run_virtual(_interruptible(arguments), start=datetime.now(UTC))
        return _lives(arguments)
    except KeyboardInterrupt:
        print("\nstopped; the safe state was reached" if arguments.verb == "run" else "", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read has seen enough; the interpreter must not try to write the rest when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except (HalError, ExceptionGroup) as error:
        if arguments.debug or (errors := _flat(error)) is None:
            raise
        for each in errors:
            print(_told(each, as_json=getattr(arguments, "json", False)), file=sys.stderr)
        return _code(errors[0])


def _lives(arguments: argparse.Namespace) -> int:
    """Run, and again whenever somebody asks the station to start again."""
    while (code := asyncio.run(_interruptible(arguments))) == _AGAIN:
        _log.warning("the station starts again")
    return code


def _told(error: HalError, *, as_json: bool) -> str:
    if not as_json:
        return f"cc613-chargepoint: {error}"
    answered = {"kind": error.reason} if isinstance(error, AnswerError) and error.reason else {}
    return json.dumps({"error": {**error.as_dict(), **answered}}, ensure_ascii=False)


def _flat(error: BaseException) -> list[HalError] | None:
    """The errors in a group, if all of them are ours; ``None`` if one is a defect of the program."""
    if isinstance(error, HalError):
        return [error]
    if not isinstance(error, BaseExceptionGroup):
        return None
    parts = [_flat(each) for each in error.exceptions]
    return None if None in parts else [each for part in parts if part is not None for each in part]


def _code(error: HalError) -> int:
    if isinstance(error, ConfigError | NotOnBoard):
        return EXIT_USAGE
    if isinstance(error, AnswerError):  # what the station at the other end of the socket said
        return {"refused": EXIT_REFUSED, "not-allowed": EXIT_REFUSED, "settings": EXIT_USAGE}.get(error.reason, EXIT_DEVICE)
    return EXIT_REFUSED if isinstance(error, SafetyRefused) else EXIT_DEVICE


def _understood(arguments: argparse.Namespace) -> None:
    """Options of a simulation that go together.

    Raises:
        ConfigError: they do not.
    """
    given = [name for name in ("once", "by_hand", "script", "for_s", "virtual") if getattr(arguments, name)]
    option = {name: f"--{name.removesuffix('_s').replace('_', '-')}" for name in given}
    if given and not arguments.sim:
        raise ConfigError(f"{option[given[0]]} needs --sim", hint="a real station serves whoever comes, until it is stopped")
    callers = [option[name] for name in ("once", "by_hand", "script") if name in given]
    if len(callers) > 1:
        raise ConfigError(f"{' and '.join(callers)} do not go together", hint="each says who comes to the station")
    if arguments.by_hand and arguments.data is None:
        raise ConfigError("--by-hand needs --data", hint="`cc613-chargepoint sim` reaches the station over a socket in that directory")
    if arguments.role in {"master", "slave"} and (arguments.data is None or arguments.virtual):
        raise ConfigError(f"--role {arguments.role} needs --data and the real time", hint="the link to the other controller needs both")
    if arguments.virtual and (arguments.by_hand or not (arguments.script or arguments.once or arguments.for_s)):
        raise ConfigError("--virtual needs --script, --for or --once", hint="time flies: nobody could do anything by hand")


async def _interruptible(arguments: argparse.Namespace) -> int:
    """Run; Ctrl-C leaves through the board's safe state, and pressing it again does not break into that."""
    loop, running = asyncio.get_running_loop(), asyncio.ensure_future(_run(arguments))
    interrupted = False

    def leave() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            running.cancel()

    loop.add_signal_handler(signal.SIGINT, leave)
    try:
        return await running
    except asyncio.CancelledError:
        if interrupted:
            raise KeyboardInterrupt from None
        raise


async def _run(arguments: argparse.Namespace) -> int:
    if not arguments.sim and not arguments.energise_real_hardware:
        raise SafetyRefused(
            "without --sim the station switches mains voltage",
            hint="add --energise-real-hardware once the wiring was checked by a qualified person, or --sim to try it",
        )
    description = load_board(arguments.board, overlays=arguments.overlay)
    interrupted = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, interrupted.set)
    async with contextlib.AsyncExitStack() as stack:
        kept = await _kept(arguments, stack)
        if arguments.sim:
            return await _simulated(description, kept, arguments, interrupted)
        stack.enter_context(owned_board(description))
        board = await stack.enter_async_context(open_board(description, clock=kept.clock, state_dir=arguments.data))
        station = await stack.enter_async_context(kept.station(board, arguments))
        return await _serve(station, Narrator(board.clock, silent=arguments.log == "json"), interrupted, log_json=arguments.log == "json")


@frozen
class _Kept:
    """What the data directory holds; nothing without one."""

    clock: Clock
    store: Store | None = None
    settings: Settings | None = None

    @contextlib.asynccontextmanager
    async def station(self, board: Board, arguments: argparse.Namespace) -> AsyncIterator[Station]:
        """The station as its settings and the command line say, with its doors to the outside open."""

        def wanted() -> StationSettings:
            of_table = StationSettings() if self.settings is None else StationSettings.of(self.settings)
            if arguments.installed_current is not None:
                of_table = evolve(of_table, installed_current_a=arguments.installed_current)
            if arguments.card is None:
                return of_table
            cards = tuple(arguments.card)
            return evolve(of_table, authorization=evolve(of_table.authorization, mode=Mode.LIST, cards=cards))

        backend = self._backend(board, arguments)
        station = self._made(board, wanted(), arguments, backend)
        if self.settings is not None:
            self.settings.changes.on(lambda _: station.obey(wanted()))
        describe = str if backend is None else backend.describe
        answers = StationAnswers(station, board, self.store, self.settings, backend=describe)
        async with contextlib.AsyncExitStack() as doors:
            if arguments.data is not None and not arguments.virtual:
                await doors.enter_async_context(serve_socket(answers.facade, arguments.data / SOCKET))
            if port := 0 if self.settings is None else self.settings.get(table.STATUS_PORT):
                await doors.enter_async_context(serve_status(port, {"/health": answers.health_page, "/status": answers.status_page}))
            if backend is not None:
                from cc613_chargepoint.ocpp.service import conversing  # noqa: PLC0415 - see below

                await doors.enter_async_context(conversing(backend, answers.facade))
            settled()
            yield station

    def _made(self, board: Board, wanted: StationSettings, arguments: argparse.Namespace, backend: Engine | None) -> Station:
        """The station that its role makes it: alone, or one of two controllers."""
        along = None if backend is None else backend.ledger.along
        pairing = self._pairing(arguments)
        if self.store is None or pairing.role is PairingRole.NONE:
            return Station(board, wanted, store=self.store, along=along, backend=backend)
        return paired_station(board, wanted, pairing, self.store, arguments.data, along=along, backend=backend)

    def _pairing(self, arguments: argparse.Namespace) -> PairingSettings:
        if self.settings is None or arguments.virtual:
            return PairingSettings()
        pairing = PairingSettings.of(self.settings)
        if arguments.role is not None:
            pairing = evolve(pairing, role=PairingRole(arguments.role))
        if arguments.installed_current is not None and self.settings.get(SUPPLY_CURRENT_A) is None:
            pairing = evolve(pairing, supply_a=arguments.installed_current)
        return pairing

    def _backend(self, board: Board, arguments: argparse.Namespace) -> Engine | None:
        if self.store is None or self.settings is None or arguments.virtual:
            return None
        if not self.settings.get(ocpp.URL) or self._pairing(arguments).role is PairingRole.SLAVE:
            return None  # a station without a backend loads nothing of it, and a slave speaks to its master alone
        from cc613_chargepoint.maintenance import RecentLog  # noqa: PLC0415 - see above
        from cc613_chargepoint.ocpp.service import backend_of, tools_of  # noqa: PLC0415 - see above

        recent = RecentLog()
        logging.getLogger().addHandler(recent)
        pages = diagnostics_pages(board, self.settings, self.store)
        tools = tools_of(self.settings, self.clock, arguments.data, pages=pages, log=recent)
        return backend_of(self.settings, self.store, self.clock, board=board.description.name, data=arguments.data, tools=tools)


async def _kept(arguments: argparse.Namespace, stack: contextlib.AsyncExitStack) -> _Kept:
    """Open the data directory, if one is given; it is this station's alone until the stack unwinds."""
    clock = Clock()
    if arguments.data is None:
        return _Kept(clock)
    stack.enter_context(owned(arguments.data))
    store = await stack.enter_async_context(await Store.open(arguments.data / DATABASE))
    settings = await Settings.load(store, clock)
    store.retention = Retention(
        session_days=settings.get(table.SESSION_DAYS),
        sample_days=settings.get(table.SAMPLE_DAYS),
        fault_rows=settings.get(table.FAULT_ROWS),
        audit_rows=settings.get(table.AUDIT_ROWS),
        size_limit_bytes=settings.get(table.SIZE_LIMIT_MB) * 1024 * 1024,
    )
    await store.limit_size()
    for each in settings.ignored:
        _log.warning("ignored: %s", each)
    return _Kept(clock, store, settings)


async def _simulated(description: BoardDescription, kept: _Kept, arguments: argparse.Namespace, interrupted: asyncio.Event) -> int:
    from cc613_chargepoint.simulating.world import World, simulation_facade  # noqa: PLC0415 - only a simulation needs the plant
    from cc613_chargepoint.story import Story  # noqa: PLC0415 - likewise
    from cc613hal.plant import Simulation  # noqa: PLC0415 - likewise

    clock = kept.clock
    narrator = Narrator(clock, silent=arguments.log == "json", meter_every_s=900.0 if arguments.virtual else None)
    wires = "in virtual time" if arguments.virtual else "on simulated buses; Modbus and the card reader run on real pseudo-terminals"
    narrator.say(f"{description.name}: {description.summary}, {wires}")
    simulation = Simulation(description, clock=clock, ptys=not arguments.virtual)
    lines = () if arguments.script is None else read_script(arguments.script)
    async with (
        simulation,
        open_board(description, simulation.buses, clock=clock, state_dir=arguments.data) as board,
        kept.station(board, arguments) as station,
        contextlib.AsyncExitStack() as doors,
    ):
        narrator.say(f"{len(board.devices)} devices are connected: {', '.join(board.devices)}")
        world = World(simulation, lambda number: station.connectors[number].state.value, narrator.outside)
        if arguments.data is not None and not arguments.virtual:
            await doors.enter_async_context(serve_socket(simulation_facade(world, station.news), arguments.data / SIM_SOCKET))
        if arguments.script is not None:
            happens = _scripted(lines, world, clock, arguments.script, narrator)
        elif arguments.by_hand:
            happens = _by_hand(arguments.data, narrator)
        else:
            happens = _customers(Story(simulation.plant, station, narrator.outside, clock), station, narrator, once=arguments.once)
        json_lines = arguments.log == "json"
        return await _serve(station, narrator, interrupted, _for_a_while(happens, arguments.for_s, narrator), log_json=json_lines)


async def _customers(story: Story, station: Station, narrator: Narrator, *, once: bool) -> int:
    """Customers come and go."""
    from cc613_chargepoint.story import Visit  # noqa: PLC0415 - only a simulation needs the plant

    ended: list[SessionEnded] = []
    station.news.on(lambda news: ended.append(news) if isinstance(news, SessionEnded) else None)
    try:
        await story.visit(Visit())
        if once:
            return EXIT_OK if ended and ended[0].record.energy_wh else EXIT_FAILED
        narrator.say("serving; further vehicles will come. Ctrl-C ends")
        await story.more_visits()
    except TimeoutError as error:
        narrator.say(f"the charge did not work: {error}", mark="✗")
    return EXIT_FAILED


async def _scripted(lines: Sequence[Line], world: World, clock: Clock, path: Path, narrator: Narrator) -> int:
    """What a script says happens."""
    await play(lines, world, clock, str(path))
    narrator.say("the script is over")
    return EXIT_OK


async def _by_hand(data: Path, narrator: Narrator) -> int:
    """Nothing happens by itself."""
    narrator.say(f"nobody comes by themselves; try: cc613-chargepoint sim plug --data {data}")
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # never: somebody has to end it


async def _for_a_while(happens: Coroutine[Any, Any, int], for_s: float | None, narrator: Narrator) -> int:
    """What happens, but no longer than so many seconds."""
    try:
        async with asyncio.timeout(for_s) as limit:
            return await happens
    except TimeoutError:
        if not limit.expired():
            raise
        narrator.say("the time is over")
        return EXIT_OK


async def _serve(
    station: Station,
    narrator: Narrator,
    interrupted: asyncio.Event,
    story: Coroutine[Any, Any, int] | None = None,
    *,
    log_json: bool = False,
) -> int:
    """Run the station until it is interrupted, or the story is over."""
    station.news.on(narrator.hear)
    if log_json:
        station.news.on(log_news)
    supervisor = Supervisor()
    serving, stop = asyncio.create_task(station.run()), asyncio.create_task(interrupted.wait())
    again = asyncio.create_task(station.restart.wait())
    visits = None if story is None else asyncio.create_task(story)
    tasks: list[asyncio.Task[Any]] = [task for task in (serving, stop, again, visits, asyncio.create_task(supervisor.keep_alive())) if task]
    try:
        supervisor.tell("READY=1", f"MAINPID={os.getpid()}")
        await asyncio.wait([task for task in (serving, stop, again, visits) if task], return_when=asyncio.FIRST_COMPLETED)
        if again.done():
            narrator.say("asked to start again")
            return _AGAIN
        supervisor.tell("STOPPING=1")
        if visits is not None and visits.done():
            return visits.result()
        if stop.done():
            narrator.say("asked to stop")
            return EXIT_OK
        serving.result()
        return EXIT_FAILED
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
