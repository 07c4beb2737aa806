"""What may be decided about one connector; every figure with its source."""

from __future__ import annotations

from attrs import field, frozen, validators

__all__ = ["ConnectorSettings"]

_positive = validators.gt(0.0)


@frozen(kw_only=True)
class ConnectorSettings:
    """How a connector behaves.

    Attributes:
        plug_in_s: how long an accepted customer may take to plug in, and whoever plugged in to identify, s.
        unlock_on_ev_side: a plug is released when the vehicle at its other end leaves; otherwise it stays locked until whoever began
            comes back, or somebody unlocks it (OCPP 1.6 ``UnlockConnectorOnEVSideDisconnect``).
        vehicle_stop_s: how long a vehicle may take to stop drawing before the contactor opens under load, s (at least 6 s: IEC 61851-1
            sequence 10.2, as EVerest's EvseManager cites it).
        sample_s: between meter readings in a session, s.
        fault_look_s: between looks whether the plug is still there while a fault stands, s.
        meter_lost_s: how long the meter may give no reading while it measures a session, s.
        ventilation: whether the place is ventilated, so that state D is served like C; otherwise it is refused.
        toggle_hold_s: how long a vehicle must ask before the contactor closes, s; shorter is a B-C-B toggle, 200 to 400 ms each half
            (ISO 15118-3 timings as EVerest's Charger cites them). Closing may take 3 s in all (IEC 61851-1 sequence 4).
        wake_up: whether a vehicle that does not answer an offer gets a pulse of state F (IEC 61851-1 A.5.3). Some older hybrids keep a
            fault of their own after F: switch it off for them.
        wake_after_s: silence before the pulse, s (30 s: Phoenix Contact EV Charge Control Basic 106377_en_04, page 30).
        wake_pulse_s: length of the pulse, s (4 s in EVerest's Charger, 3 s in Phoenix Contact's manual).
        wake_rest_s: without PWM after the pulse, s (750 ms of 500 to 1000 ms in EVerest's Charger).
        simplified_pilot_a: limit for a vehicle that goes from A to C without B, A; ``None`` leaves the limit to the vehicle, which is to
            draw no more than 10 A by itself.
        rcd_test_interval_s: a charge longer than this is paused for another self-test, s (24 h: Easee Charging Robot manual, page 7).
        rcd_reset_s: between attempts to reset a tripped monitor after unplugging, s (10 s: Bender's description of the controller).
        rcd_resets: attempts before the fault stays until somebody has been there.
        phase_switching: whether one and three phases are changed in a session at all: some vehicles do not survive a change (EVerest's
            EvseManager leaves it off for that reason).
        phase_pause_s: without current before the contactor closes with other phases, s (10 s: EvseManager's default).
        phase_budget: changes per session.
        rcd_delta_ma: residual current is told when it moved by so much, mA; 0 only at a trip (Bender's RCMBDelta).
        weld_unproven: a contactor of which nothing shows that it is open may close; otherwise such a station charges nobody.
        lock_unproven: a bolt that no feedback confirms is believed home after its drive time.
        cable_min_a: a cable that carries less is refused, A; 0 takes every valid one (Phoenix Contact 106377_en_04, page 56: 13 A).
        fault_release_s: the plug is released so long after a fault, s (5 s in EVerest's EvseManager); never under power.
        unlock_retries: further tries to release a plug that is stuck.
        unlock_again_s: before the first of them, s; the pause doubles.
        meter_lost_policy: ``stop``, or ``continue`` where nothing is billed: the energy of such a session is then not known.
        meter_behind_rcd: the meter hangs behind a residual current device without auxiliary contact: silence may mean that it tripped.
        after_power_loss: ``end`` a session that a power cut interrupted, or ``resume`` it where the vehicle is still there.
        resume_within_s: a longer interruption ends it all the same, s.
        lock_permanent: the plug stays locked between sessions (a cable that belongs to the station).
    """

    plug_in_s: float = field(default=60.0, validator=_positive)
    unlock_on_ev_side: bool = True
    vehicle_stop_s: float = field(default=6.0, validator=validators.ge(6.0))
    sample_s: float = field(default=1.0, validator=_positive)
    fault_look_s: float = field(default=1.0, validator=_positive)
    meter_lost_s: float = field(default=5.0, validator=_positive)
    ventilation: bool = False
    toggle_hold_s: float = field(default=0.45, validator=[validators.ge(0.0), validators.le(2.0)])
    wake_up: bool = True
    wake_after_s: float = field(default=30.0, validator=_positive)
    wake_pulse_s: float = field(default=4.0, validator=validators.ge(0.3))
    wake_rest_s: float = field(default=0.75, validator=validators.ge(0.5))
    simplified_pilot_a: float | None = None
    rcd_test_interval_s: float = field(default=86_400.0, validator=_positive)
    rcd_reset_s: float = field(default=10.0, validator=_positive)
    rcd_resets: int = field(default=6, validator=validators.ge(1))
    lock_permanent: bool = False
    phase_switching: bool = False
    phase_pause_s: float = field(default=10.0, validator=validators.ge(5.0))
    phase_budget: int = field(default=10, validator=validators.ge(0))
    rcd_delta_ma: float = field(default=1.0, validator=validators.ge(0.0))
    weld_unproven: bool = False
    lock_unproven: bool = False
    cable_min_a: float = field(default=0.0, validator=validators.ge(0.0))
    fault_release_s: float = field(default=5.0, validator=validators.ge(0.0))
    unlock_retries: int = field(default=5, validator=validators.ge(0))
    unlock_again_s: float = field(default=10.0, validator=_positive)
    meter_lost_policy: str = field(default="stop", validator=validators.in_(("stop", "continue")))
    meter_behind_rcd: bool = False
    after_power_loss: str = field(default="end", validator=validators.in_(("end", "resume")))
    resume_within_s: float = field(default=600.0, validator=_positive)
