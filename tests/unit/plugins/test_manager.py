"""Installed driver packages, good and bad: each bad one is reported with its distribution and a hint, and the good ones are there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cc613hal.errors import PluginError
from cc613hal.plugins import DriverSpec, hookimpl
from cc613hal.plugins.manager import Plugins

GOOD = """
from cc613hal.plugins import BoardSpec, DriverSpec, hookimpl
@hookimpl
def cc613hal_drivers():
    return [DriverSpec(name="{name}", summary="", implementation="m:C", api={api})]
"""
PACKAGES = {
    "a_good": GOOD.format(name="good.part", api=1),
    "b_raises": "raise RuntimeError('no such luck')",
    "c_syntax": "def broken(:",
    "d_missing": "import a_package_nobody_has",
    "e_exits": "import sys; sys.exit(3)",
    "f_double": GOOD.format(name="good.part", api=1),
    "g_future": GOOD.format(name="future.part", api=99),
    "h_misspelt": GOOD.format(name="x.y", api=1).replace("def cc613hal_drivers", "def cc613hal_driver"),
    "i_types": "from cc613hal.plugins import hookimpl\n@hookimpl\ndef cc613hal_drivers():\n    return ['not.a.spec']\n",
    "j_raises_later": "from cc613hal.plugins import hookimpl\n@hookimpl\ndef cc613hal_drivers():\n    return 1 / 0\n",
    "k_argument": "from cc613hal.plugins import hookimpl\n@hookimpl\ndef cc613hal_drivers(config):\n    return ()\n",
    "l_nothing": "",
    "n_odd": "class Skipped(BaseException):\n    pass\nraise Skipped('not here')",
    "m_good_too": GOOD.format(name="other.part", api=1),
}
ASK = """
import json
from cc613hal.plugins.manager import Plugins
found = Plugins.discover()
print(json.dumps({"drivers": list(found.drivers), "problems": {p.plugin: [p.distribution, p.message, p.hint] for p in found.problems}}))
"""


def install(folder: Path) -> None:
    """Fake distributions, as pip would have left them."""
    for name, text in PACKAGES.items():
        (folder / f"{name}.py").write_text(text)
        info = folder / f"acme_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[cc613hal.drivers]\n{name} = {name}\n")


def ask(folder: Path, only: str | None = None) -> dict[str, Any]:
    environment = {"PYTHONPATH": str(folder), "PATH": ""} | ({} if only is None else {"CC613HAL_PLUGINS": only})
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, env=environment, timeout=30, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("site")
    install(folder)
    return ask(folder)


def test_bad_packages_do_not_hurt_the_good_ones(answer: dict[str, Any]) -> None:
    assert {"good.part", "other.part"} <= set(answer["drivers"])
    assert not {"future.part", "x.y"} & set(answer["drivers"])


@pytest.mark.parametrize(
    ("plugin", "message", "hint"),
    [
        ("b_raises", "cannot be imported: RuntimeError: no such luck", "reinstall acme-b_raises"),
        ("c_syntax", "cannot be imported: SyntaxError", ""),
        ("d_missing", "No module named 'a_package_nobody_has'", ""),
        ("e_exits", "cannot be imported: SystemExit: 3", ""),
        ("f_double", "announces the driver good.part, which acme-a_good 1.0 already has", "uninstall one of the two"),
        ("g_future", "driver future.part was built for driver API 99, this cc613hal has 1", "update cc613hal"),
        ("h_misspelt", "implements the hook cc613hal_driver, which does not exist", "did you mean cc613hal_drivers?"),
        ("i_types", "cc613hal_drivers returned 'not.a.spec', not a DriverSpec", ""),
        ("j_raises_later", "cc613hal_drivers failed: ZeroDivisionError", ""),
        ("k_argument", "a hook does not fit", "compare it with"),
        ("n_odd", "cannot be imported: Skipped: not here", ""),
        ("l_nothing", "implements no hook of cc613hal", "hookimpl"),
    ],
)
def test_each_problem_names_package_reason_and_next_step(answer: dict[str, Any], plugin: str, message: str, hint: str) -> None:
    distribution, told, advice = answer["problems"][plugin]
    assert distribution == f"acme-{plugin} 1.0"
    assert message in told
    assert hint in advice


def test_the_environment_can_name_the_only_plugins_to_load(tmp_path: Path) -> None:
    install(tmp_path)
    answer = ask(tmp_path, "a_good,m_god_too")
    assert answer["drivers"] == ["good.part"]
    assert answer["problems"] == {"m_god_too": ["", "is asked for, but not installed", "did you mean m_good_too?"]}
    assert ask(tmp_path, "") == {"drivers": [], "problems": {}}


def spec(**changes: Any) -> DriverSpec:
    return DriverSpec(name="a.b", summary="", implementation=changes.pop("implementation", "json:loads"), **changes)


def test_classes_load_when_they_are_needed_and_say_why_they_do_not() -> None:
    plugins = Plugins.discover(only=[])
    assert plugins.implementation(spec()) is json.loads
    assert plugins.options_class(spec()) is None
    assert plugins.emulator(spec()) is None
    with pytest.raises(PluginError, match=r"driver a.b: its driver class nowhere:X cannot be loaded: ModuleNotFoundError"):
        plugins.implementation(spec(implementation="nowhere:X"))
    with pytest.raises(PluginError, match="its emulator json:nothing cannot be loaded: AttributeError"):
        plugins.emulator(spec(emulator="json:nothing"))
    with pytest.raises(PluginError, match="is no attrs class"):
        plugins.options_class(spec(options="json:JSONDecoder"))


def test_plugins_can_be_passed_by_hand() -> None:
    class Package:
        @hookimpl
        def cc613hal_drivers(self) -> list[DriverSpec]:
            return [spec()]

    assert list(Plugins.discover(only=[], extra=[Package()]).drivers) == ["a.b"]
