"""Listing a chip's lines, with the structures of both versions of the kernel's interface."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

from cc613hal.bus.gpio import LineInfo
from cc613hal.bus.linux import gpio_lines
from cc613hal.bus.linux.gpio_lines import list_lines

LINES = (("K1_COIL", "cc613hal K1_COIL", True), ("", "", False), ("RCD_TRIP", "", False))


class Kernel:
    """Answers the three ioctls as ``include/uapi/linux/gpio.h`` lays them out."""

    def __init__(self, version: int) -> None:
        self.version = version

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        if request == 0x8044B401:
            return struct.pack("=32s32sI", b"gpiochip0", b"imx-gpio", len(LINES))
        if request == 0xC100B405 and self.version == 2:
            assert len(argument) == 256
            offset = struct.unpack_from("=I", argument, 64)[0]
            name, consumer, output = LINES[offset]
            return struct.pack("=32s32sIIQ176x", name.encode(), consumer.encode(), offset, 0, 0x8 if output else 0x4)
        if request == 0xC048B402 and self.version == 1:
            assert len(argument) == 72
            offset = struct.unpack_from("=I", argument)[0]
            name, consumer, output = LINES[offset]
            return struct.pack("=II32s32s", offset, 0x2 if output else 0, name.encode(), consumer.encode())
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


@pytest.mark.parametrize("version", [1, 2])
def test_lines_are_listed_on_old_and_new_kernels(version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chip = tmp_path / "gpiochip0"
    chip.touch()
    monkeypatch.setattr(gpio_lines.fcntl, "ioctl", Kernel(version).ioctl)
    assert list_lines(str(chip)) == tuple(
        LineInfo(chip="gpiochip0", offset=offset, name=name, consumer=consumer, output=output)
        for offset, (name, consumer, output) in enumerate(LINES)
    )


def test_a_file_that_is_no_chip_is_an_error_and_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError):
        list_lines(str(tmp_path / "plain"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
