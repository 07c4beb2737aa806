"""The command as people run it: its answers, its exit codes, and how it stops."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cc613_chargepoint.cli import main

COMMAND = [sys.executable, "-m", "cc613_chargepoint", "run"]


def test_real_hardware_is_not_energised_by_accident(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--board", "bender.cc613"]) == 4
    assert "--energise-real-hardware" in capsys.readouterr().err


def test_an_unknown_board_is_named_with_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--board", "bender.cc631", "--sim"]) == 2
    error = capsys.readouterr().err
    assert "bender.cc631" in error
    assert "bender.cc613" in error
    assert "Traceback" not in error


def test_a_board_that_cannot_charge_is_refused_with_the_missing_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overlay = tmp_path / "without-meter.toml"
    overlay.write_text("[device]\nmeter1 = false\n", "utf-8")
    assert main(["run", "--board", "bender.cc613", "--overlay", str(overlay), "--sim"]) == 2
    assert "connector 1 cannot charge" in capsys.readouterr().err


def test_missing_buses_are_named_with_a_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--board", "bender.cc613", "--energise-real-hardware"]) == 3
    error = capsys.readouterr().err
    assert "/dev/" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
@pytest.mark.parametrize("wait_for", ["devices are connected", "energising → charging"])
def test_a_signal_at_any_point_ends_in_the_safe_state_without_a_traceback(sent: signal.Signals, code: int, wait_for: str) -> None:
    process = subprocess.Popen([*COMMAND, "--board", "bender.cc613", "--sim"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        until = time.monotonic() + 40.0
        while time.monotonic() < until and wait_for not in (process.stdout.readline() or "gone"):
            assert process.poll() is None
        process.send_signal(sent)
        _, error = process.communicate(timeout=10.0)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code, error
    assert "Traceback" not in error
    if sent is signal.SIGINT:
        assert "safe state was reached" in error
