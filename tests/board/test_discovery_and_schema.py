"""What discovery proposes can be pasted into a board file, and the schema knows what the loader knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cc613hal_test_parts as parts

from cc613hal.board import board_schema, discover, parse_board, system_buses
from cc613hal.bus.options import I2cOptions
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.clock import Clock, run_virtual
from cc613hal.plugins.manager import Plugins


class Chip:
    def __init__(self, identity: int) -> None:
        self.identity = identity
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def read(self, count: int) -> bytes:
        return bytes([self.identity]) * count


def search(plugins: Plugins, **chips: Chip) -> str:
    buses = SimulatedBuses(Clock())
    for address, chip in chips.items():
        buses.i2c("i2c0").attach(int(address[1:], 16), chip)

    async def main() -> str:
        found = await discover({"i2c0": I2cOptions(path="/dev/i2c-1")}, buses, plugins)
        return found.toml()

    return run_virtual(main())


def test_what_is_certain_can_be_pasted(plugins: Plugins) -> None:
    text = search(plugins, x48=Chip(0x5A))
    assert "# 0x48 on i2c0: test.probe, certain: identity reads 0x5A" in text
    board = parse_board(f'schema = 1\nname = "found"\n{text}', plugins=plugins)
    assert board.devices["probe"].address == 0x48


def test_what_several_drivers_could_be_is_said_to_be_ambiguous(plugins: Plugins) -> None:
    text = search(plugins, x4a=Chip(1))
    assert "# ambiguous: uncomment one of the drivers" in text
    assert '# driver = "test.double"\n# driver = "test.twin"' in text
    assert not parse_board(f'schema = 1\nname = "found"\n{text}', plugins=plugins).devices


def test_a_stranger_is_reported_as_such(plugins: Plugins) -> None:
    assert "# 0x20 on i2c0: somebody answers; no installed driver uses this address" in search(plugins, x20=Chip(1))


def test_nothing_is_written_although_a_probe_tries(plugins: Plugins) -> None:
    chip = Chip(0x5A)
    text = search(plugins, x48=chip)
    assert all(len(data) <= 2 for data in chip.written)
    assert "the probe of test.rude was stopped" in text


def test_a_bus_that_is_not_there_is_a_note(plugins: Plugins) -> None:
    buses = SimulatedBuses(Clock())
    buses.i2c("i2c0").faults.unplug()

    async def main() -> tuple[str, ...]:
        return (await discover({"i2c0": I2cOptions(path="/dev/i2c-1")}, buses, plugins)).notes

    assert "bus i2c0 could not be looked at" in run_virtual(main())[0]


def test_the_computers_own_buses(tmp_path: Path) -> None:
    for name in ("i2c-10", "i2c-2", "gpiochip0", "ttyS0"):
        (tmp_path / name).touch()
    assert list(system_buses(tmp_path)) == ["i2c2", "i2c10", "gpio"]


def test_the_schema_knows_drivers_options_and_their_help(plugins: Plugins) -> None:
    schema = board_schema(plugins)
    device: dict[str, Any] = schema["$defs"]["device"]
    assert set(device["properties"]["driver"]["enum"]) == {spec.name for spec in parts.DRIVERS}
    probe = next(entry["then"] for entry in device["allOf"] if entry["if"]["properties"]["driver"]["const"] == "test.probe")
    assert probe["properties"]["options"]["properties"]["mode"] == {"type": "string", "default": "fast"}
    assert probe["properties"]["options"]["additionalProperties"] is False
    rtu = next(entry["then"] for entry in schema["$defs"]["bus"]["allOf"] if entry["if"]["properties"]["type"]["const"] == "modbus-rtu")
    assert rtu["properties"]["timeout_s"] == {"type": "number", "default": 0.3, "description": "longest wait for an answer, s."}
    assert rtu["properties"]["settings"]["properties"]["parity"]["enum"] == ["N", "E", "O"]
