"""Fakes for tests of applications: the few lines a capability needs, without buses, drivers or time.

Each records what it was told in ``calls`` and can be changed through its attributes; set ``fails`` to have the next command raise. They
prove nothing about hardware: for that, test on a :class:`~cc613hal.plant.Simulation`.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import define, evolve, field

from cc613hal.clock import Clock
from cc613hal.errors import CommandFailed, HalError
from cc613hal.events import EventSource
from cc613hal.interfaces import (
    CableState,
    Card,
    CardEvent,
    CardReader,
    CardTechnology,
    Contactor,
    ContactorReading,
    ContactorState,
    ControlPilot,
    DigitalInput,
    DigitalReading,
    EnergyMeter,
    EnergyReading,
    ImmediateOff,
    Indicator,
    LockPosition,
    LockReading,
    LockResult,
    Pattern,
    PilotOutput,
    PilotReading,
    PilotState,
    PlugLock,
    PowerMeter,
    PowerReading,
    ProximityPilot,
    ProximityReading,
    Relay,
    ResidualCurrentMonitor,
    ResidualReading,
    ResidualTrip,
    SelfTestResult,
    SwitchingCounter,
    SwitchResult,
    TemperatureReading,
    TemperatureSensor,
    TripCause,
)
from cc613hal.readings import Energy

__all__ = [
    "FakeCardReader",
    "FakeContactor",
    "FakeControlPilot",
    "FakeDigitalInput",
    "FakeIndicator",
    "FakeMeter",
    "FakePlugLock",
    "FakeProximityPilot",
    "FakeRelay",
    "FakeResidualCurrentMonitor",
    "FakeTemperatureSensor",
]


@define(eq=False)
class _Fake:
    """What all fakes have: a name, a clock, a list of calls, an error to raise."""

    name: str = "fake"
    clock: Clock = field(factory=Clock)
    calls: list[str] = field(factory=list[str])
    fails: HalError | None = None

    def _call(self, what: str) -> None:
        self.calls.append(what)
        error, self.fails = self.fails, None
        if error is not None:
            raise error


@define(eq=False)
class FakeContactor(_Fake, Contactor, ImmediateOff):
    """A contactor that follows at once; ``drop()`` opens it by itself."""

    on: bool = False
    operations: int = 0
    _unexpected: EventSource[ContactorReading] = field(factory=EventSource[ContactorReading], init=False)

    async def switch_on(self, *, deadline_s: float | None = None) -> SwitchResult:
        """Close."""
        self._call("on")
        self.on, self.operations = True, self.operations + 1
        return self._result(deadline_s)

    async def switch_off(self, *, under_load: bool = False, deadline_s: float | None = None) -> SwitchResult:
        """Open."""
        self._call("off under load" if under_load else "off")
        self.on = False
        return self._result(deadline_s)

    def off_now(self) -> None:
        """Open, without a result."""
        self._call("off now")
        self.on = False

    async def sense(self) -> ContactorReading:
        """The state."""
        return self._reading()

    @property
    def counter(self) -> SwitchingCounter:
        """Operations so far."""
        return SwitchingCounter(self.operations, 0)

    @property
    def unexpected(self) -> EventSource[ContactorReading]:
        """What :meth:`drop` publishes."""
        return self._unexpected

    def drop(self) -> None:
        """Open without a command."""
        reading = evolve(self._reading(), state=ContactorState.OFF)
        self.on = False
        self._unexpected.publish(reading)

    def _result(self, deadline_s: float | None) -> SwitchResult:
        del deadline_s  # a fake is always in time
        return SwitchResult(on=self.on, state=self._state(), verified=True, elapsed_s=0.0, stamp=self.clock.stamp())

    def _state(self) -> ContactorState:
        return ContactorState.ON if self.on else ContactorState.OFF

    def _reading(self) -> ContactorReading:
        return ContactorReading(
            stamp=self.clock.stamp(), source=self.name, state=self._state(), commanded_on=self.on, verified=True, phases=3
        )


@define(eq=False)
class FakePlugLock(_Fake, PlugLock):
    """A lock that locks at once."""

    at: LockPosition = LockPosition.UNLOCKED
    _unexpected: EventSource[LockReading] = field(factory=EventSource[LockReading], init=False)

    async def lock(self, *, deadline_s: float | None = None) -> LockResult:
        """Lock."""
        return self._move("lock", LockPosition.LOCKED, deadline_s)

    async def unlock(self, *, deadline_s: float | None = None) -> LockResult:
        """Unlock."""
        return self._move("unlock", LockPosition.UNLOCKED, deadline_s)

    async def position(self) -> LockReading:
        """Where it is."""
        return LockReading(stamp=self.clock.stamp(), source=self.name, position=self.at, verified=True)

    @property
    def unexpected(self) -> EventSource[LockReading]:
        """For the test to publish."""
        return self._unexpected

    def _move(self, what: str, to: LockPosition, deadline_s: float | None) -> LockResult:
        del deadline_s  # a fake is always in time
        self._call(what)
        self.at = to
        return LockResult(position=to, verified=True, attempts=1, elapsed_s=0.0, stamp=self.clock.stamp())


@define(eq=False)
class FakeResidualCurrentMonitor(_Fake, ResidualCurrentMonitor):
    """A monitor that trips when told to."""

    passes: bool = True
    _latched: bool = field(default=False, init=False)
    _last: SelfTestResult | None = field(default=None, init=False)
    _trips: EventSource[ResidualTrip] = field(factory=EventSource[ResidualTrip], init=False)

    async def read(self) -> ResidualReading:
        """The latch."""
        return ResidualReading(
            stamp=self.clock.stamp(), source=self.name, dc_ma=None, rms_ma=None, tripped=self._latched, latched=self._latched
        )

    async def self_test(self) -> SelfTestResult:
        """Passed, if ``passes``."""
        self._call("self-test")
        self._last = SelfTestResult(passed=self.passes, steps=(), stamp=self.clock.stamp())
        return self._last

    @property
    def last_self_test(self) -> SelfTestResult | None:
        """The last test."""
        return self._last

    @property
    def trips(self) -> EventSource[ResidualTrip]:
        """What :meth:`trip` publishes."""
        return self._trips

    @property
    def latched(self) -> bool:
        """After :meth:`trip`, until :meth:`reset`."""
        return self._latched

    async def reset(self) -> ResidualReading:
        """Clear the latch."""
        self._call("reset")
        self._latched = False
        return await self.read()

    def trip(self, cause: TripCause = TripCause.DC) -> None:
        """Trip now."""
        self._latched = True
        self._trips.publish(ResidualTrip(cause=cause, seen=self.clock.stamp(), edge_s=None, source=self.name))


@define(eq=False)
class FakeMeter(_Fake, PowerMeter, EnergyMeter):
    """A meter that shows what it is told."""

    power_w: float = 0.0
    wh: Decimal = Decimal(0)

    async def read_power(self) -> PowerReading:
        """``power_w``."""
        self._call("power")
        return PowerReading(stamp=self.clock.stamp(), source=self.name, power_w=self.power_w)

    async def read_energy(self) -> EnergyReading:
        """``wh``."""
        self._call("energy")
        return EnergyReading(stamp=self.clock.stamp(), source=self.name, imported=Energy(self.wh, (), "fake"))


@define(eq=False)
class FakeControlPilot(_Fake, ControlPilot):
    """A pilot whose vehicle is moved with :meth:`become`; ``diode = False`` takes the vehicle's diode away."""

    state: PilotState = PilotState.A
    diode: bool = True
    output: PilotOutput = PilotOutput.STEADY
    duty_percent: float | None = None
    _changes: EventSource[PilotReading] = field(factory=EventSource[PilotReading], init=False)

    async def read(self) -> PilotReading:
        """State and output."""
        return self._reading()

    @property
    def changes(self) -> EventSource[PilotReading]:
        """What :meth:`become` publishes."""
        return self._changes

    async def offer(self, duty_percent: float) -> None:
        """PWM."""
        self._call(f"offer {duty_percent:g}")
        self.output, self.duty_percent = PilotOutput.PWM, duty_percent

    async def steady(self) -> None:
        """+12 V."""
        self._call("steady")
        self.output, self.duty_percent = PilotOutput.STEADY, None

    async def fault(self) -> None:
        """−12 V."""
        self._call("fault")
        self.output, self.duty_percent = PilotOutput.FAULT, None

    async def check_diode(self) -> bool:
        """``diode``.

        Raises:
            CommandFailed: PWM is not running, so nothing can be proven.
        """
        self._call("check diode")
        if self.output is not PilotOutput.PWM:
            raise CommandFailed("the diode can only be checked while PWM runs", device=self.name)
        return self.diode

    def become(self, state: PilotState) -> None:
        """The vehicle changes its state."""
        self.state = state
        self._changes.publish(self._reading())

    def _reading(self) -> PilotReading:
        high_v = {PilotState.A: 12.0, PilotState.B: 9.0, PilotState.C: 6.0, PilotState.D: 3.0, PilotState.F: -12.0}.get(self.state, 0.0)
        low_v = -12.0 if self.output is PilotOutput.PWM else None
        return PilotReading(
            stamp=self.clock.stamp(),
            source=self.name,
            state=self.state,
            high_v=high_v,
            low_v=low_v,
            output=self.output,
            duty_percent=self.duty_percent,
            diode_ok=True,
        )


