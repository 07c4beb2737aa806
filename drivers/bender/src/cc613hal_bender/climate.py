"""The relay K2 as heater or fan switch with two thresholds.

Source: Bender's online documentation of the charge controllers (a pair of thresholds switches heater or fan on relay K2 at terminal J). No
figures are public: the thresholds are the manufacturer's, and the defaults here are inferred.
"""

from __future__ import annotations

import asyncio
from typing import Any

from attrs import Attribute, field, frozen, validators

from cc613hal.bus.gpio import OutputLine
from cc613hal.errors import HalError
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import ClimateControl, ClimateMode, ClimateReading, Relay, SafeState, TemperatureSensor
from cc613hal.plugins import DeviceContext, Driver

__all__ = ["ClimateOptions", "ClimateRelay"]


def _apart(instance: ClimateOptions, _: Attribute[Any], off_c: float) -> None:
    heating = instance.mode is ClimateMode.HEATING
    if (off_c <= instance.on_c) if heating else (off_c >= instance.on_c):
        word = "above" if heating else "below"
        raise ValueError(f"off_c must be {word} on_c ({instance.on_c:g} °C) for {instance.mode.value}")


@frozen(kw_only=True)
class ClimateOptions:
    """Options of ``bender.climate``.

    Attributes:
        mode: ``heating`` (on below ``on_c``, off above ``off_c``) or ``ventilation`` (on above ``on_c``, off below ``off_c``).
        on_c: it is switched on beyond this temperature, °C (inferred).
        off_c: it is switched off beyond this one, °C (inferred).
        poll_s: how often the temperature is read, s.
        unknown_after_s: without a temperature for so long it is unknown, and the fan runs (heat destroys) or the heater rests, s.
    """

    mode: ClimateMode = ClimateMode.VENTILATION
    on_c: float = field(default=50.0, validator=[validators.ge(-60.0), validators.le(120.0)])
    off_c: float = field(default=45.0, validator=[validators.ge(-60.0), validators.le(120.0), _apart])
    poll_s: float = field(default=10.0, validator=validators.gt(0))
    unknown_after_s: float = field(default=60.0, validator=validators.gt(0))

    def wanted(self, temperature_c: float | None, *, on: bool) -> bool:
        """Whether it should run.

        Args:
            temperature_c: the temperature, °C; ``None`` if it is not known.
            on: whether it runs now.
        """
        heating = self.mode is ClimateMode.HEATING
        if temperature_c is None:
            return not heating
        sign = -1.0 if heating else 1.0
        if sign * (temperature_c - self.on_c) > 0.0:
            return True
        return on and sign * (temperature_c - self.off_c) >= 0.0


class ClimateRelay(ClimateControl, Relay, SafeState, Driver):
    """Heater or fan on a relay, by the thermometer in the use ``sensor``. Off is its safe state.

    ``switch_on`` and ``switch_off`` serve tests of the wiring: they hold until the next temperature is judged.
    """

    def __init__(self, context: DeviceContext, options: ClimateOptions) -> None:
        self._context = context
        self._options = options
        self._coil: OutputLine = context.output("coil")
        self._sensor: TemperatureSensor = context.uses("sensor", TemperatureSensor)
        self._switched: EventSource[ClimateReading] = EventSource(f"{context.device}.switched")
        self._temperature_c: float | None = None
        self._known_s = float("-inf")
        self._task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Judge the temperature now, and from now on."""
        self._known_s = self._context.clock.monotonic_s()
        await self._judge()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name=f"{self._context.device} climate")

    async def aclose(self) -> None:
        """Stop and switch off."""
        await self.make_safe()

    async def make_safe(self) -> None:
        """Switch off and stop judging; the next connect begins again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1.0)
            self._task = None
        self._coil.write(False)

    async def read_climate(self) -> ClimateReading:
        """What it does now, and by which temperature.

        Raises:
            BusError: the relay's line is gone.
        """
        self._coil.write(self._coil.written)  # a relay has no feedback; writing its level again at least proves the line
        return self._reading()

    @property
    def switched(self) -> Events[ClimateReading]:
        """Every switching."""
        return self._switched

    async def switch_on(self) -> None:
        """Switch on until the next temperature is judged."""
        self._coil.write(True)

    async def switch_off(self) -> None:
        """Switch off until the next temperature is judged."""
        self._coil.write(False)

    @property
    def is_on(self) -> bool:
        """What was last commanded."""
        return self._coil.written

    async def _watch(self) -> None:
        while True:
            await self._context.clock.sleep(self._options.poll_s)
            try:
                await self._judge()
            except HalError as error:  # the relay's own line: its bus reports it, and it comes back
                self._context.log.debug("%s: %s", self._context.device, error)

    async def _judge(self) -> None:
        now_s = self._context.clock.monotonic_s()
        try:
            self._temperature_c = (await self._sensor.read()).temperature_c
            self._known_s = now_s
        except HalError as error:
            if now_s - self._known_s < self._options.unknown_after_s:
                return
            self._temperature_c = None
            self._switch(degraded=f"the temperature is unknown ({error.kind}): {self._fallback()}")
        else:
            self._switch()

    def _switch(self, degraded: str = "") -> None:
        wanted, was = self._options.wanted(self._temperature_c, on=self._coil.written), self._coil.written
        self._coil.write(wanted)  # also where nothing changes: a line that is gone shows now, not when the heat needs it
        if degraded:
            self._context.health.degraded(degraded)
        else:
            self._context.health.ok(f"{self._options.mode.value} by {self._temperature_c:.1f} °C")
        if wanted is not was:
            self._switched.publish(self._reading())

    def _fallback(self) -> str:
        return "the heater rests" if self._options.mode is ClimateMode.HEATING else "the fan runs"

    def _reading(self) -> ClimateReading:
        return ClimateReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            mode=self._options.mode,
            on=self._coil.written,
            temperature_c=self._temperature_c,
        )
