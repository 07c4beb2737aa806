"""The bench for tests that run inside the kernel lane: device paths with simulated hardware behind them.

Everything here is skipped, with a reason, unless the lane runs it (`make test-kernel`).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import attrs
import pytest

from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import AnyAdapter
from cc613hal.bus.gpio import GpioAdapter
from cc613hal.bus.i2c import I2cAdapter
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.modbus import ModbusAdapter
from cc613hal.bus.options import BusOptions, GpioOptions, I2cOptions, ModbusRtuOptions, SerialOptions, SpiOptions
from cc613hal.bus.serial import SerialAdapter, SerialSettings
from cc613hal.bus.spi import SpiAdapter
from cc613hal.clock import Clock
from tests.kernel.bench.bridge import ChipServer, I2cChip, SpiChip, Wiring
from tests.kernel.bench.gpio_sim import GpioSim, gpio_sim
from tests.kernel.bench.ports import SerialPair, i2c_bus, serial_pair, spi_devices
from tests.kernel.bench.serial_peer import Echo, RtuLine, SerialPeer

HERE = Path(__file__).parent
IN_THE_LANE = os.environ.get("CC613HAL_KERNEL_LANE") == "1"

LINES = ("contactor-k1", "lock-in1", "", "rcd-fault", "button", "led-green")
"""The named lines of the ready-made GPIO chip; the third has no name."""

ADDRESSES_OF_THE_STUB = (0x20, 0x48, 0x50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if IN_THE_LANE:
        return
    skip = pytest.mark.skip(reason="needs the kernel lane: make test-kernel")
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(skip)


@attrs.frozen
class I2cBench:
    """An I2C bus with Python chips.

    Attributes:
        path: Its character device.
        wiring: The chips and what was asked of them.
    """

    path: str
    wiring: Wiring

    @property
    def number(self) -> int:
        """The bus number, as smbus2 takes it."""
        return int(self.path.rpartition("-")[2])

    def attach(self, address: int, chip: I2cChip) -> None:
        """Put a chip on the bus, in place of one that sits there."""
        self.wiring.i2c[address] = chip

    def detach(self, address: int) -> None:
        """Take the chip off."""
        del self.wiring.i2c[address]


@attrs.frozen
class SpiBench:
    """An SPI bus with Python chips.

    Attributes:
        paths: Chip select → character device.
        wiring: The chips and what was asked of them.
    """

    paths: tuple[str, ...]
    wiring: Wiring

    @property
    def path(self) -> str:
        """The device of chip select 0."""
        return self.paths[0]

    def attach(self, chip_select: int, chip: SpiChip) -> None:
        """Put a chip at a chip select."""
        self.wiring.spi[chip_select] = chip


@pytest.fixture(scope="session")
def chip_server() -> Iterator[ChipServer]:
    """Whoever answers the kernel's transfers."""
    with ChipServer(Wiring()) as server:
        yield server


@pytest.fixture
def wiring(chip_server: ChipServer) -> Iterator[Wiring]:
    """An empty bus; at the end, an error in a chip model fails the test that met it."""
    chip_server.wiring.clear()
    yield chip_server.wiring
    assert not chip_server.wiring.mishaps


@pytest.fixture
def i2c(wiring: Wiring) -> I2cBench:
    """An I2C bus that does plain I2C and emulated SMBus; attach chips to it."""
    return I2cBench(i2c_bus("cc613-bridge"), wiring)


@pytest.fixture
def smbus_only() -> str:
    """An I2C bus whose adapter knows SMBus commands only, with chips at `ADDRESSES_OF_THE_STUB`."""
    return i2c_bus("SMBus stub")


@pytest.fixture
def spi(wiring: Wiring) -> SpiBench:
    """An SPI bus with two chip selects; attach chips to them."""
    return SpiBench(tuple(spi_devices()), wiring)


_chips = itertools.count()


@pytest.fixture
def make_gpio() -> Iterator[Callable[[Sequence[str]], GpioSim]]:
    """Make GPIO chips with these line names; they are gone after the test."""
    with ExitStack() as chips:
        yield lambda lines: chips.enter_context(gpio_sim(f"chip{next(_chips)}", lines))


@pytest.fixture
def gpio(make_gpio: Callable[[Sequence[str]], GpioSim]) -> GpioSim:
    """A GPIO chip with `LINES`."""
    return make_gpio(LINES)


@pytest.fixture(scope="session")
def serial_ports() -> SerialPair:
    """Two 16550 ports joined with each other: `device` for the code under test, `peer` for the test."""
    return serial_pair()


@pytest.fixture
def echo(serial_ports: SerialPair) -> Iterator[str]:
    """A serial device whose other end sends everything back."""
    with SerialPeer(serial_ports.peer, Echo(), parity="E") as peer:
        yield serial_ports.device
    assert not peer.mishaps


@attrs.frozen
class ModbusBench:
    """A serial device at whose other end Modbus RTU units answer."""

    path: str
    line: RtuLine


@pytest.fixture
def modbus(serial_ports: SerialPair) -> Iterator[ModbusBench]:
    """A serial device with Modbus RTU units at the other end, 19200 baud 8E1; add units to `line.units`."""
    line = RtuLine()
    with SerialPeer(serial_ports.peer, line, parity="E") as peer:
        yield ModbusBench(serial_ports.device, line)
    assert not peer.mishaps


class Opener:
    """Opens buses with the library's Linux adapters, as a board does; they are closed after the test.

    Attributes:
        actor: The owner of the bus that was opened last.
    """

    def __init__(self, closing: AsyncExitStack) -> None:
        self._closing = closing
        self.actor = BusActor("bus", Clock())

    async def _open(self, options: BusOptions) -> AnyAdapter:
        self.actor = BusActor("bus", Clock())
        adapter = await LinuxBuses().open("bus", options, self.actor)
        self._closing.push_async_callback(adapter.aclose)
        return adapter

    async def i2c(self, path: str) -> I2cAdapter:
        """An I2C bus."""
        adapter = await self._open(I2cOptions(path=path))
        assert isinstance(adapter, I2cAdapter)
        return adapter

    async def spi(self, path: str) -> SpiAdapter:
        """An SPI bus, by the device of one of its chip selects."""
        adapter = await self._open(SpiOptions(path=path.rpartition(".")[0]))
        assert isinstance(adapter, SpiAdapter)
        return adapter

    async def gpio(self, *chips: str, lines: Mapping[str, str] | None = None) -> GpioAdapter:
        """The lines of some chips."""
        adapter = await self._open(GpioOptions(chips=chips, lines=dict(lines or {})))  # type: ignore[arg-type]  # mypy does not solve converter=tuple
        assert isinstance(adapter, GpioAdapter)
        return adapter

    async def serial(self, path: str, settings: SerialSettings) -> SerialAdapter:
        """A serial line."""
        adapter = await self._open(SerialOptions(path=path, settings=settings))
        assert isinstance(adapter, SerialAdapter)
        return adapter

    async def modbus(self, path: str, settings: SerialSettings) -> ModbusAdapter:
        """A Modbus RTU line on which a late answer may take another half second."""
        adapter = await self._open(ModbusRtuOptions(path=path, settings=settings, drain_s=0.5))
        assert isinstance(adapter, ModbusAdapter)
        return adapter


@pytest.fixture
async def open_bus() -> AsyncIterator[Opener]:
    """Open buses with the library: `await open_bus.i2c(path)`."""
    async with AsyncExitStack() as closing:
        yield Opener(closing)
