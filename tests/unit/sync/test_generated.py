"""The generated facade is current and complete."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

from typing_extensions import is_protocol

from cc613hal import interfaces, sync

ROOT = Path(__file__).parents[3]


def test_file_is_what_the_generator_writes() -> None:
    command = [sys.executable, "tests/tools/generate_sync.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr


def test_file_says_that_it_is_generated_where_tools_look() -> None:
    assert "generated" in (ROOT / "cc613hal" / "sync.py").read_text(encoding="utf-8")[:400]


def test_every_capability_has_a_facade_with_every_member_and_its_text() -> None:
    for name in interfaces.__all__:
        protocol = getattr(interfaces, name)
        if not (inspect.isclass(protocol) and is_protocol(protocol)):
            continue
        facade = getattr(sync, f"Sync{name}")
        for member, value in vars(protocol).items():
            if member.startswith("_") or not (callable(value) or isinstance(value, property)):
                continue
            blocking = vars(facade)[member]
            assert isinstance(blocking, property) == isinstance(value, property)
            assert inspect.cleandoc(blocking.__doc__) == inspect.cleandoc(value.__doc__)
            assert not inspect.iscoroutinefunction(blocking)


def test_importing_it_loads_neither_simulation_nor_io_packages() -> None:
    unwanted = ("serial", "pymodbus", "smbus2", "periphery", "cc613hal.plant")
    program = f"import sys, cc613hal.sync; print([name for name in sys.modules if name in {unwanted}])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout.strip() == "[]"
