"""The README says what the code does: every driver, every option, and board files that can be read."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import load_object
from cc613hal_sensors.plugin import cc613hal_drivers

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
SPECS = cc613hal_drivers()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_driver_is_in_the_table_with_its_bus(spec):
    row = next(line for line in README.splitlines() if line.startswith(f"| `{spec.name}` |"))
    for kind in spec.buses:
        assert kind.value.upper() in row
    for capability in spec.capabilities:
        assert capability in row


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_option_is_explained(spec):
    for option in attrs.fields(load_object(spec.options)):
        assert re.search(rf"^\|[^|]*`{option.name}`", README, re.MULTILINE), f"{spec.name}: {option.name}"


def test_every_example_names_a_driver_and_options_that_are_there():
    from cc613hal.board import parse_board

    found = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert found
    buses = {"i2c0": 'type = "i2c"\npath = "/dev/i2c-0"', "spi0": 'type = "spi"\npath = "/dev/spidev0"'}
    for text in found:
        needed = "\n".join(f"[bus.{name}]\n{lines}" for name, lines in buses.items() if f'bus = "{name}"' in text)
        board = f'schema = 1\nname = "readme"\nsummary = "from the README"\n{needed}\n{text}'
        assert parse_board(board, file="README.md", plugins=Plugins.discover()).devices
