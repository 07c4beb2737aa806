"""Terminal J and the supply monitor."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.interfaces import SupplyState


@pytest.mark.parametrize("low", [(), ("input",)])
def test_the_input_tells_current_through_the_optocoupler_whatever_the_polarity(open_part, low):
    async def main():
        async with open_part("bender.opto-input", "input", low=low) as it:
            seen = []
            it.device.changes.on(seen.append)
            assert not (await it.device.read_input()).active
            it.emulated.press(True)
            assert (await it.device.read_input()).active
            it.emulated.press(False)
            assert [reading.active for reading in seen] == [True, False]

    run_virtual(main())


def test_the_relay_switches_and_is_off_in_its_safe_state(open_part):
    async def main():
        async with open_part("bender.relay", "coil") as it:
            emulated = it.emulated
            await it.device.switch_on()
            assert it.device.is_on
            assert emulated.closed
            await it.device.switch_off()
            assert not emulated.closed
            await it.device.switch_on()
            await it.device.make_safe()
            assert not emulated.closed
            await it.device.switch_on()
        assert not emulated.closed

    run_virtual(main())


def test_the_supply_monitor_tells_brown_out_from_lost_mains(open_part):
    async def main():
        async with open_part("bender.supply", "power_good", "mains") as it:
            seen = []
            it.device.changes.on(lambda reading: seen.append(reading.state))
            assert (await it.device.read_supply()).state is SupplyState.GOOD
            it.outlet.mains_v.set((0.0, 0.0, 0.0))
            assert (await it.device.read_supply()).mains_present is False
            it.simulation.plant.cabinet.supply_v.set(9.0)
            it.simulation.plant.cabinet.supply_v.set(12.0)
            await asyncio.sleep(0.3)
            it.outlet.mains_v.set((230.0, 230.0, 230.0))
            await asyncio.sleep(0.3)
            assert seen == [SupplyState.MAINS_LOST, SupplyState.FAILING, SupplyState.MAINS_LOST, SupplyState.GOOD]
            assert it.health == "ok"

    run_virtual(main())


def test_without_a_mains_line_nothing_is_claimed_about_the_mains(open_part):
    async def main():
        async with open_part("bender.supply", "power_good") as it:
            it.outlet.mains_v.set((0.0, 0.0, 0.0))
            reading = await it.device.read_supply()
            assert (reading.state, reading.mains_present) == (SupplyState.GOOD, None)

    run_virtual(main())
