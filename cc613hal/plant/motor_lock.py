"""The emulated motor lock, for every maker's preset."""

from __future__ import annotations

from cc613hal.actuator.preset import ActuatorPreset, FeedbackSense, MotorLockOptions, OnSupplyLoss
from cc613hal.plant.emulation import EmulatedInput, EmulationSite, follow_output
from cc613hal.plant.lock import BoltMotor
from cc613hal.plant.opener import OpenerStore

__all__ = ["EmulatedMotorLock", "emulate_motor_lock"]


class EmulatedMotorLock:
    """H bridge, motor, bolt, contact and emergency opener.

    Misbehave with ``outlet.bolt_blocked`` (jam), ``motor.dead`` (broken motor wire), ``feedback.hold(...)`` (broken contact wire),
    ``outlet.opener_v`` (store not charged: below 10 V), ``cabinet.supply_v`` (the opener acts), the figures of ``store``.

    Args:
        site: the device's place.
        preset: the actuator.
        opener: there is an emergency opener that acts by itself; otherwise the H bridge is fed from the store.
    """

    def __init__(self, site: EmulationSite, preset: ActuatorPreset, *, opener: bool = True) -> None:
        self.outlet = site.outlet
        self.preset = preset
        self.motor = BoltMotor(site.outlet, travel_s=0.6 * preset.drive_s)  # a healthy motor is home before the stroke ends
        self.store = OpenerStore(self.motor, site.plant.cabinet, automatic=opener)
        self.feedback = EmulatedInput(site, "feedback")
        self.energy_ok = EmulatedInput(site, "energy_ok", active=True)
        self.current_limit = EmulatedInput(site, "current_limit")
        self._site = site
        self.motor.stalled.on(self.current_limit.set)
        self.motor.locked_end.on(lambda _: self._show())
        self.motor.unlocked_end.on(lambda _: self._show())
        self.outlet.opener_v.on(lambda volts: self.energy_ok.set(volts >= 10.0), now=True)  # chargebyte: charged from 10 V of 12 V
        follow_output(site, "in1", lambda _: self._bridge())
        follow_output(site, "in2", lambda _: self._bridge())
        self._show()

    def _bridge(self) -> None:
        """M+ = IN1 and not IN2, M− = IN2 and not IN1 (chargebyte); both wires are looked at, for they may change at the same moment."""
        turns = int(self._level("in1")) - int(self._level("in2"))
        self.store.drive(-turns if self.preset.invert else turns)

    def _level(self, role: str) -> bool:
        return self._site.watch(role).value != self._site.active_low(role)

    def _show(self) -> None:
        closed_locked = self.preset.feedback is FeedbackSense.CLOSED_WHEN_LOCKED
        self.feedback.set((self.motor.locked_end if closed_locked else self.motor.unlocked_end).value)


def emulate_motor_lock(site: EmulationSite, preset: ActuatorPreset, options: MotorLockOptions) -> None:
    """Put an emulated motor lock on the device's lines.

    Args:
        site: the device's place.
        preset: the actuator that is fitted.
        options: the device's options; the emulated wires are swapped where they say so, its stroke stays the preset's.
    """
    fitted = preset.with_options(MotorLockOptions(invert=options.invert, feedback=options.feedback))
    site.plant.parts[site.device] = EmulatedMotorLock(site, fitted, opener=options.on_supply_loss is not OnSupplyLoss.UNLOCK)
