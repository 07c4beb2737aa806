"""The parking bay as an application sees it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.debounce import Debounce
from cc613hal.errors import BoardFileError, ConnectFailed
from cc613hal.health import HealthState
from cc613hal.interfaces import PresenceSensor
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for

EVERY = ["banner.discrete", "banner.modbus-distance", "banner.dx80"]


@asynccontextmanager
async def bench(driver, **options):
    description = board_for(driver, options=options)
    async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
        sensor, told = board.get(PresenceSensor, PART), []
        sensor.changes.on(lambda reading: told.append(reading.occupied))
        yield simulation, board, sensor, told


@pytest.mark.parametrize("driver", EVERY)
def test_a_car_that_parks_and_leaves_is_told_once_each_after_its_delay(driver):
    async def main():
        async with bench(driver) as (simulation, _, sensor, told):
            assert (await sensor.read_presence()).occupied is None
            await asyncio.sleep(12)
            assert told == [False]
            simulation.plant.cabinet.bay_distance_mm.set(900.0)
            await asyncio.sleep(2)
            assert (await sensor.read_presence()).occupied is False
            await asyncio.sleep(3)
            assert told == [False, True]
            simulation.plant.cabinet.bay_distance_mm.set(6000.0)
            await asyncio.sleep(8)
            assert (await sensor.read_presence()).occupied is True
            await asyncio.sleep(4)
            assert told == [False, True, False]

    run_virtual(main())


@pytest.mark.parametrize("driver", EVERY)
def test_somebody_walking_by_is_no_car(driver):
    async def main():
        async with bench(driver) as (simulation, _, sensor, told):
            await asyncio.sleep(12)
            for _ in range(5):
                simulation.plant.cabinet.bay_distance_mm.set(900.0)
                await asyncio.sleep(1.5)
                simulation.plant.cabinet.bay_distance_mm.set(6000.0)
                await asyncio.sleep(1.5)
            assert told == [False]
            assert (await sensor.read_presence()).occupied is False

    run_virtual(main())


def test_a_gpio_chip_that_is_unplugged_and_back():
    async def main():
        async with bench("banner.discrete") as (simulation, board, sensor, _):
            await asyncio.sleep(12)
            simulation.faults("bench-gpio").unplug()
            with pytest.raises(OSError):
                await sensor.read_presence()
            simulation.faults("bench-gpio").plug()
            await asyncio.sleep(60)
            assert (await sensor.read_presence()).occupied is False
            assert board.health()[PART].state is HealthState.OK

    run_virtual(main())


@pytest.mark.parametrize("kind", ["u16", "s16", "u32", "u32-swapped"])
@pytest.mark.parametrize("table", ["holding", "input"])
def test_the_distance_is_read_wherever_the_sensor_keeps_it(kind, table):
    async def main():
        async with bench("banner.modbus-distance", register=40, type=kind, table=table, scale_mm=0.5) as (simulation, _, sensor, _told):
            simulation.plant.cabinet.bay_distance_mm.set(1234.5)
            assert (await sensor.read_presence()).distance_mm == 1234.5

    run_virtual(main())


def test_at_the_edge_of_the_window_hysteresis_keeps_the_verdict():
    async def main():
        async with bench("banner.modbus-distance") as (simulation, _, _sensor, told):
            simulation.plant.cabinet.bay_distance_mm.set(2490.0)
            await asyncio.sleep(5)
            for distance_mm in (2560.0, 2480.0) * 10:
                simulation.plant.cabinet.bay_distance_mm.set(distance_mm)
                await asyncio.sleep(11)
            assert told == [True]

    run_virtual(main())


@pytest.mark.parametrize("raw", [0, 65535])
def test_no_target_is_no_car_and_no_distance(raw):
    async def main():
        async with bench("banner.modbus-distance", near_mm=0.0) as (simulation, _, sensor, _told):
            simulation.plant.parts[PART].stuck_raw = raw
            await asyncio.sleep(12)
            reading = await sensor.read_presence()
            assert (reading.occupied, reading.distance_mm) == (False, None)

    run_virtual(main())


def test_a_silent_sensor_makes_the_bay_unknown_and_a_returning_one_known():
    async def main():
        async with bench("banner.modbus-distance") as (simulation, board, sensor, told):
            await asyncio.sleep(12)
            simulation.faults(PART).silence = True
            await asyncio.sleep(20)
            assert told == [False, None]
            assert board.health()[PART].state is HealthState.OFFLINE
            simulation.faults(PART).silence = False
            await asyncio.sleep(90)
            assert told == [False, None, False]
            assert (await sensor.read_presence()).quality is Quality.GOOD

    run_virtual(main())


def test_a_sensor_that_reports_itself_unwell_is_not_believed():
    async def main():
        async with bench("banner.modbus-distance", status_register=23) as (simulation, board, sensor, _):
            await asyncio.sleep(12)
            simulation.plant.parts[PART].status = 5
            reading = await sensor.read_presence()
            assert (reading.occupied, reading.quality) == (None, Quality.BAD)
            assert board.health()[PART].state is HealthState.FAULT

    run_virtual(main())


def test_a_unit_without_the_register_is_named():
    async def main():
        description = board_for("banner.modbus-distance")
        async with Simulation(description) as simulation:
            simulation.plant.parts[PART].refuse = 2
            async with open_board(description, simulation.buses, clock=simulation.clock):
                pass

    with pytest.raises(ConnectFailed, match=PART):
        run_virtual(main())


def test_a_window_that_is_none_is_refused():
    with pytest.raises(BoardFileError, match="near_mm"):
        board_for("banner.modbus-distance", options={"near_mm": 3000.0})


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 20)), max_size=30))
def test_the_verdict_changes_only_after_what_is_seen_has_lasted(steps):
    debounce, now_s, since_s, last = Debounce(3.0, 10.0), 0.0, 0.0, None
    for seen, pause_s in steps:
        if seen != last:
            since_s, last = now_s, seen
        if debounce.feed(seen, now_s):
            assert now_s - since_s >= (3.0 if seen else 10.0)
        now_s += pause_s
