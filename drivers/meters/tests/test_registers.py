"""Every register of every map, written and read by code that has nothing to do with the library's, and new kinds on real lines."""

from __future__ import annotations

import struct
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pytest

from cc613hal.board import open_board, parse_board
from cc613hal.clock import run_virtual
from cc613hal.interfaces import Identified, PhaseMeter, SnapshotMeter
from cc613hal.modbus_map import MapError, Register, RegisterMap, ValueType, WordOrder, decode_register, encode_register, parse_map
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, board_for
from cc613hal_meters.catalogue import map_named, model_names
from cc613hal_meters.emulation import MapMeter

CODES = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f32": "f", "f64": "d"}
VARIANTS = [(model, variant.name) for model in model_names() for variant in map_named(model).variants]


def by_hand(register: Register, raw: float) -> list[int]:
    """The words of a raw number, most significant first unless the map says otherwise."""
    data = struct.pack(">" + CODES[register.type.word], raw)
    words = [data[at] << 8 | data[at + 1] for at in range(0, len(data), 2)]
    return words[::-1] if register.word_order is WordOrder.LSW_FIRST else words


def numbers(meter: RegisterMap) -> list[Register]:
    return [register for register in meter.registers if register.type.word in CODES and not register.scale_by]


@pytest.mark.parametrize("model", model_names())
def test_every_number_reads_as_written_by_hand(model: str) -> None:
    for register in numbers(map_named(model)):
        for raw in (0, 1, 2301) if register.type.registers == 1 else (0, 1, 2301, 1234567):
            value = decode_register(register, by_hand(register, raw))
            assert value is not None, register
            exact = Fraction(raw) * Fraction(register.scale)
            found = Fraction(int(value)) if isinstance(value, str) else Fraction(value)
            assert found == exact if isinstance(value, Decimal | int) else float(found) == pytest.approx(float(exact)), register
            written = encode_register(register, value if not isinstance(value, str) else raw)
            assert list(written) == by_hand(register, raw), register


@pytest.mark.parametrize("model", model_names())
def test_what_is_not_available_is_none(model: str) -> None:
    meter = map_named(model)
    for register in meter.registers:
        for pattern in register.not_available:
            words = [pattern >> 16 * at & 0xFFFF for at in reversed(range(register.count))]
            if register.word_order is WordOrder.LSW_FIRST:
                words.reverse()
            assert decode_register(register, words) is None, register


@pytest.mark.parametrize(("model", "variant"), VARIANTS)
def test_a_variant_is_a_map_of_its_own(model: str, variant: str) -> None:
    usual, other = map_named(model), map_named(model, variant)
    assert other.variant == variant
    assert other.registers != usual.registers
    assert all(item.help for item in other.variants)

    async def scenario() -> None:
        description = board_for(f"meters.{model}", options={"variant": variant})
        simulation = Simulation(description)
        async with simulation, open_board(description, simulation.buses) as board:
            simulation.plant.outlet().current_a.set((10.0, 0.0, 0.0))
            reading = await board.get(SnapshotMeter).read_all()
            assert reading.total_power_w == pytest.approx(2300.0)
            assert reading.voltage_v.l1 == pytest.approx(230.0)
            assert reading.energy is not None

    run_virtual(scenario())


def test_an_unknown_variant_is_refused_with_the_known_ones() -> None:
    text = (files("cc613hal_meters") / "maps" / "em540.toml").read_text(encoding="utf-8")
    with pytest.raises(MapError, match=r"no variant 'int64-enrgy' \(there is: int64-energy\) \(did you mean 'int64-energy'\?\)"):
        parse_map(text, name="em540", variant="int64-enrgy")


def test_a_one_phase_meter_counts_its_own_phase_only() -> None:
    async def scenario() -> None:
        description = board_for("meters.sdm120")
        simulation = Simulation(description)
        async with simulation, open_board(description, simulation.buses) as board:
            outlet = simulation.plant.outlet()
            outlet.current_a.set((10.0, 10.0, 10.0))
            await board.clock.sleep(1800.0)
            outlet.current_a.set((0.0, 16.0, 16.0))
            await board.clock.sleep(1800.0)
            reading = await board.get(SnapshotMeter).read_all()
            assert reading.energy is not None
            assert float(reading.energy.imported.wh) == pytest.approx(1150.0)
            assert reading.total_power_w == 0.0

    run_virtual(scenario())


def test_a_meter_without_phases_does_not_pretend_to_have_them() -> None:
    async def scenario() -> None:
        description = board_for("meters.sdm72d-m")
        simulation = Simulation(description)
        async with simulation, open_board(description, simulation.buses) as board:
            simulation.plant.outlet().current_a.set((10.0, 10.0, 0.0))
            assert board.optional(PhaseMeter) is None
            assert (await board.get(SnapshotMeter).read_all()).total_power_w == 4600.0

    run_virtual(scenario())


def test_klefr_tells_its_serial_number_in_hexadecimal_digits() -> None:
    register = map_named("klefr-6924").register("serial_number")
    assert register is not None
    assert register.type is ValueType.HEX32
    assert decode_register(register, [0x1709, 0x0042]) == "17090042"


RTU = {"b23": "u64 counters", "em580": "i64, low word first", "bsm-ws36a": "scale registers and texts", "klefr-6924": "kW as floats"}
TCP = {"pac2200": "f64 counters", "ma370": "floats, low word first", "shm2": "import and export apart", "umg604": "one block of floats"}
NETWORK = """
schema = 1
name = "network"
summary = "A meter on the network"
[bus.lan]
type = "modbus-tcp"
host = "127.0.0.1"
[device.part]
driver = "meters.{model}"
bus = "lan"
address = {unit}
connector = 1
"""


@pytest.mark.parametrize("model", [*RTU, *TCP], ids=[f"{model}: {kind}" for model, kind in (RTU | TCP).items()])
async def test_real_frames(model: str) -> None:
    network = model in TCP
    description = parse_board(NETWORK.format(model=model, unit=map_named(model).link.unit)) if network else board_for(f"meters.{model}")
    simulation = Simulation(description, ptys=True)
    async with simulation, open_board(description, simulation.buses) as board:
        part = simulation.plant.parts[PART]
        assert isinstance(part, MapMeter)
        simulation.plant.outlet().current_a.set((16.0, 10.0, 0.0))
        part.overrides |= {"energy_import": 123450.0, "energy_export": 20.0}
        reading = await board.get(SnapshotMeter).read_all()
        identity = await board.get(Identified).identify()
    assert reading.voltage_v.known() == pytest.approx((230.0, 230.0, 230.0))
    assert reading.current_a.known() == pytest.approx((16.0, 10.0, 0.0))
    assert reading.power_w.known() == pytest.approx((3680.0, 2300.0, 0.0))
    assert reading.total_power_w == pytest.approx(5980.0)
    assert reading.energy is not None
    assert reading.energy.exported is not None
    assert float(reading.energy.imported.wh) == pytest.approx(123450.0)
    assert float(reading.energy.exported.wh) == pytest.approx(20.0)
    assert identity.vendor == map_named(model).vendor
    if map_named(model).register("serial_number"):
        assert identity.serial == "12345678"
