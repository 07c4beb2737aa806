"""Loading a board: find its files, lay overlays over bases, read, check, and report every mistake at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from cc613hal.board.checks import check_together
from cc613hal.board.devices import read_tables
from cc613hal.board.graph import order
from cc613hal.board.model import SCHEMA_VERSION, BoardDescription
from cc613hal.board.overlay import Document, lay_over
from cc613hal.board.problems import Place, Problem, Problems, listed, near, plain
from cc613hal.board.toml_lines import key_positions
from cc613hal.errors import BoardFileError, PluginError
from cc613hal.plugins.manager import Plugins

__all__ = ["TOP_KEYS", "check_board", "load_board", "parse_board"]

TOP_KEYS = ("schema", "name", "summary", "base", "bus", "device")
"""Keys at the top of a board file."""

_SYNTAX_LINE = "(at line "
_MOST_BYTES = 2_000_000
"""No board file is longer; a device node that never ends (or the wrong file) is noticed early."""


def load_board(source: str | Path, *, overlays: Iterable[str | Path] = (), plugins: Plugins | None = None) -> BoardDescription:
    """A board, ready to be opened.

    Args:
        source: the name of a board that an installed package ships (``bender.cc613``), or the path of a board file.
        overlays: boards or files laid over it in this order.
        plugins: the installed drivers; discovered if omitted.

    Raises:
        BoardFileError: with every mistake of every file, as ``file:line: path: reason (hint)``.
    """
    return _finished(_Loader(plugins or Plugins.discover()), source, overlays)


def parse_board(text: str, *, file: str = "board.toml", folder: Path | None = None, plugins: Plugins | None = None) -> BoardDescription:
    """A board from the text of a board file.

    Args:
        text: TOML.
        file: what messages call it.
        folder: where relative paths in ``base`` begin; the present folder if omitted.
        plugins: the installed drivers; discovered if omitted.

    Raises:
        BoardFileError: with every mistake.
    """
    return _finished(_Loader(plugins or Plugins.discover()), _Source(file, text, folder or Path()), ())


def check_board(source: str | Path, *, overlays: Iterable[str | Path] = (), plugins: Plugins | None = None) -> tuple[Problem, ...]:
    """The mistakes of a board file in the order in which they stand there; empty if it can be opened. Arguments as :func:`load_board`."""
    loader = _Loader(plugins or Plugins.discover())
    loader.board(source, overlays)
    return loader.all_problems()


def _finished(loader: _Loader, source: str | Path | _Source, overlays: Iterable[str | Path]) -> BoardDescription:
    description = loader.board(source, overlays)
    problems = loader.all_problems()
    if description is None or problems:
        count = "one mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        shown = source.name if isinstance(source, _Source) else source
        raise BoardFileError(f"board {shown} has {count}:", problems=[str(problem) for problem in problems])
    return description


@frozen
class _Source:
    """A board file's text, with the name used in messages and the folder where its relative paths begin."""

    name: str
    text: str
    folder: Path | None


