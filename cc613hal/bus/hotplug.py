"""Buses whose adapter can be pulled out and put back while the board is open: what the board is told, and the messages that tell it.

The messages are the kernel's and udev's *uevents*; :mod:`cc613hal.bus.linux.hotplug` receives them.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from cc613hal.bus.options import BusOptions
from cc613hal.events import Subscription

__all__ = ["HotPlug", "PlugChanged", "Uevent", "parse_uevent"]

PlugChanged = Callable[[str, bool], None]
"""Is told a bus's name, and whether its adapter came (``True``) or went."""


@runtime_checkable
class HotPlug(Protocol):
    """A bus factory that tells when the adapter of a bus comes and goes."""

    @abstractmethod
    def watch(self, buses: Mapping[str, BusOptions], changed: PlugChanged) -> Subscription:
        """Call ``changed`` whenever the adapter of one of these buses went or came, until the subscription is cancelled.

        It may be called with ``True`` more than once for one plug (the node appears, then the user may open it), and must be called on
        the running loop. A factory that cannot tell calls nothing: the board then notices by itself, later.
        """


_UDEV_MAGIC = 0xFEEDCAFE
_UDEV_PREFIX = b"libudev\0"
_UDEV_HEADER = 40
"""Size of udev's header in every version so far: prefix, magic, header size, offset and length of the properties, four filter words
(systemd, ``src/libsystemd/sd-device/device-monitor.c``, ``monitor_netlink_header``)."""


@frozen
class Uevent:
    """The kernel or udev says that something happened to a device.

    Attributes:
        action: ``add``, ``remove``, ``change``, ``bind``, …
        device: sysfs path below ``/sys``.
        subsystem: ``tty``, ``i2c-dev``, ``usb``, …; empty if it has none.
        node: device node without ``/dev/``; empty if it has none.
        properties: everything it said.
    """

    action: str
    device: str
    subsystem: str = ""
    node: str = ""
    properties: Mapping[str, str] = field(factory=dict[str, str])


def parse_uevent(message: bytes) -> Uevent | None:
    """A message of the uevent socket; ``None`` if it is none, whatever it is.

    The kernel sends ``ACTION@PATH`` and then ``KEY=VALUE``, each ended by a zero byte (Linux ``lib/kobject_uevent.c``); udev sends a
    binary header that says where the same list begins.

    Args:
        message: one datagram.
    """
    listed = _udev_properties(message) if message.startswith(_UDEV_PREFIX) else _kernel_properties(message)
    if listed is None:
        return None
    properties: dict[str, str] = {}
    for item in listed.split(b"\0"):
        key, equals, value = item.partition(b"=")
        if equals and key:
            properties[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
    action, device = properties.get("ACTION", ""), properties.get("DEVPATH", "")
    if not action or not device:
        return None
    return Uevent(action, device, properties.get("SUBSYSTEM", ""), properties.get("DEVNAME", "").removeprefix("/dev/"), properties)


def _kernel_properties(message: bytes) -> bytes | None:
    head, zero, rest = message.partition(b"\0")
    return rest if zero and b"@" in head else None


def _udev_properties(message: bytes) -> bytes | None:
    if len(message) < _UDEV_HEADER or int.from_bytes(message[8:12], "big") != _UDEV_MAGIC:
        return None
    start, length = (int.from_bytes(message[place : place + 4], sys.byteorder) for place in (16, 20))
    return message[start : start + length] if _UDEV_HEADER <= start <= len(message) else None
