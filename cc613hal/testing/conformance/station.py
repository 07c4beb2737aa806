"""Suites of what keeps a station going: supply monitor, household socket, heater and fan."""

from __future__ import annotations

from cc613hal.interfaces import (
    ClimateControl,
    ClimateMode,
    ClimateReading,
    HouseholdReading,
    HouseholdSocket,
    SupplyMonitor,
    SupplyReading,
    SupplyState,
)
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = ["ClimateControlSuite", "HouseholdSocketSuite", "SupplyMonitorSuite"]


class SupplyMonitorSuite(Suite):
    """A monitor that tells a failing supply at once, and its return only when it lasts."""

    capability = "SupplyMonitor"

    @scenario
    async def test_a_failing_supply_is_told_in_the_call_that_brings_it(self, bench: Bench) -> None:
        monitor: SupplyMonitor = bench.device
        heard: list[SupplyReading] = []
        assert (await monitor.read_supply()).state is SupplyState.GOOD
        with monitor.changes.on(heard.append):
            bench.plant.cabinet.supply_v.set(5.0)
            assert [reading.state for reading in heard] == [SupplyState.FAILING]
        assert heard[0].source == bench.name
        assert (await monitor.read_supply()).state is SupplyState.FAILING

    @scenario
    async def test_a_supply_that_is_back_is_good_again(self, bench: Bench) -> None:
        monitor: SupplyMonitor = bench.device
        bench.plant.cabinet.supply_v.set(5.0)
        bench.plant.cabinet.supply_v.set(12.0)

        async def good() -> bool:
            return (await monitor.read_supply()).state is SupplyState.GOOD

        assert await eventually(good, bench, within_s=60.0), "12 V are good"

    @scenario
    async def test_lost_mains_is_no_failing_supply(self, bench: Bench) -> None:
        monitor: SupplyMonitor = bench.device
        senses_mains = (await monitor.read_supply()).mains_present is not None
        bench.plant.outlet(1).mains_v.set((0.0, 0.0, 0.0))
        reading = await monitor.read_supply()
        if senses_mains:
            assert (reading.state, reading.mains_present) == (SupplyState.MAINS_LOST, False)
        else:
            assert (reading.state, reading.mains_present) == (SupplyState.GOOD, None), "nothing is claimed of a mains nobody senses"

    @scenario
    async def test_a_failing_supply_is_worse_than_lost_mains(self, bench: Bench) -> None:
        monitor: SupplyMonitor = bench.device
        bench.plant.outlet(1).mains_v.set((0.0, 0.0, 0.0))
        bench.plant.cabinet.supply_v.set(5.0)
        assert (await monitor.read_supply()).state is SupplyState.FAILING


class HouseholdSocketSuite(Suite):
    """A household socket with its auxiliary contacts."""

    capability = "HouseholdSocket"

    @scenario
    async def test_its_limit_is_what_such_a_socket_may_carry(self, bench: Bench) -> None:
        socket: HouseholdSocket = bench.device
        assert 0.0 < socket.max_current_a <= 16.0

    @scenario
    async def test_every_fitted_contact_follows_the_world_and_is_published(self, bench: Bench) -> None:
        socket: HouseholdSocket = bench.device
        outlet = bench.plant.outlet(1)
        signals = {
            "plugged": outlet.socket_plugged,
            "flap_closed": outlet.flap_closed,
            "breaker_ok": outlet.breaker_closed,
            "rcd_ok": outlet.rcd_closed,
        }
        heard: list[HouseholdReading] = []
        with socket.changes.on(heard.append):
            for name, signal in signals.items():
                before = getattr(await socket.read_socket(), name)
                signal.set(not signal.value)
                await bench.board.clock.sleep(1.0)
                after = getattr(await socket.read_socket(), name)
                if before is None:
                    assert after is None, f"{name}: a contact that is not fitted says nothing"
                else:
                    assert after is not before, name
                    assert getattr(heard[-1], name) is after, f"{name}: the change was not published"


class ClimateControlSuite(Suite):
    """A heater or a fan with two thresholds."""

    capability = "ClimateControl"

    @scenario
    async def test_runs_in_the_heat_or_in_the_cold_and_not_the_other_way_round(self, bench: Bench) -> None:
        control: ClimateControl = bench.device
        mode = (await control.read_climate()).mode
        heard: list[ClimateReading] = []
        with control.switched.on(heard.append):
            for temperature_c in (-30.0, 90.0, -30.0):
                for place in bench.plant.cabinet.temperature_c.values():
                    place.set(temperature_c)
                wanted = (temperature_c < 0.0) is (mode is ClimateMode.HEATING)

                async def right(wanted: bool = wanted) -> bool:
                    return (await control.read_climate()).on is wanted

                assert await eventually(right, bench, within_s=300.0, every_s=1.0), f"{mode.value} at {temperature_c:g} °C"
        assert heard, "switching is published"
