"""What ``import cc613hal`` costs, against the three packages it is made of."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

IO_PACKAGES = ("smbus2", "spidev", "periphery", "serial", "pymodbus")
ROUNDS = 15


def _seconds(statement: str) -> float:
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def measure() -> list[tuple[str, str, str, bool]]:
    """Median of interleaved rounds, each in a fresh interpreter."""
    parts, whole = [], []
    for _ in range(ROUNDS):
        parts.append(_seconds("import attrs, pluggy, cattrs"))
        whole.append(_seconds("import cc613hal, cc613hal.interfaces, cc613hal.board, cc613hal.plugins"))
    ratio = median(whole) / median(parts)
    program = f"import cc613hal, cc613hal.board, sys; print([p for p in {IO_PACKAGES!r} if p in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    cost = f"{ratio:.2f} × ({median(whole) * 1e3:.0f} ms)"
    return [
        ("import of the library with boards and plug-ins, against attrs + pluggy + cattrs", cost, "≤ 2.5 ×", ratio <= 2.5),
        ("I/O packages loaded by the import", loaded, "[]", loaded == "[]"),
    ]
