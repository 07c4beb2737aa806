"""The lines of a GPIO chip as the kernel lists them (Linux ``include/uapi/linux/gpio.h``).

python-periphery opens lines but does not list them, and a name that is looked up at every request costs one call per line.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from cc613hal.bus.gpio import LineInfo

__all__ = ["list_lines"]

_CHIP_INFO = 0x8044B401  # GPIO_GET_CHIPINFO_IOCTL: char name[32], label[32]; u32 lines
_LINE_INFO_V2 = 0xC100B405  # GPIO_V2_GET_LINEINFO_IOCTL
_LINE_INFO_V1 = 0xC048B402  # GPIO_GET_LINEINFO_IOCTL, for kernels before 5.10
_V2 = struct.Struct("=32s32sIIQ176x")  # name, consumer, offset, num_attrs, flags; attributes and padding
_V1 = struct.Struct("=II32s32s")  # offset, flags, name, consumer
_V2_OUTPUT = 0x8  # GPIO_V2_LINE_FLAG_OUTPUT
_V1_OUTPUT = 0x2  # GPIOLINE_FLAG_IS_OUT


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode(errors="replace")


def list_lines(path: str) -> tuple[LineInfo, ...]:
    """All lines of a chip.

    Args:
        path: its character device.

    Raises:
        OSError: it cannot be opened, or is no GPIO chip.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chip = fcntl.ioctl(descriptor, _CHIP_INFO, bytes(68))
        name, count = _text(chip[:32]), int.from_bytes(chip[64:68], "little" if struct.pack("=H", 1)[0] else "big")
        return tuple(_line(descriptor, name or os.path.basename(path), offset) for offset in range(count))  # noqa: PTH119 - the path is text here
    finally:
        os.close(descriptor)


def _line(descriptor: int, chip: str, offset: int) -> LineInfo:
    try:
        raw = fcntl.ioctl(descriptor, _LINE_INFO_V2, _V2.pack(b"", b"", offset, 0, 0))
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTTY}:
            raise
        _, flags, name, consumer = _V1.unpack(fcntl.ioctl(descriptor, _LINE_INFO_V1, _V1.pack(offset, 0, b"", b"")))
        return LineInfo(chip=chip, offset=offset, name=_text(name), consumer=_text(consumer), output=bool(flags & _V1_OUTPUT))
    name, consumer, _, _, flags = _V2.unpack(raw)
    return LineInfo(chip=chip, offset=offset, name=_text(name), consumer=_text(consumer), output=bool(flags & _V2_OUTPUT))
