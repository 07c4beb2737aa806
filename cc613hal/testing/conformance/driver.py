"""What the library asks of any driver, whatever the part does."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points

import attrs
import pytest

from cc613hal import interfaces
from cc613hal.interfaces import SafeState
from cc613hal.plugins.hookspecs import ENTRY_POINT_GROUP
from cc613hal.testing.conformance.base import Bench, Suite, scenario

__all__ = ["DriverSuite"]

_IO = ("smbus2", "spidev", "periphery", "serial", "pymodbus", "h11")


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
        await self.read_everything(bench)

    @scenario
    async def test_closing_twice_is_allowed(self, bench: Bench) -> None:
        await bench.device.aclose()
        await bench.device.aclose()

    @scenario
    async def test_readings_are_finite_and_name_their_source(self, bench: Bench) -> None:
        await self.read_everything(bench)

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
