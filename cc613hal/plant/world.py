"""The simulated physical world: what is around the controller, as signals.

Emulated parts connect to it: the contactor's coil moves :attr:`Outlet.contacts`, the pilot's ADC reads what the vehicle makes of
:attr:`Outlet.pilot_volts`, the meter integrates :attr:`Outlet.current_a`. Nothing here knows a bus or a driver.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen

from cc613hal.clock import Clock
from cc613hal.plant.signal import Signal

__all__ = ["Cabinet", "FieldCard", "Outlet", "Plant"]


@frozen(kw_only=True)
class FieldCard:
    """A card in a reader's field.

    Attributes:
        uid: 4, 7 or 10 bytes.
        sak: SEL_RES.
        atqa: SENS_RES.
        ats: answer to select of an ISO-DEP card, without its length byte.
    """

    uid: bytes
    sak: int = 0x08
    atqa: int = 0x0004
    ats: bytes = b""


@define
class Cabinet:
    """The inside of the housing and what surrounds it.

    Attributes:
        temperature_c: by place: ``internal``, ``ambient``, ``relay`` …
        gravity_g: acceleration along the station's axes, g.
        bay_distance_mm: to the nearest object in the parking bay, mm.
        supply_v: the controller's supply, V.
        cards: cards in the reader's field.
    """

    temperature_c: dict[str, Signal[float]] = field(factory=dict)
    gravity_g: Signal[tuple[float, float, float]] = field(factory=lambda: Signal((0.0, 0.0, 1.0)))
    bay_distance_mm: Signal[float] = field(factory=lambda: Signal(6000.0))
    supply_v: Signal[float] = field(factory=lambda: Signal(12.0))
    cards: Signal[tuple[FieldCard, ...]] = field(factory=lambda: Signal(()))

    def temperature(self, place: str) -> Signal[float]:
        """The temperature at a place, 25 °C until somebody changes it."""
        return self.temperature_c.setdefault(place, Signal(25.0))


@define
class Outlet:
    """One outlet, from the mains to the vehicle.

    Attributes:
        mains_v: phase voltages at the contactor's input, V.
        coil: the contactor's coil is energised.
        phases_selected: phases the coil pulls in.
        contacts: phases whose main contacts are closed (0, 1 or 3).
        welded: the main contacts hang.
        stuck_open: the contacts do not follow the coil.
        pilot_high_v: open-circuit high level the station's generator makes, V (+12, or −12 in F).
        pilot_duty: duty cycle the generator makes, 0 to 1; 1 is a steady level.
        vehicle_ohm: what the vehicle puts between pilot (behind its diode) and PE, Ω; ``None`` for no vehicle.
        vehicle_diode: the vehicle's diode is intact.
        pilot_shorted: pilot shorted to PE.
        cable_ohm: the plug's proximity resistor, Ω; ``None`` for no cable.
        current_a: what flows, A per phase.
        residual_dc_ma: smooth direct residual current, mA.
        residual_rms_ma: alternating residual current, mA r.m.s.
        bolt_locked: how far the lock's bolt is out, 0 (unlocked) to 1 (locked).
        bolt_blocked: the bolt cannot move.
        opener_v: voltage of the emergency opener's store, V.
        pe_connected: protective earth is there.
        socket_plugged: a plug is in the household socket.
        flap_closed: its flap is closed.
        breaker_closed: the breaker upstream is closed; what it does to the mains is the part's that has one.
        rcd_closed: the residual current device upstream is closed.
        energy_wh: energy delivered up to the last change of voltage or current, Wh; the true value now is :meth:`energy_now_wh`.
        clock: the clock the world moves on.

    Energy is integrated exactly and without ticking: whenever a voltage or a current changes, what flowed until then is booked, so
    :meth:`energy_now_wh` is right at any moment, also after eight virtual hours without an event. Meters quantise it.
    """

    number: int
    mains_v: Signal[tuple[float, float, float]] = field(factory=lambda: Signal((230.0, 230.0, 230.0)))
    coil: Signal[bool] = field(factory=lambda: Signal(False))
    phases_selected: Signal[int] = field(factory=lambda: Signal(3))
    contacts: Signal[int] = field(factory=lambda: Signal(0))
    welded: Signal[bool] = field(factory=lambda: Signal(False))
    stuck_open: Signal[bool] = field(factory=lambda: Signal(False))
    pilot_high_v: Signal[float] = field(factory=lambda: Signal(12.0))
    pilot_duty: Signal[float] = field(factory=lambda: Signal(1.0))
    vehicle_ohm: Signal[float | None] = field(factory=lambda: Signal[float | None](None))
    vehicle_diode: Signal[bool] = field(factory=lambda: Signal(True))
    pilot_shorted: Signal[bool] = field(factory=lambda: Signal(False))
    cable_ohm: Signal[float | None] = field(factory=lambda: Signal[float | None](None))
    current_a: Signal[tuple[float, float, float]] = field(factory=lambda: Signal((0.0, 0.0, 0.0)))
    residual_dc_ma: Signal[float] = field(factory=lambda: Signal(0.0))
    residual_rms_ma: Signal[float] = field(factory=lambda: Signal(0.0))
    bolt_locked: Signal[float] = field(factory=lambda: Signal(0.0))
    bolt_blocked: Signal[bool] = field(factory=lambda: Signal(False))
    opener_v: Signal[float] = field(factory=lambda: Signal(12.0))
    pe_connected: Signal[bool] = field(factory=lambda: Signal(True))
    socket_plugged: Signal[bool] = field(factory=lambda: Signal(False))
    flap_closed: Signal[bool] = field(factory=lambda: Signal(True))
    breaker_closed: Signal[bool] = field(factory=lambda: Signal(True))
    rcd_closed: Signal[bool] = field(factory=lambda: Signal(True))
    energy_wh: float = 0.0
    clock: Clock = field(factory=Clock)
    _booked_s: float = field(default=0.0, init=False)
    _booked_w: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.mains_v.on(lambda _: self._book())
        self.current_a.on(lambda _: self._book())

    @property
    def phase_power_w(self) -> tuple[float, float, float]:
        """Power of each phase towards the vehicle at this moment, W (power factor 1)."""
        (u1, u2, u3), (i1, i2, i3) = self.mains_v.value, self.current_a.value
        return u1 * i1, u2 * i2, u3 * i3

    def energy_now_wh(self, clock: Clock | None = None) -> float:
        """Energy delivered until this moment, Wh, exact.

        Args:
            clock: the clock to read; the outlet's own if omitted.
        """
        return self.energy_wh + self._booked_w * ((clock or self.clock).monotonic_s() - self._booked_s) / 3600.0

    def _book(self) -> None:
        now_s = self.clock.monotonic_s()
        self.energy_wh += self._booked_w * (now_s - self._booked_s) / 3600.0
        self._booked_s, self._booked_w = now_s, sum(self.phase_power_w)


@define
class Plant:
    """The world around one controller.

    Args:
        clock: the board's clock; the world moves on it.
        cabinet: the housing.
        outlets: by connector number.
        parts: emulated parts by device name, so that a test or a demonstration can break them.
    """

    clock: Clock = field(factory=Clock)
    cabinet: Cabinet = field(factory=Cabinet)
    outlets: dict[int, Outlet] = field(factory=dict)
    parts: dict[str, Any] = field(factory=dict)

    def outlet(self, number: int = 1) -> Outlet:
        """The outlet of a connector; made when first asked for."""
        if number not in self.outlets:
            self.outlets[number] = Outlet(number, clock=self.clock)
        return self.outlets[number]
