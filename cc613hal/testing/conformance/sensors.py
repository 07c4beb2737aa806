"""Suites of sensors: temperature, tilt, presence, digital inputs."""

from __future__ import annotations

import math

import pytest

from cc613hal.interfaces import DigitalInput, DigitalReading, PresenceReading, PresenceSensor, TemperatureSensor, TiltReading, TiltSensor
from cc613hal.plugins.spec import Direction
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = ["DigitalInputSuite", "PresenceSensorSuite", "TemperatureSensorSuite", "TiltSensorSuite"]


class TemperatureSensorSuite(Suite):
    """A thermometer."""

    capability = "TemperatureSensor"

    @scenario
    async def test_follows_the_world_below_and_above_zero(self, bench: Bench) -> None:
        sensor: TemperatureSensor = bench.device
        for temperature_c in (-20.0, 0.0, 25.0, 70.0):
            for place in bench.plant.cabinet.temperature_c.values():
                place.set(temperature_c)
            await bench.board.clock.sleep(5.0)
            assert (await sensor.read()).temperature_c == pytest.approx(temperature_c, abs=1.5)


class TiltSensorSuite(Suite):
    """A sensor that notices when somebody drove into the station."""

    capability = "TiltSensor"

    @scenario
    async def test_the_reference_is_no_tilt(self, bench: Bench) -> None:
        sensor: TiltSensor = bench.device
        reading = await sensor.take_reference()
        assert reading.tilt_deg == pytest.approx(0.0, abs=1.0)
        assert not reading.tilted
        assert math.hypot(*reading.gravity_g) == pytest.approx(1.0, abs=0.1)

    @scenario
    async def test_a_station_that_leans_for_long_is_tilted(self, bench: Bench) -> None:
        sensor: TiltSensor = bench.device
        heard: list[TiltReading] = []
        await sensor.take_reference()
        angle = math.radians(40.0)
        bench.plant.cabinet.gravity_g.set((math.sin(angle), 0.0, math.cos(angle)))
        with sensor.changes.on(heard.append):

            async def tilted() -> bool:
                return (await sensor.read_tilt()).tilted

            assert await eventually(tilted, bench, within_s=120.0, every_s=0.2)
        assert heard
        assert heard[-1].tilted
        assert (await sensor.read_tilt()).tilt_deg == pytest.approx(40.0, abs=3.0)


class PresenceSensorSuite(Suite):
    """A sensor that watches a parking bay."""

    capability = "PresenceSensor"

    @scenario
    async def test_a_car_comes_and_goes(self, bench: Bench) -> None:
        sensor: PresenceSensor = bench.device
        heard: list[PresenceReading] = []
        with sensor.changes.on(heard.append):
            for distance_mm, wanted in ((6000.0, False), (600.0, True), (6000.0, False)):
                bench.plant.cabinet.bay_distance_mm.set(distance_mm)

                async def seen(wanted: bool = wanted) -> bool:
                    return (await sensor.read_presence()).occupied is wanted

                assert await eventually(seen, bench, within_s=120.0), f"{distance_mm:g} mm must be {'occupied' if wanted else 'free'}"
        assert True in [reading.occupied for reading in heard]


class DigitalInputSuite(Suite):
    """An input."""

    capability = "DigitalInput"

    @scenario
    async def test_a_change_of_the_line_is_read_and_published(self, bench: Bench) -> None:
        sensor: DigitalInput = bench.device
        description = bench.board.description.devices[bench.name]
        lines = [request for _, request in description.lines_of(Direction.INPUT)]
        if not lines:
            pytest.skip(f"{self.driver} sits on a bus: its own tests change the level")
        heard: list[DigitalReading] = []
        before = (await sensor.read_input()).active
        wire = bench.simulation.line(lines[0].name)
        drive = wire.drive()
        with sensor.changes.on(heard.append):
            drive.set(not wire.level.value)

            async def changed() -> bool:
                return (await sensor.read_input()).active is not before

            assert await eventually(changed, bench, within_s=10.0)
            await bench.board.clock.sleep(1.0)
        assert [reading.active for reading in heard] == [not before]
