"""A new driver package passes its own tests, types and quality check at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from cc613hal.cli.driver_patterns import buses_for, interfaces
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.new_driver import write_package

ONE_OF_EACH_TEMPLATE = [
    ("TemperatureSensor", "i2c"),
    ("PowerMeter", "modbus"),
    ("DigitalInput", "spi"),
    ("Contactor", "lines"),
    ("Relay", "lines"),
    ("DigitalInput", "lines"),
]
HEAD = 'schema = 1\nname = "example"\n'
EVERY = [(interface, bus) for interface in interfaces() for bus in buses_for(interface)]


def install(package: Path, where: Path) -> dict[str, str]:
    """What pip leaves behind for an editable package, made by hand: no network, no build."""
    family = package.name.removeprefix("cc613hal-")
    info = where / f"cc613hal_{family}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: cc613hal-{family}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[cc613hal.drivers]\n{family} = cc613hal_{family}.plugin\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(package / "src"), str(where)]), "PYTHONDONTWRITEBYTECODE": "1"}


def run(command: list[str], package: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=package, env=environment, capture_output=True, text=True, timeout=55, check=False)


@pytest.mark.parametrize(("interface", "bus"), ONE_OF_EACH_TEMPLATE)
def test_a_new_package_passes_its_own_tests(tmp_path, interface, bus):
    package, _ = write_package("acme.th1", interface, bus, tmp_path)
    environment = install(package, tmp_path / "site")
    done = run(["-m", "pytest", "-q", "-p", "no:cacheprovider"], package, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    quality = run(["-m", "cc613hal.testing.quality", "."], package, environment)
    assert quality.returncode == 0, quality.stderr
    readme = run(["-m", "cc613hal.testing.readme", "."], package, environment)
    assert readme.returncode == 0, readme.stderr
    listed = run(["-m", "cc613hal.cli.main", "list", "drivers"], package, environment)
    assert "acme.th1" in listed.stdout
    (package / "board.toml").write_text(HEAD + re.findall(r"```toml\n(.*?)```", (package / "README.md").read_text(), re.DOTALL)[0])
    checked = run(["-m", "cc613hal.cli.main", "check", "board.toml"], package, environment)
    assert checked.returncode == 0, f"the README's example is no board file: {checked.stderr}"


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy belongs to the checks, not to the tests")
@pytest.mark.parametrize(("interface", "bus"), [("TemperatureSensor", "spi"), ("DigitalInput", "i2c"), ("Contactor", "lines")])
def test_a_new_package_is_typed(tmp_path, interface, bus):
    package, _ = write_package("acme.th1", interface, bus, tmp_path)
    environment = {**install(package, tmp_path / "site"), "MYPYPATH": str(package / "src")}
    done = run(["-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "-p", "cc613hal_acme"], package, environment)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("interface", "bus"), EVERY)
def test_no_placeholder_is_left_and_every_file_compiles(tmp_path, interface, bus):
    package, written = write_package("acme_x.9-th", interface, bus, tmp_path)
    for name in written:
        text = (package / name).read_text()
        assert "${" not in text
        if name.endswith(".py"):
            compile(text, name, "exec")


def test_names_files_and_next_step_are_told(cc613hal, tmp_path):
    outcome = cc613hal("new-driver", "acme.th1", "--to", str(tmp_path))
    assert outcome.status == ExitCode.OK
    assert "pytest" in outcome.out
    assert (tmp_path / "cc613hal-acme" / "quality.toml").exists()


def test_the_usual_wire_is_taken_where_none_is_named(cc613hal, tmp_path):
    assert cc613hal("new-driver", "acme.k1", "--interface", "Contactor", "--to", str(tmp_path)).status == ExitCode.OK
    assert "Direction.OUTPUT" in (tmp_path / "cc613hal-acme" / "src" / "cc613hal_acme" / "plugin.py").read_text()


def test_nothing_is_overwritten(cc613hal, tmp_path):
    cc613hal("new-driver", "acme.th1", "--to", str(tmp_path))
    again = cc613hal("new-driver", "acme.th2", "--to", str(tmp_path))
    assert again.status == ExitCode.USAGE
    assert "not empty" in again.err


@pytest.mark.parametrize(
    "words",
    [
        ("Acme",),
        ("acme.th1", "--interface", "Modem"),
        ("acme.k1", "--interface", "Contactor", "--bus", "i2c"),
        ("acme.th1", "--bus", "carrier-pigeon"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_hint(cc613hal, tmp_path, words):
    outcome = cc613hal("new-driver", *words, "--to", str(tmp_path))
    assert outcome.status == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []
    assert "(" in outcome.err
