"""``cc613hal scan``: who is on the buses, and the text for a board file. Changes nothing, on no device and no disk."""

from __future__ import annotations

import argparse
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from cc613hal.bus.options import BusOptions, ModbusRtuOptions, ModbusTcpOptions, SerialOptions
from cc613hal.bus.serial import Parity, SerialSettings
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import to_json
from cc613hal.cli.session import add_board_arguments, add_json_argument, describe
from cc613hal.cli.session import run as run_loop
from cc613hal.errors import ConfigError

if TYPE_CHECKING:
    from cc613hal.bus.factory import BusFactory

HELP = "look who is on the buses and propose text for a board file; changes nothing on devices or disk"
EXAMPLE = "cc613hal scan --rtu /dev/ttyS1 --units 1-8 > proposal.toml"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--serial", action="append", default=[], metavar="NODE", help="also speak on this serial line; may be repeated")
    parser.add_argument(
        "--rtu", action="append", default=[], metavar="NODE", help="also ask Modbus RTU units on this line; may be repeated"
    )
    parser.add_argument(
        "--tcp", action="append", default=[], metavar="HOST[:PORT]", help="also ask this Modbus TCP device; may be repeated"
    )
    parser.add_argument(
        "--baud", type=_bauds, default=(9600,), metavar="N,N", help="speed of those lines, or several to try in this order (default 9600)"
    )
    parser.add_argument(
        "--parity", type=_parities, default=(Parity.NONE,), metavar="N,E,O", help="parity of those lines, or several to try (default N)"
    )
    parser.add_argument("--units", type=_units, default=(), metavar="N,N-M", help="Modbus units to ask besides the usual ones")
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look; the buses are those of the board if one is named, else those of this computer."""
    return run_loop(_scan(arguments))


async def _scan(arguments: argparse.Namespace) -> int:
    from cc613hal.board import discover
    from cc613hal.plugins.manager import Plugins

    plugins = Plugins.discover()
    async with AsyncExitStack() as stack:
        buses, factory = await _buses(arguments, plugins, stack)
        found = await discover(buses, factory, plugins, units=arguments.units, settings=_tried(arguments))
    if arguments.json:
        print(to_json({"findings": found.findings, "lines": found.lines, "notes": found.notes, "toml": found.toml()}))
    else:
        print(found.toml(), end="")
    return ExitCode.OK


async def _buses(arguments: argparse.Namespace, plugins: object, stack: AsyncExitStack) -> tuple[dict[str, BusOptions], BusFactory]:
    if arguments.board or arguments.sim:
        from cc613hal.plugins.manager import Plugins

        assert isinstance(plugins, Plugins)
        description = describe(arguments, plugins)
        buses = dict(description.buses)
        if arguments.sim:
            from cc613hal.plant import Simulation

            simulation = await stack.enter_async_context(Simulation(description))
            return buses, simulation.buses
    else:
        from cc613hal.board import system_buses

        buses = system_buses()
    buses.update(_asked_for(arguments))
    from cc613hal.bus.linux.factory import LinuxBuses

    return buses, LinuxBuses()


def _asked_for(arguments: argparse.Namespace) -> dict[str, BusOptions]:
    settings = _settings(arguments)[0]
    asked: dict[str, BusOptions] = {}
    for index, node in enumerate(arguments.serial):
        asked[f"serial{index}"] = SerialOptions(path=node, settings=settings)
    for index, node in enumerate(arguments.rtu):
        asked[f"modbus{index}"] = ModbusRtuOptions(path=node, settings=settings)
    for index, place in enumerate(arguments.tcp):
        host, _, port = place.partition(":")
        asked[f"tcp{index}"] = ModbusTcpOptions(host=host, port=int(port or 502))
    return asked


def _tried(arguments: argparse.Namespace) -> tuple[SerialSettings, ...]:
    """Speeds and formats to try one after the other; none if there is just one, which the lines then have anyway."""
    settings = _settings(arguments)
    return settings if len(settings) > 1 else ()


def _settings(arguments: argparse.Namespace) -> tuple[SerialSettings, ...]:
    """Every speed with every parity.

    Raises:
        ConfigError: a speed that no serial line has.
    """
    found: list[SerialSettings] = []
    for baud in arguments.baud:
        for parity in arguments.parity:
            try:
                found.append(SerialSettings(baud=baud, parity=parity))
            except ValueError as error:
                raise ConfigError(f"{baud} is no speed of a serial line", hint="for example 9600, 19200 or 115200") from error
    return tuple(found)


def _bauds(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError("speeds are numbers, for example 9600,19200") from error


def _parities(text: str) -> tuple[Parity, ...]:
    try:
        return tuple(map(Parity, text.upper().split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError("parities are N, E and O, for example N,E") from error


def _units(text: str) -> tuple[int, ...]:
    units: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        units.extend(range(int(first), int(last or first) + 1))
    if not all(0 <= unit <= 255 for unit in units):
        raise argparse.ArgumentTypeError("units are 0 to 255")
    return tuple(units)
