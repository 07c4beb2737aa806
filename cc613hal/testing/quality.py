"""``quality.toml``: how far each driver of a package has come, and the check that it is true.

One table per driver::

    [driver."acme.th1"]
    level = "simulated"                                   # as in its DriverSpec
    sources = ["Acme TH1 data sheet, rev. 3"]             # public
    tests = ["tests/test_th1.py::test_follows_the_world"]  # file, or file::name
    traces = []                                           # bench and field: recordings of the real part
    products = []                                         # field: where it ships

    [driver."acme.th1".configurable]                      # option = why the figure is not certain
    offset = "differs between batches"
    "limits.max_registers" = "found out"                  # or, with data = [...], a key of one of those TOML files

Paths are relative to the package, or to a folder above it.

Rules: every level needs sources; ``simulated`` needs an emulator and tests of which one inherits a conformance suite; ``bench`` needs
traces of the real part too, and ``field`` a product. Run ``python -m cc613hal.testing.quality drivers/``.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import attrs
import cattrs
from attrs import field, frozen

from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import DriverSpec, QualityLevel

__all__ = ["DriverQuality", "announced", "check_package", "check_tree", "evidence", "main", "qualities"]

_ORDER = list(QualityLevel)
_EVIDENCE = {
    "conformance suites": r"\b(?!BadInput)\w+Suite\b",
    "bad input": r"\bBadInputSuite\b",
    "random input": r"\bhypothesis\b",
    "recorded dialogue": r"\b(?:replay_part|ReplayBuses)\b",
    "file descriptors": r"tests/descriptors/|\b(?:umockdev|openpty|mkfifo|pseudo_terminal)\b",
    "real kernel": r"tests/kernel/guest|uinput",
    "another implementation": r"_(?:judge|others|reference|independent)\.py$"
    r"|^\s*(?:import|from) (?:adafruit_|luma\b|nfc\b|pirc522\b|sunspec2\b|smllib\b)",
    "real service": r"\bpcscd\b",
}
"""Ways of testing, and what in a test file tells them."""


@frozen(kw_only=True)
class DriverQuality:
    """One table of ``quality.toml``.

    Attributes:
        level: how far the driver has come.
        sources: where its facts come from, public.
        tests: test files or tests (``file::name``) that prove it.
        configurable: options whose default is not certain; with the reason, or as a list.
        data: TOML files of the package that hold facts of this driver (register maps); ``maps/PART.toml`` is found by itself.
        assumed: facts that nobody published, in words.
        traces: recordings of the real part.
        products: where it ships.
    """

    level: QualityLevel
    sources: list[str]
    tests: list[str] = field(factory=list)
    configurable: dict[str, str] | list[str] = field(factory=dict)
    data: list[str] = field(factory=list)
    assumed: list[str] = field(factory=list)
    traces: list[str] = field(factory=list)
    products: list[str] = field(factory=list)


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook_func(lambda kind: kind == dict[str, str] | list[str], _configurable)
    return converter


def _configurable(value: Any, _: Any) -> dict[str, str] | list[str]:
    if isinstance(value, dict):
        table: dict[Any, Any] = cast("Any", value)
        return {str(name): str(reason) for name, reason in table.items()}
    if isinstance(value, list):
        names: list[Any] = cast("Any", value)
        return [str(name) for name in names]
    raise TypeError("configurable is a table (option = reason) or a list of options")


def _reason(error: BaseException, kind: type | None) -> str:
    return str(error) if isinstance(error, ValueError | TypeError) else cattrs.v.format_exception(error, kind)


def check_tree(root: Path) -> list[str]:
    """The problems of every package under a folder (or of the one it is)."""
    packages = [root] if (root / "pyproject.toml").exists() else sorted(path.parent for path in root.glob("*/pyproject.toml"))
    if not packages:
        return [f"{root}: no driver package here"]
    return [problem for package in packages for problem in check_package(package)]


def check_package(package: Path) -> list[str]:
    """The problems of one package, each as ``file: driver: reason``.

    Args:
        package: folder with ``pyproject.toml`` and ``quality.toml``.
    """
    file = package / "quality.toml"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        plugins = announced(package)
    except (OSError, tomllib.TOMLDecodeError, ImportError, KeyError) as error:
        return [f"{file}: {type(error).__name__}: {error}"]
    problems = [str(problem) for problem in plugins.problems]
    problems += [f"unknown key {key!r}" for key in sorted(set(document) - {"schema", "driver"})]
    if document.get("schema", 1) != 1:
        problems.append(f"schema {document['schema']} is not known, this is for 1")
    tables: dict[str, Any] = document.get("driver", {})
    problems += [f"{name}: has no entry" for name in plugins.drivers if name not in tables]
    for name, table in tables.items():
        if name not in plugins.drivers:
            problems.append(f"{name}: the package announces no such driver")
            continue
        try:
            quality = _converter().structure(table, DriverQuality)
        except Exception as error:  # noqa: BLE001  # cattrs raises groups of whatever its hooks raise; all of them are mistakes in the file
            problems += [f"{name}: {line}" for line in cattrs.transform_error(error, format_exception=_reason)]
            continue
        problems += [f"{name}: {problem}" for problem in _check_driver(package, plugins, plugins.drivers[name], quality)]
    return [f"{file}: {problem}" for problem in problems]


def qualities(package: Path) -> dict[str, DriverQuality]:
    """What the file says of each driver; entries with mistakes are left out, :func:`check_package` tells them.

    Args:
        package: folder with ``pyproject.toml`` and ``quality.toml``.
    """
    try:
        tables: dict[str, Any] = tomllib.loads((package / "quality.toml").read_text(encoding="utf-8")).get("driver", {})
    except (OSError, tomllib.TOMLDecodeError):
        return {}
    found: dict[str, DriverQuality] = {}
    for name, table in tables.items():
        try:
            found[name] = _converter().structure(table, DriverQuality)
        except Exception:  # noqa: BLE001, S112  # cattrs raises groups of whatever its hooks raise; check_package names them
            continue
    return found


def evidence(package: Path, quality: DriverQuality) -> list[str]:
    """In which ways a driver is tested, in words: told from what its tests use.

    Args:
        package: the driver's package.
        quality: its entry.
    """
    texts = [(test.partition("::")[0], _text(package, test)) for test in quality.tests]
    words = [word for word, told in _EVIDENCE.items() if any(re.search(told, f"{path}\n{text}", re.MULTILINE) for path, text in texts)]
    return words + (["traces of the real part"] if quality.traces else [])


def announced(package: Path) -> Plugins:
    """The drivers of a package, from its own entry points, whether it is installed or not.

    Args:
        package: folder with ``pyproject.toml``.

    Raises:
        OSError: no such file.
        KeyError: no project in it.
        ImportError: a module it names cannot be imported.
    """
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = project.get("entry-points", {}).get("cc613hal.drivers", {}).values()
    source = str((package / "src").resolve())
    sys.path.insert(0, source)
    try:
        return Plugins.discover(only=(), extra=[import_module(module) for module in modules])
    finally:
        sys.path.remove(source)


def _check_driver(package: Path, plugins: Plugins, spec: DriverSpec, quality: DriverQuality) -> Iterator[str]:
    if quality.level is not spec.quality:
        yield f"level {quality.level.value} here, {spec.quality.value} in its DriverSpec"
    if not any(source.strip() for source in quality.sources):
        yield "no sources: say where the facts come from"
    for test in quality.tests:
        yield from _check_test(package, test)
    yield from _check_options(package, plugins, spec, quality)
    rank = _ORDER.index(quality.level)
    if rank >= _ORDER.index(QualityLevel.SIMULATED):
        if not spec.emulator:
            yield f"level {quality.level.value} needs an emulated part"
        if not any("Suite" in _text(package, test) for test in quality.tests):
            yield f"level {quality.level.value} needs tests, one of which inherits a conformance suite"
    if rank >= _ORDER.index(QualityLevel.BENCH) and not quality.traces:
        yield f"level {quality.level.value} needs traces of the real part"
    if rank >= _ORDER.index(QualityLevel.FIELD) and not quality.products:
        yield "level field needs a product it ships in"
    for trace in quality.traces:
        if _find(package, trace) is None:
            yield f"trace {trace} does not exist"


def _find(package: Path, path: str) -> Path | None:
    """A file of the package, or of a folder above it (a workspace keeps tests of several packages at its root)."""
    for folder in (package.resolve(), *package.resolve().parents):
        if (folder / path).is_file():
            return folder / path
    return None


def _text(package: Path, test: str) -> str:
    file = _find(package, test.partition("::")[0])
    return file.read_text(encoding="utf-8") if file is not None else ""


def _check_test(package: Path, test: str) -> Iterator[str]:
    path, _, name = test.partition("::")
    if _find(package, path) is None:
        yield f"test file {path} does not exist"
        return
    for part in filter(None, name.split("::")):
        if not re.search(rf"^\s*(?:async\s+)?(?:def|class)\s+{re.escape(part)}\b", _text(package, test), re.MULTILINE):
            yield f"{path} has no test {part}"


def _check_options(package: Path, plugins: Plugins, spec: DriverSpec, quality: DriverQuality) -> Iterator[str]:
    options = plugins.options_class(spec)
    known = [] if options is None else [attribute.name for attribute in attrs.fields(options)]
    data = [tomllib.loads(file.read_text(encoding="utf-8")) for file in _data(package, spec, quality)]
    for name in quality.configurable:
        if name not in known and not any(_has(document, name.split(".")) for document in data):
            yield f"configurable {name!r} is no option (there are {', '.join(known) or 'none'}) and in no data file"


def _data(package: Path, spec: DriverSpec, quality: DriverQuality) -> Iterator[Path]:
    yield from (file for path in quality.data if (file := _find(package, path)) is not None)
    yield from (package / "src").glob(f"*/maps/{spec.name.partition('.')[2]}.toml")


def _has(data: Any, path: Sequence[str]) -> bool:
    """Whether a TOML document has a key; in an array of tables a part of the path is any value of an entry."""
    if not path:
        return True
    if isinstance(data, list):
        items: list[Any] = cast("Any", data)
        entries = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
        return any(path[0] in entry.values() and _has(entry, path[1:]) for entry in entries)
    if not isinstance(data, dict):
        return False
    table = cast("dict[str, Any]", data)
    return path[0] in table and _has(table[path[0]], path[1:])


def main(argv: Sequence[str] | None = None) -> int:
    """Check packages; returns 1 if one has problems."""
    parser = argparse.ArgumentParser(prog="python -m cc613hal.testing.quality", description="Check quality.toml of driver packages.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a driver package, or a folder of them")
    arguments = parser.parse_args(argv)
    problems = [problem for path in arguments.paths for problem in check_tree(path)]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
