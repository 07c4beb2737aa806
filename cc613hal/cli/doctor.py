"""``cc613hal doctor``: what is missing on this machine, and what to do about it."""

from __future__ import annotations

import argparse
import grp
import os
import sys
from collections.abc import Iterable, Iterator
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from cc613hal.bus.options import GpioOptions
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import to_json
from cc613hal.cli.session import add_board_arguments, add_json_argument, describe
from cc613hal.cli.terminal import bad, faint, good, table

if TYPE_CHECKING:
    from cc613hal.bus.options import BusOptions

HELP = "look for what is missing on this machine: packages, device nodes, groups, kernel modules, plug-ins"
EXAMPLE = "cc613hal doctor --board bender.cc613"

_PACKAGES = {
    "smbus2": ("I2C", "pip install smbus2"),
    "serial": ("serial and Modbus RTU", "pip install pyserial"),
    "pymodbus": ("Modbus", "pip install 'pymodbus>=3.16.1,<3.17'"),
    "periphery": ("GPIO", "pip install python-periphery"),
    "spidev": ("fast SPI (python-periphery stands in for it)", "pip install cc613hal[spi]"),
}
_OPTIONAL = {"spidev"}
_NODES = {
    "I2C": ("/dev/i2c-*", "i2c_dev", "i2c"),
    "SPI": ("/dev/spidev*", "spidev", "spi"),
    "GPIO": ("/dev/gpiochip*", "", "gpio"),
    "serial": ("/dev/tty[SAU][0-9MCS]*", "", "dialout"),
    "PWM": ("/sys/class/pwm/pwmchip*", "", ""),
}


@frozen(kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: the thing.
        state: ``ok``, ``note`` (only matters if you need it) or ``missing``.
        detail: what was found.
        next_step: what to do.
    """

    what: str
    state: str
    detail: str
    next_step: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_board_arguments(parser, simulation=False)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look; exit 1 if something is missing."""
    findings = [*_python(), *_packages(), *_plugins()]
    if arguments.board:
        findings.extend(finding for name, options in describe(arguments).buses.items() for finding in examine_bus(name, options))
    else:
        findings.extend(_machine())
    if arguments.json:
        print(to_json(findings))
    else:
        colour = {"ok": good, "note": faint, "missing": bad}
        table((colour[finding.state](finding.state), finding.what, finding.detail, finding.next_step) for finding in findings)
    return ExitCode.FAILED if any(finding.state == "missing" for finding in findings) else ExitCode.OK


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(what="Python", state="ok", detail=version)
    if sys.platform != "linux":
        yield Finding(
            what="system", state="missing", detail=f"{sys.platform} has none of the buses", next_step="use --sim, or a Linux machine"
        )


def _packages() -> Iterator[Finding]:
    for package, (purpose, command) in _PACKAGES.items():
        if find_spec(package) is not None:
            yield Finding(what=f"package {package}", state="ok", detail=purpose)
        else:
            state = "note" if package in _OPTIONAL else "missing"
            yield Finding(what=f"package {package}", state=state, detail=f"not installed; needed for {purpose}", next_step=command)


def _plugins() -> Iterator[Finding]:
    from cc613hal.plugins.manager import Plugins

    plugins = Plugins.discover()
    yield Finding(what="plug-ins", state="ok", detail=f"{len(plugins.drivers)} drivers, {len(plugins.boards)} boards")
    for problem in plugins.problems:
        yield Finding(what=f"plug-in {problem.plugin}", state="missing", detail=problem.message, next_step=problem.hint)


def _machine() -> Iterator[Finding]:
    for kind, (pattern, module, group) in _NODES.items():
        nodes = sorted(glob(pattern))  # noqa: PTH207  # absolute patterns are glob's, not Path's
        if not nodes:
            step = (
                f"modprobe {module}"
                if module and not Path("/sys/module", module).exists()
                else "enable it in the device tree, or connect it"
            )
            yield Finding(what=kind, state="note", detail=f"no {pattern}", next_step=step)
        for node in nodes:
            yield _node(kind, Path(node), group)


def examine_bus(name: str, options: BusOptions) -> Iterator[Finding]:
    """What a board's bus needs on this machine."""
    group = {"i2c": "i2c", "spi": "spi", "gpio": "gpio", "serial": "dialout", "modbus-rtu": "dialout"}.get(options.kind, "")
    for path in _paths(options):
        if options.kind == "spi":
            nodes = sorted(path.parent.glob(f"{path.name}.*"))
            if nodes:
                path = nodes[0]  # noqa: PLW2901  # the node of the first chip select stands for the bus
        yield _node(f"bus {name}", path, group) if path.exists() else _absent(name, options.kind, path)
    if not _paths(options):
        yield Finding(
            what=f"bus {name}", state="note", detail=f"{options.physical} is on the network", next_step="cc613hal info connects to it"
        )


def _paths(options: BusOptions) -> tuple[Path, ...]:
    if isinstance(options, GpioOptions):
        return tuple(map(Path, options.chips))
    path: str | None = getattr(options, "path", None)
    return () if path is None else (Path(path),)


def _absent(name: str, kind: str, path: Path) -> Finding:
    module = {"i2c": "i2c_dev", "spi": "spidev"}.get(kind, "")
    if module and not Path("/sys/module", module).exists():
        step = f"load the kernel module: modprobe {module}"
    else:
        others = ", ".join(str(item) for item in _near(path)) or "none"
        step = f"correct the path (there are: {others}), enable it in the device tree, or connect it"
    return Finding(what=f"bus {name}", state="missing", detail=f"no {path}", next_step=step)


def _near(path: Path) -> Iterable[Path]:
    return sorted(path.parent.glob(path.name.rstrip("0123456789") + "*"))[:8]


def _node(what: str, path: Path, group: str) -> Finding:
    if os.access(path, os.R_OK | os.W_OK):
        return Finding(what=what, state="ok", detail=str(path))
    try:
        owner = grp.getgrgid(path.stat().st_gid).gr_name
    except (KeyError, OSError):
        owner = group
    step = (
        f"add yourself to the group {owner}: sudo usermod -aG {owner} $USER, then log in again"
        if owner not in {"", "root"}
        else "see udev rules"
    )
    return Finding(what=what, state="missing", detail=f"{path}: no permission", next_step=step)
