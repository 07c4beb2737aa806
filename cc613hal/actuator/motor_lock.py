"""A motor lock: two lines to an H bridge, a contact, an emergency opener.

Sources of the rules: HARTING type 2 socket sheet 61 13 213 (never power a stalled motor beyond its time; short the wires after a stroke),
an open vehicle project quoting the Küster 04S sheet (pause after each stroke), chargebyte's Charge Control C documentation (H bridge truth,
store charged before locking), Bender's error list (locking failed, stuck, unlocked while charging). Retry logic is inferred.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from cc613hal.actuator.preset import ActuatorPreset, FeedbackSense, MotorLockOptions
from cc613hal.actuator.supply_loss import SupplyLoss
from cc613hal.bus.gpio import Edge, InputLine, OutputLine, write_together
from cc613hal.errors import CommandFailed, SafetyRefused
from cc613hal.events import Events, EventSource, Subscription
from cc613hal.interfaces.identity import SafeState
from cc613hal.interfaces.lock import (
    EmergencyOpener,
    EmergencyRelease,
    LockPosition,
    LockReading,
    LockResult,
    OpenerReading,
    OpenerState,
    PlugLock,
    ReleaseReport,
)
from cc613hal.plugins.context import DeviceContext, Driver

__all__ = ["MotorLock"]


class MotorLock(PlugLock, EmergencyOpener, EmergencyRelease, SafeState, Driver):
    """An actuator whose motor runs one way to lock and the other way to unlock. Derive from it and set :attr:`preset`.

    A stroke is never cut short by a cancelled caller and never lasts longer than the preset's drive time; a failing supply ends it
    earlier, and so does a motor that stands at its current limit, where the board measures that. Without feedback the position after a
    stroke is believed (``verified=False``), and unknown before the first one.
    """

    preset: ClassVar[ActuatorPreset]

    def __init__(self, context: DeviceContext, options: MotorLockOptions) -> None:
        self._context = context
        self._options = options
        self._preset = type(self).preset.with_options(options)
        self._in1: OutputLine = context.output("in1")
        self._in2: OutputLine = context.output("in2")
        fitted = self._preset.feedback is not FeedbackSense.NONE and context.has_line("feedback")
        self._feedback: InputLine | None = context.input("feedback") if fitted else None
        self._energy: InputLine | None = context.input("energy_ok") if context.has_line("energy_ok") else None
        self._limit: InputLine | None = context.input("current_limit") if context.has_line("current_limit") else None
        self._unexpected: EventSource[LockReading] = EventSource(f"{context.device}.unexpected")
        self._turn = asyncio.Lock()
        self._loss = SupplyLoss(
            context,
            options,
            self._preset,
            read=self._reading,
            busy=self._turn.locked,
            give_up=self._give_up_at_once,
            unlock=self._unlock_at_once,
        )
        self._hurry = False
        self._nudge = asyncio.Event()
        self._moving = False
        self._towards_in1 = self._preset.invert
        self._believed = LockPosition.UNKNOWN
        self._jammed = False
        self._seen_closed = False
        self._rested_s = float("-inf")
        self._uncharged_s = context.clock.monotonic_s()
        self._cycles = int(context.memory.load("cycles", 0))
        self._subscriptions: list[Subscription] = []

    async def connect(self) -> None:
        """Take the motor off the supply, and learn the position where a contact tells it. Nothing moves."""
        self._off()
        self._uncharged_s = self._context.clock.monotonic_s()
        if not self._subscriptions:
            if self._feedback is not None:
                self._subscriptions.append(self._feedback.edges.on(self._edge))
            if self._energy is not None:
                self._subscriptions.append(self._energy.edges.on(self._energy_edge))
            if self._limit is not None:
                self._subscriptions.append(self._limit.edges.on(lambda _: self._nudge.set()))
            self._subscriptions.extend(self._loss.watch())
        position = self._position()
        self._believed = position if self._verified(position) else LockPosition.UNKNOWN
        self._context.health.ok(f"bolt: {position.value}")

    async def aclose(self) -> None:
        """Take the motor off the supply and stop listening."""
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()
        await self._loss.aclose()
        self._off()

    async def make_safe(self) -> None:
        """Take the motor off the supply; the bolt stays where it is, or is driven back once if the options say so.

        A stroke under way ends with this call at the latest.
        """
        if self._options.unlock_when_safe:
            await self._stroke(lock=False)
        self._off()

    async def lock(self, *, deadline_s: float | None = None) -> LockResult:
        """Drive the bolt home, retrying as the preset says.

        Args:
            deadline_s: longest time for all strokes, s; enough for the preset's attempts if omitted. The stroke that frees the motor after
                a failure, with the rest before it, comes on top.

        Raises:
            CommandFailed: the bolt is not home; the motor was freed by an unlock stroke.
            SafetyRefused: the emergency opener has no energy.
        """
        async with self._turn:
            self._require_energy()
            return await self._drive_home(lock=True, deadline_s=deadline_s)

    async def unlock(self, *, deadline_s: float | None = None) -> LockResult:
        """Drive the bolt back, retrying as the preset says.

        Args:
            deadline_s: longest time for all strokes, s; enough for the preset's attempts if omitted.

        Raises:
            CommandFailed: the bolt is stuck.
        """
        async with self._turn:
            return await self._drive_home(lock=False, deadline_s=deadline_s)

    async def position(self) -> LockReading:
        """Where the bolt is now."""
        return self._reading()

    @property
    def unexpected(self) -> Events[LockReading]:
        """The contact changed without a command."""
        return self._unexpected

    @property
    def releases(self) -> Events[ReleaseReport]:
        """What became of the plug at each loss of the supply that met it locked."""
        return self._loss.reports

    @property
    def last_release(self) -> ReleaseReport | None:
        """The last such report since the board was opened."""
        return self._loss.last

    async def opener(self) -> OpenerReading:
        """The energy store now; the voltage is not measured."""
        return OpenerReading(stamp=self._context.clock.stamp(), source=self._context.device, state=self._opener_state())

    @property
    def cycles(self) -> int:
        """Strokes driven since the part was fitted, kept across restarts."""
        return self._cycles

    async def _drive_home(self, *, lock: bool, deadline_s: float | None) -> LockResult:
        preset, clock = self._preset, self._context.clock
        wanted = LockPosition.LOCKED if lock else LockPosition.UNLOCKED
        started_s = clock.monotonic_s()
        if self._feedback is not None and self._believed is wanted and self._position() is wanted and self._verified(wanted):
            return self._result(wanted, 0, started_s)  # driven there before, and the contact still says so
        once_s = preset.drive_s + preset.settle_s
        until_s = started_s + (deadline_s if deadline_s is not None else preset.attempts * (preset.pause_s + once_s) + preset.pause_s)
        tried = 0
        while tried < preset.attempts:
            wait_s = max(self._rested_s - clock.monotonic_s(), 0.0)
            if clock.monotonic_s() + wait_s + once_s > until_s + 1e-6:
                break
            await self._wait(wait_s)
            self._refuse_in_a_hurry()
            tried += 1
            await self._stroke(lock=lock)
            self._refuse_in_a_hurry()
            if self._feedback is None or self._position() is wanted:
                self._arrived(wanted)
                return self._result(wanted, tried, started_s)
        await self._give_up(wanted, tried)
        raise CommandFailed(
            f"the bolt is not {wanted.value} after {tried} stroke{'' if tried == 1 else 's'}",
            evidence=self._reading(),
            device=self._context.device,
            hint=(
                "seat the plug and try again; else check the actuator's wires"
                if tried
                else "the deadline left no time for a stroke; the motor rests after each one"
            ),
        )

    async def _give_up(self, wanted: LockPosition, tried: int) -> None:
        if tried == 0:
            return
        self._jammed = True
        self._believed = LockPosition.UNKNOWN
        self._context.health.fault("locking failed" if wanted is LockPosition.LOCKED else "stuck, cannot unlock")
        if wanted is LockPosition.LOCKED:  # free the motor, and the plug
            await self._wait(self._rested_s - self._context.clock.monotonic_s())
            self._refuse_in_a_hurry()
            await self._stroke(lock=False)
            if self._position() is LockPosition.UNLOCKED:
                self._believed = LockPosition.UNLOCKED

    def _arrived(self, position: LockPosition) -> None:
        self._believed, self._jammed = position, False
        self._context.health.ok(f"bolt: {position.value}")

    async def _give_up_at_once(self) -> None:
        """End a command that is under way; the supply is failing."""
        self._hurry = True
        self._nudge.set()
        try:
            async with self._turn:
                pass
        finally:
            self._hurry = False

    async def _unlock_at_once(self) -> None:
        """Drive the bolt back now: a stroke under way is ended, and the motor's rest is not waited for. The supply is failing."""
        await self._give_up_at_once()
        async with self._turn:
            await self._stroke(lock=False)
            self._believed = LockPosition.UNLOCKED if self._feedback is None else self._position()

    def _refuse_in_a_hurry(self) -> None:
        if self._hurry:
            self._believed = LockPosition.UNKNOWN
            raise CommandFailed(
                "given up: the supply fails, and the plug is released",
                evidence=self._reading(),
                device=self._context.device,
                transient=True,
            )

    async def _wait(self, seconds: float) -> None:
        """Let time pass; a failing supply ends it."""
        until_s = self._context.clock.monotonic_s() + seconds
        while not self._hurry and (left_s := until_s - self._context.clock.monotonic_s()) > 0.0:
            await self._nudged(left_s)

    async def _nudged(self, within_s: float) -> None:
        self._nudge.clear()
        try:
            async with asyncio.timeout(within_s):
                await self._nudge.wait()
        except TimeoutError:
            pass

    async def _driven(self) -> None:
        """The time a stroke powers the motor: the preset's, or less if the motor stands at its current limit or the supply fails."""
        clock = self._context.clock
        begun_s, standing_s = clock.monotonic_s(), None
        while not self._hurry and (left_s := begun_s + self._preset.drive_s - clock.monotonic_s()) > 1e-9:
            if self._limit is None or not self._limit.read():
                standing_s = None
                await self._nudged(left_s)
                continue
            standing_s = clock.monotonic_s() if standing_s is None else standing_s
            sure_s = max(begun_s + self._options.inrush_s, standing_s) + self._options.stall_s - clock.monotonic_s()
            if sure_s <= 1e-9:
                return
            await self._nudged(min(sure_s, left_s))

    async def _stroke(self, *, lock: bool) -> None:
        """One stroke to its end, whoever is cancelled meanwhile."""
        stroke = asyncio.create_task(self._power(lock=lock), name=f"{self._context.device} stroke")
        cancelled: asyncio.CancelledError | None = None
        while not stroke.done():
            try:
                await asyncio.shield(stroke)
            except asyncio.CancelledError as error:
                if stroke.cancelled():
                    raise
                cancelled = error
        stroke.result()
        if cancelled is not None:
            raise cancelled

    async def _power(self, *, lock: bool) -> None:
        clock = self._context.clock
        self._moving = True
        try:
            started_s = clock.monotonic_s()
            try:
                self._drive(towards_in1=lock != self._preset.invert)
                await self._driven()
            finally:
                self._rest()
                powered_s = clock.monotonic_s() - started_s
                self._rested_s = started_s + powered_s + self._preset.pause_s
            if powered_s > 1.5 * self._preset.drive_s:
                self._context.log.warning("%s: the motor was powered for %.2f s: the loop was busy", self._context.device, powered_s)
            self._cycles += 1
            self._context.memory.save("cycles", self._cycles)
            await self._wait(self._preset.settle_s)
        finally:
            self._moving = False
        self._note_contact()

    def _drive(self, *, towards_in1: bool) -> None:
        """The line to be low comes first, so that without a joint write nothing is driven, or the same direction, in between."""
        self._towards_in1 = towards_in1
        if towards_in1:
            write_together(((self._in2, False), (self._in1, True)))
        else:
            write_together(((self._in1, False), (self._in2, True)))

    def _rest(self) -> None:
        """End of a stroke: brake or float; from a stroke one line changes, so nothing else is driven in between."""
        write_together(((self._in1, self._preset.brake), (self._in2, self._preset.brake)))

    def _off(self) -> None:
        """From the brake both lines change. Where they cannot change together, what is driven in between is the way the bolt went last, or
        back where nobody knows.
        """
        first = self._in2 if self._towards_in1 else self._in1
        second = self._in1 if self._towards_in1 else self._in2
        write_together(((first, False), (second, False)))

    def _position(self) -> LockPosition:
        if self._feedback is None:
            return LockPosition.MOVING if self._moving else self._believed
        if self._moving:
            return LockPosition.MOVING
        self._note_contact()
        closed_locked = self._preset.feedback is FeedbackSense.CLOSED_WHEN_LOCKED
        return LockPosition.LOCKED if self._feedback.read() == closed_locked else LockPosition.UNLOCKED

    def _verified(self, position: LockPosition) -> bool:
        """Whether feedback proves the position: "locked" from an open contact needs a wire that was seen to work."""
        if self._feedback is None or position in {LockPosition.MOVING, LockPosition.UNKNOWN}:
            return False
        return position is LockPosition.UNLOCKED or self._preset.feedback is FeedbackSense.CLOSED_WHEN_LOCKED or self._seen_closed

    def _note_contact(self) -> None:
        if self._feedback is not None and self._feedback.read():
            self._seen_closed = True

    def _reading(self) -> LockReading:
        position = self._position()
        return LockReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            position=position,
            verified=self._verified(position),
            jammed=self._jammed,
        )

    def _result(self, position: LockPosition, attempts: int, started_s: float) -> LockResult:
        stamp = self._context.clock.stamp()
        return LockResult(
            position=position, verified=self._verified(position), attempts=attempts, elapsed_s=stamp.monotonic_s - started_s, stamp=stamp
        )

    def _require_energy(self) -> None:
        if self._loss.failing:
            raise SafetyRefused(
                "not locked: the supply is failing", device=self._context.device, hint="wait until it is back", transient=True
            )
        state = self._opener_state()
        if state in {OpenerState.CHARGING, OpenerState.FAULT}:
            raise SafetyRefused(
                f"not locked: the emergency opener is {'still charging' if state is OpenerState.CHARGING else 'not charged'}",
                device=self._context.device,
                hint="wait until it is charged" if state is OpenerState.CHARGING else "check the 12 V supply and the opener's energy store",
                transient=state is OpenerState.CHARGING,
            )

    def _opener_state(self) -> OpenerState:
        if self._energy is None:
            return OpenerState.NOT_FITTED
        if self._energy.read():
            return OpenerState.CHARGED
        waited_s = self._context.clock.monotonic_s() - self._uncharged_s
        return OpenerState.CHARGING if waited_s <= self._options.charge_within_s else OpenerState.FAULT

    def _edge(self, _: Edge) -> None:
        self._note_contact()
        if self._moving:
            return
        self._believed = LockPosition.UNKNOWN
        reading = self._reading()
        self._context.health.fault(f"the bolt moved without a command: {reading.position.value}")
        self._unexpected.publish(reading)

    def _energy_edge(self, edge: Edge) -> None:
        if not edge.active:
            self._uncharged_s = self._context.clock.monotonic_s()
