"""The package's own font of 5 by 7 dots, as columns for displays whose bytes are eight dots on top of each other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from attrs import frozen

__all__ = ["WIDTH", "Font", "font"]

_LINE = 9  # a character, a blank, seven rows; comments are longer

WIDTH = 6
"""Dots from one character to the next, the gap included."""


@frozen
class Font:
    """Characters and their dots.

    Attributes:
        table: a code for each character there is.
        columns: by code, a byte per column of dots, the gap included; the lowest bit is the top.
    """

    table: Mapping[str, int]
    columns: tuple[bytes, ...]


@cache
def font() -> Font:
    """The font, read once."""
    lines = files("cc613hal_hmi").joinpath("font.txt").read_text("utf-8").splitlines()
    glyphs = {" ": bytes(WIDTH)} | {line[0]: _columns(line[2:]) for line in lines if len(line) == _LINE}
    return Font({character: code for code, character in enumerate(glyphs)}, tuple(glyphs.values()))


def _columns(rows: str) -> bytes:
    dots = [int(row, 32) for row in rows]
    return bytes(sum((row >> 4 - column & 1) << line for line, row in enumerate(dots)) for column in range(5)) + b"\x00"
