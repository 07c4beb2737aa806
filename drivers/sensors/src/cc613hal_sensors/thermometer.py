"""What every thermometer of this package does the same way: place, offset, what is plausible, and a value that never moves.

A chip's driver adds how it is recognised, set up and asked.
"""

from __future__ import annotations

from abc import abstractmethod

from attrs import field, frozen, validators

from cc613hal.errors import ConfigError, ImplausibleReading
from cc613hal.interfaces import Identified, TemperatureReading, TemperatureSensor
from cc613hal.plugins import DeviceContext, Driver
from cc613hal.readings import Quality, finite

__all__ = ["Measured", "Thermometer", "ThermometerOptions"]


@frozen(kw_only=True)
class ThermometerOptions:
    """What is plausible where it sits.

    Attributes:
        place: where it sits (``internal``, ``ambient``, ``relay`` …); the simulated cabinet gives each place its temperature.
        offset_c: added to what the part says, °C, for a place that is warmer or colder than what it stands for.
        low_c: less than this is implausible, °C; the part's own limit if omitted.
        high_c: more than this is implausible, °C; the part's own limit if omitted.
        stuck_s: readings that do not change by a single bit for this long are SUSPECT, s; 0 never. Off by default: a quiet cabinet can
            hold one value for hours.
    """

    place: str = "internal"
    offset_c: float = field(default=0.0, validator=[validators.ge(-50), validators.le(50)])
    low_c: float | None = None
    high_c: float | None = None
    stuck_s: float = field(default=0.0, validator=validators.ge(0))

    def __attrs_post_init__(self) -> None:
        if self.low_c is not None and self.high_c is not None and self.low_c >= self.high_c:
            raise ConfigError(f"low_c = {self.low_c:g} is not below high_c = {self.high_c:g}")


@frozen
class Measured:
    """What a part said.

    Attributes:
        celsius: the temperature, °C, without offset.
        raw: its bits, to tell a value that never moves.
    """

    celsius: float
    raw: int | str


class Thermometer(Driver, TemperatureSensor, Identified):
    """A temperature sensor.

    Args:
        context: the device's place on its board.
        options: what is plausible where it sits.
        low_c: lowest temperature the part can measure, °C.
        high_c: highest, °C.
    """

    def __init__(self, context: DeviceContext, options: ThermometerOptions, *, low_c: float, high_c: float) -> None:
        self._context = context
        self._place = options
        self._low_c = low_c if options.low_c is None else options.low_c
        self._high_c = high_c if options.high_c is None else options.high_c
        self._last_raw: int | str | None = None
        self._changed_s = 0.0
        self._complained = False

    @abstractmethod
    async def _measure(self) -> Measured:
        """Ask the part.

        Raises:
            ImplausibleReading: the part, or its answer, says that this is no temperature.
            BusError: nobody answers.
        """

    async def aclose(self) -> None:
        """Nothing runs; the part goes on measuring."""

    async def read(self) -> TemperatureReading:
        """The temperature now, °C.

        The quality is SUSPECT where the value has not changed for ``stuck_s``.

        Raises:
            ImplausibleReading: outside the part's or the configured range, or the part reports a defect.
            BusError: nobody answers.
        """
        try:
            measured = await self._measure()
            celsius = self._plausible(measured.celsius)
        except ImplausibleReading as error:
            self._complained = True
            self._context.health.fault(error.message, error)
            raise
        quality = self._judge(measured.raw)
        if quality is Quality.GOOD and self._complained:
            self._complained = False
            self._context.health.ok("measures again")
        return TemperatureReading(stamp=self._context.clock.stamp(), source=self._context.device, quality=quality, temperature_c=celsius)

    def _forget(self) -> None:
        """After connecting, the watch for a value that never moves starts anew."""
        self._last_raw = None

    def _implausible(self, what: str, hint: str) -> ImplausibleReading:
        return ImplausibleReading(what, device=self._context.device, hint=hint)

    def _plausible(self, celsius: float) -> float:
        return finite(
            celsius + self._place.offset_c, what="temperature in °C", device=self._context.device, low=self._low_c, high=self._high_c
        )

    def _judge(self, raw: int | str) -> Quality:
        now_s = self._context.clock.monotonic_s()
        if raw != self._last_raw:
            self._last_raw, self._changed_s = raw, now_s
            return Quality.GOOD
        if not self._stuck(now_s):
            return Quality.GOOD
        self._complained = True
        self._context.health.degraded(f"the temperature has not moved by a bit for {self._place.stuck_s:g} s")
        return Quality.SUSPECT

    def _stuck(self, now_s: float) -> bool:
        return bool(self._place.stuck_s) and now_s - self._changed_s >= self._place.stuck_s
