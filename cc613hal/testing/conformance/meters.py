"""Suites of meters."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cc613hal.interfaces import EnergyMeter, PhaseMeter, PowerMeter, SnapshotMeter
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = ["EnergyMeterSuite", "PhaseMeterSuite", "PowerMeterSuite", "SnapshotMeterSuite"]


_SEEN_S = 15.0
"""Within this time a meter shows a change, s: those that push their values do so every few seconds, pulses take their time too."""


def _load(bench: Bench) -> None:
    """Sixteen amperes on the first phase of 230 V: 3.68 kW, also for a meter of one phase."""
    bench.plant.outlet(1).contacts.set(3)
    bench.plant.outlet(1).current_a.set((16.0, 0.0, 0.0))


class PowerMeterSuite(Suite):
    """A meter of active power."""

    capability = "PowerMeter"

    @scenario
    async def test_nothing_flows_at_rest(self, bench: Bench) -> None:
        meter: PowerMeter = bench.device
        assert (await meter.read_power()).power_w == pytest.approx(0.0, abs=20.0)

    @scenario
    async def test_power_towards_the_vehicle_is_positive(self, bench: Bench) -> None:
        meter: PowerMeter = bench.device
        _load(bench)

        async def seen() -> bool:
            return (await meter.read_power()).power_w == pytest.approx(3680.0, rel=0.02)

        assert await eventually(seen, bench, within_s=_SEEN_S), f"reads {(await meter.read_power()).power_w:g} W instead of 3680 W"


class EnergyMeterSuite(Suite):
    """A counter of energy."""

    capability = "EnergyMeter"

    @scenario
    async def test_energy_is_exact_and_names_its_register(self, bench: Bench) -> None:
        meter: EnergyMeter = bench.device
        imported = (await meter.read_energy()).imported
        assert isinstance(imported.wh, Decimal)
        assert imported.wh.is_finite()
        assert imported.register

    @scenario
    async def test_an_hour_of_charging_is_counted(self, bench: Bench) -> None:
        meter: EnergyMeter = bench.device
        before = (await meter.read_energy()).imported.wh
        _load(bench)
        await bench.board.clock.sleep(3600.0)
        after = (await meter.read_energy()).imported.wh
        assert float(after - before) == pytest.approx(3680.0, rel=0.02)


class PhaseMeterSuite(Suite):
    """A meter of each phase."""

    capability = "PhaseMeter"

    @scenario
    async def test_voltages_and_currents_are_those_of_the_world(self, bench: Bench) -> None:
        meter: PhaseMeter = bench.device
        _load(bench)

        async def seen() -> bool:
            return (await meter.read_phases()).current_a.l1 == pytest.approx(16.0, rel=0.02)

        await eventually(seen, bench, within_s=_SEEN_S)
        reading = await meter.read_phases()
        assert reading.voltage_v.known()
        assert reading.voltage_v.known() == pytest.approx([230.0] * len(reading.voltage_v.known()), rel=0.02)
        assert reading.current_a.l1 == pytest.approx(16.0, rel=0.02)
        assert reading.current_a.known()[1:] == pytest.approx([0.0] * (len(reading.current_a.known()) - 1), abs=0.1)


class SnapshotMeterSuite(Suite):
    """A meter that tells all at once."""

    capability = "SnapshotMeter"

    @scenario
    async def test_the_group_agrees_with_itself(self, bench: Bench) -> None:
        meter: SnapshotMeter = bench.device
        _load(bench)
        reading = await meter.read_all()
        total = reading.power_w.total()
        if total is not None:
            assert reading.total_power_w == pytest.approx(total, rel=0.02)
        if reading.energy is not None:
            assert reading.energy.stamp == reading.stamp
