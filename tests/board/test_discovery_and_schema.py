"""What discovery proposes can be pasted into a board file, and the schema knows what the loader knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cc613hal_test_parts as parts
import pytest

from cc613hal.board import board_schema, discover, parse_board, system_buses
from cc613hal.bus.modbus import Table
from cc613hal.bus.options import I2cOptions, ModbusRtuOptions, SerialOptions
from cc613hal.bus.sim.chips import SerialPeer
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.bus.sim.modbus_units import RegisterUnit
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


def test_modbus_units_are_asked_and_nothing_is_written(plugins: Plugins) -> None:
    buses = SimulatedBuses(Clock())
    unit = RegisterUnit({Table.HOLDING: {0: 42}})
    buses.modbus("meter").attach(1, unit)
    buses.modbus("meter").attach(7, RegisterUnit({Table.HOLDING: {0: 42}}))
    buses.modbus("meter").attach(9, RegisterUnit({Table.HOLDING: {0: 3}}))

    async def main() -> str:
        return (await discover({"meter": ModbusRtuOptions(path="/dev/ttyS1")}, buses, plugins, units=[7, 8, 9])).toml()

    text = run_virtual(main())
    board = parse_board(f'schema = 1\nname = "found"\n{text}', plugins=plugins)
    assert {device.address for device in board.devices.values()} == {1, 7}
    assert all(device.driver.name == "test.meter" for device in board.devices.values())
    assert "the probe of test.rude-meter was stopped: discovery does not write to unit 1" in text
    assert unit.tables[Table.HOLDING][0] == 42


def test_a_noisy_modbus_line_is_searched_to_its_end(plugins: Plugins) -> None:
    buses = SimulatedBuses(Clock())
    buses.modbus("meter").attach(1, RegisterUnit({Table.HOLDING: {0: 42}}))
    buses.modbus("meter").line.crc = True

    async def main() -> str:
        return (await discover({"meter": ModbusRtuOptions(path="/dev/ttyS1")}, buses, plugins)).toml()

    assert "[device." not in run_virtual(main())


class Peer(SerialPeer):
    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def receive(self, data: bytes) -> None:
        if data == b"?":
            self.send(self.answer)


@pytest.mark.parametrize(("answer", "found"), [(b"!", True), (b"x", False), (b"", False)])
def test_a_serial_line_that_is_named_is_spoken_to(plugins: Plugins, answer: bytes, found: bool) -> None:
    buses = SimulatedBuses(Clock())
    buses.serial("reader").join(Peer(answer))

    async def main() -> str:
        return (await discover({"reader": SerialOptions(path="/dev/ttyS2")}, buses, plugins)).toml()

    text = run_virtual(main())
    board = parse_board(f'schema = 1\nname = "found"\n{text}', plugins=plugins)
    assert ("reader" in board.devices) is found


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
