"""PWM channels in process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from cc613hal.bus.gpio import PwmAdapter, PwmLine
from cc613hal.bus.sim.presence import Presence
from cc613hal.bus.sim.signal import Signal
from cc613hal.errors import BusBusy, BusClosed, BusMissing, ConfigError

__all__ = ["SimPwm"]

_OFF = (0.0, 0.0)


class SimPwm(Presence, PwmAdapter):
    """A simulated PWM chip.

    Args:
        channels: the names the board file gives its channels.
        name: as the board file names it, for messages.
    """

    _what = "the PWM chip"

    def __init__(self, channels: Iterable[str] | Mapping[str, int] = (), *, name: str = "pwm") -> None:
        super().__init__(name)
        self._outputs: dict[str, Signal[tuple[float, float]]] = {channel: Signal(_OFF) for channel in channels}
        self._taken: dict[str, _SimPwmLine] = {}
        self.faults.on_plug(self._plugged)

    def add(self, channel: str) -> Signal[tuple[float, float]]:
        """Make sure a channel exists; returns what it puts out."""
        return self._outputs.setdefault(channel, Signal(_OFF))

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels there are."""
        return tuple(self._outputs)

    def output(self, channel: str) -> Signal[tuple[float, float]]:
        """What a channel really puts out: frequency in Hz and share of the period at the *electrical* high level; (0, 0) while off.

        Raises:
            BusMissing: there is no such channel.
        """
        try:
            return self._outputs[channel]
        except KeyError:
            raise self._missing(channel) from None

    def pwm(self, name: str, *, inverted: bool = False) -> PwmLine:
        """Request a channel.

        Raises:
            BusMissing: there is no such channel; the hint lists near names.
            BusBusy: it is in use already.
        """
        self.check_open()
        output = self.output(name)
        if name in self._taken:
            raise BusBusy(f"channel {name} is in use", device=self.name, hint="two devices of the board file use this channel")
        self._taken[name] = line = _SimPwmLine(self, name, output, inverted=inverted)
        return line

    async def aclose(self) -> None:
        """Switch all channels off and release them."""
        for line in self._taken.values():
            line.release()
        self._taken.clear()
        self._open = False

    def _plugged(self, plugged: bool) -> None:
        if not plugged:
            for output in self._outputs.values():
                output.set(_OFF)

    def _missing(self, channel: str) -> BusMissing:
        near = get_close_matches(channel, self._outputs, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are: {', '.join(sorted(self._outputs)) or 'none'}"
        return BusMissing(f"no PWM channel {channel}", device=self.name, hint=hint)


class _SimPwmLine(PwmLine):
    def __init__(self, chip: SimPwm, name: str, output: Signal[tuple[float, float]], *, inverted: bool) -> None:
        self._chip = chip
        self._name = name
        self._output = output
        self._inverted = inverted
        self._duty = 0.0
        self._released = False

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._name

    @property
    def duty(self) -> float:
        """The duty that was last set; 0 before the first."""
        return self._duty

    def set(self, frequency_hz: float, duty: float) -> None:
        """Run at this frequency and duty.

        Raises:
            ConfigError: outside their ranges.
            BusClosed: unplugged or closed.
        """
        if not frequency_hz > 0.0 or not 0.0 <= duty <= 1.0:
            raise ConfigError(
                f"{frequency_hz:g} Hz with duty {duty:g} is no PWM",
                device=self._chip.name,
                hint="a frequency above 0 and a duty from 0 to 1",
            )
        self._chip.check_open()
        if self._released:
            raise BusClosed(f"channel {self._name} was released", device=self._chip.name)
        self._duty = duty
        self._output.set((frequency_hz, 1.0 - duty if self._inverted else duty))

    def release(self) -> None:
        """Switch off; the line cannot be used any more."""
        self._released = True
        self._output.set(_OFF)
