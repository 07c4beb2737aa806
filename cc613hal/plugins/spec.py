"""What a driver package announces: data only, so that listing drivers imports none of them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from attrs import field, frozen, validators

__all__ = [
    "API_VERSION",
    "BoardSpec",
    "BusKind",
    "Direction",
    "DriverSpec",
    "LineSpec",
    "QualityLevel",
    "SafeRank",
    "UseSpec",
    "load_object",
]

API_VERSION = 1
"""Version of the driver API. A driver built for another one is refused, with both numbers in the message."""


class BusKind(enum.Enum):
    """How a device is connected."""

    I2C = "i2c"
    SPI = "spi"
    SERIAL = "serial"
    MODBUS = "modbus"
    HTTP = "http"
    MULTICAST = "multicast"


class Direction(enum.Enum):
    """What a device does with a line."""

    INPUT = "input"
    OUTPUT = "output"
    PWM = "pwm"


class SafeRank(enum.IntEnum):
    """Order in which devices go to their safe state; lower first."""

    CONTACTOR = 0
    PILOT = 1
    LOCK = 2
    RELAY = 3
    INDICATOR = 4
    NONE = 9


class QualityLevel(enum.Enum):
    """How far a driver has come; the rules are in ``docs/reference/quality.md`` and checked by ``quality.toml``."""

    EXPERIMENTAL = "experimental"
    SIMULATED = "simulated"
    """Passes the conformance suite against an emulated part made from public facts."""
    BENCH = "bench"
    """Ran against the real part on a bench; traces are in the package."""
    FIELD = "field"
    """Ships in a product."""


@frozen(kw_only=True)
class LineSpec:
    """A GPIO or PWM line a driver uses.

    Attributes:
        role: what the line is to the driver; the key under ``lines`` in a board file.
        direction: input, output or PWM.
        help: one sentence for the docs.
        required: the driver cannot work without it.
        safe: level an output takes before anything else happens (logical).
        group: outputs of a driver with the same word are requested together, so that
            :func:`~cc613hal.bus.gpio.write_together` changes them in one step where the adapter can.
    """

    role: str
    direction: Direction
    help: str
    required: bool = True
    safe: bool = False
    group: str = ""


@frozen(kw_only=True)
class UseSpec:
    """Another device a driver builds on.

    Attributes:
        role: the key under ``uses`` in a board file.
        capability: name of the Protocol in ``cc613hal.interfaces``.
        help: one sentence for the docs.
        required: the driver cannot work without it.
    """

    role: str
    capability: str
    help: str
    required: bool = True


def _strings(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _numbers(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(values)


def _buses(values: Iterable[BusKind]) -> tuple[BusKind, ...]:
    return tuple(values)


def _lines(values: Iterable[LineSpec]) -> tuple[LineSpec, ...]:
    return tuple(values)


def _uses(values: Iterable[UseSpec]) -> tuple[UseSpec, ...]:
    return tuple(values)


@frozen(kw_only=True)
class DriverSpec:
    """A driver, as its package announces it.

    Attributes:
        name: ``family.part``; what board files call it. Unique over all installed packages.
        summary: one sentence.
        implementation: ``module:Class``; loaded when a board needs it.
        options: ``module:Class`` of a frozen attrs class with the driver's options; ``""`` for none.
        capabilities: names of the Protocols in ``cc613hal.interfaces`` that the class inherits.
        buses: kinds of bus it can sit on; empty if it uses lines only.
        lines: GPIO and PWM lines it uses.
        uses: other devices it builds on.
        emulator: ``module:function`` that puts an emulated part on simulated buses; ``""`` for none.
        addresses: usual I2C addresses or Modbus units, for discovery.
        probe: ``module:function`` that recognises the part without changing it (``async probe(port) -> Evidence | None``, see
            :mod:`cc613hal.plugins.evidence`); ``""`` if that is not safely possible.
        shared: several devices of this driver may have one address: each is a channel of one part (the nodes of a radio gateway).
        rank: when it goes to its safe state.
        quality: how far it has come.
        sources: where its facts come from, public.
        api: driver API it was built for.
    """

    name: str = field(validator=validators.matches_re(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_\-]*)+"))
    summary: str
    implementation: str = field(validator=validators.matches_re(r"[\w.]+:\w+"))
    options: str = ""
    capabilities: tuple[str, ...] = field(default=(), converter=_strings)
    buses: tuple[BusKind, ...] = field(default=(), converter=_buses)
    lines: tuple[LineSpec, ...] = field(default=(), converter=_lines)
    uses: tuple[UseSpec, ...] = field(default=(), converter=_uses)
    emulator: str = ""
    addresses: tuple[int, ...] = field(default=(), converter=_numbers)
    probe: str = ""
    shared: bool = False
    rank: SafeRank = SafeRank.NONE
    quality: QualityLevel = QualityLevel.EXPERIMENTAL
    sources: tuple[str, ...] = field(default=(), converter=_strings)
    api: int = API_VERSION


@frozen(kw_only=True)
class BoardSpec:
    """A board description shipped by a package.

    Attributes:
        name: what ``base`` in a board file and ``--board`` on the command line call it.
        summary: one sentence.
        package: import package that holds the file.
        file: path inside that package.
    """

    name: str
    summary: str
    package: str
    file: str


def load_object(reference: str, aliases: Mapping[str, str] | None = None) -> Callable[..., Any]:
    """The class or function a ``module:name`` reference means.

    Args:
        reference: as in a :class:`DriverSpec`.
        aliases: replacements tried first; tests use it.

    Raises:
        ImportError: the module cannot be imported.
        AttributeError: the module has no such name.
    """
    module, _, name = (aliases or {}).get(reference, reference).partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), name)
    return loaded
