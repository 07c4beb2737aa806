"""What ``cc613hal set`` can do to a device: one table of words, each with what it could do to somebody."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from attrs import frozen

from cc613hal.errors import ConfigError
from cc613hal.interfaces import Beep, Colour, Motion, Pattern

__all__ = ["ACTIONS", "Action", "Danger", "actions_for", "find_action"]


class Danger(enum.Enum):
    """What an action could do."""

    NONE = "none"
    POWER_PATH = "power-path"
    """Touches what carries or releases power; asked for before it is done."""
    ENERGISES = "energises"
    """Puts voltage on something; on real hardware only with a flag."""


@frozen(kw_only=True)
class Action:
    """One word on the command line.

    Attributes:
        capability: what the device must be.
        word: the word.
        does: carries it out on the device, with the remaining words.
        help: what it does.
        danger: what it could do.
        lasts: leaving the board undoes it, so that it only makes sense while the command runs.
        values: how the remaining words are shown in the help.
    """

    capability: str
    word: str
    does: Callable[[Any, Sequence[str]], Awaitable[Any]]
    help: str
    danger: Danger = Danger.NONE
    lasts: bool = False
    values: str = ""


_COLOURS = {
    "red": Colour(1.0, 0.0, 0.0),
    "green": Colour(0.0, 1.0, 0.0),
    "blue": Colour(0.0, 0.0, 1.0),
    "yellow": Colour(1.0, 1.0, 0.0),
    "cyan": Colour(0.0, 1.0, 1.0),
    "magenta": Colour(1.0, 0.0, 1.0),
    "white": Colour(1.0, 1.0, 1.0),
}


def _colour(text: str) -> Colour:
    if text in _COLOURS:
        return _COLOURS[text]
    digits = text.removeprefix("#")
    try:
        value = int(digits, 16)
    except ValueError:
        value = -1
    if value < 0 or len(digits) != 6:
        raise ConfigError(f"{text!r} is no colour", hint=f"use #RRGGBB or one of {', '.join(_COLOURS)}")
    return Colour((value >> 16) / 255, (value >> 8 & 255) / 255, (value & 255) / 255)


def _number(values: Sequence[str], what: str) -> float:
    try:
        return float(values[0])
    except (IndexError, ValueError) as error:
        raise ConfigError(f"{what} is missing or no number", hint=f"give {what} after the word") from error


async def _show(device: Any, values: Sequence[str]) -> None:
    if not values:
        raise ConfigError("a colour is missing", hint="for example: cc613hal set leds show green blink")
    motion = values[1] if len(values) > 1 else "steady"
    if motion not in {item.value for item in Motion}:
        raise ConfigError(f"{motion!r} is no motion", hint=f"one of {', '.join(item.value for item in Motion)}")
    await device.show(Pattern(colours=(_colour(values[0]),), motion=Motion(motion)))


async def _phases(device: Any, values: Sequence[str]) -> None:
    await device.select_phases(int(_number(values, "the number of phases")))


async def _offer(device: Any, values: Sequence[str]) -> None:
    await device.offer(_number(values, "the duty cycle in percent"))


ACTIONS = (
    Action(
        capability="Contactor",
        word="on",
        does=lambda device, _: device.switch_on(),
        help="energise and confirm",
        danger=Danger.ENERGISES,
        lasts=True,
    ),
    Action(
        capability="Contactor", word="off", does=lambda device, _: device.switch_off(), help="release and confirm", danger=Danger.POWER_PATH
    ),
    Action(
        capability="PhaseSwitching",
        word="phases",
        does=_phases,
        help="phases of the next switch-on",
        danger=Danger.POWER_PATH,
        values="1|3",
    ),
    Action(
        capability="Relay",
        word="on",
        does=lambda device, _: device.switch_on(),
        help="energise",
        danger=Danger.ENERGISES,
        lasts=True,
    ),
    Action(capability="Relay", word="off", does=lambda device, _: device.switch_off(), help="release"),
    Action(capability="PlugLock", word="lock", does=lambda device, _: device.lock(), help="drive the bolt home", danger=Danger.POWER_PATH),
    Action(capability="PlugLock", word="unlock", does=lambda device, _: device.unlock(), help="release the plug", danger=Danger.POWER_PATH),
    Action(
        capability="ControlPilot",
        word="offer",
        does=_offer,
        help="run PWM: a vehicle may draw current",
        danger=Danger.POWER_PATH,
        lasts=True,
        values="PERCENT",
    ),
    Action(capability="ControlPilot", word="steady", does=lambda device, _: device.steady(), help="stop PWM, +12 V", lasts=True),
    Action(capability="ControlPilot", word="fault", does=lambda device, _: device.fault(), help="hold −12 V", lasts=True),
    Action(
        capability="ResidualCurrentMonitor",
        word="self-test",
        does=lambda device, _: device.self_test(),
        help="inject the test current (contactor off)",
        danger=Danger.POWER_PATH,
    ),
    Action(
        capability="ResidualCurrentMonitor",
        word="reset",
        does=lambda device, _: device.reset(),
        help="clear the latch",
        danger=Danger.POWER_PATH,
    ),
    Action(capability="Indicator", word="show", does=_show, help="show a colour", lasts=True, values="COLOUR [MOTION]"),
    Action(capability="Indicator", word="dark", does=lambda device, _: device.dark(), help="all lights off"),
    Action(capability="DigitalOutput", word="high", does=lambda device, _: device.write_output(True), help="set the output", lasts=True),
    Action(capability="DigitalOutput", word="low", does=lambda device, _: device.write_output(False), help="clear the output"),
    Action(capability="Sounder", word="beep", does=lambda device, _: device.play((Beep(),)), help="one beep"),
    Action(
        capability="Display",
        word="text",
        does=lambda device, values: device.show_text(values),
        help="show lines",
        lasts=True,
        values="LINE…",
    ),
    Action(capability="Display", word="clear", does=lambda device, _: device.clear(), help="show nothing"),
    Action(capability="TiltSensor", word="reference", does=lambda device, _: device.take_reference(), help="take the present attitude"),
)
"""Every action; words may repeat, one device has only one of each."""


def actions_for(capabilities: Sequence[str]) -> list[Action]:
    """What can be done with a device."""
    return [action for action in ACTIONS if action.capability in capabilities]


def find_action(device: str, capabilities: Sequence[str], word: str) -> Action:
    """The action a word means for a device.

    Raises:
        ConfigError: none; the hint lists what there is.
    """
    possible = actions_for(capabilities)
    for action in possible:
        if action.word == word:
            return action
    words = ", ".join(f"{action.word} {action.values}".strip() for action in possible)
    raise ConfigError(f"{word!r} cannot be done with it", device=device, hint=f"possible: {words or 'nothing; it can only be read'}")
