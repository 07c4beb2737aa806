"""SunSpec meters: found where they are, refused when they are something else, and read the same by pysunspec2."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP  # type: ignore[import-untyped]  # the package has no types

from cc613hal.board import open_board, parse_board
from cc613hal.bus.modbus import Table
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit
from cc613hal.bus.sim.tcp_server import ModbusTcpServer
from cc613hal.clock import run_virtual
from cc613hal.errors import ConnectFailed, ImplausibleReading
from cc613hal.interfaces import Identified, MeterReading, SnapshotMeter
from cc613hal.plant import Simulation
from cc613hal.plant.emulation import ModbusUnit
from cc613hal.plugins import Certainty, Evidence
from cc613hal.testing.bench import PART, board_for
from cc613hal_meters.catalogue import map_named
from cc613hal_meters.emulation import MapMeter
from cc613hal_meters.probe import probe_sunspec_203, probe_sunspec_213

BOARD = """
schema = 1
name = "sunspec"
summary = "A SunSpec meter on the network"
[bus.lan]
type = "modbus-tcp"
host = "127.0.0.1"
port = {port}
[device.meter1]
driver = "meters.{driver}"
bus = "lan"
address = 1
options = {{ {options} }}
"""

MEASURED: dict[str, Any] = {
    "voltage_l1": 231.4,
    "voltage_l2": 229.9,
    "voltage_l3": 230.2,
    "current_l1": 15.87,
    "current_l2": 0.0,
    "current_l3": 9.5,
    "power_l1": 3672.0,
    "power_l2": 0.0,
    "power_l3": -2187.0,
    "power": 1485.0,
    "frequency": 49.98,
    "power_factor": 0.985,
    "energy_import": 1234567.0,
    "energy_export": 89.0,
    "vendor": "Acme",
    "model": "S1",
    "serial_number": "A-0042",
    "firmware": "2.1",
}
POINTS = {
    "power": "W",
    "power_l1": "WphA",
    "power_l3": "WphC",
    "voltage_l1": "PhVphA",
    "voltage_l3": "PhVphC",
    "current_l1": "AphA",
    "frequency": "Hz",
    "energy_import": "TotWhImp",
    "energy_export": "TotWhExp",
}


@asynccontextmanager
async def served(unit: ModbusUnit) -> AsyncGenerator[int]:
    """The unit on a port of this machine."""
    units = ModbusUnits()
    units.attach(1, unit)
    server = ModbusTcpServer(units)
    await server.start()
    try:
        yield server.port
    finally:
        await server.aclose()


async def reading_of(unit: ModbusUnit, driver: str, options: str = "") -> MeterReading:
    async with served(unit) as port, open_board(parse_board(BOARD.format(port=port, driver=driver, options=options))) as board:
        return await board.get(SnapshotMeter, "meter1").read_all()


def told_by_pysunspec2(port: int, model: int) -> tuple[dict[str, float], dict[str, str]]:
    device: Any = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=2)
    try:
        device.scan()
        meter, common = device.models[model][0], device.models[1][0]
        values = {name: float(getattr(meter, point).cvalue) for name, point in POINTS.items()}
        values["power_factor"] = meter.PF.cvalue
        return values, {
            "vendor": common.Mn.cvalue,
            "model": common.Md.cvalue,
            "serial_number": common.SN.cvalue,
            "firmware": common.Vr.cvalue,
        }
    finally:
        device.close()


@pytest.mark.parametrize(("driver", "model", "percent"), [("sunspec-203", 203, 100.0), ("sunspec-213", 213, 1.0)])
async def test_pysunspec2_reads_the_same_from_the_emulated_meter(driver: str, model: int, percent: float) -> None:
    part = MapMeter(map_named(driver), dict)
    part.overrides |= MEASURED
    async with served(part) as port:
        values, texts = await asyncio.to_thread(told_by_pysunspec2, port, model)
        assert values == pytest.approx({**{name: MEASURED[name] for name in POINTS}, "power_factor": 0.985 * percent}, rel=1e-6)
        assert texts == {name: MEASURED[name] for name in texts}
        async with open_board(parse_board(BOARD.format(port=port, driver=driver, options=""))) as board:
            ours = await board.get(SnapshotMeter, "meter1").read_all()
            identity = await board.get(Identified, "meter1").identify()
    assert ours.total_power_w == pytest.approx(values["power"])
    assert ours.voltage_v.l3 == pytest.approx(values["voltage_l3"])
    assert ours.power_w.l3 == pytest.approx(values["power_l3"])
    assert ours.frequency_hz == pytest.approx(values["frequency"])
    assert ours.energy is not None
    assert ours.energy.imported.wh == Decimal(1234567)
    assert ours.energy.exported is not None
    assert ours.energy.exported.wh == Decimal(89)
    assert (identity.vendor, identity.model, identity.serial, identity.firmware) == ("Acme", "S1", "A-0042", "2.1")


def by_hand(base: int, *models: tuple[int, Mapping[int, int], int], end: bool = True) -> RegisterUnit:
    """A device written word by word: models as (id, offset from the id → word, length)."""
    words = {base: 0x5375, base + 1: 0x6E53}
    address = base + 2
    for number, points, length in models:
        words |= dict.fromkeys(range(address, address + 2 + length), 0x8000)
        words |= {address: number, address + 1: length}
        words |= {address + offset: word for offset, word in points.items()}
        address += 2 + length
    if end:
        words |= {address: 0xFFFF, address + 1: 0}
    return RegisterUnit({Table.HOLDING: words})


COMMON: tuple[int, Mapping[int, int], int] = (1, dict.fromkeys(range(2, 67), 0), 65)
OTHER: tuple[int, Mapping[int, int], int] = (120, {}, 26)
SHORT: tuple[int, Mapping[int, int], int] = (203, {}, 20)
EMPTY: tuple[int, Mapping[int, int], int] = (64999, {}, 0)
ONE_PHASE: tuple[int, Mapping[int, int], int] = (
    201,
    {3: 1600, 6: 0xFFFE, 8: 2305, 15: 0xFFFF, 16: 5001, 17: 0xFFFE, 18: 368, 22: 1, 46: 0x0001, 47: 0x0000, 54: 1},
    105,
)
"""Points by the SunSpec model 201 (16 A, 230.5 V, 50.01 Hz, 3680 W with a scale of 10, 655,360 Wh)."""


@pytest.mark.parametrize("base", [40000, 50000, 0])
async def test_a_meter_is_found_behind_other_models_wherever_it_begins(base: int) -> None:
    reading = await reading_of(by_hand(base, COMMON, OTHER, ONE_PHASE), "sunspec-203")
    assert (reading.voltage_v.l1, reading.current_a.l1, reading.total_power_w, reading.frequency_hz) == (230.5, 16.0, 3680.0, 50.01)
    assert reading.voltage_v.l2 is None
    assert reading.current_a.l3 is None
    assert reading.energy is not None
    assert reading.energy.imported.wh == Decimal(655360)
    assert reading.energy.imported.raw == (1, 0)


async def test_a_base_of_your_own() -> None:
    reading = await reading_of(by_hand(1000, COMMON, ONE_PHASE), "sunspec-203", "base = 1000")
    assert reading.total_power_w == 3680.0


@pytest.mark.parametrize(
    ("device", "message"),
    [
        (by_hand(40000, COMMON, OTHER), "has no SunSpec model 201 or 202 or 203 or 204; it has 1, 120"),
        (by_hand(40000, COMMON, SHORT), "has no SunSpec model 201"),
        (by_hand(40000, COMMON, end=False), "has no SunSpec model 201"),
        (by_hand(40000, *[OTHER] * 100), "has no SunSpec model 1;"),
        (by_hand(40000, *[EMPTY] * 100), "has no SunSpec model 1;"),
        (by_hand(1000, COMMON, ONE_PHASE), "has no SunS at 40000, 50000, 0"),
        (RegisterUnit({Table.HOLDING: dict.fromkeys(range(40000, 40200), 0)}), "has no SunS"),
    ],
)
async def test_something_else_is_refused_in_words(device: ModbusUnit, message: str) -> None:
    with pytest.raises(ConnectFailed, match=message):
        await reading_of(device, "sunspec-203")


def test_the_simulated_meter_moves_with_the_option() -> None:
    async def scenario() -> None:
        description = board_for("meters.sunspec-213", options={"base": 50000})
        simulation = Simulation(description)
        async with simulation, open_board(description, simulation.buses) as board:
            simulation.plant.outlet().current_a.set((16.0, 0.0, 0.0))
            assert (await board.get(SnapshotMeter).read_all()).total_power_w == 3680.0
            part = simulation.plant.parts[PART]
            assert isinstance(part, MapMeter)
            assert all(address >= 50000 for _, address, _ in part.reads)

    run_virtual(scenario())


def test_a_scale_that_changes_changes_no_value() -> None:
    async def scenario() -> None:
        description = board_for("meters.sunspec-203")
        simulation = Simulation(description)
        async with simulation, open_board(description, simulation.buses) as board:
            simulation.plant.outlet().current_a.set((10.0, 0.0, 0.0))
            part = simulation.plant.parts[PART]
            assert isinstance(part, MapMeter)
            for exponent in (-1, 0, 1, 2):
                part.exponents["exponent_power"] = exponent
                assert (await board.get(SnapshotMeter).read_all()).total_power_w == 2300.0
            part.not_available.add("exponent_power")
            with pytest.raises(ImplausibleReading, match="no value for power"):
                await board.get(SnapshotMeter).read_all()

    run_virtual(scenario())


class Line:
    """A port straight to a unit."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit

    async def read_registers(self, address: int, count: int, *, table: Table = Table.HOLDING) -> tuple[int, ...]:
        return tuple(self._unit.read(table, address, count))


@pytest.mark.parametrize("model", ["sunspec-203", "sunspec-213"])
async def test_the_probes_tell_the_two_apart(model: str) -> None:
    line: Any = Line(MapMeter(map_named(model), dict))
    found: dict[str, Evidence | None] = {"sunspec-203": await probe_sunspec_203(line), "sunspec-213": await probe_sunspec_213(line)}
    evidence = found.pop(model)
    assert evidence is not None
    assert evidence.certainty is Certainty.CERTAIN
    assert evidence.options == {"base": 40000}
    assert list(found.values()) == [None]


def test_the_marker_is_the_text_suns() -> None:
    words = MapMeter(map_named("sunspec-203"), dict).read(Table.HOLDING, 40000, 2)
    assert struct.pack(">2H", *words) == b"SunS"
