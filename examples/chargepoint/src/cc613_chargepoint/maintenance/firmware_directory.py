"""Firmware as files: an image is verified and laid into a directory, from where the product's own installer takes it.

This is the part that every product needs. What swaps root file systems (RAUC and its kind) is behind the same interface.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import struct
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from cc613_chargepoint.maintenance.interface import Firmware, FirmwareRefused, Installation
from cc613hal.clock import Clock

__all__ = ["FirmwareDirectory", "ImageCheck", "squashfs"]

ImageCheck = Callable[[Path], str | None]
"""Looks at an image on a thread; why it is refused, ``None`` if it is good."""

_SQUASHFS = struct.Struct("<5I6H4Q")
"""Superblock of SquashFS 4.0 up to ``id_table_start`` (kernel documentation, filesystems/squashfs): what RAUC bundles begin with."""
_MAGIC = 0x73717368
_NOTE = "installed.json"


def squashfs(image: Path) -> str | None:
    """Why a file is no whole SquashFS 4.0 image; ``None`` if it is one.

    Args:
        image: the file.
    """
    with image.open("rb") as file:
        head = file.read(_SQUASHFS.size)
    if len(head) < _SQUASHFS.size:
        return f"{len(head)} bytes are no image"
    fields = _SQUASHFS.unpack(head)
    magic, block_size, block_log, major, minor, used = fields[0], fields[3], fields[6], fields[9], fields[10], fields[12]
    if magic != _MAGIC:
        return "it does not begin like an image"
    if (major, minor) != (4, 0) or block_log > 20 or block_size != 1 << block_log:
        return "its header makes no sense"
    there = image.stat().st_size
    return f"{there} of {used} bytes are there" if there < used else None


class FirmwareDirectory(Firmware):
    """Keeps the image that was taken over last.

    Args:
        directory: is made if need be.
        check: looks at an image.
        clock: the station's clock.
    """

    def __init__(self, directory: Path, check: ImageCheck = squashfs, clock: Clock | None = None) -> None:
        self.directory = directory
        self._check = check
        self._clock = clock or Clock()

    async def landing(self) -> Path:
        """See :class:`~cc613_chargepoint.maintenance.interface.Firmware`; a part of an interrupted download stays."""
        self.directory.mkdir(parents=True, exist_ok=True)
        place = self.directory / "incoming.bin"
        place.unlink(missing_ok=True)
        return place

    async def install(self, image: Path, *, source: str = "", signed_by: str = "") -> Installation:
        """See :class:`~cc613_chargepoint.maintenance.interface.Firmware`."""
        taken = self._clock.wall()
        return await asyncio.to_thread(self._install, image, taken, source, signed_by)

    async def installed(self) -> Installation | None:
        """See :class:`~cc613_chargepoint.maintenance.interface.Firmware`."""
        try:
            note: dict[str, Any] = json.loads((self.directory / _NOTE).read_text("utf-8"))
            found = Installation(
                image=self.directory / note["image"],
                sha256=note["sha256"],
                size_bytes=note["size_bytes"],
                taken=datetime.fromisoformat(note["taken"]),
                source=note.get("source", ""),
                signed_by=note.get("signed_by", ""),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if found.image.exists() else None

    def _install(self, image: Path, taken: datetime, source: str, signed_by: str) -> Installation:
        why = self._check(image) if image.exists() else "there is no file"
        if why is not None:
            image.unlink(missing_ok=True)
            raise FirmwareRefused(f"the image from {source or image.name} is refused: {why}", hint="ask for an image of this station")
        digest = hashlib.sha256()
        with image.open("rb") as file:
            while data := file.read(1024 * 1024):
                digest.update(data)
            os.fsync(file.fileno())
            size = file.tell()
        named = self.directory / f"{re.sub(r'[^0-9]', '', taken.isoformat())[:14]}-{digest.hexdigest()[:12]}.bin"
        self.directory.mkdir(parents=True, exist_ok=True)
        image.replace(named)
        installation = Installation(
            image=named, sha256=digest.hexdigest(), size_bytes=size, taken=taken, source=source, signed_by=signed_by
        )
        self._note(installation)
        for older in self.directory.glob("*-*.bin"):
            if older != named:
                older.unlink()
        return installation

    def _note(self, installation: Installation) -> None:
        note = {**attrs.asdict(installation), "image": installation.image.name, "taken": installation.taken.isoformat()}
        fresh = self.directory / f"{_NOTE}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(note, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.directory / _NOTE)
