"""What every meter without a register map does alike: stuck, exchanged, reversed, behind transformers, not available."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import HalError
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, Bench, open_part

TOLD = ("meters.emh-ehz", "meters.easymeter-q3", "meters.speedwire", "meters.lem-dcbm", "meters.iem-dcr", "meters.gsh01")
BOTH_WAYS = TOLD[:-1]
every = pytest.mark.parametrize("driver", TOLD)


def load(at: Bench, amperes: float = 16.0) -> None:
    at.outlet.contacts.set(3)
    at.outlet.current_a.set((amperes, 0.0, 0.0))


def play(scene: Coroutine[Any, Any, None]) -> None:
    run_virtual(scene)


@every
def test_a_stuck_meter_is_found_by_age(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver) as at:
            load(at)
            await at.board.clock.sleep(60.0)
            at.emulated.stuck = True
            await at.board.clock.sleep(5.0)
            assert (await at.device.read_all()).quality is Quality.GOOD
            await at.board.clock.sleep(120.0)  # 3.68 kW for two minutes are 123 Wh
            reading = await at.device.read_all()
            assert reading.quality is Quality.STALE
            assert at.health == "degraded"
            assert "stuck" in at.board.health()[PART].reason
            at.emulated.stuck = False
            await at.board.clock.sleep(5.0)
            assert (await at.device.read_all()).quality is Quality.GOOD
            assert at.health == "ok"

    play(scene())


@every
def test_values_that_never_change_are_stale_after_the_configured_time(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver, options={"frozen_after_s": 30.0}) as at:
            assert (await at.device.read_all()).quality is Quality.GOOD
            await at.board.clock.sleep(40.0)
            assert (await at.device.read_all()).quality is Quality.STALE

    play(scene())


@every
def test_a_counter_that_runs_backwards_is_suspect_until_it_is_back(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver, before=_used) as at:
            assert (await at.device.read_energy()).imported.wh == 5000
            at.emulated.lost_wh = 4000.0
            await at.board.clock.sleep(5.0)
            reading = await at.device.read_energy()
            assert (reading.imported.wh, reading.quality) == (1000, Quality.SUSPECT)
            assert "energy_import went backwards from 5.000 to 1.000 kWh" in at.board.health()[PART].reason
            at.emulated.lost_wh = 0.0
            await at.board.clock.sleep(5.0)
            assert (await at.device.read_energy()).quality is Quality.GOOD

    play(scene())


def _used(simulation: Simulation) -> None:
    simulation.plant.parts[PART].measured.before_wh = 5000.0


@every
def test_a_meter_exchanged_while_the_station_was_off_is_logged_and_taken_as_it_is(
    driver: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def first() -> None:
        async with open_part(driver, before=_used, state_dir=tmp_path) as at:
            await at.device.read_energy()

    async def second() -> None:
        async with open_part(driver, state_dir=tmp_path) as at:
            assert (await at.device.read_energy()).quality is Quality.GOOD

    play(first())
    with caplog.at_level(logging.WARNING):
        play(second())
    assert "the meter was exchanged or reset" in caplog.text


@pytest.mark.parametrize("driver", BOTH_WAYS)
def test_a_reversed_meter_reads_towards_the_vehicle_again(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver, options={"mounted": "reversed"}) as at:
            load(at)
            await at.board.clock.sleep(900.0)
            reading = await at.device.read_all()
            assert reading.total_power_w == pytest.approx(3680.0)
            assert reading.energy is not None
            assert float(reading.energy.imported.wh) == pytest.approx(920.0, abs=5.0)
            assert reading.energy.imported.register == "energy_export"
            assert reading.energy.exported is not None
            assert reading.energy.exported.wh == 0

    play(scene())


@every
def test_transformers_in_front_scale_what_they_transform(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver, options={"ct_ratio": 40.0}) as at:
            load(at, 200.0)
            await at.board.clock.sleep(900.0)
            reading = await at.device.read_all()
            assert reading.total_power_w == pytest.approx(46000.0, rel=0.002)
            assert reading.energy is not None
            assert isinstance(reading.energy.imported.wh, Decimal)
            assert float(reading.energy.imported.wh) == pytest.approx(11500.0, rel=0.004)
            if reading.voltage_v.l1 is not None:
                assert reading.voltage_v.l1 == pytest.approx(230.0)
                assert reading.current_a.l1 == pytest.approx(200.0, rel=0.002)

    play(scene())


@pytest.mark.parametrize("driver", ["meters.emh-ehz", "meters.easymeter-q3", "meters.speedwire"])
def test_what_is_not_available_is_none_and_never_zero(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver) as at:
            load(at)
            at.emulated.not_available |= {"power_l2", "voltage_l1", "energy_export"}
            await at.board.clock.sleep(5.0)
            reading = await at.device.read_all()
            assert reading.power_w.l2 is None
            assert reading.voltage_v.l1 is None
            assert reading.power_w.l1 == pytest.approx(3680.0)

    play(scene())


@every
def test_energy_comes_with_the_words_it_was_made_of(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver, before=_used) as at:
            energy = (await at.device.read_energy()).imported
            assert energy.wh == 5000
            assert energy.raw
            assert energy.register == "energy_import"

    play(scene())


@every
def test_silence_is_an_error_with_a_hint_and_healing_is_noticed(driver: str) -> None:
    async def scene() -> None:
        async with open_part(driver) as at:
            at.simulation.faults(PART).silence = True
            await at.board.clock.sleep(30.0)
            with pytest.raises(HalError) as silent:
                await at.device.read_power()
            assert silent.value.hint
            at.simulation.faults(PART).silence = False
            await at.board.clock.sleep(60.0)
            assert (await at.device.read_power()).power_w == 0.0

    play(scene())
