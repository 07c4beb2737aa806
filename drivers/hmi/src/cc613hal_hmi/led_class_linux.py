"""The LEDs of the running kernel."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from cc613hal.errors import BusClosed, BusError, BusMissing, BusPermission
from cc613hal_hmi.led_class import KernelLed, LedPort

__all__ = ["LinuxLeds"]

_GONE = {errno.ENODEV, errno.ENOENT, errno.EIO, errno.ENXIO}


class LinuxLeds(LedPort):
    """LEDs by their folders in ``/sys/class/leds``.

    Args:
        folder: another folder, for tests.
    """

    def __init__(self, folder: Path = Path("/sys/class/leds")) -> None:
        self._folder = folder

    def take(self, name: str) -> KernelLed:
        """Take an LED over: no trigger moves it any more, and a multicolour LED follows its intensities alone."""
        place = self._folder / name
        if not place.is_dir():
            there = sorted(each.name for each in self._folder.iterdir()) if self._folder.is_dir() else []
            raise BusMissing(f"the kernel has no LED {name}", device=name, hint=f"there are: {', '.join(there) or 'none'}")
        most = int(self._read(place / "max_brightness"))
        colours = tuple(self._read(place / "multi_index").split()) if (place / "multi_index").exists() else ()
        if (place / "trigger").exists():
            self._write(place / "trigger", "none")
        if colours:
            self._write(place / "brightness", str(most))
        driver = place / "device" / "driver"
        return KernelLed(name, most, colours, driver.resolve().name if driver.exists() else "")

    def write(self, led: KernelLed, values: Sequence[int]) -> None:
        """Set an LED."""
        attribute = "multi_intensity" if led.colours else "brightness"
        self._write(self._folder / led.name / attribute, " ".join(map(str, values)))

    def read(self, led: KernelLed) -> tuple[int, ...]:
        """What an LED is set to."""
        attribute = "multi_intensity" if led.colours else "brightness"
        return tuple(map(int, self._read(self._folder / led.name / attribute).split()))

    def _read(self, file: Path) -> str:
        try:
            return file.read_text("ascii").strip()
        except OSError as error:
            raise _translated(error, f"reading {file}", file) from error

    def _write(self, file: Path, text: str) -> None:
        try:
            file.write_text(text, "ascii")
        except OSError as error:
            raise _translated(error, f"writing {text} to {file}", file) from error


def _translated(error: OSError, doing: str, file: Path) -> BusError:
    name = file.parent.name
    if error.errno in {errno.EACCES, errno.EPERM}:
        return BusPermission(f"{doing}: {error.strerror}", device=name, hint="give the user access by a udev rule for the subsystem leds")
    if error.errno in _GONE:
        return BusClosed(f"{doing}: {error.strerror}", device=name, hint="its driver was removed; it is taken again when it is back")
    return BusError(f"{doing}: {error.strerror}", device=name, hint="see the kernel log")
