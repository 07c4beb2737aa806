"""Options tables in a driver package's ``README.md``, made from the options classes, and the check that they are current.

Put this into the README, once for each driver or for several that have the same options::

    <!-- options acme.th1, acme.th2: made by python -m cc613hal.testing.readme --write -->
    <!-- end of options -->

and run ``python -m cc613hal.testing.readme --write PACKAGE``. Types and defaults come from the class, meanings from its docstring, and why
a figure is not certain from ``quality.toml``. Without ``--write`` it tells what is missing or out of date: a driver without a table, a
table that its class no longer says, a driver without a wiring picture (a fenced block under its own heading, or under "Wiring").
"""

from __future__ import annotations

import argparse
import enum
import fnmatch
import re
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs

from cc613hal.board.schema import attribute_help
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import DriverSpec
from cc613hal.testing.quality import announced, qualities

__all__ = ["check_tree", "main", "options_table", "wiring"]

_TABLE = re.compile(r"<!-- options (?P<drivers>[^:>]+): [^>]*-->\n(?P<rows>.*?)<!-- end of options -->", re.DOTALL)
_FENCE = re.compile(r"^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(?P<title>.+)$", re.MULTILINE)
_PICTURES = {"", "text"}
"""Languages of fenced blocks that may be a wiring picture."""
_PLURALS = {"number": "numbers", "whole number": "whole numbers", "path": "paths", "text": "texts"}
_SIMPLE: Mapping[Any, str] = {float: "number", int: "whole number", bool: "`true` or `false`", str: "text", Path: "path"}


def options_table(drivers: Sequence[DriverSpec], plugins: Plugins, reasons: Mapping[str, str] | None = None) -> list[str]:
    """One row for each option of these drivers, in Markdown; nothing if they have none.

    Args:
        drivers: the drivers; an option that only some of them have names them.
        plugins: where they are announced.
        reasons: why the default of an option is not certain.
    """
    classes = {spec.name: options for spec in drivers if (options := plugins.options_class(spec)) is not None}
    names = list(dict.fromkeys(attribute.name for options in classes.values() for attribute in attrs.fields(options)))
    if not names:
        return []
    known = reasons or {}
    because = any(known.get(name) for name in names)
    rows = ["| option | type | default | meaning |" + (" why it may differ |" if because else "")]
    rows.append("|---|---|---|---|" + ("---|" if because else ""))
    for name in names:
        having = {driver: options for driver, options in classes.items() if name in attrs.fields_dict(options)}
        options = next(iter(having.values()))
        meaning = _whose(having, classes) + _words(attribute_help(options).get(name, ""))
        kinds = {_kind(typing.get_type_hints(options)[name]) for options in having.values()}
        defaults = {_default(plugins.drivers[driver], plugins, options, name) for driver, options in having.items()}
        row = [f"`{name}`", _one(kinds), _one(defaults), meaning, *([known.get(name, "")] if because else [])]
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |")
    return rows


def wiring(readme: str, driver: str) -> str:
    """The wiring picture of a driver in its package's README; empty if there is none.

    It is the first fenced block that is no program under a heading with the driver's name, else where its options table stands, else under
    the heading "Wiring".
    """
    sections = _sections(readme)
    places = [text for title, text in sections if driver in title]
    places += [text for _, text in sections if any(_names(driver, match) for match in _TABLE.finditer(text))]
    places += [text for title, text in sections if title.startswith("Wiring")]
    blocks = (match["text"] for text in places for match in _FENCE.finditer(text) if match["language"] in _PICTURES)
    return next(blocks, "")


def _names(driver: str, table: re.Match[str]) -> bool:
    return any(fnmatch.fnmatchcase(driver, pattern.strip()) for pattern in table["drivers"].split(","))


def check_tree(root: Path, *, write: bool = False) -> list[str]:
    """The problems of every package under a folder (or of the one it is), each as ``file: reason``.

    Args:
        root: a driver package, or a folder of them.
        write: renew the tables first.
    """
    packages = [root] if (root / "pyproject.toml").exists() else sorted(path.parent for path in root.glob("*/pyproject.toml"))
    if not packages:
        return [f"{root}: no driver package here"]
    return [f"{package / 'README.md'}: {problem}" for package in packages for problem in _check(package, write)]


