"""The command as people run it: its answers, its exit codes, and how it stops."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cc613_chargepoint.cli import main
from cc613_chargepoint.narrator import Narrator
from cc613hal.clock import Clock

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


def test_missing_buses_are_named_with_a_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overlay = tmp_path / "away.toml"  # names that no other run of this test has: a wire belongs to one station of a machine
    overlay.write_text(
        "".join(f'[bus.{name}]\npath = "/dev/{name}-{os.getpid()}"\n' for name in ("i2c0", "spi0", "meter", "reader", "pwm"))
    )
    assert main(["run", "--board", "bender.cc613", "--overlay", str(overlay), "--energise-real-hardware"]) == 3
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


@pytest.mark.parametrize("current", ["nan", "-5", "a lot"])
def test_a_current_that_makes_no_sense_is_refused(current: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["run", "--sim", "--installed-current", current])
    assert refused.value.code == 2
    assert "must be 0 to 1000 A" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["full disk", "closed pipe"])
def test_the_station_goes_on_when_nobody_reads_its_story(out: str) -> None:
    told: list[str] = []

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            told.append(text)
            raise OSError(errno.ENOSPC if out == "full disk" else errno.EPIPE, out)

    narrator = Narrator(Clock(), Broken())
    narrator.say("one")
    narrator.say("two")
    assert len(told) == 1


def test_ctrl_c_twice_at_any_moment_ends_in_the_safe_state_without_a_traceback() -> None:
    for delay_s in (0.1, 0.5, 1.5, 2.5):
        with subprocess.Popen([*COMMAND, "--sim"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            time.sleep(delay_s)
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=10)
        assert process.returncode in {130, -signal.SIGINT}
        assert "cc613hal/" not in errors
