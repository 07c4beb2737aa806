"""pytest plug-in: the simulated I2C and SPI buses of any test are opened through real device nodes, by the library's Linux adapters.

``umockdev-wrapper python -m pytest -p tests.descriptors.plugin drivers/hmi`` runs the very tests that otherwise run in process: smbus2 and
python-periphery make their system calls, and umockdev hands them to the same emulated chips. Virtual time goes on, because a transfer ends
before the loop turns: :class:`Inline` carries it out where it is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from smbus2 import SMBus

from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import AnyAdapter
from cc613hal.bus.linux.i2c_smbus2 import LinuxI2c
from cc613hal.bus.linux.periphery_parts import SpiHandle
from cc613hal.bus.linux.spi_spidev import LinuxSpi
from cc613hal.bus.linux.worker import Worker
from cc613hal.bus.options import BusOptions
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.bus.sim.i2c import SimI2c
from cc613hal.bus.sim.spi import SimSpi
from cc613hal.bus.spi import SpiSettings
from tests.descriptors.nodes import Nodes

T = TypeVar("T")

NODES = Nodes()
IN_PROCESS = SimulatedBuses.open
OPENED: dict[str, int] = {"I2C": 0, "SPI": 0}
"""How many buses were opened through nodes, so that nobody believes in tests that used none."""
DIFFERENT = {
    "silence-BusTimeout": "the kernel tells a chip that holds the clock from an absent one no better than by ETIMEDOUT",
    "test_another_chip_and_an_absent_one_are_told_apart": "the adapter says it in other words",
    "test_a_bus_that_dies_between_address_and_data_is_no_temperature": "the adapter says it in other words",
}


class Inline(Worker):
    """Carries calls out at once, on the caller's thread, after the time a part that is told to be slow takes.

    Args:
        name: the bus.
        delay_s: how slow the part at an address is, s.
    """

    def __init__(self, name: str, delay_s: Callable[[int], float]) -> None:
        self.name = name
        self._delay_s = delay_s

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        if pause_s := self._delay_s(arguments[0]) if arguments else 0.0:
            await asyncio.sleep(pause_s)
        return function(*arguments)

    async def aclose(self, last: Callable[[], None]) -> None:
        last()


async def open_through_nodes(self: SimulatedBuses, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
    """As :meth:`SimulatedBuses.open`, but for the last step."""
    adapter: Any = await IN_PROCESS(self, name, options, actor)
    loop = asyncio.get_running_loop()
    if isinstance(adapter, SimI2c) and not adapter.smbus_only:
        i2c: SimI2c = adapter
        path, node = NODES.i2c(i2c)
        node.loop = loop
        OPENED["I2C"] += 1
        return LinuxI2c(name, path, SMBus(path), Inline(name, lambda address: max(i2c.faults.delay_s(), i2c.faults_at(address).delay_s())))
    if isinstance(adapter, SimSpi):
        spi: SimSpi = adapter

        def handle(path: str, settings: SpiSettings) -> SpiHandle:
            found, node = NODES.spi(spi, int(path.rpartition(".")[2]))
            node.loop = loop
            return SpiHandle(found, settings)

        OPENED["SPI"] += 1
        worker = Inline(name, lambda select: max(spi.faults.delay_s(), spi.faults_at(select).delay_s()))
        return LinuxSpi(name, f"/dev/{name}", handle=handle, worker=worker)
    return adapter


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is another thing on a device node, with the reason."""
    for item in items:
        for part, reason in DIFFERENT.items():
            if part in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def through_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test of this run."""
    monkeypatch.setattr(SimulatedBuses, "open", open_through_nodes)
    yield
    mishaps = NODES.clear()
    assert not mishaps, mishaps


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was used."""
    terminalreporter.write_line("device nodes opened: " + ", ".join(f"{count} {kind}" for kind, count in OPENED.items()))
