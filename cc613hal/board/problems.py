"""Mistakes in board files: where, what, and what was probably meant. All of them at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

from attrs import field, frozen

from cc613hal.board.toml_lines import KeyPath

__all__ = ["Place", "Problem", "Problems", "as_list", "as_table", "listed", "near", "path_text", "plain"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@frozen(order=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int


@frozen
class Problem:
    """One mistake.

    Attributes:
        place: where it stands.
        path: the keys that lead there, as TOML writes them; empty for the whole file.
        reason: what is wrong.
        hint: what was probably meant, or what to do.
    """

    place: Place
    path: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        then = f" ({self.hint})" if self.hint else ""
        return f"{self.place.file}:{self.place.line}: {path}{self.reason}{then}"


@frozen
class Problems:
    """The mistakes found so far.

    Args:
        places: where each key stands.
        fallback: the place of what has no key of its own.
        found: where mistakes are collected.
    """

    places: Mapping[KeyPath, Place]
    fallback: Place
    found: list[Problem] = field(factory=list)

    def add(self, path: KeyPath, reason: str, hint: str = "") -> None:
        """Note a mistake at a key, or, if it stands nowhere, at the table that should have it."""
        self.found.append(Problem(self.place(path), path_text(path), reason, hint))

    def place(self, path: KeyPath) -> Place:
        """Where a key stands, or the nearest table around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.fallback

    def trial(self) -> Problems:
        """The same places with an empty list, to try a reading that may turn out wrong."""
        return Problems(self.places, self.fallback)

    def ordered(self) -> tuple[Problem, ...]:
        """All mistakes in the order in which they stand in their files."""
        return tuple(sorted(dict.fromkeys(self.found), key=lambda problem: problem.place))


def near(word: str, known: Collection[str], otherwise: str = "") -> str:
    """A hint that names what was probably meant; else ``otherwise``."""
    plainer = {name.lower().replace("-", "_"): name for name in known}
    close = get_close_matches(word.lower().replace("-", "_"), plainer, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(plainer[name] for name in close)}?" if close else otherwise


def listed(names: Collection[str], none: str = "none") -> str:
    """Names in a sentence."""
    return ", ".join(names) if names else none


def path_text(path: Sequence[str | int]) -> str:
    """A path as TOML writes it; array places in brackets."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if _BARE.fullmatch(part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text += f".{shown}" if text else shown
    return text


def as_table(value: object) -> Mapping[str, Any] | None:
    """The value if it is a table, else ``None``. Keys of TOML tables are texts."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def as_list(value: object) -> list[Any] | None:
    """The value if it is a list, else ``None``."""
    return [*cast("Iterable[Any]", value)] if isinstance(value, list) else None


def plain(value: object) -> str:
    """A value as a reader of the file would call it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}…"'
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value)
