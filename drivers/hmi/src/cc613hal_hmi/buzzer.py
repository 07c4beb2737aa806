"""A piezo or magnetic buzzer on a PWM line.

A buzzer without its own oscillator needs a square wave of 2 to 4 kHz; half of the period high is the loudest. The sounds below are ours.
"""

from __future__ import annotations

import asyncio

from attrs import field, frozen, validators

from cc613hal.errors import BusError, ConfigError
from cc613hal.interfaces import Beep, SafeState, Sounder
from cc613hal.plugins import DeviceContext, Driver

__all__ = ["ACCEPTED", "FAULT", "REJECTED", "Buzzer", "BuzzerOptions"]

ACCEPTED = (Beep(on_s=0.08, off_s=0.0),)
"""A card was accepted: one short tone."""

REJECTED = (Beep(on_s=0.06, off_s=0.06),) * 3
"""A card was rejected: three short tones."""

FAULT = (Beep(on_s=0.5, off_s=0.0),)
"""Something is wrong: one long tone."""


@frozen(kw_only=True)
class BuzzerOptions:
    """The buzzer.

    Attributes:
        frequency_hz: the pitch it is loudest at, used for every tone; 0 plays the pitch each tone asks for.
        duty: share of the period at the high level, above 0 to 0.5: how loud it is.
        longest_s: sequences that take longer are refused, s.
    """

    frequency_hz: float = field(default=0.0, validator=[validators.ge(0), validators.le(20_000)])
    duty: float = field(default=0.5, validator=[validators.gt(0), validators.le(0.5)])
    longest_s: float = field(default=10.0, validator=[validators.gt(0), validators.le(600)])


class Buzzer(Driver, Sounder, SafeState):
    """A buzzer. Costs nothing while it is silent.

    Args:
        context: the device's place on its board; line ``tone``.
        options: the buzzer.
    """

    def __init__(self, context: DeviceContext, options: BuzzerOptions) -> None:
        self._context = context
        self._options = options
        self._turn = asyncio.Lock()
        self._playing: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Be silent.

        Raises:
            BusError: the line is gone.
        """
        if self._playing is None:
            self._set(0.0, 0.0)
        self._context.health.ok("line can be written")

    async def aclose(self) -> None:
        """Be silent."""
        await self.make_safe()

    async def make_safe(self) -> None:
        """Be silent; what is playing ends here.

        Raises:
            BusError: the line is gone.
        """
        if self._playing is not None:
            self._playing.cancel()
        self._set(0.0, 0.0)

    async def play(self, beeps: tuple[Beep, ...]) -> None:
        """Play a sequence to its end; silent again when cancelled. Sequences asked for at the same time follow each other.

        Returns early, silent, when the board goes to its safe state.

        Raises:
            ConfigError: a tone that cannot be, or a sequence that takes too long.
            BusError: the line is gone.
        """
        self._check(beeps)
        async with self._turn:
            playing = self._playing = asyncio.create_task(self._play(beeps), name=f"{self._context.device}.play")
            try:
                await asyncio.wait({playing})
            finally:
                self._playing = None
                playing.cancel()
                self._set(0.0, 0.0)  # here and now: a cancelled task gets to its own end only later
            if not playing.cancelled():
                playing.result()

    async def _play(self, beeps: tuple[Beep, ...]) -> None:
        for beep in beeps:
            self._set(beep.frequency_hz, self._options.duty)
            await self._context.clock.sleep(beep.on_s)
            self._set(0.0, 0.0)
            await self._context.clock.sleep(beep.off_s)

    def _check(self, beeps: tuple[Beep, ...]) -> None:
        for beep in beeps:
            if beep.on_s < 0 or beep.off_s < 0 or not 20 <= beep.frequency_hz <= 20_000:
                raise ConfigError(f"{beep} cannot be played", device=self._context.device, hint="times from 0 s, pitch 20 Hz to 20 kHz")
        total_s = sum(beep.on_s + beep.off_s for beep in beeps)
        if not total_s <= self._options.longest_s:
            raise ConfigError(
                f"a sequence of {total_s:g} s is too long", device=self._context.device, hint=f"longest_s is {self._options.longest_s:g}"
            )

    def _set(self, frequency_hz: float, duty: float) -> None:
        line = self._context.pwm("tone")
        try:
            line.set(self._options.frequency_hz or frequency_hz or 2700.0, duty)
        except BusError as error:
            self._context.health.failed(error)
            raise
        self._context.health.succeeded()
