"""What a supervised program owes its system: one owner per data directory, words to systemd, logs that machines read, short pauses."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import gc
import json
import logging
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cc613hal.board import BoardDescription
from cc613hal.errors import ConfigError

__all__ = ["BoardInUse", "DataDirectoryBusy", "JsonLines", "Supervisor", "owned", "owned_board", "set_up_logging", "settled"]

_log = logging.getLogger(__name__)


class DataDirectoryBusy(ConfigError):  # noqa: N818 - the base class says that it is an error
    """Another station runs on the data directory."""

    kind = "data-directory-busy"


@contextlib.contextmanager
def owned(directory: Path) -> Iterator[Path]:
    """Own a data directory while the context lasts; the kernel gives it free if the process dies.

    Raises:
        DataDirectoryBusy: another station runs on it.
        ConfigError: it cannot be made or written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"{directory} cannot be used: {error}", hint="name a directory that this user may write to") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
            raise DataDirectoryBusy(
                f"another station runs on {directory}" + (f" (process {owner})" if owner else ""),
                hint="stop it, or give this one another data directory",
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
        yield directory
    finally:
        os.close(lock)


class BoardInUse(ConfigError):  # noqa: N818 - the base class says that it is an error
    """Another station works with the board."""

    kind = "board-in-use"


@contextlib.contextmanager
def owned_board(description: BoardDescription) -> Iterator[None]:
    """Own a board's wires while the context lasts, before any of them is touched; the kernel gives them free if the process dies.

    I2C and SPI let several programs speak at once, and two of them would switch one contactor. What the kernel itself gives to one
    program only (GPIO lines) and what is no wire of this controller (TCP) is left to it. Programs other than this one are not seen.

    Raises:
        BoardInUse: another station works with one of them.
    """
    wires = (options.physical for options in description.buses.values() if options.kind != "gpio")
    local = {wire for wire in wires if wire.startswith(("/", "usb:"))}
    with contextlib.ExitStack() as stack:
        for wire in sorted({os.path.realpath(each) if each.startswith("/") else each for each in local}):
            held = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC))
            name = f"\0cc613-chargepoint:{wire}"
            try:
                held.bind(name)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise ConfigError(f"{wire} cannot be kept for this station alone: {error}") from error
                raise BoardInUse(
                    f"another station works with {wire} of {description.name}{_holder(name)}",
                    hint="stop it: a board belongs to one application",
                ) from None
            held.listen(1)
        yield


def _holder(name: str) -> str:
    """Who listens there, as far as the kernel says."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as asking:
        asking.settimeout(1.0)
        asking.connect(name)
        pid = struct.unpack("3i", asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0]
        return f" (process {pid})"
    return ""


def settled() -> None:
    """The station stands: whatever lives now lives as long as it does, and the collector of garbage need not look through it again.

    It looks through everything it knows while nothing else runs. For the 97,000 objects of a station these were 50 ms and more on the
    development machine, at any moment of a charge; for what comes later it is a few. A station that took the place of another one in this
    process has the remains of that one collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class Supervisor:
    """Speaks systemd's notification protocol; without a supervisor it says nothing.

    Args:
        environment: where the supervisor left its address (``NOTIFY_SOCKET``) and its patience (``WATCHDOG_USEC``).
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        text = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        self._watchdog_s = int(text) / 1e6 if text.isdecimal() and mine else 0.0

    def tell(self, *words: str) -> None:
        """Send assignments such as ``READY=1``; a supervisor that does not listen is none."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as out:
                out.sendto("\n".join(words).encode(), address)
        except OSError as error:
            _log.warning("the supervisor cannot be told %s: %s", words, error)

    async def keep_alive(self) -> None:
        """Until cancelled, show twice per watchdog period that the loop turns; a loop that hangs is then restarted from outside."""
        while self._watchdog_s > 0.0:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 2.0)


class JsonLines(logging.Formatter):
    """One JSON object per record: ``time``, ``level``, ``logger``, ``message``; ``event`` of the station's news, ``trace`` of a defect."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (event := getattr(record, "event", None)) is not None:
            line["event"] = event
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(*, debug: bool, json_lines: bool) -> None:
    """Log to the standard error: lines for people, or JSON for machines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if json_lines else logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    level = logging.DEBUG if debug else logging.INFO if json_lines else logging.WARNING
    logging.basicConfig(level=level, handlers=[handler])
