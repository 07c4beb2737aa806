"""The drivers' own tests once more, on device nodes: smbus2 and python-periphery make their system calls, umockdev answers them.

``make test`` takes the conformance suites of every driver on I2C or SPI; ``make test-descriptors`` also the packages' own tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest

from tests.descriptors.machine import missing

ROOT = Path(__file__).resolve().parents[2]
SUITES = ("DriverSuite", "absent_part", "answer_lost", "unplugged_and_back")


def test_the_reason_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.descriptors.machine.which", lambda _: None)
    assert "apt install umockdev" in missing()
    monkeypatch.setattr("tests.descriptors.machine.which", which)
    monkeypatch.setattr("tests.descriptors.machine.PLACES", ())
    if which("umockdev-wrapper") is not None and find_spec("gi") is None:
        assert "python3-gi" in missing()


@pytest.mark.timeout(600)
def test_every_driver_on_i2c_or_spi_passes_its_suites_on_device_nodes() -> None:
    if why := missing():
        pytest.skip(why)
    wanted = f"(-i2c- or -spi-) and ({' or '.join(SUITES)})"
    command = ["umockdev-wrapper", sys.executable, "-m", "pytest", "-q", "-p", "tests.descriptors.plugin", "-k", wanted]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        [*command, "tests/conformance/test_first_party.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=590,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    opened = re.search(r"device nodes opened: (\d+) I2C, (\d+) SPI", done.stdout)
    assert opened is not None
    assert all(int(count) > 20 for count in opened.groups()), "the tests passed without the nodes"
