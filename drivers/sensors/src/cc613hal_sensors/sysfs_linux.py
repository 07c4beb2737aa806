"""Files of the running kernel."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from cc613hal.bus.linux.worker import Worker
from cc613hal.errors import BusBusy, BusClosed, BusError, BusMissing, BusPermission, BusTimeout, NoAnswer
from cc613hal_sensors.sysfs_port import SysfsPort

__all__ = ["LinuxSysfs"]

_PAGE = 4096
"""The longest content of such a file, bytes (Documentation/filesystems/sysfs.rst)."""
_CHECK = "check the part's wiring and supply; the kernel log may tell more"
_KINDS: dict[int, tuple[type[BusError], str]] = {
    errno.ENOENT: (BusMissing, "load its kernel driver, or correct the name"),
    errno.ENODEV: (BusClosed, "its driver was removed; it is looked for again"),
    errno.EACCES: (BusPermission, "give the user read access by a udev rule"),
    errno.EPERM: (BusPermission, "give the user read access by a udev rule"),
    errno.ENXIO: (NoAnswer, _CHECK),
    errno.EREMOTEIO: (NoAnswer, _CHECK),
    errno.ETIMEDOUT: (BusTimeout, _CHECK),
    errno.EAGAIN: (BusBusy, "try again: the kernel has no value yet"),
    errno.EBUSY: (BusBusy, "try again: somebody else uses the bus"),
}


class LinuxSysfs(SysfsPort):
    """Files below ``/sys``. Reading one may take as long as the part needs (a DS18B20: 0.75 s), so a thread of the device's own does it.

    Args:
        device: for errors and the thread's name.
        root: another folder, for tests.
    """

    def __init__(self, device: str, root: Path = Path("/sys")) -> None:
        self._device = device
        self._root = root
        self._worker: Worker | None = None

    async def names(self, folder: str) -> tuple[str, ...]:
        """What is in a folder."""
        return await self._thread().run(self._names, folder)

    async def read(self, file: str) -> str:
        """The content of a file."""
        return await self._thread().run(self._read, file)

    async def link(self, path: str) -> str:
        """Name of what a link points to."""
        return await self._thread().run(self._link, path)

    async def aclose(self) -> None:
        """End the thread."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.aclose(_nothing)

    def _thread(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self._device)
        return self._worker

    def _names(self, folder: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(each.name for each in (self._root / folder).iterdir()))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._translated(error, f"looking into {self._root / folder}") from error

    def _read(self, file: str) -> str:
        try:  # by descriptor: Python's files make a TypeError of a driver that says EAGAIN
            descriptor = os.open(self._root / file, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.read(descriptor, _PAGE).decode("ascii", errors="replace").strip()
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._translated(error, f"reading {self._root / file}") from error

    def _link(self, path: str) -> str:
        place = self._root / path
        return place.resolve().name if place.exists() else ""

    def _translated(self, error: OSError, doing: str) -> BusError:
        kind, hint = _KINDS.get(error.errno or 0, (BusError, _CHECK))
        return kind(f"{doing}: {error.strerror}", device=self._device, hint=hint)


def _nothing() -> None:
    return
