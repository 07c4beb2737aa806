"""What the library asks of any driver, whatever the part does."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Any, cast

import attrs
import pytest

from cc613hal import interfaces
from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BusError, ConnectFailed, HalError
from cc613hal.health import HealthState
from cc613hal.interfaces import SafeState
from cc613hal.plant import Simulation
from cc613hal.plugins.hookspecs import ENTRY_POINT_GROUP
from cc613hal.readings import Reading
from cc613hal.testing.bench import PART
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = ["DriverSuite"]

_IO = ("smbus2", "spidev", "periphery", "serial", "pymodbus")
_READS = (
    "read",
    "read_all",
    "read_cable",
    "read_energy",
    "read_input",
    "read_modem",
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
_BACK_S = 120.0
"""Within this time a part that was plugged in again must answer, s; the board's retries get slower up to half a minute."""


class DriverSuite(Suite):
    """Life and manners of a driver."""

    def test_announcing_it_imports_no_io_package(self) -> None:
        package = self.spec().implementation.split(".", maxsplit=1)[0]
        modules = [point.module for point in entry_points(group=ENTRY_POINT_GROUP) if point.module.split(".", maxsplit=1)[0] == package]
        if not modules:
            pytest.skip(f"{package} is not installed as a plug-in")
        program = f"import sys; import {modules[0]}; print(','.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
        loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603  # our own interpreter and program
        assert not set(_IO) & set(loaded.strip().split(",")), "the plug-in module imports an I/O package: import the driver lazily"

    def test_options_are_frozen_and_documented(self) -> None:
        options = self.installed().options_class(self.spec())
        if options is None:
            pytest.skip(f"{self.driver} has no options")
        text = "\n".join(base.__doc__ or "" for base in options.__mro__[:-1])
        undocumented = [field.name for field in attrs.fields(options) if not re.search(rf"^\s*{field.name}\b.*:", text, re.MULTILINE)]
        assert not undocumented, f"say in the docstring of {options.__name__} what these do: {', '.join(undocumented)}"
        frozen = "__setattr__" in vars(options)  # attrs writes one that refuses
        assert frozen, f"{options.__name__} must be frozen"
        assert all(field.kw_only for field in attrs.fields(options)), f"{options.__name__} must be kw_only"

    def test_announced_capabilities_are_inherited(self) -> None:
        implementation = self.installed().implementation(self.spec())
        missing = [name for name in self.spec().capabilities if getattr(interfaces, name) not in getattr(implementation, "__mro__", ())]
        assert not missing, f"announced, but not inherited by name: {', '.join(missing)}"

    def test_facts_have_public_sources(self) -> None:
        assert self.spec().sources, "say where the facts come from"

    @scenario
    async def test_connecting_again_keeps_it_working(self, bench: Bench) -> None:
        await bench.device.connect()
        await bench.device.connect()
        await self._read_everything(bench)

    @scenario
    async def test_closing_twice_is_allowed(self, bench: Bench) -> None:
        await bench.device.aclose()
        await bench.device.aclose()

    @scenario
    async def test_readings_are_finite_and_name_their_source(self, bench: Bench) -> None:
        await self._read_everything(bench)

    @scenario
    async def test_making_safe_twice_is_allowed(self, bench: Bench) -> None:
        if not isinstance(bench.device, SafeState):
            pytest.skip(f"{self.driver} has no safe state")
        await bench.device.make_safe()
        await bench.device.make_safe()

    @scenario
    async def test_a_connected_part_is_healthy(self, bench: Bench) -> None:
        health = bench.board.health()[bench.name]
        assert health.usable, f"{health.state.value}: {health.reason}"

    def test_an_absent_part_is_reported_with_a_hint(self) -> None:
        self._skip_without_bus()
        failures: dict[str, BaseException] = {}

        async def play() -> None:
            async with Simulation(self.describe()) as simulation:
                simulation.faults(PART).unplug()
                try:
                    async with open_board(simulation.description, simulation.buses, clock=simulation.clock):
                        pass
                except ConnectFailed as error:
                    failures.update(error.failures)

        run_virtual(play())
        error = failures.get(PART)
        assert isinstance(error, BusError), f"an absent part must fail to connect with a BusError, not with {error!r}"
        assert error.hint, f"the error needs a hint what to do next: {error}"

    def test_a_part_that_is_not_required_may_be_absent_and_come_later(self) -> None:
        self._skip_without_bus()

        async def play() -> None:
            description = self.describe()
            devices = {**description.devices, PART: attrs.evolve(description.devices[PART], required=False)}
            async with Simulation(attrs.evolve(description, devices=devices)) as simulation:
                simulation.faults(PART).unplug()
                async with open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
                    assert board.health()[PART].state is HealthState.OFFLINE
                    simulation.faults(PART).plug()
                    device = Bench(None, board, simulation)
                    assert await eventually(lambda: _usable(device), device, within_s=_BACK_S, every_s=1.0), "did not come back"

        run_virtual(play())

    def test_the_same_object_survives_unplugging(self) -> None:
        self._skip_without_bus()

        async def play() -> None:
            async with self.bench() as bench:
                bench.simulation.faults(bench.name).unplug()
                await eventually(lambda: self._gone(bench), bench, within_s=60.0, every_s=1.0)
                bench.simulation.faults(bench.name).plug()
                assert await eventually(lambda: _usable(bench), bench, within_s=_BACK_S, every_s=1.0), "the part did not come back"
                assert self.pick(bench.board, bench.name) is bench.device
                await self._read_everything(bench)

        run_virtual(play())

    async def _gone(self, bench: Bench) -> bool:
        """Ask until the board has noticed: a part that is never asked cannot be missed."""
        try:
            await self._read_everything(bench)
        except HalError:
            pass
        return not bench.board.health()[bench.name].usable

    async def _read_everything(self, bench: Bench) -> None:
        announced = self.spec().capabilities  # asked once: finding the installed drivers takes its time
        for name in _READS:
            if any(hasattr(getattr(interfaces, capability), name) for capability in announced):
                value = await getattr(bench.device, name)()
                if isinstance(value, Reading):
                    assert value.source == bench.name
                _assert_finite(name, value)

    def _skip_without_bus(self) -> None:
        self._skip_without_emulator()
        if not self.spec().buses:
            pytest.skip(f"{self.driver} uses lines only: nobody can tell whether the part is there")


async def _usable(bench: Bench) -> bool:
    return bench.board.health()[bench.name].usable


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
