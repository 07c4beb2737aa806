"""Control pilot and proximity pilot of one connector.

How the real board samples its pilot is not public. **Inferred reference wiring** (every figure is an option): a PWM line drives a ±12 V
stage with 1 kΩ source resistance (duty 0 or the optional line ``fault`` makes −12 V constant); behind the resistor two peak detectors hold
the highest and the lowest voltage of the wire; an MCP3208 reads both through a divider with offset, and the proximity contact against a
pull-up; an optional line ``alert`` from a window comparator changes whenever the level moves.

Sources of what the levels mean: TI design guide TIDA-010239 (TIDUF04), table 2-3 (states); EVerest documentation "Basic BringUp"
(resistance ranges of the proximity resistor, 50 ms for the detection, the lower ampacity between two ranges, B-C-B toggles); public pilot
decoders (windows of ±1 V).
"""

from __future__ import annotations

import asyncio

from attrs import define, field, frozen, validators

from cc613hal.bus.gpio import Edge, OutputLine, PwmLine
from cc613hal.errors import CommandFailed, ConfigError, HalError
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import (
    CableState,
    ControlPilot,
    PilotOutput,
    PilotReading,
    PilotState,
    ProximityPilot,
    ProximityReading,
    SafeState,
)
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_bender.mcp3208 import FULL_SCALE, Mcp3208

__all__ = ["BenderPilot", "PilotOptions", "TetheredPilot", "cable_for", "state_for"]

_LEVELS_V = {PilotState.A: 12.0, PilotState.B: 9.0, PilotState.C: 6.0, PilotState.D: 3.0, PilotState.E: 0.0, PilotState.F: -12.0}

_FREQUENCY_HZ = 1000.0
"""Of the pilot's PWM (980 to 1020 Hz allowed; EVerest documentation)."""

_CABLES = ((140.0, 63.0), (308.0, 32.0), (936.0, 20.0), (2460.0, 13.0))
"""Upper end of the recognised range in Ω, and ampacity in A: 80…140, 164…308, 400…936, 1100…2460 Ω; the gap below a range counts as that
range, which is the lower ampacity."""
_LOWEST_CABLE_OHM = 80.0
_OPEN_OHM = 4500.0

_DETECTION_S = 0.05
"""Longest time the detection of a state, filter included, may take (EVerest documentation, "Basic BringUp")."""


def state_for(level_v: float, window_v: float = 1.0) -> PilotState | None:
    """The state a level means; ``None`` between the windows.

    Args:
        level_v: positive level of the pilot, V.
        window_v: half width of each window, V.
    """
    for state, nominal_v in _LEVELS_V.items():
        if abs(level_v - nominal_v) <= window_v:
            return state
    return None


def cable_for(resistance_ohm: float | None, *, ampacity_100_ohm_a: float = 63.0) -> tuple[CableState, float | None]:
    """The cable a proximity resistor means, and its ampacity in A.

    Between two ranges the lower ampacity counts. Below 80 Ω and between 2460 Ω and 4500 Ω there is no such cable: a fault. Above 4500 Ω
    there is no plug.

    Args:
        resistance_ohm: as measured; ``None`` for open.
        ampacity_100_ohm_a: what 100 Ω means: 63 A three-phase, 70 A single-phase.
    """
    if resistance_ohm is None or resistance_ohm > _OPEN_OHM:
        return CableState.NO_CABLE, None
    if resistance_ohm < _LOWEST_CABLE_OHM:
        return CableState.FAULT, None
    for upper_ohm, ampacity_a in _CABLES:
        if resistance_ohm <= upper_ohm:
            return CableState.CABLE, ampacity_100_ohm_a if ampacity_a == 63.0 else ampacity_a
    return CableState.FAULT, None


def _within_detection_time(instance: PilotOptions, _: object, samples: int) -> None:
    if samples < 1 or samples * instance.sample_s > _DETECTION_S:
        raise ValueError(f"samples × sample_s must be at most {_DETECTION_S:g} s, and samples at least 1")


