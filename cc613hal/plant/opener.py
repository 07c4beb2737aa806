"""The energy store of an emergency opener: a capacitor that drives the lock's motor when the controller's supply has failed."""

from __future__ import annotations

from cc613hal.plant.lock import BoltMotor
from cc613hal.plant.physics import Timer
from cc613hal.plant.world import Cabinet

__all__ = ["OpenerStore"]


class OpenerStore:
    """A capacitor, and the switch that puts the motor on it while the supply fails.

    The motor takes a constant current while the bolt moves and a larger one while it stands against something, so the voltage falls in
    straight lines: ``V = V0 − I · t / C``. Below ``stops_v`` the motor has no force left: the store is empty.

    Args:
        motor: the lock's motor; its outlet's ``opener_v`` is the store's voltage.
        cabinet: whose supply.
        automatic: the opener drives the bolt back by itself; otherwise the H bridge is merely fed from the store.
        capacity_f: F; 0.1 F holds about four strokes of the defaults (inferred).
        run_a: current of a moving motor, A (HARTING type 2 socket sheet: at most 0.25 A).
        stall_a: current of a blocked motor, A (same sheet: up to 2.4 A).
        fails_v: below this supply the store takes over, V.
        stops_v: below this the motor does not turn, V (inferred).
        stroke_s: how long the automatic opener drives, s.
        charge_s: time to charge the store once the supply is back, s.
    """

    def __init__(
        self,
        motor: BoltMotor,
        cabinet: Cabinet,
        *,
        automatic: bool = True,
        capacity_f: float = 0.1,
        run_a: float = 0.25,
        stall_a: float = 2.4,
        fails_v: float = 9.0,
        stops_v: float = 6.0,
        stroke_s: float = 1.0,
        charge_s: float = 5.0,
    ) -> None:
        self.motor = motor
        self.outlet = motor.outlet
        self.cabinet = cabinet
        self.automatic = automatic
        self.capacity_f = capacity_f
        self.run_a = run_a
        self.stall_a = stall_a
        self.fails_v = fails_v
        self.stops_v = stops_v
        self.stroke_s = stroke_s
        self.charge_s = charge_s
        self.ran_empty = False
        """The store was used up while the motor was wanted."""
        self._asked = 0
        self._drawing = 0
        self._since_s = self._moves_s = 0.0
        self._failing = False
        self._charge, self._stroke, self._empty = Timer(), Timer(), Timer()
        cabinet.supply_v.on(self._supply_changed)
        self.outlet.bolt_blocked.on(lambda _: self._again())

    @property
    def failing(self) -> bool:
        """Whether the supply is below ``fails_v``."""
        return self._failing

    def drive(self, direction: int) -> None:
        """What the H bridge asks: 1 towards locked, −1 towards unlocked, 0 nothing."""
        self._asked = direction
        if not self._failing:
            self.motor.drive(direction)
        elif not self.automatic:
            self._draw(direction)

    def _supply_changed(self, supply_v: float) -> None:
        failing = supply_v < self.fails_v
        if failing is self._failing:
            return
        self._failing = failing
        if failing:
            self._charge.cancel()
            self._draw((-1 if self.outlet.bolt_locked.value > 0.0 else 0) if self.automatic else self._asked)
            if self.automatic:
                self._stroke.start(self.stroke_s, lambda: self._draw(0))
        else:
            self._stroke.cancel()
            self._draw(0)
            self.motor.drive(self._asked)
            self._charge.start(self.charge_s, lambda: self.outlet.opener_v.set(12.0))

    def _again(self) -> None:
        """The bolt was blocked or freed: from now on another current flows."""
        if self._drawing:
            self._draw(self._drawing)

    def _draw(self, direction: int) -> None:
        """Drive the motor from the store from now on; what flowed until now is booked."""
        self._book()
        self._empty.cancel()
        self._drawing = direction
        spare_v = self.outlet.opener_v.value - self.stops_v
        if direction and spare_v <= 0.0:
            self._run_dry()
            return
        self._since_s, self._moves_s = self.outlet.clock.monotonic_s(), self.motor.travel_left_s(direction)
        self.motor.drive(direction)
        if direction:
            charge_c = spare_v * self.capacity_f
            moving_c = self.run_a * self._moves_s
            lasts_s = charge_c / self.run_a if charge_c <= moving_c else self._moves_s + (charge_c - moving_c) / self.stall_a
            self._empty.start(lasts_s, self._run_dry)

    def _run_dry(self) -> None:
        self._drawing = 0
        self.ran_empty = True
        self.motor.drive(0)
        self.outlet.opener_v.set(min(self.outlet.opener_v.value, self.stops_v))

    def _book(self) -> None:
        if not self._drawing:
            return
        driven_s = self.outlet.clock.monotonic_s() - self._since_s
        used_c = self.run_a * min(driven_s, self._moves_s) + self.stall_a * max(driven_s - self._moves_s, 0.0)
        self.outlet.opener_v.set(max(self.outlet.opener_v.value - used_c / self.capacity_f, 0.0))
