"""Several outputs in one request: the bytes the kernel gets, and what happens where it refuses them."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from cc613hal.bus.gpio import LineInfo, LineRequest, Pull, write_together
from cc613hal.bus.linux import gpio_joint
from cc613hal.bus.linux.gpio_joint import JointHandle, request_bytes
from cc613hal.bus.linux.gpio_periphery import LinuxGpio
from cc613hal.bus.options import GpioOptions
from cc613hal.clock import Clock
from cc613hal.errors import BusBusy, BusClosed, BusError, BusMissing

IN1, IN2 = LineRequest(name="IN1"), LineRequest(name="IN2")
LINES = {"IN1": "gpiochip0:4", "IN2": "gpiochip0:7", "FAR": "gpiochip1:0"}


def test_the_request_has_the_layout_of_the_kernels_header():
    pulled = LineRequest(name="IN2", active_low=True, open_drain=True, pull=Pull.UP)
    data = request_bytes([4, 7], [IN1, pulled], [True, False])
    assert len(data) == 592  # sizeof(struct gpio_v2_line_request)
    assert struct.unpack_from("=3I", data) == (4, 7, 0)
    assert data[256:288].rstrip(b"\0") == b"cc613hal IN1"
    flags, count = struct.unpack_from("=QI", data, 288)
    assert (flags, count) == (1 << 3, 2)
    assert struct.unpack_from("=I4xQQ", data, 320) == (2, 0b01, 0b11)  # output values of both lines
    assert struct.unpack_from("=I4xQQ", data, 344) == (1, 1 << 3 | 1 << 1 | 1 << 6 | 1 << 8, 0b10)  # the second line's own flags
    assert struct.unpack_from("=I", data, 560) == (2,)


def test_more_lines_than_a_request_holds_are_refused():
    many = [LineRequest(name=f"L{number}") for number in range(65)]
    with pytest.raises(ValueError, match="64 lines"):
        request_bytes(range(65), many, [False] * 65)


def test_one_call_sets_all_lines_by_mask(monkeypatch):
    calls = []

    def ioctl(descriptor, request, data):
        calls.append((request, data))
        if request == 0xC250B407:
            return data[:-4] + struct.pack("=i", os.open("/dev/null", os.O_RDONLY))
        return data

    monkeypatch.setattr(gpio_joint.fcntl, "ioctl", ioctl)
    handle = JointHandle("/dev/null", [4, 7], [IN1, IN2], [False, False])
    handle.write({"IN2": True, "IN1": False})
    assert calls[1] == (0xC010B40F, struct.pack("=QQ", 0b10, 0b11))
    handle.write({"IN1": True})
    assert calls[2] == (0xC010B40F, struct.pack("=QQ", 0b01, 0b01))
    handle.close()
    handle.close()
    with pytest.raises(OSError, match="released"):
        handle.write({"IN1": True})


class Joint:
    def __init__(self, path, offsets, requests, initial):
        self.opened = (path, tuple(offsets), tuple(initial))
        self.names = frozenset(request.name for request in requests)
        self.written = []
        self.broken = False
        Joint.last = self

    def write(self, levels):
        if self.broken:
            raise OSError(errno.ENODEV, "gone")
        self.written.append(dict(levels))

    def close(self):
        self.closed = True


class Single:
    kernel_clock = "realtime"
    descriptor = -1

    def __init__(self, path, offset, request, initial):
        self.opened = (path, offset, initial)

    def write(self, active):
        self.level = active

    def close(self):
        pass


def gpio(joint_opener=Joint):
    def lister(path):
        chip = path.removeprefix("/dev/")
        return tuple(LineInfo(chip=chip, offset=number, name="", consumer="thief" if number == 7 else "") for number in range(8))

    options = GpioOptions(chips=("/dev/gpiochip0", "/dev/gpiochip1"), lines=LINES)
    return LinuxGpio("gpio", options, Clock(), opener=Single, joint_opener=joint_opener, lister=lister)


def refusing(code):
    def opener(*_):
        raise OSError(code, os.strerror(code))

    return opener


async def test_two_lines_of_a_chip_are_one_request_and_one_write():
    adapter = gpio()
    one, two = adapter.outputs([IN1, IN2], initial=[False, True])
    assert Joint.last.opened == ("/dev/gpiochip0", (4, 7), (False, True))
    assert (one.written, two.written) == (False, True)
    write_together([(one, True), (two, False)])
    assert Joint.last.written == [{"IN1": True, "IN2": False}]
    one.write(False)
    assert (one.written, two.written) == (False, False)
    await adapter.aclose()
    assert Joint.last.closed
    with pytest.raises(BusClosed):
        one.write(True)


async def test_lines_of_two_chips_are_single_lines():
    adapter = gpio(refusing(errno.EIO))
    one, far = adapter.outputs([IN1, LineRequest(name="FAR")], initial=[True, False])
    write_together([(one, False), (far, True)])
    assert (one.written, far.written) == (False, True)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTTY])
async def test_an_old_kernel_gives_single_lines(code):
    one, two = gpio(refusing(code)).outputs([IN1, IN2], initial=[False, False])
    write_together([(one, True), (two, True)])
    assert (one.written, two.written) == (True, True)


async def test_a_taken_line_is_told_with_its_owner():
    with pytest.raises(BusBusy, match="thief"):
        gpio(refusing(errno.EBUSY)).outputs([IN1, IN2], initial=[False, False])


async def test_an_unknown_line_takes_none_of_its_group():
    adapter = gpio()
    with pytest.raises(BusMissing):
        adapter.outputs([IN1, LineRequest(name="IN3")], initial=[False, False])
    adapter.outputs([IN1, IN2], initial=[False, False])


async def test_a_chip_that_goes_is_a_bus_error():
    one, two = gpio().outputs([IN1, IN2], initial=[False, False])
    Joint.last.broken = True
    with pytest.raises(BusError):
        write_together([(one, True), (two, True)])
    assert (one.written, two.written) == (False, False)
