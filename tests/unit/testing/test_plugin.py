"""The pytest plug-in as a test engineer meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SUITE = """
import pytest

@pytest.mark.needs("EnergyMeter")
async def test_meter(device):
    assert (await device.read_energy()).imported.wh >= 0

@pytest.mark.needs("TemperatureSensor", name="temp-relay")
async def test_named(device):
    assert (await device.read()).source == "temp-relay"

@pytest.mark.needs("SignedMeter")
async def test_absent(device):
    raise AssertionError("must have been skipped")

@pytest.mark.needs("Contactor", connector=7)
async def test_no_such_connector(device):
    raise AssertionError("must have been skipped")

async def test_world(board, simulation):
    simulation.plant.cabinet.temperature("internal").set(50.0)
    assert board.health()["temp-internal"].usable
"""


SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
addopts = --strict-markers -p no:cacheprovider -rs
filterwarnings = error
"""


def run(folder: Path, *arguments: str) -> str:
    (folder / "test_hardware.py").write_text(SUITE)
    (folder / "pytest.ini").write_text(SETTINGS)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=55, check=False
    )
    return done.stdout + done.stderr


def test_tests_run_on_the_simulated_board_and_skip_with_a_reason(tmp_path):
    output = run(tmp_path, "--sim")
    assert "3 passed, 2 skipped" in output, output
    assert "cc613hal board: bender.cc613 (simulated)" in output
    assert "board bender.cc613 has no SignedMeter" in output
    assert "has no Contactor at connector 7" in output


def test_without_a_board_everything_is_skipped_and_says_how_to_name_one(tmp_path):
    output = run(tmp_path)
    assert "5 skipped" in output, output
    assert "--board NAME|FILE" in output


def test_loading_it_costs_nothing_but_pytest():
    program = "import sys, pytest; before = set(sys.modules); import cc613hal.testing.plugin; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=55)
    loaded = eval(done.stdout)
    assert [name for name in loaded if name.split(".")[0] != "cc613hal"] == []
    assert set(loaded) <= {"cc613hal", "cc613hal.testing", "cc613hal.testing.plugin"}
