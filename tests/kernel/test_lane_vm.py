"""Watching the machine: every way in which it can end, played by a shell script instead of QEMU."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest

from tests.kernel.lane.errors import LaneBrokenError
from tests.kernel.lane.initramfs import DOWN, UP
from tests.kernel.lane.vm import KERNEL_COMMAND_LINE, Limits, Machine, run_machine

QUICK = Limits(boot_s=5.0, command_s=5.0, off_s=5.0)


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    shared = tmp_path / "shared"
    shared.mkdir()
    return Machine(str(tmp_path / "qemu"), Path("/k/vmlinuz"), Path("/k/initramfs"), shared, tmp_path / "socket")


def play(machine: Machine, script: str) -> None:
    """Let the emulator be this script; `$shared` is the folder for the status."""
    Path(machine.qemu).write_text(f"#!/bin/sh\nshared='{machine.shared}'\n{script}\n")
    Path(machine.qemu).chmod(0o755)


def test_the_command_line_gives_the_guest_what_it_needs(machine: Machine) -> None:
    argv = machine.argv()
    assert argv[argv.index("-append") + 1] == KERNEL_COMMAND_LINE
    assert argv[argv.index("-accel") + 1] == "tcg"
    host, shared = (argv[i + 1] for i, word in enumerate(argv) if word == "-virtfs")
    assert "path=/," in host
    assert "readonly=on" in host
    assert f"path={machine.shared}," in shared
    assert "readonly" not in shared
    assert "pci-serial-2x,chardev1=near,chardev2=far" in argv


@pytest.mark.parametrize("status", [0, 1, 5])
def test_the_status_of_the_command_comes_back_and_only_its_words_are_shown(machine: Machine, status: int) -> None:
    play(machine, f"echo kernel noise; echo; echo '{UP}'; echo two passed; echo {status} >$shared/status; echo '{DOWN}'; echo power down")
    shown: list[str] = []
    outcome = run_machine(machine, os.environ, QUICK, show=shown.append, progress=quiet)
    assert outcome.status == status
    assert shown == ["two passed"]
    assert 0 <= outcome.boot_s <= outcome.total_s


def test_a_status_of_an_earlier_run_is_not_taken(machine: Machine) -> None:
    (machine.shared / "status").write_text("0\n")
    play(machine, f"echo '{UP}'; echo Kernel panic")
    with pytest.raises(LaneBrokenError, match="without an exit status"):
        run_machine(machine, os.environ, QUICK, show=quiet, progress=quiet)


@pytest.mark.parametrize(
    ("script", "limits", "says"),
    [
        ("echo 'no root'; exec sleep 60", attrs.evolve(QUICK, boot_s=0.5), "was not up after 0 s.*\n  no root"),
        (f"echo '{UP}'; exec sleep 60", attrs.evolve(QUICK, command_s=0.5), "was still busy"),
        (f"echo '{UP}'; echo 0 >$shared/status; echo '{DOWN}'; exec sleep 60", attrs.evolve(QUICK, off_s=0.5), "did not switch itself off"),
        ("echo 'no such device'; exit 1", QUICK, "status .QEMU's own: 1.\n  no such device"),
    ],
    ids=["boot", "command", "power off", "refuses to start"],
)
def test_a_machine_that_goes_wrong_is_off_and_says_what_it_said(machine: Machine, script: str, limits: Limits, says: str) -> None:
    play(machine, f"echo $$ >{machine.socket}.pid; {script}")
    with pytest.raises(LaneBrokenError, match=says):
        run_machine(machine, os.environ, limits, show=quiet, progress=quiet)
    pid = int(Path(f"{machine.socket}.pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
