"""What an open board costs: processor time while nothing happens but polling, in real time, and memory above the loaded library.

Both for the shipped board and for one with everything that can be fitted (``full_board.toml``). Memory is that of the drivers, buses,
emulated parts and their modules above an interpreter that has imported the library and nothing of the drivers.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
import time
from pathlib import Path

from cc613hal.board import load_board, open_board
from cc613hal.plant import Simulation
from tests.bench._polling import Polling

IDLE_S = 20.0
SETTLE_S = 2.0
FULL = str(Path(__file__).with_name("full_board.toml"))
BOARDS = {"bender.cc613": "the shipped board", FULL: "everything fitted"}
TARGET_SHARE = 0.03
TARGET_MB = 12.0
_LOADED = """
import cc613hal, cc613hal.board, cc613hal.bus.actor, cc613hal.interfaces, cc613hal.plant, cc613hal.plugins, cc613hal.sync
"""


def _resident_mb() -> float:
    """Resident memory of this process, MB (``/proc/self/status``, VmRSS)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the resident memory")


async def idle(name: str, seconds: float) -> tuple[float, int, int]:
    """Share of one core, readings taken, and devices there, while the board is polled and nothing happens."""
    simulation = Simulation(load_board(name))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        polling = Polling(board)
        task = asyncio.create_task(polling.run())
        await asyncio.sleep(SETTLE_S)
        polling.readings.clear()
        wall_s, busy_s = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        wall_s, busy_s = time.perf_counter() - wall_s, time.process_time() - busy_s
        if task.done():
            task.result()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return busy_s / wall_s, polling.readings.total(), len(simulation.description.devices)


async def memory(name: str) -> float:
    """Resident memory that opening and polling a board adds to a process that has loaded the library, MB."""
    gc.collect()
    before_mb = _resident_mb()
    simulation = Simulation(load_board(name))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        task = asyncio.create_task(Polling(board).run())
        await asyncio.sleep(SETTLE_S)
        gc.collect()
        added_mb = _resident_mb() - before_mb
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return added_mb


def _memory_elsewhere(name: str) -> float:
    """The same in a fresh interpreter, because memory that was used before hides what is added."""
    program = f"{_LOADED}\nimport asyncio\nfrom tests.bench.board_cost import memory\nprint(asyncio.run(memory({name!r})))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    return float(done.stdout)


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    rows: list[tuple[str, str, str, bool]] = []
    for name, words in BOARDS.items():
        share, readings, devices = asyncio.run(idle(name, IDLE_S))
        added_mb = _memory_elsewhere(name)
        rows += [
            (
                f"processor time of an idle board ({words}, {devices} devices), all drivers polled, real time",
                f"{share:.1%} of one core ({readings / IDLE_S:.0f} readings/s)",
                f"at most {TARGET_SHARE:.0%}",
                share <= TARGET_SHARE,
            ),
            (
                f"memory of an open board ({words}) above the interpreter with the library loaded",
                f"{added_mb:.1f} MB",
                f"at most {TARGET_MB:g} MB",
                added_mb <= TARGET_MB,
            ),
        ]
    return rows
