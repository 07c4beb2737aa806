"""Importing the library touches no hardware: no I/O package is loaded, by no public room."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import cc613hal

IO_PACKAGES = ("smbus2", "spidev", "periphery", "serial", "pymodbus", "h11")


def modules() -> list[str]:
    """Every module of the library, except the Linux adapters themselves and those that only make sense inside pytest or as a program."""
    names = ["cc613hal", *(module.name for module in pkgutil.walk_packages(cc613hal.__path__, "cc613hal."))]
    adapters = [name for name in names if name.startswith("cc613hal.bus.linux.") and name != "cc613hal.bus.linux.factory"]
    return [name for name in names if name not in adapters and not name.endswith("__main__") and not name.startswith("cc613hal.testing")]


def test_no_module_loads_an_io_package_when_imported() -> None:
    program = (
        "import importlib, sys\n"
        f"for name in {modules()!r}:\n"
        "    importlib.import_module(name)\n"
        f"    loaded = [package for package in {IO_PACKAGES!r} if package in sys.modules]\n"
        "    assert not loaded, f'{name} loads {loaded}'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", ["cc613hal", "cc613hal.interfaces", "cc613hal.plugins"])
def test_a_driver_package_pays_for_no_simulation(package: str) -> None:
    rooms = ("cc613hal.plant", "cc613hal.bus.sim", "cc613hal.cli")
    program = f"import {package}, sys; print([module for module in sys.modules if module.startswith({rooms!r})])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout.strip() == "[]"
