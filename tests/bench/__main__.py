"""All benchmarks, one table. Run as ``make bench``, or ``python -m tests.bench NAME…`` for some of them.

Each module in this folder has ``measure() -> list[(what, measured, target, met)]``. Ratios are measured in one run; nothing here is a test,
and a missed target is shown, not hidden. The exit status is 1 if one was missed.
"""

from __future__ import annotations

import importlib
import pkgutil
import platform
import sys
from pathlib import Path

Row = tuple[str, str, str, bool]


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | measured | target | met |", "|---|---|---|---|"]
    lines += [f"| {what} | {measured} | {target} | {'yes' if met else '**no**'} |" for what, measured, target, met in rows]
    return "\n".join(lines)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them."""
    known = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if not module.name.startswith("_"))
    if unknown := sorted(set(names) - set(known)):
        sys.stderr.write(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(known)}\n")
        return 2
    rows: list[Row] = []
    for name in names or known:
        sys.stderr.write(f"measuring {name} …\n")
        rows += importlib.import_module(f"tests.bench.{name}").measure()
    sys.stdout.write(f"\nPython {platform.python_version()} on {platform.machine()}\n\n{table(rows)}\n")
    return 0 if all(met for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
