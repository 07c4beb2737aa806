"""What the generated facade :mod:`cc613hal.sync` stands on: one private loop thread, blocking calls into it, and the open board.

A blocking call hands its coroutine to the loop thread and waits on a lock, the cheapest thing the interpreter can wait on. Ctrl-C while
it waits cancels the coroutine, waits until the transfer on the wire has ended, and only then raises ``KeyboardInterrupt``.
"""

from __future__ import annotations

import asyncio
import atexit
import queue
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar

from cc613hal.errors import ConfigError, DeadlineExceeded, Unsupported
from cc613hal.events import Events, Subscription

if TYPE_CHECKING:
    from cc613hal.board import Board, BoardDescription
    from cc613hal.bus.factory import BusFactory
    from cc613hal.health import Health
    from cc613hal.plant import Plant, Simulation

__all__ = ["BlockingBoard", "Facade", "LoopThread", "SyncEvents", "SyncStream"]

T = TypeVar("T")
P = ParamSpec("P")

_SETTLE_S = 10.0
"""How long a cancelled call may take to end its transfer before ``KeyboardInterrupt`` is raised anyway."""
_CLOSE_S = 30.0
"""How long a board may take to reach its safe state."""


class _Call(Generic[T]):
    """One blocking call, from one thread into the loop's."""

    __slots__ = ("_args", "_began", "_cancelled", "_function", "_kwargs", "_task", "done", "error", "result")

    def __init__(self, function: Callable[..., Coroutine[Any, Any, T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs
        self._task: asyncio.Task[None] | None = None
        self._began = False
        self._cancelled = False
        self.done = threading.Lock()
        self.done.acquire()
        self.result: T
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin; runs on the loop."""
        if self._cancelled:
            self.error = asyncio.CancelledError()
            self.done.release()
        else:
            self._task = asyncio.get_running_loop().create_task(self._body())

    def cancel(self) -> None:
        """Cancel; runs on the loop."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()
            if not self._began:  # the body will never run, so nobody else would say that it is over
                self.error = asyncio.CancelledError()
                self.done.release()

    async def _body(self) -> None:
        self._began = True
        try:
            self.result = await self._function(*self._args, **self._kwargs)
        except BaseException as error:  # noqa: BLE001  # every outcome belongs to the caller's thread, which raises it there
            self.error = error
        self.done.release()


class LoopThread:
    """A private event loop on a daemon thread.

    Args:
        name: of the thread, for debuggers.
    """

    def __init__(self, name: str = "cc613hal") -> None:
        started = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=self._run, args=(started,), name=name, daemon=True)
        self._thread.start()
        started.wait()

    @property
    def running(self) -> bool:
        """Whether calls can be made."""
        return self._thread.is_alive()

    def wait(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a coroutine function on the loop and return its result here.

        Raises:
            ConfigError: called from the loop's own thread (from an event listener), where waiting would block for ever.
            KeyboardInterrupt: Ctrl-C; the coroutine was cancelled and has ended.
        """
        call = self._begin(function, args, kwargs)
        try:
            call.done.acquire()
        except BaseException:
            self._loop.call_soon_threadsafe(call.cancel)
            call.done.acquire(timeout=_SETTLE_S)
            raise
        if call.error is not None:
            raise call.error
        return call.result

    def wait_through(self, function: Callable[[], Coroutine[Any, Any, T]], *, deadline_s: float) -> T:
        """As :meth:`wait`, and Ctrl-C does not cancel it but is raised when it has ended: for reaching the safe state.

        Raises:
            DeadlineExceeded: not finished after ``deadline_s``.
        """
        call = self._begin(function, (), {})
        interrupt: BaseException | None = None
        until_s = time.monotonic() + deadline_s
        while True:
            try:
                finished = call.done.acquire(timeout=max(0.0, until_s - time.monotonic()))
                break
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt
        if not finished:
            raise DeadlineExceeded(f"not finished within {deadline_s:g} s", hint="see the log for the device that hangs")
        if call.error is not None:
            raise call.error
        return call.result

    def stop(self) -> None:
        """Cancel what still runs and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_SETTLE_S)

    def _begin(self, function: Callable[..., Coroutine[Any, Any, T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call[T]:
        if threading.current_thread() is self._thread:
            raise ConfigError(
                "a blocking call from inside an event listener would wait for itself",
                hint="hand the event to another thread, or use events.wait()",
            )
        call = _Call(function, args, kwargs)
        try:
            self._loop.call_soon_threadsafe(call.start)
        except RuntimeError as error:
            raise ConfigError("the board is closed", hint="open it again") from error
        return call

    def _run(self, started: threading.Event) -> None:
        asyncio.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        started.set()
        await self._stop.wait()


class SyncStream(Generic[T]):
    """Queued events of one channel; a context manager and an iterator that blocks for the next event."""

    def __init__(self, queued: queue.Queue[T], subscription: Subscription, loop: LoopThread) -> None:
        self._queue = queued
        self._subscription = subscription
        self._loop = loop

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        return self._queue.get()

    def get(self, timeout_s: float) -> T | None:
        """The next event, or ``None`` if none came in time."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def cancel(self) -> None:
        """Stop receiving."""

        async def end() -> None:
            self._subscription.cancel()

        if self._loop.running:
            self._loop.wait(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cancel()


class SyncEvents(Generic[T]):
    """Events for blocking code.

    Args:
        events: the asynchronous channel.
        loop: the loop thread it lives on.
    """

    def __init__(self, events: Events[T], loop: LoopThread) -> None:
        self._events = events
        self._loop = loop

    def on(self, listener: Callable[[T], None]) -> SyncStream[T]:
        """Call ``listener`` on the loop thread with every event. It must not block, nor call the board."""
        return self._subscribe(listener)

    def stream(self) -> SyncStream[T]:
        """Events from now on, queued for this thread."""
        return self._subscribe(None)

    def wait(self, timeout_s: float) -> T | None:
        """The next event from now on, or ``None`` if none comes within ``timeout_s`` seconds."""
        with self.stream() as stream:
            return stream.get(timeout_s)

    def _subscribe(self, listener: Callable[[T], None] | None) -> SyncStream[T]:
        queued: queue.Queue[T] = queue.Queue()

        async def begin() -> Subscription:
            return self._events.on(listener or queued.put)

        return SyncStream(queued, self._loop.wait(begin), self._loop)


class Facade(Generic[T]):
    """A capability of a device for blocking code; base of the generated classes.

    Args:
        device: the driver.
        name: the device on its board.
        loop: the loop thread it lives on.
    """

    __slots__ = ("_device", "_loop", "_name")

    def __init__(self, device: T, name: str, loop: LoopThread) -> None:
        self._device = device
        self._name = name
        self._loop = loop

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    def _ask(self, question: Callable[[], Any]) -> Any:
        async def answer() -> Any:
            return question()

        return self._loop.wait(answer)


_open: weakref.WeakSet[BlockingBoard] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for board in tuple(_open):
        board.close()


class BlockingBoard:
    """An open board for blocking code: base of the generated :class:`cc613hal.sync.SyncBoard`.

    Args:
        board: a board's name, the path of a board file, or a loaded description.
        overlays: board files laid over it.
        sim: put emulated parts on simulated buses instead of opening hardware.
        ptys: with ``sim``, serve serial and Modbus lines on real ptys and sockets.
        buses: who opens buses; Linux if omitted.
        state_dir: where devices keep their memory.
    """

    def __init__(
        self,
        board: str | Path | BoardDescription,
        *,
        overlays: Iterable[str | Path] = (),
        sim: bool = False,
        ptys: bool = False,
        buses: BusFactory | None = None,
        state_dir: Path | None = None,
    ) -> None:
        if sim and buses is not None:
            raise ConfigError("both sim and buses are given", hint="a simulation brings its own buses")
        self._description = _describe(board, overlays)
        self._simulation: Simulation | None = None
        self._simulate = (sim, ptys)
        self._buses = buses
        self._state_dir = state_dir
        self._keeper: asyncio.Task[None] | None = None
        self._leave: asyncio.Event
        self._board: Board
        self._loop = LoopThread(f"board {self._description.name}")
        try:
            self._loop.wait(self._start)
        except BaseException:
            self._loop.stop()
            raise
        _open.add(self)

    @property
    def description(self) -> BoardDescription:
        """What the board file says."""
        return self._description

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices, in the board's order."""
        return tuple(self._description.devices)

    def health(self) -> Mapping[str, Health]:
        """Health of every device, by name."""
        return self.on_loop(lambda: dict(self._board.health()))

    def make_safe(self) -> None:
        """Take every device to its safe state now."""
        self._loop.wait(self._board.make_safe)

    def change(self, action: Callable[[Plant], T]) -> T:
        """Change the simulated world: ``board.change(lambda plant: plant.outlet(1).cable_ohm.set(220.0))``.

        Raises:
            Unsupported: the board is not simulated.
        """
        simulation = self._simulation
        if simulation is None:
            raise Unsupported("the world around real hardware cannot be changed from here", hint="open the board with sim=True")
        return self.on_loop(lambda: action(simulation.plant))

    def on_loop(self, action: Callable[[], T]) -> T:
        """Run a plain function on the loop thread, where the board lives, and return its result."""

        async def act() -> T:
            return action()

        return self._loop.wait(act)

    def close(self) -> None:
        """Take every device to its safe state, release the buses, end the thread. May be called twice."""
        _open.discard(self)
        if not self._loop.running:
            return
        try:
            self._loop.wait_through(self._finish, deadline_s=_CLOSE_S)
        finally:
            self._loop.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def _start(self) -> None:
        """Open the board in a task of its own, because what is entered in a task must be left in it."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep(opened))
        try:
            await asyncio.wait((opened, self._keeper), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,))
            raise
        if self._keeper.done():
            await self._keeper

    async def _keep(self, opened: asyncio.Future[None]) -> None:
        from cc613hal.board import open_board  # noqa: PLC0415  # the board's machinery loads when a board is opened

        async with AsyncExitStack() as stack:
            buses = self._buses
            if self._simulate[0]:
                from cc613hal.plant import Simulation  # noqa: PLC0415  # real boards never load the simulated world

                self._simulation = await stack.enter_async_context(Simulation(self._description, ptys=self._simulate[1]))
                buses = self._simulation.buses
            self._board = await stack.enter_async_context(open_board(self._description, buses, state_dir=self._state_dir))
            opened.set_result(None)
            await self._leave.wait()

    async def _finish(self) -> None:
        self._leave.set()
        if self._keeper is not None:
            await self._keeper


def _describe(board: str | Path | BoardDescription, overlays: Iterable[str | Path]) -> BoardDescription:
    from cc613hal.board import BoardDescription, load_board  # noqa: PLC0415  # see above

    if isinstance(board, BoardDescription):
        if tuple(overlays):
            raise ConfigError("overlays are laid over files, not over a loaded description", hint="pass them to load_board")
        return board
    return load_board(board, overlays=tuple(overlays))
