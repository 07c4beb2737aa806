"""The JSON Schema, judged by a validator: what the loader takes it takes, and mistakes are underlined in the editor."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from cc613hal.board import board_schema
from cc613hal.plugins.manager import Plugins

jsonschema: Any = import_module("jsonschema")  # it comes without types
ROOT = Path(__file__).resolve().parents[2]
INSTALLED = Plugins.discover()
SHIPPED = {name: (files(spec.package) / spec.file).read_text(encoding="utf-8") for name, spec in INSTALLED.boards.items()}


def _examples() -> Iterator[Any]:
    """Every TOML block of the documentation that speaks of buses or devices of installed drivers."""
    for page in sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("drivers/*/README.md"), ROOT / "README.md"]):
        for number, block in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL), start=1):
            values = tomllib.loads(block)
            drivers = {device.get("driver") for device in values.get("device", {}).values() if isinstance(device, dict)}
            if values.keys() & {"bus", "device"} and drivers <= {*INSTALLED.drivers, None}:
                yield pytest.param(block, id=f"{page.relative_to(ROOT)}:{number}")


@pytest.fixture(scope="module")
def judge() -> Callable[[dict[str, Any]], list[str]]:
    schema = board_schema(INSTALLED)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return lambda values: [f"{error.json_path}: {error.message}" for error in validator.iter_errors(values)]


Judge = Callable[[dict[str, Any]], list[str]]


@pytest.mark.parametrize("board", SHIPPED)
def test_every_shipped_board_is_valid(judge: Judge, board: str) -> None:
    assert judge(tomllib.loads(SHIPPED[board])) == []


@pytest.mark.parametrize("block", list(_examples()))
def test_every_example_of_the_documentation_is_valid(judge: Judge, block: str) -> None:
    assert judge({"schema": 1, **tomllib.loads(block)}) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("schema = 1", "schema = 2"),
        ("schema = 1", ""),
        ('driver = "meters.sdm630"', 'driver = "meters.sdm631"'),
        ("address = 0x48", 'address = "0x48"'),
        ('type = "modbus-rtu"', 'type = "modbus-rtx"'),
        ("baud = 9600", 'baud = "9600"'),
        ('parity = "N"', 'parity = "none"'),
        ('options = { place = "internal" }', 'options = { plaice = "internal" }'),
        ("required = false", 'required = "no"'),
        ("connector = 1", "conector = 1"),
        ("[bus.gpio]", "[buses.gpio]"),
        ('coil = "K2_COIL"', "coil = 2"),
        ('pull = "up"', 'pull = "upwards"'),
    ],
)
def test_a_mistake_is_seen(judge: Judge, right: str, wrong: str) -> None:
    text = SHIPPED["bender.cc613"]
    assert right in text
    assert judge(tomllib.loads(text.replace(right, wrong, 1)))
