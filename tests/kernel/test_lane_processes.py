"""Programs end, whatever happens to them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kernel.lane import processes
from tests.kernel.lane.processes import run, stop


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie that nobody collects has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_status_and_both_streams_come_back_in_order() -> None:
    script = "import sys; print('one', flush=True); print('two', file=sys.stderr, flush=True); print('three'); sys.exit(3)"
    finished = run([sys.executable, "-c", script], label="x", timeout_s=20)
    assert (finished.status, finished.output.split()) == (3, ["one", "two", "three"])


def test_a_heartbeat_is_heard_while_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "HEARTBEAT_S", 0.05)
    heard: list[str] = []
    run(["sleep", "0.4"], label="a long sleep", timeout_s=20, progress=heard.append)
    assert heard
    assert heard[0].startswith("a long sleep: ")


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! >{tmp_path}/child; wait"
    with pytest.raises(TimeoutError, match="the sleeper"):
        run(["sh", "-c", script], label="the sleeper", timeout_s=0.5)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while not gone(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gone(child)


def test_stopping_what_has_ended_does_nothing() -> None:
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait(10)
    stop(process)
    assert process.returncode == 0


def test_the_working_folder_and_environment_are_given(tmp_path: Path) -> None:
    finished = run(["sh", "-c", "pwd; echo $WORD"], label="x", timeout_s=20, cwd=tmp_path, env={**os.environ, "WORD": "here"})
    assert finished.output.split() == [str(tmp_path), "here"]
