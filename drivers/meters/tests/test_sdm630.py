"""An SDM630 on its board: what a charging station sees of it, in good times and in bad."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import frozen

from cc613hal.board import Board, BoardDescription, open_board
from cc613hal.bus.modbus import Table
from cc613hal.clock import run_virtual
from cc613hal.errors import BusError, ConnectFailed, DeviceRefused, ImplausibleReading
from cc613hal.health import HealthState
from cc613hal.interfaces import EnergyMeter, Identified, PhaseMeter, PowerMeter, SnapshotMeter
from cc613hal.modbus_map import CORE, Objective, make_plan
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_meters.catalogue import map_named
from cc613hal_meters.emulation import MapMeter
from cc613hal_meters.meter import ModbusMeter

LEAST_TIME = [(Table.INPUT, 0, 18), (Table.INPUT, 0x34, 2), (Table.INPUT, 0x46, 6)]


@frozen
class Site:
    """A meter, the emulated part behind it, and the world."""

    meter: ModbusMeter
    part: MapMeter
    simulation: Simulation
    board: Board

    def health(self) -> HealthState:
        return self.board.health()[PART].state


@asynccontextmanager
async def site(
    prepare: Callable[[MapMeter], None] | None = None,
    *,
    state: Path | None = None,
    ptys: bool = False,
    **options: object,
) -> AsyncGenerator[Site]:
    description: BoardDescription = board_for("meters.sdm630", options=options)
    simulation = Simulation(description, ptys=ptys)
    async with simulation:
        part = simulation.plant.parts[PART]
        assert isinstance(part, MapMeter)
        if prepare is not None:
            prepare(part)
        async with open_board(description, simulation.buses, state_dir=state) as board:
            meter = board.get(SnapshotMeter, PART)
            part.reads.clear()
            assert isinstance(meter, ModbusMeter)
            yield Site(meter, part, simulation, board)


def load(at: Site, *amperes: float) -> None:
    at.simulation.plant.outlet().current_a.set((amperes[0], amperes[1], amperes[2]))


def virtual(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run a scenario on virtual time."""

    def run() -> None:
        run_virtual(test())  # type: ignore[arg-type]  # scenarios are coroutines

    run.__name__ = test.__name__
    return run


@virtual
async def test_all_values_come_in_one_group() -> None:
    async with site() as at:
        load(at, 16.0, 10.0, 0.0)
        reading = await at.meter.read_all()
        assert reading.voltage_v.known() == (230.0, 230.0, 230.0)
        assert reading.current_a.known() == (16.0, 10.0, 0.0)
        assert reading.power_w.known() == (3680.0, 2300.0, 0.0)
        assert (reading.total_power_w, reading.frequency_hz) == (5980.0, 50.0)
        assert reading.quality is Quality.GOOD
        assert reading.source == PART
        assert reading.energy is not None
        assert reading.energy.stamp == reading.stamp


@virtual
async def test_a_serial_line_gets_the_plan_that_takes_least_time() -> None:
    async with site() as at:
        await at.meter.read_all()
        assert at.part.reads == LEAST_TIME
        assert at.meter.plans["read_all"].time_s == pytest.approx(0.147, abs=0.0005)


@virtual
async def test_a_gateway_can_be_given_the_fewest_reads() -> None:
    async with site(planning="fewest-reads") as at:
        await at.meter.read_all()
        assert at.part.reads == [(Table.INPUT, 0, 76)]


@virtual
async def test_each_verb_costs_exactly_its_planned_reads() -> None:
    async with site() as at:
        for verb, plan in at.meter.plans.items():
            at.part.reads.clear()
            await getattr(at.meter, verb)()
            assert len(at.part.reads) == len(plan.reads), verb
        at.part.reads.clear()
        await at.board.get(PowerMeter).read_power()
        assert at.part.reads == [(Table.INPUT, 0x34, 2)]


