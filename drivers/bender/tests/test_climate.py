"""Heater and fan: two thresholds, nothing in between, and a safe side when no temperature is known."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError
from cc613hal.interfaces import ClimateMode
from cc613hal_bender.climate import ClimateOptions

DRIVER = "bender.climate"
FAN = {"mode": "ventilation", "on_c": 50.0, "off_c": 45.0}
HEATER = {"mode": "heating", "on_c": 2.0, "off_c": 6.0}


async def at(it, celsius):
    for place in it.plant.cabinet.temperature_c.values():
        place.set(celsius)
    await asyncio.sleep(20.0)
    return it.emulated.closed


@pytest.mark.parametrize(
    ("options", "course"),
    [
        (FAN, [(25.0, False), (49.9, False), (50.5, True), (46.0, True), (45.0, True), (44.5, False), (49.0, False)]),
        (HEATER, [(25.0, False), (3.0, False), (1.5, True), (5.0, True), (6.0, True), (6.5, False), (3.0, False), (-20.0, True)]),
    ],
)
def test_it_switches_beyond_each_threshold_and_holds_between(open_part, options, course):
    async def main():
        async with open_part(DRIVER, options=options) as it:
            seen = []
            it.device.switched.on(seen.append)
            assert [(celsius, await at(it, celsius)) for celsius, _ in course] == course
            changes = [on for (_, before), (_, on) in zip([(0.0, False), *course], course, strict=False) if on is not before]
            assert [reading.on for reading in seen] == changes
            reading = await it.device.read_climate()
            assert reading.temperature_c == pytest.approx(course[-1][0], abs=0.6)

    run_virtual(main())


@pytest.mark.parametrize(("options", "runs"), [(FAN, True), (HEATER, False)])
def test_without_a_temperature_the_fan_runs_and_the_heater_rests(open_part, options, runs):
    async def main():
        async with open_part(DRIVER, options={**options, "unknown_after_s": 30.0}) as it:
            await at(it, -20.0 if options is HEATER else 25.0)
            it.simulation.faults("part-sensor").unplug()
            before = it.emulated.closed
            await asyncio.sleep(15.0)
            assert it.emulated.closed is before  # not after a lost reading or two
            await asyncio.sleep(60.0)
            assert it.emulated.closed is runs
            assert it.health == "degraded"
            assert (await it.device.read_climate()).temperature_c is None
            it.simulation.faults("part-sensor").plug()
            await asyncio.sleep(120.0)
            assert it.health == "ok"

    run_virtual(main())


def test_it_is_off_in_its_safe_state_and_stays_so(open_part):
    async def main():
        async with open_part(DRIVER, options=FAN) as it:
            assert await at(it, 60.0)
            await it.device.make_safe()
            assert not await at(it, 70.0)
            await it.device.connect()
            assert it.emulated.closed
            emulated = it.emulated
        assert not emulated.closed

    run_virtual(main())


@pytest.mark.parametrize("options", [{"mode": "ventilation", "on_c": 45.0, "off_c": 45.0}, {"mode": "heating", "on_c": 5.0, "off_c": 2.0}])
def test_thresholds_in_the_wrong_order_are_refused(open_part, options):
    async def main():
        with pytest.raises(BoardFileError, match="off_c"):
            async with open_part(DRIVER, options=options):
                pass

    run_virtual(main())


@given(st.lists(st.floats(-40.0, 90.0), max_size=30), st.booleans())
def test_for_any_course_it_runs_exactly_from_one_threshold_to_the_other(course, heating):
    options = (
        ClimateOptions(mode=ClimateMode.HEATING, on_c=2.0, off_c=6.0)
        if heating
        else ClimateOptions(mode=ClimateMode.VENTILATION, on_c=50.0, off_c=45.0)
    )
    on = False
    for celsius in course:
        on = options.wanted(celsius, on=on)
        if heating:
            assert on or celsius >= 2.0
            assert not on or celsius <= 6.0
        else:
            assert on or celsius <= 50.0
            assert not on or celsius >= 45.0
