"""``cc613hal sim``: emulated parts on real ptys and TCP ports, for other programs to talk to, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cc613hal.bus.options import BusOptions, HttpOptions, ModbusRtuOptions, ModbusRtuOverTcpOptions, ModbusTcpOptions, SerialOptions
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.numbers import port, seconds
from cc613hal.cli.session import add_board_arguments, add_json_argument, describe
from cc613hal.cli.session import run as run_loop
from cc613hal.errors import BusBusy, ConfigError, Unsupported
from cc613hal.plugins.spec import BusKind

if TYPE_CHECKING:
    from cc613hal.board import BoardDescription
    from cc613hal.plant import Simulation

HELP = "serve the emulated parts of a board, or one part, on real ptys and TCP ports until Ctrl-C"
EXAMPLE = "cc613hal sim --driver meters.sdm630 --tcp 5020"

_SERVED = (BusKind.MODBUS, BusKind.SERIAL, BusKind.HTTP)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--driver", metavar="NAME", help="serve one part instead of a board, for example meters.sdm630")
    parser.add_argument("--address", type=int, metavar="N", help="Modbus unit of that part (default: its usual one)")
    parser.add_argument(
        "--tcp", type=port, metavar="PORT", help="serve Modbus over TCP on this port (0: any) instead of a pty, or HTTP on it"
    )
    parser.add_argument("--link", metavar="PATH", type=Path, help="make this symbolic link to the pty (one part only)")
    parser.add_argument("--seconds", type=seconds, metavar="S", help="stop after S seconds instead of at Ctrl-C")
    add_board_arguments(parser, simulation=False)
    add_json_argument(parser)
    parser.set_defaults(sim=True)


def run(arguments: argparse.Namespace) -> int:
    """Serve."""
    description = _part(arguments) if arguments.driver else describe(arguments)
    return run_loop(_serve(arguments, description))


def _part(arguments: argparse.Namespace) -> BoardDescription:
    """A board with the one part on it.

    Raises:
        Unsupported: it speaks neither Modbus nor a serial protocol, so no other program could talk to it.
    """
    from cc613hal.plugins.manager import Plugins
    from cc613hal.testing.bench import board_for, spec_named

    plugins = Plugins.discover()
    spec = spec_named(arguments.driver, plugins)
    kind = next((kind for kind in _SERVED if kind in spec.buses), None)
    if kind is None:
        buses = "/".join(bus.value for bus in spec.buses) or "lines"
        raise Unsupported(
            f"{spec.name} sits on {buses}, which no other program can open", hint="only serial, Modbus and HTTP parts can be served"
        )
    return board_for(spec.name, bus=kind, address=arguments.address, plugins=plugins)


async def _serve(arguments: argparse.Namespace, description: BoardDescription) -> int:
    from cc613hal.plant import Simulation

    async with AsyncExitStack() as stack:
        simulation = await stack.enter_async_context(Simulation(description))
        served = [
            await _serve_bus(stack, simulation, name, options, arguments)
            for name, options in description.buses.items()
            if isinstance(options, SerialOptions | ModbusRtuOptions | ModbusTcpOptions | HttpOptions)
        ]
        if not served:
            raise Unsupported(f"{description.name} has no serial, Modbus or HTTP bus that could be served")
        for bus in served:
            print(json.dumps(bus) if arguments.json else f"{bus['devices']} ({bus['type']}): {bus['where']}", flush=True)
        if arguments.seconds is None:
            if not arguments.json:
                print("serving; Ctrl-C stops", flush=True)
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(arguments.seconds)
    return ExitCode.OK


async def _serve_bus(
    stack: AsyncExitStack, simulation: Simulation, name: str, options: BusOptions, arguments: argparse.Namespace
) -> dict[str, Any]:
    from cc613hal.bus.sim.http_server import HttpServer
    from cc613hal.bus.sim.pty import PtyLine
    from cc613hal.bus.sim.rtu_server import RtuServer
    from cc613hal.bus.sim.tcp_server import ModbusTcpServer

    devices = [device for device in simulation.description.devices.values() if device.bus == name]
    told = {
        "bus": name,
        "type": options.kind,
        "devices": ", ".join(
            f"{device.driver.name}" + (f" unit {device.address}" if device.address is not None else "") for device in devices
        ),
    }
    if isinstance(options, HttpOptions):
        web = HttpServer(simulation.buses.http(name), port=arguments.tcp or 0)
        await _entered(stack, web, arguments.tcp)
        return {**told, "where": f"http://{web.host}:{web.port}"}
    modbus = isinstance(options, ModbusRtuOptions | ModbusTcpOptions)
    if modbus and (arguments.tcp is not None or isinstance(options, ModbusTcpOptions)):
        framed = isinstance(options, ModbusRtuOverTcpOptions)
        server = ModbusTcpServer(simulation.buses.modbus(name), port=arguments.tcp or 0, rtu=framed)
        await _entered(stack, server, arguments.tcp)
        return {**told, "type": "modbus-rtu-over-tcp" if framed else "modbus-tcp", "where": f"{server.host}:{server.port}"}
    if arguments.link is not None and (arguments.link.exists() or arguments.link.is_symlink()):
        raise ConfigError(f"{arguments.link} exists already", hint="choose another name for --link")
    if isinstance(options, ModbusRtuOptions):
        units = simulation.buses.modbus(name)
        line = PtyLine(RtuServer(units, pace=options.settings), faults=units.line, link=arguments.link)
    else:
        end = simulation.buses.serial(name)
        line = PtyLine(end, faults=end.faults, link=arguments.link)
    await stack.enter_async_context(line)
    settings = getattr(options, "settings", None)
    return {**told, "where": line.path, "settings": str(settings)}


async def _entered(stack: AsyncExitStack, server: AbstractAsyncContextManager[object], port: int | None) -> None:
    try:
        await stack.enter_async_context(server)
    except OSError as error:
        raise BusBusy(f"port {port} cannot be used: {error.strerror}", hint="choose another one, or 0 for any") from error