@define
class _Loader:
    plugins: Plugins
    problems: list[Problem] = field(factory=list)
    checked: Problems | None = None

    def all_problems(self) -> tuple[Problem, ...]:
        """What is wrong in files, then in what they say together."""
        return (*self.problems, *(self.checked.ordered() if self.checked is not None else ()))

    def board(self, source: str | Path | _Source, overlays: Iterable[str | Path]) -> BoardDescription | None:
        """The board, or ``None``; mistakes are among the problems."""
        document = self._document(source, Place(str(source), 1) if not isinstance(source, _Source) else Place(source.name, 1), ())
        for overlay in overlays:
            over = self._document(overlay, Place(str(overlay), 1), (), overlay=True)
            if document is not None and over is not None:
                document, wrong = lay_over(document, over)
                self.problems.extend(wrong)
        if document is None or any(True for _ in self._fatal()):
            return None
        return self._read(document)

    def _fatal(self) -> Iterator[Problem]:
        """Mistakes after which the rest would only be follow-up errors."""
        return (problem for problem in self.problems if not problem.reason.startswith("is to be removed"))

    def _document(self, source: str | Path | _Source, asked_at: Place, chain: tuple[str, ...], *, overlay: bool = False) -> Document | None:
        found = source if isinstance(source, _Source) else self._find(source, asked_at, None)
        if found is None:
            return None
        if found.name in chain:
            round_trip = " → ".join((*chain[chain.index(found.name) :], found.name))
            self.problems.append(
                Problem(asked_at, "base", f"the bases go round in a circle: {round_trip}", "one of them must stand by itself")
            )
            return None
        document = self._parse(found)
        if document is None or "base" not in document.values:
            return document
        place = document.places[("base",)]
        base = document.values.pop("base")
        if overlay:
            self.problems.append(
                Problem(place, "base", "an overlay has no base", "it is laid over the board it is given with; leave the key out")
            )
            return None
        if not isinstance(base, str):
            self.problems.append(Problem(place, "base", f"must be a text, not {plain(base)}", "a board's name or a file"))
            return None
        below_source = self._find(base, place, found.folder)
        below = self._document(below_source, place, (*chain, found.name)) if below_source is not None else None
        if below is None:
            return None
        merged, wrong = lay_over(below, document)
        self.problems.extend(wrong)
        return merged

    def _find(self, source: str | Path, asked_at: Place, folder: Path | None) -> _Source | None:
        """A board that a package ships, or a file."""
        spec = self.plugins.boards.get(str(source))
        if spec is not None:
            try:
                file = self.plugins.board_file(spec)
                return _Source(f"{spec.package}/{spec.file}", file.read_text(encoding="utf-8"), None)
            except (PluginError, OSError, UnicodeDecodeError) as error:
                self.problems.append(Problem(asked_at, "", str(error)))
                return None
        path = (folder or Path()) / source
        path_key = "base" if folder is not None or (isinstance(source, str) and asked_at.file != str(source)) else ""
        try:
            return _Source(str(path), _text(path), path.parent)
        except FileNotFoundError:
            boards = self.plugins.boards
            hint = near(str(source), boards, f"installed boards are {listed(boards)}")
            self.problems.append(Problem(asked_at, path_key, f'there is no board and no file "{source}"', hint))
        except OverflowError:
            hint = "is it the right file?"
            self.problems.append(Problem(Place(str(path), 1), "", f"is longer than {_MOST_BYTES:,} bytes, as no board file is", hint))
        except UnicodeDecodeError as error:
            self.problems.append(Problem(Place(str(path), 1), "", f"is no UTF-8 text: {error.reason} at byte {error.start}"))
        except OSError as error:
            self.problems.append(Problem(asked_at, path_key, f"{path} cannot be read: {error.strerror}"))
        return None

    def _parse(self, source: _Source) -> Document | None:
        try:
            values: dict[str, Any] = tomllib.loads(source.text)
        except tomllib.TOMLDecodeError as error:
            self.problems.append(_syntax_problem(source, error))
            return None
        except (ValueError, RecursionError) as error:  # what tomllib's own limits raise: a number without end, brackets in brackets
            reason = "lists or tables are nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
            self.problems.append(Problem(Place(source.name, 1), "", f"no valid TOML: {reason}"))
            return None
        places = {path: Place(source.name, position.line) for path, position in key_positions(source.text).items()}
        version: object = values.get("schema", SCHEMA_VERSION)
        if version != SCHEMA_VERSION or isinstance(version, bool):
            hint = "update cc613hal" if isinstance(version, int) and version > SCHEMA_VERSION else f"write schema = {SCHEMA_VERSION}"
            self.problems.append(Problem(places[("schema",)], "schema", f"must be {SCHEMA_VERSION}, not {plain(version)}", hint))
        return Document(values, places, (source.name,))

    def _read(self, document: Document) -> BoardDescription | None:
        problems = Problems(document.places, Place(document.files[-1], 1))
        self.checked = problems
        values = document.values
        for key in values:
            if key not in TOP_KEYS:
                problems.add((key,), "unknown key", near(key, TOP_KEYS, f"known are {listed(TOP_KEYS)}"))
        if "schema" not in values:
            problems.add((), "the key schema is missing", f"write schema = {SCHEMA_VERSION}")
        if "name" not in values:
            problems.add((), "the key name is missing", 'for instance name = "depot.north"')
        for key in ("name", "summary"):
            if not isinstance(values.get(key, ""), str) or (key == "name" and values.get(key) == ""):
                problems.add((key,), f"must be a text, not {plain(values[key])}")
        tables = read_tables(values, self.plugins, problems)
        check_together(tables, problems)
        if problems.found:
            return None
        ordered, _ = order({name: device.uses.values() for name, device in tables.devices.items()})
        return BoardDescription(
            name=values["name"],
            summary=values.get("summary", ""),
            buses=tables.buses,
            devices={name: tables.devices[name] for name in ordered},
            sources=document.files,
        )


def _text(path: Path) -> str:
    """The text of a file, without the byte order mark that some editors put in front.

    Raises:
        OverflowError: it is longer than any board file.
        UnicodeDecodeError: it is no UTF-8 text.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OverflowError
    return data.decode("utf-8-sig")


def _syntax_problem(source: _Source, error: tomllib.TOMLDecodeError) -> Problem:
    """Tomllib says "… (at line 3, column 5)" or "… (at end of document)"."""
    text = str(error)
    reason, _, where = text.rpartition(" (at ")
    line = source.text.count("\n") + 1
    if _SYNTAX_LINE in text:
        line = int(where.removeprefix("line ").partition(",")[0])
    column = where.partition("column ")[2].rstrip(")")
    return Problem(Place(source.name, line), "", f"no valid TOML: {reason or text}", f"column {column}" if column else "")
