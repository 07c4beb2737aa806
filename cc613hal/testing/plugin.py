"""The pytest plug-in: options, fixtures and a marker for tests against a board.

::

    pytest --board my-board.toml            # the real one
    pytest --board bender.cc613 --sim       # simulated buses

    @pytest.mark.needs("Contactor")
    async def test_contactor_confirms(device):
        assert (await device.switch_on()).verified

``board`` is the open board; ``device`` the one device with the first capability the test needs (``needs("EnergyMeter", name="grid")``
names one); ``simulation`` what it is simulated by. Tests are skipped, with the reason, when no board is named or it lacks the capability.

For a driver's own tests, which need no board, ``open_part`` puts one simulated part on a bench (:func:`cc613hal.testing.bench.open_part`)::

    def test_a_welded_contact_is_found(open_part):
        async def main():
            async with open_part("bender.contactor", "coil", "mirror") as it:
                it.outlet.welded.set(True)
                assert (await it.device.check_weld()).state is WeldState.WELDED

        run_virtual(main())

Importing this module imports nothing but pytest, because every pytest run in the environment does it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cc613hal.board import Board, BoardDescription
    from cc613hal.plant import Simulation
    from cc613hal.testing.bench import Bench

__all__ = [
    "cc613hal_description",
    "fixture_board",
    "fixture_device",
    "fixture_open_part",
    "fixture_simulation",
    "pytest_addoption",
    "pytest_configure",
    "pytest_report_header",
]

_SIMULATED_DEFAULT = "bender.cc613"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--board``, ``--overlay`` and ``--sim``."""
    group = parser.getgroup("cc613hal", "charge controller hardware")
    group.addoption("--board", metavar="NAME|FILE", default=None, help=f"board for hardware tests (with --sim: {_SIMULATED_DEFAULT})")
    group.addoption("--overlay", metavar="FILE", action="append", default=[], help="board file laid over it; may be repeated")
    group.addoption("--sim", action="store_true", help="simulated buses and parts instead of hardware")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", "needs(*capabilities, name=None, connector=None): skip unless the board has devices with these capabilities"
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Which board is tested."""
    named = _named(config)
    if named is None:
        return None
    return f"cc613hal board: {named}{' (simulated)' if config.getoption('sim') else ''}"


def _named(config: pytest.Config) -> str | None:
    named: str | None = config.getoption("board")
    return named or (_SIMULATED_DEFAULT if config.getoption("sim") else None)


def _path(text: str) -> str | Path:
    path = Path(text)
    return path if "/" in text or path.suffix == ".toml" else text


@pytest.fixture(scope="session")
def cc613hal_description(request: pytest.FixtureRequest) -> BoardDescription:
    """The described board; skips where none is named."""
    named = _named(request.config)
    if named is None:
        pytest.skip("no board: give pytest --board NAME|FILE, or --sim")
    from cc613hal.board import load_board  # noqa: PLC0415  # see the module's docstring

    overlays: list[str] = request.config.getoption("overlay") or []
    return load_board(_path(named), overlays=[_path(overlay) for overlay in overlays])


@pytest.fixture(name="_cc613hal_opened")
async def _opened(
    request: pytest.FixtureRequest, cc613hal_description: BoardDescription, tmp_path: Path
) -> AsyncIterator[tuple[Board, Simulation | None]]:
    from contextlib import AsyncExitStack  # noqa: PLC0415  # see the module's docstring

    from cc613hal.board import open_board  # noqa: PLC0415  # see the module's docstring

    _skip_without(request, cc613hal_description)
    async with AsyncExitStack() as stack:
        simulation: Simulation | None = None
        if request.config.getoption("sim"):
            from cc613hal.plant import Simulation  # noqa: PLC0415  # see the module's docstring

            simulation = await stack.enter_async_context(Simulation(cc613hal_description))
        buses = simulation.buses if simulation is not None else None
        board = await stack.enter_async_context(open_board(cc613hal_description, buses, state_dir=tmp_path))
        yield board, simulation


@pytest.fixture(name="board")
async def fixture_board(_cc613hal_opened: tuple[Board, Simulation | None]) -> Board:
    """The open board, opened for this test; every device reaches its safe state after it."""
    return _cc613hal_opened[0]


@pytest.fixture(name="simulation")
async def fixture_simulation(_cc613hal_opened: tuple[Board, Simulation | None]) -> Simulation:
    """What the board is simulated by, with its plant and faults; skips on real hardware."""
    simulation = _cc613hal_opened[1]
    if simulation is None:
        pytest.skip("the test changes the simulated world, this is real hardware")
    return simulation


@pytest.fixture(name="device")
async def fixture_device(request: pytest.FixtureRequest, board: Board) -> Any:
    """The device with the first capability of the test's ``needs`` marker."""
    marker = request.node.get_closest_marker("needs")
    if marker is None or not marker.args:
        pytest.fail('the fixture "device" wants a marker: @pytest.mark.needs("Contactor")', pytrace=False)
    return board.get(_capability(marker.args[0]), marker.kwargs.get("name"), connector=marker.kwargs.get("connector"))


@pytest.fixture(name="open_part")
def fixture_open_part(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Bench]]:
    """:func:`cc613hal.testing.bench.open_part`; what the part keeps is kept for this test, also when it is opened again."""
    from cc613hal.testing.bench import open_part  # noqa: PLC0415  # see the module's docstring

    return partial(open_part, state_dir=tmp_path)


def _capability(named: Any) -> Any:
    if not isinstance(named, str):
        return named
    from cc613hal import interfaces  # noqa: PLC0415  # see the module's docstring

    if not hasattr(interfaces, named):
        pytest.fail(f"needs({named!r}): there is no such capability in cc613hal.interfaces", pytrace=False)
    return getattr(interfaces, named)


def _skip_without(request: pytest.FixtureRequest, description: BoardDescription) -> None:
    for marker in request.node.iter_markers("needs"):
        name, connector = marker.kwargs.get("name"), marker.kwargs.get("connector")
        for wanted in marker.args:
            capability = _capability(wanted).__name__
            fitting = [
                device.id
                for device in description.devices.values()
                if capability in device.driver.capabilities and name in (None, device.id) and connector in (None, device.connector)
            ]
            if not fitting:
                where = f" named {name}" if name else f" at connector {connector}" if connector else ""
                pytest.skip(f"board {description.name} has no {capability}{where}")
