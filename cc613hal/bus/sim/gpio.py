"""GPIO lines in process: electrical levels that emulated parts drive and follow, and logical lines for drivers.

A :class:`Wire` is the electrical truth: who drives it, what the pull resistor does, which level results. The lines a driver requests are
views on it: polarity is theirs alone. Edges arrive in the very call that changed the level, which is what a residual current trip needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from cc613hal.bus.gpio import Edge, GpioAdapter, InputLine, JointGpio, JointOutput, LineInfo, LineRequest, OutputLine, Pull
from cc613hal.bus.sim.presence import Presence
from cc613hal.bus.sim.signal import Signal, set_together
from cc613hal.clock import Clock
from cc613hal.errors import BusBusy, BusClosed, BusMissing
from cc613hal.events import Events, EventSource, Subscription

__all__ = ["SimGpio", "Wire"]


class Wire:
    """One line's copper.

    Args:
        name: the line's name.
        idle: the level it takes when nobody drives it and no pull is set.
    """

    def __init__(self, name: str, *, idle: bool = False) -> None:
        self.name = name
        self.idle = idle
        self.level: Signal[bool] = Signal(idle)
        """The resulting electrical level; ``True`` is high."""
        self._pull = Pull.AS_IS
        self._source: Signal[bool] | None = None
        self._output: bool | None = None
        self._open_drain = False

    def drive(self) -> Signal[bool]:
        """The level an emulated part puts on the wire; from now on the part drives it, and the pull does nothing."""
        if self._source is None:
            self._source = Signal(self.level.value)
            self._source.on(lambda _: self._settle())
        return self._source

    def rest(self, request: LineRequest) -> None:
        """Take the resting level from a request: its pull, else its inactive level (no board lets things switch on by themselves)."""
        self.idle = request.active_low
        self.pull(request.pull)

    def pull(self, pull: Pull) -> None:
        """Set the bias."""
        self._pull = pull
        self._settle()

    def put(self, level: bool | None, *, open_drain: bool = False) -> None:
        """What the controller does: drive high or low, or let go (``None``)."""
        self._output, self._open_drain = level, open_drain
        self._settle()

    @staticmethod
    def put_together(wires: Sequence[tuple[Wire, bool, bool]]) -> None:
        """What the controller does to several lines at the same moment: wire, level, open drain."""
        for wire, level, open_drain in wires:
            wire._output, wire._open_drain = level, open_drain
        set_together([(wire.level, wire._resulting()) for wire, _, _ in wires])

    def _settle(self) -> None:
        self.level.set(self._resulting())

    def _resulting(self) -> bool:
        if self._output is not None and not (self._open_drain and self._output):
            return self._output
        if self._source is not None:
            return self._source.value
        if self._pull in {Pull.UP, Pull.DOWN}:
            return self._pull is Pull.UP
        return True if self._open_drain and self._output else self.idle  # an open-drain line has its resistor on the board


class SimGpio(Presence, GpioAdapter, JointGpio):
    """Simulated GPIO chips.

    Args:
        lines: names of the lines there are.
        name: as the board file names it, for messages.
        clock: stamps edges.
    """

    _what = "the GPIO chip"

    def __init__(self, lines: Iterable[str] = (), *, name: str = "gpio", clock: Clock | None = None) -> None:
        super().__init__(name)
        self.clock = clock or Clock()
        self._wires: dict[str, Wire] = {line: Wire(line) for line in lines}
        self._taken: dict[str, _SimInput | _SimOutput] = {}
        self.faults.on_plug(self._plugged)

    def add(self, line: str) -> Wire:
        """Make sure a line exists; returns its wire."""
        return self._wires.setdefault(line, Wire(line))

    def wire(self, line: str) -> Wire:
        """A line's copper.

        Raises:
            BusMissing: there is no such line; the hint lists near names.
        """
        try:
            return self._wires[line]
        except KeyError:
            near = get_close_matches(line, self._wires, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"there are: {', '.join(sorted(self._wires)) or 'none'}"
            raise BusMissing(f"no GPIO line {line}", device=self.name, hint=hint) from None

    def input(self, request: LineRequest) -> InputLine:
        """Request an input.

        Raises:
            BusMissing: no line of that name.
            BusBusy: it is in use already.
            BusClosed: unplugged or closed.
        """
        wire = self._take(request)
        wire.rest(request)
        self._taken[request.name] = line = _SimInput(self, wire, request)
        return line

    def output(self, request: LineRequest, *, initial: bool) -> OutputLine:
        """Request an output, at ``initial`` from the first moment.

        Raises:
            BusMissing: no line of that name.
            BusBusy: it is in use already.
            BusClosed: unplugged or closed.
        """
        wire = self._take(request)
        self._taken[request.name] = line = _SimOutput(self, wire, request)
        line.write(initial)
        wire.rest(request)
        return line

    def outputs(self, requests: Sequence[LineRequest], *, initial: Sequence[bool]) -> tuple[OutputLine, ...]:
        """Request outputs that can change in one step.

        Raises:
            BusMissing: no line of that name; none is requested.
            BusBusy: one is in use already; none is requested.
            BusClosed: unplugged or closed.
        """
        for request in requests:
            self._take(request)
        lines = tuple(self.output(request, initial=level) for request, level in zip(requests, initial, strict=True))
        joint = {line.name: line for line in lines if isinstance(line, _SimOutput)}
        for line in joint.values():
            line.peers = joint
        return lines

    def lines(self) -> tuple[LineInfo, ...]:
        """All lines, for discovery."""
        return tuple(
            LineInfo(
                chip=self.name,
                offset=offset,
                name=name,
                consumer="cc613hal" if name in self._taken else "",
                output=isinstance(self._taken.get(name), _SimOutput),
            )
            for offset, name in enumerate(self._wires)
        )

    async def aclose(self) -> None:
        """Release all lines; outputs are let go and take their resting level."""
        for line in self._taken.values():
            line.release()
        self._taken.clear()
        self._open = False

    def _plugged(self, plugged: bool) -> None:
        if not plugged:
            for line in self._taken.values():
                line.let_go()  # a chip without supply drives nothing; after plugging in, outputs wait for the next write

    def _take(self, request: LineRequest) -> Wire:
        self.check_open()
        wire = self.wire(request.name)
        if request.name in self._taken:
            raise BusBusy(f"line {request.name} is in use", device=self.name, hint="two devices of the board file use this line")
        return wire


class _SimInput(InputLine):
    def __init__(self, chip: SimGpio, wire: Wire, request: LineRequest) -> None:
        self._chip = chip
        self._wire = wire
        self._request = request
        self._edges: EventSource[Edge] = EventSource(f"{request.name}.edges")
        self._seen = wire.level.value
        self._pending: asyncio.TimerHandle | None = None
        self._subscription: Subscription = wire.level.on(self._changed)
        self._released = False

    @property
    def name(self) -> str:
        """The line's name."""
        return self._request.name

    @property
    def edges(self) -> Events[Edge]:
        """Both edges, delivered in the call that makes them (after the debounce time, if there is one)."""
        return self._edges

    def read(self) -> bool:
        """The logical level now; with debouncing, the debounced one, as the kernel does it.

        Raises:
            BusClosed: unplugged or closed.
        """
        self._chip.check_open()
        if self._released:
            raise BusClosed(f"line {self.name} was released", device=self._chip.name)
        return self._seen != self._request.active_low

    def let_go(self) -> None:
        """Forget an edge that is being debounced."""
        self._forget()

    def release(self) -> None:
        """Stop following the wire."""
        self._released = True
        self._subscription.cancel()
        self._forget()

    def _changed(self, level: bool) -> None:
        self._forget()
        if level == self._seen:
            return  # bounced back in time
        if self._request.debounce_s > 0.0 and (loop := _running_loop()) is not None:
            self._pending = loop.call_later(self._request.debounce_s, self._report)
        else:
            self._report()

    def _report(self) -> None:
        self._pending = None
        self._seen = self._wire.level.value
        if not self._chip.faults.plugged:
            return
        stamp = self._chip.clock.stamp()
        self._edges.publish(Edge(active=self._seen != self._request.active_low, stamp=stamp, kernel_s=stamp.monotonic_s))

    def _forget(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None


class _SimOutput(JointOutput):
    def __init__(self, chip: SimGpio, wire: Wire, request: LineRequest) -> None:
        self._chip = chip
        self._wire = wire
        self._request = request
        self._written = False
        self._released = False
        self.peers: Mapping[str, _SimOutput] = {}
        """The lines that were requested together with this one."""

    @property
    def name(self) -> str:
        """The line's name."""
        return self._request.name

    @property
    def written(self) -> bool:
        """What was last set."""
        return self._written

    def write(self, active: bool) -> None:
        """Set the logical level.

        Raises:
            BusClosed: unplugged or closed.
        """
        self._chip.check_open()
        if self._released:
            raise BusClosed(f"line {self.name} was released", device=self._chip.name)
        self._written = active
        self._wire.put(active != self._request.active_low, open_drain=self._request.open_drain)

    def write_jointly(self, levels: Mapping[str, bool]) -> bool:
        """Set lines that were requested together in one step.

        Raises:
            BusClosed: unplugged or closed.
        """
        if not set(levels) <= set(self.peers):
            return False
        self._chip.check_open()
        lines = [(self.peers[name], active) for name, active in levels.items()]
        for line, active in lines:
            if line._released:
                raise BusClosed(f"line {line.name} was released", device=self._chip.name)
            line._written = active
        Wire.put_together([(line._wire, active != line._request.active_low, line._request.open_drain) for line, active in lines])
        return True

    def let_go(self) -> None:
        """Drive the wire no more, until the next write."""
        self._wire.put(None)

    def release(self) -> None:
        """Let go of the wire; the line cannot be used any more."""
        self._released = True
        self.let_go()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
