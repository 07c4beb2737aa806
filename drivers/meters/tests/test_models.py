"""Every map of the package: it loads, somebody announces it, and it keeps its planning promise."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from cc613hal.board import open_board
from cc613hal.bus.modbus import Table
from cc613hal.bus.sim.modbus_units import ModbusUnits
from cc613hal.bus.sim.tcp_server import ModbusTcpServer
from cc613hal.clock import run_virtual
from cc613hal.interfaces import SnapshotMeter
from cc613hal.modbus_map import CORE, LinkTiming, Objective, PlanDecoder, greedy_plan, make_plan
from cc613hal.plant import Simulation
from cc613hal.plugins.spec import load_object
from cc613hal.testing.bench import PART, board_for
from cc613hal_meters.catalogue import map_named, model_names
from cc613hal_meters.plugin import cc613hal_drivers

TARGETS = {
    "sdm630": (1, 3, 147),
    "em340": (2, 3, 176),
    "wm3m4": (2, 2, 168),
    "eem-350": (5, 5, 200),
    "b23": (2, 3, 170),
    "bsm-ws36a": (1, 2, 139),
    "dvh4013": (3, 3, 143),
    "em540": (2, 3, 176),
    "em580": (2, 4, 215),
    "iem3155": (5, 5, 217),
    "klefr-6924": (2, 2, 141),
    "klefr-6934": (2, 2, 132),
    "ma370": (2, 2, 141),
    "pac2200": (2, 3, 205),
    "sdm72d-m": (1, 2, 74),
    "shm2": (5, 5, 225),
    "sunspec-203": (1, 2, 139),
    "sunspec-213": (1, 2, 149),
    "umg604": (1, 3, 176),
    "umg605": (1, 3, 176),
}
"""Fewest reads; reads and milliseconds in least time: core set at 9600 8N1 with 10 ms turnaround."""


@pytest.mark.parametrize("model", model_names())
def test_a_map_is_announced_with_its_own_options(model: str) -> None:
    [spec] = [spec for spec in cc613hal_drivers() if spec.name == f"meters.{model}"]
    assert load_object(spec.options).model == model  # type: ignore[attr-defined]  # a class, not a plain callable
    assert spec.addresses == (map_named(model).link.unit,)
    assert spec.sources


@pytest.mark.parametrize("model", model_names())
def test_a_plan_is_never_worse_than_a_greedy_merge(model: str) -> None:
    meter = map_named(model)
    greedy = greedy_plan(meter, CORE)
    assert len(make_plan(meter, CORE, Objective.FEWEST_READS).reads) <= len(greedy.reads)
    assert make_plan(meter, CORE, Objective.LEAST_TIME).time_s <= greedy.time_s


@pytest.mark.parametrize("model", TARGETS)
def test_planning_targets(model: str) -> None:
    meter, line = map_named(model), LinkTiming.serial(9600)
    fewest = make_plan(meter, CORE, Objective.FEWEST_READS, line)
    least = make_plan(meter, CORE, Objective.LEAST_TIME, line)
    assert (len(fewest.reads), len(least.reads), round(least.time_s * 1000)) == TARGETS[model]


@pytest.mark.parametrize("model", [name for name in model_names() if any(register.scale_by for register in map_named(name).registers)])
@pytest.mark.parametrize("objective", Objective)
@pytest.mark.parametrize("wanted", [CORE, CORE[:9], ("power",), ("energy_import", "energy_export"), ("energy_import",)])
def test_a_scale_register_comes_in_the_same_read_as_its_values(model: str, objective: Objective, wanted: tuple[str, ...]) -> None:
    """It may change between two reads (SunSpec Device Information Model V1.1, scale factors)."""
    for read in make_plan(map_named(model), wanted, objective).reads:
        names = {register.quantity for register in read.registers}
        assert {register.scale_by for register in read.registers if register.scale_by} <= names


def test_the_em300_takes_three_reads_over_tcp() -> None:
    assert len(make_plan(map_named("em300"), CORE, Objective.FEWEST_READS).reads) == 3


def test_least_significant_word_first_in_the_em340() -> None:
    """2300 in tenths of a volt is 0x08FC, and the low word comes first."""
    meter = map_named("em340")
    plan = make_plan(meter, ["voltage_l1", "power"])
    blocks = [[0] * read.count for read in plan.reads]
    blocks[0][0:2] = [0x08FC, 0]
    low, high = struct.unpack(">2H", struct.pack(">i", -12345))[::-1]
    place = PlanDecoder(meter, plan).place("power")
    assert place is not None
    blocks[place[0]][place[1] : place[2]] = [low, high]
    assert PlanDecoder(meter, plan).values(blocks) == {"voltage_l1": 230.0, "power": -1234.5}


def test_a_map_of_your_own_needs_no_code(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        """
format = 1
register = [
    { quantity = "power_l1", address = 0, type = "i16" },
    { quantity = "energy_import", address = 1, type = "u32", unit = "kWh", scale = 0.1 },
]
derived = [{ quantity = "power", plus = ["power_l1"] }]
[identity]
vendor = "Acme"
model = "M1"
phases = 1
[evidence]
sources = ["Acme M1 manual"]
confidence = "one-source"
""",
        encoding="utf-8",
    )

    async def scenario() -> None:
        description = board_for("meters.custom", options={"map": str(path)})
        simulation = Simulation(description)
        async with simulation, open_board(description, simulation.buses) as board:
            simulation.plant.outlet().current_a.set((10.0, 0.0, 0.0))
            simulation.plant.parts[PART].overrides["energy_import"] = 123400.0
            reading = await board.get(SnapshotMeter).read_all()
            assert reading.total_power_w == 2300.0
            assert reading.energy is not None
            assert str(reading.energy.imported.wh) == "123400"
            assert reading.voltage_v.known() == ()

    run_virtual(scenario())


@pytest.mark.parametrize("model", model_names())
async def test_pymodbus_reads_every_emulated_meter_over_tcp(model: str) -> None:
    """Somebody else's client, on a real socket: the counter's registers are those that our own plan fetches."""
    meter = map_named(model)
    (read,) = make_plan(meter, ("energy_import",), Objective.FEWEST_READS).reads[:1]
    async with Simulation(board_for(f"meters.{model}")) as simulation:
        units = ModbusUnits()
        units.attach(7, simulation.plant.parts[PART])
        async with ModbusTcpServer(units) as server:
            client = AsyncModbusTcpClient("127.0.0.1", port=server.port)
            assert await client.connect()
            fetch = client.read_input_registers if read.table is Table.INPUT else client.read_holding_registers
            answer = await fetch(read.address, count=read.count, device_id=7)
            client.close()
            assert not answer.isError()
            assert len(answer.registers) == read.count
