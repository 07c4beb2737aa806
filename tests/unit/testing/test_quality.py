"""quality.toml: what the checker finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cc613hal.cli.new_driver import write_package
from cc613hal.testing.quality import check_package, check_tree, main

ROOT = Path(__file__).parents[3]


@pytest.fixture
def package(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    # a family of its own for every test: imported modules stay
    family = "q" + re.sub(r"\W", "", str(abs(hash(request.node.name))))
    return write_package(f"{family}.th1", "TemperatureSensor", "i2c", tmp_path)[0]


def change(package: Path, old: str, new: str) -> list[str]:
    file = package / "quality.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return check_package(package)


def test_a_template_has_no_problems(package: Path) -> None:
    assert check_package(package) == []
    assert check_tree(package.parent) == []
    assert main([str(package)]) == 0


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('configurable = ["offset"]', 'configurable = ["ofset"]', "'ofset' is no option"),
        ("::test_the_world_is_read", "::test_the_word", "has no test test_the_word"),
        ("tests/test_th1.py::test", "tests/test_th2.py::test", "tests/test_th2.py does not exist"),
        ('level = "simulated"', 'level = "bench"', "needs traces"),
        ('level = "simulated"', 'level = "bench"', "simulated in its DriverSpec"),
        ('level = "simulated"', 'level = "field"', "needs a product"),
        ('level = "simulated"', 'level = "perfect"', "perfect"),
        ('sources = ["the template of cc613hal new-driver; replace it by the data sheet"]', "sources = []", "no sources"),
        ("assumed =", "asumed =", "asumed"),
        ('.th1"]', '.th9"]', "has no entry"),
        ('.th1"]', '.th9"]', "announces no such driver"),
        ("schema = 1", "schema = 2", "schema 2 is not known"),
    ],
)
def test_each_rule_is_told(package: Path, old: str, new: str, problem: str) -> None:
    assert any(problem in line for line in change(package, old, new))


def test_reasons_may_be_given_for_options(package: Path) -> None:
    assert change(package, 'configurable = ["offset"]', 'configurable = { offset = "differs" }') == []


def test_a_package_without_the_file_is_a_problem(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (package / "quality.toml").unlink()
    assert main([str(package)]) == 1
    assert "quality.toml" in capsys.readouterr().err


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    assert check_tree(tmp_path) != []


@pytest.mark.parametrize("family", sorted(path.parent.name for path in (ROOT / "drivers").glob("*/quality.toml")))
def test_first_party_records_are_true(family: str) -> None:
    assert check_package(ROOT / "drivers" / family) == []
