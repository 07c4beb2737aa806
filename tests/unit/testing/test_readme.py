"""Options tables in READMEs: made from the classes, and told when they are not."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

from cc613hal.cli.new_driver import write_package
from cc613hal.plugins.manager import Plugins
from cc613hal.testing import readme
from cc613hal.testing.quality import DriverQuality, evidence, qualities
from cc613hal.testing.readme import check_tree, main, options_table, wiring

ROOT = Path(__file__).parents[3]


@pytest.fixture
def package(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    # a family of its own for every test: imported modules stay
    family = "r" + re.sub(r"\W", "", str(abs(hash(request.node.name))))
    return write_package(f"{family}.th1", "TemperatureSensor", "i2c", tmp_path)[0]


def edit(package: Path, old: str, new: str) -> list[str]:
    file = package / "README.md"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    return check_tree(package)


# -- the check --------------------------------------------------------------------------------------------------------------


def test_a_template_has_no_problems(package: Path) -> None:
    assert check_tree(package) == []
    assert check_tree(package.parent) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("| `0` |", "| `1` |", "out of date"),
        ("added to every value", "taken from every value", "out of date"),
        ("| `offset` |", "| `ofset` |", "out of date"),
        ("<!-- options ", "<!-- choices ", "has no options table"),
        (".th1: made", ".th9: made", "no such driver"),
        ("```text", "```toml", "has no wiring picture"),
    ],
)
def test_what_is_not_true_any_more_is_told_with_the_next_step(package: Path, old: str, new: str, problem: str) -> None:
    assert any(problem in line for line in edit(package, old, new))


def test_a_table_is_written_where_it_belongs_and_nothing_else_is_touched(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = package / "README.md"
    before = file.read_text("utf-8")
    assert edit(package, "| `0` |", "| `1` |")
    assert main([str(package)]) == 1
    assert "--write" in capsys.readouterr().err
    assert main(["--write", str(package)]) == 0
    assert file.read_text("utf-8") == before


def test_an_empty_table_is_filled(package: Path) -> None:
    file = package / "README.md"
    before = file.read_text("utf-8")
    head = next(line for line in before.splitlines() if line.startswith("<!-- options"))
    file.write_text(re.sub(r"(<!-- options[^\n]*\n).*?(<!-- end)", r"\1\2", before, flags=re.DOTALL), "utf-8")
    assert f"{head}\n<!-- end" in file.read_text("utf-8")
    assert check_tree(package, write=True) == []
    assert file.read_text("utf-8") == before


def test_a_folder_without_a_package_or_a_readme_is_a_problem(package: Path, tmp_path: Path) -> None:
    (package / "README.md").unlink()
    assert any("README.md" in line for line in check_tree(package))
    (tmp_path / "empty").mkdir()
    assert check_tree(tmp_path / "empty")


@pytest.mark.parametrize("family", sorted({path.parent.name for path in (ROOT / "drivers").glob("*/pyproject.toml")}))
def test_first_party_readmes_are_current(family: str) -> None:
    assert check_tree(ROOT / "drivers" / family) == []


# -- what a table says ------------------------------------------------------------------------------------------------------


class Way(enum.Enum):
    UP = "up"
    DOWN = "down"


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (float, "number"),
        (int | None, "whole number"),
        (bool, "`true` or `false`"),
        (tuple[int, ...], "list of whole numbers"),
        (tuple[tuple[int, int], ...], "list of [whole number, whole number]"),
        (Way, "`up`, `down`"),
        (Way | None, "`up`, `down`"),
        (Mapping[str, int], "table"),
        (Path, "path"),
    ],
)
def test_types_are_told_in_the_words_of_a_board_file(hint: object, words: str) -> None:
    assert readme._kind(hint) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1 / 3, "0.3333333333333333"),
        (1e7, "10000000.0"),
        (True, "true"),
        ("x", '"x"'),
        (Way.UP, '"up"'),
        ((1, 2), "[1, 2]"),
        ((), "[]"),
        ({"a": 1}, "{ a = 1 }"),
    ],
)
def test_defaults_are_written_as_in_toml(value: object, text: str) -> None:
    assert readme._toml(value) == text


def test_a_preset_says_what_the_option_leaves_to_it_and_an_option_of_some_names_them() -> None:
    plugins = Plugins.discover()
    one = plugins.drivers["hella.micro-actuator-1"]
    assert any("`drive_s` | number | `0.4`" in row for row in options_table([one], plugins))
    both = [plugins.drivers[name] for name in ("actuators.kuester-02s", "hella.micro-actuator-1")]
    assert any("`drive_s` | number | differs" in row for row in options_table(both, plugins))
    mixed = [plugins.drivers[name] for name in ("rfid.pn532", "rfid.mfrc522", "rfid.pcsc")]
    rows = options_table(mixed, plugins, {"gain_db": "antennas differ"})
    assert any("only `rfid.mfrc522`: " in row and row.endswith("antennas differ |") for row in rows)
    assert any("not `rfid.pcsc`: " in row for row in rows)


def test_a_driver_without_options_has_no_table() -> None:
    plugins = Plugins.discover()
    assert options_table([plugins.drivers["bender.relay"]], plugins) == []


# -- wiring -----------------------------------------------------------------------------------------------------------------

PAGE = """# parts

## Wiring

```text
common
# no title
```

## acme.th1

```toml
[device.x]
```

```
its own
```

## acme.th2

Words.
"""


def test_a_drivers_own_picture_comes_before_the_common_one() -> None:
    assert wiring(PAGE, "acme.th1") == "its own\n"
    assert wiring(PAGE, "acme.th2") == wiring(PAGE, "acme.th3") == "common\n# no title\n"
    assert wiring("# parts\n\n```text\nsomething\n```\n", "acme.th1") == ""


# -- how it is tested -------------------------------------------------------------------------------------------------------


def test_evidence_is_told_from_what_the_tests_use() -> None:
    package = ROOT / "drivers" / "banner"
    told = evidence(package, qualities(package)["banner.dx80"])
    assert told == ["conformance suites", "bad input", "random input", "recorded dialogue", "file descriptors"]
    known = DriverQuality(level=qualities(package)["banner.dx80"].level, sources=[], traces=["x"])
    assert evidence(package, known) == ["traces of the real part"]


def test_entries_with_mistakes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "quality.toml").write_text('[driver.a]\nlevel = "simulated"\nsources = []\n[driver.b]\nlevel = "x"\n', "utf-8")
    assert list(qualities(tmp_path)) == ["a"]
    assert attrs.asdict(qualities(tmp_path)["a"])["tests"] == []
    assert qualities(tmp_path / "nowhere") == {}
