"""Recording what goes over buses, into a file that :class:`~cc613hal.bus.replay.replay.ReplayBuses` plays back.

One line of JSON per frame, in the form of :mod:`cc613hal.bus.trace`. What the fields hold, by kind of bus:

========  ============  ===================================================  ==========================================================
bus       ``unit``      ``>``                                                ``<``
========  ============  ===================================================  ==========================================================
I2C       ``0x40``      all bytes written; note: messages (``w1 r2``)        all bytes read (no frame if there are none)
SPI       chip select   bytes as the driver sees them                        as many bytes back
serial    empty         bytes written                                        bytes as they were read
Modbus    unit number   request as protocol data unit, note ``pdu``          answer or exception answer, note ``pdu``
GPIO      line name     logical level written, one byte; the level at the    logical level of an input: note ``level`` for one that was
                        request has the note ``output``                      read, ``edge`` for one that was signalled
PWM       channel       frequency and duty, two big-endian doubles           never
========  ============  ===================================================  ==========================================================

A ``!`` frame ends a transaction that failed; its note is the error's kind. On a serial line its unit is ``read`` or ``write``.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cc613hal.bus.trace import Frame
from cc613hal.errors import ConfigError

__all__ = ["Recording"]

_log = logging.getLogger(__name__)

_BUFFER_BYTES = 32 * 1024
_BUFFER_S = 1.0


class Recording:
    """A file that takes frames.

    A recording never hurts what it records: when the disk is full it stops, says so once (log, :attr:`problem`, ``on_stop``), and leaves a
    file with every complete frame so far. Frames are written in blocks, at the latest one second (of the board's clock) later.

    Args:
        path: the file; an existing one is overwritten.
        on_stop: is told, in words, why a recording ended early.

    Raises:
        ConfigError: the file cannot be made.
    """

    def __init__(self, path: Path, *, on_stop: Callable[[str], None] | None = None) -> None:
        self.path = path
        self.problem: str | None = None
        """Why the recording ended early; ``None`` as long as all is well."""
        self.frames = 0
        """Frames that are complete in the file."""
        self._on_stop = on_stop
        self._buffer = bytearray()
        self._buffered = 0
        self._flushed_s = float("-inf")
        self._complete_bytes = 0
        try:
            self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigError(f"cannot record to {path}: {error.strerror}", hint="choose a file in a folder you may write to") from error

    def add(self, frame: Frame) -> None:
        """Take a frame; after the recording has ended this does nothing."""
        if self._file is None:
            return
        self._buffer += frame.line().encode() + b"\n"
        self._buffered += 1
        if len(self._buffer) >= _BUFFER_BYTES or frame.at_s - self._flushed_s >= _BUFFER_S:
            self._flushed_s = frame.at_s
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if self._file is None or not self._buffer:
            return
        done = 0
        try:
            while done < len(self._buffer):
                done += os.write(self._file, self._buffer[done:])
        except OSError as error:
            self._give_up(self._file, done, error)
            return
        self._complete_bytes += done
        self.frames += self._buffered
        self._buffer.clear()
        self._buffered = 0

    def close(self) -> None:
        """Write the rest and end the recording; may be called twice."""
        self.flush()
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.close(file)  # a network file system reports a full disk only here
            except OSError as error:
                self._say(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _give_up(self, file: int, done: int, error: OSError) -> None:
        complete = bytes(self._buffer[:done])
        self.frames += complete.count(b"\n")
        self._complete_bytes += complete.rfind(b"\n") + 1
        self._file = None
        self._buffer.clear()
        with contextlib.suppress(OSError):  # a torn last line is unpleasant, not wrong: readers skip it
            os.ftruncate(file, self._complete_bytes)
        with contextlib.suppress(OSError):  # the first error is the one worth telling
            os.close(file)
        self._say(error)

    def _say(self, error: OSError) -> None:
        self.problem = f"recording to {self.path} stopped: {error.strerror}; the {self.frames} frames before are in the file"
        _log.warning("%s", self.problem)
        if self._on_stop is not None:
            self._on_stop(self.problem)
