"""The library's SPI adapter on real spidev nodes, with spidev where it is installed and with periphery in any case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest

from cc613hal.bus.linux.periphery_parts import SpiHandle
from cc613hal.bus.linux.spi_spidev import LinuxSpi, SpidevHandle
from cc613hal.bus.spi import SpiAdapter, SpiPort, SpiSettings, reverse_bits
from cc613hal.errors import BusMissing, ConfigError
from tests.kernel.bench.bridge import InvertingChip
from tests.kernel.guest.conftest import Opener, SpiBench


@pytest.fixture(params=["periphery", "spidev"])
async def adapter(request: pytest.FixtureRequest, spi: SpiBench) -> AsyncIterator[SpiAdapter]:
    if request.param == "spidev" and find_spec("spidev") is None:
        pytest.skip("the extra `spi` is not installed")
    spi.attach(0, InvertingChip())
    spi.attach(1, InvertingChip())
    adapter = LinuxSpi("bus", spi.path.removesuffix(".0"), SpiHandle if request.param == "periphery" else SpidevHandle)
    yield adapter
    await adapter.aclose()


async def test_a_transfer_is_one_frame_with_the_chips_settings(spi: SpiBench, adapter: SpiAdapter) -> None:
    assert await adapter.transfer(1, b"\x9f\0\0", SpiSettings(mode=3, speed_hz=500_000)) == b"\x60\xff\xff"
    (frame,) = spi.wiring.frames
    assert (frame.select, frame.mode & 3, frame.hertz, frame.bits, frame.data) == (1, 3, 500_000, 8, b"\x9f\0\0")


async def test_chips_with_different_settings_share_the_bus(spi: SpiBench, adapter: SpiAdapter) -> None:
    first, second = SpiSettings(mode=0, speed_hz=1_000_000), SpiSettings(mode=1, speed_hz=250_000)
    for _ in range(2):
        await adapter.transfer(0, b"a", first)
        await adapter.transfer(1, b"b", second)
    assert [(frame.select, frame.mode & 3, frame.hertz) for frame in spi.wiring.frames] == [(0, 0, 1_000_000), (1, 1, 250_000)] * 2


async def test_settings_of_a_chip_may_change(spi: SpiBench, adapter: SpiAdapter) -> None:
    await adapter.transfer(0, b"a", SpiSettings(mode=0, speed_hz=1_000_000))
    await adapter.transfer(0, b"a", SpiSettings(mode=2, speed_hz=100_000))
    frame = spi.wiring.frames[-1]
    assert (frame.mode & 3, frame.hertz) == (2, 100_000)


async def test_the_longest_transfer_passes_and_a_longer_one_is_refused(spi: SpiBench, adapter: SpiAdapter) -> None:
    most = adapter.capabilities.max_length
    data = bytes(number & 0xFF for number in range(most))
    assert await adapter.transfer(0, data, SpiSettings()) == bytes(value ^ 0xFF for value in data)
    with pytest.raises(ConfigError, match="longer"):
        await adapter.transfer(0, data + b"x", SpiSettings())


async def test_least_significant_bit_first_is_done_where_the_controller_cannot(spi: SpiBench, open_bus: Opener) -> None:
    spi.attach(0, InvertingChip())
    adapter = await open_bus.spi(spi.path)
    port = SpiPort(open_bus.actor, adapter, 0, SpiSettings(lsb_first=True))
    assert await port.transfer(b"\x01\x80") == b"\xfe\x7f"
    assert spi.wiring.frames[-1].data == reverse_bits(b"\x01\x80")


async def test_a_chip_select_that_is_not_there_is_told(spi: SpiBench, adapter: SpiAdapter) -> None:
    with pytest.raises(BusMissing, match=r"spidev0\.7") as failure:
        await adapter.transfer(7, b"x", SpiSettings())
    assert spi.paths[1] in str(failure.value.hint)
