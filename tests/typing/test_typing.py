"""What type checkers tell users of the public API: the types they see, and the mistakes they are kept from.

Expectations stand in the programs themselves: ``#: EnergyMeter`` behind ``reveal_type``, ``#: error arg-type`` behind a mistake.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "programs" / "boards.py"
LINES = dict(enumerate(PROGRAM.read_text(encoding="utf-8").splitlines(), start=1))
WANTED = {number: line.partition("#: ")[2] for number, line in LINES.items() if "#: " in line}
TYPES = {number: text for number, text in WANTED.items() if not text.startswith("error ")}
MISTAKES = {number: set(text.split()[1:]) for number, text in WANTED.items() if text.startswith("error ")}


def short(shown: str) -> str:
    """A type without its modules and quotes."""
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", shown).strip('"')


def told(seen: dict[int, str], wanted: dict[int, str]) -> list[str]:
    return [
        f"line {number}: {LINES[number].strip()} — seen: {seen.get(number, 'nothing')}"
        for number in wanted
        if seen.get(number) != wanted[number]
    ]


@pytest.fixture(scope="module")
def mypy(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str, str]]:
    """One run of mypy over the program: line, severity and text of everything it says."""
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed: it belongs to the check environment")
    command = [
        *(sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")),
        *("--cache-dir", str(tmp_path_factory.mktemp("mypy")), "--no-error-summary", "--hide-error-context", str(PROGRAM)),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode in {0, 1}, done.stderr or done.stdout
    found = re.findall(r"^(.*?):(\d+): (error|note): (.*)$", done.stdout, re.MULTILINE)
    strangers = [text for file, _, severity, text in found if severity == "error" and Path(file).name != PROGRAM.name]
    assert not strangers, strangers
    return [(int(number), severity, text) for _, number, severity, text in found]


@pytest.mark.timeout(120)
def test_mypy_sees_the_types_that_the_api_promises(mypy):
    seen = {number: short(text.removeprefix("Revealed type is ")) for number, _, text in mypy if text.startswith("Revealed type is ")}
    assert TYPES
    assert not told(seen, TYPES)


@pytest.mark.timeout(120)
def test_mypy_refuses_every_mistake_and_nothing_else(mypy):
    seen: dict[int, set[str]] = {}
    for number, severity, text in mypy:
        code = re.search(r"\[([a-z-]+)\]$", text)
        if severity == "error" and code:
            seen.setdefault(number, set()).add(code[1])
    assert len(MISTAKES) > 15
    assert {number: codes for number, codes in seen.items() if number not in MISTAKES} == {}
    missed = [
        f"line {number}: {LINES[number].strip()} — mypy says {sorted(seen.get(number, ()))}"
        for number in MISTAKES
        if seen.get(number) != MISTAKES[number]
    ]
    assert not missed


@pytest.mark.timeout(120)
def test_basedpyright_agrees(tmp_path):
    checker = shutil.which("basedpyright", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if checker is None:
        pytest.skip("basedpyright is not installed: it belongs to the check environment")
    (tmp_path / PROGRAM.name).write_text(PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    settings = {
        "include": ["."],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(ROOT)],
        "reportMissingTypeStubs": False,
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [checker, "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=110)
    said = [
        (item["range"]["start"]["line"] + 1, item["severity"], item["message"]) for item in json.loads(done.stdout)["generalDiagnostics"]
    ]
    seen = {number: short(match[1]) for number, _, text in said if (match := re.match(r'Type of ".*" is "(.*)"$', text, re.DOTALL))}
    assert not told(seen, TYPES)
    errors = {number for number, severity, _ in said if severity == "error"}
    assert errors == set(MISTAKES), sorted(LINES[number].strip() for number in errors ^ set(MISTAKES))
