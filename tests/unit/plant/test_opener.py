"""The emergency opener's capacitor: what it can drive, what that costs it, and when it is empty."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.plant.lock import BoltMotor
from cc613hal.plant.opener import OpenerStore
from cc613hal.plant.world import Plant


def locked_plug(*, travel_s=0.4, volts=12.0, **figures):
    plant = Plant()
    outlet = plant.outlet(1)
    motor = BoltMotor(outlet, travel_s=travel_s)
    outlet.bolt_locked.set(1.0)
    outlet.opener_v.set(volts)
    return plant, outlet, OpenerStore(motor, plant.cabinet, **figures)


def test_it_pulls_the_bolt_back_in_the_time_that_takes_and_charges_again():
    async def main():
        plant, outlet, store = locked_plug(charge_s=5.0)
        plant.cabinet.supply_v.set(6.0)
        await asyncio.sleep(0.39)
        assert outlet.bolt_locked.value == 1.0  # still on the way: the world does not tick
        await asyncio.sleep(0.02)
        assert outlet.bolt_locked.value == 0.0
        await asyncio.sleep(1.0)
        assert not store.motor.powered
        assert outlet.opener_v.value < 10.0
        plant.cabinet.supply_v.set(12.0)
        await asyncio.sleep(5.1)
        assert outlet.opener_v.value == 12.0

    run_virtual(main())


def test_what_a_stroke_costs_is_charge_over_capacity():
    async def main():
        plant, outlet, store = locked_plug(automatic=False, travel_s=0.5, capacity_f=0.1, run_a=0.25, stall_a=2.0)
        plant.cabinet.supply_v.set(6.0)
        store.drive(-1)
        await asyncio.sleep(0.4)
        store.drive(0)
        assert outlet.opener_v.value == pytest.approx(12.0 - 0.25 * 0.4 / 0.1)
        store.drive(-1)
        await asyncio.sleep(0.2)  # 0.1 s moves, 0.1 s stands against the end
        store.drive(0)
        assert outlet.opener_v.value == pytest.approx(11.0 - (0.25 * 0.1 + 2.0 * 0.1) / 0.1)
        assert not store.ran_empty

    run_virtual(main())


def test_a_blocked_bolt_empties_the_store_and_stays_locked():
    async def main():
        plant, outlet, store = locked_plug(stroke_s=2.0)
        outlet.bolt_blocked.set(True)
        plant.cabinet.supply_v.set(6.0)
        await asyncio.sleep(0.2)
        assert not store.ran_empty
        await asyncio.sleep(0.1)  # 0.1 F × 6 V / 2.4 A = 0.25 s
        assert store.ran_empty
        assert not store.motor.powered
        outlet.bolt_blocked.set(False)
        await asyncio.sleep(5.0)
        assert outlet.bolt_locked.value == 1.0

    run_virtual(main())


def test_a_bolt_freed_in_time_still_comes_back():
    async def main():
        plant, outlet, _ = locked_plug(travel_s=0.3)
        outlet.bolt_blocked.set(True)
        plant.cabinet.supply_v.set(6.0)
        await asyncio.sleep(0.1)
        outlet.bolt_blocked.set(False)
        await asyncio.sleep(0.35)
        assert outlet.bolt_locked.value == 0.0

    run_virtual(main())


def test_a_supply_that_sags_but_does_not_fail_costs_nothing():
    async def main():
        plant, outlet, _ = locked_plug()
        plant.cabinet.supply_v.set(9.5)
        plant.cabinet.supply_v.set(12.0)
        await asyncio.sleep(10.0)
        assert (outlet.bolt_locked.value, outlet.opener_v.value) == (1.0, 12.0)

    run_virtual(main())


@settings(max_examples=60, deadline=None)
@given(
    travel_s=st.floats(0.05, 2.0),
    volts=st.floats(0.0, 12.0),
    capacity_f=st.floats(0.001, 0.5),
    blocked=st.booleans(),
    run_a=st.floats(0.05, 1.0),
)
def test_the_bolt_is_back_or_the_store_says_it_ran_empty(travel_s, volts, capacity_f, blocked, run_a):
    async def main():
        plant, outlet, store = locked_plug(travel_s=travel_s, volts=volts, capacity_f=capacity_f, run_a=run_a, stroke_s=5.0)
        outlet.bolt_blocked.set(blocked)
        plant.cabinet.supply_v.set(0.0)
        await asyncio.sleep(10.0)
        enough = (volts - store.stops_v) * capacity_f >= run_a * travel_s * 1.0001
        short = (volts - store.stops_v) * capacity_f <= run_a * travel_s * 0.9999
        if enough and not blocked:
            assert outlet.bolt_locked.value == pytest.approx(0.0, abs=1e-6)
        if short or blocked:
            assert outlet.bolt_locked.value > 0.0
            assert store.ran_empty
        assert 0.0 <= outlet.opener_v.value <= volts
        assert not store.motor.powered

    run_virtual(main())
