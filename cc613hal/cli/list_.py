"""``cc613hal list``: drivers, boards and capabilities that are installed, and plug-ins that do not work."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import to_json
from cc613hal.cli.session import add_json_argument
from cc613hal.cli.terminal import bad, bold, table

if TYPE_CHECKING:
    from cc613hal.plugins.manager import Plugins

HELP = "show installed drivers, boards and capabilities, and plug-ins that do not work"
EXAMPLE = "cc613hal list drivers"

_WHAT = ("drivers", "boards", "capabilities", "problems")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("what", nargs="?", choices=(*_WHAT, "all"), default="all", help="what to show (default: all)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show it; exit 5 if a plug-in does not work."""
    from cc613hal.plugins.manager import Plugins

    plugins = Plugins.discover()
    wanted = _WHAT if arguments.what == "all" else (arguments.what,)
    found = {what: _collect(what, plugins) for what in wanted}
    if arguments.json:
        print(to_json(found))
    else:
        _show(found)
    return ExitCode.PLUGIN if plugins.problems else ExitCode.OK


def _collect(what: str, plugins: Plugins) -> list[dict[str, Any]]:
    if what == "drivers":
        return [
            {
                "name": spec.name,
                "capabilities": list(spec.capabilities),
                "buses": [bus.value for bus in spec.buses],
                "quality": spec.quality.value,
                "emulated": bool(spec.emulator),
                "from": plugins.origins.get(spec.name, ""),
                "summary": spec.summary,
            }
            for _, spec in sorted(plugins.drivers.items())
        ]
    if what == "boards":
        return [
            {"name": spec.name, "from": plugins.origins.get(spec.name, ""), "summary": spec.summary}
            for _, spec in sorted(plugins.boards.items())
        ]
    if what == "problems":
        return [{"plugin": problem.plugin, "from": problem.distribution, "problem": str(problem)} for problem in plugins.problems]
    return _capabilities(plugins)


def _capabilities(plugins: Plugins) -> list[dict[str, Any]]:
    from typing_extensions import is_protocol

    from cc613hal import interfaces

    rows: list[dict[str, Any]] = []
    for name in sorted(interfaces.__all__):
        value = getattr(interfaces, name)
        if isinstance(value, type) and is_protocol(value):
            drivers = sorted(spec.name for spec in plugins.drivers.values() if name in spec.capabilities)
            rows.append({"name": name, "drivers": drivers, "summary": (value.__doc__ or "").strip().splitlines()[0]})
    return rows


def _show(found: dict[str, list[dict[str, Any]]]) -> None:
    for index, (what, rows) in enumerate(found.items()):
        if what == "problems" and not rows:
            continue
        if index:
            print()
        print(bold(what))
        if what == "problems":
            for row in rows:
                print(bad(f"  {row['problem']}"))
        elif not rows:
            print("  none installed")
        else:
            table(("  " + row["name"], _detail(what, row), row["summary"]) for row in rows)


def _detail(what: str, row: dict[str, Any]) -> str:
    if what == "drivers":
        return f"{'/'.join(row['buses']) or 'lines'}, {row['quality']}"
    return str(row["from"]) if what == "boards" else (f"{len(row['drivers'])} drivers" if row["drivers"] else "–")
