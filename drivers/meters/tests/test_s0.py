"""Pulses: count, power, disturbances, impossible rates, a shorted line, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BusClosed
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, Bench, open_part
from cc613hal_meters.emulation_told import PulseOutput

S0 = "meters.s0"


def load(at: Bench, amperes: float = 16.0) -> None:
    at.outlet.contacts.set(3)
    at.outlet.current_a.set((amperes, 0.0, 0.0))


def play(scene: Coroutine[Any, Any, None]) -> None:
    run_virtual(scene)


async def pulse(at: Bench, length_s: float, pause_s: float) -> None:
    output: PulseOutput = at.emulated
    output.line.set(True)
    await asyncio.sleep(length_s)
    output.line.set(False)
    await asyncio.sleep(pause_s)


@pytest.mark.parametrize("pulses", [100.0, 1000.0, 2000.0])
def test_an_hour_is_counted_and_its_power_known(pulses: float) -> None:
    async def scene() -> None:
        async with open_part(S0, options={"pulses_per_kwh": pulses}) as at:
            load(at)
            await at.board.clock.sleep(3600.0)
            energy = await at.device.read_energy()
            assert float(energy.imported.wh) == pytest.approx(3680.0, abs=1000.0 / pulses)
            assert energy.imported.raw == (0, 0, 0, at.device.pulses)
            assert energy.imported.register == "pulses"
            assert energy.exported is None
            assert (await at.device.read_power()).power_w == pytest.approx(3680.0, rel=0.01)

    play(scene())


def test_power_falls_with_the_time_since_the_last_pulse_and_ends_at_zero() -> None:
    async def scene() -> None:
        async with open_part(S0, options={"zero_after_s": 100.0}) as at:
            load(at)
            await at.board.clock.sleep(10.0)
            load(at, 0.0)
            await at.board.clock.sleep(36.0)
            assert (await at.device.read_power()).power_w == pytest.approx(100.0, rel=0.05)
            await at.board.clock.sleep(100.0)
            assert (await at.device.read_power()).power_w == 0.0

    play(scene())


def test_disturbances_before_every_pulse_are_not_counted() -> None:
    async def scene() -> None:
        async with open_part(S0) as at:
            at.emulated.bounce_s = 0.004
            load(at)
            await at.board.clock.sleep(100.0)
            assert at.device.pulses == pytest.approx(102, abs=1)
            assert at.device.rejected == pytest.approx(102, abs=1)
            assert (await at.device.read_energy()).quality is Quality.GOOD

    play(scene())


def test_pulses_faster_than_the_largest_power_are_not_counted_and_told() -> None:
    async def scene() -> None:
        async with open_part(S0, options={"max_power_w": 11000.0}) as at:  # 327 ms at 1000 per kWh
            for _ in range(10):
                await pulse(at, 0.03, 0.07)
            assert at.device.pulses == 3
            assert (await at.device.read_power()).quality is Quality.SUSPECT
            assert "faster than 11000 W" in at.board.health()[PART].reason
            await asyncio.sleep(1.0)
            await pulse(at, 0.03, 1.0)
            assert (await at.device.read_power()).quality is Quality.GOOD
            assert at.health == "ok"

    play(scene())


def test_a_shorted_line_is_told() -> None:
    async def scene() -> None:
        async with open_part(S0) as at:
            at.emulated.line.hold(True)
            await asyncio.sleep(6.0)
            assert (await at.device.read_energy()).quality is Quality.STALE
            assert "shorted" in at.board.health()[PART].reason
            at.emulated.line.hold(None)
            await pulse(at, 0.05, 1.0)
            await pulse(at, 0.05, 1.0)
            assert (await at.device.read_energy()).quality is Quality.GOOD

    play(scene())


def test_the_count_goes_on_after_a_restart_from_what_the_meter_showed(tmp_path: Path) -> None:
    async def scene(expected: int) -> None:
        async with open_part(S0, options={"start_wh": 5000.5}, state_dir=tmp_path) as at:
            for _ in range(5):
                await pulse(at, 0.05, 1.0)
            assert (await at.device.read_energy()).imported.wh == Decimal("5000.5") + expected

    play(scene(5))
    play(scene(10))


def test_a_power_cut_loses_no_more_than_what_was_not_yet_written() -> None:
    async def scene() -> None:
        async with open_part(S0, options={"save_every_s": 3.0}) as at:
            for _ in range(4):
                await pulse(at, 0.05, 0.95)
            memory = at.device._context.memory
            assert memory.load("pulses") == 3
            await asyncio.sleep(5.0)
            assert memory.load("pulses") == 4

    play(scene())


def test_reversed_it_counts_what_goes_back() -> None:
    async def scene() -> None:
        async with open_part(S0, options={"mounted": "reversed"}) as at:
            load(at)
            await at.board.clock.sleep(60.0)
            energy = await at.device.read_energy()
            assert energy.imported.wh == 0
            assert energy.exported is not None
            assert float(energy.exported.wh) == pytest.approx(61.0, abs=1.5)
            assert (await at.device.read_power()).power_w == pytest.approx(-3680.0, rel=0.01)

    play(scene())


def test_transformers_scale_the_pulses() -> None:
    async def scene() -> None:
        async with open_part(S0, options={"ct_ratio": 40.0}) as at:
            await pulse(at, 0.05, 3.55)
            await pulse(at, 0.05, 0.0)
            assert (await at.device.read_energy()).imported.wh == 80
            assert (await at.device.read_power()).power_w == pytest.approx(40000.0, rel=0.01)

    play(scene())


def test_a_line_that_is_gone_is_an_error_and_not_a_meter_at_rest() -> None:
    async def scene() -> None:
        async with open_part(S0) as at:
            at.simulation.faults("bench-gpio").unplug()
            with pytest.raises(BusClosed):
                await at.device.read_power()

    play(scene())


def test_an_active_low_line_counts_the_same() -> None:
    async def scene() -> None:
        async with open_part(S0, low=("pulse",)) as at:
            load(at)
            await at.board.clock.sleep(100.0)
            assert at.device.pulses == pytest.approx(102, abs=1)

    play(scene())
