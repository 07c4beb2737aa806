"""``cc613hal info``: the devices of a board with their health, its buses with statistics and the limits of their adapters."""

from __future__ import annotations

import argparse
from typing import Any

from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.plain import plain, to_json
from cc613hal.cli.session import Session, add_board_arguments, add_json_argument, open_session
from cc613hal.cli.session import run as run_loop
from cc613hal.cli.terminal import bad, bold, good, table

HELP = "open a board and show its devices, their health, its buses, their statistics and limits"
EXAMPLE = "cc613hal info --board bender.cc613 --sim"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_board_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show it."""
    return run_loop(_info(arguments))


async def _info(arguments: argparse.Namespace) -> int:
    async with open_session(arguments) as session:
        name, simulated, found = session.description.name, session.simulation is not None, collect(session)
    if arguments.json:
        print(to_json({"board": name, "simulated": simulated, **found}))
        return ExitCode.OK
    print(bold(f"{name} (simulated)" if simulated else name))
    table(
        (
            (f"  {row['device']}", row["driver"], _health(row["health"]), row["place"], ", ".join(row["capabilities"]))
            for row in found["devices"]
        ),
        ("  device", "driver", "health", "at", "capabilities"),
    )
    print()
    table(
        (
            (
                f"  {row['bus']}",
                row["type"],
                row["physical"],
                f"{row['transfers']} transfers, {_errors(row['errors'])}",
                "; ".join(row["limits"]) or "none",
            )
            for row in found["buses"]
        ),
        ("  bus", "type", "wire", "traffic", "limits"),
    )
    return ExitCode.OK


def collect(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Devices and buses of an open board as plain data; ``diag`` uses it too."""
    health = session.board.health()
    devices: list[dict[str, Any]] = []
    for name, device in session.description.devices.items():
        state = health.get(name)
        devices.append(
            {
                "device": name,
                "driver": device.driver.name,
                "connector": device.connector,
                "health": state.state.value if state else "unknown",
                "reason": state.reason if state else "",
                "place": _place(device.bus, device.address),
                "capabilities": list(device.driver.capabilities),
            }
        )
    buses: list[dict[str, Any]] = []
    for name, (actor, adapter) in session.board.buses.items():
        options = session.description.buses[name]
        buses.append(
            {
                "bus": name,
                "type": options.kind,
                "physical": options.physical,
                **plain(actor.statistics),
                "limits": limits(adapter),
            }
        )
    return {"devices": devices, "buses": buses}


def limits(adapter: object) -> list[str]:
    """What an adapter cannot do, in words."""
    can = getattr(adapter, "capabilities", None)
    notes = [*getattr(can, "notes", ()), getattr(can, "note", "")]
    return [str(note) for note in notes if note]


def _place(bus: str | None, address: int | None) -> str:
    if bus is None:
        return "lines"
    return bus if address is None else f"{bus} {address:#04x}"


def _health(state: str) -> str:
    return good(state) if state == "ok" else bad(state)


def _errors(errors: dict[str, int]) -> str:
    return ", ".join(f"{count} × {kind}" for kind, count in errors.items()) or "no errors"
