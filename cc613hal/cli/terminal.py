"""Printing: tables, colours where somebody can see them, questions where somebody can answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

__all__ = ["ask", "bad", "bold", "faint", "good", "interactive", "table"]


def interactive() -> bool:
    """Whether a person sits at the terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _coloured(text: str, code: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def bold(text: str) -> str:
    """Bold on a terminal."""
    return _coloured(text, "1")


def faint(text: str) -> str:
    """Faint on a terminal."""
    return _coloured(text, "2")


def good(text: str) -> str:
    """Green on a terminal."""
    return _coloured(text, "32")


def bad(text: str) -> str:
    """Red on a terminal."""
    return _coloured(text, "31")


def table(rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Print rows with aligned columns; the last column may be of any length."""
    body = [tuple(row) for row in rows]
    every = [tuple(header), *body] if header else body
    if not every:
        return
    widths = [max(len(row[column]) for row in every if column < len(row)) for column in range(max(map(len, every)))]
    for index, row in enumerate(every):
        cells = [cell.ljust(widths[column]) if column < len(row) - 1 else cell for column, cell in enumerate(row)]
        line = "  ".join(cells).rstrip()
        print(bold(line) if header and index == 0 else line)


def ask(question: str) -> bool:
    """Put a yes-or-no question to the person at the terminal; no is the default."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False
