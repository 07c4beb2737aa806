"""The contactor that feeds the vehicle: coil lines, feedback, weld check, one or three phases.

Sources: Bender CC613 manual D00381 (an integrated relay drives the coil; WA/WB mains sense) and the "electrical safety" page of Bender's
online documentation (weld check with an input or with mains sense, the latter at the change B→A); IEC 60947-4-1 annex F (mirror
contacts); Phoenix Contact EV Charge Control Basic manual 106377_en_04 (200 ms from switching off to checking); EVerest EvseManager (10 s
pause when the number of phases changes). Figures that only one source gives are options. What a proven weld may do to the breaker upstream
is in ``shunt.py``.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable

from attrs import field, frozen, validators

from cc613hal.bus.gpio import Edge, InputLine, OutputLine
from cc613hal.errors import CommandFailed, SafetyRefused, Unsupported
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces import (
    Contactor,
    ContactorReading,
    ContactorState,
    ImmediateOff,
    PhaseSwitching,
    SafeState,
    SwitchingCounter,
    SwitchResult,
    WeldCheck,
    WeldMethod,
    WeldReading,
    WeldState,
)
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_bender.shunt import ShuntRelease

__all__ = ["BenderContactor", "ContactorOptions", "Feedback"]


class Feedback(enum.Enum):
    """What the feedback contact on the line ``mirror`` is."""

    NC = "nc"
    """Mirror contact: closed means that every main contact is surely open. The safe kind."""
    NO = "no"
    """Auxiliary contact: closed means on; says less, since it may stay open while a main contact hangs."""
    NONE = "none"
    """No contact is fitted: nothing can be verified."""


STARVED_S = 0.02
"""A wait that ends so much later than it should says that the machine was busy, not that the contactor is slow, s."""


@frozen(kw_only=True)
class ContactorOptions:
    """Options of ``bender.contactor``.

    Attributes:
        close_s: coil on to feedback, s (15 to 40 ms pull-in plus debouncing: inferred).
        open_s: coil off to feedback, s (200 ms default of Phoenix Contact EV Charge Control Basic).
        feedback: what the contact on ``mirror`` is.
        phases: phases the contactor feeds when there is no ``coil3``; with ``coil3`` the first choice.
        min_off_s: rest between off and on, s; ``switch_on`` waits for it. The default keeps closing within the 3 s that IEC 61851-1 allows
            after the vehicle asks; a longer one saves contacts.
        phase_pause_s: rest between off and on when the number of phases changed, s (10 s default of EVerest).
        rated_operations: operations the part is rated for; ``None`` if unknown.
        warn_share: share of ``rated_operations`` from which the device counts as degraded.
        sense_after_s: the mains sense input is not asked earlier than this after the coil was released, s: a plugged-in vehicle's
            capacitors feed back for a moment (inferred).
        sense_window_s: how long the mains sense input is watched for a 50 Hz signal, s; five periods by default.
        shunt_release: a weld that :meth:`BenderContactor.check_weld` proves closes the relay in the use ``shunt``, which trips the breaker
            upstream. Off by default: it takes the whole feeder down.
        shunt_pulse_s: how long that relay is closed, s; shunt releases need some tens of milliseconds and most must not be fed for long
            (inferred).
        shunt_confirm_s: so long after the pulse begins the mains must be gone, s (inferred).
    """

    close_s: float = field(default=0.1, validator=validators.gt(0))
    open_s: float = field(default=0.2, validator=validators.gt(0))
    feedback: Feedback = Feedback.NC
    phases: int = field(default=3, validator=validators.in_((1, 3)))
    min_off_s: float = field(default=2.5, validator=validators.ge(0))
    phase_pause_s: float = field(default=10.0, validator=validators.ge(0))
    rated_operations: int | None = field(default=None, validator=validators.optional(validators.gt(0)))
    warn_share: float = field(default=0.9, validator=[validators.gt(0), validators.le(1)])
    sense_after_s: float = field(default=1.0, validator=validators.ge(0.0))
    sense_window_s: float = field(default=0.1, validator=validators.ge(0.02))
    shunt_release: bool = False
    shunt_pulse_s: float = field(default=0.5, validator=[validators.ge(0.05), validators.le(5.0)])
    shunt_confirm_s: float = field(default=2.0, validator=validators.gt(0))


class BenderContactor(Contactor, ImmediateOff, WeldCheck, PhaseSwitching, SafeState, Driver):
    """A contactor behind the controller's coil relay.

    Releasing the coil never waits: :meth:`off_now` writes the line in the calling loop iteration, and also ends a ``switch_on`` that is
    under way. A contactor found welded stays refused until :meth:`check_weld` clears it.

    With ``shunt_release`` a weld that a check proves trips the breaker upstream, once: not again until a check finds the contacts clear,
    also over a restart, so that whoever closes the breaker to repair it is not cut off again by every check.
    """

    def __init__(self, context: DeviceContext, options: ContactorOptions) -> None:
        self._context = context
        self._options = options
        self._coil: OutputLine = context.output("coil")
        self._coil3: OutputLine | None = context.output("coil3") if context.has_line("coil3") else None
        fitted = options.feedback is not Feedback.NONE and context.has_line("mirror")
        self._mirror: InputLine | None = context.input("mirror") if fitted else None
        self._sense_line: InputLine | None = context.input("mains_sense") if context.has_line("mains_sense") else None
        self._unexpected: EventSource[ContactorReading] = EventSource(f"{context.device}.unexpected")
        self._moved = asyncio.Event()
        self._turn = asyncio.Lock()
        self._releases = 0
        self._on = False
        self._weld: str | None = None
        self._phases = options.phases
        self._rest_until_s = float("-inf")
        self._commanded_s = float("-inf")
        self._operations = int(context.memory.load("operations", 0))
        self._hot_openings = int(context.memory.load("hot_openings", 0))
        self._three_phase_operations = int(context.memory.load("three_phase_operations", 0))
        self._shunt: ShuntRelease | None = None
        if options.shunt_release:
            self._shunt = ShuntRelease(
                context, pulse_s=options.shunt_pulse_s, confirm_s=options.shunt_confirm_s, voltage_behind=self._voltage_now
            )
        self._subscription: Subscription | None = None

    async def connect(self) -> None:
        """Release the coils and look at the feedback. A contactor that shows closed contacts now is taken for welded."""
        self._release()
        if self._subscription is None and self._mirror is not None:
            self._subscription = self._mirror.edges.on(self._edge)
        if not await self._follows(ContactorState.OFF, self._options.open_s):
            self._found_welded("the feedback shows closed contacts although the coil is off")
            return
        self._context.health.ok("open" if self._mirror else "no feedback is fitted")
        self._report_wear()

    async def aclose(self) -> None:
        """Release the coils and stop listening."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        self._release()

    async def make_safe(self) -> None:
        """Release the coils, and wait until feedback confirms so that nothing that follows (unlocking) meets a closed contact.

        Raises:
            CommandFailed: the contacts still show closed.
        """
        self._release()
        if not await self._follows(ContactorState.OFF, self._options.open_s):
            self._found_welded("the contacts stay closed in the safe state")
            raise CommandFailed(
                "the contacts stay closed although the coil is off", device=self._context.device, hint="cut the supply upstream"
            )

    def off_now(self) -> None:
        """Release the coil at once; confirms nothing."""
        self._release()

    async def switch_on(self, *, deadline_s: float | None = None) -> SwitchResult:
        """Energise and wait for the feedback; waits before for the rest since the last opening.

        Args:
            deadline_s: longest wait for the feedback, s; ``close_s`` if omitted.

        Raises:
            CommandFailed: feedback did not follow, or somebody switched off meanwhile; the coil is released.
            SafetyRefused: the contactor is welded, or shows closed contacts while it is off.
        """
        async with self._turn:
            epoch = self._releases
            self._refuse_if_welded()
            if self._on and self._state() is not ContactorState.OFF:
                return self._result(True, self._context.clock.monotonic_s())
            await self._rest(epoch)
            self._refuse_if_welded()
            started_s = self._context.clock.monotonic_s()
            try:
                self._energise()
                closed = await self._follows(ContactorState.ON, deadline_s or self._options.close_s, lambda: self._releases != epoch)
            except BaseException:
                self._release()
                raise
            result = self._result(True, started_s)
            if self._releases != epoch:
                raise CommandFailed("switched off while it was closing", evidence=result, device=self._context.device)
            if not closed:
                self._release()
                self._context.health.fault("failed to close")
                raise CommandFailed(
                    f"no feedback {result.elapsed_s * 1000:.0f} ms after the coil was energised; the coil is released",
                    evidence=result,
                    device=self._context.device,
                    hint="check the coil, its supply and the mirror contact",
                )
            self._context.health.ok("on")
            self._report_wear()
            return result

    async def switch_off(self, *, under_load: bool = False, deadline_s: float | None = None) -> SwitchResult:
        """Release the coil before anything else, then wait for the feedback.

        Args:
            under_load: current was flowing; counted as a hot opening.
            deadline_s: longest wait for the feedback, s; ``open_s`` if omitted.

        Raises:
            CommandFailed: the contacts still show closed: welded.
        """
        started_s, was_on = self._context.clock.monotonic_s(), self._on
        self._release()
        if under_load and was_on:
            self._hot_openings += 1
            self._context.memory.save("hot_openings", self._hot_openings)
        async with self._turn:
            opened = await self._follows(ContactorState.OFF, deadline_s or self._options.open_s)
            result = self._result(False, started_s)
            if not opened:
                self._found_welded(f"the contacts show closed {result.elapsed_s * 1000:.0f} ms after the coil was released")
                raise CommandFailed(
                    f"the contacts still show closed after {result.elapsed_s * 1000:.0f} ms: welded",
                    evidence=result,
                    device=self._context.device,
                    hint="keep the plug locked, cut the supply upstream, replace the contactor",
                )
            return result

    async def sense(self) -> ContactorReading:
        """The main contacts as the feedback shows them now."""
        return self._reading(self._state())

    @property
    def counter(self) -> SwitchingCounter:
        """Operations so far, kept across restarts."""
        return SwitchingCounter(self._operations, self._hot_openings, self._options.rated_operations)

    @property
    def three_phase_operations(self) -> int:
        """Operations of the second contactor, kept across restarts; 0 where there is none."""
        return self._three_phase_operations

    @property
    def unexpected(self) -> Events[ContactorReading]:
        """Dropped out (the coil is then released, so that it cannot come back by itself), or closed without a command."""
        return self._unexpected

    @property
    def phases(self) -> int:
        """Phases that the next switch-on feeds."""
        return self._phases

    async def select_phases(self, phases: int) -> None:
        """Choose 1 or 3 phases for the next switch-on.

        Args:
            phases: 1 or 3.

        Raises:
            SafetyRefused: the contactor is not off.
            Unsupported: there is no second contactor, or no such number.
        """
        if phases == self._phases:
            return
        if self._coil3 is None or phases not in {1, 3}:
            raise Unsupported(
                f"cannot feed {phases} phases", device=self._context.device, hint="a second contactor for L2 and L3 is the line coil3"
            )
        async with self._turn:
            if self._on or self._state() is ContactorState.ON:
                raise SafetyRefused("phases are chosen while the contactor is off", device=self._context.device, hint="switch off first")
            self._phases = phases
            self._rest_until_s = max(self._rest_until_s, self._commanded_s + self._options.phase_pause_s)

    async def check_weld(self) -> WeldReading:
        """Judge the main contacts. Whatever of mirror contact and mains sense is fitted is asked, and one bad word is enough.

        The mains sense word is only good after the vehicle is unplugged (state B→A); the caller decides when to ask. It is left out
        for ``sense_after_s`` after opening; without a mirror contact the verdict is unknown for so long. A weld fires the shunt release,
        if the options say so; what came of it is in ``detail``.
        """
        async with self._turn:
            reading = await self._judge()
            if self._shunt is None:
                return reading
            if reading.state is WeldState.CLEAR:
                self._shunt.rearm()
            if reading.state is not WeldState.WELDED:
                return reading
            outcome = await self._shunt.fire()
            self._found_welded(f"{reading.detail}; {outcome}")
            return self._weld_reading(WeldState.WELDED, reading.method, f"{reading.detail}; {outcome}")

    async def _judge(self) -> WeldReading:
        if self._on:
            return self._weld_reading(WeldState.UNKNOWN, WeldMethod.NONE, "the contactor is on")
        methods: list[WeldMethod] = []
        if self._mirror is not None:
            methods.append(WeldMethod.MIRROR_CONTACT)
            if not await self._follows(ContactorState.OFF, self._options.open_s):
                return self._welded(WeldMethod.MIRROR_CONTACT, "the mirror contact shows closed main contacts")
        settled = self._context.clock.monotonic_s() - self._commanded_s >= self._options.sense_after_s
        if self._sense_line is not None and settled:
            methods.append(WeldMethod.MAINS_SENSE)
            if await self._voltage_behind(self._sense_line):
                return self._welded(WeldMethod.MAINS_SENSE, "mains voltage behind the open contactor")
        if not methods:
            why = "neither a mirror contact nor mains sense is fitted" if settled else "too soon after opening for mains sense"
            return self._weld_reading(WeldState.UNKNOWN, WeldMethod.NONE, why)
        if self._weld is not None:
            self._weld = None
            self._context.health.ok("weld resolved")
        return self._weld_reading(WeldState.CLEAR, methods[-1], " and ".join(method.value for method in methods) + " show open contacts")

    def _state(self) -> ContactorState:
        if self._mirror is None:
            return ContactorState.UNKNOWN
        contact_closed = self._mirror.read()
        shows_on = contact_closed if self._options.feedback is Feedback.NO else not contact_closed
        return ContactorState.ON if shows_on else ContactorState.OFF

    def _energise(self) -> None:
        self._commanded_s = self._context.clock.monotonic_s()
        self._on = True
        if self._coil3 is not None:  # contactor 2 moves only while contactor 1 is open
            self._coil3.write(self._phases == 3)
            if self._phases == 3:
                self._three_phase_operations += 1
                self._context.memory.save("three_phase_operations", self._three_phase_operations)
        self._coil.write(True)
        self._operations += 1
        self._context.memory.save("operations", self._operations)

    def _release(self) -> None:
        self._releases += 1
        was_on, self._on = self._on, False
        try:
            self._coil.write(False)
        finally:
            if self._coil3 is not None:
                self._coil3.write(False)
        if was_on:
            self._commanded_s = self._context.clock.monotonic_s()
            self._rest_until_s = max(self._rest_until_s, self._commanded_s + self._options.min_off_s)

    async def _rest(self, epoch: int) -> None:
        """Wait until the rest since the last opening is over.

        Raises:
            CommandFailed: somebody switched off meanwhile.
        """
        wait_s = self._rest_until_s - self._context.clock.monotonic_s()
        if wait_s > 0.0:
            await self._context.clock.sleep(wait_s)
        if self._releases != epoch:
            raise CommandFailed("switched off before it closed", evidence=self._reading(self._state()), device=self._context.device)

    async def _follows(self, wanted: ContactorState, within_s: float, given_up: Callable[[], bool] = lambda: False) -> bool:
        """Whether the feedback shows ``wanted`` within the time; without feedback the time passes and is believed."""
        if self._mirror is None:
            await self._context.clock.sleep(within_s)
            return True
        started_s = self._context.clock.monotonic_s()
        if await self._shown(wanted, within_s, given_up) or given_up():
            return self._state() is wanted
        if self._context.clock.monotonic_s() - started_s - within_s < STARVED_S:
            return False
        return await self._shown(wanted, within_s, given_up)  # this process did not run: what moved meanwhile is heard only now

    async def _shown(self, wanted: ContactorState, within_s: float, given_up: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(within_s):
                while self._state() is not wanted and not given_up():
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            pass
        return self._state() is wanted

    def _edge(self, edge: Edge) -> None:
        self._moved.set()
        state = self._state()
        wanted = ContactorState.ON if self._on else ContactorState.OFF
        grace_s = self._options.close_s if self._on else self._options.open_s
        if state is wanted or edge.stamp.monotonic_s - self._commanded_s <= grace_s:
            return  # the command itself waits for this and judges it
        reading = self._reading(state)
        if state is ContactorState.ON:
            self._found_welded("the contacts closed without a command")
        else:
            self._release()
            self._context.health.fault("dropped out; the coil is released")
        self._unexpected.publish(reading)

    async def _voltage_now(self) -> bool | None:
        """Whether mains voltage is behind the contactor; ``None`` where it is not sensed."""
        return None if self._sense_line is None else await self._voltage_behind(self._sense_line)

    async def _voltage_behind(self, line: InputLine) -> bool:
        """Whether the input was active at any moment of the window; an optocoupler may show the half waves of 50 Hz."""
        seen = asyncio.Event()
        with line.edges.on(lambda edge: seen.set() if edge.active else None):
            if line.read():
                return True
            try:
                async with asyncio.timeout(self._options.sense_window_s):
                    await seen.wait()
            except TimeoutError:
                return line.read()
            return True

    def _refuse_if_welded(self) -> None:
        if self._weld is None and not self._on and self._state() is ContactorState.ON:
            self._found_welded("the feedback shows closed contacts although the coil is off")
        if self._weld is not None:
            raise SafetyRefused(
                f"refused: {self._weld}", device=self._context.device, hint="replace the contactor, then let check_weld clear it"
            )

    def _found_welded(self, why: str) -> None:
        self._weld = why
        self._context.health.fault(f"welded: {why}")

    def _welded(self, method: WeldMethod, detail: str) -> WeldReading:
        self._found_welded(detail)
        return self._weld_reading(WeldState.WELDED, method, detail)

    def _report_wear(self) -> None:
        rated = self._options.rated_operations
        if rated is not None and self._operations >= rated * self._options.warn_share:
            self._context.health.degraded(f"{self._operations} of {rated} rated operations are used")

    def _result(self, on: bool, started_s: float) -> SwitchResult:
        stamp = self._context.clock.stamp()
        return SwitchResult(
            on=on, state=self._state(), verified=self._mirror is not None, elapsed_s=stamp.monotonic_s - started_s, stamp=stamp
        )

    def _reading(self, state: ContactorState) -> ContactorReading:
        return ContactorReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            state=state,
            commanded_on=self._on,
            verified=self._mirror is not None,
            phases=self._phases,
        )

    def _weld_reading(self, state: WeldState, method: WeldMethod, detail: str) -> WeldReading:
        return WeldReading(stamp=self._context.clock.stamp(), source=self._context.device, state=state, method=method, detail=detail)
