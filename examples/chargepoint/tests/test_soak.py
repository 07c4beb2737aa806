"""Two hours of a busy station in every run of the tests; `make soak` does three days."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_few_hours_leave_nothing_behind_and_say_nothing_unexpected() -> None:
    command = [sys.executable, "-m", "tests.soak", "--hours", "2", "--charges", "12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 customers" in done.stdout
    assert "nothing unexpected was said" in done.stdout