@frozen(kw_only=True)
class PilotOptions:
    """Options of ``bender.pilot``; the defaults are the reference wiring, inferred.

    Attributes:
        cp_high_channel: converter channel of the positive peak.
        cp_low_channel: converter channel of the negative peak.
        pp_channel: converter channel of the proximity contact.
        reference_v: the converter's reference, V.
        cp_gain: pilot volts per volt at the converter.
        cp_offset_v: voltage at the converter for 0 V on the pilot, V.
        pp_pullup_ohm: pull-up of the proximity contact to the reference, Ω.
        ampacity_100_ohm_a: what a 100 Ω cable may carry, A.
        window_v: half width of the detection windows, V.
        sample_s: between two samples of a changing level, s.
        samples: equal samples in a row that make a state; with ``sample_s`` at most 50 ms.
        settle_s: after the output changed, until the peak detectors show it, s.
        poll_s: between background samples, s; ``None`` for 1 s with an ``alert`` line and 0.02 s without.
        safe_fault: the safe state is F (−12 V) instead of X1 (+12 V); some older vehicles latch a fault on F.
    """

    cp_high_channel: int = field(default=0, validator=validators.in_(range(8)))
    cp_low_channel: int = field(default=1, validator=validators.in_(range(8)))
    pp_channel: int = field(default=2, validator=validators.in_(range(8)))
    reference_v: float = field(default=3.3, validator=validators.gt(0))
    cp_gain: float = field(default=10.0, validator=validators.gt(0))
    cp_offset_v: float = 1.65
    pp_pullup_ohm: float = field(default=1000.0, validator=validators.gt(0))
    ampacity_100_ohm_a: float = field(default=63.0, validator=validators.gt(0))
    window_v: float = field(default=1.0, validator=[validators.gt(0), validators.lt(1.5)])
    sample_s: float = field(default=0.005, validator=validators.gt(0))
    samples: int = field(default=2, validator=_within_detection_time)
    settle_s: float = field(default=0.005, validator=validators.ge(0))
    poll_s: float | None = field(default=None, validator=validators.optional(validators.gt(0)))
    safe_fault: bool = False

    def pilot_v(self, code: int) -> float:
        """Pilot voltage for a converter code, V."""
        return (code / FULL_SCALE * self.reference_v - self.cp_offset_v) * self.cp_gain

    def pilot_code(self, volts: float) -> int:
        """Converter code for a pilot voltage; the inverse of :meth:`pilot_v`."""
        return _code((volts / self.cp_gain + self.cp_offset_v) / self.reference_v)

    def proximity_ohm(self, code: int) -> float | None:
        """Resistance for a converter code, Ω; ``None`` at the upper end of the scale, where it cannot be told from open."""
        return None if code >= FULL_SCALE - 1 else self.pp_pullup_ohm * code / (FULL_SCALE - code)

    def proximity_code(self, resistance_ohm: float | None) -> int:
        """Converter code for a resistance; the inverse of :meth:`proximity_ohm`."""
        return _code(1.0 if resistance_ohm is None else resistance_ohm / (resistance_ohm + self.pp_pullup_ohm))


def _code(share: float) -> int:
    return max(0, min(FULL_SCALE - 1, round(share * FULL_SCALE)))


@define
class _Levels:
    high_v: float
    low_v: float | None
    at_s: float


