"""GPIO lines by name over several chips. Reading and writing are one ioctl each, inline; edges come through the event loop."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cc613hal.bus.gpio import Edge, GpioAdapter, InputLine, JointGpio, JointOutput, LineInfo, LineRequest, OutputLine
from cc613hal.bus.linux.errors import bus_error, near_words
from cc613hal.bus.linux.gpio_joint import JointHandle
from cc613hal.bus.linux.gpio_lines import list_lines
from cc613hal.bus.options import GpioOptions
from cc613hal.clock import Clock, Stamp
from cc613hal.errors import BusBusy, BusClosed, BusError, BusMissing
from cc613hal.events import Events, EventSource

__all__ = ["GpioHandleLike", "JointHandleLike", "LinuxGpio"]


class GpioHandleLike(Protocol):
    """One opened line; levels are logical, every method may raise ``OSError``."""

    kernel_clock: str

    @property
    def descriptor(self) -> int:
        """Readable when an edge has come."""

    def read(self) -> bool:
        """The level."""

    def write(self, active: bool) -> None:
        """Set the level."""

    def edge(self) -> tuple[bool, float]:
        """The next edge and its stamp, s; ``EAGAIN`` if there is none."""

    def close(self) -> None:
        """Release the line."""


class JointHandleLike(Protocol):
    """Outputs of one chip, opened together; levels are logical, every method may raise ``OSError``."""

    @property
    def names(self) -> frozenset[str]:
        """The lines."""

    def write(self, levels: Mapping[str, bool]) -> None:
        """Set some or all of them in one call."""

    def close(self) -> None:
        """Release them; may be called twice."""


_Opener = Callable[[str, int, LineRequest, bool | None], GpioHandleLike]
_JointOpener = Callable[[str, Sequence[int], Sequence[LineRequest], Sequence[bool]], JointHandleLike]
_NOT_JOINTLY = frozenset({errno.EINVAL, errno.ENOTTY, errno.EOPNOTSUPP})
"""How kernels before 5.10, and chips that cannot, answer a request for several lines."""


def _periphery() -> _Opener:
    from cc613hal.bus.linux.periphery_parts import GpioHandle

    return GpioHandle


class _Line:
    def __init__(self, request: LineRequest, handle: GpioHandleLike, chip: str) -> None:
        self._request = request
        self._handle: GpioHandleLike | None = handle
        self._chip = chip

    @property
    def name(self) -> str:
        return self._request.name

    def _opened(self) -> GpioHandleLike:
        if self._handle is None:
            raise BusClosed(f"line {self.name} has been released", device=self.name)
        return self._handle

    def _failed(self, error: OSError, doing: str) -> BusError:
        return bus_error(error, f"{doing} line {self.name}", device=self.name, path=self._chip)

    def close(self) -> None:
        """Give the line back to the kernel; may be called twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()


class _Output(_Line, OutputLine):
    def __init__(self, request: LineRequest, handle: GpioHandleLike, chip: str, *, initial: bool) -> None:
        super().__init__(request, handle, chip)
        self._written = initial

    @property
    def written(self) -> bool:
        return self._written

    def write(self, active: bool) -> None:
        """Set the logical level.

        Raises:
            BusClosed: the line has been released, or its chip is gone.
            BusError: the kernel refuses.
        """
        try:
            self._opened().write(active)
        except BusError:
            raise
        except OSError as error:
            raise self._failed(error, "setting") from error
        self._written = active


