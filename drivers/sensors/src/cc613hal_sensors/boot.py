"""Which start of the machine this is. A program that was started anew is not a station that was."""

from __future__ import annotations

from pathlib import Path

__all__ = ["boot_id"]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Drawn by Linux at every boot (man 4 random)."""


def boot_id(file: Path = BOOT_ID) -> str | None:
    """An identity of this boot; ``None`` where the system tells none.

    Args:
        file: another file, for tests.
    """
    try:
        return file.read_text("ascii").strip() or None
    except (OSError, ValueError):
        return None
