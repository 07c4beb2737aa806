"""Finding driver packages, and keeping the broken ones from hurting the others.

Each entry point of the group ``cc613hal.drivers`` names a plug-in module. It is imported, registered with pluggy and asked for its
drivers and boards *on its own*: whatever it raises becomes a :class:`PluginProblem`, and ``cc613hal list`` shows the rest as always.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import attrs
import pluggy
from attrs import frozen

from cc613hal.errors import PluginError
from cc613hal.plugins import hookspecs
from cc613hal.plugins.hookspecs import ENTRY_POINT_GROUP, PROJECT
from cc613hal.plugins.spec import API_VERSION, BoardSpec, DriverSpec, load_object

__all__ = ["PLUGINS_VARIABLE", "PluginProblem", "Plugins", "load_emulator", "load_implementation", "load_options_class", "load_probe"]

PLUGINS_VARIABLE = "CC613HAL_PLUGINS"
"""Environment variable with the comma-separated names of the only plug-ins to load; empty loads none."""

T = TypeVar("T")
_Spec = TypeVar("_Spec", DriverSpec, BoardSpec)


@frozen(kw_only=True)
class PluginProblem:
    """Why a plug-in, or one thing it announces, is left out.

    Attributes:
        plugin: name of the entry point.
        distribution: package and version it comes from, as pip knows it; empty for a plug-in passed by hand.
        message: what is wrong.
        hint: what to do.
    """

    plugin: str
    distribution: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f" ({self.distribution})" if self.distribution else ""
        then = f" ({self.hint})" if self.hint else ""
        return f"plug-in {self.plugin}{where}: {self.message}{then}"


class Plugins:
    """The drivers and boards of all plug-ins that work, and the problems of those that do not.

    Make one with :meth:`discover`. Names are unique: of two packages that announce the same name, the first in alphabetical order of
    their entry points keeps it, and the other one is a problem.

    Attributes:
        drivers: driver announcements by name.
        boards: board descriptions by name.
        problems: what was left out, and why.
        origins: ``driver name`` or ``board name`` to the distribution it comes from.
    """

    def __init__(self) -> None:
        self.drivers: dict[str, DriverSpec] = {}
        self.boards: dict[str, BoardSpec] = {}
        self.problems: list[PluginProblem] = []
        self.origins: dict[str, str] = {}

    @classmethod
    def discover(cls, only: Collection[str] | None = None, extra: Iterable[object] = ()) -> Plugins:
        """Load all installed plug-ins.

        Args:
            only: entry point names to load; everything if ``None`` (then the environment variable ``CC613HAL_PLUGINS`` decides).
            extra: plug-in modules or objects that are not installed, for tests and applications; loaded whatever ``only`` says.
        """
        plugins = cls()
        wanted = _names_from_environment() if only is None else frozenset(only)
        found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: (point.name, _distribution(point)))
        for point in found:
            if wanted is None or point.name in wanted:
                plugins._load(point)
        if wanted is not None:
            plugins._report_missing(wanted, {point.name for point in found})
        for plugin in extra:
            plugins._register(getattr(plugin, "__name__", type(plugin).__name__), "", plugin)
        return plugins

    def implementation(self, spec: DriverSpec) -> Callable[..., Any]:
        """The driver class. Raises :class:`~cc613hal.errors.PluginError` with the reason if it cannot be loaded."""
        return load_implementation(spec, self.origins.get(spec.name, ""))

    def options_class(self, spec: DriverSpec) -> type[Any] | None:
        """The class of the driver's options; ``None`` for a driver without. Raises :class:`~cc613hal.errors.PluginError`."""
        return load_options_class(spec, self.origins.get(spec.name, ""))

    def emulator(self, spec: DriverSpec) -> Callable[..., Any] | None:
        """The function that emulates the part; ``None`` if there is none. Raises :class:`~cc613hal.errors.PluginError`."""
        return load_emulator(spec, self.origins.get(spec.name, ""))

    def probe(self, spec: DriverSpec) -> Callable[..., Any] | None:
        """The function that recognises the part; ``None`` if there is none. Raises :class:`~cc613hal.errors.PluginError`."""
        return load_probe(spec, self.origins.get(spec.name, ""))

    def board_file(self, spec: BoardSpec) -> Traversable:
        """The file of a board description.

        Raises:
            PluginError: the package or the file is not there.
        """
        try:
            file = files(spec.package) / spec.file
        except ImportError as error:
            raise PluginError(f"board {spec.name}: package {spec.package} cannot be imported: {error}") from error
        if not file.is_file():
            raise PluginError(
                f"board {spec.name}: package {spec.package} has no file {spec.file}", hint="reinstall the package, or tell its author"
            )
        return file

    def _load(self, point: EntryPoint) -> None:
        distribution = _distribution(point)
        try:
            plugin = point.load()
        except KeyboardInterrupt:
            raise  # that is the person at the keyboard, not the plug-in
        except BaseException as error:  # noqa: BLE001  # a plug-in may raise anything at import; it must not hurt the others
            self._problem(point.name, distribution, f"cannot be imported: {_describe(error)}", _reinstall(distribution))
        else:
            self._register(point.name, distribution, plugin)

    def _register(self, name: str, distribution: str, plugin: object) -> None:
        """Register one plug-in with a manager of its own, so that a bad one cannot disturb the calls to the others."""
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(hookspecs)
        try:
            manager.register(plugin, name)
            self._misspelt(manager, name, distribution)
        except pluggy.PluginValidationError as error:
            self._problem(name, distribution, f"a hook does not fit: {error}", "compare it with cc613hal.plugins.hookspecs")
            return
        found = (
            self._collect(manager, "cc613hal_drivers", DriverSpec, name, distribution),
            self._collect(manager, "cc613hal_boards", BoardSpec, name, distribution),
        )
        hooked = any(hook.get_hookimpls() for hook in _hooks(manager))
        if not hooked and not any(problem.plugin == name for problem in self.problems):
            self._problem(name, distribution, "implements no hook of cc613hal", "decorate cc613hal_drivers with cc613hal.plugins.hookimpl")
        drivers, boards = found
        for driver in drivers:
            if driver.api == API_VERSION:
                self._add(self.drivers, driver, "driver", name, distribution)
            else:
                self._problem(name, distribution, _api_message(driver), _api_hint(driver, distribution))
        for board in boards:
            self._add(self.boards, board, "board", name, distribution)

    def _misspelt(self, manager: pluggy.PluginManager, name: str, distribution: str) -> None:
        known = {hook.name for hook in _hooks(manager) if hook.has_spec()}
        for hook in _hooks(manager):
            if not hook.has_spec():
                near = get_close_matches(hook.name, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
                self._problem(name, distribution, f"implements the hook {hook.name}, which does not exist", hint)

    def _collect(self, manager: pluggy.PluginManager, hook: str, kind: type[T], name: str, distribution: str) -> list[T]:
        collected: list[T] = []
        try:
            for answer in getattr(manager.hook, hook)():
                for spec in answer:
                    if isinstance(spec, kind):
                        collected.append(spec)
                    else:
                        self._problem(
                            name,
                            distribution,
                            f"{hook} returned {_short(spec)}, not a {kind.__name__}",
                            "return specs only, see the driver template",
                        )
        except KeyboardInterrupt:
            raise  # that is the person at the keyboard, not the plug-in
        except BaseException as error:  # noqa: BLE001  # as above: whatever it raises is its own problem
            self._problem(name, distribution, f"{hook} failed: {_describe(error)}", _reinstall(distribution))
        return collected

    def _add(self, known: dict[str, _Spec], spec: _Spec, what: str, name: str, distribution: str) -> None:
        if spec.name in known:
            owner = self.origins.get(spec.name) or "another plug-in"
            self._problem(name, distribution, f"announces the {what} {spec.name}, which {owner} already has", "uninstall one of the two")
            return
        known[spec.name] = spec
        self.origins[spec.name] = distribution

    def _report_missing(self, wanted: Collection[str], found: Collection[str]) -> None:
        for name in sorted(set(wanted) - set(found)):
            near = get_close_matches(name, found, n=1)
            hint = f"did you mean {near[0]}?" if near else f"installed are {', '.join(sorted(found)) or 'none'}"
            self._problem(name, "", "is asked for, but not installed", hint)

    def _problem(self, plugin: str, distribution: str, message: str, hint: str = "") -> None:
        self.problems.append(PluginProblem(plugin=plugin, distribution=distribution, message=message, hint=hint))


def load_implementation(spec: DriverSpec, distribution: str = "") -> Callable[..., Any]:
    """The driver class of a spec.

    Raises:
        PluginError: it cannot be loaded; the message gives the reason.
    """
    return _loaded(spec, spec.implementation, "driver class", distribution)


def load_options_class(spec: DriverSpec, distribution: str = "") -> type[Any] | None:
    """The class of a driver's options; ``None`` for a driver without.

    Raises:
        PluginError: it cannot be loaded or is no attrs class.
    """
    if not spec.options:
        return None
    loaded = _loaded(spec, spec.options, "options class", distribution)
    if not isinstance(loaded, type) or not attrs.has(loaded):
        raise PluginError(f"driver {spec.name}: {spec.options} is no attrs class", hint="options are a frozen, keyword-only attrs class")
    return loaded


def load_emulator(spec: DriverSpec, distribution: str = "") -> Callable[..., Any] | None:
    """The function that emulates a driver's part; ``None`` if there is none.

    Raises:
        PluginError: it cannot be loaded.
    """
    return _loaded(spec, spec.emulator, "emulator", distribution) if spec.emulator else None


def load_probe(spec: DriverSpec, distribution: str = "") -> Callable[..., Any] | None:
    """The function that recognises a driver's part; ``None`` if there is none.

    Raises:
        PluginError: it cannot be loaded.
    """
    return _loaded(spec, spec.probe, "probe", distribution) if spec.probe else None


def _loaded(spec: DriverSpec, reference: str, what: str, distribution: str) -> Callable[..., Any]:
    try:
        return load_object(reference)
    except Exception as error:
        raise PluginError(
            f"driver {spec.name}: its {what} {reference} cannot be loaded: {_describe(error)}", hint=_reinstall(distribution) or None
        ) from error


def _hooks(manager: pluggy.PluginManager) -> Sequence[pluggy.HookCaller]:
    return [caller for name, caller in vars(manager.hook).items() if not name.startswith("_") and isinstance(caller, pluggy.HookCaller)]


def _names_from_environment() -> frozenset[str] | None:
    value = os.environ.get(PLUGINS_VARIABLE)
    return None if value is None else frozenset(name.strip() for name in value.split(",") if name.strip())


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else ""


def _reinstall(distribution: str) -> str:
    return f"reinstall {distribution.split(maxsplit=1)[0]} or tell its author" if distribution else ""


def _describe(error: BaseException) -> str:
    """The error with the innermost line of the plug-in's own code, since that is where its author has to look."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and frame.filename != __file__ and "pluggy" not in frame.filename]
    where = f" [{own[-1].filename}:{own[-1].lineno}]" if own else ""
    return f"{type(error).__name__}: {error}{where}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _api_message(driver: DriverSpec) -> str:
    return f"driver {driver.name} was built for driver API {driver.api}, this cc613hal has {API_VERSION}"


def _api_hint(driver: DriverSpec, distribution: str) -> str:
    package = distribution.split(maxsplit=1)[0] if distribution else "the driver package"
    return "update cc613hal (pip install -U cc613hal)" if driver.api > API_VERSION else f"update {package}"
