"""What a station costs while two vehicles charge, and how fast it comes and goes: the command as users start it, in a process of its own.

Modbus runs on a real pseudo-terminal, the socket is served, sessions go to a real database. The simulated world is in the same process, so
processor time and memory are more than a station on hardware would need.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.edge_latency import SERVICE_NICENESS, _may_raise

BOARD = Path(__file__).with_name("double_board.toml")
STARTS, WATCHED_S = 5, 20.0
CPU_TARGET, MEMORY_TARGET_MB, READY_TARGET_S, STOP_TARGET_S = 0.05, 90.0, 3.0, 5.0


class _Running:
    """A station that runs."""

    def __init__(self, place: Path) -> None:
        self.data = place / "data"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(str(place / "notify"))
            supervisor.settimeout(60.0)
            command = [
                sys.executable,
                "-m",
                "cc613_chargepoint",
                "run",
                "--board",
                str(BOARD),
                "--sim",
                "--by-hand",
                "--data",
                str(self.data),
            ]
            if _may_raise():
                command = ["nice", "-n", str(SERVICE_NICENESS), *command]  # as its service has it
            began_s = time.monotonic()
            self.process = subprocess.Popen(
                command, env={**os.environ, "NOTIFY_SOCKET": str(place / "notify")}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            while b"READY=1" not in supervisor.recv(4096):
                pass
            self.ready_s, self.ready_busy_s = time.monotonic() - began_s, self.busy_s()

    def happen(self, *words: str) -> None:
        command = [sys.executable, "-m", "cc613_chargepoint", "sim", words[0], "--data", str(self.data), *words[1:]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=90)

    def busy_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024.0

    def stop_s(self) -> float:
        began_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        if self.process.returncode:
            raise RuntimeError(f"the station ended with {self.process.returncode}")
        return time.monotonic() - began_s


@contextlib.contextmanager
def _running() -> Iterator[_Running]:
    with tempfile.TemporaryDirectory() as place:
        station = _Running(Path(place))
        try:
            yield station
        finally:
            station.process.kill()
            station.process.wait()


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    ready: list[float] = []
    busy: list[float] = []
    for _ in range(STARTS):
        with _running() as station:
            ready.append(station.ready_s)
            busy.append(station.ready_busy_s)
            station.stop_s()
    with _running() as station:
        idle_mb = station.memory_mb()
        for connector in ("1", "2"):
            station.happen("plug", "--connector", connector)
            station.happen("wait", "connected", "--connector", connector)
            station.happen("tap", f"04A2B3C4D5E68{connector}")
            station.happen("wait", "charging", "--connector", connector)
        time.sleep(2.0)
        before_s, began_s = station.busy_s(), time.monotonic()
        time.sleep(WATCHED_S)
        share = (station.busy_s() - before_s) / (time.monotonic() - began_s)
        memory_mb = station.memory_mb()
        stop_s = station.stop_s()
    ready_s = statistics.median(ready)
    return [
        (
            "application: processor while two vehicles charge, with the simulated world in the process",
            f"{share:.1%} of one core",
            "at most 5%",
            share <= CPU_TARGET,
        ),
        (
            "application: resident memory then, without backends",
            f"{memory_mb:.0f} MB ({idle_mb:.0f} MB before)",
            "at most 90 MB",
            memory_mb <= MEMORY_TARGET_MB,
        ),
        (
            f"application: start to ready, median of {STARTS}, with the priority of its service",
            f"{ready_s:.2f} s (slowest {max(ready):.2f} s; {statistics.median(busy):.2f} s processor time)",
            "at most 3 s",
            ready_s <= READY_TARGET_S,
        ),
        (
            "application: SIGTERM while two vehicles charge → safe state reached and process gone",
            f"{stop_s:.2f} s",
            "at most 5 s",
            stop_s <= STOP_TARGET_S,
        ),
    ]
