"""What happens around the connectors: the station is hit, its supply fails, a breaker trips, somebody parks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from attrs import field, frozen, validators

from cc613_chargepoint.domain.events import BayChanged, StationEvent
from cc613_chargepoint.domain.fault import Clearing, Fault, FaultName
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.evse.transitions import State
from cc613hal.clock import Clock
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import (
    DigitalInput,
    DigitalReading,
    PresenceReading,
    PresenceSensor,
    SupplyMonitor,
    SupplyReading,
    SupplyState,
    TiltReading,
    TiltSensor,
)

__all__ = ["BreakerInput", "Surroundings", "SurroundingsSettings"]

_R = TypeVar("_R")

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class BreakerInput:
    """A digital input that is active while all is well: a breaker's auxiliary contact, an earth monitor, a phase sequence relay.

    Attributes:
        fault: what it means when it opens: ``MCB_TYPE2``, ``MCB_HOUSEHOLD``, ``RCD_TRIPPED``, ``EARTH_MISSING``, ``PHASE_ROTATION`` …
        connector: whose it is; 0 for all.
    """

    fault: FaultName = FaultName.MCB_TYPE2
    connector: int = 0


@frozen(kw_only=True)
class SurroundingsSettings:
    """What the surroundings mean.

    Attributes:
        tilt_period_s: between two looks at a tilt sensor, s.
        tilt_until_reboot: a station that was tilted stays out of order until somebody restarts it; otherwise until it stands again.
        breaker_inputs: what digital inputs of the board watch, by the input's name.
        release_on_mains_loss: the plug is released when the vehicle's mains is lost.
        parked_too_long_s: a bay that is taken by somebody who does not charge for this long is reported, s; 0 never.
    """

    tilt_period_s: float = field(default=1.0, validator=validators.gt(0.0))
    tilt_until_reboot: bool = False
    breaker_inputs: Mapping[str, BreakerInput] = field(factory=dict[str, BreakerInput])
    release_on_mains_loss: bool = True
    parked_too_long_s: float = field(default=0.0, validator=validators.ge(0.0))


class Surroundings:
    """Turns what sensors of the station say into faults of its connectors and news.

    Args:
        connectors: of the station.
        clock: the station's clock.
        settings: what the surroundings mean.
        tilt: tilt sensors by name.
        bays: presence sensors by name.
        supplies: supply monitors by name.
        inputs: digital inputs by name.

    Raises:
        ValueError: a breaker input that the board does not have.
    """

    def __init__(
        self,
        connectors: Sequence[ServedConnector],
        clock: Clock,
        settings: SurroundingsSettings,
        *,
        tilt: Mapping[str, TiltSensor],
        bays: Mapping[str, PresenceSensor],
        supplies: Mapping[str, SupplyMonitor],
        inputs: Mapping[str, DigitalInput],
    ) -> None:
        if missing := sorted(set(settings.breaker_inputs) - set(inputs)):
            raise ValueError(f"the board has no digital input {', '.join(missing)}; it has: {', '.join(sorted(inputs)) or 'none'}")
        self._connectors, self._clock, self._settings = connectors, clock, settings
        self._tilt, self._bays, self._supplies, self._inputs = tilt, bays, supplies, inputs
        self._news: EventSource[StationEvent] = EventSource("surroundings")
        self._taken_since_s: dict[str, float] = {}
        self._complained: set[str] = set()

    @property
    def news(self) -> Events[StationEvent]:
        """What happens around the connectors."""
        return self._news

    async def run(self) -> None:
        """Watch until cancelled."""
        subscriptions = self._listen()
        try:
            await self._first_look()
            while True:
                for name, sensor in self._tilt.items():
                    await self._asked(name, sensor.read_tilt, self._tilted)
                self._judge_parking()
                await self._clock.sleep(self._settings.tilt_period_s)
        finally:
            for subscription in subscriptions:
                subscription.cancel()

    def _listen(self) -> list[Subscription]:
        breakers = ((self._inputs[name], breaker) for name, breaker in self._settings.breaker_inputs.items())
        return [
            *(monitor.changes.on(self._supply_changed) for monitor in self._supplies.values()),
            *(part.changes.on(partial(self._breaker_changed, breaker)) for part, breaker in breakers),
            *(bay.changes.on(partial(self._bay_changed, name)) for name, bay in self._bays.items()),
        ]

    async def _first_look(self) -> None:
        for name, monitor in self._supplies.items():
            await self._asked(name, monitor.read_supply, self._supply_changed)
        for name, breaker in self._settings.breaker_inputs.items():
            await self._asked(name, self._inputs[name].read_input, partial(self._breaker_changed, breaker))
        for name, bay in self._bays.items():
            await self._asked(name, bay.read_presence, partial(self._bay_changed, name))

    async def _asked(self, name: str, ask: Callable[[], Awaitable[_R]], tell: Callable[[_R], None]) -> None:
        """Ask a sensor; one that does not answer has its health, and says so once."""
        try:
            tell(await ask())
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, nothing is known from it
            if name not in self._complained:
                self._complained.add(name)
                _log.warning("%s cannot be read: %s", name, error)
            return
        self._complained.discard(name)

    def _tilted(self, reading: TiltReading) -> None:
        if reading.tilted:
            angle = "" if reading.tilt_deg is None else f" by {reading.tilt_deg:.0f}°"
            latched = self._settings.tilt_until_reboot
            self._raise(FaultName.TILTED_UNTIL_RESTART if latched else FaultName.TILTED, f"the station is tilted{angle}", self._connectors)
        else:
            self._clear(FaultName.TILTED, "the station stands again", self._connectors)

    def _supply_changed(self, reading: SupplyReading) -> None:
        if reading.state is SupplyState.FAILING:
            self._raise(FaultName.SUPPLY_FAILING, "the controller's supply fails", self._connectors)
        else:
            self._clear(FaultName.SUPPLY_FAILING, "the supply is back", self._connectors)
        if reading.state is SupplyState.MAINS_LOST:
            self._raise(FaultName.NO_POWER, "the vehicle's mains is lost", self._connectors)
        elif reading.state is SupplyState.GOOD:
            self._clear(FaultName.NO_POWER, "the mains is back", self._connectors)
        if reading.state is SupplyState.FAILING or (reading.state is SupplyState.MAINS_LOST and self._settings.release_on_mains_loss):
            for connector in self._connectors:
                connector.release_plug(reading.state.value)

    def _breaker_changed(self, breaker: BreakerInput, reading: DigitalReading) -> None:
        connectors = [each for each in self._connectors if breaker.connector in {0, each.number}]
        if reading.active:
            if breaker.fault.clearing is Clearing.SERVICE:
                return  # that it looks well again does not say that somebody has seen to it
            self._clear(breaker.fault, f"{reading.source} is closed again", connectors)
        else:
            self._raise(breaker.fault, f"{reading.source} is open", connectors)

    def _bay_changed(self, name: str, reading: PresenceReading) -> None:
        if reading.occupied is None:
            return
        if reading.occupied:
            self._taken_since_s.setdefault(name, self._clock.monotonic_s())
        else:
            self._taken_since_s.pop(name, None)
        self._news.publish(BayChanged(connector=0, bay=name, occupied=reading.occupied))

    def _judge_parking(self) -> None:
        """Report, once each, bays that are taken while nobody charges."""
        limit_s, now_s = self._settings.parked_too_long_s, self._clock.monotonic_s()
        if not limit_s:
            return
        if any(each.state is not State.AVAILABLE for each in self._connectors):
            self._taken_since_s = dict.fromkeys(self._taken_since_s, now_s)
            return
        for name, since_s in self._taken_since_s.items():
            if since_s + limit_s <= now_s < float("inf"):
                self._news.publish(BayChanged(connector=0, bay=name, occupied=True, blocked=True))
                self._taken_since_s[name] = float("inf")

    def _raise(self, name: FaultName, detail: str, connectors: Sequence[ServedConnector]) -> None:
        for connector in connectors:
            connector.raise_fault(Fault(name=name, detail=detail))

    def _clear(self, name: FaultName, because: str, connectors: Sequence[ServedConnector]) -> None:
        for connector in connectors:
            connector.clear_fault(name, because)
