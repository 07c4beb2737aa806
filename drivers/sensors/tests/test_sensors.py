"""Temperature and tilt as an application sees them."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusError, CommandFailed, ConnectFailed, ImplausibleReading
from cc613hal.health import HealthState
from cc613hal.interfaces import Identified, TemperatureSensor, TiltSensor
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_sensors.variants import VARIANTS


@asynccontextmanager
async def bench(driver, state_dir=None, **options):
    description = board_for(driver, options=options)
    async with (
        Simulation(description) as simulation,
        open_board(description, simulation.buses, clock=simulation.clock, state_dir=state_dir) as board,
    ):
        yield simulation, board


def lean(degrees):
    return (math.sin(math.radians(degrees)), 0.0, math.cos(math.radians(degrees)))


@pytest.mark.parametrize("variant", sorted(VARIANTS))
@pytest.mark.parametrize("celsius", [-40.0, -0.5, 0.0, 25.0, 85.0])
def test_each_chip_of_the_family_tells_the_temperature_of_its_place(variant, celsius):
    async def main():
        async with bench("sensors.lm75", variant=variant, place="relay") as (simulation, board):
            simulation.plant.cabinet.temperature("relay").set(celsius)
            reading = await board.get(TemperatureSensor, PART).read()
            assert reading.temperature_c == pytest.approx(celsius, abs=0.25)
            assert (reading.source, reading.quality) == (PART, Quality.GOOD)

    run_virtual(main())


@pytest.mark.parametrize(
    ("variant", "raw", "celsius"), [("lm75", 0xFF80, -0.5), ("tmp102", 0x1900, 25.0), ("tmp117", 0x0C80, 25.0), ("lm75b", 0xE700, -25.0)]
)
def test_data_sheet_examples(variant, raw, celsius):
    assert VARIANTS[variant].celsius(raw) == celsius


@given(st.sampled_from(sorted(VARIANTS)), st.floats(-55, 125))
def test_what_a_chip_writes_is_read_back_within_its_step(variant, celsius):
    chip = VARIANTS[variant]
    assert abs(chip.celsius(chip.raw(celsius)) - celsius) <= chip.step_c


def test_a_wrong_variant_is_found_where_the_chip_can_tell():
    async def main():
        description = board_for("sensors.lm75", options={"variant": "tmp1075"})
        async with Simulation(description) as simulation:
            simulation.plant.parts[PART].identity = 0x0117
            async with open_board(description, simulation.buses, clock=simulation.clock):
                pass

    with pytest.raises(ConnectFailed, match="a TMP1075 has 0x7500"):
        run_virtual(main())


def test_an_undriven_line_and_an_impossible_heat_are_no_temperature():
    async def main():
        async with bench("sensors.lm75", high_c=100.0) as (simulation, board):
            sensor = board.get(TemperatureSensor, PART)
            for raw in (0xFFFF, VARIANTS["lm75b"].raw(101.0)):
                simulation.plant.parts[PART].stuck_raw = raw
                with pytest.raises(ImplausibleReading):
                    await sensor.read()

    run_virtual(main())


def test_a_frozen_sensor_becomes_suspect_and_recovers():
    async def main():
        async with bench("sensors.lm75", stuck_s=600.0) as (simulation, board):
            sensor = board.get(TemperatureSensor, PART)
            await sensor.read()
            await asyncio.sleep(700)
            assert (await sensor.read()).quality is Quality.SUSPECT
            assert board.health()[PART].state is HealthState.DEGRADED
            simulation.plant.cabinet.temperature("internal").set(30.0)
            assert (await sensor.read()).quality is Quality.GOOD
            assert board.health()[PART].state is HealthState.OK

    run_virtual(main())


def test_a_chip_that_was_shut_down_measures_after_connecting():
    async def main():
        description = board_for("sensors.lm75")
        async with Simulation(description) as simulation:
            simulation.plant.parts[PART].shut()
            async with open_board(description, simulation.buses, clock=simulation.clock) as board:
                simulation.plant.cabinet.temperature("internal").set(44.0)
                assert (await board.get(TemperatureSensor, PART).read()).temperature_c == 44.0

    run_virtual(main())


@pytest.mark.parametrize("driver", ["sensors.lm75", "sensors.lis2dh12"])
def test_unplugged_and_back(driver):
    async def main():
        async with bench(driver) as (simulation, board):
            part = board.get(TemperatureSensor, PART) if driver == "sensors.lm75" else board.get(TiltSensor, PART)
            read = part.read if driver == "sensors.lm75" else part.read_tilt
            simulation.faults(PART).unplug()
            for _ in range(4):
                with pytest.raises(BusError):
                    await read()
            assert board.health()[PART].state is HealthState.OFFLINE
            simulation.faults(PART).plug()
            await asyncio.sleep(60)
            assert (await read()).quality is Quality.GOOD

    run_virtual(main())


def test_options_that_contradict_themselves_are_refused():
    with pytest.raises(BoardFileError, match="low_c"):
        board_for("sensors.lm75", options={"low_c": 50, "high_c": 40})
    with pytest.raises(BoardFileError, match="clear_deg"):
        board_for("sensors.lis2dh12", options={"clear_deg": 30, "threshold_deg": 20})
    with pytest.raises(BoardFileError, match="variant"):
        board_for("sensors.lm75", options={"variant": "lm57"})


async def watch_tilt(sensor, seconds):
    reading = await sensor.read_tilt()
    for _ in range(round(seconds / 0.2)):
        await asyncio.sleep(0.2)
        reading = await sensor.read_tilt()
    return reading


def test_a_station_that_was_hit_is_tilted_until_it_stands_again():
    async def main():
        async with bench("sensors.lis2dh12") as (simulation, board):
            sensor, told = board.get(TiltSensor, PART), []
            assert (await sensor.read_tilt()).tilt_deg is None
            await sensor.take_reference()
            sensor.changes.on(lambda reading: told.append(reading.tilted))
            simulation.plant.cabinet.gravity_g.set(lean(20))
            assert not (await watch_tilt(sensor, 0.6)).tilted
            assert (await watch_tilt(sensor, 1.0)).tilted
            simulation.plant.cabinet.gravity_g.set(lean(12))
            assert (await watch_tilt(sensor, 20)).tilted
            simulation.plant.cabinet.gravity_g.set(lean(3))
            assert not (await watch_tilt(sensor, 11)).tilted
            assert told == [True, False]

    run_virtual(main())


def test_latched_it_stays_tilted():
    async def main():
        async with bench("sensors.lis2dh12", latch=True) as (simulation, board):
            sensor = board.get(TiltSensor, PART)
            await sensor.take_reference()
            simulation.plant.cabinet.gravity_g.set(lean(20))
            await watch_tilt(sensor, 2)
            simulation.plant.cabinet.gravity_g.set(lean(0))
            assert (await watch_tilt(sensor, 60)).tilted

    run_virtual(main())


def test_a_knock_is_counted_and_no_tilt_and_a_saturated_sensor_is_a_defect():
    async def main():
        async with bench("sensors.lis2dh12") as (simulation, board):
            sensor = board.get(TiltSensor, PART)
            await sensor.take_reference()
            simulation.plant.cabinet.gravity_g.set((3.0, 0.0, 1.0))
            reading = await watch_tilt(sensor, 2)
            assert (reading.tilted, reading.quality, reading.tilt_deg, sensor.shocks) == (False, Quality.SUSPECT, 0.0, 1)
            with pytest.raises(CommandFailed, match="not at rest"):
                await sensor.take_reference()
            with pytest.raises(ImplausibleReading):
                await watch_tilt(sensor, 10)
            assert board.health()[PART].state is HealthState.FAULT
            simulation.plant.cabinet.gravity_g.set((0.0, 0.0, 1.0))
            await asyncio.sleep(0.2)  # until then the chip still holds the sample of the knock
            assert (await watch_tilt(sensor, 1)).quality is Quality.GOOD
            assert board.health()[PART].state is HealthState.OK

    run_virtual(main())


def test_the_mounting_reference_survives_a_restart(tmp_path):
    async def main():
        async with bench("sensors.lis2dh12", state_dir=tmp_path) as (simulation, board):
            simulation.plant.cabinet.gravity_g.set(lean(5))
            await board.get(TiltSensor, PART).take_reference()
        async with bench("sensors.lis2dh12", state_dir=tmp_path) as (simulation, board):
            simulation.plant.cabinet.gravity_g.set(lean(5))
            assert (await board.get(TiltSensor, PART).read_tilt()).tilt_deg < 0.5

    run_virtual(main())


def test_a_frozen_and_a_restarted_accelerometer_are_noticed():
    async def main():
        async with bench("sensors.lis2dh12", frozen_samples=20) as (simulation, board):
            sensor, chip = board.get(TiltSensor, PART), simulation.plant.parts[PART]
            await sensor.read_tilt()
            chip.stuck = True
            assert (await watch_tilt(sensor, 10)).quality is Quality.SUSPECT
            chip.stuck = False
            assert (await watch_tilt(sensor, 1)).quality is Quality.GOOD
            chip.power_cycle()
            assert (await watch_tilt(sensor, 3)).gravity_g[2] == pytest.approx(1.0, abs=0.01)

    run_virtual(main())


def test_another_accelerometer_is_refused():
    async def main():
        description = board_for("sensors.lis2dh12")
        async with Simulation(description) as simulation:
            simulation.plant.parts[PART].identity = 0xE5
            async with open_board(description, simulation.buses, clock=simulation.clock):
                pass

    with pytest.raises(ConnectFailed, match="WHO_AM_I reads 0xE5"):
        run_virtual(main())


@pytest.mark.parametrize(("driver", "model"), [("sensors.lm75", "LM75B"), ("sensors.lis2dh12", "LIS2DH12")])
def test_parts_tell_their_model(driver, model):
    async def main():
        async with bench(driver) as (_, board):
            assert (await board.get(Identified, PART).identify()).model == model

    run_virtual(main())
