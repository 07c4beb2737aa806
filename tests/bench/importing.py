"""What ``import cc613hal`` costs, against the three packages it is made of."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

IO_PACKAGES = ("smbus2", "spidev", "periphery", "serial", "pymodbus", "h11")
ROUNDS = 15


def _seconds(statement: str) -> float:
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def measure() -> list[tuple[str, str, str, bool]]:
    """Medians of interleaved rounds, each in a fresh interpreter."""
    statements = {
        "parts": "import attrs, pluggy, cattrs",
        "library": "import cc613hal",
        "driver": "import cc613hal.interfaces, cc613hal.plugins, cc613hal.readings",
        "board": "import cc613hal.board, cc613hal.interfaces",
    }
    seconds: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(ROUNDS):
        for name, statement in statements.items():
            seconds[name].append(_seconds(statement))
    cost = {name: median(found) for name, found in seconds.items()}
    ratio = {name: cost[name] / cost["parts"] for name in cost}
    shown = {name: f"{ratio[name]:.2f} × ({cost[name] * 1e3:.0f} ms)" for name in cost}
    program = f"import cc613hal, cc613hal.board, sys; print([p for p in {IO_PACKAGES!r} if p in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    return [
        ("`import cc613hal`, against attrs + pluggy + cattrs", shown["library"], "≤ 2.5 ×", ratio["library"] <= 2.5),
        ("all that a driver imports, against the same", shown["driver"], "≤ 2.5 ×", ratio["driver"] <= 2.5),
        ("boards with loader, asyncio and plug-in manager, against the same", shown["board"], "reported only", True),
        ("I/O packages loaded by importing the library with boards", loaded, "[]", loaded == "[]"),
    ]
