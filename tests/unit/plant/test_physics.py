"""The simulated world: levels of the pilot wire, contactor bodies, bolts, leakage, and vehicles that follow their offer."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.plant.contactor import ContactorBody
from cc613hal.plant.leakage import Leakage
from cc613hal.plant.lock import BoltMotor
from cc613hal.plant.physics import offered_current_a, pilot_levels
from cc613hal.plant.vehicle import Vehicle
from cc613hal.plant.world import Outlet, Plant
from cc613hal.units import duty_for_current


def offering(outlet: Outlet, current_a: float) -> None:
    outlet.pilot_duty.set((duty_for_current(current_a) or 0.0) / 100.0)


@pytest.mark.parametrize(
    ("ohm", "expected_v"),
    [(None, 12.0), (2740.0, 9.0), (882.0, 6.0), (246.0, 3.0)],
)
def test_the_vehicles_resistors_give_the_levels_of_the_standard(ohm, expected_v):
    outlet = Outlet(1)
    outlet.vehicle_ohm.set(ohm)
    outlet.pilot_duty.set(0.5)
    high_v, low_v = pilot_levels(outlet)
    assert high_v == pytest.approx(expected_v, abs=0.1)
    assert low_v == -12.0


def test_a_broken_diode_shows_in_the_negative_half_wave():
    outlet = Outlet(1)
    outlet.vehicle_ohm.set(2740.0)
    outlet.vehicle_diode.set(False)
    outlet.pilot_duty.set(0.5)
    high_v, low_v = pilot_levels(outlet)
    assert low_v == pytest.approx(-high_v)


def test_short_fault_signal_lost_earth_and_steady_level():
    outlet = Outlet(1)
    outlet.vehicle_ohm.set(882.0)
    high_v, low_v = pilot_levels(outlet)
    assert high_v == low_v == pytest.approx(6.0, abs=0.1)
    outlet.pe_connected.set(False)
    assert pilot_levels(outlet) == (12.0, 12.0)
    outlet.pe_connected.set(True)
    outlet.pilot_high_v.set(-12.0)
    assert pilot_levels(outlet) == (-12.0, -12.0)
    outlet.pilot_high_v.set(12.0)
    outlet.pilot_duty.set(0.0)
    assert pilot_levels(outlet) == (-12.0, -12.0)
    outlet.pilot_shorted.set(True)
    assert pilot_levels(outlet) == (0.0, 0.0)


def test_only_a_duty_cycle_offers_current():
    outlet = Outlet(1)
    assert offered_current_a(outlet) == 0.0
    offering(outlet, 16.0)
    assert offered_current_a(outlet) == pytest.approx(16.0)
    outlet.pilot_duty.set(0.05)
    assert offered_current_a(outlet) == 0.0  # digital communication decides, and this vehicle has none
    offering(outlet, 16.0)
    outlet.pilot_high_v.set(-12.0)
    assert offered_current_a(outlet) == 0.0


def test_contacts_follow_the_coil_a_little_later_and_can_weld_or_hang():
    async def main():
        outlet = Plant().outlet(1)
        ContactorBody(outlet, pull_in_s=0.03, drop_out_s=0.02)
        outlet.coil.set(True)
        assert outlet.contacts.value == 0
        await asyncio.sleep(0.031)
        assert outlet.contacts.value == 3
        outlet.welded.set(True)
        outlet.coil.set(False)
        await asyncio.sleep(1)
        assert outlet.contacts.value == 3
        outlet.welded.set(False)
        assert outlet.contacts.value == 0
        outlet.stuck_open.set(True)
        outlet.coil.set(True)
        await asyncio.sleep(1)
        assert outlet.contacts.value == 0
        outlet.stuck_open.set(False)
        assert outlet.contacts.value == 3

    run_virtual(main())


def test_a_short_coil_pulse_closes_nothing():
    async def main():
        outlet = Plant().outlet(1)
        ContactorBody(outlet)
        outlet.coil.set(True)
        await asyncio.sleep(0.01)
        outlet.coil.set(False)
        await asyncio.sleep(1)
        assert outlet.contacts.value == 0

    run_virtual(main())


def test_leakage_flows_only_through_closed_contacts():
    outlet = Outlet(1)
    fault = Leakage(outlet)
    fault.leak(dc_ma=8.0, rms_ma=2.0)
    assert outlet.residual_dc_ma.value == 0.0
    outlet.contacts.set(3)
    assert (outlet.residual_dc_ma.value, outlet.residual_rms_ma.value) == (8.0, 2.0)
    fault.heal()
    assert outlet.residual_dc_ma.value == 0.0


def test_the_bolt_stops_where_the_motor_stops_and_blocks_where_it_is_held():
    async def main():
        outlet = Plant().outlet(1)
        bolt = BoltMotor(outlet, travel_s=0.4)
        bolt.drive(1)
        await asyncio.sleep(0.1)
        bolt.drive(0)
        assert outlet.bolt_locked.value == pytest.approx(0.25)
        assert not bolt.locked_end.value
        assert not bolt.unlocked_end.value
        bolt.drive(1)
        await asyncio.sleep(0.4)
        bolt.drive(0)
        assert outlet.bolt_locked.value == 1.0
        assert bolt.locked_end.value
        outlet.bolt_blocked.set(True)
        bolt.drive(-1)
        await asyncio.sleep(0.6)
        bolt.drive(0)
        assert outlet.bolt_locked.value == 1.0
        assert bolt.longest_drive_s == pytest.approx(0.6)
        assert bolt.strokes == [1, 1, -1]

    run_virtual(main())


async def charging(**about: object) -> tuple[Outlet, Vehicle]:
    outlet = Plant().outlet(1)
    ContactorBody(outlet)
    vehicle = Vehicle(outlet, **about)
    vehicle.plug_in(cable_ohm=220.0)
    offering(outlet, 16.0)
    await asyncio.sleep(1.1)
    outlet.coil.set(True)
    await asyncio.sleep(2.0)
    return outlet, vehicle


def test_a_vehicle_shows_b_then_c_and_draws_a_little_less_than_offered():
    async def main():
        outlet = Plant().outlet(1)
        ContactorBody(outlet)
        vehicle = Vehicle(outlet)
        vehicle.plug_in(cable_ohm=220.0)
        assert (outlet.cable_ohm.value, outlet.vehicle_ohm.value) == (220.0, 2740.0)
        await asyncio.sleep(60)
        assert not vehicle.s2_closed
        offering(outlet, 16.0)
        await asyncio.sleep(1.1)
        assert outlet.vehicle_ohm.value == 882.0
        assert outlet.current_a.value == (0.0, 0.0, 0.0)
        outlet.coil.set(True)
        await asyncio.sleep(2.0)
        assert outlet.current_a.value == pytest.approx((15.2, 15.2, 15.2))

    run_virtual(main())


def test_energy_is_exact_over_eight_hours_without_a_single_tick():
    async def main():
        outlet, _ = await charging()
        before_wh = outlet.energy_now_wh()
        await asyncio.sleep(8 * 3600)
        assert outlet.energy_now_wh() - before_wh == pytest.approx(8 * 3 * 230 * 15.2)

    run_virtual(main())


def test_a_changed_offer_is_followed_after_the_lag():
    async def main():
        outlet, vehicle = await charging(lag_s=2.0)
        offering(outlet, 6.0)
        await asyncio.sleep(1.9)
        assert outlet.current_a.value[0] == pytest.approx(15.2)
        await asyncio.sleep(0.2)
        assert outlet.current_a.value[0] == pytest.approx(5.7)
        offering(outlet, 63.0)
        await asyncio.sleep(2.1)
        assert outlet.current_a.value[0] == vehicle.max_current_a

    run_virtual(main())


def test_opening_the_contacts_ends_the_current_at_once():
    async def main():
        outlet, vehicle = await charging()
        outlet.coil.set(False)
        await asyncio.sleep(0.021)
        assert outlet.current_a.value == (0.0, 0.0, 0.0)
        assert vehicle.s2_closed

    run_virtual(main())


def test_the_end_of_pwm_makes_the_vehicle_stop_and_open_s2_within_three_seconds():
    async def main():
        outlet, vehicle = await charging(stop_s=1.0)
        outlet.pilot_duty.set(1.0)
        await asyncio.sleep(0.5)
        assert outlet.current_a.value[0] > 0.0
        await asyncio.sleep(0.6)
        assert outlet.current_a.value == (0.0, 0.0, 0.0)
        assert outlet.vehicle_ohm.value == 2740.0
        offering(outlet, 10.0)
        await asyncio.sleep(3.0)
        assert vehicle.s2_closed
        assert outlet.current_a.value[0] == pytest.approx(9.5)

    run_virtual(main())


def test_a_full_battery_opens_s2_with_exactly_its_energy():
    async def main():
        outlet, vehicle = await charging(battery_wh=5000.0)
        await asyncio.sleep(3600)
        assert not vehicle.s2_closed
        assert vehicle.drawn_wh == pytest.approx(5000.0)
        assert outlet.current_a.value == (0.0, 0.0, 0.0)

    run_virtual(main())


def test_a_lost_phase_and_a_single_phase_vehicle():
    async def main():
        outlet, _ = await charging()
        outlet.mains_v.set((230.0, 0.0, 230.0))
        assert outlet.current_a.value == pytest.approx((15.2, 0.0, 15.2))
        other, _ = await charging(phases=1)
        assert other.current_a.value == pytest.approx((15.2, 0.0, 0.0))

    run_virtual(main())


def test_ventilation_simplified_pilot_and_toggles():
    async def main():
        outlet, _ = await charging(ventilation=True)
        assert outlet.vehicle_ohm.value == 246.0
        simple, vehicle = await charging(simplified=True)
        assert simple.current_a.value[0] == pytest.approx(10.0)
        vehicle.stop_energy()
        await asyncio.sleep(2.1)
        assert simple.current_a.value[0] == 0.0
        plain = Plant().outlet(1)
        sleeper = Vehicle(plain, automatic=False)
        sleeper.plug_in()
        sleeper.toggle()
        assert plain.vehicle_ohm.value == 882.0
        sleeper.toggle()
        assert plain.vehicle_ohm.value == 2740.0

    run_virtual(main())


def test_a_cable_that_is_pulled_at_the_vehicle_stays_in_the_outlet_as_long_as_the_bolt_holds_it():
    async def story():
        outlet = Outlet(1)
        vehicle = Vehicle(outlet)
        vehicle.let_go_of_cable()  # an empty hand stays empty
        vehicle.plug_in()
        outlet.bolt_locked.set(1.0)
        vehicle.let_go_of_cable()
        assert (vehicle.plugged, outlet.vehicle_ohm.value, outlet.cable_ohm.value) == (False, None, 220.0)
        with pytest.raises(RuntimeError, match="locked"):
            vehicle.take_cable()
        outlet.bolt_locked.set(0.0)
        vehicle.take_cable()
        assert outlet.cable_ohm.value is None
        vehicle.plug_in()
        assert vehicle.plugged

    run_virtual(story())


def test_a_locked_plug_stays_and_a_pulled_one_takes_everything_with_it():
    async def main():
        outlet, vehicle = await charging()
        outlet.bolt_locked.set(1.0)
        with pytest.raises(RuntimeError, match="locked"):
            vehicle.unplug()
        outlet.bolt_locked.set(0.0)
        vehicle.unplug()
        assert (outlet.vehicle_ohm.value, outlet.cable_ohm.value, outlet.current_a.value) == (None, None, (0.0, 0.0, 0.0))
        vehicle.plug_in()
        with pytest.raises(RuntimeError, match="taken"):
            Vehicle(outlet).plug_in()

    run_virtual(main())
