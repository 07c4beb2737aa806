"""The supply monitor: a loss at once, a return only when it lasts."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.interfaces import SupplyState

DRIVER = "bender.supply"
GOOD, LOST, FAILING = SupplyState.GOOD, SupplyState.MAINS_LOST, SupplyState.FAILING


def test_a_supply_that_flickers_is_lost_once_and_back_once(open_part):
    async def main():
        async with open_part(DRIVER, "power_good", "mains", options={"recover_s": 0.5}) as it:
            seen, volts = [], it.plant.cabinet.supply_v
            it.device.changes.on(lambda reading: seen.append((reading.state, it.simulation.clock.monotonic_s())))
            volts.set(8.0)
            for _ in range(10):
                await asyncio.sleep(0.1)
                volts.set(12.0)
                await asyncio.sleep(0.1)
                volts.set(8.0)
            volts.set(12.0)
            assert (await it.device.read_supply()).state is FAILING
            await asyncio.sleep(0.6)
            assert [state for state, _ in seen] == [FAILING, GOOD]
            assert seen[1][1] - seen[0][1] >= 2.5

    run_virtual(main())


def test_it_recovers_step_by_step(open_part):
    async def main():
        async with open_part(DRIVER, "power_good", "mains", options={"recover_s": 0.2}) as it:
            seen = []
            it.device.changes.on(lambda reading: seen.append(reading.state))
            it.outlet.mains_v.set((0.0, 0.0, 0.0))
            it.plant.cabinet.supply_v.set(5.0)
            it.plant.cabinet.supply_v.set(12.0)
            await asyncio.sleep(0.3)
            it.outlet.mains_v.set((230.0, 230.0, 230.0))
            await asyncio.sleep(0.3)
            assert seen == [LOST, FAILING, LOST, GOOD]

    run_virtual(main())


def test_without_a_hold_time_it_is_back_at_once(open_part):
    async def main():
        async with open_part(DRIVER, "power_good", options={"recover_s": 0.0}) as it:
            seen = []
            it.device.changes.on(lambda reading: seen.append(reading.state))
            it.plant.cabinet.supply_v.set(8.0)
            it.plant.cabinet.supply_v.set(12.0)
            assert seen == [FAILING, GOOD]

    run_virtual(main())


def test_a_supply_that_fails_from_the_start_is_told_by_reading_and_health(open_part):
    async def main():
        async with open_part(DRIVER, "power_good", before=lambda simulation: simulation.plant.cabinet.supply_v.set(8.0)) as it:
            assert (await it.device.read_supply()).state is FAILING
            assert it.health == "degraded"

    run_virtual(main())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([5.0, 12.0]), st.booleans(), st.floats(0.0, 0.5)), min_size=1, max_size=12))
def test_whatever_the_lines_do_a_loss_is_never_told_late_and_a_return_never_early(moves):
    from cc613hal.testing.bench import open_part

    async def main():
        async with open_part(DRIVER, "power_good", "mains", options={"recover_s": 0.2}) as it:
            clock, good_since_s = it.simulation.clock, 0.0
            changes = []
            it.device.changes.on(lambda reading: changes.append((reading.state, clock.monotonic_s())))
            for volts, mains, pause_s in moves:
                it.outlet.mains_v.set((230.0,) * 3 if mains else (0.0,) * 3)
                it.plant.cabinet.supply_v.set(volts)
                state = (await it.device.read_supply()).state
                if volts < 10.0:
                    assert state is FAILING
                elif not mains:
                    assert state is not GOOD
                if volts < 10.0 or not mains:
                    good_since_s = None
                elif good_since_s is None:
                    good_since_s = clock.monotonic_s()
                await asyncio.sleep(pause_s)
                if good_since_s is not None and clock.monotonic_s() - good_since_s > 0.2:
                    assert (await it.device.read_supply()).state is GOOD
            assert all(before[0] is not after[0] for before, after in itertools.pairwise(changes))

    run_virtual(main())
