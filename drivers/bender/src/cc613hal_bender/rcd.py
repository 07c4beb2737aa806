"""Bender RCMB104 residual current monitor module, through its digital pins.

Source: RCMB104 manual D00294_02 (11.2021): pins Test (input), Error, RMS, DC (open-collector outputs); LOW means good, HIGH means trip or
fault, and DC is high also for everything that makes RMS high; the test is started by pulling Test to GND for 30 ms to 1.2 s; the UL
variant has two alternating thresholds instead. The course of the outputs during the test is not in public text: its times and its order
are options, their defaults inferred from the operating times.

An open wire reads HIGH through the pull-up, so it counts as a trip.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from functools import partial

from attrs import field, frozen, validators

from cc613hal.bus.gpio import Edge, InputLine, OutputLine
from cc613hal.errors import CommandFailed
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import ResidualCurrentMonitor, ResidualReading, ResidualTrip, SafeState, SelfTestResult, SelfTestStep, TripCause
from cc613hal.plugins import DeviceContext, Driver

__all__ = ["Rcmb104", "Rcmb104Options", "TestOrder", "Variant"]


class Variant(enum.Enum):
    """Which module is fitted (RCMB104 manual)."""

    IEC = "iec"
    """DC output from 6 mA of direct current, RMS output from 30 mA r.m.s."""
    UL = "ul"
    """Both outputs are alternating thresholds: 5 mA and 20 mA r.m.s. A trip is never told as direct current."""


class TestOrder(enum.Enum):
    """In which order the outputs must go high in the self-test."""

    __test__ = False  # no test class, whatever its name looks like
    ANY = "any"
    DC_FIRST = "dc-first"
    RMS_FIRST = "rms-first"


@frozen(kw_only=True)
class Rcmb104Options:
    """Options of ``bender.rcmb104``.

    Attributes:
        test_pulse_s: how long Test is pulled to GND, s (0.03 to 1.2 by the manual).
        must_trip_within_s: from the start of the pulse to the outputs high, s (inferred: above the 480 ms of the DC path).
        must_clear_within_s: from the end of the pulse to the outputs low, s (inferred).
        rms_trips_in_test: the test also raises RMS (IEC variant).
        test_order: which output must not be later than the other; only where the test raises both.
        variant: ``iec`` or ``ul``; decides what a trip of the DC output is called.
    """

    test_pulse_s: float = field(default=0.1, validator=[validators.ge(0.03), validators.le(1.2)])
    must_trip_within_s: float = field(default=0.7, validator=validators.gt(0))
    must_clear_within_s: float = field(default=3.0, validator=validators.gt(0))
    rms_trips_in_test: bool = True
    test_order: TestOrder = TestOrder.ANY
    variant: Variant = Variant.IEC


class Rcmb104(ResidualCurrentMonitor, SafeState, Driver):
    """An RCMB104. It has switching outputs only, so readings carry no milliamperes.

    The hardware path from its output to the contactor is the board's; this driver reports. Each cause is published once until the latch
    is reset, in the loop iteration in which the edge arrives.
    """

    def __init__(self, context: DeviceContext, options: Rcmb104Options) -> None:
        self._context = context
        self._options = options
        self._dc: InputLine = context.input("dc")
        self._rms: InputLine = context.input("rms")
        self._error: InputLine | None = context.input("error") if context.has_line("error") else None
        self._test_line: OutputLine = context.output("test")
        self._trips: EventSource[ResidualTrip] = EventSource(f"{context.device}.trips")
        self._causes: set[TripCause] = set()
        self._latched = False
        self._last: SelfTestResult | None = None
        self._test: asyncio.Task[SelfTestResult] | None = None
        self._moved = asyncio.Event()
        self._rose: dict[str, float] = {}
        self._subscriptions: list[Subscription] = []

    async def connect(self) -> None:
        """Release Test and look at the outputs; one that is high now is a trip."""
        self._test_line.write(False)
        if not self._subscriptions:
            lines = [self._dc, self._rms] + ([self._error] if self._error else [])
            self._subscriptions.extend(line.edges.on(partial(self._edge, line)) for line in lines)
        cause = self._cause()
        if cause is None:
            self._context.health.ok("outputs are low")
        else:
            self._trip(cause, None)

    async def aclose(self) -> None:
        """Release Test and stop listening."""
        await self.make_safe()
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()

    async def make_safe(self) -> None:
        """Release Test, ending a self-test under way."""
        self._test_line.write(False)
        if self._test is not None and not self._test.done():
            self._test.cancel()
            await asyncio.wait([self._test], timeout=1.0)

    async def read(self) -> ResidualReading:
        """Trip state now; the part tells no currents."""
        return ResidualReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            dc_ma=None,
            rms_ma=None,
            tripped=self._cause() is not None,
            latched=self._latched,
        )

    async def self_test(self) -> SelfTestResult:
        """Pull Test, see the outputs go high, release it, see them go low. Only with the contactor off.

        A caller that is cancelled leaves at once; the test itself runs to its end, so that its own pulse is never taken for a trip. A
        second caller joins the test under way.
        """
        if self._test is None or self._test.done():
            self._test = asyncio.create_task(self._run_test(), name=f"{self._context.device} self-test")
        return await asyncio.shield(self._test)

    @property
    def last_self_test(self) -> SelfTestResult | None:
        """The last test since the board was opened."""
        return self._last

    @property
    def trips(self) -> Events[ResidualTrip]:
        """Trips, in the loop iteration in which the edge arrives."""
        return self._trips

    @property
    def latched(self) -> bool:
        """A trip happened and was not reset."""
        return self._latched

    async def reset(self) -> ResidualReading:
        """Clear the latch.

        Raises:
            CommandFailed: an output still signals a trip; the latch stays.
        """
        cause = self._cause()
        if cause is not None:
            raise CommandFailed(
                f"the monitor still signals {cause.value}",
                evidence=await self.read(),
                device=self._context.device,
                hint="find the residual current, or the open wire",
            )
        self._latched = False
        self._causes.clear()
        self._context.health.ok("reset")
        return await self.read()

    @property
    def _testing(self) -> bool:
        return self._test is not None and not self._test.done()

    def _cause(self) -> TripCause | None:
        """What the outputs say now, the gravest first. DC is high whenever RMS is."""
        if self._error is not None and self._error.read():
            return TripCause.DEVICE
        if self._rms.read():
            return TripCause.RMS
        if not self._dc.read():
            return None
        return TripCause.DC if self._options.variant is Variant.IEC else TripCause.RMS

    def _edge(self, line: InputLine, edge: Edge) -> None:
        self._moved.set()
        if edge.active:
            self._rose.setdefault(line.name, edge.stamp.monotonic_s)
        if not edge.active or self._testing:
            return
        cause = self._cause()
        if cause is not None and cause not in self._causes:
            self._trip(cause, edge.kernel_s)

    def _trip(self, cause: TripCause, edge_s: float | None) -> None:
        self._latched = True
        self._causes.add(cause)
        seen = self._context.clock.stamp()
        self._trips.publish(ResidualTrip(cause=cause, seen=seen, edge_s=edge_s, source=self._context.device))
        self._context.health.fault(f"tripped: {cause.value}")

    async def _run_test(self) -> SelfTestResult:
        steps = [SelfTestStep("outputs are low before the test", self._cause() is None, 0.0)]
        if steps[0].passed:
            started_s = self._context.clock.monotonic_s()
            self._rose.clear()
            try:
                self._test_line.write(True)
                await self._context.clock.sleep(self._options.test_pulse_s)
            finally:
                self._test_line.write(False)
            steps.append(await self._rises("DC", self._dc, started_s))
            if self._options.rms_trips_in_test:
                steps.append(await self._rises("RMS", self._rms, started_s))
                if self._options.test_order is not TestOrder.ANY:
                    steps.append(self._in_order(started_s))
            steps.append(await self._clears())
            if self._error is not None:
                quiet = self._error.name not in self._rose and not self._error.read()
                steps.append(SelfTestStep("Error stays low", quiet, self._context.clock.monotonic_s() - started_s))
        return self._finish(steps)

    async def _rises(self, what: str, line: InputLine, started_s: float) -> SelfTestStep:
        """An output must have gone high since the pulse began; it may have gone low again already."""
        deadline_s = started_s + self._options.must_trip_within_s
        passed = await self._until(lambda: line.name in self._rose, deadline_s)
        now_s = self._context.clock.monotonic_s()
        return SelfTestStep(f"{what} goes high", passed, self._rose.get(line.name, now_s) - started_s)

    def _in_order(self, started_s: float) -> SelfTestStep:
        dc_first = self._options.test_order is TestOrder.DC_FIRST
        earlier, later = (self._dc, self._rms) if dc_first else (self._rms, self._dc)
        early_s, late_s = self._rose.get(earlier.name), self._rose.get(later.name)
        passed = early_s is not None and late_s is not None and early_s <= late_s
        what = "DC goes high no later than RMS" if dc_first else "RMS goes high no later than DC"
        return SelfTestStep(what, passed, (early_s if early_s is not None else self._context.clock.monotonic_s()) - started_s)

    async def _clears(self) -> SelfTestStep:
        released_s = self._context.clock.monotonic_s()
        passed = await self._until(lambda: not self._dc.read() and not self._rms.read(), released_s + self._options.must_clear_within_s)
        return SelfTestStep("DC and RMS go low", passed, self._context.clock.monotonic_s() - released_s)

    async def _until(self, check: Callable[[], bool], deadline_s: float) -> bool:
        try:
            async with asyncio.timeout(max(deadline_s - self._context.clock.monotonic_s(), 0.0)):
                while not check():
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return check()
        return True

    def _finish(self, steps: list[SelfTestStep]) -> SelfTestResult:
        result = SelfTestResult(passed=all(step.passed for step in steps), steps=steps, stamp=self._context.clock.stamp())
        self._last = result
        if self._cause() is not None and not self._latched:
            self._latched = True  # it did not let go: no charging before somebody resets it
        if not result.passed:
            self._context.health.fault("self-test failed: " + next(step.what for step in steps if not step.passed))
        elif not self._latched:
            self._context.health.ok("self-test passed")
        return result
