"""What the station says: texts and sounds as data, so that a product of another brand changes a file."""

from __future__ import annotations

import difflib
import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from attrs import frozen

from cc613hal.errors import ConfigError
from cc613hal.interfaces import Beep

__all__ = ["FIELDS", "SOUNDS", "WORDS", "Texts", "own_texts", "parse_texts"]

WORDS = (
    "free", "authorised", "authorising", "unclaimed", "starting", "ready", "charging", "paused", "stopping", "held", "finished", "rejected",
    "out-of-order",
)  # fmt: skip
"""What a display may have to say."""

FIELDS = ("connector", "power_kw", "energy_kwh", "current_a", "offer_a", "limit", "fault", "reason")
"""What may stand in braces."""

SOUNDS = ("accepted", "rejected", "fault")
"""What a sounder may have to say."""

_LINES, _CHARACTERS, _TONES = 4, 40, 8


@frozen
class Texts:
    """Texts by language and word, and sounds by word.

    Attributes:
        languages: language → word → lines.
        sounds: word → tones.
    """

    languages: Mapping[str, Mapping[str, tuple[str, ...]]]
    sounds: Mapping[str, tuple[Beep, ...]]

    @classmethod
    def built_in(cls) -> Texts:
        """The ones that come along, English and German."""
        return parse_texts(files("cc613_chargepoint.hmi").joinpath("texts.toml").read_text("utf-8"), "texts.toml")

    def under(self, other: Texts) -> Texts:
        """These, with others laid over them word by word."""
        languages = {name: {**self.languages.get(name, {}), **words} for name, words in {**self.languages, **other.languages}.items()}
        return Texts(languages, {**self.sounds, **other.sounds})

    def lines(self, language: str, word: str, values: Mapping[str, str]) -> list[str]:
        """What to say; in English, if the language has no word for it.

        Args:
            language: such as ``de``.
            word: of :data:`WORDS`.
            values: for :data:`FIELDS`.
        """
        said = self.languages.get(language, {}).get(word) or self.languages["en"][word]
        return [line.format_map(values).strip() for line in said]


def own_texts(path: Path) -> Texts:
    """The built-in texts with a file of one's own laid over them.

    Raises:
        ConfigError: it cannot be read, or says something that cannot be; the message lists every mistake.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the texts {path} cannot be read: {error}", hint="hmi.texts names a TOML file, or nothing") from error
    return Texts.built_in().under(parse_texts(text, str(path)))


def parse_texts(text: str, name: str) -> Texts:
    """The texts and sounds of a file; it may leave out what it likes.

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
    languages: dict[str, Mapping[str, tuple[str, ...]]] = {}
    sounds: dict[str, tuple[Beep, ...]] = {}
    for key, value in raw.items():
        if not isinstance(value, dict):
            problems.append(f"{key} is no table")
        elif key == "sounds":
            sounds = {word: _tones(word, tones, problems) for word, tones in value.items()}
        elif re.fullmatch(r"[a-z]{2,3}", key) is None:
            problems.append(f"{key} is no language: two or three small letters, as en")
        else:
            languages[key] = {word: _lines(f"{key}.{word}", word, lines, problems) for word, lines in value.items()}
    if problems:
        raise ConfigError(f"{name} has no texts that could be shown:\n" + "\n".join(f"  {problem}" for problem in problems))
    return Texts(languages, sounds)


def _known(where: str, word: str, known: Sequence[str]) -> list[str]:
    if word in known:
        return []
    close = difflib.get_close_matches(word, known, 1)
    return [f"{where}: there is no such word" + (f" (did you mean {close[0]}?)" if close else f" (there are {', '.join(known)})")]


def _lines(where: str, word: str, lines: Any, problems: list[str]) -> tuple[str, ...]:
    problems += _known(where, word, WORDS)
    if not isinstance(lines, list) or not 1 <= len(lines) <= _LINES or not all(isinstance(line, str) for line in lines):
        problems.append(f"{where}: 1 to {_LINES} lines are needed, not {lines!r}")
        return ()
    for line in lines:
        if len(line) > _CHARACTERS or not line.isprintable():
            problems.append(f"{where}: {line!r} has more than {_CHARACTERS} characters, or some that cannot be shown")
        try:
            named = [field for _, field, spec, conversion in string.Formatter().parse(line) if field is not None or spec or conversion]
        except ValueError as error:
            problems.append(f"{where}: {line!r}: {error}")
            continue
        problems += [f"{where}: {field!r} cannot stand in braces (there are {', '.join(FIELDS)})" for field in named if field not in FIELDS]
        if any(spec or conversion for _, _, spec, conversion in string.Formatter().parse(line)):
            problems.append(f"{where}: {line!r}: only a name can stand in braces")
    return tuple(lines)


def _tones(word: str, tones: Any, problems: list[str]) -> tuple[Beep, ...]:
    problems += _known(f"sounds.{word}", word, SOUNDS)
    made: list[Beep] = []
    for tone in tones if isinstance(tones, list) and len(tones) <= _TONES else [tones]:
        numbers = isinstance(tone, list) and len(tone) == 3 and all(isinstance(each, int | float) for each in tone)
        if numbers and 0.0 < tone[0] <= 5.0 and 0.0 <= tone[1] <= 5.0 and 100.0 <= tone[2] <= 20_000.0:
            made.append(Beep(float(tone[0]), float(tone[1]), float(tone[2])))
        else:
            problems.append(f"sounds.{word}: up to {_TONES} tones of [seconds on, seconds off, hertz] are possible, not {tone!r}")
    return tuple(made)
