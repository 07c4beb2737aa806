"""Laws of the simulated world: what the pilot wire carries, and timers on the board's clock.

Everything is computed when somebody asks or when something changes. Nothing ticks, so a quiet hour costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cc613hal.plant.world import Outlet
from cc613hal.units import current_for_duty

__all__ = ["DIODE_DROP_V", "SOURCE_OHM", "Timer", "mains_present", "offered_current_a", "pilot_levels"]

SOURCE_OHM = 1000.0
"""Source resistance of the pilot generator, Ω (970…1030 Ω; EVerest documentation, "Basic BringUp")."""

DIODE_DROP_V = 0.7
"""Forward voltage of the vehicle's diode, V; with it 2740/882/246 Ω give +9/+6/+3 V (TI design guide TIDA-010239, table 2-3)."""

_GENERATOR_V = 12.0


class Timer:
    """One pending call on the loop's clock; starting it again replaces the call."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def start(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Call ``callback`` after ``delay_s`` seconds; at once, in this very call, if that is not positive.

        Raises:
            RuntimeError: no event loop is running: the world moves on its clock.
        """
        self.cancel()
        if delay_s <= 0.0:
            callback()
            return

        def fire() -> None:
            self._handle = None
            callback()

        self._handle = asyncio.get_running_loop().call_later(delay_s, fire)

    def cancel(self) -> None:
        """Forget the pending call."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    @property
    def pending(self) -> bool:
        """Whether a call is to come."""
        return self._handle is not None


def _loaded_v(generator_v: float, load_ohm: float | None, diode: bool) -> float:
    if load_ohm is None:
        return generator_v
    if not diode:  # shorted: both half waves are loaded alike
        return generator_v * load_ohm / (SOURCE_OHM + load_ohm)
    if generator_v <= DIODE_DROP_V:
        return generator_v  # the diode blocks
    return generator_v - (generator_v - DIODE_DROP_V) * SOURCE_OHM / (SOURCE_OHM + load_ohm)


def pilot_levels(outlet: Outlet) -> tuple[float, float]:
    """The highest and the lowest voltage of the pilot wire within one period, V, measured after the source resistor.

    Without PWM both are the same steady level. The vehicle's return path is protective earth: without it nobody is seen.
    """
    if outlet.pilot_shorted.value:
        return 0.0, 0.0
    load_ohm = outlet.vehicle_ohm.value if outlet.pe_connected.value else None
    diode = outlet.vehicle_diode.value
    high_v = _loaded_v(outlet.pilot_high_v.value, load_ohm, diode)
    low_v = _loaded_v(-_GENERATOR_V, load_ohm, diode)
    duty = outlet.pilot_duty.value
    if outlet.pilot_high_v.value < 0.0 or duty >= 1.0:
        return high_v, high_v
    if duty <= 0.0:
        return low_v, low_v
    return high_v, low_v


def offered_current_a(outlet: Outlet) -> float:
    """What the pilot allows a vehicle without digital communication to draw, A per phase; 0 without PWM, in F, when shorted."""
    duty = outlet.pilot_duty.value
    broken = outlet.pilot_shorted.value or not outlet.pe_connected.value
    if broken or outlet.pilot_high_v.value < 0.0 or not 0.0 < duty < 1.0:
        return 0.0
    return current_for_duty(duty * 100.0) or 0.0


def mains_present(outlet: Outlet) -> bool:
    """Whether L1 carries voltage at the contactor's input."""
    return outlet.mains_v.value[0] > 100.0
