"""What all suites share: the part on its bench, and tests on virtual time."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

import attrs
import pytest

from cc613hal import interfaces
from cc613hal.board import Board, BoardDescription, open_board
from cc613hal.clock import run_virtual
from cc613hal.plant import Simulation
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import BusKind, DriverSpec
from cc613hal.readings import Reading
from cc613hal.testing.bench import PART, Bench, board_for, spec_named

__all__ = ["Bench", "Suite", "eventually", "scenario"]

S = TypeVar("S", bound="Suite")
_READS = (
    "read",
    "read_all",
    "read_cable",
    "read_climate",
    "read_energy",
    "read_input",
    "read_modem",
    "read_plc",
    "read_phases",
    "read_power",
    "read_presence",
    "read_socket",
    "read_supply",
    "read_tilt",
    "sense",
    "position",
    "opener",
    "check_weld",
)


class Suite:
    """Base of all suites; a subclass names a driver.

    Attributes:
        driver: the driver's name.
        capability: the Protocol the suite is about; empty for any.
        options: options of the driver.
        lines: what lines need beyond their names, by role; see :func:`cc613hal.testing.bench.board_for`.
        bus: the kind of bus; the driver's first if ``None``.
        plugins: the installed drivers; discovered if ``None``.
    """

    driver: ClassVar[str] = ""
    capability: ClassVar[str] = ""
    options: ClassVar[Mapping[str, object]] = {}
    lines: ClassVar[Mapping[str, Mapping[str, object] | None]] = {}
    bus: ClassVar[BusKind | None] = None
    plugins: ClassVar[Plugins | None] = None

    def installed(self) -> Plugins:
        """The installed drivers."""
        return self.plugins or _installed()

    def spec(self) -> DriverSpec:
        """What the driver's package announces."""
        return spec_named(self.driver, self.installed())

    def describe(self) -> BoardDescription:
        """The board the part is tested on."""
        return board_for(self.driver, bus=self.bus, options=self.options, lines=self.lines, plugins=self.installed())

    def prepare(self, simulation: Simulation) -> None:
        """Change the world before the board opens; nothing by default."""

    @asynccontextmanager
    async def bench(self) -> AsyncGenerator[Bench]:
        """The part, connected; override it for a part that needs another board."""
        self._skip_without_emulator()
        async with Simulation(self.describe()) as simulation:
            self.prepare(simulation)
            async with open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
                yield Bench(self.pick(board), board, simulation)

    def pick(self, board: Board, name: str = PART) -> Any:
        """The driver object on a board, by the suite's capability or the driver's first one."""
        announced = board.description.devices[name].driver.capabilities
        return board.all(getattr(interfaces, self.capability or announced[0]))[name]

    async def read_everything(self, bench: Bench) -> tuple[object, ...]:
        """Whatever the driver's capabilities read, checked: every number is finite and every reading names its source."""
        values: list[object] = []
        announced = self.spec().capabilities
        for name in _READS:
            if any(hasattr(getattr(interfaces, capability), name) for capability in announced):
                value = await getattr(bench.device, name)()
                if isinstance(value, Reading):
                    assert value.source == bench.name
                _assert_finite(name, value)
                values.append(value)
        return tuple(values)

    def _skip_without_emulator(self) -> None:
        if not self.spec().emulator:
            pytest.skip(f"{self.driver} brings no emulated part")


@cache
def _installed() -> Plugins:
    """Asked with every poll, and the same throughout a test run."""
    return Plugins.discover()


def scenario(test: Callable[[S, Bench], Coroutine[Any, Any, None]]) -> Callable[[S], None]:
    """Make a test of ``async def test(self, bench)``: it runs on virtual time with the part on its bench."""

    def run(self: S) -> None:
        async def play() -> None:
            async with self.bench() as bench:
                await test(self, bench)

        run_virtual(play())

    # by hand, because functools.wraps sets __wrapped__, and pytest would look there for a fixture "bench"
    run.__name__, run.__qualname__, run.__doc__, run.__module__ = test.__name__, test.__qualname__, test.__doc__, test.__module__
    return run


async def eventually(condition: Callable[[], Awaitable[bool]], bench: Bench, *, within_s: float = 30.0, every_s: float = 0.1) -> bool:
    """Whether a condition becomes true; debounced and slow parts need their time, on the virtual clock it costs none."""
    clock = bench.board.clock
    until_s = clock.monotonic_s() + within_s
    while True:
        if await condition():
            return True
        if clock.monotonic_s() >= until_s:
            return False
        await clock.sleep(every_s)


def _assert_finite(what: str, value: Any) -> None:
    if isinstance(value, float):
        assert math.isfinite(value), f"{what} is {value}"
    elif isinstance(value, Decimal):
        assert value.is_finite(), f"{what} is {value}"
    elif isinstance(value, tuple):
        items: tuple[Any, ...] = cast("Any", value)
        for index, item in enumerate(items):
            _assert_finite(f"{what}[{index}]", item)
    elif attrs.has(kind := cast("type[attrs.AttrsInstance]", type(value))):
        for field in attrs.fields(kind):
            _assert_finite(f"{what}.{field.name}", getattr(value, field.name))
