"""An input device that types, as the keyboard-wedge driver needs it, and Linux evdev as what it really is.

Facts: Linux ``Documentation/input/input.rst``, ``include/uapi/linux/input.h`` and ``input-event-codes.h``. evdev needs no package: a device
node, four ioctls, and records of 24 bytes (16 on 32-bit systems).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from attrs import frozen

from cc613hal.bus.linux.errors import bus_error
from cc613hal.bus.linux.nodes import UsbAdapter, usb_adapters
from cc613hal.errors import BusClosed, BusError, BusMissing, ConfigError, WrongIdentity

__all__ = ["EV_KEY", "EV_SYN", "SYN_DROPPED", "EvdevKeys", "InputEvent", "KeysIdentity", "KeysPort", "find_nodes"]

EV_SYN, EV_KEY = 0x00, 0x01
"""Types of events."""

SYN_DROPPED = 3
"""The kernel's buffer ran over: events are missing."""

_EVENT = struct.Struct("@llHHi")
"""Time of the event (two longs), type, code, value; native sizes."""

_READ = 0x80000000
_EVIOCGRAB = 0x40044590
_EVIOCGID = _READ | 8 << 16 | 0x4502
_NAME_SIZE, _KEY_BYTES = 256, 96
_EVIOCGNAME = _READ | _NAME_SIZE << 16 | 0x4506
_EVIOCGBIT_KEY = _READ | _KEY_BYTES << 16 | 0x4520 + EV_KEY
"""Requests of input.h; the same on x86, ARM and RISC-V (asm-generic/ioctl.h). 96 bytes hold KEY_MAX 0x2ff."""

_DIGITS = range(2, 12)
"""KEY_1 to KEY_0: what types cards has them."""


@frozen
class InputEvent:
    """One event.

    Attributes:
        type: :data:`EV_KEY`, :data:`EV_SYN` or another.
        code: which key.
        value: 1 pressed, 0 released, 2 repeated.
    """

    type: int
    code: int
    value: int


@frozen
class KeysIdentity:
    """Who types.

    Attributes:
        name: what the device calls itself.
        vendor: USB vendor, 0 if it has none.
        product: USB product.
    """

    name: str
    vendor: int
    product: int


class KeysPort(Protocol):
    """A device that types."""

    @abstractmethod
    def open(self, heard: Callable[[InputEvent], None], lost: Callable[[BusError], None]) -> KeysIdentity:
        """Take the device for this program alone, so that nothing it types reaches a console.

        Args:
            heard: called with every event from now on.
            lost: called once when the device is gone.

        Raises:
            BusMissing: there is no such device.
            BusPermission: the user may not read it.
            BusBusy: another program has taken it.
            WrongIdentity: it cannot type.
        """

    @abstractmethod
    def close(self) -> None:
        """Let it go; a second call does nothing."""


def find_nodes(path: str, device: str, adapters: Callable[[str], list[UsbAdapter]] = lambda kind: list(usb_adapters(kind))) -> list[str]:
    """The device nodes that a ``path`` option means: itself, or every event node of the USB device it names.

    Args:
        path: a path, or ``usb:VENDOR:PRODUCT[:SERIAL]`` in hexadecimal.
        device: for error messages.
        adapters: what is plugged in, by kernel class.

    Raises:
        ConfigError: ``usb:`` with something else behind it.
        BusMissing: no such device is plugged in.
    """
    if not path.startswith("usb:"):
        return [path]
    wanted = path.lower().split(":", 3)[1:]
    if len(wanted) < 2:
        raise ConfigError(f"{path!r} names no USB device", device=device, hint="usb:VENDOR:PRODUCT[:SERIAL], in hexadecimal")
    there = [each for each in adapters("input") if Path(each.node).name.startswith("event")]
    found = [each for each in there if [each.vendor, each.product, each.serial.lower()][: len(wanted)] == wanted]
    if not found:
        known = ", ".join(sorted({f"usb:{each.vendor}:{each.product}" for each in there})) or "no USB input devices at all"
        raise BusMissing(f"{path} is not plugged in", device=device, hint=f"there are: {known}")
    return [f"/dev/input/{Path(each.node).name}" for each in found]


class EvdevKeys(KeysPort):
    """A node of Linux evdev. To be used on the running loop.

    Args:
        path: as :func:`find_nodes` takes it; a USB device may have several nodes, of which the one with digit keys is taken.
        device: for error messages.
        ioctl: ``fcntl.ioctl``; a test puts its own in front of a pipe.
    """

    def __init__(self, path: str, device: str, ioctl: Callable[..., int] = fcntl.ioctl) -> None:
        self._path = path
        self._device = device
        self._ioctl = ioctl
        self._fd = -1
        self._rest = b""
        self._heard: Callable[[InputEvent], None] = lambda _: None
        self._lost: Callable[[BusError], None] = lambda _: None

    def open(self, heard: Callable[[InputEvent], None], lost: Callable[[BusError], None]) -> KeysIdentity:
        """Open, look at, and grab the node."""
        self.close()
        nodes = find_nodes(self._path, self._device)
        mute: WrongIdentity | None = None
        for node in nodes:
            try:
                identity = self._take(node)
            except WrongIdentity as error:
                mute = error
                continue
            self._heard, self._lost = heard, lost
            asyncio.get_running_loop().add_reader(self._fd, self._readable, node)
            return identity
        raise mute or BusMissing(f"{self._path} has no event node", device=self._device)

    def close(self) -> None:
        """Let it go."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)  # which ends the grab too
            self._fd, self._rest = -1, b""

    def _take(self, node: str) -> KeysIdentity:
        try:
            fd = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise bus_error(error, f"opening {node}", device=self._device, path=node) from error
        try:
            identity = self._look_at(fd, node)
            self._ioctl(fd, _EVIOCGRAB, 1)
        except OSError as error:
            os.close(fd)
            raise bus_error(error, f"taking {node} for this program alone", device=self._device, path=node) from error
        except WrongIdentity:
            os.close(fd)
            raise
        self._fd = fd
        return identity

    def _look_at(self, fd: int, node: str) -> KeysIdentity:
        ids, name, keys = bytearray(8), bytearray(_NAME_SIZE), bytearray(_KEY_BYTES)
        try:
            self._ioctl(fd, _EVIOCGID, ids)
            self._ioctl(fd, _EVIOCGNAME, name)
            self._ioctl(fd, _EVIOCGBIT_KEY, keys)
        except OSError as error:
            raise WrongIdentity(f"{node} is no input device ({error.strerror})", device=self._device, hint="it is in /dev/input") from error
        _, vendor, product, _ = struct.unpack("@HHHH", ids)
        told = name.partition(b"\0")[0].decode("utf-8", "replace")
        if not all(keys[code // 8] >> code % 8 & 1 for code in _DIGITS):
            raise WrongIdentity(f"{node} ({told}) has no digit keys", device=self._device, hint="choose the node that types")
        return KeysIdentity(told, vendor, product)

    def _readable(self, node: str) -> None:
        try:
            data = os.read(self._fd, 64 * _EVENT.size)
        except BlockingIOError:
            return
        except OSError as error:
            self._gone(bus_error(error, f"reading {node}", device=self._device))
            return
        if not data:
            self._gone(BusClosed(f"{node} ended", device=self._device, hint="it was unplugged"))
            return
        whole = self._rest + data
        end = len(whole) - len(whole) % _EVENT.size
        self._rest = whole[end:]
        for _, _, kind, code, value in _EVENT.iter_unpack(whole[:end]):
            self._heard(InputEvent(kind, code, value))

    def _gone(self, error: BusError) -> None:
        self.close()
        self._lost(error)
