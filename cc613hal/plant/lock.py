"""The body of a plug lock: a bolt that a motor drives."""

from __future__ import annotations

from cc613hal.plant.physics import Timer
from cc613hal.plant.signal import Signal
from cc613hal.plant.world import Outlet

__all__ = ["BoltMotor"]

_LOCKED_AT = 0.9
_UNLOCKED_AT = 0.1


class BoltMotor:
    """A bolt with its motor.

    The bolt moves at constant speed while the motor is driven and stands still otherwise. ``Outlet.bolt_blocked`` holds it where it
    is. What a driver must not do is written down: ``longest_drive_s`` is the longest time the motor was powered without a rest.

    Args:
        outlet: whose bolt.
        travel_s: time from end to end, s.
    """

    def __init__(self, outlet: Outlet, *, travel_s: float) -> None:
        self.outlet = outlet
        self.travel_s = travel_s
        self.dead = False
        """The motor does not turn (broken wire)."""
        self.locked_end: Signal[bool] = Signal(outlet.bolt_locked.value >= _LOCKED_AT)
        """The bolt is at its locked end."""
        self.unlocked_end: Signal[bool] = Signal(outlet.bolt_locked.value <= _UNLOCKED_AT)
        """The bolt is at its unlocked end."""
        self.stalled: Signal[bool] = Signal(False)
        """The motor has current and cannot turn: the bolt is blocked or at its end."""
        self.strokes: list[int] = []
        """Direction of every stroke so far: 1 towards locked, −1 towards unlocked."""
        self.longest_drive_s = 0.0
        self._direction = 0
        self._since_s = 0.0
        self._powered_s = 0.0
        self._from = outlet.bolt_locked.value
        self._timer = Timer()
        outlet.bolt_locked.on(self._moved)
        outlet.bolt_blocked.on(lambda _: self._restart())

    def drive(self, direction: int) -> None:
        """Power the motor: 1 towards locked, −1 towards unlocked, 0 not at all."""
        if direction == self._direction:
            return
        now_s = self.outlet.clock.monotonic_s()
        if self._direction:
            self.longest_drive_s = max(self.longest_drive_s, now_s - self._powered_s)
        self._stand()
        self._direction = direction
        self.stalled.set(False)
        if direction:
            self._powered_s = now_s
            self.strokes.append(direction)
            self._start()

    @property
    def powered(self) -> bool:
        """Whether the motor has current now."""
        return self._direction != 0

    def travel_left_s(self, direction: int) -> float:
        """How long the bolt would move in a direction, s; 0 if it cannot."""
        if direction == 0 or self.dead or self.outlet.bolt_blocked.value:
            return 0.0
        position = self.outlet.bolt_locked.value
        if self._timer.pending:
            position += self._direction * (self.outlet.clock.monotonic_s() - self._since_s) / self.travel_s
        return abs((1.0 if direction > 0 else 0.0) - position) * self.travel_s

    def _restart(self) -> None:
        """The bolt was blocked or freed while the motor may be running."""
        self._stand()
        if self._direction:
            self._start()

    def _start(self) -> None:
        self._since_s, self._from = self.outlet.clock.monotonic_s(), self.outlet.bolt_locked.value
        self.stalled.set(self.outlet.bolt_blocked.value and not self.dead)
        if not self.dead and not self.outlet.bolt_blocked.value:
            end = 1.0 if self._direction > 0 else 0.0
            self._timer.start(abs(end - self._from) * self.travel_s, lambda: self._arrive(end))

    def _arrive(self, end: float) -> None:
        self.outlet.bolt_locked.set(end)
        self.stalled.set(True)

    def _stand(self) -> None:
        if self._timer.pending:  # stopped on the way
            self._timer.cancel()
            way = (self.outlet.clock.monotonic_s() - self._since_s) / self.travel_s
            self.outlet.bolt_locked.set(min(1.0, max(0.0, self._from + self._direction * way)))

    def _moved(self, position: float) -> None:
        self.locked_end.set(position >= _LOCKED_AT)
        self.unlocked_end.set(position <= _UNLOCKED_AT)
