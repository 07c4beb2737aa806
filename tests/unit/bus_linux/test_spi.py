"""The SPI adapter over stand-ins for spidev and periphery."""

from __future__ import annotations

import errno
import os

import pytest

from cc613hal.bus.actor import BusActor
from cc613hal.bus.linux.spi_spidev import LinuxSpi, SpidevHandle, best_handle
from cc613hal.bus.spi import SpiPort, SpiSettings
from cc613hal.clock import Clock
from cc613hal.errors import BusMissing, BusPermission, ConfigError


class Chip:
    """Answers every byte with its complement; remembers how it was opened."""

    opened: list[tuple[str, SpiSettings]]

    def __init__(self, path: str, settings: SpiSettings) -> None:
        Chip.opened.append((path, settings))
        self.closed = False

    def transfer(self, data: bytes, settings: SpiSettings) -> bytes:
        return bytes(byte ^ 0xFF for byte in data)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _forget_opened() -> None:
    Chip.opened = []


async def test_chip_selects_are_opened_once_each_when_first_used() -> None:
    bus = LinuxSpi("spi0", "/dev/spidev0", Chip)
    assert Chip.opened == []
    settings = SpiSettings(mode=3, speed_hz=5_000_000)
    assert await bus.transfer(1, b"\x00\xf0", settings) == b"\xff\x0f"
    await bus.transfer(1, b"\0", settings)
    await bus.transfer(0, b"\0", settings)
    assert Chip.opened == [("/dev/spidev0.1", settings), ("/dev/spidev0.0", settings)]
    chips = list(bus._selects.values())
    await bus.aclose()
    assert all(chip.closed for chip in chips)


async def test_bits_are_reversed_in_software_for_chips_that_want_it() -> None:
    bus = LinuxSpi("spi0", "/dev/spidev0", Chip)
    port = SpiPort(BusActor("spi0", Clock()), bus, 0, SpiSettings(lsb_first=True))
    assert await port.transfer(b"\x01") == b"\xfe", "0x01 goes out as 0x80, 0x7f comes back and is 0xfe"
    await bus.aclose()


async def test_a_transfer_longer_than_the_kernel_s_buffer_is_refused_with_the_way_out() -> None:
    bus = LinuxSpi("spi0", "/dev/spidev0", Chip)
    with pytest.raises(ConfigError, match=r"spidev\.bufsiz"):
        await bus.transfer(0, bytes(bus.capabilities.max_length + 1), SpiSettings())
    await bus.aclose()


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOENT, BusMissing), (errno.EACCES, BusPermission)])
async def test_a_chip_select_that_cannot_be_opened_says_why(number: int, kind: type[Exception]) -> None:
    def refuse(path: str, settings: SpiSettings) -> Chip:
        raise OSError(number, os.strerror(number))

    bus = LinuxSpi("spi0", "/dev/spidev0", refuse)
    with pytest.raises(kind, match=r"/dev/spidev0\.3"):
        await bus.transfer(3, b"\0", SpiSettings())
    await bus.aclose()


async def test_the_fall_back_is_periphery_where_spidev_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    from cc613hal.bus.linux import spi_spidev
    from cc613hal.bus.linux.periphery_parts import SpiHandle

    monkeypatch.setattr(spi_spidev, "find_spec", lambda name: None)
    assert best_handle() is SpiHandle
    monkeypatch.setattr(spi_spidev, "find_spec", lambda name: object())
    assert best_handle() is SpidevHandle


async def test_periphery_says_that_a_bus_is_missing() -> None:
    from cc613hal.bus.linux.periphery_parts import SpiHandle

    bus = LinuxSpi("spi0", "/dev/spidev4711", SpiHandle)
    with pytest.raises(BusMissing):
        await bus.transfer(0, b"\0", SpiSettings())
    await bus.aclose()
