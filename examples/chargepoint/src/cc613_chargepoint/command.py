"""What ``cc613-chargepoint`` does: run the station on a board, real or simulated."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import math
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.authorization.policy import Mode
from cc613_chargepoint.configuring import DATABASE, add_config, config
from cc613_chargepoint.domain.events import SessionEnded
from cc613_chargepoint.facade.server import serve_socket
from cc613_chargepoint.narrator import Narrator
from cc613_chargepoint.operating import SOCKET, VERBS, add_verbs, operate
from cc613_chargepoint.service import Supervisor, owned, set_up_logging
from cc613_chargepoint.settings import Settings, table
from cc613_chargepoint.status_page import serve_status
from cc613_chargepoint.store import Retention, Store
from cc613hal.board import Board, BoardDescription, load_board, open_board
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError, HalError, NotOnBoard, SafetyRefused

__all__ = ["EXIT_INTERRUPTED", "main"]

_log = logging.getLogger(__name__)

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_DEVICE, EXIT_REFUSED, EXIT_INTERRUPTED = 0, 1, 2, 3, 4, 130


def _amperes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1000.0:
        raise argparse.ArgumentTypeError(f"must be 0 to 1000 A, not {text}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cc613-chargepoint",
        description="A charging station on cc613hal.",
        epilog="exit codes: 0 done, 1 the charge failed, 2 usage or board file, 3 device or bus, 4 refused for safety, 130 interrupted",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
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
    run.add_argument("--data", type=Path, metavar="DIR", help="where sessions, settings and counters are kept (default: nowhere)")
    run.add_argument(
        "--installed-current", type=_amperes, metavar="A", help="what the installation gives per phase, instead of its setting"
    )
    run.add_argument("--card", action="append", metavar="UID", help="a card that may charge, instead of the setting; may be repeated")
    run.add_argument(
        "--energise-real-hardware", action="store_true", help="needed without --sim: the station will switch mains voltage on its own"
    )
    run.add_argument("--log", choices=["text", "json"], default="text", help="lines for people or for machines (default: %(default)s)")
    run.add_argument("--debug", action="store_true", help="log everything, show tracebacks")
    add_config(verbs)
    add_verbs(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = _parser().parse_args(argv)
    set_up_logging(debug=arguments.debug, json_lines=arguments.log == "json")
    try:
        if arguments.verb in VERBS:
            return operate(arguments)
        return config(arguments) if arguments.verb == "config" else asyncio.run(_interruptible(arguments))
    except KeyboardInterrupt:
        print("\nstopped; the safe state was reached", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (HalError, ExceptionGroup) as error:
        if arguments.debug or (errors := _flat(error)) is None:
            raise
        for each in errors:
            print(f"cc613-chargepoint: {each}", file=sys.stderr)
        return _code(errors[0])


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
    return EXIT_REFUSED if isinstance(error, SafetyRefused) else EXIT_DEVICE


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
        board = await stack.enter_async_context(open_board(description, clock=kept.clock, state_dir=arguments.data))
        station = await stack.enter_async_context(kept.station(board, arguments))
        return await _serve(station, Narrator(board.clock), interrupted)


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

        station = Station(board, wanted(), store=self.store)
        if self.settings is not None:
            self.settings.changes.on(lambda _: station.obey(wanted()))
        answers = StationAnswers(station, board, self.store, self.settings)
        async with contextlib.AsyncExitStack() as doors:
            if arguments.data is not None:
                await doors.enter_async_context(serve_socket(answers.facade, arguments.data / SOCKET))
            if port := 0 if self.settings is None else self.settings.get(table.STATUS_PORT):
                await doors.enter_async_context(serve_status(port, {"/health": answers.health_page, "/status": answers.status_page}))
            yield station


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
    from cc613_chargepoint.story import Story, Visit  # noqa: PLC0415 - only a simulation needs the plant
    from cc613hal.plant import Simulation  # noqa: PLC0415 - likewise

    clock = kept.clock
    narrator = Narrator(clock)
    narrator.say(f"{description.name}: {description.summary}, on simulated buses; Modbus and the card reader run on real pseudo-terminals")
    simulation = Simulation(description, clock=clock, ptys=True)
    async with (
        simulation,
        open_board(description, simulation.buses, clock=clock, state_dir=arguments.data) as board,
        kept.station(board, arguments) as station,
    ):
        narrator.say(f"{len(board.devices)} devices are connected: {', '.join(board.devices)}")
        story = Story(simulation.plant, station, narrator.outside, clock)
        ended: list[SessionEnded] = []
        station.news.on(lambda news: ended.append(news) if isinstance(news, SessionEnded) else None)

        async def customers() -> int:
            try:
                await story.visit(Visit())
                if arguments.once:
                    return EXIT_OK if ended and ended[0].record.energy_wh else EXIT_FAILED
                narrator.say("serving; further vehicles will come. Ctrl-C ends")
                await story.more_visits()
            except TimeoutError as error:
                narrator.say(f"the charge did not work: {error}", mark="✗")
            return EXIT_FAILED

        return await _serve(station, narrator, interrupted, customers())


async def _serve(station: Station, narrator: Narrator, interrupted: asyncio.Event, story: Coroutine[Any, Any, int] | None = None) -> int:
    """Run the station until it is interrupted, or the story is over."""
    station.news.on(narrator.hear)
    supervisor = Supervisor()
    serving, stop = asyncio.create_task(station.run()), asyncio.create_task(interrupted.wait())
    visits = None if story is None else asyncio.create_task(story)
    tasks: list[asyncio.Task[Any]] = [task for task in (serving, stop, visits, asyncio.create_task(supervisor.keep_alive())) if task]
    try:
        supervisor.tell("READY=1", f"MAINPID={os.getpid()}")
        await asyncio.wait([task for task in (serving, stop, visits) if task], return_when=asyncio.FIRST_COMPLETED)
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
