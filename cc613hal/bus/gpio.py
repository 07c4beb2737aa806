"""What a driver may ask of GPIO and PWM lines, and what an adapter must provide.

Lines are asked for by name. Reading and writing are plain calls: an ioctl takes microseconds, a thread hop would not, and switching
a contactor off must not wait for one. Levels are logical: polarity belongs to the request.
"""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.clock import Stamp
from cc613hal.events import Events

__all__ = [
    "Edge",
    "GpioAdapter",
    "InputLine",
    "JointGpio",
    "JointOutput",
    "LineInfo",
    "LineRequest",
    "OutputLine",
    "Pull",
    "PwmAdapter",
    "PwmLine",
    "write_together",
]


class Pull(enum.Enum):
    """Bias of a line."""

    AS_IS = "as-is"
    NONE = "none"
    UP = "up"
    DOWN = "down"


@frozen(kw_only=True)
class LineRequest:
    """A line as a device needs it.

    Attributes:
        name: the line's name, as the kernel or the board file's bus table gives it.
        active_low: logical true is the low level.
        pull: bias.
        open_drain: drive low only.
        debounce_s: ignore changes shorter than this; done by the kernel where it can, else at arrival.
    """

    name: str
    active_low: bool = False
    pull: Pull = Pull.AS_IS
    open_drain: bool = False
    debounce_s: float = 0.0


@frozen(kw_only=True)
class LineInfo:
    """A line as discovery sees it."""

    chip: str
    offset: int
    name: str
    consumer: str = ""
    output: bool = False


@frozen(kw_only=True)
class Edge:
    """A level change of an input.

    Attributes:
        active: logical level after the edge.
        stamp: when the loop learned of it.
        kernel_s: the kernel's own time stamp, s; ``None`` if the adapter has none.
        kernel_clock: clock of ``kernel_s``: ``monotonic`` or ``realtime`` (which steps when the time is set).
    """

    active: bool
    stamp: Stamp
    kernel_s: float | None = None
    kernel_clock: str = "monotonic"


@runtime_checkable
class InputLine(Protocol):
    """A requested input."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The line's name."""

    @abstractmethod
    def read(self) -> bool:
        """The logical level now.

        Raises:
            BusError: the line is gone.
        """

    @property
    @abstractmethod
    def edges(self) -> Events[Edge]:
        """Both edges, delivered in the loop iteration in which they arrive."""


@runtime_checkable
class OutputLine(Protocol):
    """A requested output. It keeps its level for as long as the board is open."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The line's name."""

    @abstractmethod
    def write(self, active: bool) -> None:
        """Set the logical level.

        Raises:
            BusError: the line is gone.
        """

    @property
    @abstractmethod
    def written(self) -> bool:
        """What was last set."""


@runtime_checkable
class JointOutput(OutputLine, Protocol):
    """An output that was requested together with others and can change with them in one step."""

    @abstractmethod
    def write_jointly(self, levels: Mapping[str, bool]) -> bool:
        """Set several lines at the same moment.

        Args:
            levels: logical level by line name; this line's own among them.

        Returns:
            ``False``, with nothing written, if one of them was not requested together with this line.

        Raises:
            BusError: the lines are gone.
        """


def write_together(levels: Sequence[tuple[OutputLine, bool]]) -> None:
    """Set several outputs: in one step where they were requested together, else one after the other in this order.

    Args:
        levels: each line with its logical level, the one that matters most first.

    Raises:
        BusError: a line is gone; the ones after it were tried all the same.
    """
    first = levels[0][0]
    if isinstance(first, JointOutput) and first.write_jointly({line.name: active for line, active in levels}):
        return
    failure: Exception | None = None
    for line, active in levels:
        try:
            line.write(active)
        except OSError as error:  # every BusError is one
            failure = failure or error
    if failure is not None:
        raise failure


@runtime_checkable
class PwmLine(Protocol):
    """A requested PWM output."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The line's name."""

    @abstractmethod
    def set(self, frequency_hz: float, duty: float) -> None:
        """Run at this frequency and duty.

        Args:
            frequency_hz: above 0.
            duty: share of the period at the high level, 0 to 1.

        Raises:
            ConfigError: outside those ranges.
            BusError: the line is gone.
        """

    @property
    @abstractmethod
    def duty(self) -> float:
        """The duty that was last set; 0 before the first."""


@runtime_checkable
class GpioAdapter(Protocol):
    """The GPIO lines of a board."""

    @abstractmethod
    def input(self, request: LineRequest) -> InputLine:
        """Request an input with both edges.

        Raises:
            BusMissing: no line of that name; the hint lists near ones.
            BusBusy: another program owns it.
        """

    @abstractmethod
    def output(self, request: LineRequest, *, initial: bool) -> OutputLine:
        """Request an output, at ``initial`` from the first moment."""

    @abstractmethod
    def lines(self) -> tuple[LineInfo, ...]:
        """All lines, for discovery."""

    @abstractmethod
    async def aclose(self) -> None:
        """Release all lines."""


@runtime_checkable
class JointGpio(Protocol):
    """An adapter that can request several outputs so that they change in one step; their lines are :class:`JointOutput`."""

    @abstractmethod
    def outputs(self, requests: Sequence[LineRequest], *, initial: Sequence[bool]) -> tuple[OutputLine, ...]:
        """Request outputs together; where the hardware cannot (lines of different chips), they come as single lines.

        Args:
            requests: the lines.
            initial: logical level of each, from the first moment.

        Raises:
            BusError: as :meth:`GpioAdapter.output`; then none of them is requested.
        """


@runtime_checkable
class PwmAdapter(Protocol):
    """The PWM channels of a board."""

    @abstractmethod
    def pwm(self, name: str, *, inverted: bool = False) -> PwmLine:
        """Request a PWM channel by the name the board file gives it.

        Raises:
            BusMissing: there is no such channel.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Release all channels."""