def _check(package: Path, write: bool) -> list[str]:
    file = package / "README.md"
    try:
        before = file.read_text("utf-8")
        plugins = announced(package)
    except (OSError, ImportError, KeyError) as error:
        return [f"{type(error).__name__}: {error}"]
    reasons = {name: _reasons(quality.configurable) for name, quality in qualities(package).items()}
    seen: set[str] = set()
    problems: list[str] = []

    def table(match: re.Match[str]) -> str:
        patterns = [name.strip() for name in match["drivers"].split(",")]
        drivers = [spec for name, spec in plugins.drivers.items() if _names(name, match)]
        problems.extend(f"{pattern}: no such driver" for pattern in patterns if not fnmatch.filter(plugins.drivers, pattern))
        seen.update(spec.name for spec in drivers)
        merged = {option: why for spec in drivers for option, why in reasons.get(spec.name, {}).items()}
        rows = "".join(f"{row}\n" for row in options_table(drivers, plugins, merged))
        return match[0].replace(match["rows"], rows) if match["rows"] else match[0].replace("-->\n<!--", f"-->\n{rows}<!--", 1)

    after = _TABLE.sub(table, before)
    if write and after != before:
        file.write_text(after, "utf-8")
    elif after != before:
        problems.append(f"an options table is out of date: run python -m cc613hal.testing.readme --write {package}")
    for name, spec in plugins.drivers.items():
        options = plugins.options_class(spec)
        if options is not None and attrs.fields(options) and name not in seen:
            problems.append(f"{name}: has no options table; put <!-- options {name}: --> and <!-- end of options --> where it belongs")
        if not wiring(after, name):
            problems.append(f"{name}: has no wiring picture (a fenced block under its heading, beside its options table, or under Wiring)")
    return problems


def _sections(readme: str) -> list[tuple[str, str]]:
    """Titles, and what stands below each up to the next; a # in a fenced block is no title."""
    bare = _FENCE.sub(lambda match: " " * len(match[0]), readme)
    marks = [(match["title"], match.end(), match.start()) for match in _HEADING.finditer(bare)]
    ends = [start for _, _, start in marks[1:]] + [len(readme)]
    return [(title, readme[begin:end]) for (title, begin, _), end in zip(marks, ends, strict=True)]


def _reasons(configurable: Mapping[str, str] | Sequence[str]) -> Mapping[str, str]:
    return configurable if isinstance(configurable, Mapping) else {}


def _whose(having: Mapping[str, object], every: Mapping[str, object]) -> str:
    """Which drivers have an option, or which have not, whatever is shorter to say; nothing if all have it."""
    missing = [driver for driver in every if driver not in having]
    named, word = (missing, "not ") if len(missing) < len(having) else (list(having), "only ")
    return word + ", ".join(f"`{driver}`" for driver in named) + ": " if missing else ""


def _words(help_text: str) -> str:
    """A docstring's sentence in Markdown: plain code instead of roles and double quotes."""
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", help_text.replace("``", "`"))
    return text.removesuffix(".") if ". " not in text else text


def _one(words: set[str]) -> str:
    return words.pop() if len(words) == 1 else "differs"


def _kind(hint: Any) -> str:
    """A type in the words of a board file."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(_kind(argument) for argument in arguments if argument is not type(None))
    if origin is typing.Annotated:
        return _kind(arguments[0])
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return f"list of {_PLURALS.get(kind := _kind(arguments[0]), kind)}"
    if origin is tuple:
        return "[" + ", ".join(_kind(argument) for argument in arguments) + "]"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "table"
    other: Any = hint
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return ", ".join(f"`{member.value}`" for member in hint)
    return "table" if attrs.has(other) else getattr(other, "__name__", str(other)).lower()


def _default(spec: DriverSpec, plugins: Plugins, options: type[Any], name: str) -> str:
    """What holds if a board file says nothing; what a preset says where the option leaves it to that."""
    default: Any = attrs.fields_dict(options)[name].default
    if default is attrs.NOTHING:
        return "required"
    if hasattr(default, "takes_self"):  # an attrs.Factory, which is typed as a function
        default = None if default.takes_self else default.factory()
    if default is None:
        default = getattr(getattr(plugins.implementation(spec), "preset", None), name, None)
    return "none" if default is None else f"`{_toml(default)}`"


def _toml(value: Any) -> str:
    """A value as a board file says it."""
    if isinstance(value, enum.Enum):
        return _toml(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 and float(f"{value:g}") == value else repr(value)
    if hasattr(value, "__attrs_attrs__"):
        value = attrs.asdict(value)
    if isinstance(value, dict):
        table: dict[Any, Any] = cast("Any", value)
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in table.items()) + " }" if table else "{}"
    if isinstance(value, tuple | list):
        items: Sequence[Any] = cast("Any", value)
        return "[" + ", ".join(_toml(item) for item in items) + "]"
    return str(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Check packages, or renew their tables; returns 1 if something is left to do."""
    parser = argparse.ArgumentParser(prog="python -m cc613hal.testing.readme", description="Options tables in READMEs of driver packages.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a driver package, or a folder of them")
    parser.add_argument("--write", action="store_true", help="renew the tables")
    arguments = parser.parse_args(argv)
    problems = [problem for path in arguments.paths for problem in check_tree(path, write=arguments.write)]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
