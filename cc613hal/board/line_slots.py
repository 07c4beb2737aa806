"""GPIO and PWM lines in slots: the line objects drivers hold stay the same when a chip goes and comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cc613hal.board.slots import Lost, Slot
from cc613hal.bus.gpio import (
    Edge,
    GpioAdapter,
    InputLine,
    JointGpio,
    JointOutput,
    LineInfo,
    LineRequest,
    OutputLine,
    PwmAdapter,
    PwmLine,
)
from cc613hal.errors import BusClosed, ConfigError
from cc613hal.events import Events, EventSource, Subscription

__all__ = ["GpioSlot", "InputSlot", "OutputSlot", "PwmLineSlot", "PwmSlot"]


class InputSlot(InputLine):
    """An input line that survives its chip."""

    def __init__(self, slot: GpioSlot, request: LineRequest) -> None:
        self.request = request
        self._slot = slot
        self._line: InputLine | None = None
        self._edges: EventSource[Edge] | None = None
        self._subscription: Subscription | None = None

    @property
    def name(self) -> str:
        """The line's name."""
        return self.request.name

    @property
    def claimed(self) -> bool:
        """Whether the chip has given us the line."""
        return self._line is not None

    def claim(self) -> None:
        """Request the line from the chip if that has not happened yet."""
        if self._line is None:
            self._line = self._slot.inner.input(self.request)
            self._listen()

    def release(self) -> None:
        """The chip is gone, and the line with it."""
        self._line = None
        self._subscription = None

    def read(self) -> bool:
        """The logical level now."""
        if self._line is None:
            raise _away(self._slot, self.name)
        try:
            return self._line.read()
        except BusClosed as error:
            self._slot.report(error)
            raise

    @property
    def edges(self) -> Events[Edge]:
        """Both edges. The chip is asked for them only when somebody listens."""
        if self._edges is None:
            self._edges = EventSource(f"{self.name}.edges")
            self._listen()
        return self._edges

    def _listen(self) -> None:
        if self._edges is not None and self._line is not None and self._subscription is None:
            self._subscription = self._line.edges.on(self._edges.publish)


class OutputSlot(JointOutput):
    """An output line that survives its chip; it comes back at its safe level."""

    def __init__(self, slot: GpioSlot, request: LineRequest, safe: bool) -> None:
        self.request = request
        self.safe = safe
        self._slot = slot
        self._line: OutputLine | None = None
        self._group: tuple[OutputSlot, ...] = (self,)

    @property
    def name(self) -> str:
        """The line's name."""
        return self.request.name

    @property
    def claimed(self) -> bool:
        """Whether the chip has given us the line."""
        return self._line is not None

    @staticmethod
    def join(group: Sequence[OutputSlot]) -> None:
        """Have these lines requested together from now on; they are of one device, and none is claimed yet."""
        for line in group:
            line._group = tuple(other for other in group if other._slot is line._slot)

    def claim(self) -> None:
        """Request the line from the chip, at its safe level, if that has not happened yet; with the lines that go together with it."""
        if self._line is not None:
            return
        chip = self._slot.inner
        if len(self._group) > 1 and isinstance(chip, JointGpio) and not any(line.claimed for line in self._group):
            lines = chip.outputs([line.request for line in self._group], initial=[line.safe for line in self._group])
            for slot, line in zip(self._group, lines, strict=True):
                slot._line = line
        else:
            self._line = chip.output(self.request, initial=self.safe)

    def release(self) -> None:
        """The chip is gone, and the line with it."""
        self._line = None

    def write(self, active: bool) -> None:
        """Set the logical level."""
        if self._line is None:
            raise _away(self._slot, self.name)
        try:
            self._line.write(active)
        except BusClosed as error:
            self._slot.report(error)
            raise

    def write_jointly(self, levels: Mapping[str, bool]) -> bool:
        """Set lines that were requested together; ``False`` where the chip cannot do that in one step."""
        if self._line is None:
            raise _away(self._slot, self.name)
        if not isinstance(self._line, JointOutput):
            return False
        try:
            return self._line.write_jointly(levels)
        except BusClosed as error:
            self._slot.report(error)
            raise

    @property
    def written(self) -> bool:
        """What was last set; the safe level before that, and while the chip is away."""
        return self.safe if self._line is None else self._line.written


