"""The words for actions: the same on the command line and in a script."""

from __future__ import annotations

import argparse
from typing import Any

from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.facade.commands import Command
from cc613_chargepoint.simulating.actions import FAULTS, Break, Drive, Look, Note, Park, Plug, Tap, Unplug, Wait, Weather

__all__ = ["action_of", "add_actions"]

_CABLES = {"13": 13, "20": 20, "32": 32, "63": 63, "fixed": 0}


def add_actions(actions: Any) -> dict[str, argparse.ArgumentParser]:
    """Add one parser per word to ``actions`` (what ``add_subparsers`` gave); by word."""
    made: dict[str, argparse.ArgumentParser] = {}

    def word(name: str, summary: str, **more: Any) -> argparse.ArgumentParser:
        made[name] = actions.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.", **more)
        return made[name]

    word("look", "what the simulated world looks like now")
    word("park", "somebody parks in the bay")
    word("leave", "the bay is empty again")
    tap = word("tap", "somebody holds a card to the reader")
    tap.add_argument("card", nargs="?", default="04A2B3C4D5E680", metavar="UID", help="hexadecimal (default: %(default)s)")
    tap.add_argument("--hold", type=float, default=1.0, metavar="S", help="for how long, in seconds (default: %(default)g)")
    _plug(word("plug", "a vehicle is plugged in"))
    unplug = word("unplug", "somebody pulls the plug")
    unplug.add_argument("--force", action="store_true", help="breaking the lock")
    full = word("full", "the vehicle has enough and stops asking")
    hungry = word("hungry", "the vehicle wants energy again")
    faults = "\n".join(f"  {name:<12} {what}" for name, what in FAULTS.items())
    fault = word(
        "fault",
        "something breaks, or is mended",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"faults:\n{faults}\n  silent:NAME     a device or bus of the board does not answer\n  unplugged:NAME  it is not there",
    )
    fault.add_argument("fault", help="see below")
    fault.add_argument("value", nargs="?", type=float, help="how bad, where that is a figure")
    fault.add_argument("--over", action="store_true", help="it is mended")
    weather = word("weather", "temperature, tilt, supply")
    weather.add_argument("--temperature", type=float, metavar="C", help="degrees Celsius")
    weather.add_argument("--place", default="", help="where: internal, relay … (default: everywhere the board measures)")
    weather.add_argument("--tilt", type=float, metavar="DEG", help="how far the station leans, degrees")
    weather.add_argument("--supply", type=float, metavar="V", help="the controller's supply, volts")
    wait = word("wait", "wait until a connector is in a state")
    wait.add_argument("state", choices=[state.value for state in State])
    wait.add_argument("--within", type=float, default=60.0, metavar="S", help="at most so long, in seconds (default: %(default)g)")
    note = word("note", "a word in the story, nothing else")
    note.add_argument("text", nargs="+")
    for each in (made["plug"], unplug, full, hungry, fault, wait):
        each.add_argument("--connector", type=int, default=1, metavar="N", help="default: %(default)s")
    return made


def _plug(plug: argparse.ArgumentParser) -> None:
    plug.add_argument("--cable", choices=_CABLES, default="32", help="what the cable bears, A (default: %(default)s)")
    plug.add_argument("--phases", type=int, choices=[1, 2, 3], default=3, help="of the vehicle's charger (default: %(default)s)")
    plug.add_argument("--max-current", type=float, default=32.0, metavar="A", help="most the charger draws (default: %(default)g)")
    plug.add_argument("--battery", type=float, metavar="WH", help="what it still wants, Wh (default: no end)")
    plug.add_argument("--ventilation", action="store_true", help="it asks for ventilation (state D)")
    plug.add_argument("--simplified", action="store_true", help="it has no S2: state C at once")
    plug.add_argument("--asleep", action="store_true", help="it does not react before it is woken")
    plug.add_argument("--no-diode", action="store_true", help="its pilot diode is missing")


def action_of(word: str, given: argparse.Namespace) -> Command:  # noqa: PLR0911 - one branch per word
    """The action that was said.

    Args:
        word: which.
        given: what its parser made of the rest.
    """
    match word:
        case "look":
            return Look()
        case "park" | "leave":
            return Park(leave=word == "leave")
        case "tap":
            return Tap(card=given.card, hold_s=given.hold)
        case "plug":
            return Plug(
                connector=given.connector, cable_a=_CABLES[given.cable], phases=given.phases, max_current_a=given.max_current,
                battery_wh=given.battery, ventilation=given.ventilation, simplified=given.simplified, asleep=given.asleep,
                diode=not given.no_diode,
            )  # fmt: skip
        case "unplug":
            return Unplug(connector=given.connector, force=given.force)
        case "full" | "hungry":
            return Drive(wants=word == "hungry", connector=given.connector)
        case "fault":
            return Break(fault=given.fault, over=given.over, value=given.value, connector=given.connector)
        case "weather":
            return Weather(temperature_c=given.temperature, place=given.place, tilt_deg=given.tilt, supply_v=given.supply)
        case "wait":
            return Wait(state=given.state, connector=given.connector, within_s=given.within)
        case _:
            return Note(text=" ".join(given.text))