@define(eq=False)
class FakeProximityPilot(_Fake, ProximityPilot):
    """A cable of ``ampacity_a``; ``None`` for no cable."""

    ampacity_a: float | None = 32.0

    async def read_cable(self) -> ProximityReading:
        """The cable."""
        cable = CableState.NO_CABLE if self.ampacity_a is None else CableState.CABLE
        return ProximityReading(stamp=self.clock.stamp(), source=self.name, cable=cable, ampacity_a=self.ampacity_a, resistance_ohm=None)


@define(eq=False)
class FakeTemperatureSensor(_Fake, TemperatureSensor):
    """A thermometer that shows ``temperature_c``."""

    temperature_c: float = 25.0

    async def read(self) -> TemperatureReading:
        """``temperature_c``."""
        self._call("read")
        return TemperatureReading(stamp=self.clock.stamp(), source=self.name, temperature_c=self.temperature_c)


@define(eq=False)
class FakeIndicator(_Fake, Indicator):
    """Lights that remember what they show."""

    _shown: Pattern | None = field(default=None, init=False)

    @property
    def lights(self) -> int:
        """Three."""
        return 3

    async def show(self, pattern: Pattern) -> None:
        """Remember it."""
        self._call("show")
        self._shown = pattern

    @property
    def shown(self) -> Pattern | None:
        """What was shown last."""
        return self._shown

    async def dark(self) -> None:
        """Forget it."""
        self._call("dark")
        self._shown = None