@virtual
async def test_energy_is_exact_and_shows_its_registers() -> None:
    def prepare(part: MapMeter) -> None:
        part.overrides["energy_import"] = 12345670.0

    async with site(prepare) as at:
        imported = (await at.board.get(EnergyMeter).read_energy()).imported
        content = struct.pack(">f", 12345.67)
        assert imported.raw == struct.unpack(">2H", content)
        assert imported.wh == Decimal(struct.unpack(">f", content)[0]) * 1000
        assert imported.register == "energy_import"


@virtual
async def test_an_hour_of_charging_counts_what_flowed() -> None:
    async with site() as at:
        load(at, 16.0, 16.0, 16.0)
        before = (await at.meter.read_energy()).imported.wh
        await asyncio.sleep(3600.0)
        assert float((await at.meter.read_energy()).imported.wh - before) == pytest.approx(11040.0, rel=1e-4)


@virtual
async def test_a_float_counter_moves_in_steps_when_it_is_old() -> None:
    """Above 131,072 kWh a 32-bit float has steps of 1/64 kWh."""

    def prepare(part: MapMeter) -> None:
        part.overrides["energy_import"] = 150_000_000.0

    async with site(prepare) as at:
        first = (await at.meter.read_energy()).imported.wh
        at.part.overrides["energy_import"] = 150_000_007.0
        assert (await at.meter.read_energy()).imported.wh == first
        at.part.overrides["energy_import"] = 150_000_009.0
        assert (await at.meter.read_energy()).imported.wh - first == Decimal("15.625")


@virtual
async def test_feeding_back_is_negative_and_currents_follow_their_power() -> None:
    async with site() as at:
        load(at, -10.0, -10.0, 0.0)
        reading = await at.board.get(PhaseMeter).read_phases()
        assert reading.power_w.known() == (-2300.0, -2300.0, 0.0)
        assert reading.current_a.known() == (-10.0, -10.0, 0.0)


@virtual
async def test_a_meter_mounted_the_other_way_round_reads_the_same() -> None:
    async with site(mounted="reversed") as at:
        load(at, 16.0, 16.0, 16.0)
        await asyncio.sleep(3600.0)
        reading = await at.meter.read_all()
        assert reading.total_power_w == 11040.0
        assert reading.current_a.known() == (16.0, 16.0, 16.0)
        assert reading.energy is not None
        assert reading.energy.imported.register == "energy_export"
        assert float(reading.energy.imported.wh) == pytest.approx(11040.0, rel=1e-4)
        assert reading.energy.exported is not None
        assert reading.energy.exported.wh == 0


@virtual
async def test_current_transformers_are_counted_in() -> None:
    async with site(ct_ratio=40.0) as at:
        load(at, 200.0, 200.0, 200.0)
        await asyncio.sleep(3600.0)
        reading = await at.meter.read_all()
        assert reading.voltage_v.l1 == 230.0
        assert reading.current_a.l1 == 200.0
        assert reading.total_power_w == 138000.0
        assert reading.energy is not None
        assert float(reading.energy.imported.wh) == pytest.approx(138000.0, rel=1e-4)


@virtual
async def test_it_tells_its_serial_number_once() -> None:
    async with site() as at:
        identity = await at.board.get(Identified).identify()
        assert (identity.vendor, identity.model, identity.serial) == ("Eastron", "SDM630-Modbus V2", "12345678")
        assert identity.firmware is None


@virtual
async def test_a_value_the_meter_does_not_have_is_none() -> None:
    async with site() as at:
        at.part.not_available |= {"voltage_l2", "frequency", "energy_export"}
        reading = await at.meter.read_all()
        assert (reading.voltage_v.l1, reading.voltage_v.l2) == (230.0, None)
        assert reading.frequency_hz is None
        assert reading.energy is not None
        assert reading.energy.exported is None
        at.part.not_available |= {"power"}
        load(at, 1.0, 1.0, 1.0)
        assert (await at.meter.read_all()).total_power_w == 690.0
        at.part.not_available |= {"power_l1", "energy_import"}
        with pytest.raises(ImplausibleReading, match="no value for power"):
            await at.meter.read_all()
        with pytest.raises(ImplausibleReading, match="no value for energy_import"):
            await at.meter.read_energy()


