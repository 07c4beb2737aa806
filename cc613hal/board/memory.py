"""What devices keep across restarts: one JSON file per board, never half written.

A value is handed to a writer thread of the store at once; the loop, on which a residual current trip may arrive, never waits for a
flash card. The thread writes a new file beside the old one, makes sure it is on the disk, and puts it in the old one's place: after
a power cut there is the file before or the file after, never a part of one.
"""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import Any, cast

from cc613hal.errors import ConfigError
from cc613hal.plugins.context import Memory

__all__ = ["DeviceMemory", "MemoryStore"]

_log = logging.getLogger(__name__)


class MemoryStore:
    """The values of all devices of one board.

    Args:
        board: the board's name; the file is named after it.
        folder: where the file is; ``None`` keeps everything in memory only.

    Raises:
        ConfigError: the folder cannot be made or read.
    """

    def __init__(self, board: str, folder: Path | None) -> None:
        self.path = None if folder is None else folder / f"{_file_name(board)}.json"
        self.last_error: OSError | None = None
        self._values: dict[str, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._pending: str | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None
        if self.path is not None:
            self._values = _read(self.path)

    def of(self, device: str) -> DeviceMemory:
        """One device's share."""
        return DeviceMemory(self, device)

    def load(self, device: str, key: str, default: Any) -> Any:
        """A copy of a stored value, or ``default``."""
        return copy.deepcopy(self._values.get(device, {}).get(key, default))

    def save(self, device: str, key: str, value: Any) -> None:
        """Keep a value, and have the file written.

        Raises:
            TypeError: it is no plain JSON value.
        """
        plain = json.loads(json.dumps(value, allow_nan=False))
        self._values.setdefault(device, {})[key] = plain
        if self.path is None:
            return
        with self._changed:
            self._pending = json.dumps(self._values, indent=1, sort_keys=True, ensure_ascii=False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_changes, name="cc613hal-memory", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, timeout_s: float = 5.0) -> None:
        """Wait until everything is on the disk."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                _log.error("%s: still writing after %g s; what was saved last may be lost", self.path, timeout_s)
            self._thread = None
        self._stopping = False

    def _write_changes(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending is not None or self._stopping)
                text, self._pending = self._pending, None
            if text is None:
                return
            self._write(text)

    def _write(self, text: str) -> None:
        assert self.path is not None
        try:
            _replace(self.path, text)
        except OSError as error:
            if self.last_error is None:  # once, not with every value while a disk is full
                _log.error("%s cannot be written, values are kept in memory only: %s", self.path, error)
            self.last_error = error
        else:
            if self.last_error is not None:
                _log.info("%s is written again", self.path)
            self.last_error = None


class DeviceMemory(Memory):
    """One device's share of the store."""

    def __init__(self, store: MemoryStore, device: str) -> None:
        self._store = store
        self._device = device

    def load(self, key: str, default: Any = None) -> Any:
        """The stored value (plain JSON data), or ``default``."""
        return self._store.load(self._device, key, default)

    def save(self, key: str, value: Any) -> None:
        """Store a plain JSON value; it is on the disk within moments, and certainly when the board has closed."""
        self._store.save(self._device, key, value)


def _file_name(board: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in board).lstrip(".") or "board"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the board's memory {path} cannot be read: {error}", hint="give the service a folder it may write to") from error
    try:
        values: Any = json.loads(text)
        if not isinstance(values, dict) or not all(isinstance(entry, dict) for entry in cast("dict[str, Any]", values).values()):
            raise ValueError("it holds no table of devices")
    except ValueError as error:
        aside = path.with_suffix(".json.broken")
        path.replace(aside)
        _log.error(
            "the board's memory %s is damaged (%s); it is kept as %s, and devices start with nothing remembered", path, error, aside.name
        )
        return {}
    return cast("dict[str, dict[str, Any]]", values)


def _replace(path: Path, text: str) -> None:
    """Put a new file in the place of the old one; on the disk when this returns."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the new name itself must survive too
    finally:
        os.close(folder)
