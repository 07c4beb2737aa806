"""What all LED driver chips share: patterns that move, registers written only where they change, and a watch over the chip's supply.

A chip's driver says how a picture looks in its registers; everything that has to do with time is here. The chips keep what they were
told, so a steady pattern costs nothing, nor does one the chip blinks by itself; any other costs one write per change.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping

from cc613hal.bus.actor import Priority
from cc613hal.errors import BusError, ConfigError, WrongIdentity
from cc613hal.interfaces import BLACK, Colour, Identified, Indicator, Pattern, SafeState
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_hmi.frames import Still, stills
from cc613hal_hmi.language import pattern_of, status_patterns

__all__ = ["ChipLights", "nearest_steps"]

_SHORTEST_S = 0.02
"""A picture that stays for less is refused: nobody sees it, and the bus has other customers."""


class ChipLights(Driver, Indicator, SafeState, Identified):
    """Lights on a LED driver chip.

    The registers that make the picture lie side by side in these chips; they are called the *image*.

    Args:
        context: the device's place on its board.
        lights: how many lights there are.
        image_at: address of the image's first register, with the chip's auto-increment flag.
        language: table of patterns by state; see :func:`cc613hal_hmi.language.status_patterns`.
        check_s: how often the chip is asked whether it still has its settings, s; 0 never.
        together: registers that belong together and are written together.

    Raises:
        ConfigError: the light language cannot be read.
    """

    def __init__(self, context: DeviceContext, *, lights: int, image_at: int, language: str, check_s: float, together: int = 1) -> None:
        self._context = context
        self._lights = lights
        self._image_at = image_at
        self._together = together
        self._patterns = status_patterns(language)
        self._check_s = check_s
        self._written: bytes | None = None
        self._shown: Pattern | None = None
        self._moving: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    # -- what a chip says -----------------------------------------------------------------------------------------------------------

    @abstractmethod
    async def _set_up(self) -> None:
        """Check that it is the chip, set it up, and make it dark; ``_written`` is what its image holds after that.

        Raises:
            WrongIdentity: it is another chip.
            BusError: nobody answers.
        """

    @abstractmethod
    async def _has_settings(self) -> bool:
        """Whether the chip still has what ``_set_up`` wrote."""

    @abstractmethod
    def _image(self, lights: tuple[Colour, ...]) -> bytes:
        """The image that shows these colours."""

    def _blinking_image(self, lights: tuple[Colour, ...], period_s: float) -> bytes | None:
        """The image with which the chip blinks these colours by itself, half of the period each on and off; ``None`` if it cannot."""
        del lights, period_s
        return None

    async def _black_out(self) -> None:
        """Switch everything off, whatever the chip holds; ``_written`` follows."""
        dark = self._image((BLACK,) * self._lights)
        await self._write(dark, None)

    # -- life -----------------------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Check that it is such a chip, set it up, and show again what was shown before it was gone.

        Raises:
            WrongIdentity: another chip answers.
            BusError: nobody answers.
        """
        await self._set_up()
        if self._shown is not None:
            await self._start(self._shown)
        if self._check_s and (self._watching is None or self._watching.done()):
            self._watching = asyncio.create_task(self._watch(), name=f"{self._context.device}.watch")

    async def aclose(self) -> None:
        """Stop moving and watching; the lights stay as they are."""
        await self._stop()
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def make_safe(self) -> None:
        """Every light off."""
        await self.dark()

    # -- lights ---------------------------------------------------------------------------------------------------------------------

    @property
    def lights(self) -> int:
        """How many lights there are."""
        return self._lights

    @property
    def shown(self) -> Pattern | None:
        """The pattern that is shown."""
        return self._shown

    @property
    def patterns(self) -> Mapping[str, Pattern]:
        """The light language: pattern by state."""
        return self._patterns

    async def show(self, pattern: Pattern) -> None:
        """Show a pattern until the next call.

        Raises:
            BusError: the chip does not answer; the pattern is shown as soon as it is back.
            ConfigError: a moving pattern is too fast to be seen, or one with no colours was given.
        """
        if not pattern.colours:
            raise ConfigError("a pattern needs at least one colour", device=self._context.device)
        if any(0 < still.duration_s < _SHORTEST_S for still in stills(pattern, self.lights)):
            raise ConfigError(f"a period of {pattern.period_s:g} s is too fast for these lights", device=self._context.device)
        if pattern == self._shown and (self._moving is None or not self._moving.done()) and self._written is not None:
            return
        await self._start(pattern)

    async def show_state(self, state: str) -> None:
        """Show what the light language says for a state.

        Raises:
            ConfigError: the language has no such state.
            BusError: the chip does not answer; the pattern is shown as soon as it is back.
        """
        await self.show(pattern_of(self._patterns, state, self._context.device))

    async def dark(self) -> None:
        """Switch every light off.

        Raises:
            BusError: the chip does not answer.
        """
        await self._stop()
        self._shown = None
        self._written = None
        await self._black_out()

    # -- animation ------------------------------------------------------------------------------------------------------------------

    async def _start(self, pattern: Pattern) -> None:
        await self._stop()
        self._shown = pattern
        pictures = stills(pattern, self.lights)
        blinking = self._in_hardware(pictures)
        if blinking is not None:
            await self._draw(blinking)
            return
        try:
            await self._draw(self._image(pictures[0].lights))
        finally:
            if len(pictures) > 1:  # moves on as soon as the chip is back
                self._moving = asyncio.create_task(self._move(pictures), name=f"{self._context.device}.pattern")

    def _in_hardware(self, pictures: tuple[Still, ...]) -> bytes | None:
        if len(pictures) != 2 or any(colour != BLACK for colour in pictures[1].lights):
            return None
        return self._blinking_image(pictures[0].lights, pictures[0].duration_s + pictures[1].duration_s)

    async def _stop(self) -> None:
        task, self._moving = self._moving, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _move(self, pictures: tuple[Still, ...]) -> None:
        drawn = [(self._image(still.lights), still.duration_s) for still in pictures]
        clock = self._context.clock
        due_s = clock.monotonic_s()
        while True:
            for image, duration_s in drawn:
                try:
                    await self._draw(image)
                except BusError as error:
                    self._context.log.debug("%s: a picture was lost: %s", self._context.device, error)
                due_s = max(due_s + duration_s, clock.monotonic_s())
                await clock.sleep(due_s - clock.monotonic_s())

    async def _draw(self, image: bytes) -> None:
        """Bring the chip to an image; nothing is written if it holds it already."""
        if image != self._written:
            await self._write(image, self._written)

    async def _write(self, image: bytes, held: bytes | None) -> None:
        """Write the span of registers that differs from what the chip holds (``None`` if nobody knows)."""
        first, last = 0, len(image)
        if held is not None:
            while image[first] == held[first]:
                first += 1
            while image[last - 1] == held[last - 1]:
                last -= 1
            first -= first % self._together
            last += -last % self._together
        self._written = None
        await self._context.i2c.write(bytes((self._image_at + first,)) + image[first:last], priority=Priority.CONTROL)
        self._written = image

    # -- the chip's supply ------------------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """See that the chip still has its settings: one that lost its supply would stay dark behind a steady pattern."""
        while True:
            await self._context.clock.sleep(self._check_s)
            try:
                if await self._has_settings():
                    continue
                self._context.log.warning("%s: the chip lost its settings and is set up again", self._context.device)
                await self._set_up()
                if self._shown is not None:
                    await self._start(self._shown)
            except BusError as error:
                self._written = None
                self._context.log.debug("%s: the check failed: %s", self._context.device, error)
            except WrongIdentity as error:
                self._context.health.fault(str(error), error)


def nearest_steps(period_s: float, step_s: float, most: int) -> int | None:
    """How many steps of a blinker's clock a period takes; ``None`` if it is out of reach or would be off by more than 5 %.

    Args:
        period_s: wanted, s.
        step_s: one step, s.
        most: largest number of steps.
    """
    steps = round(period_s / step_s)
    if not 1 <= steps <= most or abs(steps * step_s - period_s) > 0.05 * period_s:
        return None
    return steps
