"""Several outputs of one GPIO chip in one request, so that one call changes them at the same moment (Linux ``include/uapi/linux/gpio.h``).

python-periphery requests one line at a time, and two writes have a moment between them: for an H bridge that is a moment of the wrong
direction. Kernels before 5.10 do not know this request; then the lines are requested one by one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Mapping, Sequence

from cc613hal.bus.gpio import LineRequest, Pull

__all__ = ["JointHandle", "request_bytes"]

_GET_LINE = 0xC250B407  # GPIO_V2_GET_LINE_IOCTL
_SET_VALUES = 0xC010B40F  # GPIO_V2_LINE_SET_VALUES_IOCTL
_MOST_LINES = 64  # GPIO_V2_LINES_MAX
_MOST_ATTRIBUTES = 10  # GPIO_V2_LINE_NUM_ATTRS_MAX
_FLAGS, _VALUES = 1, 2  # GPIO_V2_LINE_ATTR_ID_FLAGS, _OUTPUT_VALUES
_ACTIVE_LOW, _OUTPUT, _OPEN_DRAIN = 1 << 1, 1 << 3, 1 << 6  # GPIO_V2_LINE_FLAG_…
_BIAS = {Pull.AS_IS: 0, Pull.UP: 1 << 8, Pull.DOWN: 1 << 9, Pull.NONE: 1 << 10}
_HEAD = struct.Struct("=64I32sQI20x")  # offsets, consumer, config.flags, config.num_attrs, padding
_ATTRIBUTE = struct.Struct("=I4xQQ")  # id, flags or values, mask of the lines it is for
_TAIL = struct.Struct("=II20xi")  # num_lines, event_buffer_size, padding, fd
_SET = struct.Struct("=QQ")  # bits, mask


def _flags(request: LineRequest) -> int:
    return _OUTPUT | _BIAS[request.pull] | (_ACTIVE_LOW if request.active_low else 0) | (_OPEN_DRAIN if request.open_drain else 0)


def request_bytes(offsets: Sequence[int], requests: Sequence[LineRequest], initial: Sequence[bool]) -> bytes:
    """A ``struct gpio_v2_line_request`` for outputs with these logical levels.

    Raises:
        ValueError: more lines, or more kinds of lines, than one request can hold.
    """
    values = sum(1 << number for number, level in enumerate(initial) if level)
    attributes = [(_VALUES, values, (1 << len(offsets)) - 1)]
    flags = [_flags(request) for request in requests]
    others = [kind for kind in dict.fromkeys(flags) if kind != flags[0]]
    attributes += [(_FLAGS, kind, sum(1 << number for number, each in enumerate(flags) if each == kind)) for kind in others]
    if len(offsets) > _MOST_LINES or len(attributes) > _MOST_ATTRIBUTES:
        raise ValueError(f"one request holds {_MOST_LINES} lines and {_MOST_ATTRIBUTES - 1} kinds of them")
    consumer = f"cc613hal {requests[0].name}"[:31].encode()
    padded = (*offsets, *(0,) * (_MOST_LINES - len(offsets)))
    table = b"".join(_ATTRIBUTE.pack(*attribute) for attribute in attributes).ljust(_MOST_ATTRIBUTES * _ATTRIBUTE.size, b"\0")
    return _HEAD.pack(*padded, consumer, flags[0], len(attributes)) + table + _TAIL.pack(len(offsets), 0, 0)


class JointHandle:
    """The lines of one request. Every method may raise ``OSError``.

    Args:
        path: the chip's character device.
        offsets: the lines' numbers on it.
        requests: how they are needed.
        initial: logical level of each from its first moment.
    """

    def __init__(self, path: str, offsets: Sequence[int], requests: Sequence[LineRequest], initial: Sequence[bool]) -> None:
        self._places = {request.name: number for number, request in enumerate(requests)}
        chip = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            answer = fcntl.ioctl(chip, _GET_LINE, request_bytes(offsets, requests, initial))
        finally:
            os.close(chip)
        self._descriptor: int | None = _TAIL.unpack(answer[-_TAIL.size :])[2]

    @property
    def names(self) -> frozenset[str]:
        """The lines' names."""
        return frozenset(self._places)

    def write(self, levels: Mapping[str, bool]) -> None:
        """Set some or all of the lines in one call; levels are logical."""
        if self._descriptor is None:
            raise OSError(errno.EBADF, "the lines have been released")
        mask = sum(1 << self._places[name] for name in levels)
        bits = sum(1 << self._places[name] for name, active in levels.items() if active)
        fcntl.ioctl(self._descriptor, _SET_VALUES, _SET.pack(bits, mask))

    def close(self) -> None:
        """Release all lines; may be called twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):  # a chip that is gone takes its lines with it
                os.close(descriptor)