@define(eq=False)
class FakeRelay(_Fake, Relay):
    """A relay that follows at once."""

    _on: bool = field(default=False, init=False)

    async def switch_on(self) -> None:
        """On."""
        self._call("on")
        self._on = True

    async def switch_off(self) -> None:
        """Off."""
        self._call("off")
        self._on = False

    @property
    def is_on(self) -> bool:
        """The state."""
        return self._on


@define(eq=False)
class FakeDigitalInput(_Fake, DigitalInput):
    """An input moved with :meth:`become`."""

    active: bool = False
    _changes: EventSource[DigitalReading] = field(factory=EventSource[DigitalReading], init=False)

    async def read_input(self) -> DigitalReading:
        """The level."""
        return self._reading()

    @property
    def changes(self) -> EventSource[DigitalReading]:
        """What :meth:`become` publishes."""
        return self._changes

    def become(self, active: bool) -> None:
        """The level changes."""
        self.active = active
        self._changes.publish(self._reading())

    def _reading(self) -> DigitalReading:
        return DigitalReading(stamp=self.clock.stamp(), source=self.name, active=self.active)


@define(eq=False)
class FakeCardReader(_Fake, CardReader):
    """A reader whose cards come and go with :meth:`present` and :meth:`remove`, as long as it polls."""

    polling: bool = False
    _field: list[Card] = field(factory=list[Card], init=False)
    _cards: EventSource[CardEvent] = field(factory=EventSource[CardEvent], init=False)

    @property
    def cards(self) -> EventSource[CardEvent]:
        """Cards that come and go."""
        return self._cards

    async def start_polling(self) -> None:
        """From now on events are published."""
        self._call("start")
        self.polling = True

    async def stop_polling(self) -> None:
        """No more events."""
        self._call("stop")
        self.polling = False

    async def poll_once(self) -> tuple[Card, ...]:
        """The cards in the field."""
        return tuple(self._field)

    def present(self, uid: str, technology: CardTechnology = CardTechnology.ISO_14443A) -> Card:
        """Hold a card to the reader."""
        card = Card(uid=uid, technology=technology)
        self._field.append(card)
        self._publish(card, present=True)
        return card

    def remove(self, card: Card) -> None:
        """Take it away."""
        self._field.remove(card)
        self._publish(card, present=False)

    def _publish(self, card: Card, *, present: bool) -> None:
        if self.polling:
            self._cards.publish(CardEvent(card=card, present=present, stamp=self.clock.stamp(), source=self.name))
