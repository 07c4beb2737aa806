"""Renew requirements/*.txt: pinned, with hashes, naming no index. Run as ``make lock``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = {"build": ("build",), "run": ("project",), "test": ("test",), "check": ("check",), "kernel": ("kernel",), "readers": ("readers",)}
"""Lock file → dependency groups it adds to the ones before it; ``project`` are the library's own dependencies and the application's."""

APART = {"kernel", "readers"}
"""Files that hold only their own groups, since they may fail to install: what is in them has no wheels."""


def main() -> int:
    """Compile every layer on top of the one before, so that they agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    application = tomllib.loads((ROOT / "examples/chargepoint/pyproject.toml").read_text())["project"]["dependencies"]
    groups["project"] = project["project"]["dependencies"] + [each for each in application if not each.startswith("cc613hal")]
    wanted: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        tool = Path(scratch) / "uv"
        subprocess.run([sys.executable, "-m", "venv", tool], check=True)
        subprocess.run([tool / "bin/python", "-m", "pip", "install", "-q", *groups["lock"]], check=True)
        previous: Path | None = None
        for layer, names in LAYERS.items():
            own = [requirement for name in names for requirement in groups[name]]
            wanted = own if layer in APART else wanted + own
            source, target = Path(scratch) / f"{layer}.in", ROOT / "requirements" / f"{layer}.txt"
            source.write_text("\n".join(wanted) + "\n")
            command = [tool / "bin/uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"]
            command += ["--no-header", "--no-annotate"]
            constrained = ["-c", previous] if previous else []
            subprocess.run([*command, "--upgrade", "-q", *constrained, "-o", target, source], check=True)
            previous = target
    return 0


if __name__ == "__main__":
    sys.exit(main())
