"""Reference pages made from code: drivers, boards, command line, exit codes, board file schema."""

from __future__ import annotations

import argparse
import ast
import inspect
import itertools
import json
from pathlib import Path

import attrs
from driver_pages import driver_pages
from ocpp_pages import ocpp_pages

from cc613_chargepoint.settings.page import settings_page
from cc613hal.board.schema import board_schema
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.main import build_parser
from cc613hal.interfaces import Motion
from cc613hal.plugins.manager import Plugins
from cc613hal_hmi.language import LANGUAGES, status_patterns
from cc613hal_hmi.pictures import timeline_svg
from cc613hal_meters.catalogue import map_named, model_names
from cc613hal_meters.pages import comparison, meter_page
from cc613hal_meters.told_pages import TOLD, told_page

METERS = """# Meters

One page per meter: wiring, quantities, reads, bus time, sources and how sure they are; where there is a register map, it is made from that.

What a charging session needs (voltage, current and power of each phase, total power, frequency, both counters), planned, merged greedily,
and with one read per value; times at 9600 8N1 with 10 ms turnaround:

COMPARISON

```{toctree}
:glob:
:maxdepth: 1
meters/*
```
"""


def write_all(folder: Path) -> None:
    """Write every generated page; untouched files keep their time stamps."""
    folder.mkdir(parents=True, exist_ok=True)
    plugins = Plugins.discover()
    pages = {
        "boards.md": boards_page(plugins),
        "command-line.md": command_line_page(),
        "schema.md": schema_page(plugins),
        "settings.md": settings_page(),
        "meters.md": METERS.replace("COMPARISON", "\n".join(comparison())),
        **lights_pages(),
        **ocpp_pages(),
        **driver_pages(),
        **{f"meters/{model}.md": meter_page(map_named(model), f"meters.{model}") for model in model_names()},
        **{f"meters/{name}.md": told_page(name) for name in TOLD},
    }
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def lights_pages() -> dict[str, str]:
    """The light languages as tables and pictures, made from their data."""
    pages: dict[str, str] = {}
    lines = [
        "# Light languages",
        "",
        "What the lights say, made from the tables in the package `cc613hal-hmi`. A product of another brand",
        "[brings a file of its own](../../how-to/light-language.md). Bender's pages give no times: periods are ours.",
        "Pictures show five lights over four seconds.",
        "",
    ]
    for language in LANGUAGES:
        lines += [f"## {language}", "", "| state | colours | motion | period | lights | |", "|---|---|---|---|---|---|"]
        for state, pattern in status_patterns(language).items():
            picture = f"lights/{language}-{state}.svg"
            pages[picture] = timeline_svg(pattern, title=f"{language}: {state}")
            steady = pattern.motion in {Motion.STEADY, Motion.TOGETHER}
            colours = ", ".join("#" + "".join(f"{round(255 * part):02x}" for part in attrs.astuple(colour)) for colour in pattern.colours)
            period = "" if steady else f"{pattern.period_s:g} s"
            lines.append(f"| {state} | {colours} | {pattern.motion.value} | {period} | {pattern.lights or 'all'} | ![{state}]({picture}) |")
        lines.append("")
    return {**pages, "lights.md": "\n".join(lines)}


def boards_page(plugins: Plugins) -> str:
    """Boards that packages ship."""
    lines = [
        "# Boards",
        "",
        "Boards that installed packages ship. Any can be the `base` of a file of your own.",
        "",
        "| board | what |",
        "|---|---|",
    ]
    lines += [f"| `{board.name}` | {board.summary} |" for board in plugins.boards.values()]
    return "\n".join(lines) + "\n"


def exit_codes_table() -> list[str]:
    """The exit codes with the words that stand below each member in the source."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(ExitCode)).body if isinstance(node, ast.ClassDef))
    rows = ["| exit code | meaning |", "|---|---|"]
    for member, words in itertools.pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant):
            rows.append(f"| {ast.literal_eval(member.value)} | {words.value.value} |")
    return rows


def command_line_page() -> str:
    """Help texts and exit codes of the command line."""
    lines = ["# Command line", "", *exit_codes_table(), ""]
    (verbs,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    for verb, parser in verbs.choices.items():
        lines += [f"## cc613hal {verb}", "", "```text", parser.format_help().rstrip(), "```", ""]
    return "\n".join(lines)


def schema_page(plugins: Plugins) -> str:
    """The JSON Schema of board files."""
    text = json.dumps(board_schema(plugins), indent=1)
    return f"# Board file schema\n\n`cc613hal schema` prints it for your installed drivers; editors use it.\n\n```json\n{text}\n```\n"
