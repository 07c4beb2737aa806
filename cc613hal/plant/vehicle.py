"""A vehicle at an outlet: plugs in, follows the pilot, fills its battery, unplugs.

It behaves as IEC 61851-1 vehicles are publicly known to: it loads the pilot with 2740 Ω, closes S2 (882 Ω, or 246 Ω with
ventilation) some time after a duty cycle offers current, draws about 5 % less than offered (public SmartEVSE issue 64), follows a
changed offer within seconds, and stops within 3 s when the PWM stops.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from cc613hal.events import Subscription
from cc613hal.plant.physics import Timer, offered_current_a
from cc613hal.plant.world import Outlet

__all__ = ["Vehicle"]

_OHM_B = 2740.0
_OHM_C = 882.0
_OHM_D = 246.0
_SIMPLIFIED_MAX_A = 10.0
"""A vehicle with the simplified pilot limits itself to 10 A (public EVerest issue 742)."""


@define(eq=False)
class Vehicle:
    """A vehicle.

    Current flows only while the contacts are closed, S2 is closed and the pilot offers current. All is event-driven on the clock of
    the running loop.

    Attributes:
        outlet: where it is, or will be, plugged in.
        phases: phases its charger uses.
        max_current_a: most its charger draws per phase, A.
        battery_wh: energy it still wants, Wh; ``None`` for no end. When it has got it, it opens S2 by itself.
        follows: share of the offer it draws.
        ready_s: from the first offer to S2 closed, s.
        start_s: from closed contacts to current, s.
        lag_s: from a changed offer to a changed current, s (5 s at most by the standard).
        stop_s: from the end of the offer to S2 open, s (3 s at most by the standard).
        diode: its pilot diode is intact.
        ventilation: it asks for ventilation (state D instead of C).
        simplified: it has no S2: plugged in, it shows C at once.
        asleep: it does not react to an offer until a pulse of state F wakes it (IEC 61851-1 A.5.3).
        automatic: it closes S2 by itself when current is offered; otherwise :meth:`request_energy` must be called.
    """

    outlet: Outlet
    phases: int = field(default=3, kw_only=True)
    max_current_a: float = field(default=32.0, kw_only=True)
    battery_wh: float | None = field(default=None, kw_only=True)
    follows: float = field(default=0.95, kw_only=True)
    ready_s: float = field(default=1.0, kw_only=True)
    start_s: float = field(default=1.0, kw_only=True)
    lag_s: float = field(default=2.0, kw_only=True)
    stop_s: float = field(default=1.0, kw_only=True)
    diode: bool = field(default=True, kw_only=True)
    ventilation: bool = field(default=False, kw_only=True)
    simplified: bool = field(default=False, kw_only=True)
    asleep: bool = field(default=False, kw_only=True)
    automatic: bool = field(default=True, kw_only=True)
    _plugged: bool = field(default=False, init=False)
    _wants: bool = field(default=True, init=False)
    _s2: bool = field(default=False, init=False)
    _energy_before_wh: float = field(default=0.0, init=False)
    _s2_timer: Timer = field(factory=Timer, init=False)
    _current_timer: Timer = field(factory=Timer, init=False)
    _full_timer: Timer = field(factory=Timer, init=False)
    _subscriptions: list[Subscription] = field(factory=list, init=False)

    @property
    def plugged(self) -> bool:
        """Whether it is plugged in."""
        return self._plugged

    @property
    def s2_closed(self) -> bool:
        """Whether it asks for energy on the pilot."""
        return self._plugged and (self._s2 or self.simplified)

    @property
    def drawn_wh(self) -> float:
        """Energy it got since it was plugged in, Wh."""
        return self.outlet.energy_now_wh() - self._energy_before_wh if self._plugged else 0.0

    def plug_in(self, *, cable_ohm: float | None = 220.0) -> None:
        """Plug the cable into the outlet.

        Args:
            cable_ohm: the plug's proximity resistor (1500 Ω: 13 A, 680 Ω: 20 A, 220 Ω: 32 A, 100 Ω: 63 A); ``None`` for a tethered cable.

        Raises:
            RuntimeError: it is plugged in already, or something else is.
        """
        outlet = self.outlet
        if self._plugged or outlet.vehicle_ohm.value is not None:
            raise RuntimeError(f"outlet {outlet.number} is taken")
        self._plugged, self._wants, self._s2 = True, self.automatic, False
        self._energy_before_wh = outlet.energy_now_wh()
        outlet.cable_ohm.set(cable_ohm)
        outlet.vehicle_diode.set(self.diode)
        self._show()
        watched: tuple[Callable[[Callable[[object], None]], Subscription], ...] = (
            outlet.contacts.on,
            outlet.mains_v.on,
            outlet.pilot_duty.on,
            outlet.pilot_high_v.on,
            outlet.pilot_shorted.on,
            outlet.pe_connected.on,
        )
        self._subscriptions.extend(on(lambda _: self._react()) for on in watched)
        self._react()

    def unplug(self, *, force: bool = False) -> None:
        """Pull the plug out; an empty hand stays empty.

        Args:
            force: break the lock.

        Raises:
            RuntimeError: the bolt holds the plug.
        """
        if not self._plugged:
            return
        self._must_be_loose(force)
        self.let_go_of_cable()
        self.outlet.cable_ohm.set(None)

    def let_go_of_cable(self) -> None:
        """Pull the other end of the cable out of the vehicle: its plug stays in the outlet."""
        if not self._plugged:
            return
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()
        for timer in (self._s2_timer, self._current_timer, self._full_timer):
            timer.cancel()
        self._plugged = self._s2 = False
        self.outlet.current_a.set((0.0, 0.0, 0.0))
        self.outlet.vehicle_ohm.set(None)
        self.outlet.vehicle_diode.set(True)

    def take_cable(self, *, force: bool = False) -> None:
        """Pull a plug that has no vehicle any more out of the outlet.

        Args:
            force: break the lock.

        Raises:
            RuntimeError: the bolt holds the plug.
        """
        self._must_be_loose(force)
        self.outlet.cable_ohm.set(None)

    def _must_be_loose(self, force: bool) -> None:
        if self.outlet.bolt_locked.value > 0.5 and not force:
            raise RuntimeError(f"the plug is locked in outlet {self.outlet.number}")

    def request_energy(self) -> None:
        """Want energy: S2 closes as soon as current is offered."""
        self._wants = True
        self._react()

    def stop_energy(self) -> None:
        """Want no more: the current stops, then S2 opens."""
        self._wants = False
        self._open_s2()

    def toggle(self) -> None:
        """Close S2 if it is open and open it if it is closed, at once, whatever is offered (B-C-B toggles of ISO 15118-3)."""
        self._s2_timer.cancel()
        self._s2 = not self._s2
        self._show()
        self._react()

    def _show(self) -> None:
        asks = _OHM_D if self.ventilation else _OHM_C
        self.outlet.vehicle_ohm.set(asks if self.s2_closed else _OHM_B)

    def _react(self) -> None:
        offer_a = offered_current_a(self.outlet)
        if self.outlet.pilot_high_v.value < 0.0:
            self.asleep = False
        if offer_a > 0.0 and self._wants and not self.asleep and not self._s2:
            if not self._s2_timer.pending:
                self._s2_timer.start(self.ready_s, self._close_s2)
        elif offer_a <= 0.0 and self._s2:
            if not self._s2_timer.pending:
                self._s2_timer.start(self.stop_s, self._open_s2)
        else:
            self._s2_timer.cancel()
        self._follow()

    def _close_s2(self) -> None:
        self._s2 = True
        self._show()
        self._follow()

    def _open_s2(self) -> None:
        self._s2_timer.cancel()
        self._s2 = False
        self._follow()
        if self._plugged:
            self._show()

    def _alive(self) -> tuple[bool, bool, bool]:
        """Phases on which current can flow at all."""
        fed = min(self.phases, self.outlet.contacts.value) if self.s2_closed else 0
        l1, l2, l3 = (phase < fed and volts > 100.0 for phase, volts in enumerate(self.outlet.mains_v.value))
        return l1, l2, l3

    def _target(self) -> tuple[float, float, float]:
        """What it would draw once it has followed the offer."""
        limit_a = min(self.max_current_a, _SIMPLIFIED_MAX_A) if self.simplified else self.max_current_a
        current_a = min(limit_a, offered_current_a(self.outlet) * self.follows)
        if self.simplified and not self._wants:
            current_a = 0.0
        l1, l2, l3 = (current_a if alive else 0.0 for alive in self._alive())
        return l1, l2, l3

    def _follow(self) -> None:
        l1, l2, l3 = (flows if alive else 0.0 for flows, alive in zip(self.outlet.current_a.value, self._alive(), strict=True))
        if (l1, l2, l3) != self.outlet.current_a.value:
            self._draw((l1, l2, l3))  # an opened contact, an opened S2, a lost phase: at once
        if self._target() == (l1, l2, l3):
            self._current_timer.cancel()
        elif not self._current_timer.pending:
            lag_s = self.lag_s if offered_current_a(self.outlet) > 0.0 else self.stop_s
            self._current_timer.start(lag_s if any((l1, l2, l3)) else self.start_s, lambda: self._draw(self._target()))

    def _draw(self, current_a: tuple[float, float, float]) -> None:
        self.outlet.current_a.set(current_a)
        self._full_timer.cancel()
        power_w = sum(self.outlet.phase_power_w)
        if self.battery_wh is not None and power_w > 0.0:
            missing_wh = max(self.battery_wh - self.drawn_wh, 0.0)
            self._full_timer.start(missing_wh / power_w * 3600.0, self.stop_energy)
