"""What the kernel's error numbers mean to somebody with a screwdriver."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable
from pathlib import Path

from cc613hal.errors import BusBusy, BusClosed, BusError, BusMissing, BusPermission, BusTimeout

__all__ = ["bus_error", "near_paths", "near_words"]

_GONE = {errno.ENODEV, errno.EIO, errno.EBADF, errno.ENXIO, errno.ESHUTDOWN, errno.EPIPE, errno.ECONNRESET}
_BUSY = {errno.EBUSY, errno.EAGAIN}


def near_words(wanted: str, known: Iterable[str]) -> str:
    """A hint that names what is there and sounds alike; falls back to the first few of all."""
    names = sorted(set(known))
    near = difflib.get_close_matches(wanted, names, n=4, cutoff=0.4)
    if near:
        return f"did you mean {', '.join(near)}?"
    return f"there are {', '.join(names[:8])}{' …' if len(names) > 8 else ''}" if names else "there is none at all"


def near_paths(path: str) -> str:
    """A hint that names the device nodes of the same kind that exist (``/dev/i2c-1`` finds ``/dev/i2c-0``)."""
    node = Path(path)
    stem = node.name.rstrip("0123456789.-") or node.name
    found = [str(other) for other in sorted(node.parent.glob(f"{stem}*"))] if node.parent.is_dir() else []
    return (
        f"there are {', '.join(found[:8])}"
        if found
        else f"no {node.parent / stem}* exists: is the kernel driver loaded and enabled in the device tree?"
    )


def _group_of(path: str) -> str:
    try:
        return Path(path).group()
    except (OSError, KeyError):
        return ""


def bus_error(error: OSError, doing: str, *, device: str, path: str = "") -> BusError:
    """The error of this library for one of the system.

    Args:
        error: what the system said.
        doing: what was tried, for the message: ``"opening /dev/i2c-1"``.
        device: the bus as the board file names it.
        path: the device node or file, for the hint.
    """
    number = error.errno or 0
    text = f"{doing}: {os.strerror(number) if number else error}"
    if number == errno.ENOENT:
        return BusMissing(text, device=device, hint=near_paths(path) if path else None)
    if number in {errno.EACCES, errno.EPERM}:
        group = _group_of(path) if path else ""
        hint = (
            f"add the user to group {group!r}, or give it access by a udev rule"
            if group and group != "root"
            else "give the user access by a udev rule"
        )
        return BusPermission(text, device=device, hint=hint)
    if number in _BUSY:
        return BusBusy(text, device=device, hint="another program or a kernel driver uses it; end that one, or unbind the driver")
    if number in {errno.ETIMEDOUT, errno.ETIME}:
        return BusTimeout(text, device=device)
    if number in _GONE:
        return BusClosed(text, device=device, hint="it was unplugged or its driver was removed")
    return BusError(text, device=device)
