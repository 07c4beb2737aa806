"""What a scan may believe: identification registers are certain, a mains voltage is likely at most."""

from __future__ import annotations

from typing import Any

import pytest

from cc613hal.bus.modbus import Table
from cc613hal.plant.emulation import ModbusUnit
from cc613hal.plugins import BusKind, Certainty
from cc613hal.plugins.spec import load_object
from cc613hal_meters.catalogue import map_named
from cc613hal_meters.emulation import MapMeter
from cc613hal_meters.plugin import cc613hal_drivers

PROBES = {spec.name.removeprefix("meters."): spec.probe for spec in cc613hal_drivers() if spec.probe and BusKind.MODBUS in spec.buses}


class Line:
    """A port straight to a unit."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit

    async def read_registers(self, address: int, count: int, *, table: Table = Table.HOLDING) -> tuple[int, ...]:
        return tuple(self._unit.read(table, address, count))


def meter(model: str, voltage_v: float = 230.0) -> MapMeter:
    part = MapMeter(map_named(model), dict)
    part.overrides["voltage_l1"] = voltage_v
    return part


async def probed(probe: str, unit: ModbusUnit) -> Certainty | None:
    line: Any = Line(unit)
    evidence = await load_object(PROBES[probe])(line)
    return evidence.certainty if evidence else None


IDENTIFIED = ("b23", "bsm-ws36a", "em24-e1", "sunspec-203", "sunspec-213")


@pytest.mark.parametrize("model", IDENTIFIED)
async def test_an_identification_register_is_certain_and_nobody_elses(model: str) -> None:
    assert await probed(model, meter(model)) is Certainty.CERTAIN
    for other in PROBES:
        if other != model:
            assert await probed(other, meter(model)) in {None, Certainty.POSSIBLE}, other


@pytest.mark.parametrize("model", sorted(set(PROBES) - set(IDENTIFIED)))
async def test_a_plausible_voltage_finds_the_meter_and_proves_nothing(model: str) -> None:
    assert await probed(model, meter(model)) in {Certainty.LIKELY, Certainty.POSSIBLE}
    assert await probed(model, meter(model, 0.0)) is None


@pytest.mark.parametrize(
    ("voltage_v", "certainty"),
    [
        (230.0, Certainty.LIKELY),
        (181.0, Certainty.LIKELY),
        (120.0, Certainty.POSSIBLE),
        (295.0, Certainty.POSSIBLE),
        (0.0, None),
        (400.0, None),
    ],
)
async def test_a_voltage_is_never_certain(voltage_v: float, certainty: Certainty | None) -> None:
    assert await probed("sdm630", meter("sdm630", voltage_v)) is certainty
