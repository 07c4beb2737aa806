"""The status light on the controller's front: red, green and blue, each on or off, and what its colours mean.

Source: Bender's online documentation, LED meanings: orange steady while it boots, blue steady while the operating system starts, green
steady while the firmware starts, green blinking when ready, red blinking on a system error. How the light is wired and how fast it blinks
is not public: one line per colour, and a period of one second, are inferred.
"""

from __future__ import annotations

import asyncio
import tomllib
from importlib import resources
from types import MappingProxyType

from attrs import field, frozen, validators

from cc613hal.bus.gpio import OutputLine, write_together
from cc613hal.errors import BusError, HalError
from cc613hal.interfaces import BLACK, Colour, Indicator, Motion, Pattern, SafeState
from cc613hal.plugins import DeviceContext, Driver

__all__ = ["FrontLed", "FrontLedOptions", "front_language"]

_PRIMARIES = ("red", "green", "blue")


def front_language() -> MappingProxyType[str, Pattern]:
    """The meanings of the front light, by word (``booting``, ``system-starting``, ``firmware-starting``, ``ready``, ``error``)."""
    text = resources.files("cc613hal_bender").joinpath("front_led.toml").read_text(encoding="utf-8")
    words: dict[str, Pattern] = {}
    for word, entry in tomllib.loads(text)["pattern"].items():
        red, green, blue = entry["colour"]
        words[word] = Pattern(
            colours=(Colour(float(red), float(green), float(blue)),),
            motion=Motion(entry["motion"]),
            period_s=float(entry.get("period_s", 1.0)),
        )
    return MappingProxyType(words)


@frozen(kw_only=True)
class FrontLedOptions:
    """Options of ``bender.front-led``.

    Attributes:
        threshold: a primary brighter than this is on; the light knows no brightness. With 0.2 orange is red and green.
        check_s: how often a colour that stands still is written again, so that lines that went are missed and come back lit, s; 0 never.
    """

    threshold: float = field(default=0.2, validator=[validators.gt(0), validators.lt(1)])
    check_s: float = field(default=10.0, validator=validators.ge(0))


class FrontLed(Indicator, SafeState, Driver):
    """One light of three colours. Dark is its safe state."""

    def __init__(self, context: DeviceContext, options: FrontLedOptions) -> None:
        self._context = context
        self._options = options
        self._lines: dict[str, OutputLine] = {role: context.output(role) for role in _PRIMARIES if context.has_line(role)}
        self._shown: Pattern | None = None
        self._task: asyncio.Task[None] | None = None
        self._lit = BLACK
        self._checker: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Show again what was shown, or nothing."""
        if self._shown is not None:
            await self.show(self._shown)
        else:
            self._light(BLACK)
        self._context.health.ok("lines can be written")
        if self._options.check_s and (self._checker is None or self._checker.done()):
            self._checker = asyncio.create_task(self._check(), name=f"{self._context.device} check")

    async def aclose(self) -> None:
        """Go dark."""
        if self._checker is not None:
            self._checker.cancel()
            await asyncio.wait([self._checker], timeout=1.0)
            self._checker = None
        await self.dark()

    async def make_safe(self) -> None:
        """Go dark."""
        await self.dark()

    @property
    def lights(self) -> int:
        """One."""
        return 1

    @property
    def shown(self) -> Pattern | None:
        """The pattern that is shown."""
        return self._shown

    async def show(self, pattern: Pattern) -> None:
        """Show a pattern until the next call; a single light turns and mixes by showing its colours one after the other."""
        await self._stop()
        self._shown = pattern
        steps = self._steps(pattern)
        self._light(steps[0][0])
        if len(steps) > 1:
            self._task = asyncio.create_task(self._move(steps), name=f"{self._context.device} light")

    async def dark(self) -> None:
        """Switch it off."""
        await self._stop()
        self._shown = None
        self._light(BLACK)

    @staticmethod
    def _steps(pattern: Pattern) -> list[tuple[Colour, float]]:
        colours = pattern.colours or (BLACK,)
        if pattern.motion is Motion.BLINK:
            half_s = pattern.period_s / 2 / len(colours)
            return [step for colour in colours for step in ((colour, half_s), (BLACK, half_s))]
        if pattern.motion is Motion.STEADY or len(colours) == 1:
            return [(colours[0], 0.0)]
        return [(colour, pattern.period_s / len(colours)) for colour in colours]

    async def _move(self, steps: list[tuple[Colour, float]]) -> None:
        """Wait out the first step, which is lit already, and go on from there."""
        number = 0
        while True:
            await self._context.clock.sleep(max(steps[number][1], 0.02))
            number = (number + 1) % len(steps)
            try:
                self._light(steps[number][0])
            except HalError as error:  # its bus reports the loss, and the pattern goes on when the line is back
                self._context.log.debug("%s: %s", self._context.device, error)

    async def _check(self) -> None:
        """Nobody reads a light: what does not move is written again now and then, and a line that is gone says so."""
        while True:
            await self._context.clock.sleep(self._options.check_s)
            if self._task is not None:
                continue
            try:
                self._light(self._lit)
            except BusError as error:
                self._context.health.failed(error)
            else:
                self._context.health.succeeded()

    def _light(self, colour: Colour) -> None:
        self._lit = colour
        on = {role: getattr(colour, role) > self._options.threshold for role in _PRIMARIES}
        write_together([(line, on[role]) for role, line in self._lines.items()])

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1.0)
            self._task = None
