"""A few kills in every run of the tests; `make crash RUNS=1000` does it in earnest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_central_system_hears_everything_in_order_through_a_few_kills(version: str) -> None:
    command = [sys.executable, "-m", "tests.crash.outbox", "--messages", "90", "--kills", "8", "--version", version]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stderr
    assert "none lost, none doubled" in done.stdout


def test_what_was_acknowledged_survives_a_few_kills() -> None:
    command = [sys.executable, "-m", "tests.crash", "--runs", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stderr
    assert "none lost, none doubled" in done.stdout
