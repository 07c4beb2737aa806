"""The language of the lights: a table from a state of the station to a pattern, kept as data.

Three tables come with the package: ``bender`` and ``generic`` for the lights that customers see, ``bender-front`` for the status LED on the
controller; a white-label product brings its own files in the same form.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from cc613hal.errors import ConfigError
from cc613hal.interfaces import Colour, Motion, Pattern

__all__ = ["FRONT_STATES", "LANGUAGES", "STATES", "parse_language", "pattern_of", "status_patterns"]

LANGUAGES = ("bender", "generic", "bender-front")
"""Tables that come with the package."""

STATES = ("free", "reserved", "authorising", "authorised", "charging", "rejected", "out-of-order", "update")
"""States every table must have; it may have more."""

FRONT_STATES = ("power-on", "system-starting", "firmware-starting", "ready", "system-error", "usb-working", "usb-done")
"""States every table of the kind ``front`` must have."""

_KINDS = {"station": STATES, "front": FRONT_STATES}
_KEYS = {"colours", "motion", "period_s", "lights"}


def status_patterns(language: str | Path = "bender") -> Mapping[str, Pattern]:
    """The pattern of each state.

    Args:
        language: one of ``LANGUAGES``, or the path of a table of your own.

    Raises:
        ConfigError: the file cannot be read, or says something that cannot be; the message lists every mistake.
    """
    if isinstance(language, str) and language in LANGUAGES:
        return parse_language(files("cc613hal_hmi").joinpath(f"{language}_language.toml").read_text("utf-8"), language)
    path = Path(language)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the light language {str(language)!r}: {error}",
            hint=f"give the path of a TOML file, or one of: {', '.join(LANGUAGES)}",
        ) from error
    return parse_language(text, str(path))


def pattern_of(patterns: Mapping[str, Pattern], state: str, device: str) -> Pattern:
    """What a language says for a state.

    Raises:
        ConfigError: it says nothing.
    """
    if state not in patterns:
        raise ConfigError(f"the light language has no state {state!r}", device=device, hint=f"there are: {', '.join(patterns)}")
    return patterns[state]


def parse_language(text: str, name: str) -> Mapping[str, Pattern]:
    """The patterns in the text of a table.

    Args:
        text: TOML.
        name: for messages.

    Raises:
        ConfigError: with every mistake.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}") from error
    problems: list[str] = []
    problems += [f"unknown key {key!r}" for key in raw if key not in {"name", "kind", "colours", "states"}]
    colours = _colours(_table(raw, "colours", problems), problems)
    states = _table(raw, "states", problems)
    patterns = {state: pattern for state, entry in states.items() if (pattern := _pattern(state, entry, colours, problems)) is not None}
    kind: Any = raw.get("kind", "station")
    if kind not in _KINDS:
        problems.append(f"kind: {kind!r} is none of {', '.join(_KINDS)}")
    problems += [f"no pattern for the state {state!r}" for state in _KINDS.get(str(kind), ()) if state not in states]
    if problems:
        raise ConfigError(f"{name} is no light language:\n" + "\n".join(f"  {problem}" for problem in problems))
    return patterns


def _table(raw: Mapping[str, Any], key: str, problems: list[str]) -> Mapping[str, Any]:
    value: Any = raw.get(key, {})
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)  # TOML has no other keys
    problems.append(f"{key} is no table")
    return {}


def _items(value: object) -> Sequence[Any]:
    """The items of a list; none if it is something else."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _colours(raw: Mapping[str, Any], problems: list[str]) -> dict[str, Colour]:
    colours: dict[str, Colour] = {}
    for name, value in raw.items():
        parts = _items(value)
        if len(parts) == 3 and all(_is_number(part) and 0 <= part <= 1 for part in parts):
            colours[name] = Colour(*map(float, parts))
        else:
            problems.append(f"colours.{name}: three numbers from 0 to 1 are needed, not {value!r}")
    return colours


def _pattern(state: str, entry: Any, colours: Mapping[str, Colour], problems: list[str]) -> Pattern | None:
    if not isinstance(entry, dict):
        problems.append(f"states.{state} is no table")
        return None
    table = cast("dict[str, Any]", entry)
    before = len(problems)
    complain: Callable[[str], None] = lambda text: problems.append(f"states.{state}{text}")  # noqa: E731  # it carries the state's name
    listed: Any = table.get("colours")
    names = _items(listed)
    if not names:
        complain(".colours: a list of colour names is needed")
    for name in names:
        if not isinstance(name, str) or name not in colours:
            complain(f".colours: {name!r} is not among {', '.join(colours) or 'no colours at all'}")
    motion: Any = table.get("motion", "steady")
    if motion not in [member.value for member in Motion]:
        complain(f".motion: {motion!r} is none of {', '.join(member.value for member in Motion)}")
    period_s: Any = table.get("period_s", 1.0)
    if not _is_number(period_s) or not 0.1 <= period_s <= 60:
        complain(f".period_s: 0.1 to 60 s are possible, not {period_s!r}")
    lights: Any = table.get("lights", 0)
    if not isinstance(lights, int) or isinstance(lights, bool) or lights < 0:
        complain(f".lights: a number of lights, or 0 for all, not {lights!r}")
    for key in table:
        if key not in _KEYS:
            complain(f".{key}: unknown key (there are {', '.join(sorted(_KEYS))})")
    if len(problems) > before:
        return None
    return Pattern(colours=tuple(colours[name] for name in names), motion=Motion(motion), period_s=float(period_s), lights=lights)
