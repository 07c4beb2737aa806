"""The converter behind pilot and residual currents: the kernel's IIO driver (mcp320x) and ours read the same codes off the same chip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cc613hal.bus.spi import SpiPort, SpiSettings
from cc613hal.clock import Clock
from cc613hal.health import Health
from cc613hal_bender.emulated_converter import converse
from cc613hal_bender.mcp3208 import Mcp3208
from tests.kernel.guest.conftest import Opener, SpiBench

KERNEL_SELECT = 4
"""The lane keeps this chip select for it (kernel_chips in tests/kernel/lane)."""


class Converter:
    """An MCP3208 with these codes on its channels."""

    def __init__(self, codes: tuple[int, ...]) -> None:
        self.codes = codes

    def transfer(self, data: bytes) -> bytes:
        return converse(data, lambda channel: self.codes[channel])


@contextmanager
def kernel_has(device: str) -> Iterator[Path]:
    place = Path("/sys/bus/spi/drivers/mcp320x")
    bound = (place / device).exists()  # it asks the chip nothing when it is loaded, so it may have taken it already
    if not bound:
        (place / "bind").write_text(device)
    (folder,) = (place / device).glob("iio:device*")
    yield folder
    (place / "unbind").write_text(device)


@pytest.mark.parametrize("codes", [(0, 1, 2, 3, 4093, 4094, 4095, 2048), (1365, 2730, 0xABC, 0x123, 7, 4095, 0, 512)])
async def test_both_drivers_read_the_same_codes(spi: SpiBench, open_bus: Opener, codes: tuple[int, ...]) -> None:
    chip = Converter(codes)
    spi.attach(KERNEL_SELECT, chip)
    spi.attach(0, chip)
    with kernel_has(f"spi0.{KERNEL_SELECT}") as folder:
        theirs = tuple(int((folder / f"in_voltage{channel}_raw").read_text()) for channel in range(8))
    port = SpiPort(open_bus.actor, await open_bus.spi(spi.path), 0, SpiSettings())
    converter = Mcp3208(port, "converter", Health("converter", Clock()), lambda: None)
    ours = tuple([await converter.read(channel) for channel in range(8)])
    assert ours == theirs == codes
