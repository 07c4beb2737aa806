"""The body of a plug lock: a bolt that a motor drives, and the store that opens it when the supply goes."""

from __future__ import annotations

from cc613hal.plant.physics import Timer
from cc613hal.plant.signal import Signal
from cc613hal.plant.world import Cabinet, Outlet

__all__ = ["BoltMotor", "OpenerStore"]

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
        if direction:
            self._powered_s = now_s
            self.strokes.append(direction)
            self._start()

    @property
    def powered(self) -> bool:
        """Whether the motor has current now."""
        return self._direction != 0

    def _restart(self) -> None:
        """The bolt was blocked or freed while the motor may be running."""
        self._timer.cancel()
        if self._direction:
            self._start()

    def _start(self) -> None:
        self._since_s, self._from = self.outlet.clock.monotonic_s(), self.outlet.bolt_locked.value
        if self.dead or self.outlet.bolt_blocked.value:
            return
        end = 1.0 if self._direction > 0 else 0.0
        self._timer.start(abs(end - self._from) * self.travel_s, lambda: self.outlet.bolt_locked.set(end))

    def _stand(self) -> None:
        if self._timer.pending:  # stopped on the way
            self._timer.cancel()
            way = (self.outlet.clock.monotonic_s() - self._since_s) / self.travel_s
            self.outlet.bolt_locked.set(min(1.0, max(0.0, self._from + self._direction * way)))

    def _moved(self, position: float) -> None:
        self.locked_end.set(position >= _LOCKED_AT)
        self.unlocked_end.set(position <= _UNLOCKED_AT)


class OpenerStore:
    """The energy store of an emergency opener: it pulls the bolt back when the controller's supply fails, and charges again after.

    Args:
        outlet: whose bolt and store.
        cabinet: whose supply.
        fails_v: below this supply the opener acts, V.
        charge_s: time to charge the store once the supply is back, s.
    """

    def __init__(self, outlet: Outlet, cabinet: Cabinet, *, fails_v: float = 9.0, charge_s: float = 5.0) -> None:
        self.outlet = outlet
        self.fails_v = fails_v
        self.charge_s = charge_s
        self._timer = Timer()
        cabinet.supply_v.on(self._supply_changed)

    def _supply_changed(self, supply_v: float) -> None:
        outlet = self.outlet
        if supply_v >= self.fails_v:
            self._timer.start(self.charge_s, lambda: outlet.opener_v.set(12.0))
            return
        self._timer.cancel()
        if outlet.opener_v.value >= 10.0 and outlet.bolt_locked.value > 0.0 and not outlet.bolt_blocked.value:
            outlet.opener_v.set(4.0)
            outlet.bolt_locked.set(0.0)
