"""Scripts: a file of actions with times, one per line.

::

    # a day at the station
    0:00      park
    +5        tap 04A2B3C4D5E680
    +3        plug --cable 32 --battery 12000
    +0        wait charging
    2:30:00   weather --temperature 70 --place relay
    8:00:00   note the day is over

A time is ``H:MM:SS``, ``M:SS`` or seconds since the script began; with ``+`` it counts from the end of the line before. A line whose
time has passed is carried out at once. ``#`` begins a comment.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from attrs import frozen

from cc613_chargepoint.facade.commands import Command
from cc613_chargepoint.simulating.words import action_of, add_actions
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError, HalError

if TYPE_CHECKING:
    from cc613_chargepoint.simulating.world import World  # it loads the plant, which the command line does without

__all__ = ["Line", "ScriptFailed", "duration_s", "play", "read_script"]

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


class ScriptFailed(ConfigError):  # noqa: N818 - the base class says that it is an error
    """A line of a script could not be carried out."""

    kind = "script"


@frozen(kw_only=True)
class Line:
    """A line of a script.

    Attributes:
        number: in the file, from 1.
        at_s: when, s.
        after: whether that counts from the end of the line before, instead of the script's begin.
        action: what happens.
    """

    number: int
    at_s: float
    after: bool
    action: Command


def duration_s(text: str) -> float:
    """The seconds of ``H:MM:SS``, ``M:SS`` or a number.

    Raises:
        ValueError: it is none of these.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time: write H:MM:SS, M:SS or seconds")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600.0 + int(minutes or 0) * 60.0 + float(seconds)


class _Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the program."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        del status
        raise ValueError(message or "help is on the command line: cc613-chargepoint sim --help")


def read_script(path: Path) -> tuple[Line, ...]:
    """The lines of a script.

    Raises:
        ConfigError: it cannot be read; the message names every mistake with its line.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the script {path} cannot be read: {error}", hint="name a text file of lines such as `0:05 plug`") from error
    parser = _Parser(prog="", add_help=False)
    add_actions(parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Parser))
    lines: list[Line] = []
    mistakes: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(raw, comments=True)
            if not words:
                continue
            after = words[0].startswith("+")
            at_s = duration_s(words[0].removeprefix("+"))
            given = parser.parse_args(words[1:])
            lines.append(Line(number=number, at_s=at_s, after=after, action=action_of(given.action, given)))
        except ValueError as error:
            mistakes.append(f"{path}:{number}: {error}")
    if not lines and not mistakes:
        mistakes.append(f"{path}: there is no line in it")
    if mistakes:
        raise ConfigError("\n".join(mistakes), hint="`cc613-chargepoint sim --help` lists the actions")
    return tuple(lines)


async def play(lines: Iterable[Line], world: World, clock: Clock, name: str) -> None:
    """Carry out a script, line by line.

    Args:
        lines: of the script.
        world: carries them out.
        clock: the simulation's.
        name: of the script, for messages.

    Raises:
        ScriptFailed: a line cannot be carried out; the ones after it are not.
    """
    began_s = ended_s = clock.monotonic_s()
    for line in lines:
        until_s = (ended_s if line.after else began_s) + line.at_s
        await clock.sleep(max(0.0, until_s - clock.monotonic_s()))
        try:
            await world.do(line.action)
        except HalError as error:
            raise ScriptFailed(f"{name}:{line.number}: {error.message}", hint=error.hint) from error
        ended_s = clock.monotonic_s()
