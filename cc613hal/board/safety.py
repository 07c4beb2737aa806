"""The safe state: who goes first, with a deadline, whatever else happens."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
import threading
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Iterable
from types import FrameType, TracebackType
from typing import Any, Protocol, Self, TypeVar

from attrs import field, frozen

from cc613hal.errors import DeadlineExceeded, HalError
from cc613hal.plugins.spec import SafeRank

__all__ = ["SAFE_STATE_S", "SafetyReport", "SigintHeld", "SigtermGuard", "Step", "reach_safe_state", "shielded"]

SAFE_STATE_S = 2.0
"""Longest time one device may take to its safe state, s."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Step(Protocol):
    """One device on its way to the safe state."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The device."""

    @property
    @abstractmethod
    def rank(self) -> SafeRank:
        """When it is its turn."""

    @abstractmethod
    async def make_safe(self) -> None:
        """Go there. May be called twice."""


@frozen(kw_only=True)
class SafetyReport:
    """Who reached the safe state.

    Attributes:
        reached: devices that did, in the order in which they did.
        failed: devices that did not, with the reason.
    """

    reached: tuple[str, ...] = field(converter=tuple[str, ...])
    failed: dict[str, Exception]

    def __bool__(self) -> bool:
        return not self.failed


async def reach_safe_state(steps: Iterable[Step], *, deadline_s: float = SAFE_STATE_S) -> SafetyReport:
    """Bring devices to their safe state, rank by rank: contactor, pilot, lock, relay, indicator, others. Devices of one rank go together.

    Every device is tried, whatever the others raise. Cancelling the caller does not stop it; the cancellation is passed on afterwards.

    Args:
        steps: the devices.
        deadline_s: longest time for one device, s.
    """
    return await shielded(_all_ranks(list(steps), deadline_s))


async def _all_ranks(steps: list[Step], deadline_s: float) -> SafetyReport:
    reached: list[str] = []
    failed: dict[str, Exception] = {}

    async def take(step: Step) -> None:
        error = await _one(step, deadline_s)
        if error is None:
            reached.append(step.name)
        else:
            failed[step.name] = error
            _log.error("%s did not reach its safe state: %s", step.name, error)

    for _, together in itertools.groupby(sorted(steps, key=lambda step: step.rank), key=lambda step: step.rank):
        await _insist([asyncio.ensure_future(take(step)) for step in together])
    return SafetyReport(reached=reached, failed=failed)


async def _insist(tasks: list[asyncio.Future[None]]) -> None:
    """Wait for all, even when the loop is being torn down and cancels everybody (a second Ctrl-C does that)."""
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            continue  # the steps have deadlines of their own, so this ends


async def _one(step: Step, deadline_s: float) -> Exception | None:
    """One device; tried a second time if a cancellation hit it, since making safe twice does no harm and making it half does."""
    for _ in range(2):
        deadline = asyncio.timeout(deadline_s)
        try:
            async with deadline:
                await step.make_safe()
        except asyncio.CancelledError:
            continue
        except TimeoutError as error:
            if isinstance(error, HalError) or not deadline.expired():
                return error
            return DeadlineExceeded(f"was not safe within {deadline_s:g} s", device=step.name, hint="assume that it is not")
        except Exception as error:  # noqa: BLE001  # whatever a driver raises, the next device has its turn
            return error
        return None
    return DeadlineExceeded("was interrupted twice on its way to the safe state", device=step.name, hint="assume that it is not safe")


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Finish ``work`` even if the caller is cancelled meanwhile; the cancellation is passed on when it is done."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled() and task.exception() is not None:
            _log.error("while leaving after a cancellation: %s", task.exception())
        raise cancelled
    return task.result()


class SigintHeld:
    """Keeps Ctrl-C from breaking into the way to the safe state; it is passed on afterwards.

    asyncio answers a second Ctrl-C with :class:`KeyboardInterrupt` in the middle of whatever runs, which may be the very driver that
    opens the contactor. Leaving a board has deadlines of its own, so nobody has to be able to break it off.

    Args:
        leaving_because: what the board is left with; after a cancellation or an interruption the program is ending already, and nothing
            is passed on.
    """

    def __init__(self, leaving_because: BaseException | None = None) -> None:
        self._pass_on = leaving_because is None or isinstance(leaving_because, Exception)
        self._before: Callable[[int, FrameType | None], Any] | int | None = None
        self._held = False
        self._active = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if callable(self._before):  # a program that ignores Ctrl-C, or lets it kill, goes on doing so
                signal.signal(signal.SIGINT, self._hold)
                self._active = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._active:
            return
        signal.signal(signal.SIGINT, self._before)
        if self._held and self._pass_on and callable(self._before):
            self._before(signal.SIGINT, None)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._held = True
        _log.warning("interrupted while going to the safe state; that is finished first")


class SigtermGuard:
    """Turns SIGTERM into leaving the board properly, in programs that do not handle it themselves.

    Without it a service manager's stop would kill the process with the contactor on. The task that opened the board is cancelled; when
    it has left the board, :class:`SystemExit` with 143 (128 + 15, what shells report for SIGTERM) goes on. A handler that the program
    has installed is left alone, and so is everything outside the main thread.

    Args:
        enabled: ``False`` does nothing.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._remove: Callable[[], object] | None = None
        self._fired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        main = threading.current_thread() is threading.main_thread()
        if self._enabled and task is not None and main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            loop = asyncio.get_running_loop()

            def leave() -> None:
                self._fired = True
                task.cancel("SIGTERM")

            loop.add_signal_handler(signal.SIGTERM, leave)
            self._remove = lambda: loop.remove_signal_handler(signal.SIGTERM)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._remove is not None:
            self._remove()
        if self._fired and (error is None or isinstance(error, asyncio.CancelledError)):
            raise SystemExit(128 + signal.SIGTERM) from error