class PwmLineSlot(PwmLine):
    """A PWM channel that survives its chip."""

    def __init__(self, slot: PwmSlot, request: LineRequest) -> None:
        self.request = request
        self._slot = slot
        self._line: PwmLine | None = None

    @property
    def name(self) -> str:
        """The line's name."""
        return self.request.name

    @property
    def claimed(self) -> bool:
        """Whether the chip has given us the channel."""
        return self._line is not None

    def claim(self) -> None:
        """Request the channel if that has not happened yet."""
        if self._line is None:
            self._line = self._slot.inner.pwm(self.name, inverted=self.request.active_low)

    def release(self) -> None:
        """The chip is gone, and the channel with it."""
        self._line = None

    def set(self, frequency_hz: float, duty: float) -> None:
        """Run at this frequency and duty."""
        if self._line is None:
            raise _away(self._slot, self.name)
        try:
            self._line.set(frequency_hz, duty)
        except BusClosed as error:
            self._slot.report(error)
            raise

    @property
    def duty(self) -> float:
        """The duty that was last set; 0 before the first, and while the chip is away."""
        return 0.0 if self._line is None else self._line.duty


class GpioSlot(Slot[GpioAdapter], GpioAdapter):
    """A slot for the GPIO lines of a board. Devices that ask for the same input in the same way share it."""

    def __init__(self, name: str, lost: Lost) -> None:
        super().__init__(name, GpioAdapter, lost)
        self._inputs: dict[str, InputSlot] = {}
        self._outputs: dict[str, OutputSlot] = {}

    def input_slot(self, request: LineRequest) -> InputSlot:
        """The place of an input; nothing is requested from the chip yet."""
        known = self._inputs.setdefault(request.name, InputSlot(self, request))
        if known.request != request:
            raise ConfigError(
                f"line {request.name} is asked for in two ways", device=self.name, hint="run cc613hal check on the board file"
            )
        return known

    def output_slot(self, request: LineRequest, *, safe: bool) -> OutputSlot:
        """The place of an output; nothing is requested from the chip yet."""
        if request.name in self._outputs:
            raise ConfigError(f"line {request.name} has an owner already", device=self.name, hint="run cc613hal check on the board file")
        return self._outputs.setdefault(request.name, OutputSlot(self, request, safe))

    def input(self, request: LineRequest) -> InputLine:
        """See :meth:`cc613hal.bus.gpio.GpioAdapter.input`."""
        line = self.input_slot(request)
        line.claim()
        return line

    def output(self, request: LineRequest, *, initial: bool) -> OutputLine:
        """See :meth:`cc613hal.bus.gpio.GpioAdapter.output`."""
        line = self.output_slot(request, safe=initial)
        line.claim()
        return line

    def lines(self) -> tuple[LineInfo, ...]:
        """All lines of the chips."""
        return self.inner.lines()

    def unplug(self, reason: BaseException | None = None) -> GpioAdapter | None:
        """Take the adapter out; every line is away until it is claimed again."""
        for line in self._inputs.values():
            line.release()
        for output in self._outputs.values():
            output.release()
        return super().unplug(reason)


class PwmSlot(Slot[PwmAdapter], PwmAdapter):
    """A slot for the PWM channels of a chip."""

    def __init__(self, name: str, lost: Lost) -> None:
        super().__init__(name, PwmAdapter, lost)
        self._lines: dict[str, PwmLineSlot] = {}

    def pwm_slot(self, request: LineRequest) -> PwmLineSlot:
        """The place of a channel; nothing is requested from the chip yet."""
        return self._lines.setdefault(request.name, PwmLineSlot(self, request))

    def pwm(self, name: str, *, inverted: bool = False) -> PwmLine:
        """See :meth:`cc613hal.bus.gpio.PwmAdapter.pwm`."""
        line = self.pwm_slot(LineRequest(name=name, active_low=inverted))
        line.claim()
        return line

    def unplug(self, reason: BaseException | None = None) -> PwmAdapter | None:
        """Take the adapter out; every channel is away until it is claimed again."""
        for line in self._lines.values():
            line.release()
        return super().unplug(reason)


def _away(slot: Slot[GpioAdapter] | Slot[PwmAdapter], name: str) -> BusClosed:
    return BusClosed(f"line {name} is not there", device=slot.name, hint="it is requested again as soon as its chip is back")
