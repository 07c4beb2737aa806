"""Where every key of a TOML text stands.

:mod:`tomllib` gives values without positions. This scanner follows the text that tomllib has already accepted and notes where each
table and key begins; it reads keys and skips values, so it never has to agree with tomllib about what a value means.
Written from the grammar of TOML 1.0.0 (https://toml.io/en/v1.0.0).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from attrs import frozen

__all__ = ["KeyPath", "Position", "key_positions"]

KeyPath = tuple[str | int, ...]
"""Keys from the top of a document; whole numbers are places in arrays."""

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL)
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([btnfr"\\]))')
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


@frozen
class Position:
    """A place in a text; both numbers count from 1."""

    line: int
    column: int


def key_positions(text: str) -> dict[KeyPath, Position]:
    """Where each key, table and array element of a TOML text begins.

    A table that is written several times (``[a]`` and later ``[a.b]``) has the place where it was first mentioned as a prefix,
    unless it has a header of its own, which wins.

    Args:
        text: a text that :func:`tomllib.loads` accepts.

    Raises:
        ValueError: it is not TOML; ask tomllib for the reason first.
    """
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, Position] = {}
        self.elements: dict[KeyPath, int] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def scan(self) -> dict[KeyPath, Position]:
        """Where every key stands; the text has been parsed before, so it is known to be TOML."""
        table: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            table = self._header() if self.text[self.at] == "[" else self._pair(table)
            self._skip(_BLANK)
        return self.found

    def _header(self) -> KeyPath:
        start, many = self.at, self.text.startswith("[[", self.at)
        self._expect("[[" if many else "[")
        keys = [key for key, _ in self._dotted()]
        self._skip(_SPACE)
        self._expect("]]" if many else "]")
        path: KeyPath = ()
        for key in keys[:-1]:
            path = self._last_element((*path, key))
            self.found.setdefault(path, self._position(start))
        path = (*path, keys[-1])
        if many:
            self.elements[path] = self.elements.get(path, -1) + 1
            self.found.setdefault(path, self._position(start))
            path = self._last_element(path)
        self.found[path] = self._position(start)
        return path

    def _last_element(self, path: KeyPath) -> KeyPath:
        """Inside an array of tables, a header means its latest element."""
        return (*path, self.elements[path]) if path in self.elements else path

    def _pair(self, table: KeyPath) -> KeyPath:
        path = table
        for key, start in self._dotted():
            path = (*path, key)
            self.found.setdefault(path, self._position(start))
        self._skip(_SPACE)
        self._expect("=")
        self._skip(_SPACE)
        self._value(path)
        return table

    def _dotted(self) -> Iterable[tuple[str, int]]:
        keys: list[tuple[str, int]] = []
        while True:
            self._skip(_SPACE)
            start = self.at
            keys.append((self._key(), start))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _key(self) -> str:
        first = self.text[self.at : self.at + 1]
        if first == '"':
            return _ESCAPE.sub(_unescaped, self._match(_BASIC)[1:-1])
        if first == "'":
            return self._match(_LITERAL)[1:-1]
        return self._match(_BARE_KEY)

    def _value(self, path: KeyPath) -> None:
        text, at = self.text, self.at
        if text.startswith('"""', at):
            self._match(_LONG_BASIC)
        elif text.startswith("'''", at):
            self._match(_LONG_LITERAL)
        elif text.startswith('"', at):
            self._match(_BASIC)
        elif text.startswith("'", at):
            self._match(_LITERAL)
        elif text.startswith("[", at):
            self._array(path)
        elif text.startswith("{", at):
            self._inline_table(path)
        else:
            self._match(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._expect("[")
        index = 0
        self._skip(_BLANK)
        while not self.text.startswith("]", self.at):
            self.found[(*path, index)] = self._position(self.at)
            self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
                self._skip(_BLANK)
            elif not self.text.startswith("]", self.at):
                self._expect("]")
        self._expect("]")

    def _inline_table(self, path: KeyPath) -> None:
        self._expect("{")
        self._skip(_BLANK)
        while not self.text.startswith("}", self.at):
            self._pair(path)
            self._skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
                self._skip(_BLANK)
            elif not self.text.startswith("}", self.at):
                self._expect("}")
        self._expect("}")

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise self._wrong()
        self.at = match.end()
        return match.group()

    def _expect(self, sign: str) -> None:
        if not self.text.startswith(sign, self.at):
            raise self._wrong()
        self.at += len(sign)

    def _wrong(self) -> ValueError:
        position = self._position(self.at)
        return ValueError(f"not TOML at line {position.line}, column {position.column}")

    def _position(self, at: int) -> Position:
        line = bisect_right(self._starts, at)
        return Position(line, at - self._starts[line - 1] + 1)


def _unescaped(match: re.Match[str]) -> str:
    short, long, sign = match.groups()
    return _ESCAPED[sign] if sign else chr(int(short or long, 16))