class TetheredPilot(ControlPilot, SafeState, Driver):
    """The control pilot; on an outlet with a fixed cable there is no proximity contact."""

    def __init__(self, context: DeviceContext, options: PilotOptions) -> None:
        self._context = context
        self._options = options
        self._pwm: PwmLine = context.pwm("pwm")
        self._fault_line: OutputLine | None = context.output("fault") if context.has_line("fault") else None
        self._adc = Mcp3208(context.spi, context.device, context.health, lambda: context.health.ok("the converter answers"))
        self._sampled_s = float("-inf")
        self._poll_s = options.poll_s or (1.0 if context.has_line("alert") else 0.02)
        self._changes: EventSource[PilotReading] = EventSource(f"{context.device}.changes")
        self._state = PilotState.UNKNOWN
        self._undefined_since_s: float | None = None
        self._output = PilotOutput.STEADY
        self._duty_percent: float | None = None
        self._settled_s = float("-inf")
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._moved = False  # the alert line moved, or the output changed, since the last sample
        self._sampler: asyncio.Task[None] | None = None
        self._subscription: Subscription | None = None

    async def connect(self) -> None:
        """Put X1 on the wire, learn the present state, and start to watch it.

        Raises:
            NoAnswer: the converter does not answer.
        """
        self._put(PilotOutput.STEADY, None)
        await self._sample()
        if self._subscription is None and self._context.has_line("alert"):
            self._subscription = self._context.input("alert").edges.on(self._alert)
        if self._sampler is None or self._sampler.done():
            self._sampler = asyncio.create_task(self._watch(), name=f"{self._context.device} sampler")

    async def aclose(self) -> None:
        """Stop watching."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        if self._sampler is not None:
            self._sampler.cancel()
            await asyncio.wait([self._sampler], timeout=1.0)
            self._sampler = None

    async def make_safe(self) -> None:
        """Stop offering current: X1, or F if the options say so."""
        self._put(PilotOutput.FAULT if self._options.safe_fault else PilotOutput.STEADY, None)

    async def read(self) -> PilotReading:
        """Levels and state now."""
        return self._reading(await self._sample())

    @property
    def changes(self) -> Events[PilotReading]:
        """Every change of the filtered state."""
        return self._changes

    async def offer(self, duty_percent: float) -> None:
        """Run PWM with this duty cycle.

        Args:
            duty_percent: 3 to 97.

        Raises:
            ConfigError: outside that range; the output stays.
        """
        if not 3.0 <= duty_percent <= 97.0:
            raise ConfigError(
                f"a duty cycle of {duty_percent:g} % offers nothing",
                device=self._context.device,
                hint="3 to 97 %; less than 6 A is steady()",
            )
        self._put(PilotOutput.PWM, duty_percent)

    async def steady(self) -> None:
        """Stop PWM, hold +12 V."""
        self._put(PilotOutput.STEADY, None)

    async def fault(self) -> None:
        """Hold −12 V."""
        self._put(PilotOutput.FAULT, None)

    async def check_diode(self) -> bool:
        """Whether the low level stays at −12 V with a vehicle connected.

        Raises:
            CommandFailed: PWM is not running, or no vehicle is there: nothing can be proven.
        """
        reading = await self.read()
        if reading.diode_ok is None:
            why = (
                "PWM is not running" if reading.output is not PilotOutput.PWM else f"no vehicle is connected (state {reading.state.value})"
            )
            raise CommandFailed(
                f"the diode cannot be proven: {why}", evidence=reading, device=self._context.device, hint="offer current first"
            )
        return reading.diode_ok

    def _put(self, output: PilotOutput, duty_percent: float | None) -> None:
        duty = {PilotOutput.STEADY: 1.0, PilotOutput.FAULT: 0.0}.get(output, (duty_percent or 0.0) / 100.0)
        if self._fault_line is not None:
            self._fault_line.write(output is PilotOutput.FAULT)
        self._pwm.set(_FREQUENCY_HZ, duty)
        self._output, self._duty_percent = output, duty_percent
        self._settled_s = self._context.clock.monotonic_s() + self._options.settle_s
        self._look_now()

    def _alert(self, _: Edge) -> None:
        self._look_now()

    def _look_now(self) -> None:
        self._moved = True
        self._wake.set()

    async def _watch(self) -> None:
        """Sample at once when the alert line moved or the output changed, and whenever the last sample is as old as the poll rate.

        Samples that others asked for count, so that a pilot somebody reads often is not measured twice.
        """
        loop, clock = asyncio.get_running_loop(), self._context.clock
        while True:
            rest_s = self._sampled_s + self._poll_s - clock.monotonic_s()
            alarm = loop.call_later(rest_s if rest_s > 0.0 else self._poll_s, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                alarm.cancel()
            self._wake.clear()
            if not self._moved and clock.monotonic_s() < self._sampled_s + self._poll_s:
                continue
            self._moved = False
            try:
                await self._sample(negative=False)
            except HalError as error:
                self._context.log.debug("%s: sample failed: %s", self._context.device, error)  # health has it from the port

    async def _sample(self, *, negative: bool = True) -> _Levels:
        """Sample until the filter agrees with itself; publishes a change of state.

        Args:
            negative: measure the negative peak too, whatever the state does; otherwise only for a change that is published.
        """
        async with self._turn:
            wait_s = self._settled_s - self._context.clock.monotonic_s()
            if wait_s > 0.0:
                await self._context.clock.sleep(wait_s)
            high_v = await self._high_v()
            seen, agreed = state_for(high_v, self._options.window_v), 1
            deadline_s = self._context.clock.monotonic_s() + _DETECTION_S
            while seen is not self._state and seen is not None and agreed < self._options.samples:
                if self._context.clock.monotonic_s() >= deadline_s:
                    break  # it does not stand still: judged at the next sample
                await self._context.clock.sleep(self._options.sample_s)
                high_v = await self._high_v()
                again = state_for(high_v, self._options.window_v)
                seen, agreed = again, agreed + 1 if again is seen else 1
            valid = seen if seen is self._state or agreed >= self._options.samples else None
            low_v = await self._low_v() if negative or valid not in {None, self._state} else None
            levels = _Levels(high_v, low_v, self._context.clock.monotonic_s())
            self._sampled_s = levels.at_s
            self._judge(valid, levels)
            return levels

    def _judge(self, seen: PilotState | None, levels: _Levels) -> None:
        if seen is None:
            if self._undefined_since_s is None:
                self._undefined_since_s = levels.at_s
            return
        self._undefined_since_s = None
        if seen is not self._state:
            self._state = seen
            self._changes.publish(self._reading(levels))

    async def _high_v(self) -> float:
        return self._options.pilot_v(await self._adc.read(self._options.cp_high_channel))

    async def _low_v(self) -> float | None:
        """The negative peak in V; it only means something while PWM runs."""
        if self._output is not PilotOutput.PWM:
            return None
        return self._options.pilot_v(await self._adc.read(self._options.cp_low_channel))

    def _reading(self, levels: _Levels) -> PilotReading:
        low_v = levels.low_v if self._output is PilotOutput.PWM else None
        diode_ok = None
        if low_v is not None and self._state.connected:
            diode_ok = abs(low_v + 12.0) <= self._options.window_v
        since_s = self._undefined_since_s
        return PilotReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            state=self._state,
            high_v=levels.high_v,
            low_v=low_v,
            output=self._output,
            duty_percent=self._duty_percent,
            diode_ok=diode_ok,
            undefined_s=0.0 if since_s is None else levels.at_s - since_s,
        )


class BenderPilot(TetheredPilot, ProximityPilot):
    """The control pilot and the proximity contact of a socket outlet."""

    async def read_cable(self) -> ProximityReading:
        """The cable now."""
        resistance_ohm = self._options.proximity_ohm(await self._adc.read(self._options.pp_channel))
        cable, ampacity_a = cable_for(resistance_ohm, ampacity_100_ohm_a=self._options.ampacity_100_ohm_a)
        return ProximityReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            cable=cable,
            ampacity_a=ampacity_a,
            resistance_ohm=resistance_ohm,
        )
