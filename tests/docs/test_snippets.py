"""What the documentation and the examples tell people to run, runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "drivers").glob("*/README.md"))]
FENCE = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        if "_build" in page.parts or "generated" in page.parts:
            continue
        for index, match in enumerate(FENCE.finditer(page.read_text("utf-8"))):
            if match[1] == language:
                found.append((f"{page.relative_to(ROOT)}#{index}", match[2]))
    return found


PROGRAMS = [(name, text) for name, text in blocks("python") if "def test_" not in text and "…" not in text.replace("(…)", "")]
TESTS = [(name, text) for name, text in blocks("python") if "def test_" in text]
COMMANDS = [(f"{name}: {line[2:]}", line[2:]) for name, text in blocks("console") for line in text.splitlines() if line.startswith("$ ")]


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=50, cwd=cwd, check=False)


@pytest.mark.parametrize(("name", "text"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_a_program_in_the_documentation_runs(name: str, text: str, tmp_path: Path) -> None:
    program = tmp_path / "snippet.py"
    program.write_text(text, "utf-8")
    result = run(sys.executable, "-W", "error::DeprecationWarning:cc613hal", str(program))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("name", "text"), TESTS, ids=[name for name, _ in TESTS])
def test_a_test_in_the_documentation_passes_on_the_simulated_board(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "test_snippet.py").write_text(text, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", "utf-8")
    result = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--board", "bender.cc613", "--sim", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_a_command_in_the_documentation_succeeds(name: str, command: str) -> None:
    program, *arguments = command.split()
    result = run(str(Path(sys.executable).with_name(program)), *arguments)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_an_example_runs_and_says_something(example: str, tmp_path: Path) -> None:
    result = run(sys.executable, str(ROOT / "examples" / example), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_there_is_something_to_check() -> None:
    assert len(PROGRAMS) >= 3
    assert TESTS
    assert COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        if "generated/" in target or "generated" in page.parts:
            continue
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
