"""The command line: what it asks for, and the status it ends with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.lane import __main__ as lane
from tests.kernel.lane.errors import CannotRunHereError, LaneBrokenError
from tests.kernel.lane.vm import Outcome


def test_arguments_behind_the_dashes_are_for_pytest() -> None:
    options = lane.parse(["--timeout", "30", "--", "-k", "gpio", "--why"])
    assert options.timeout_s == 30
    assert options.pytest == ("-k", "gpio", "--why")
    assert options.why is False


def test_wrong_arguments_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        lane.parse(["--gpio"])
    assert ending.value.code == 2
    assert "--gpio" in capsys.readouterr().err


def test_the_guest_tests_run_unless_others_are_named(tmp_path: Path) -> None:
    (tmp_path / "drivers").mkdir()
    python = Path("/venv/bin/python")
    assert lane.pytest_command(python, ["-k", "gpio"], tmp_path)[-1] == lane.GUEST_TESTS
    assert lane.GUEST_TESTS not in lane.pytest_command(python, ["drivers", "-x"], tmp_path)
    assert lane.GUEST_TESTS not in lane.pytest_command(python, ["drivers::test_one"], tmp_path)


def test_the_virtual_environment_is_used_as_it_is_linked(tmp_path: Path) -> None:
    assert lane.default_python(tmp_path) == Path(sys.executable)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert lane.default_python(tmp_path) == python


@pytest.mark.parametrize(
    ("ending", "status", "says"),
    [
        (Outcome(0, 5.0, 17.0), 0, "passed"),
        (Outcome(1, 5.0, 17.0), 1, "failed (pytest's status 1)"),
        (Outcome(5, 5.0, 17.0), 1, "failed (pytest's status 5)"),
        (CannotRunHereError("no apt", "run it on Debian"), 77, "cannot run here: no apt. Run it on Debian."),
        (LaneBrokenError("the guest was still busy"), 1, "broken: the guest was still busy"),
        (TimeoutError("building: not finished"), 1, "broken: building: not finished"),
        (KeyboardInterrupt(), 1, "interrupted"),
    ],
    ids=str,
)
def test_the_exit_status_says_what_happened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ending: Outcome | BaseException, status: int, says: str
) -> None:
    def run_lane(_: lane.Options) -> Outcome:
        if isinstance(ending, BaseException):
            raise ending
        return ending

    monkeypatch.setattr(lane, "run_lane", run_lane)
    assert lane.main([]) == status
    assert says in capsys.readouterr().err


def test_an_interpreter_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lane.main(["--python", str(tmp_path / "python"), "--cache", str(tmp_path)]) == 77
    assert "Make the virtual environment first" in capsys.readouterr().err


def test_an_interpreter_without_the_packages_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    assert lane.main(["--python", str(bare), "--cache", str(tmp_path)]) == 77
    assert "No module named 'attrs'" in capsys.readouterr().err


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    with lane.locked(tmp_path), pytest.raises(LaneBrokenError, match="another run"), lane.locked(tmp_path, wait_s=0.1):
        pytest.fail("two at once")
    with lane.locked(tmp_path, wait_s=0.1):
        pass


def test_guest_tests_are_skipped_with_a_reason_outside_the_lane() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:xdist", f"{lane.GUEST_TESTS}/test_raw_gpio.py"]
    environment = {"PATH": "/usr/bin:/bin"}
    finished = subprocess.run(command, cwd=lane.ROOT, env=environment, check=False, capture_output=True, text=True, timeout=50)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "needs the kernel lane: make test-kernel" in finished.stdout
    assert "passed" not in finished.stdout