@virtual
async def test_an_impossible_voltage_is_suspect_until_it_is_gone() -> None:
    async with site() as at:
        at.part.overrides["voltage_l2"] = 23000.0
        assert (await at.meter.read_all()).quality is Quality.SUSPECT
        assert at.health() is HealthState.DEGRADED
        assert "voltage_l2 reads 23000 V, possible is 0 to 1000 V" in at.board.health()[PART].reason
        at.part.overrides.clear()
        assert (await at.meter.read_all()).quality is Quality.GOOD
        assert at.health() is HealthState.OK


@virtual
async def test_a_counter_that_runs_backwards_is_suspect_until_it_has_caught_up() -> None:
    async with site() as at:
        load(at, 16.0, 16.0, 16.0)
        await asyncio.sleep(3600.0)
        assert (await at.meter.read_energy()).quality is Quality.GOOD
        at.part.lost_wh = 5000.0
        reading = await at.meter.read_all()
        assert reading.quality is Quality.SUSPECT
        assert at.health() is HealthState.DEGRADED
        assert "energy_import went backwards from 11.040 to 6.040 kWh" in at.board.health()[PART].reason
        assert (await at.meter.read_power()).quality is Quality.GOOD
        await asyncio.sleep(3600.0)
        assert (await at.meter.read_all()).quality is Quality.GOOD
        assert at.health() is HealthState.OK


@virtual
async def test_a_meter_that_shows_power_and_counts_nothing_is_stuck() -> None:
    async with site() as at:
        load(at, 16.0, 16.0, 16.0)
        await at.meter.read_all()
        at.part.stuck = True
        assert (await at.meter.read_all()).quality is Quality.GOOD
        await asyncio.sleep(20.0)
        assert (await at.meter.read_all()).quality is Quality.GOOD
        await asyncio.sleep(20.0)
        assert (await at.meter.read_all()).quality is Quality.STALE
        assert "has not moved for 40 s at 11040 W" in at.board.health()[PART].reason
        at.part.stuck = False
        assert (await at.meter.read_all()).quality is Quality.GOOD
        assert at.health() is HealthState.OK


@virtual
async def test_a_steady_idle_meter_is_stuck_only_if_asked_to_be() -> None:
    async with site() as at:
        await at.meter.read_all()
        await asyncio.sleep(86400.0)
        assert (await at.meter.read_all()).quality is Quality.GOOD
    async with site(frozen_after_s=60.0) as at:
        await at.meter.read_all()
        await asyncio.sleep(61.0)
        assert (await at.meter.read_all()).quality is Quality.STALE


def test_long_reads_the_meter_refuses_are_split_and_remembered(tmp_path: Path) -> None:
    def shy(part: MapMeter) -> None:
        part.longest, part.refusal = 20, 2

    async def first() -> None:
        async with site(planning="fewest-reads", state=tmp_path) as at:
            shy(at.part)
            load(at, 16.0, 16.0, 16.0)
            reading = await at.meter.read_all()
            assert reading.total_power_w == 11040.0
            at.part.reads.clear()
            await at.meter.read_all()
            assert at.part.reads == LEAST_TIME
            assert at.health() is HealthState.OK

    async def second() -> None:
        async with site(shy, planning="fewest-reads", state=tmp_path) as at:
            await at.meter.read_all()
            assert at.part.reads == LEAST_TIME

    run_virtual(first())
    run_virtual(second())


@virtual
async def test_a_limit_told_with_exception_3_halves_until_it_fits() -> None:
    async with site(planning="fewest-reads") as at:
        at.part.longest = 10
        await at.meter.read_all()
        at.part.reads.clear()
        await at.meter.read_all()
        assert all(count <= 10 for _, _, count in at.part.reads)
        best = make_plan(at.meter.map, CORE, Objective.FEWEST_READS, refusals=at.meter.refusals)
        assert len(at.part.reads) == len(best.reads)


