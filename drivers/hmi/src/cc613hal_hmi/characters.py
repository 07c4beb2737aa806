"""Text that fits a display: lines cut, characters replaced by what the part has, and the cells that differ. Pure; shared by displays."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

__all__ = ["A00", "A02", "ASCII", "Change", "cells", "changes"]

ASCII: Mapping[str, int] = {chr(code): code for code in range(0x20, 0x7F)}
"""Characters every part has, unless its own table says otherwise."""

A00: Mapping[str, int] = {
    **{character: code for character, code in ASCII.items() if character not in "\\~"},
    "¥": 0x5C,
    "→": 0x7E,
    "←": 0x7F,
    "°": 0xDF,
    "α": 0xE0,
    "ä": 0xE1,
    "ß": 0xE2,  # drawn as beta
    "β": 0xE2,
    "ε": 0xE3,
    "µ": 0xE4,
    "σ": 0xE5,
    "ρ": 0xE6,
    "√": 0xE8,
    "¢": 0xEC,
    "£": 0xED,
    "ñ": 0xEE,
    "ö": 0xEF,
    "θ": 0xF2,
    "∞": 0xF3,
    "Ω": 0xF4,
    "ü": 0xF5,
    "Σ": 0xF6,
    "π": 0xF7,
    "÷": 0xFD,
    "█": 0xFF,
    "·": 0xA5,
}
"""Character generator with the Japanese set (Hitachi HD44780U data sheet, table 4, ROM code A00), the usual one."""

A02: Mapping[str, int] = {
    **ASCII,
    **{chr(code): code for code in (*range(0xA1, 0xA8), *range(0xA9, 0xAD), *range(0xAE, 0x100)) if chr(code) not in "¦¸×Þ"},
}
"""Character generator with the European set (same data sheet, ROM code A02): as Latin-1 where the two agree."""

_INSTEAD: Mapping[str, str] = {
    "„": '"', "“": '"', "”": '"', "«": '"', "»": '"', "‚": "'", "‘": "'", "’": "'", "–": "-", "—": "-", "−": "-", "…": "...",
    "ß": "ss", "ẞ": "SS", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue", "°": "'", "µ": "u", "Ω": "Ohm",
    "€": "EUR", "\\": "/", "~": "-", "×": "x", "·": ".", "\u00a0": " ", "\u202f": " ", "\t": " ", "²": "2", "³": "3", "→": ">", "←": "<",
    "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Å": "A", "å": "a", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "μ": "µ",
}  # fmt: skip
"""What to write where a part lacks a character; tried again, because the replacement may be lacking too."""

_UNKNOWN = "?"


@frozen
class Change:
    """Cells of one row that differ.

    Attributes:
        row: from 0.
        column: the first, from 0.
        codes: what they become.
    """

    row: int
    column: int
    codes: bytes


def cells(lines: Sequence[str], columns: int, rows: int, table: Mapping[str, int]) -> tuple[bytes, ...]:
    """The code of each cell, row by row; too long lines are cut, too many left out, what is missing is blank.

    Args:
        lines: text; a line break inside a line counts as a blank.
        columns: characters in a row.
        rows: rows of the display.
        table: the characters the part has, and their codes.
    """
    blank = table[" "]
    shown = [bytes(_codes(line, columns, table)) for line in lines[:rows]]
    return tuple(line.ljust(columns, bytes((blank,))) for line in [*shown, *([b""] * (rows - len(shown)))])


def changes(old: Sequence[bytes] | None, new: Sequence[bytes], *, bridge: int = 0) -> Iterator[Change]:
    """The spans of cells that differ; everything if nobody knows what was there.

    Args:
        old: what the part shows; ``None`` if unknown.
        new: what it is to show.
        bridge: equal cells between two spans that are written again because moving over them costs more.
    """
    for row, codes in enumerate(new):
        differing = [column for column in range(len(codes)) if old is None or old[row][column] != codes[column]]
        while differing:
            first = last = differing.pop(0)
            while differing and differing[0] - last - 1 <= bridge:
                last = differing.pop(0)
            yield Change(row, first, codes[first : last + 1])


def _codes(line: str, columns: int, table: Mapping[str, int]) -> list[int]:
    codes: list[int] = []
    for character in unicodedata.normalize("NFC", line):
        codes += _known(character, table)
        if len(codes) >= columns:
            break
    return codes[:columns]


def _known(character: str, table: Mapping[str, int], depth: int = 3) -> list[int]:
    if character in table:
        return [table[character]]
    plain = unicodedata.normalize("NFKD", character)[0]
    if depth and (instead := _INSTEAD.get(character)) is not None:
        return [code for part in instead for code in _known(part, table, depth - 1)]
    if plain in table:
        return [table[plain]]
    return [table[" " if unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"} else _UNKNOWN]]
