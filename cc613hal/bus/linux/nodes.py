"""Which device node a board file means: a path as it stands, or ``usb:`` with vendor, product and serial number.

``usb:0403:6001`` is the one adapter of that kind, ``usb:0403:6001:A10KZP45`` the one with that serial number, wherever it is plugged in
and whatever number the kernel gave it. Facts: Linux ``Documentation/ABI/testing/sysfs-bus-usb`` (idVendor, idProduct, serial).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from cc613hal.errors import BusBusy, BusMissing, ConfigError

__all__ = ["UsbAdapter", "device_node", "usb_adapters"]

_SYS = Path("/sys")
_WANTED = re.compile(r"usb:(?P<vendor>[0-9a-fA-F]{4}):(?P<product>[0-9a-fA-F]{4})(?::(?P<serial>.+))?")


@frozen
class UsbAdapter:
    """A device node behind a USB device.

    Attributes:
        node: the device node.
        vendor: four hexadecimal digits.
        product: four hexadecimal digits.
        serial: serial number; empty if the device has none.
    """

    node: str
    vendor: str
    product: str
    serial: str

    def __str__(self) -> str:
        return f"usb:{self.vendor}:{self.product}{':' if self.serial else ''}{self.serial} ({self.node})"


def device_node(path: str, subsystem: str, *, device: str, sysfs: Path = _SYS) -> str:
    """The device node that a board file's ``path`` means.

    Args:
        path: a path, returned as it stands, or ``usb:VENDOR:PRODUCT[:SERIAL]``.
        subsystem: kernel class of the node (``tty``, ``i2c-dev``, ``spidev``).
        device: the bus as the board file names it.
        sysfs: where sysfs is mounted.

    Raises:
        ConfigError: ``usb:`` with something else behind it.
        BusMissing: no such USB device is plugged in.
        BusBusy: several are; the serial number has to say which.
    """
    if not path.startswith("usb:"):
        return path
    wanted = _WANTED.fullmatch(path)
    if wanted is None:
        raise ConfigError(f"{path!r} names no USB device", device=device, hint="usb:VENDOR:PRODUCT[:SERIAL], in hexadecimal")
    there = list(usb_adapters(subsystem, sysfs=sysfs))
    kind = (wanted["vendor"].lower(), wanted["product"].lower())
    found = [each for each in there if (each.vendor, each.product) == kind and wanted["serial"] in {None, each.serial}]
    if not found:
        raise BusMissing(
            f"{path} is not plugged in", device=device, hint=f"there are: {', '.join(map(str, there)) or 'no such USB devices at all'}"
        )
    if len(found) > 1:
        raise BusBusy(f"{path} means {len(found)} devices", device=device, hint=f"say which: {', '.join(map(str, found))}")
    return found[0].node


def usb_adapters(subsystem: str, *, sysfs: Path = _SYS) -> Iterator[UsbAdapter]:
    """Every node of a kernel class that hangs at a USB device, in the order of their names.

    Args:
        subsystem: kernel class.
        sysfs: where sysfs is mounted.
    """
    folder = sysfs / "class" / subsystem
    try:
        entries = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return
    for name in entries:
        place = (folder / name / "device").resolve()
        for parent in (place, *place.parents):
            vendor = _text(parent / "idVendor")
            if vendor:
                yield UsbAdapter(f"/dev/{name}", vendor.lower(), _text(parent / "idProduct").lower(), _text(parent / "serial"))
                break
            if parent == sysfs:
                break


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