@pytest.mark.parametrize("code", [4, 6, 11])
def test_other_exceptions_are_told_and_teach_nothing(code: int) -> None:
    async def scenario() -> None:
        async with site() as at:
            at.part.exception = code
            with pytest.raises(DeviceRefused) as caught:
                await at.meter.read_all()
            assert caught.value.code == code
            at.part.exception = None
            at.part.reads.clear()
            await at.meter.read_all()
            assert at.part.reads == LEAST_TIME

    run_virtual(scenario())


@virtual
async def test_a_single_value_that_is_refused_is_an_error_with_a_hint() -> None:
    async with site() as at:
        at.part.exception = 2
        with pytest.raises(DeviceRefused, match=r"refuses power at 0x0034.*is this really the Eastron SDM630"):
            await at.meter.read_power()


@virtual
async def test_a_meter_without_the_serial_number_register_still_says_who_it_is() -> None:
    async with site() as at:
        at.part.map = type(at.part.map)(
            name="old", vendor="Eastron", model="old", phases=3, registers=tuple(r for r in at.part.map.registers if not r.optional)
        )
        assert (await at.meter.identify()).serial is None
        at.part.reads.clear()
        assert (await at.meter.identify()).serial is None
        assert at.part.reads == []


def test_something_else_at_the_address_is_not_taken_for_the_meter() -> None:
    async def scenario(prepare: Callable[[MapMeter], None], reason: str) -> None:
        with pytest.raises(ConnectFailed, match=reason):
            async with site(prepare):
                pass

    def zero(part: MapMeter) -> None:
        part.overrides["voltage_l1"] = 0.001

    def silent(part: MapMeter) -> None:
        part.exception = 1

    run_virtual(scenario(zero, "reads 0.001.*, not what the Eastron SDM630-Modbus V2 has there"))
    run_virtual(scenario(silent, "refuses register 0x0000, which the Eastron SDM630-Modbus V2 has"))

    async def trusting() -> None:
        async with site(zero, check_identity=False) as at:
            assert (await at.meter.read_all()).voltage_v.l1 == pytest.approx(0.001)

    run_virtual(trusting())


@virtual
async def test_unplugged_it_is_offline_and_plugged_in_again_it_reads() -> None:
    async with site() as at:
        faults = at.simulation.faults(PART)
        faults.silence = True
        for _ in range(4):
            with pytest.raises(BusError):
                await at.meter.read_all()
        assert at.health() is HealthState.OFFLINE
        faults.silence = False
        await asyncio.sleep(120.0)
        assert (await at.meter.read_all()).voltage_v.l1 == 230.0
        assert at.health() is HealthState.OK


def test_an_absent_meter_fails_to_connect_and_says_what_to_check() -> None:
    async def scenario() -> None:
        description = board_for("meters.sdm630")
        simulation = Simulation(description)
        async with simulation:
            simulation.faults(PART).nack = True
            with pytest.raises(ConnectFailed, match="did not answer"):
                async with open_board(description, simulation.buses):
                    pass

    run_virtual(scenario())


async def test_real_frames_on_a_real_terminal() -> None:
    async with site(ptys=True) as at:
        load(at, 16.0, 16.0, 16.0)
        reading = await at.meter.read_all()
        assert reading.total_power_w == 11040.0
        assert reading.voltage_v.known() == (230.0, 230.0, 230.0)
        assert at.part.reads == LEAST_TIME
        at.part.longest = 10
        assert (await at.meter.read_all()).total_power_w == 11040.0
        at.simulation.faults(PART).crc = True
        with pytest.raises(BusError):
            await at.meter.read_power()
        at.simulation.faults(PART).crc = False
        assert (await at.meter.read_power()).power_w == 11040.0


def test_the_map_meets_its_planning_targets() -> None:
    meter = map_named("sdm630")
    fewest, least = (make_plan(meter, CORE, objective) for objective in Objective)
    assert len(fewest.reads) == 1
    assert len(least.reads) == 3
    assert round(least.time_s * 1000) == 147
