"""``cc613hal new-driver``: a driver package that passes its own tests at once."""

from __future__ import annotations

import argparse
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from cc613hal.cli.driver_patterns import LINE_PARTS, LINES, REGISTER_PARTS, REGISTERS, LinePart, buses_for, interfaces
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import to_json
from cc613hal.cli.session import add_json_argument
from cc613hal.errors import ConfigError, Unsupported

HELP = "write a new driver package: driver, options, emulated part, tests, quality record; it passes its own tests at once"
EXAMPLE = "cc613hal new-driver acme.th1 --interface TemperatureSensor --bus i2c --to ~/src"


_NAME = re.compile(r"([a-z][a-z0-9_]*)\.([a-z0-9][a-z0-9_\-]*)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("name", metavar="FAMILY.PART", help="name of the driver, for example acme.th1")
    parser.add_argument(
        "--interface", default="TemperatureSensor", metavar="NAME", help=f"one of {', '.join(interfaces())} (default: %(default)s)"
    )
    parser.add_argument(
        "--bus", metavar="KIND", help=f"one of {', '.join(REGISTERS)}, or {LINES} for a part on GPIO lines (default: what is usual for it)"
    )
    parser.add_argument(
        "--to", type=Path, default=Path(), metavar="DIR", help="folder in which the package's folder is made (default: here)"
    )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the package; existing files are never overwritten."""
    folder, written = write_package(arguments.name, arguments.interface, arguments.bus, arguments.to)
    if arguments.json:
        print(to_json({"folder": folder, "files": written}))
    else:
        print(f"{folder}: {len(written)} files\nnext: cd {folder} && pip install -e . && pytest")
    return ExitCode.OK


def write_package(name: str, interface: str, bus: str | None, to: Path) -> tuple[Path, list[str]]:
    """Write a driver package.

    Args:
        name: ``family.part``.
        interface: one of :func:`~cc613hal.cli.driver_patterns.interfaces`.
        bus: one of :func:`~cc613hal.cli.driver_patterns.buses_for` it; ``None`` for the first.
        to: where the package's folder is made.

    Returns:
        The folder, and the files in it.

    Raises:
        ConfigError: the name is no name, or the folder is not empty.
        Unsupported: there is no template for this interface or bus.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ConfigError(f"{name!r} is no driver name", hint="it is family.part in lower case, for example acme.th1")
    buses = buses_for(interface)
    if not buses:
        raise Unsupported(
            f"there is no template for {interface}", hint=f"start from one of {', '.join(interfaces())} and change the interface"
        )
    if bus is None:
        bus = buses[0]
    if bus not in buses:
        raise Unsupported(f"there is no template for a {interface} on {bus}", hint=f"start from one of {', '.join(buses)}")
    folder = to / f"cc613hal-{match[1].replace('_', '-')}"
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty", hint="choose another folder with --to, or another family name")
    values = _values(match[1], match[2], interface, bus)
    chosen = {interface} if bus == LINES else {"register", bus}  # what stands before @ in a template's name
    written: list[str] = []
    for template in sorted(files("cc613hal.cli").joinpath("templates").iterdir(), key=lambda item: item.name):
        wanted, _, path = template.name.removesuffix(".tmpl").rpartition("@")
        if not template.name.endswith(".tmpl") or (wanted and wanted not in chosen):
            continue
        # in the names of templates + stands for / and __package__ for the import package
        target = path.replace("+", "/").replace("__package__", values["package"]).replace("__module__", values["module"])
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / target).write_text(Template(template.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
        written.append(target)
    return folder, written


def _values(family: str, part: str, interface: str, bus: str) -> dict[str, str]:
    module = re.sub(r"\W", "_", part)
    module = f"part_{module}" if module[0].isdigit() else module
    title = "".join(word.capitalize() for word in re.split(r"[\W_]+", part))
    values = {
        "family": family,
        "name": f"{family}.{part}",
        "distribution": f"cc613hal-{family.replace('_', '-')}",
        "package": f"cc613hal_{family}",
        "module": module,
        "class": title if not title[0].isdigit() else f"Part{title}",
        "interface": interface,
    }
    return values | (_of_lines(values, LINE_PARTS[interface]) if bus == LINES else _of_register(values, interface, bus))


def _of_lines(values: dict[str, str], part: LinePart) -> dict[str, str]:
    """What the templates of a part on lines ask for."""
    specs = [f"LineSpec(role={quoted(role)}, direction=Direction.{way}, help={quoted(text)})," for role, way, text in part.lines]
    listed = specs[0] if len(specs) == 1 else "\n" + "".join(f"                {spec}\n" for spec in specs) + "            "
    rank = f"            rank=SafeRank.{part.rank},\n" if part.rank else ""
    names = ["Direction", "DriverSpec", "LineSpec", "QualityLevel", *(["SafeRank"] if part.rank else []), "hookimpl"]
    lines = ", ".join(f'{role} = "bench.{role.upper()}"' for role, _, _ in part.lines)
    return {
        "announcing": ", ".join(names),
        "capabilities": _listed([values["interface"], *part.also]),
        "wires": f"            lines=({listed}),\n{rank}",
        "where": "GPIO lines",
        "announced": "lines",
        "place_words": "lines",
        "story": part.story,
        "configurable": ", ".join(quoted(option[0]) for option in part.options),
        "options_table": _options_table(values["name"], part.options),
        "assumed": part.assumed,
        "example": "\n".join(
            [
                "[bus.gpio0]",
                'type = "gpio"',
                'chips = ["/dev/gpiochip0"]',
                "",
                f"[device.{values['module']}]",
                f"driver = {quoted(values['name'])}",
                f"lines = {{ {lines.replace('bench.', '')} }}",
            ]
        ),
    }


def _of_register(values: dict[str, str], interface: str, name: str) -> dict[str, str]:
    """What the templates of a part with a register ask for."""
    pattern, bus = REGISTER_PARTS[interface], REGISTERS[name]
    suite, tells = f"{interface}Suite", pattern.tells
    addresses = f"            {bus.addresses}\n" if bus.addresses else ""
    return {
        "announcing": "BusKind, DriverSpec, QualityLevel, hookimpl",
        "capabilities": _listed([interface]),
        "wires": f"            buses=(BusKind.{bus.kind},),\n{addresses}",
        "where": name,
        "announced": "usual addresses",
        "place_words": "buses",
        "story": "test_the_world_is_read",
        "configurable": '"offset"',
        "options_table": _options_table(values["name"], (("offset", "number", "0", "added to every value, in the unit of the reading"),)),
        "assumed": "register 0 holds the value",
        "example": "\n".join(
            [
                "[bus.bus0]",
                f"type = {quoted(bus.type)}",
                f"path = {quoted(bus.path)}",
                "",
                f"[device.{values['module']}]",
                f"driver = {quoted(values['name'])}",
                'bus = "bus0"',
                bus.where,
                "options = { offset = 0.0 }",
            ]
        ),
        "interface_imports": ", ".join(sorted([interface, pattern.reading])),
        "method": pattern.method,
        "reading": pattern.reading,
        "result": pattern.result,
        "suite": suite,
        "suites": ", ".join(sorted(["BadInputSuite", "DriverSuite", suite])),
        "place": pattern.place,
        "raw": pattern.raw,
        "vary": pattern.vary,
        "expect": pattern.expect,
        "imports": "" if tells else "from cc613hal.readings import finite\n",
        "events_import": "from cc613hal.events import Events, EventSource\n" if tells else "",
        "pytest_import": "import pytest\n\n" if "pytest" in pattern.expect else "",
        "events": _EVENTS.replace("READING", pattern.reading) if tells else "",
        "events_init": f'\n        self._changes: EventSource[{pattern.reading}] = EventSource(f"{{context.device}}.changes")'
        if tells
        else "",
        "publish": _PUBLISH if tells else "",
        "give": "reading =" if tells else "return",
        "publish_init": "\n        self._last: bool | None = None" if tells else "",
        "wrong_identity": "" if bus.identity else '        "wrong_identity": "the part does not tell who it is",\n',
        "another_part": _ANOTHER_PART if bus.identity else "",
        "context_import": "from collections.abc import Generator\nfrom contextlib import contextmanager\n" if bus.identity else "",
    }


def _options_table(name: str, options: tuple[tuple[str, str, str, str], ...]) -> str:
    """What ``cc613hal.testing.readme`` makes of the options, so that a new package is current."""
    if not options:
        return "None: polarity, pull and debouncing belong to its lines."
    rows = [f"| `{option}` | {kind} | `{default}` | {meaning} |" for option, kind, default, meaning in options]
    head = [
        f"<!-- options {name}: made by python -m cc613hal.testing.readme --write -->",
        "| option | type | default | meaning |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, "<!-- end of options -->"])


def quoted(text: str) -> str:
    """Text as TOML and Python both write it."""
    return f'"{text}"'


def _listed(names: list[str]) -> str:
    return ", ".join(map(quoted, names)) + ("," if len(names) == 1 else "")


_ANOTHER_PART = '''
    @contextmanager
    def wrong_identity(self, simulation: Simulation) -> Generator[None]:
        """Another part answers on this select."""
        chip = simulation.plant.parts[PART]
        chip.identity = 0x55
        yield
        chip.identity = 0x2A
'''
_EVENTS = '''
    @property
    def changes(self) -> Events[READING]:
        """Changes of the level; published by reading."""
        return self._changes
'''
_PUBLISH = """        if self._last is not None and reading.active is not self._last:
            self._changes.publish(reading)
        self._last = reading.active
        return reading
"""
