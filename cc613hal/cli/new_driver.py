"""``cc613hal new-driver``: a driver package that passes its own tests at once."""

from __future__ import annotations

import argparse
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from attrs import frozen

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import to_json
from cc613hal.cli.session import add_json_argument
from cc613hal.errors import ConfigError, Unsupported

HELP = "write a new driver package: driver, options, emulated part, tests, quality record; it passes its own tests at once"
EXAMPLE = "cc613hal new-driver acme.th1 --interface TemperatureSensor --bus i2c --to ~/src"


@frozen(kw_only=True)
class Pattern:
    """What the templates need to know about one interface.

    Attributes:
        place: the plant signal that the emulated part follows, as an expression of ``site``.
        method: the reading method of the interface.
        reading: its value class.
        result: the value made from the raw register ``raw``, as keyword arguments.
        suite: the conformance suite.
        raw: the register content for the plant's value ``value``, as an expression.
        vary: statements that change the world in the test.
        expect: what the reading must then be.
        signed: the register is two's complement.
    """

    place: str
    method: str
    reading: str
    result: str
    suite: str
    raw: str
    vary: str
    expect: str
    signed: bool = True


PATTERNS = {
    "TemperatureSensor": Pattern(
        place='site.plant.cabinet.temperature("internal")',
        method="read",
        reading="TemperatureReading",
        result='temperature_c=finite(raw / 100 + self._options.offset, what="temperature in °C", device=device, low=-55.0, high=125.0)',
        suite="TemperatureSensorSuite",
        raw="round(value * 100)",
        vary='simulation.plant.cabinet.temperature("internal").set(41.5)',
        expect="reading.temperature_c == pytest.approx(41.5, abs=0.01)",
    ),
    "PowerMeter": Pattern(
        place="site.outlet.current_a",
        method="read_power",
        reading="PowerReading",
        result='power_w=finite(raw + self._options.offset, what="power in W", device=device, low=-32768.0, high=32767.0)',
        suite="PowerMeterSuite",
        raw="round(sum(value) * 230)",
        vary="simulation.plant.outlet(1).current_a.set((10.0, 0.0, 0.0))",
        expect="reading.power_w == pytest.approx(2300.0, abs=1.0)",
    ),
    "DigitalInput": Pattern(
        place="site.plant.cabinet.supply_v",
        method="read_input",
        reading="DigitalReading",
        result="active=raw > self._options.offset",
        suite="DigitalInputSuite",
        raw="int(value > 9.0)",
        vary="simulation.plant.cabinet.supply_v.set(0.0)",
        expect="reading.active is False",
    ),
}
"""Interfaces the templates know. The rest is a driver author's work: start from the nearest one."""
BUSES = ("i2c", "modbus")
_NAME = re.compile(r"([a-z][a-z0-9_]*)\.([a-z0-9][a-z0-9_\-]*)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("name", metavar="FAMILY.PART", help="name of the driver, for example acme.th1")
    parser.add_argument("--interface", default="TemperatureSensor", metavar="NAME", help=f"one of {', '.join(PATTERNS)}")
    parser.add_argument("--bus", default="i2c", metavar="KIND", help=f"one of {', '.join(BUSES)}")
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


def write_package(name: str, interface: str, bus: str, to: Path) -> tuple[Path, list[str]]:
    """Write a driver package.

    Args:
        name: ``family.part``.
        interface: a key of :data:`PATTERNS`.
        bus: one of :data:`BUSES`.
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
    if interface not in PATTERNS:
        raise Unsupported(f"there is no template for {interface}", hint=f"start from one of {', '.join(PATTERNS)} and change the interface")
    if bus not in BUSES:
        raise Unsupported(f"there is no template for a part on {bus}", hint=f"start from one of {', '.join(BUSES)}")
    folder = to / f"cc613hal-{match[1].replace('_', '-')}"
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty", hint="choose another folder with --to, or another family name")
    values = _values(match[1], match[2], interface, bus)
    written: list[str] = []
    for template in sorted(files("cc613hal.cli").joinpath("templates").iterdir(), key=lambda item: item.name):
        wanted, _, path = template.name.removesuffix(".tmpl").rpartition("@")
        if not template.name.endswith(".tmpl") or (wanted and wanted != bus):
            continue
        # in the names of templates + stands for / and __package__ for the import package
        target = path.replace("+", "/").replace("__package__", values["package"]).replace("__module__", values["module"])
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / target).write_text(Template(template.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
        written.append(target)
    return folder, written


def _values(family: str, part: str, interface: str, bus: str) -> dict[str, str]:
    pattern = PATTERNS[interface]
    module = re.sub(r"\W", "_", part)
    module = f"part_{module}" if module[0].isdigit() else module
    title = "".join(word.capitalize() for word in re.split(r"[\W_]+", part))
    interesting = pattern.result.startswith("active")
    names = sorted([interface, pattern.reading])
    return {
        "interface_imports": ", ".join(names),
        "bus_type": {"i2c": "i2c", "modbus": "modbus-rtu"}[bus],
        "bus_path": {"i2c": "/dev/i2c-1", "modbus": "/dev/ttyS1"}[bus],
        "family": family,
        "part": part,
        "name": f"{family}.{part}",
        "distribution": f"cc613hal-{family.replace('_', '-')}",
        "package": f"cc613hal_{family}",
        "module": module,
        "class": title if not title[0].isdigit() else f"Part{title}",
        "interface": interface,
        "bus": bus,
        "bus_kind": bus.upper(),
        "address": "0x48" if bus == "i2c" else "1",
        "method": pattern.method,
        "reading": pattern.reading,
        "result": pattern.result,
        "suite": pattern.suite,
        "suites": ", ".join(sorted(["BadInputSuite", "DriverSuite", pattern.suite])),
        "place": pattern.place,
        "raw": pattern.raw,
        "vary": pattern.vary,
        "expect": pattern.expect,
        "imports": "" if interesting else "from cc613hal.readings import finite\n",
        "events_import": "from cc613hal.events import Events, EventSource\n" if interesting else "",
        "pytest_import": "import pytest\n" if "pytest" in pattern.expect else "",
        "events": _EVENTS.replace("READING", pattern.reading) if interesting else "",
        "events_init": f'\n        self._changes: EventSource[{pattern.reading}] = EventSource(f"{{context.device}}.changes")'
        if interesting
        else "",
        "publish": _PUBLISH if interesting else "",
        "give": "reading =" if interesting else "return",
        "publish_init": "\n        self._last: bool | None = None" if interesting else "",
    }


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
