"""Temperatures of the station: they limit the current, and switch a fan or a heater."""

from __future__ import annotations

import enum
import logging
from collections.abc import Mapping, Sequence

from attrs import field, frozen, validators

from cc613_chargepoint.limits import Derating, DeratingCurve, LimitBook
from cc613hal.clock import Clock
from cc613hal.interfaces import Relay, TemperatureSensor

__all__ = ["ClimateMode", "HeatSettings", "HeatWatch"]

_log = logging.getLogger(__name__)


class ClimateMode(enum.Enum):
    """What the auxiliary relay does for the climate of the housing."""

    OFF = "off"
    FAN = "fan"
    """On above the upper threshold."""
    HEATER = "heater"
    """On below the lower threshold."""


@frozen(kw_only=True)
class HeatSettings:
    """What temperatures mean.

    Attributes:
        curves: derating curve by sensor name; sensors without one use ``default_curve``.
        default_curve: for sensors that have no curve of their own.
        period_s: between two readings of a sensor, s.
        stale_s: a sensor that has given no value for this long is not known, s.
        safe_a: what is allowed while a sensor is not known, A per phase.
        climate: what the relay does.
        climate_sensor: whose temperature switches it; the warmest (fan) or coldest (heater) of all if empty.
        lower_c: heater on below, off above ``lower_c + band_c``, °C.
        upper_c: fan on above, off below ``upper_c − band_c``, °C.
        band_c: between on and off, °C.
    """

    curves: Mapping[str, DeratingCurve] = field(factory=dict[str, DeratingCurve])
    default_curve: DeratingCurve = field(factory=DeratingCurve)
    period_s: float = field(default=10.0, validator=validators.gt(0.0))
    stale_s: float = field(default=60.0, validator=validators.gt(0.0))
    safe_a: float = field(default=6.0, validator=validators.ge(0.0))
    climate: ClimateMode = ClimateMode.OFF
    climate_sensor: str = ""
    lower_c: float = 5.0
    upper_c: float = 45.0
    band_c: float = field(default=5.0, validator=validators.gt(0.0))


class HeatWatch:
    """Reads the sensors and sets a limit by each that asks for one, in every connector's book.

    Args:
        sensors: by name.
        books: of the connectors.
        clock: the station's clock.
        settings: what temperatures mean.
        relay: of the fan or heater; ``None`` if there is none.
    """

    def __init__(
        self,
        sensors: Mapping[str, TemperatureSensor],
        books: Sequence[LimitBook],
        clock: Clock,
        settings: HeatSettings,
        relay: Relay | None = None,
    ) -> None:
        self._sensors, self._books, self._clock, self._settings, self._relay = sensors, books, clock, settings, relay
        self._derating = {name: Derating(settings.curves.get(name, settings.default_curve)) for name in sensors}
        self._known: dict[str, float] = {}
        self._heard_s = dict.fromkeys(sensors, clock.monotonic_s())

    @property
    def temperatures_c(self) -> Mapping[str, float]:
        """What is known now, °C by sensor."""
        return self._known

    async def run(self) -> None:
        """Watch until cancelled."""
        while self._sensors:
            for name, sensor in self._sensors.items():
                await self._look(name, sensor)
            await self._switch_climate()
            await self._clock.sleep(self._settings.period_s)

    async def _look(self, name: str, sensor: TemperatureSensor) -> None:
        source = f"temperature ({name})"
        try:
            temperature_c = (await sensor.read()).temperature_c
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, the temperature is not known
            if self._clock.monotonic_s() - self._heard_s[name] < self._settings.stale_s:
                _log.debug("temperature of %s: %s", name, error)
                return
            if self._known.pop(name, None) is not None:
                _log.warning("the temperature of %s is not known any more: %s", name, error)
            self._limit(f"{source} unknown", self._settings.safe_a)
            return
        self._known[name], self._heard_s[name] = temperature_c, self._clock.monotonic_s()
        self._limit(f"{source} unknown", None)
        self._limit(source, self._derating[name].judge(temperature_c))

    def _limit(self, source: str, current_a: float | None) -> None:
        for book in self._books:
            if current_a is None:
                book.withdraw(source)
            elif book.current_a(source) != current_a:
                book.set(source, current_a)

    async def _switch_climate(self) -> None:
        if self._relay is None or self._settings.climate is ClimateMode.OFF:
            return
        wanted = self._climate_wanted(self._relay.is_on)
        if wanted is self._relay.is_on:
            return
        try:
            await (self._relay.switch_on() if wanted else self._relay.switch_off())
        except Exception as error:  # noqa: BLE001 - a fan that cannot be switched ends no charge; the temperature tells
            _log.warning("the %s cannot be switched: %s", self._settings.climate.value, error)

    def _climate_wanted(self, on: bool) -> bool:
        settings = self._settings
        fan = settings.climate is ClimateMode.FAN
        known = [self._known[settings.climate_sensor]] if settings.climate_sensor in self._known else list(self._known.values())
        if not known:
            return fan  # nobody knows: cooling harms nothing, heating might
        if fan:
            return max(known) > (settings.upper_c - settings.band_c if on else settings.upper_c)
        return min(known) < (settings.lower_c + settings.band_c if on else settings.lower_c)
