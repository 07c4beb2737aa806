"""GPIO and PWM lines that play a recording."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Iterable, Sequence

from cc613hal.bus.gpio import Edge, GpioAdapter, InputLine, LineInfo, LineRequest, OutputLine, PwmAdapter, PwmLine
from cc613hal.bus.replay.script import ReplayMismatchError, error_of_kind
from cc613hal.bus.replay.tap import EDGE, INITIAL, LEVEL, pwm_bytes
from cc613hal.bus.trace import Frame
from cc613hal.clock import Clock
from cc613hal.errors import BusMissing
from cc613hal.events import Events, EventSource

__all__ = ["ReplayGpio", "ReplayPwm"]


class ReplayGpio(GpioAdapter):
    """GPIO lines from a recording.

    Writes are compared line by line, in order. Inputs follow the recording: after each recorded write has happened, the levels and edges
    up to the next one follow with their recorded distances; a write that comes earlier than recorded brings them at once.

    Args:
        name: the bus.
        frames: its frames.
        clock: times edges.
        complaints: shared list of what went wrong.
    """

    def __init__(self, name: str, frames: Iterable[Frame], clock: Clock, complaints: list[str]) -> None:
        self.name = name
        self._clock = clock
        self._complaints = complaints
        self._timer: asyncio.TimerHandle | None = None
        self._inputs: dict[str, _ReplayInput] = {}
        self._levels: dict[str, bool] = {}
        self._initial: dict[str, deque[bool]] = {}
        self._events: deque[Frame] = deque()
        self._names: list[str] = []
        self._reached_s = 0.0
        for number, frame in enumerate(frames):
            if number == 0:
                self._reached_s = frame.at_s  # when the lines were requested
            if frame.unit not in self._names:
                self._names.append(frame.unit)
            if frame.direction == ">" and frame.note == INITIAL:
                self._initial.setdefault(frame.unit, deque()).append(_active(frame))
            elif frame.note == LEVEL and frame.unit not in self._levels:
                self._levels[frame.unit] = _active(frame)  # what it was when the line was requested
            else:
                self._events.append(frame)

    def input(self, request: LineRequest) -> InputLine:
        """An input that follows the recording.

        Raises:
            BusMissing: the recording knows no such line.
        """
        self._check_known(request.name)
        self._inputs[request.name] = line = _ReplayInput(self, request.name)
        self._arm()
        return line

    def output(self, request: LineRequest, *, initial: bool) -> OutputLine:
        """An output whose writes are compared.

        Raises:
            BusMissing: the recording knows no such line.
            ReplayMismatchError: it began with the other level.
        """
        self._check_known(request.name)
        recorded = self._initial.get(request.name)
        if recorded and recorded.popleft() != initial:
            raise self.complain([f"{self.name}: {request.name} is requested {_word(initial)}, in the recording {_word(not initial)}"])
        return _ReplayOutput(self, request.name, written=initial)

    def lines(self) -> tuple[LineInfo, ...]:
        """The lines in the recording."""
        return tuple(LineInfo(chip=self.name, offset=offset, name=name) for offset, name in enumerate(self._names))

    async def aclose(self) -> None:
        """Stop following the recording."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def leftovers(self) -> list[str]:
        """What was recorded and has not happened, in words."""
        left = [frame for frame in self._events if frame.direction == ">"]
        if not left:
            return []
        first = f"{left[0].unit} {_word(_active(left[0]))}"
        return [f"{self.name}: {len(left)} recorded writes did not happen; the first is {first}"]

    def level(self, line: str) -> bool:
        """The level of an input as far as the recording has come; a level that was read next in the recording is read now."""
        while self._events and self._events[0].note == LEVEL and self._events[0].unit == line:
            self._play(self._events.popleft())
        if self._next_direction() == "!" and self._events[0].unit == line:
            raise error_of_kind(self._events.popleft().note, bus=self.name)
        return self._levels.get(line, False)

    def wrote(self, line: str, active: bool) -> None:
        """Compare a write, and let the recording go on behind it.

        Raises:
            ReplayMismatchError: the recording has another level here, or no further write of this line.
            BusError: the recorded failure.
        """
        frame = next((frame for frame in self._events if frame.direction == ">" and frame.unit == line), None)
        if frame is None:
            raise self.complain([f"{self.name}: {line} is written {_word(active)}, the recording has no further write of it"])
        if _active(frame) != active:
            raise self.complain([f"{self.name}: {line} is written {_word(active)}, recorded at {frame.at_s:.3f} s is {_word(not active)}"])
        while self._next_direction() != ">":  # what came before this write in the recording comes before it now
            early = self._events.popleft()
            if early.direction == "<":
                self._play(early)
        self._events.remove(frame)
        self._reached_s = frame.at_s
        if self._next_direction() == "!" and self._events[0].unit == line:
            raise error_of_kind(self._events.popleft().note, bus=self.name)
        self._arm()

    def complain(self, lines: Sequence[str]) -> ReplayMismatchError:
        """Remember a complaint and return it as an error."""
        text = "\n".join(lines)
        self._complaints.append(text)
        return ReplayMismatchError(text)

    def _next_direction(self) -> str:
        return self._events[0].direction if self._events else ""

    def _arm(self) -> None:
        if self._timer is None and self._events and self._events[0].direction == "<":
            delay_s = max(0.0, self._events[0].at_s - self._reached_s)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._events and self._events[0].direction == "<":
            self._play(self._events.popleft())
        self._arm()

    def _play(self, frame: Frame) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._reached_s = frame.at_s
        active = _active(frame)
        self._levels[frame.unit] = active
        if frame.note == EDGE and frame.unit in self._inputs:
            stamp = self._clock.stamp()
            self._inputs[frame.unit].source.publish(Edge(active=active, stamp=stamp, kernel_s=stamp.monotonic_s))

    def _check_known(self, line: str) -> None:
        if line not in self._names:
            raise BusMissing(f"the recording knows no line {line}", device=self.name, hint=f"it knows: {', '.join(self._names) or 'none'}")