class _JointLine(JointOutput):
    """One of several outputs that share a request."""

    def __init__(self, name: str, handle: JointHandleLike, chip: str, levels: dict[str, bool]) -> None:
        self._name = name
        self._handle: JointHandleLike | None = handle
        self._chip = chip
        self._levels = levels  # shared by all of them: what was last set

    @property
    def name(self) -> str:
        return self._name

    @property
    def written(self) -> bool:
        return self._levels[self._name]

    def write(self, active: bool) -> None:
        """Set the logical level; errors as :meth:`write_jointly`."""
        self.write_jointly({self._name: active})

    def write_jointly(self, levels: Mapping[str, bool]) -> bool:
        """Set lines of the request in one call.

        Raises:
            BusClosed: the lines have been released, or their chip is gone.
            BusError: the kernel refuses.
        """
        if self._handle is None:
            raise BusClosed(f"line {self._name} has been released", device=self._name)
        if not set(levels) <= self._handle.names:
            return False
        try:
            self._handle.write(levels)
        except OSError as error:
            raise bus_error(error, f"setting line {', '.join(levels)}", device=self._name, path=self._chip) from error
        self._levels.update(levels)
        return True

    def close(self) -> None:
        """Give the lines of the request back to the kernel; may be called twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()


class _Input(_Line, InputLine):
    """Edges are debounced at their arrival, on the monotonic clock: python-periphery cannot ask the kernel for it."""

    def __init__(self, request: LineRequest, handle: GpioHandleLike, chip: str, clock: Clock) -> None:
        super().__init__(request, handle, chip)
        self._clock = clock
        self._source: EventSource[Edge] = EventSource(f"{request.name}.edges")
        self._loop = asyncio.get_running_loop()
        self._settled = handle.read()
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(handle.descriptor, self._arrived)

    @property
    def edges(self) -> Events[Edge]:
        return self._source

    def read(self) -> bool:
        """The logical level now.

        Raises:
            BusClosed: the line has been released, or its chip is gone.
            BusError: the kernel refuses.
        """
        try:
            return self._opened().read()
        except BusError:
            raise
        except OSError as error:
            raise self._failed(error, "reading") from error

    def _arrived(self) -> None:
        handle = self._opened()
        while True:
            try:
                active, kernel_s = handle.edge()
            except OSError as error:
                if error.errno in {errno.EAGAIN, errno.EINTR}:
                    return
                self._loop.remove_reader(handle.descriptor)  # a vanished chip would call back for ever; the next read() says why
                raise self._failed(error, "reading an edge of") from error
            stamp = self._clock.stamp()
            if self._request.debounce_s <= 0.0:
                self._publish(active, stamp, kernel_s)
                continue
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(self._request.debounce_s, self._debounced, stamp, kernel_s)

    def _debounced(self, stamp: Stamp, kernel_s: float) -> None:
        self._timer = None
        active = self.read()
        if active is not self._settled:
            self._publish(active, stamp, kernel_s)

    def _publish(self, active: bool, stamp: Stamp, kernel_s: float) -> None:
        self._settled = active
        clock = self._handle.kernel_clock if self._handle is not None else "monotonic"
        self._source.publish(Edge(active=active, stamp=stamp, kernel_s=kernel_s, kernel_clock=clock))

    def close(self) -> None:
        """Stop listening for edges and give the line back; an edge that is still being debounced is dropped."""
        if self._handle is not None:
            self._loop.remove_reader(self._handle.descriptor)
        if self._timer is not None:
            self._timer.cancel()
        super().close()


class LinuxGpio(GpioAdapter, JointGpio):
    """The GPIO lines of a board.

    Args:
        name: the bus as the board file names it.
        options: chips, and names for lines that have none.
        clock: the board's clock.
        opener: opens a line; python-periphery's if omitted.
        joint_opener: opens several outputs of a chip in one request.
        lister: lists a chip's lines.
    """

    def __init__(
        self,
        name: str,
        options: GpioOptions,
        clock: Clock,
        *,
        opener: _Opener | None = None,
        joint_opener: _JointOpener = JointHandle,
        lister: Callable[[str], tuple[LineInfo, ...]] = list_lines,
    ) -> None:
        self._name = name
        self._clock = clock
        self._opener = opener or _periphery()
        self._joint_opener = joint_opener
        self._lister = lister
        self._paths = tuple(options.chips)
        self._aliases = dict(options.lines)
        self._requested: dict[str, _Line | _JointLine] = {}
        self._places = self._find_lines()

    def input(self, request: LineRequest) -> InputLine:
        """Request an input with both edges."""
        handle, path = self._open(request, None)
        line = _Input(request, handle, path, self._clock)
        self._requested[request.name] = line
        return line

    def output(self, request: LineRequest, *, initial: bool) -> OutputLine:
        """Request an output, at ``initial`` from the first moment."""
        handle, path = self._open(request, initial)
        line = _Output(request, handle, path, initial=initial)
        self._requested[request.name] = line
        return line

    def outputs(self, requests: Sequence[LineRequest], *, initial: Sequence[bool]) -> tuple[OutputLine, ...]:
        """Request outputs together; of several chips, or where the kernel cannot, one by one."""
        places = [self._place(request) for request in requests]
        (path, _), *others = places
        if any(other != path for other, _ in others):
            return self._one_by_one(requests, initial)
        try:
            handle = self._joint_opener(path, [offset for _, offset in places], requests, initial)
        except (OSError, ValueError) as error:
            if isinstance(error, ValueError) or error.errno in _NOT_JOINTLY:
                return self._one_by_one(requests, initial)
            names = ", ".join(request.name for request in requests)
            failure = bus_error(error, f"requesting lines {names} ({path})", device=self._name, path=path)
            if isinstance(failure, BusBusy):
                failure.hint = "; ".join(self._owner(path, offset) for _, offset in places)
            raise failure from error
        levels = {request.name: level for request, level in zip(requests, initial, strict=True)}
        lines = {name: _JointLine(name, handle, path, levels) for name in levels}
        self._requested.update(lines)
        return tuple(lines.values())

    def _one_by_one(self, requests: Sequence[LineRequest], initial: Sequence[bool]) -> tuple[OutputLine, ...]:
        lines: list[OutputLine] = []
        try:
            for request, level in zip(requests, initial, strict=True):
                lines.append(self.output(request, initial=level))
        except BusError:
            for line in lines:
                self._requested.pop(line.name).close()
            raise
        return tuple(lines)

    def lines(self) -> tuple[LineInfo, ...]:
        """All lines of all chips, under the names of the board file where it gives them."""
        named = {place: name for name, place in self._places.items()}
        return tuple(
            LineInfo(
                chip=info.chip,
                offset=info.offset,
                name=named.get((path, info.offset), info.name),
                consumer=info.consumer,
                output=info.output,
            )
            for path in self._all_paths()
            for info in self._list(path)
        )

    async def aclose(self) -> None:
        """Release all lines. The kernel no longer promises the level of a released output."""
        while self._requested:
            self._requested.popitem()[1].close()

    def _place(self, request: LineRequest) -> tuple[str, int]:
        """Chip and number of a line that is free on this board."""
        place = self._places.get(request.name)
        if place is None:
            raise BusMissing(f"no GPIO line is called {request.name}", device=self._name, hint=near_words(request.name, self._places))
        if request.name in self._requested:
            raise BusBusy(
                f"line {request.name} is already in use on this board", device=self._name, hint="two devices of the board file name it"
            )
        return place

    def _open(self, request: LineRequest, initial: bool | None) -> tuple[GpioHandleLike, str]:
        path, offset = self._place(request)
        try:
            return self._opener(path, offset, request, initial), path
        except OSError as error:
            failure = bus_error(error, f"requesting line {request.name} ({path}:{offset})", device=self._name, path=path)
            if isinstance(failure, BusBusy):
                failure.hint = self._owner(path, offset)
            raise failure from error

    def _owner(self, path: str, offset: int) -> str:
        consumer = next((info.consumer for info in self._list(path) if info.offset == offset), "")
        return f"it belongs to {consumer!r}" if consumer else "another program or a kernel driver owns it; see gpioinfo"

    def _all_paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._paths, *(path for path, _ in self._places.values()))))

    def _list(self, path: str) -> tuple[LineInfo, ...]:
        try:
            return self._lister(path)
        except OSError as error:
            raise bus_error(error, f"listing the lines of {path}", device=self._name, path=path) from error

    def _find_lines(self) -> dict[str, tuple[str, int]]:
        found: dict[str, tuple[str, int]] = {}
        for path in self._paths:
            for info in self._list(path):
                if info.name:
                    found.setdefault(info.name, (path, info.offset))
        for name, place in self._aliases.items():
            chip, _, offset = place.rpartition(":")
            if not chip or not offset.isdigit():
                raise BusMissing(f"line {name} is at {place!r}, which is no place", device=self._name, hint='write it as "gpiochip0:17"')
            path = next((known for known in self._paths if Path(known).name == chip), chip if "/" in chip else f"/dev/{chip}")
            found[name] = (path, int(offset))
        return found
