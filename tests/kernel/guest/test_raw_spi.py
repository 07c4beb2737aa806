"""spidev and periphery's SPI on real spidev nodes."""

from __future__ import annotations

import ctypes
import fcntl
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from periphery import SPI

from tests.kernel.bench.bridge import InvertingChip
from tests.kernel.guest.conftest import SpiBench


@pytest.fixture
def device(spi: SpiBench) -> Iterator[Any]:
    spidev = pytest.importorskip("spidev", reason="the extra `spi` is not installed")
    spi.attach(0, InvertingChip())
    bus, chip_select = spi.path.removeprefix("/dev/spidev").split(".")
    opened = spidev.SpiDev()
    opened.open(int(bus), int(chip_select))
    yield opened
    opened.close()


def message(path: str, *transfers: tuple[bytes, bool]) -> list[bytes]:
    """Send one SPI message of several transfers (bytes, release chip select after them). The kernel can; no library above offers it."""
    sent = [ctypes.create_string_buffer(data, len(data)) for data, _ in transfers]
    got = [ctypes.create_string_buffer(len(data)) for data, _ in transfers]
    records = b"".join(
        struct.pack("=QQIIHBBI", ctypes.addressof(tx), ctypes.addressof(rx), len(tx), 100_000, 0, 8, release, 0)
        for tx, rx, (_, release) in zip(sent, got, transfers, strict=True)
    )
    with Path(path).open("r+b", buffering=0) as device:
        fcntl.ioctl(device, 0x40006B00 | len(records) << 16, records)
    return [rx.raw for rx in got]


def test_a_transfer_is_one_frame(spi: SpiBench, device: Any) -> None:
    assert bytes(device.xfer2([0x9F, 0, 0, 0])) == b"\x60\xff\xff\xff"
    (frame,) = spi.wiring.frames
    assert frame.data == b"\x9f\0\0\0"


def test_clock_and_mode_arrive_at_the_chip(spi: SpiBench, device: Any) -> None:
    device.max_speed_hz = 500_000
    device.mode = 0b11
    device.xfer2([1])
    (frame,) = spi.wiring.frames
    assert (frame.hertz, frame.mode & 3, frame.bits) == (500_000, 3, 8)


def test_chip_select_between_transfers_is_a_frame_of_its_own(spi: SpiBench) -> None:
    spi.attach(0, InvertingChip())
    assert message(spi.path, (b"\x01\x02", False), (b"\x03", True), (b"\x04", False)) == [b"\xfe\xfd", b"\xfc", b"\xfb"]
    assert [frame.data for frame in spi.wiring.frames] == [b"\1\2\3", b"\4"]


def test_periphery_is_a_full_replacement(spi: SpiBench) -> None:
    spi.attach(1, InvertingChip())
    opened = SPI(spi.paths[1], 1, 250_000)
    assert opened.transfer(b"\x00\x0f") == b"\xff\xf0"
    opened.close()
    (frame,) = spi.wiring.frames
    assert (frame.select, frame.mode & 3, frame.hertz) == (1, 1, 250_000)


def test_a_chip_select_without_chip_reads_ones(spi: SpiBench) -> None:
    opened = SPI(spi.path, 0, 100_000)
    assert opened.transfer([0, 0, 0]) == [0xFF, 0xFF, 0xFF]
    opened.close()


def test_large_frames_pass_whole(spi: SpiBench, device: Any) -> None:
    data = bytes(range(256)) * 16  # 4096 bytes: the largest spidev takes as delivered
    assert bytes(device.xfer3(data)) == bytes(value ^ 0xFF for value in data)