class _ReplayInput(InputLine):
    def __init__(self, gpio: ReplayGpio, name: str) -> None:
        self._gpio = gpio
        self._name = name
        self.source: EventSource[Edge] = EventSource(f"{name}.edges")

    @property
    def name(self) -> str:
        return self._name

    @property
    def edges(self) -> Events[Edge]:
        return self.source

    def read(self) -> bool:
        """The level the recording has at this point."""
        return self._gpio.level(self._name)


class _ReplayOutput(OutputLine):
    def __init__(self, gpio: ReplayGpio, name: str, *, written: bool) -> None:
        self._gpio = gpio
        self._name = name
        self._written = written

    @property
    def name(self) -> str:
        return self._name

    @property
    def written(self) -> bool:
        return self._written

    def write(self, active: bool) -> None:
        """Compare with the recording and go on to what followed.

        Raises:
            ReplayMismatchError: this was not written here.
            BusError: the recorded failure.
        """
        self._gpio.wrote(self._name, active)
        self._written = active


class ReplayPwm(PwmAdapter):
    """PWM channels from a recording; each channel's settings are compared in order.

    Args:
        name: the bus.
        frames: its frames.
        complaints: shared list of what went wrong.
    """

    def __init__(self, name: str, frames: Iterable[Frame], complaints: list[str]) -> None:
        self.name = name
        self._waiting = deque(frames)
        self._complaints = complaints

    def pwm(self, name: str, *, inverted: bool = False) -> PwmLine:  # noqa: ARG002 - recordings hold what drivers set
        """A channel; one that was never set in the recording can be requested, not set."""
        return _ReplayPwmLine(self, name)

    async def aclose(self) -> None:
        """Nothing to release: the recording is read when the bus is built, and what did not happen is told by :meth:`leftovers`."""

    def leftovers(self) -> list[str]:
        """What was recorded and has not happened, in words."""
        left = [frame for frame in self._waiting if frame.direction == ">"]
        return [f"{self.name}: {len(left)} recorded settings did not happen; the first is {_setting(left[0])}"] if left else []

    def did(self, channel: str, frequency_hz: float, duty: float) -> None:
        """Compare a setting.

        Raises:
            ReplayMismatchError: the recording has another one here.
            BusError: the recorded failure.
        """
        frame = next((frame for frame in self._waiting if frame.unit == channel and frame.direction == ">"), None)
        asked = f"{channel} is set to {frequency_hz:g} Hz, duty {duty:g}"
        if frame is None or frame.data != pwm_bytes(frequency_hz, duty):
            recorded = "the recording has no further setting of it" if frame is None else f"recorded is {_setting(frame)}"
            self._complaints.append(f"{self.name}: {asked}; {recorded}")
            raise ReplayMismatchError(self._complaints[-1])
        index = self._waiting.index(frame)
        del self._waiting[index]
        if index < len(self._waiting) and (failed := self._waiting[index]).direction == "!" and failed.unit == channel:
            del self._waiting[index]
            raise error_of_kind(failed.note, bus=self.name)


class _ReplayPwmLine(PwmLine):
    def __init__(self, chip: ReplayPwm, name: str) -> None:
        self._chip = chip
        self._name = name
        self._duty = 0.0

    @property
    def name(self) -> str:
        return self._name

    @property
    def duty(self) -> float:
        return self._duty

    def set(self, frequency_hz: float, duty: float) -> None:
        """Compare with the recording.

        Raises:
            ReplayMismatchError: the recording has another setting here.
            BusError: the recorded failure.
        """
        self._chip.did(self._name, frequency_hz, duty)
        self._duty = duty


def _setting(frame: Frame) -> str:
    frequency_hz, duty = struct.unpack(">dd", frame.data)
    return f"{frame.unit} {frequency_hz:g} Hz, duty {duty:g}"


def _active(frame: Frame) -> bool:
    return frame.data != b"\x00"


def _word(active: bool) -> str:
    return "active" if active else "inactive"
